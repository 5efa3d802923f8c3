/*
 * What a year's claims come to: sums, who was paid, and the way from what was charged to what is owed. Pure functions
 * over the claims that have arrived; claims that do not count are in no sum, and what is not known is counted.
 */
import type { LeftOut, RowAmountName } from "./client/index.js";
import { dayOf, type Item } from "./records.js";

/** Every year. */
export const ALL_YEARS = "";

/** The years that claims are of, the latest first. */
export function yearsOf(items: readonly Item[]): string[] {
  const years = new Set(items.map(({ row }) => dayOf(row).slice(0, 4)).filter((year) => year !== ""));
  return [...years].sort().reverse();
}

/** The claims of a year. */
export function ofYear(items: readonly Item[], year: string): Item[] {
  return items.filter(({ row }) => dayOf(row).startsWith(year));
}

/** The claims that count: sums and charts are made of them. */
export function counted(items: readonly Item[]): Item[] {
  return items.filter(({ row }) => row.leftOut === undefined);
}

/** How many claims do not count, by the reason. */
export function leftOut(items: readonly Item[]): Map<LeftOut, number> {
  const counts = new Map<LeftOut, number>();
  for (const { row } of items) {
    if (row.leftOut !== undefined) counts.set(row.leftOut, (counts.get(row.leftOut) ?? 0) + 1);
  }
  return counts;
}

/** A sum, how many claims report its amount, and how many report one that cannot be told. */
export interface Sum {
  readonly cents: number;
  readonly known: number;
  readonly notKnown: number;
}

/** The sum of an amount. */
export function sumOf(items: readonly Item[], name: RowAmountName): Sum {
  let [cents, known, notKnown] = [0, 0, 0];
  for (const { row } of items) {
    const amount = row[name];
    if (amount !== undefined) {
      cents += amount;
      known += 1;
    } else if (row.unknown?.[name] !== undefined) notKnown += 1;
  }
  return { cents, known, notKnown };
}

/** Whether the person pays at the counter: a medicine's price is paid, not billed. */
const atTheCounter = ({ row }: Item) => row.type === "pde";

/** What the person has to do with a claim: may be billed, or paid. */
export function shareOf(item: Item): number | undefined {
  return atTheCounter(item) ? item.row.paidByPatient : item.row.patientResponsibility;
}

/**
 * From charged to owed: `charged + above = paid + other + billed + own + gap`, to the cent. It is made of the claims
 * of which all amounts are known; `without` counts the others.
 */
export interface Equation {
  readonly claims: number;
  readonly without: number;
  readonly charged: number;
  /** What was paid above the charge: a hospital has a fixed price for an illness, whatever it charges. */
  readonly above: number;
  readonly paid: number;
  readonly other: number;
  readonly billed: number;
  readonly own: number;
  /** What nobody pays: the provider agreed to Medicare's price. With medicines it is what others paid. */
  readonly gap: number;
}

/** Adds up what was charged and what became of it. */
export function equationOf(items: readonly Item[]): Equation {
  const sums = { claims: 0, without: 0, charged: 0, above: 0, paid: 0, other: 0, billed: 0, own: 0, gap: 0 };
  for (const item of items) {
    const { charged, paid } = item.row;
    const share = shareOf(item);
    if (charged === undefined || paid === undefined || share === undefined) {
      sums.without += 1;
      continue;
    }
    const other = item.about.otherPayer;
    const gap = charged - paid - other - share;
    sums.claims += 1;
    sums.charged += charged;
    sums.paid += paid;
    sums.other += other;
    sums[atTheCounter(item) ? "own" : "billed"] += share;
    sums[gap < 0 ? "above" : "gap"] += Math.abs(gap);
  }
  return sums;
}

/** Claims with something in common, and what they come to. */
export interface Group {
  readonly key: string;
  readonly items: readonly Item[];
  readonly paid: number;
  /** What the person may be billed or paid; how many claims do not tell. */
  readonly share: number;
  readonly unknown: number;
}

/** Groups by a key, the one with the most money first; what has no key is left out. */
export function groupsBy(items: readonly Item[], key: (item: Item) => string): Group[] {
  const found = new Map<string, Item[]>();
  for (const item of items) {
    const name = key(item);
    if (name === "") continue;
    const group = found.get(name);
    if (group === undefined) found.set(name, [item]);
    else group.push(item);
  }
  return [...found].map(([name, all]) => groupOf(name, all)).sort((a, b) => b.share + b.paid - (a.share + a.paid) || b.items.length - a.items.length);
}

function groupOf(key: string, items: readonly Item[]): Group {
  let [paid, share, unknown] = [0, 0, 0];
  for (const item of items) {
    const own = shareOf(item);
    paid += item.row.paid ?? 0;
    share += own ?? 0;
    if (own === undefined) unknown += 1;
  }
  return { key, items, paid, share, unknown };
}

/** Whom a claim is from: a name where one is known, else a number. */
export function providerOf({ row }: Item): string {
  return row.provider ?? (row.npi === undefined ? "" : `NPI ${row.npi}`);
}

/** The months of the year, or the years where all are chosen, in order; those without claims between them too. */
export function timeOf(items: readonly Item[], year: string): Group[] {
  const length = year === ALL_YEARS ? 4 : 7;
  const known = new Map(groupsBy(items, ({ row }) => (dayOf(row).length >= length ? dayOf(row).slice(0, length) : "")).map((group) => [group.key, group]));
  const keys = [...known.keys()].sort();
  const [first, last] = [keys[0], keys.at(-1)];
  if (first === undefined || last === undefined) return [];
  const all: Group[] = [];
  for (let key = first; key <= last; key = following(key)) all.push(known.get(key) ?? groupOf(key, []));
  return all;
}

function following(key: string): string {
  const [year = 0, month] = key.split("-").map(Number);
  if (month === undefined) return String(year + 1);
  return month === 12 ? `${year + 1}-01` : `${year}-${String(month + 1).padStart(2, "0")}`;
}

/** How much of the deductibles the claims of a year applied, in cents; without a year there is none to meet. */
export interface Deductibles {
  /** Part B's, and what Medicare set it to in that year; `undefined` where this page does not know. */
  readonly partB: number;
  readonly partBOfYear: number | undefined;
  /** Part A's is for each benefit period, not for a year. */
  readonly partA: number;
  readonly drugs: number;
}

/** What the claims say about deductibles. */
export function deductiblesOf(items: readonly Item[], year: string): Deductibles {
  const applied = (types: readonly string[]) =>
    items.reduce((sum, { row, about }) => sum + (types.includes(row.type) ? about.deductible : 0), 0);
  return {
    partB: applied(["carrier", "dme", "outpatient"]),
    partBOfYear: PART_B_DEDUCTIBLE[year],
    partA: applied(["inpatient", "snf"]),
    drugs: applied(["pde"]),
  };
}

/**
 * Medicare's yearly Part B deductible in cents, each by CMS's notice in the Federal Register (volume and page), "Medicare
 * Part B Monthly Actuarial Rates, Premium Rates, and Annual Deductible": the one of 2026 is
 * https://www.govinfo.gov/content/pkg/FR-2025-11-19/html/2025-20251.htm
 */
const PART_B_DEDUCTIBLE: Readonly<Record<string, number>> = {
  2016: 166_00, // 80 FR 70811
  2017: 183_00, // 81 FR 80063
  2018: 183_00, // 82 FR 55370
  2019: 185_00, // 83 FR 52462
  2020: 198_00, // 84 FR 61625
  2021: 203_00, // 85 FR 71904
  2022: 233_00, // 86 FR 64205
  2023: 226_00, // 87 FR 59080
  2024: 240_00, // 88 FR 71555
  2025: 257_00, // 89 FR 90002
  2026: 283_00, // 90 FR 52063
};
