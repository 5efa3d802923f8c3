/* One claim in full: what it was for, amounts explained, who took part, services; codes and the server's words behind a button. */
import type { AmountName, CareTeamMember, Claim, Code, Totals } from "./client/index.js";
import { button, el, facts } from "./dom.js";
import type { Item } from "./records.js";
import { badges, claimType, type Context } from "./view.js";

/** Shows the claim in a dialog; Escape and the button close it, and the focus goes back to where it was. */
export function showDetail(context: Context, item: Item, claim: Claim, save: () => void): void {
  const { texts, words } = context;
  const dialog = el("dialog", { class: "detail", "aria-labelledby": "detail-title" });
  // The head stays in sight however long the claim is.
  dialog.append(
    el("div", { class: "heading" }, el("h2", { id: "detail-title" }, words.title(item.about)), button(texts.close, "button", () => dialog.close())),
    el("div", { class: "badges" }, ...badges(texts, item)),
    ...parts(context, claim),
    codesOf(context, claim),
    el("p", {}, button(texts.saveClaim, "link", save)),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function parts(context: Context, claim: Claim): HTMLElement[] {
  const { texts, formats, words } = context;
  const period = claim.billablePeriod;
  const provider = claim.billing ?? claim.organization ?? claim.facility;
  const named = (claim.diagnoses ?? []).map((diagnosis) => words.diagnosis(diagnosis)).filter((name) => name !== undefined);
  const found: (HTMLElement | undefined)[] = [
    facts("facts", [
      [texts.when, formats.days(period?.start, period?.end)],
      [texts.provider, provider && (provider.name ?? (provider.npi && `NPI ${provider.npi}`))],
      [texts.type, claimType(context, claim.type)],
    ]),
    claim.totals && part(texts.amounts, amounts(context, claim.totals)),
    claim.drug &&
      part(
        texts.medicine,
        facts("facts", [
          [texts.name, claim.drug.name],
          [texts.daysSupply, claim.drug.daysSupply],
          [texts.quantity, claim.drug.quantity],
          [texts.fillNumber, claim.drug.fillNumber],
        ]),
      ),
    named.length === 0 ? undefined : part(texts.diagnoses, list([...new Set(named)])),
    claim.careTeam && part(texts.careTeam, list(claim.careTeam.map((member) => took(context, member)))),
    claim.lines && part(texts.lines, lines(context, claim)),
  ];
  return found.filter((one) => one !== undefined);
}

/** Who took part: their name, and what they did where that has a word. */
function took({ texts, language }: Context, { role, provider, specialty }: CareTeamMember): string {
  const who = provider.name ?? (provider.npi === undefined ? texts.noProvider : `NPI ${provider.npi}`);
  const roles: Readonly<Record<string, string>> = texts.roles;
  const did = role !== undefined && Object.hasOwn(roles, role) ? roles[role] : undefined;
  // The server's name of a specialty is English.
  return [who, did, language === "en" ? specialty?.display : undefined].filter(Boolean).join(" · ");
}

function part(heading: string, body: HTMLElement) {
  return el("section", { class: "section" }, el("h3", {}, heading), body);
}

function list(all: readonly string[]) {
  return el("ul", { class: "plain" }, ...all.map((words) => el("li", {}, words)));
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

/** Services, each with its amounts below each other where the screen is narrow: nothing is cut. */
function lines({ texts, formats }: Context, claim: Claim) {
  const money = (totals: Totals | undefined, name: AmountName) => {
    const cents = totals?.[name];
    if (cents !== undefined) return formats.money(cents);
    return totals?.unknown?.[name] === undefined ? undefined : texts.notKnown;
  };
  return el(
    "ol",
    { class: "lines", role: "list" },
    ...(claim.lines ?? []).map(({ period, totals }, place) =>
      el(
        "li",
        {},
        el("p", {}, el("strong", {}, texts.lineNumber(place + 1)), " ", formats.days(period?.start, period?.end) ?? ""),
        facts("amounts", [
          [texts.charged, money(totals, "charged")],
          [texts.paidShort, money(totals, "paid")],
          [texts.yourShare, money(totals, "patientResponsibility")],
          [texts.youPaid, money(totals, "paidByPatient")],
        ]),
      ),
    ),
  );
}

/** What offices ask for on the phone: numbers and codes, in the server's words. */
function codesOf({ texts }: Context, claim: Claim) {
  const coded = (all: readonly Code[]) =>
    el("ul", { class: "plain", lang: "en" }, ...all.map(({ code, display }) => el("li", {}, el("code", {}, code), display === undefined ? undefined : ` ${display}`)));
  const services = (claim.lines ?? []).flatMap(({ service, revenueCenter, ndc }) => service ?? revenueCenter ?? ndc ?? []);
  return el(
    "details",
    {},
    el("summary", {}, texts.codes),
    el(
      "div",
      { class: "section" },
      facts("facts", [
        [texts.claimNumber, claim.claimId ?? claim.id],
        [texts.drg, claim.drg],
        ["NDC", claim.drug?.ndc],
      ]),
      ...(claim.diagnoses ? [part(texts.diagnosisCodes, coded(claim.diagnoses))] : []),
      ...(claim.procedures ? [part(texts.procedures, coded(claim.procedures))] : []),
      ...(services.length > 0 ? [part(texts.lines, coded(services))] : []),
    ),
  );
}
