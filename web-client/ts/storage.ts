/* What outlives a call: the tokens, kept where the application decides. */

/** What the gateway gave for one sign-in. */
export interface Tokens {
  readonly accessToken: string;
  /** When the access token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
  /** Absent where the application was registered for one-time access. */
  readonly refreshToken?: string;
  /** The scopes that the person granted. */
  readonly scope: readonly string[];
  /** The person's id at the claims backend; present also when demographics are withheld. */
  readonly patient?: string;
  /** When the person's consent ends, as an ISO 8601 instant; absent where it has no end. */
  readonly accessGrantExpiration?: string;
  /** The client that they are for (gateway, version and application): no other uses them. */
  readonly client?: string;
  /** Which sign-in they come from: the same in all tabs that share it, and after each renewal. */
  readonly session?: string;
  /** How often they were renewed. */
  readonly renewals?: number;
}

/**
 * A place to keep tokens. Every method may be synchronous or asynchronous. Several clients may share one, in
 * several tabs too: what the storage holds is the session of all of them.
 */
export interface TokenStorage {
  load(): Tokens | undefined | Promise<Tokens | undefined>;
  save(tokens: Tokens): void | Promise<void>;
  clear(): void | Promise<void>;
}

/**
 * A storage, and who else sees it.
 *
 * @internal
 */
export interface Place {
  readonly storage: TokenStorage;
  /** The client: gateway, version and application. */
  readonly key: string;
  /** Whether other clients may see the very same tokens; otherwise each tab has a copy. */
  readonly shared: boolean;
  /** Whether it is one of the package's own, so that tabs may tell each other what is in it. */
  readonly own: boolean;
}

/**
 * Where the tokens of a client are.
 *
 * @internal
 */
export function placeOf(choice: "memory" | "session" | "local" | TokenStorage, key: string): Place {
  if (choice === "memory") return { storage: memoryStorage(), key, shared: false, own: true };
  if (choice === "session" || choice === "local") {
    return { storage: webStorage(choice, key), key, shared: choice === "local", own: true };
  }
  return { storage: choice, key, shared: true, own: false };
}

/** Keeps tokens in memory: they are gone with the page. */
function memoryStorage(): TokenStorage {
  let kept: Tokens | undefined;
  return {
    load: () => kept,
    save: (tokens) => {
      kept = tokens;
    },
    clear: () => {
      kept = undefined;
    },
  };
}

/** One object for each place, so that clients of one page can tell that they share it. */
const places = new Map<string, TokenStorage>();

/** Keeps tokens in the tab's or the browser's storage. Every script of the origin can read them there. */
function webStorage(kind: "session" | "local", client: string): TokenStorage {
  const key = `bluegate:tokens:${client}`;
  const name = `${kind} ${key}`;
  const items = (): Storage => (kind === "session" ? sessionStorage : localStorage);
  const made: TokenStorage = {
    load: () => {
      try {
        return JSON.parse(items().getItem(key) ?? "null") ?? undefined;
      } catch {
        return undefined;
      }
    },
    save: (tokens) => items().setItem(key, JSON.stringify(tokens)),
    clear: () => items().removeItem(key),
  };
  const storage = places.get(name) ?? made;
  places.set(name, storage);
  return storage;
}

/** Where sign-ins under way are kept: the tab's session storage, or anything like it. */
export interface PendingStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** A stand-in for session storage where there is none, and for tests. */
export function memoryPendingStorage(): PendingStorage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}
