/*
 * All claims of a person, as they arrive: page after page, each with what the screen needs of it. Pages stay in
 * WebAssembly memory, so that the details and the original JSON of any claim are there when somebody asks.
 */
import type { Claim, ClaimPage, ClaimRow, PageIterator, RowAmountName } from "./client/index.js";

/** A claim and where it is. */
export interface Item {
  readonly row: ClaimRow;
  readonly page: ClaimPage;
  /** What a search looks through, in lower case. */
  readonly words: string;
}

/** One fill of a medicine. */
export interface Fill {
  readonly item: Item;
  readonly name: string;
  readonly days: number;
}

/** What has arrived. */
export class Records {
  readonly items: Item[] = [];
  readonly fills: Fill[] = [];
  /** How many claims there are, where the server says so. */
  total: number | undefined;
  /** Whether all pages are here. */
  complete = false;
  /** Entries that could not be read: they are in no list and no sum. */
  unread = 0;

  readonly #pages: PageIterator;
  readonly #held: ClaimPage[] = [];

  constructor(pages: PageIterator) {
    this.#pages = pages;
  }

  /** Reads the pages that are missing, and calls `arrived` after each. After a failure it can be called again. */
  async load(arrived: () => void): Promise<void> {
    while (!this.complete) {
      const { value: page } = await this.#pages.next();
      if (page !== undefined) this.#add(page);
      this.complete = this.#pages.done;
      arrived();
      // Between two pages the browser draws and answers.
      await new Promise((resume) => setTimeout(resume));
    }
  }

  /** The claim in full. */
  claim({ row, page }: Item): Claim | undefined {
    return page.claim(row.index);
  }

  /** Its FHIR JSON, exactly as the server sent it. */
  json({ row, page }: Item): string {
    return page.json(row.index) ?? "";
  }

  /** Gives the memory back. */
  free(): void {
    for (const page of this.#held.splice(0)) page.free();
  }

  #add(page: ClaimPage): void {
    this.#held.push(page);
    this.total = page.total ?? this.total;
    this.unread += page.problems.length;
    for (const row of page.rows) {
      const parts = [row.id, row.provider, row.npi, row.diagnosis?.code, row.diagnosis?.display, row.drug?.code, row.drug?.display];
      const item = { row, page, words: parts.filter((part) => part !== undefined).join(" ").toLowerCase() };
      this.items.push(item);
      if (row.type === "pde") {
        const drug = page.claim(row.index)?.drug;
        const name = drug?.name ?? row.drug?.display ?? (row.drug && `NDC ${row.drug.code}`);
        this.fills.push({ item, name: name ?? row.id, days: Number(drug?.daysSupply ?? 0) || 0 });
      }
    }
  }
}

/** The claims that count: sums and charts are made of them. */
export function counted(items: readonly Item[]): Item[] {
  return items.filter(({ row }) => row.leftOut === undefined);
}

/** The sum of an amount, and how many of the claims report one that cannot be told. */
export function sumOf(items: readonly Item[], name: RowAmountName): { readonly cents: number; readonly notKnown: number } {
  let cents = 0;
  let notKnown = 0;
  for (const { row } of items) {
    cents += row[name] ?? 0;
    if (row.unknown?.[name] !== undefined) notKnown += 1;
  }
  return { cents, notKnown };
}

/** The day that a claim is sorted and counted by; empty where it has none. */
export function dayOf(row: ClaimRow): string {
  return row.end ?? row.start ?? "";
}

/** Newest first; what has no day comes last. */
export function newestFirst(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => dayOf(b.row).localeCompare(dayOf(a.row)));
}

/** Adds up by a key, in the order of the keys. */
export function sums<T>(all: readonly T[], key: (one: T) => string, cents: (one: T) => number): [string, number][] {
  const found = new Map<string, number>();
  for (const one of all) {
    const name = key(one);
    if (name !== "") found.set(name, (found.get(name) ?? 0) + cents(one));
  }
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}
