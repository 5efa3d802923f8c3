/* Pages in the server's order, by its `next` links as given. */
import type { Ahead } from "./ahead.js";
import type { ClaimPage } from "./fhir.js";

/** Iterates over pages. After a failed `next()` the same page can be asked for again. */
export interface PageIterator extends AsyncIterableIterator<ClaimPage> {
  /** Whether there is nothing more to fetch. */
  readonly done: boolean;
}

/** How pages are read. */
export interface Source {
  /** The address of the first one. */
  first(): Promise<string>;
  read(url: string): Promise<ClaimPage>;
  /** The address of the one after it, as the server wrote it. */
  following(page: ClaimPage, url: string): string | undefined;
  /** What fetches pages before they are asked for. */
  ahead?: (() => Promise<Ahead>) | undefined;
}

/** The pages of a source. */
export function pages({ first, read, following, ahead }: Source): PageIterator {
  let others: Ahead | undefined;
  let url: string | undefined;
  let done = false;
  return {
    get done() {
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(): Promise<IteratorResult<ClaimPage>> {
      if (done) return OVER;
      const at = (url ??= await first());
      others ??= await ahead?.();
      const page = await (others?.read(at) ?? read(at));
      url = following(page, at);
      done = url === undefined;
      others?.goOn(page, at, url);
      return { done: false, value: page };
    },
    async return(): Promise<IteratorResult<ClaimPage>> {
      done = true;
      others?.stop();
      return OVER;
    },
  };
}

const OVER = { done: true, value: undefined } as const;
