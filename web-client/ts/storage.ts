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
}

/** A place to keep tokens. Every method may be synchronous or asynchronous. */
export interface TokenStorage {
  load(): Tokens | undefined | Promise<Tokens | undefined>;
  save(tokens: Tokens): void | Promise<void>;
  clear(): void | Promise<void>;
}

/** Keeps tokens in memory: they are gone with the page. */
export function memoryStorage(): TokenStorage {
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

/**
 * Keeps tokens in the tab's session storage, so that they survive a reload. Every script of the origin
 * can read them there.
 */
export function sessionTokenStorage(key: string): TokenStorage {
  return {
    load: () => readJson<Tokens>(key),
    save: (tokens) => sessionStorage.setItem(key, JSON.stringify(tokens)),
    clear: () => sessionStorage.removeItem(key),
  };
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

function readJson<T>(key: string): T | undefined {
  try {
    const json = sessionStorage.getItem(key);
    return json === null ? undefined : (JSON.parse(json) as T);
  } catch {
    return undefined;
  }
}
