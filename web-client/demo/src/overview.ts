/* What a year comes to: the answer in a sentence, the sums, and the line from charged to owed. */
import { key } from "./bars.js";
import { el } from "./dom.js";
import type { Item } from "./records.js";
import type { Context } from "./view.js";
import { ALL_YEARS, counted, deductiblesOf, equationOf, leftOut, sumOf, type Equation } from "./year.js";

/** How far loading is. */
export interface Progress {
  readonly items: readonly Item[];
  readonly total: number | undefined;
  readonly complete: boolean;
  readonly unread: number;
  /** It stopped with an error. */
  readonly failed?: boolean;
}

/**
 * The answer and the cards of a year. Where not everything has arrived each card says so; what is not known, and what
 * is in no sum, is said as well.
 */
export function summary(context: Context, progress: Progress, items: readonly Item[], year: string) {
  const { texts, formats } = context;
  const some = counted(items);
  const [billed, own, paid] = [sumOf(some, "patientResponsibility"), sumOf(some, "paidByPatient"), sumOf(some, "paid")];
  const left = items.length - some.length;
  const money = ({ cents, known }: { cents: number; known: number }) => (known === 0 ? texts.nothingKnown : formats.money(cents));
  const ownWords = own.known === 0 || (own.cents === 0 && billed.cents !== 0) ? texts.ownUnknown : texts.ownHelp;
  const without = ({ notKnown }: { notKnown: number }) => (notKnown === 0 ? [] : [texts.withoutUnknown(formats.number(notKnown))]);
  const far = soFar(context, progress);
  const card = (name: string, value: string, more: readonly string[]) =>
    el(
      "div",
      { class: "sum" },
      el("dt", {}, name),
      el("dd", {}, value),
      ...[...(far === undefined ? [] : [far]), ...more].map((words) => el("dd", { class: "quiet" }, words)),
    );
  const notes = [
    left > 0 && texts.leftOut(formats.number(left), whyLeftOut(context, items)),
    progress.unread > 0 && texts.unread(formats.number(progress.unread)),
    progress.failed === true && texts.stoppedAt,
  ];
  return el(
    "div",
    { class: "section" },
    el("p", { class: "answer" }, texts.answer(texts.inYear(year), money(billed), money(own), money(paid)), ...(far === undefined ? [] : [` ${far}.`])),
    el(
      "dl",
      { class: "sums" },
      card(texts.billed, money(billed), [...without(billed), texts.billedHelp]),
      card(texts.own, money(own), [...without(own), ownWords]),
      card(texts.paid, money(paid), [...without(paid), texts.paidHelp(formats.number(some.length))]),
      card(texts.deductible, ...deductible(context, some, year)),
    ),
    ...notes.flatMap((words) => (words === false ? [] : [el("p", { class: "quiet" }, words)])),
  );
}

/** "So far, 100 of 4,776", where it is not everything. */
export function soFar({ texts, formats }: Context, { complete, items, total }: Progress): string | undefined {
  if (complete) return undefined;
  return total === undefined ? texts.soFar : texts.soFarOf(formats.number(items.length), formats.number(total));
}

/** "cancelled: 12, refunds: 3": the reasons with their counts. */
function whyLeftOut({ texts }: Context, items: readonly Item[]): string {
  return [...leftOut(items)].map(([why, count]) => `${texts.whyLeftOut[why]} ${count}`).join(", ");
}

function deductible(context: Context, items: readonly Item[], year: string): [string, string[]] {
  const { texts, formats } = context;
  const { partB, partBOfYear: whole, partA, drugs } = deductiblesOf(items, year);
  const more = [
    ...(partA > 0 ? [texts.partADeductible(formats.money(partA))] : []),
    ...(drugs > 0 ? [texts.drugDeductible(formats.money(drugs))] : []),
  ];
  if (year === ALL_YEARS) return [texts.deductibleOnly(formats.money(partB)), [texts.deductibleNoYear, ...more]];
  if (whole === undefined) return [texts.deductibleOnly(formats.money(partB)), [texts.deductibleUnknown, ...more]];
  if (partB < whole) return [texts.deductiblePart(formats.money(partB), formats.money(whole)), [texts.deductibleOpen(formats.money(whole - partB)), ...more]];
  const above = partB > whole ? [texts.deductibleMore(formats.money(partB))] : [];
  return [texts.deductibleMet(formats.money(whole)), [...above, ...more]];
}

/** From charged to owed, in one line that adds up: a bar for the eye, and the terms with their signs for everybody. */
export function equation(context: Context, items: readonly Item[]) {
  const { texts, formats } = context;
  const sums = equationOf(counted(items));
  if (sums.claims === 0) return undefined;
  const whole = Math.max(1, sums.charged + sums.above);
  const line = el("div", { class: "bar-line whole", "aria-hidden": "true" });
  for (const name of PARTS) {
    if (sums[name] <= 0) continue;
    const mark = el("span", { class: `bar-part ${name}` });
    mark.style.inlineSize = `${(sums[name] / whole) * 100}%`;
    line.append(mark);
  }
  const named: Readonly<Record<Term, readonly [string, string]>> = texts.terms;
  const term = (sign: string, name: Term) => {
    const [words, help] = named[name];
    const shown = el("dt", {}, sign, " ", PARTS.some((part) => part === name) ? key(name, words) : words);
    return el("div", {}, shown, el("dd", {}, formats.money(sums[name])), ...(help === "" ? [] : [el("dd", { class: "quiet" }, help)]));
  };
  const rest = PARTS.filter((name) => sums[name] !== 0);
  return el(
    "section",
    { class: "card section", "aria-labelledby": "equation-title", id: "equation" },
    el("div", { class: "heading" }, el("h2", { id: "equation-title" }, texts.equation), el("p", { class: "quiet" }, texts.equationOf(formats.number(sums.claims)))),
    line,
    el(
      "dl",
      { class: "terms" },
      term("", "charged"),
      ...(sums.above > 0 ? [term("+", "above")] : []),
      ...rest.map((name, place) => term(place === 0 ? "=" : "+", name)),
    ),
    ...(sums.without > 0 ? [el("p", { class: "quiet" }, texts.equationWithout(formats.number(sums.without)))] : []),
  );
}

type Term = Exclude<keyof Equation, "claims" | "without">;
const PARTS = ["billed", "own", "paid", "other", "gap"] as const satisfies readonly Term[];
