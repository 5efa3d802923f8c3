/* One claim in full: lines, diagnoses, providers, amounts explained, and the JSON that it came as. */
import type { AmountName, Claim, Code, Totals } from "./client/index.js";
import { button, el, facts } from "./dom.js";
import { claimTitle, type Context } from "./view.js";

/** Shows the claim in a dialog; Escape and the button close it, and the focus goes back to where it was. */
export function showDetail(context: Context, claim: Claim, save: () => void): void {
  const { texts } = context;
  const dialog = el("dialog", { class: "detail", "aria-labelledby": "detail-title" });
  const close = button(texts.close, "button", () => dialog.close());
  dialog.append(
    el("div", { class: "heading" }, el("h2", { id: "detail-title" }, claimTitle(context, claim.type)), close),
    ...parts(context, claim),
    el("p", {}, button(texts.saveClaim, "button", save)),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function parts(context: Context, claim: Claim): HTMLElement[] {
  const { texts, formats } = context;
  const period = claim.billablePeriod;
  const provider = claim.billing ?? claim.organization ?? claim.facility;
  const found: (HTMLElement | undefined)[] = [
    facts("facts", [
      [texts.when, formats.days(period?.start, period?.end)],
      [texts.provider, provider && (provider.name ?? (provider.npi && `NPI ${provider.npi}`))],
      [texts.claimNumber, claim.claimId ?? claim.id],
      [texts.drg, claim.drg],
    ]),
    claim.drug &&
      part(
        texts.medicine,
        facts("facts", [
          [texts.name, claim.drug.name],
          ["NDC", claim.drug.ndc],
          [texts.daysSupply, claim.drug.daysSupply],
          [texts.quantity, claim.drug.quantity],
          [texts.fillNumber, claim.drug.fillNumber],
        ]),
      ),
    claim.totals && part(texts.amounts, amounts(context, claim.totals)),
    claim.diagnoses && part(texts.diagnoses, codes(claim.diagnoses)),
    claim.procedures && part(texts.procedures, codes(claim.procedures)),
    claim.careTeam &&
      part(
        texts.careTeam,
        el(
          "ul",
          { class: "plain" },
          ...claim.careTeam.map(({ role, provider, specialty }) => {
            const who = provider.name ?? (provider.npi === undefined ? texts.noProvider : `NPI ${provider.npi}`);
            return el("li", {}, [who, role, specialty?.display].filter(Boolean).join(" · "));
          }),
        ),
      ),
    claim.lines && part(texts.lines, lines(context, claim)),
  ];
  return found.filter((one) => one !== undefined);
}

function part(heading: string, body: HTMLElement) {
  return el("section", { class: "section" }, el("h3", {}, heading), body);
}

/** Each amount with a sentence that says what it is, or why it is not known. */
function amounts({ texts, formats }: Context, totals: Totals) {
  const names = Object.keys(texts.amountNames) as AmountName[];
  const rows = names.flatMap((name) => {
    const cents = totals[name];
    const why = totals.unknown?.[name];
    if (cents === undefined && why === undefined) return [];
    const [label, meaning] = texts.amountNames[name];
    const words = cents === undefined ? texts.notKnown : formats.money(cents);
    const more = why === undefined ? meaning : `${meaning} ${texts.whyNotKnown[why]}`;
    return [el("div", {}, el("dt", {}, label), el("dd", {}, words), el("dd", { class: "quiet" }, more))];
  });
  return el("dl", { class: "explained" }, ...rows);
}

function codes(all: readonly Code[]) {
  return el("ul", { class: "plain" }, ...all.map(({ code, display }) => el("li", {}, el("code", {}, code), display === undefined ? undefined : ` ${display}`)));
}

function lines({ texts, formats }: Context, claim: Claim) {
  const money = (totals: Totals | undefined, name: AmountName) => {
    const cents = totals?.[name];
    if (cents !== undefined) return formats.money(cents);
    return totals?.unknown?.[name] === undefined ? "–" : texts.notKnown;
  };
  const heads = [texts.service, texts.when, texts.charged, texts.paidShort, texts.yourShare, texts.youPaid];
  const rows = (claim.lines ?? []).map(({ service, revenueCenter, ndc, period, totals }) => {
    const code = service ?? revenueCenter ?? ndc;
    const what = code === undefined ? texts.noService : [code.code, code.display].filter(Boolean).join(" ");
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, what),
      el("td", {}, formats.days(period?.start, period?.end) ?? "–"),
      el("td", {}, money(totals, "charged")),
      el("td", {}, money(totals, "paid")),
      el("td", {}, money(totals, "patientResponsibility")),
      el("td", {}, money(totals, "paidByPatient")),
    );
  });
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `${texts.asTable}: ${texts.lines}` },
    el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)))), el("tbody", {}, ...rows)),
  );
}
