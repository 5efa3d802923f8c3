/*
 * All claims of a person, as they arrive: page after page, each with what the screen needs of it. Pages stay in
 * WebAssembly memory, so that the details and the original JSON of any claim are there when somebody asks.
 */
import type { Claim, ClaimPage, ClaimRow, PageIterator } from "./client/index.js";
import type { Care, ClaimWords, Titled } from "./client/labels.js";
import { breathe } from "./dom.js";

/** What is kept of a claim in full: what its title is made of, and two of its amounts. */
export interface About extends Titled {
  /** What of the deductible it applied, in cents. */
  readonly deductible: number;
  /** What another insurance paid, in cents. */
  readonly otherPayer: number;
}

/** A claim and where it is. */
export interface Item {
  readonly row: ClaimRow;
  readonly page: ClaimPage;
  readonly about: About;
  /** What kind of care it is about, once somebody asked. */
  kind?: Care;
}

/** A claim of which the rest is read when it is asked for: of thousands most are never looked at. */
class Claimed implements Item {
  readonly row: ClaimRow;
  readonly page: ClaimPage;
  kind?: Care;
  #about: About | undefined;

  constructor(row: ClaimRow, page: ClaimPage) {
    this.row = row;
    this.page = page;
  }

  get about(): About {
    return (this.#about ??= aboutOf(this.row, this.page.claim(this.row.index)));
  }
}

/** What kind of care a claim is about; a claim of no known kind by its type. */
export function kindOf(item: Item, words: ClaimWords): string {
  item.kind ??= words.kind(item.about);
  return item.kind === "other" ? item.about.type : item.kind;
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
  /** How many claims there are, where the server says so. */
  total: number | undefined;
  /** Whether all pages are here. */
  complete = false;
  /** Entries that could not be read: they are in no list and no sum. */
  unread = 0;

  readonly #pages: PageIterator;
  readonly #held: ClaimPage[] = [];
  #freed = false;

  constructor(pages: PageIterator) {
    this.#pages = pages;
  }

  /** Reads the pages that are missing, and calls `arrived` after each. After a failure it can be called again. */
  async load(arrived: () => Promise<void>): Promise<void> {
    while (!this.complete) {
      const { value: page } = await this.#pages.next();
      if (this.#freed) return;
      if (page !== undefined) this.#add(page);
      this.complete = this.#pages.done;
      await arrived();
      await breathe();
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
    this.#freed = true;
    for (const page of this.#held.splice(0)) page.free();
  }

  #add(page: ClaimPage): void {
    this.#held.push(page);
    this.total = page.total ?? this.total;
    this.unread += page.problems.length;
    for (const row of page.rows) this.items.push(new Claimed(row, page));
  }
}

/** Reads what is needed of these claims for charts and list, a few at a time. */
export async function read(items: readonly Item[], words: ClaimWords): Promise<void> {
  let until = performance.now() + SLICE_MS;
  for (const item of items) {
    if (item.kind !== undefined) continue;
    kindOf(item, words);
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + SLICE_MS;
  }
}

/** How long claims are read before the browser draws and answers. */
const SLICE_MS = 12;

/** What is kept of a claim: a few small objects, where the claim in full has hundreds. */
export function aboutOf(row: Pick<ClaimRow, "type">, claim: Claim | undefined): About {
  const lines = claim?.lines?.map(({ category, placeOfService, revenueCenter, service }) => ({
    ...(category && { category }),
    ...(placeOfService && { placeOfService }),
    ...(revenueCenter && { revenueCenter }),
    ...(service && { service }),
  }));
  return {
    type: row.type,
    deductible: claim?.totals?.deductible ?? 0,
    otherPayer: claim?.totals?.otherPayer ?? 0,
    ...(claim?.admissionPeriod && { admissionPeriod: claim.admissionPeriod }),
    ...(claim?.billablePeriod && { billablePeriod: claim.billablePeriod }),
    ...(claim?.diagnoses && { diagnoses: claim.diagnoses }),
    ...(claim?.drug && { drug: claim.drug }),
    ...(lines && { lines }),
  };
}

/** The fills of medicines among claims. */
export function fillsOf(items: readonly Item[]): Fill[] {
  return items.flatMap((item) => {
    const { row, about } = item;
    if (row.type !== "pde") return [];
    const name = about.drug?.name ?? row.drug?.display ?? (row.drug && `NDC ${row.drug.code}`) ?? row.id;
    return [{ item, name: name.split(" - ")[0] ?? name, days: Number(about.drug?.daysSupply ?? 0) || 0 }];
  });
}

/** The day that a claim is sorted and counted by; empty where it has none. */
export function dayOf(row: ClaimRow): string {
  return row.end ?? row.start ?? "";
}

/** Newest first; what has no day comes last. */
export function newestFirst(items: readonly Item[]): Item[] {
  // Days are digits and hyphens: compared as they are, many times faster than by a language's rules.
  return [...items].sort((a, b) => {
    const [one, other] = [dayOf(a.row), dayOf(b.row)];
    return one === other ? 0 : one < other ? 1 : -1;
  });
}
