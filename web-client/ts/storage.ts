/*
 * What outlives a call: the tokens, kept where the application decides, and the sign-in that is under
 * way, which has to survive the browser's journey to the gateway and back.
 */

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

/** A sign-in under way. */
export interface Pending {
  readonly verifier: string;
  readonly redirectUri: string;
  readonly issuer: string;
  readonly startedAt: number;
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

/** How long a sign-in may take before its answer is refused. */
export const PENDING_LIFETIME_MS = 60 * 60 * 1000;

/** How many sign-ins of one application may be under way in a tab. */
const PENDING_LIMIT = 5;

/** The sign-ins of one application that are under way, by their `state`. */
export class PendingSignIns {
  readonly #storage: PendingStorage;
  readonly #key: string;

  constructor(storage: PendingStorage, clientId: string) {
    this.#storage = storage;
    this.#key = `bluegate:pending:${clientId}`;
  }

  /** Remembers a sign-in. The oldest give way when there are too many. */
  add(state: string, pending: Pending): void {
    const kept = [...this.#read(), [state, pending] as const].slice(-PENDING_LIMIT);
    this.#write(kept);
  }

  /** Whether anything is under way. */
  any(): boolean {
    return this.#read().length > 0;
  }

  /** Looks a sign-in up, and leaves it. */
  get(state: string): Pending | undefined {
    return this.#read().find(([key]) => key === state)?.[1];
  }

  /** Forgets a sign-in: its answer is taken at most once. */
  remove(state: string): void {
    this.#write(this.#read().filter(([key]) => key !== state));
  }

  #read(): readonly (readonly [string, Pending])[] {
    const json = this.#storage.getItem(this.#key);
    if (json === null) return [];
    const oldest = Date.now() - PENDING_LIFETIME_MS;
    try {
      const all = JSON.parse(json) as [string, Pending][];
      return all.filter(([, pending]) => pending.startedAt > oldest);
    } catch {
      return [];
    }
  }

  #write(all: readonly (readonly [string, Pending])[]): void {
    if (all.length === 0) {
      this.#storage.removeItem(this.#key);
    } else {
      this.#storage.setItem(this.#key, JSON.stringify(all));
    }
  }
}

function readJson<T>(key: string): T | undefined {
  try {
    const json = sessionStorage.getItem(key);
    return json === null ? undefined : (JSON.parse(json) as T);
  } catch {
    return undefined;
  }
}
