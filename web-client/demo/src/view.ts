/* What the page shows: functions from data to elements. Nothing here fetches or remembers. */
import { BluegateError, type Coverage, type Patient, type RowAmountName, type Tokens } from "./client/index.js";
import type { ClaimWords } from "./client/labels.js";
import { button, el, facts } from "./dom.js";
import type { Formats } from "./format.js";
import type { Item } from "./records.js";
import type { Language, Texts } from "./text.js";
import { providerOf } from "./year.js";

/** What every view needs. */
export interface Context {
  readonly language: Language;
  readonly texts: Texts;
  readonly formats: Formats;
  /** Titles of claims. */
  readonly words: ClaimWords;
}

/** What is needed before there are claims. */
export type Basics = Omit<Context, "words">;

/** The bar at the top. */
export function topBar({ texts, language }: Basics, switchLanguage: () => unknown, signOut?: () => void) {
  const other = language === "en" ? "es" : "en";
  const choose = button(texts.otherLanguage, "link", switchLanguage);
  choose.lang = other;
  return el(
    "header",
    { class: "top" },
    el(
      "div",
      { class: "brand" },
      icon(),
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

/** A failure in words, with a way on where there is one. */
export function failure({ texts }: Basics, error: unknown, again?: () => void) {
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

/** A short message: good news, or none that needs a way on; sometimes with a link. */
export function message(words: string, link?: HTMLElement) {
  return el("div", { class: "notice good", role: "status" }, el("p", {}, words), link);
}

/** The person: the record where it is shared, and the id in any case. */
export function person({ texts, formats }: Basics, tokens: Tokens, patient: Patient | undefined) {
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
export function coverages({ texts, formats }: Basics, all: readonly Coverage[], death?: string) {
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

/** The name of a type of claim. */
export function claimType({ texts }: Basics, type: string): string {
  const names: Readonly<Record<string, string>> = texts.claimTypes;
  return (Object.hasOwn(names, type) ? names[type] : undefined) ?? texts.claimTypes.unknown;
}

/** One claim in the list: what it was, who, when, and four amounts; the button is named by the title. */
export function claim(context: Context, item: Item, open: () => void) {
  const { texts, formats, words } = context;
  const { row } = item;
  const title = words.title(item.about);
  const when = formats.days(row.start, row.end) ?? texts.noDate;
  const amount = (name: RowAmountName): string | undefined => {
    const cents = row[name];
    if (cents !== undefined) return formats.money(cents);
    return row.unknown?.[name] && texts.notKnown;
  };
  const details = button(texts.details, "link", open);
  details.setAttribute("aria-label", texts.detailsOf(title, when));
  return el(
    "li",
    { class: row.leftOut === undefined ? "claim" : "claim left-out" },
    el(
      "div",
      { class: "what" },
      el("h3", { tabindex: "-1" }, title),
      el("p", {}, providerOf(item) || texts.noProvider),
      el("p", { class: "quiet" }, when),
    ),
    facts("amounts", [
      [texts.charged, amount("charged")],
      [texts.paidShort, amount("paid")],
      [texts.yourShare, amount("patientResponsibility")],
      [texts.youPaid, amount("paidByPatient")],
    ]),
    el("div", { class: "badges" }, ...badges(texts, item), details),
  );
}

/** What has to be known of a claim: processed, cancelled or a refund, and that a part of it was lost. */
export function badges(texts: Texts, { row }: Item): HTMLElement[] {
  const status = row.status === undefined ? undefined : known(texts.status, row.status);
  const why = row.leftOut === undefined ? undefined : texts.leftOutWords[row.leftOut];
  const one = why ?? status;
  return [
    ...(one === undefined ? [] : [badge(row.leftOut === undefined, one)]),
    ...(row.incomplete === true ? [badge(false, texts.incomplete)] : []),
  ];
}

/** How far loading is. */
export function progress({ texts }: Basics, { items, total }: { items: readonly unknown[]; total: number | undefined }) {
  const words = total === undefined ? texts.loading : texts.loaded(items.length, total);
  const bar = el("progress", total === undefined ? { "aria-label": words } : { value: String(items.length), max: String(total), "aria-label": words });
  return el("div", { class: "section" }, bar, el("p", { class: "quiet" }, words));
}

/** The same page in a few lines of code. */
export function howItIsDone({ texts }: Basics) {
  const code = `import { Client } from "@bluegate/client";
import { claimWords } from "@bluegate/client/labels";

const client = new Client({ baseUrl, clientId, redirectUri });
const tokens = await client.handleCallback();
if (tokens === undefined) await client.signIn();

const { title } = await claimWords("en");
for await (const page of client.claims({ pageSize: 50 })) {
  for (const row of page.rows) console.log(title(page.claim(row.index)), row.end, row.paid);
}`;
  return el(
    "section",
    { class: "section card", "aria-labelledby": "code-title", id: "code" },
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
  const title = el("h2", { id: `${id}-title`, tabindex: "-1" }, heading);
  const element = el(
    "section",
    { class: "section", "aria-labelledby": `${id}-title`, id },
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

/** A person's name as it is written. */
export function fullName(patient: Patient): string | undefined {
  const name = patient.name;
  const all = [...(name?.given ?? []), name?.family].filter((part) => part !== undefined);
  return all.length === 0 ? undefined : all.join(" ");
}

function known<T extends Record<string, string> & { other: string }>(table: T, key: string): string {
  return Object.hasOwn(table, key) ? (table[key] ?? table.other) : table.other;
}

/** The sign of the page: the one that the document names, since the file's name has a hash. */
function icon() {
  const src = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href;
  return el("img", { src, alt: "", width: "28", height: "28" });
}
