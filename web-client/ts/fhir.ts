/**
 * Reading FHIR pages on its own: the entry point `@bluegate/client/fhir` for applications that fetch by
 * themselves. Bytes go in as they came from the network; a page stays in WebAssembly memory, and only what
 * is asked for becomes JavaScript objects.
 *
 * @module
 */
import start, * as wasm from "./wasm/fhir.js";
import { BluegateError, type ErrorCode } from "./errors.js";
import { once, type WasmSource } from "./load.js";
import type { Claim, ClaimRow, ClaimType, Coverage, Entry } from "./model.js";

export type { WasmSource } from "./load.js";
export type * from "./model.js";

/**
 * Loads the module. Not needed before the functions below, which do it themselves; call it to load early,
 * or to say where the module lies.
 */
export const init: (source?: WasmSource) => Promise<void> = once(
  (source) => start({ module_or_path: source }),
  new URL("./wasm/fhir_bg.wasm", import.meta.url),
);

/**
 * A page of search results. It holds memory outside the garbage collector's view: call `free()` when done,
 * or declare it with `using`; a page that is forgotten is freed with its handle.
 */
export class ClaimPage {
  readonly #page: wasm.Page;

  /** @internal */
  constructor(page: wasm.Page) {
    this.#page = page;
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
  rows(): ClaimRow[] {
    const rows = JSON.parse(this.#page.rows()) as [number, ClaimRow][];
    return rows.map(([, row]) => row);
  }

  /** The claim at this place in full; `undefined` where there is another resource or none. */
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
    const json = this.#page.entry(index);
    return json === undefined ? undefined : (JSON.parse(json) as Entry);
  }

  /** The JSON text of the resource at this place, exactly as the server sent it. */
  json(index: number): string | undefined {
    return this.#page.raw(index);
  }

  /** Gives the memory back. The page cannot be used afterwards. */
  free(): void {
    this.#page.free();
  }

  /** The same as `free()`, for `using`. */
  [Symbol.dispose](): void {
    this.free();
  }
}

/**
 * Reads a searchset Bundle.
 *
 * @throws BluegateError `bad_response` when it is not one. A bad entry is not an error: see its notes.
 */
export async function parsePage(bytes: Uint8Array): Promise<ClaimPage> {
  await init();
  return new ClaimPage(orThrow("bad_response", () => wasm.Page.parse(bytes)));
}

/**
 * Reads a single resource.
 *
 * @throws BluegateError `bad_response` when it is not one.
 */
export async function parseResource(bytes: Uint8Array): Promise<Entry> {
  await init();
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
  await init();
  const { type, since, serviceDate, pageSize } = search;
  if (pageSize !== undefined && !(Number.isInteger(pageSize) && pageSize >= 1)) {
    throw new BluegateError("invalid_request", "pageSize must be a whole number from 1 to 50");
  }
  const types = type === undefined ? [] : [type].flat();
  return orThrow("invalid_request", () =>
    wasm.claimsQuery(
      types.length === 0 ? undefined : types.join(","),
      since instanceof Date ? since.toISOString() : since,
      serviceDate?.from,
      serviceDate?.to,
      pageSize,
    ),
  );
}

/**
 * The bytes that everything read from this page or resource serialises to. The native build of the same
 * crate gives the same bytes for the same input.
 */
export async function canonical(bytes: Uint8Array): Promise<Uint8Array> {
  await init();
  return orThrow("bad_response", () => wasm.canonical(bytes));
}

function orThrow<T>(code: ErrorCode, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BluegateError(code, why, { cause });
  }
}
