/* The overview: sums, the timeline of care, spending, and medicines. */
import type { LeftOut } from "./client/index.js";
import { bars, columns, timeline, type Bar } from "./charts.js";
import { el } from "./dom.js";
import { counted, dayOf, sumOf, sums, type Fill, type Item, type Records } from "./records.js";
import { claimTitle, failure, type Context } from "./view.js";

/**
 * Cards with the sums of what has arrived: they say so while that is not everything, and what is not in them. A
 * failure stands in the cards as well, with the way on.
 */
export function summary(context: Context, records: Records, error?: unknown, again?: () => void) {
  const { texts, formats, language } = context;
  const { items, total, complete, unread } = records;
  const number = (count: number) => new Intl.NumberFormat(`${language}-US`).format(count);
  const some = counted(items);
  const days = items.map(({ row }) => dayOf(row)).filter((day) => day !== "").sort();
  const left = items.length - some.length;
  const sum = (label: string, name: "paid" | "patientResponsibility" | "paidByPatient") => {
    const { cents, notKnown } = sumOf(some, name);
    return card(label, formats.money(cents), notKnown === 0 ? [] : [texts.withoutUnknown(number(notKnown))]);
  };
  const far = complete ? undefined : total === undefined ? texts.soFar : texts.soFarOf(number(items.length), number(total));
  const card = (name: string, value: string, more: readonly string[] = []) =>
    el(
      "div",
      { class: "card sum" },
      el("dt", {}, name),
      el("dd", {}, value),
      ...[...(far === undefined ? [] : [far]), ...more].map((words) => el("dd", { class: "quiet" }, words)),
    );
  const notes = [left > 0 && texts.leftOut(number(left), whyLeftOut(context, items)), unread > 0 && texts.unread(number(unread))];
  return el(
    "div",
    { class: "section" },
    error === undefined ? undefined : failure(context, error, again),
    el(
      "dl",
      { class: "sums" },
      card(texts.sumClaims, number(items.length)),
      sum(texts.sumPaid, "paid"),
      sum(texts.sumOwed, "patientResponsibility"),
      sum(texts.sumOwn, "paidByPatient"),
      card(texts.sumTime, formats.days(days[0], days.at(-1)) ?? texts.noDate),
    ),
    ...notes.flatMap((words) => (words === false ? [] : [el("p", { class: "quiet" }, words)])),
  );
}

/** "12 cancelled, 3 refunds": the reasons with their counts. */
function whyLeftOut({ texts }: Context, items: readonly Item[]): string {
  const counts = new Map<LeftOut, number>();
  for (const { row } of items) {
    if (row.leftOut !== undefined) counts.set(row.leftOut, (counts.get(row.leftOut) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => `${texts.whyLeftOut[why]} ${count}`).join(", ");
}

/** What happened when, by kind of care. */
export function care(context: Context, records: Records) {
  const { texts } = context;
  const items = counted(records.items);
  const kinds = [...new Set(items.map(({ row }) => row.type))].sort();
  const lanes = kinds.map((kind) => ({
    kind,
    name: claimTitle(context, kind),
    events: items
      .filter(({ row }) => row.type === kind && dayOf(row).length === 10)
      .map(({ row }): [string, string] => {
        const end = dayOf(row);
        const start = row.start?.length === 10 && row.start <= end ? row.start : end;
        return [start, end];
      }),
  }));
  return timeline(texts.timeline, lanes, texts.asTable, texts.year);
}

/** What was paid, by month (by year where there are many) and by kind. */
export function spending(context: Context, records: Records) {
  const { texts, formats } = context;
  const items = counted(records.items);
  const paid = ({ row }: Item) => row.paid ?? 0;
  const months = filled(sums(items, ({ row }) => dayOf(row).slice(0, 7), paid));
  const byYear = months.length > 48;
  const time: Bar[] = (byYear ? sums(items, ({ row }) => dayOf(row).slice(0, 4), paid) : months).map(([name, value]) => ({
    name: formats.day(name),
    value,
    words: formats.money(value),
  }));
  const kinds = sums(items, ({ row }) => row.type, paid).map(([kind, value]) => ({
    name: claimTitle(context, kind),
    value,
    words: formats.money(value),
  }));
  return [
    columns(byYear ? texts.paidByYear : texts.paidByMonth, time, texts.asTable, [byYear ? texts.year : texts.month, texts.sumPaid]),
    bars(texts.paidByType, kinds, texts.asTable, [texts.kind, texts.sumPaid]),
  ];
}

/** Medicines with their fills, the latest first. */
export function medicines({ texts, formats }: Context, records: Records) {
  const fills = records.fills.filter(({ item }) => item.row.leftOut === undefined);
  if (fills.length === 0) return el("p", { class: "quiet" }, texts.noMedicines);
  const byName = new Map<string, Fill[]>();
  for (const fill of fills) byName.set(fill.name, [...(byName.get(fill.name) ?? []), fill]);
  const rows = [...byName]
    .map(([name, all]) => {
      const days = all.map(({ item }) => dayOf(item.row)).sort();
      const supply = all.reduce((sum, fill) => sum + fill.days, 0);
      const own = sumOf(all.map(({ item }) => item), "paidByPatient").cents;
      return { name, count: all.length, supply, own, last: days.at(-1) ?? "" };
    })
    .sort((a, b) => b.last.localeCompare(a.last));
  const heads = [texts.medicine, texts.fills, texts.daysSupply, texts.lastFill, texts.youPaid];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": `${texts.asTable}: ${texts.medicines}` },
    el(
      "table",
      { class: "medicines" },
      el("thead", {}, el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)))),
      el(
        "tbody",
        {},
        ...rows.slice(0, MOST_MEDICINES).map(({ name, count, supply, own, last }) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, name),
            el("td", {}, String(count)),
            el("td", {}, supply === 0 ? "–" : String(supply)),
            el("td", {}, last === "" ? texts.noDate : formats.day(last)),
            el("td", {}, formats.money(own)),
          ),
        ),
      ),
    ),
  );
}

/** Months without claims stand in the chart as well. */
function filled(months: readonly [string, number][]): [string, number][] {
  const known = new Map(months);
  const first = months[0]?.[0];
  const last = months.at(-1)?.[0];
  if (first?.length !== 7 || last?.length !== 7) return [...months];
  const all: [string, number][] = [];
  for (let month = first; month <= last; month = next(month)) all.push([month, known.get(month) ?? 0]);
  return all;
}

function next(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, "0")}`;
}

const MOST_MEDICINES = 100;
