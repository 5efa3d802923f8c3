/* What the page shows: functions from data to elements. Nothing here fetches or remembers. */
import {
  BluegateError,
  type ClaimRow,
  type Coverage,
  type Patient,
  type RowAmountName,
  type Tokens,
} from "./client/index.js";
import { button, el, facts } from "./dom.js";
import type { Formats } from "./format.js";
import type { Language, Texts } from "./text.js";

/** What every view needs. */
export interface Context {
  readonly language: Language;
  readonly texts: Texts;
  readonly formats: Formats;
}

/** The bar at the top. */
export function topBar({ texts, language }: Context, switchLanguage: () => void, signOut?: () => void) {
  const other = language === "en" ? "es" : "en";
  const choose = button(texts.otherLanguage, "link", switchLanguage);
  choose.lang = other;
  return el(
    "header",
    { class: "top" },
    el(
      "div",
      { class: "brand" },
      el("img", { src: "/demo/icon.svg", alt: "", width: "28", height: "28" }),
      el("span", {}, "Bluegate"),
    ),
    choose,
    signOut && button(texts.signOut, "button", signOut),
  );
}

/** What is shown while nothing is known yet. */
export function waiting(message: string) {
  return el("p", { class: "quiet", role: "status" }, message);
}

/** The page before the sign-in. */
export function welcome({ texts }: Context, signIn: () => void) {
  return el(
    "section",
    { class: "card hero" },
    el("h1", { tabindex: "-1" }, texts.welcome),
    el("p", {}, texts.explain),
    button(texts.signIn, "button primary", signIn),
    el(
      "div",
      { class: "hint" },
      el("p", {}, texts.sandboxHint),
      el("p", {}, `${texts.user} `, el("code", {}, "BBUser20023"), `, ${texts.password} `, el("code", {}, "PW20023!")),
    ),
  );
}

/** A failure in words, with a way on where there is one. */
export function failure({ texts }: Context, error: unknown, again?: () => void) {
  const known = error instanceof BluegateError ? error : undefined;
  const words = texts.errors[known?.code ?? "other"];
  const mild = known?.code === "access_denied";
  return el(
    "div",
    { class: mild ? "notice mild" : "notice", role: "alert" },
    el("p", {}, words),
    known?.requestId === undefined ? undefined : el("small", {}, texts.support(known.requestId)),
    again && button(texts.tryAgain, "button", again),
  );
}

/** A short message: good news, or none that needs a way on. */
export function message(words: string) {
  return el("p", { class: "notice good", role: "status" }, words);
}

/** The person: the record where it is shared, and the id in any case. */
export function person({ texts, formats }: Context, tokens: Tokens, patient: Patient | undefined) {
  const until = tokens.accessGrantExpiration;
  return [
    facts("facts", [
      [texts.name, patient && fullName(patient)],
      [texts.birthDate, patient?.birthDate && formats.day(patient.birthDate)],
      [texts.patientId, tokens.patient],
      [texts.sharedUntil, until && formats.instant(until)],
    ]),
    patient === undefined ? el("p", { class: "quiet" }, texts.withheld) : undefined,
  ].filter((node) => node !== undefined);
}

/** The person's coverages, by what the records say of months and periods; everybody's record has a status. */
export function coverages({ texts, formats }: Context, all: readonly Coverage[], death?: string) {
  if (all.length === 0) {
    return el("p", { class: "quiet" }, texts.noCoverage);
  }
  const list = el("ul", { class: "coverages" });
  for (const coverage of all) {
    const { part, enrollment } = coverage;
    // Nobody is enrolled after their death.
    const state = death === undefined ? enrollment.state : "notEnrolled";
    const words = { enrolled: texts.enrolled, notEnrolled: texts.notEnrolled, unknown: texts.enrollmentUnknown }[state];
    const said = [
      death === undefined ? undefined : texts.endedWithDeath(formats.day(death)),
      death !== undefined || enrollment.asOf === undefined ? undefined : texts.asOf(formats.day(enrollment.asOf)),
      enrolledMonths(coverage, texts, formats),
      coveredWhen(coverage, texts, formats),
    ].filter((one) => one !== undefined);
    list.append(
      el(
        "li",
        {},
        el("span", { class: "name" }, part === undefined ? coverage.id : texts.parts[part]),
        badge(state === "enrolled", words),
        ...said.map((one) => el("span", { class: "quiet" }, one)),
      ),
    );
  }
  return list;
}

/** The months of the record's year in which the person was enrolled, where that was not the whole year. */
function enrolledMonths({ enrollment }: Coverage, texts: Texts, formats: Formats): string | undefined {
  const { asOf, months = [] } = enrollment;
  if (asOf === undefined || months.length === 0 || months.length === 12) return undefined;
  const year = asOf.slice(0, 4);
  const name = (month: number) => formats.day(`${year}-${String(month).padStart(2, "0")}`);
  return texts.enrolledIn(months.map(name).join(", "));
}

/** The name of a kind of claim. */
export function claimTitle({ texts }: Context, type: string): string {
  const names: Readonly<Record<string, string>> = texts.claimTypes;
  return (Object.hasOwn(names, type) ? names[type] : undefined) ?? texts.claimTypes.unknown;
}

/** One claim in the list. */
export function claim(context: Context, row: ClaimRow) {
  const { texts, formats } = context;
  const title = claimTitle(context, row.type);
  const drug = row.drug && (row.drug.display ?? `NDC ${row.drug.code}`);
  const provider = row.provider ?? (row.npi && `NPI ${row.npi}`);
  const amount = (name: RowAmountName): string | undefined => {
    const cents = row[name];
    if (cents !== undefined) return formats.money(cents);
    return row.unknown?.[name] && texts.notKnown;
  };
  const status = row.status === undefined ? undefined : known(texts.status, row.status);
  return el(
    "li",
    { class: row.leftOut === undefined ? "claim" : "claim left-out" },
    el(
      "div",
      { class: "what" },
      el("h3", { tabindex: "-1", title: texts.claimId(row.id) }, title),
      drug === undefined ? undefined : el("p", {}, drug),
      el("p", {}, provider ?? texts.noProvider),
      el("p", { class: "quiet" }, formats.days(row.start, row.end) ?? texts.noDate),
    ),
    el("div", { class: "badges" }, status === undefined ? undefined : badge(row.leftOut === undefined, status), ...marks(texts, row)),
    facts("amounts", [
      [texts.charged, amount("charged")],
      [row.type === "pde" ? texts.planPaid : texts.medicarePaid, amount("paid")],
      [texts.yourShare, amount("patientResponsibility")],
      [texts.youPaid, amount("paidByPatient")],
    ]),
  );
}

/** What has to be known of a claim: that it is in no sum, and that a part of it was lost. */
function marks(texts: Texts, { leftOut, incomplete }: ClaimRow): HTMLElement[] {
  const words = [leftOut !== undefined && leftOut !== "cancelled" && texts.leftOutWords[leftOut], incomplete === true && texts.incomplete];
  return words.flatMap((one) => (one === false ? [] : [badge(false, one)]));
}

/** How far loading is. */
export function progress({ texts }: Context, { items, total }: { items: readonly unknown[]; total: number | undefined }) {
  const words = total === undefined ? texts.loading : texts.loaded(items.length, total);
  const bar = el("progress", total === undefined ? { "aria-label": words } : { value: String(items.length), max: String(total), "aria-label": words });
  return el("div", { class: "section" }, bar, el("p", { class: "quiet" }, words));
}

/** The same page in a few lines of code. */
export function howItIsDone({ texts }: Context) {
  const code = `import { Client } from "@bluegate/client";

const client = new Client({ baseUrl, clientId, redirectUri });
const tokens = await client.handleCallback();
if (tokens === undefined) await client.signIn();

for await (const page of client.claims({ pageSize: 50 })) {
  for (const row of page.rows) console.log(row.type, row.end, row.provider, row.paid);
}`;
  return el(
    "section",
    { class: "section card", "aria-labelledby": "code-title" },
    el("h2", { id: "code-title" }, texts.code),
    el("p", {}, texts.codeText),
    el("pre", { tabindex: "0", lang: "en" }, el("code", {}, code)),
  );
}

/** Grey boxes where something will be. */
export function skeletons(count: number, label: string) {
  const box = el("div", { class: "section" }, el("p", { class: "hidden", role: "status" }, label));
  for (let index = 0; index < count; index += 1) {
    box.append(el("div", { class: "skeleton", "aria-hidden": "true" }));
  }
  return box;
}

/** A section with a heading. */
export function section(id: string, heading: string, extra?: HTMLElement) {
  const body = el("div", { class: "section" });
  const title = el("h2", { id: `${id}-title` }, heading);
  const element = el(
    "section",
    { class: "section", "aria-labelledby": `${id}-title` },
    extra === undefined ? title : el("div", { class: "heading" }, title, extra),
    body,
  );
  return { element, body };
}

function badge(good: boolean, words: string) {
  return el("span", { class: good ? "badge" : "badge off" }, words);
}

function coveredWhen(coverage: Coverage, texts: Texts, formats: Formats): string | undefined {
  const start = coverage.period?.start;
  // Servers write an open end as a day far away.
  const end = coverage.period?.end?.startsWith("2099") ? undefined : coverage.period?.end;
  if (start !== undefined && end !== undefined) return texts.between(formats.day(start), formats.day(end));
  if (start !== undefined) return texts.since(formats.day(start));
  return end && texts.until(formats.day(end));
}

function fullName(patient: Patient): string | undefined {
  const name = patient.name;
  const all = [...(name?.given ?? []), name?.family].filter((part) => part !== undefined);
  return all.length === 0 ? undefined : all.join(" ");
}

function known<T extends Record<string, string> & { other: string }>(table: T, key: string): string {
  return Object.hasOwn(table, key) ? (table[key] ?? table.other) : table.other;
}
