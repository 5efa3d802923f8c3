/* The overview: sums, the timeline of care, spending, and medicines. */
import { bars, columns, timeline, type Bar } from "./charts.js";
import { el } from "./dom.js";
import { dayOf, sums, type Fill, type Item, type Records } from "./records.js";
import { claimTitle, type Context } from "./view.js";

/** Cards with the sums of what has arrived so far. */
export function summary({ texts, formats, language }: Context, records: Records) {
  const { items } = records;
  const paid = items.reduce((sum, { row }) => sum + (row.paid ?? 0), 0);
  const owed = items.reduce((sum, { row }) => sum + (row.patientResponsibility ?? 0), 0);
  const own = items.reduce((sum, { row }) => sum + (row.paidByPatient ?? 0), 0);
  const days = items.map(({ row }) => dayOf(row)).filter((day) => day !== "").sort();
  const card = (name: string, value: string) =>
    el("div", { class: "card sum" }, el("dt", {}, name), el("dd", {}, value));
  return el(
    "dl",
    { class: "sums" },
    card(texts.sumClaims, new Intl.NumberFormat(`${language}-US`).format(items.length)),
    card(texts.sumPaid, formats.money(paid)),
    card(texts.sumOwed, formats.money(owed)),
    card(texts.sumOwn, formats.money(own)),
    card(texts.sumTime, formats.days(days[0], days.at(-1)) ?? texts.noDate),
  );
}

/** What happened when, by kind of care. */
export function care(context: Context, { items }: Records) {
  const { texts } = context;
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
export function spending(context: Context, { items }: Records) {
  const { texts, formats } = context;
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
export function medicines({ texts, formats }: Context, { fills }: Records) {
  if (fills.length === 0) return el("p", { class: "quiet" }, texts.noMedicines);
  const byName = new Map<string, Fill[]>();
  for (const fill of fills) byName.set(fill.name, [...(byName.get(fill.name) ?? []), fill]);
  const rows = [...byName]
    .map(([name, all]) => {
      const days = all.map(({ item }) => dayOf(item.row)).sort();
      const supply = all.reduce((sum, fill) => sum + fill.days, 0);
      const own = all.reduce((sum, { item }) => sum + (item.row.paidByPatient ?? 0), 0);
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
