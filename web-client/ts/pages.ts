/*
 * Pages in the server's order, by its `next` links as given. Where a page says how many resources there are, those that
 * follow can be fetched before they are asked for: their addresses are the link's with another offset, and one is used
 * only if the page before it names exactly that address.
 */
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
}

/** The pages of a source, at most `concurrency` of them on their way at once. */
export function pages({ first, read, following }: Source, concurrency: number): PageIterator {
  const ahead = new Map<string, Promise<ClaimPage>>();
  let url: string | undefined;
  let done = false;

  /** Begins with the pages from `next` on; what was begun and is not among them any more is given up. */
  const fetchAhead = (page: ClaimPage, at: string, next: string) => {
    const wanted = addressesFrom(at, next, concurrency, page.total);
    drop((address) => !wanted.includes(address));
    for (const address of wanted) {
      if (ahead.has(address)) continue;
      const reading = read(address);
      ahead.set(address, reading);
      // At its turn it is fetched again, and whoever asks for it then hears of what is still wrong.
      reading.catch(() => {
        if (ahead.get(address) === reading) ahead.delete(address);
      });
    }
  };
  const drop = (isUnwanted: (address: string) => boolean) => {
    for (const [address, reading] of ahead) {
      if (!isUnwanted(address)) continue;
      ahead.delete(address);
      reading.then((page) => page.free(), () => undefined);
    }
  };

  return {
    get done() {
      return done;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async next(): Promise<IteratorResult<ClaimPage>> {
      if (done) {
        return { done: true, value: undefined };
      }
      const at = (url ??= await first());
      const reading = ahead.get(at) ?? read(at);
      ahead.delete(at);
      const page = await reading;
      url = following(page, at);
      done = url === undefined;
      if (url === undefined) drop(() => true);
      else if (concurrency > 1) fetchAhead(page, at, url);
      return { done: false, value: page };
    },
    async return(): Promise<IteratorResult<ClaimPage>> {
      done = true;
      drop(() => true);
      return { done: true, value: undefined };
    },
  };
}

/** The next page's address and those after it, at most `count`; none where it is not known how many there are. */
function addressesFrom(at: string, next: string, count: number, total = 0): string[] {
  const [here, there] = [offsetOf(at) ?? 0, offsetOf(next)];
  if (there === undefined || there <= here) return [];
  const addresses = [];
  for (let offset = there; offset < total && addresses.length < count; offset += there - here) {
    addresses.push(next.replace(OFFSET, `$1${offset}`));
  }
  return addresses;
}

function offsetOf(url: string): number | undefined {
  const digits = OFFSET.exec(url)?.[2];
  return digits === undefined ? undefined : Number(digits);
}

const OFFSET = /([?&]startIndex=)(\d{1,9})(?=&|#|$)/;
