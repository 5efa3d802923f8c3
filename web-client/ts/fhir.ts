/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Reading FHIR pages on its own: the entry point `@bluegate/client/fhir` for applications that fetch by
 * themselves. Bytes go in as they came from the network; a page stays in WebAssembly memory, and only what
 * is asked for becomes JavaScript objects.
 *
 * @module
 */
import own from "#fhir.wasm";
import * as wasm from "./wasm/fhir.js";
import { BluegateError, misuse, type ErrorCode } from "./errors.js";
import { bytesOf, bytesOfText, type FhirInput, type FhirText } from "./input.js";
import { loader, type WasmBytes, type WasmSource } from "./load.js";
import type { Claim, ClaimRow, ClaimType, Coverage, Entry, LeftOut, Period, Problem } from "./model.js";

export type { FhirBody, FhirInput, FhirText } from "./input.js";
export type { WasmBytes, WasmSource } from "./load.js";
export type { WasmModule } from "./platform.js";
export type * from "./model.js";

const load = loader({ default: wasm.default, initSync: wasm.initSync }, own);

/**
 * Loads the module. Not needed before the asynchronous functions below, which do it themselves; call it to
 * load early, or to say where the module lies.
 */
export function init(source?: WasmSource): Promise<void> {
  return load.init(source);
}

/**
 * Starts the module at once, for the functions that end in `Sync`. In Node and workerd, and from
 * `@bluegate/client/inline/fhir`, it needs no argument; elsewhere the module's bytes.
 */
export function initSync(source?: WasmBytes): void {
  load.initSync(source);
}

/** The kinds of claims by their numbers in `ClaimColumns.type`. */
export const CLAIM_TYPES = [
  "unknown",
  "carrier",
  "dme",
  "hha",
  "hospice",
  "inpatient",
  "outpatient",
  "pde",
  "snf",
  "professional",
  "institutional",
  "oral",
  "vision",
] as const satisfies readonly ClaimRow["type"][];

/** Statuses by their numbers in `ClaimColumns.status`; the empty one is any other, or none. */
export const CLAIM_STATUSES = ["", "active", "cancelled", "draft", "entered-in-error"] as const;

/** Uses by their numbers in `ClaimColumns.use`; the empty one is any other. */
export const CLAIM_USES = ["", "claim", "preauthorization", "predetermination"] as const;

/** Outcomes by their numbers in `ClaimColumns.outcome`; the empty one is any other, or none. */
export const CLAIM_OUTCOMES = ["", "complete", "partial", "queued", "error"] as const;

/** Why claims are left out of sums, by the numbers in `ClaimColumns.leftOut`; the empty one counts. */
export const LEFT_OUT = [
  "",
  "cancelled",
  "notActive",
  "notAClaim",
  "refund",
  "notFinal",
  "unsettled",
] as const satisfies readonly (LeftOut | "")[];

/** Stands in `ClaimColumns.start` and `.end` for a day that the server did not say. */
export const NO_DAY = -0x8000_0000;

/**
 * The numbers of a page's claims as columns: element `n` of each is of the same claim as `rows[n]`.
 * Amounts are whole cents, `NaN` where they are not known. Days are counted from 1970-01-01 (the
 * first of it, where only a month or a year is known).
 */
export interface ClaimColumns {
  /** Place of the entry on the page, for `claim()` and `json()`. */
  readonly index: Uint32Array;
  /** Place of the kind in `CLAIM_TYPES`. */
  readonly type: Uint8Array;
  /** Place of the status in `CLAIM_STATUSES`. */
  readonly status: Uint8Array;
  /** Place of the use in `CLAIM_USES`. */
  readonly use: Uint8Array;
  /** Place of the outcome in `CLAIM_OUTCOMES`. */
  readonly outcome: Uint8Array;
  /** Place of the reason in `LEFT_OUT`; 0 where the claim counts. Leave all others out of your own sums. */
  readonly leftOut: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Month of `end`: 12 times the year and 0 to 11; -1 where it is not known. */
  readonly month: Int32Array;
  readonly charged: Float64Array;
  readonly allowed: Float64Array;
  readonly paid: Float64Array;
  readonly patientResponsibility: Float64Array;
  readonly paidByPatient: Float64Array;
}

/** Cents by month, `YYYY-MM`, and how many claims are not among them. */
export class MonthSums extends Map<string, number> {
  /** Claims that do not count: cancelled, taken back, not settled; `row.leftOut` says why. */
  leftOut = 0;
  /** Claims that count, and of which it is not known what was paid. */
  notKnown = 0;
  /** Claims that count, and have no month. */
  undated = 0;
  /** Entries that could not be read at all. */
  unread = 0;
}

/**
 * A page of search results. It holds memory outside the garbage collector's view: call `free()` when done,
 * or declare it with `using`; a page that is forgotten is freed with its handle.
 */
export class ClaimPage {
  #held: wasm.Page | undefined;
  #rows: readonly ClaimRow[] | undefined;
  #columns: ClaimColumns | undefined;
  #problems: readonly Problem[] | undefined;

  /** @internal */
  constructor(page: wasm.Page) {
    this.#held = page;
  }

  /** How many entries the page has. */
  get length(): number {
    return this.#page.length;
  }

  /** How many resources match on all pages, where the server says so. */
  get total(): number | undefined {
    return this.#page.total;
  }

  /** The link to the next page, as the server wrote it. */
  get next(): string | undefined {
    return this.#page.next;
  }

  /** All claims of the page as small objects for a list, in the server's order. */
  get rows(): readonly ClaimRow[] {
    return (this.#rows ??= JSON.parse(this.#page.rows()) as ClaimRow[]);
  }

  /** The numbers of all claims of the page, for sums and charts: no object is made for a claim. */
  get columns(): ClaimColumns {
    return (this.#columns ??= columnsOf(this.#page.numbers()));
  }

  /**
   * Adds what was paid for each claim that counts to the month of its last day, `YYYY-MM`; in cents. What is
   * not in the sums is counted beside them. Hand the sums on from page to page to add up a whole person.
   */
  paidByMonth(months: MonthSums = new MonthSums()): MonthSums {
    const { month, paid, leftOut } = this.columns;
    for (let n = 0; n < paid.length; n += 1) {
      const at = month[n] as number;
      const cents = paid[n] as number;
      if (leftOut[n] !== 0) months.leftOut += 1;
      else if (Number.isNaN(cents)) months.notKnown += 1;
      else if (at < 0) months.undated += 1;
      else {
        const name = `${String(Math.floor(at / 12)).padStart(4, "0")}-${String((at % 12) + 1).padStart(2, "0")}`;
        months.set(name, (months.get(name) ?? 0) + cents);
      }
    }
    months.unread += this.problems.length;
    return months;
  }

  /** The entries that could not be read at all: they are in no row and no sum. */
  get problems(): readonly Problem[] {
    return (this.#problems ??= JSON.parse(this.#page.problems()) as Problem[]);
  }

  /** The claim of the entry at this place in full; `undefined` where there is another resource or none. */
  claim(index: number): Claim | undefined {
    const resource = this.entry(index)?.resource;
    return resource?.kind === "claim" ? resource.value : undefined;
  }

  /** All coverages of the page. */
  coverages(): Coverage[] {
    const all: Coverage[] = [];
    for (let index = 0; index < this.length; index += 1) {
      const resource = this.entry(index)?.resource;
      if (resource?.kind === "coverage") all.push(resource.value);
    }
    return all;
  }

  /** The entry at this place: its resource, and notes on what could not be read of it. */
  entry(index: number): Entry | undefined {
    const json = this.#page.entry(place(index));
    return json === undefined ? undefined : (JSON.parse(json) as Entry);
  }

  /** The JSON text of the resource at this place, exactly as the server sent it. */
  json(index: number): string | undefined {
    return this.#page.raw(place(index));
  }

  /** Gives the memory back. What was taken from the page stays; nothing more can be. */
  free(): void {
    this.#held?.free();
    this.#held = undefined;
  }

  /** The same as `free()`, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }

  get #page(): wasm.Page {
    if (this.#held === undefined) {
      throw misuse("this page was given back by free()");
    }
    return this.#held;
  }
}

/** A place on a page. The module would take 1.5 for 1. */
function place(index: number): number {
  if (!Number.isSafeInteger(index) || index < 0) {
    throw misuse(`${index} is not the index of a row`);
  }
  return index;
}

/** The numbers that the module gives for each row, in their order, and what holds them. */
const COLUMNS = {
  index: Uint32Array,
  type: Uint8Array,
  status: Uint8Array,
  use: Uint8Array,
  outcome: Uint8Array,
  leftOut: Uint8Array,
  start: Int32Array,
  end: Int32Array,
  month: Int32Array,
  charged: Float64Array,
  allowed: Float64Array,
  paid: Float64Array,
  patientResponsibility: Float64Array,
  paidByPatient: Float64Array,
} satisfies Record<keyof ClaimColumns, unknown>;

function columnsOf(numbers: Float64Array): ClaimColumns {
  const columns = Object.entries(COLUMNS);
  const { length: width } = columns;
  const filled = columns.map(([name, Column], at) => {
    const column = new Column(numbers.length / width);
    return [name, column.map((_, row) => numbers[row * width + at] as number)];
  });
  return Object.fromEntries(filled) as ClaimColumns;
}

/**
 * Orders rows, or whole claims' periods, by their last day, newest first; what has no day comes last. Servers have an
 * order of their own: `rows.toSorted(newestFirst)`.
 */
export function newestFirst(one: Period, other: Period): number {
  const [a, b] = [one, other].map(({ start = "", end = start }) => end) as [string, string];
  return a < b ? 1 : a > b ? -1 : 0;
}

/**
 * Reads a searchset Bundle: its bytes or text, or the `Response` or `Blob` that has it.
 *
 * @throws BluegateError `bad_response` when it is not one. A bad entry is not an error: see its notes.
 */
export async function parsePage(input: FhirInput): Promise<ClaimPage> {
  const bytes = await ready(input);
  return parsePageSync(bytes);
}

/** {@link parsePage} for those who have started the module. */
export function parsePageSync(input: FhirText): ClaimPage {
  load.need();
  const bytes = bytesOfText(input);
  return new ClaimPage(orThrow("bad_response", () => wasm.Page.parse(bytes)));
}

/**
 * Reads a single resource: its bytes or text, or the `Response` or `Blob` that has it.
 *
 * @throws BluegateError `bad_response` when it is not one.
 */
export async function parseResource(input: FhirInput): Promise<Entry> {
  const bytes = await ready(input);
  return parseResourceSync(bytes);
}

/** {@link parseResource} for those who have started the module. */
export function parseResourceSync(input: FhirText): Entry {
  load.need();
  const bytes = bytesOfText(input);
  return JSON.parse(orThrow("bad_response", () => wasm.parseResource(bytes))) as Entry;
}

/** An inclusive range of calendar days, `YYYY-MM-DD`. */
export interface DayRange {
  readonly from?: string;
  readonly to?: string;
}

/** Which claims to search for. */
export interface ClaimsSearch {
  /** Only claims of these types. */
  readonly type?: ClaimType | readonly ClaimType[];
  /** Only claims that changed at this instant or later (FHIR `_lastUpdated`). */
  readonly since?: Date | string;
  /** Only claims for services on these days. */
  readonly serviceDate?: DayRange;
  /** Claims on a page, 1 to 50. Default: the gateway's, 10. */
  readonly pageSize?: number;
}

/**
 * The query string of a claims search, without its question mark: written by the code that the gateway
 * reads it with.
 *
 * @throws BluegateError `invalid_request` when the gateway would refuse it.
 */
export async function claimsQuery(search: ClaimsSearch): Promise<string> {
  const [{ query }] = await Promise.all([import("./search.js"), init()]);
  return query(search);
}

/**
 * The text that everything read from this page's entries or this resource serialises to. The native build of
 * the same crate gives the same text for the same input.
 */
export async function canonical(input: FhirInput): Promise<string> {
  const bytes = await ready(input);
  return orThrow("bad_response", () => wasm.canonical(bytes));
}

/** The bytes, and the module started. */
async function ready(input: FhirInput): Promise<Uint8Array> {
  const [bytes] = await Promise.all([bytesOf(input), init()]);
  return bytes;
}

/**
 * Does something with the module, whose errors become the package's.
 *
 * @internal
 */
export function orThrow<T>(code: ErrorCode, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BluegateError(code, why, { cause });
  }
}
