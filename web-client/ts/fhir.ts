/**
 * Reading FHIR pages on its own: the entry point `@bluegate/client/fhir` for applications that fetch by
 * themselves. Bytes go in as they came from the network; a page stays in WebAssembly memory, and only what
 * is asked for becomes JavaScript objects.
 *
 * @module
 */
import start, * as wasm from "./wasm/fhir.js";
import { BluegateError } from "./errors.js";
import { once, type WasmSource } from "./load.js";
import type { Claim, ClaimRow, Coverage, Entry } from "./model.js";

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
  return new ClaimPage(readable(() => wasm.Page.parse(bytes)));
}

/**
 * Reads a single resource.
 *
 * @throws BluegateError `bad_response` when it is not one.
 */
export async function parseResource(bytes: Uint8Array): Promise<Entry> {
  await init();
  return JSON.parse(readable(() => wasm.parseResource(bytes))) as Entry;
}

/**
 * The bytes that everything read from this page or resource serialises to. The native build of the same
 * crate gives the same bytes for the same input.
 */
export async function canonical(bytes: Uint8Array): Promise<Uint8Array> {
  await init();
  return readable(() => wasm.canonical(bytes));
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BluegateError("bad_response", why, { cause });
  }
}
