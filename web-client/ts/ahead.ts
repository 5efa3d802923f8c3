/*
 * Pages that are fetched before they are asked for. Where a page says how many resources there are, the addresses of
 * those that follow are its link's with another offset, and one is used only if the page before it names exactly that
 * address. Loaded when somebody wants several pages at once.
 */
import type { ClaimPage } from "./fhir.js";

/** Pages that are on their way. */
export interface Ahead {
  /** The page at this address, which may have been begun. */
  read(url: string): Promise<ClaimPage>;
  /** Begins with the pages from `next` on, where there is one; what was begun and is not among them any more is given up. */
  goOn(page: ClaimPage, at: string, next: string | undefined): void;
  /** Gives up what was begun. */
  stop(): void;
}

/** At most so many pages on their way at once. */
export function readAhead(read: (url: string) => Promise<ClaimPage>, concurrency: number): Ahead {
  const begun = new Map<string, Promise<ClaimPage>>();
  const drop = (isUnwanted: (address: string) => boolean) => {
    for (const [address, reading] of begun) {
      if (!isUnwanted(address)) continue;
      begun.delete(address);
      reading.then((page) => page.free(), () => undefined);
    }
  };
  return {
    read(url) {
      const reading = begun.get(url) ?? read(url);
      begun.delete(url);
      return reading;
    },
    goOn(page, at, next) {
      const wanted = next === undefined ? [] : addressesFrom(at, next, concurrency, page.total);
      drop((address) => !wanted.includes(address));
      for (const address of wanted) {
        if (begun.has(address)) continue;
        const reading = read(address);
        begun.set(address, reading);
        // At its turn it is fetched again, and whoever asks for it then hears of what is still wrong.
        reading.catch(() => {
          if (begun.get(address) === reading) begun.delete(address);
        });
      }
    },
    stop: () => drop(() => true),
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
