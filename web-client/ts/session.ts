/*
 * The session of a client: one for all tabs of the browser that have it, renewed by one of them at a time.
 * A refresh token is used once; who uses one a second time ends the session for everybody.
 *
 * Tabs whose storage is one and the same tell each other that it changed. Where each has a copy (a tab that
 * was duplicated copies its session storage, and clients of one page that took the same answer have two), the
 * one that renews sends the others the new tokens, and leaves in the browser's storage how often it did, and at
 * last that the session has ended. So a copy that missed it (its page was asleep, or elsewhere) knows that its
 * refresh token was used, asks for the new one, and never presents the old one.
 */
import { has, orRefused } from "./checks.js";
import { BluegateError, misuse } from "./errors.js";
import { pause } from "./http.js";
import { IN_BROWSER } from "./platform.js";
import { resourceError } from "./refusal.js";
import type { Place, Tokens, TokenStorage } from "./storage.js";

/** What is told when a session changes: the tokens, or nothing where it has ended. */
export type SessionListener = (tokens: Tokens | undefined) => void;

/** What tabs tell each other. */
interface News {
  readonly session?: string | undefined;
  /** Newer tokens of that session. */
  readonly tokens?: Tokens;
  /** The session is over. */
  readonly ended?: boolean;
  /** Who has tokens that were renewed more often than this? */
  readonly ask?: number;
}

/** How long other tabs may take to answer. */
const ANSWER_WITHIN_MS = 1000;

/** How long a lock is kept after a renewal: browsers take a moment to show one tab what another has stored. */
const SETTLE_MS = 100;

/** How many sessions' renewals are kept in the browser. */
const COUNTS_LIMIT = 16;

/** Stands in their place for a session that has ended. */
const ENDED = Number.MAX_SAFE_INTEGER;

/** @internal */
export class Session {
  readonly #place: Place;
  readonly #listeners: ReadonlySet<SessionListener>;
  readonly #channel: BroadcastChannel | undefined;
  /** When it is known whether the session has ended in another tab. */
  readonly ready: Promise<void>;
  #heard: (() => void) | undefined;

  constructor(place: Place, listeners: ReadonlySet<SessionListener>) {
    if (!has(place.storage, "load", "save", "clear")) throw misuse("new Client(): storage must be { load, save, clear }");
    this.#place = place;
    this.#listeners = listeners;
    this.#channel = IN_BROWSER && "BroadcastChannel" in globalThis ? this.#open() : undefined;
    this.ready = this.#catchUp();
    this.ready.catch(() => undefined);
  }

  /** Keeps the tokens of a new sign-in, or of the same one in another client of this page. */
  async begin(tokens: Tokens): Promise<void> {
    if ((await this.#load())?.accessToken === tokens.accessToken) return;
    await this.#save(tokens);
    this.#tell(this.#place.shared ? this.#news(tokens) : undefined, tokens);
  }

  /**
   * Renews the tokens, unless another client or tab has done so since the caller saw them. What the storage holds
   * is read again before and after, since not everybody who shares it can be kept from doing the same.
   */
  async renew(seen: Tokens | undefined, refresh: (tokens: Tokens) => Promise<Tokens>): Promise<Tokens> {
    return this.#exclusive(async () => {
      const tokens = present(await this.#newest());
      if (seen !== undefined && tokens.accessToken !== seen.accessToken) return tokens;
      let renewed: Tokens;
      try {
        renewed = await refresh(tokens);
      } catch (error) {
        if (!hasEnded(error)) throw error;
        // The loser of a race finds what the winner got.
        const winner = await this.#winner(tokens);
        if (winner !== undefined) return winner;
        await this.end(tokens);
        throw error;
      }
      // Whoever signed out in the meantime stays signed out; whoever signed in stays who they are.
      const now = present(await this.#load());
      if (now.accessToken !== tokens.accessToken) return now;
      if (tokens.patient !== undefined && renewed.patient !== tokens.patient) {
        await this.end(tokens);
        throw new BluegateError("wrong_person", "the server renewed the tokens for another person: sign in again");
      }
      renewed = { ...renewed, renewals: (tokens.renewals ?? 0) + 1 };
      await this.#save(renewed);
      this.#count(renewed);
      this.#tell(this.#news(renewed), renewed);
      return renewed;
    });
  }

  /**
   * What an answer means that refuses these tokens or the request. Tokens that can never work again are forgotten;
   * with `renewable` it is not known yet whether those that have ended can be renewed.
   */
  async refused(response: Response, tokens: Tokens, renewable: boolean): Promise<BluegateError> {
    const error = await resourceError(response);
    if (hasEnded(error) && !(renewable && error.code === "session_ended")) await this.end(tokens);
    return error;
  }

  /** Forgets tokens that turned out to be of no use, here and in all tabs; others that came in their place stay. */
  async end(tokens: Tokens): Promise<void> {
    const now = await this.#load();
    if (now === undefined || now.accessToken === tokens.accessToken) await this.forget(tokens);
  }

  /** Forgets whatever there is of this session, here and in all tabs. */
  async forget(tokens: Tokens): Promise<void> {
    await this.#place.storage.clear();
    this.#count({ ...tokens, renewals: ENDED });
    this.#tell({ session: tokens.session, ended: true }, undefined);
  }

  /** What happened while nobody listened. */
  async #catchUp(): Promise<void> {
    const mine = await this.#load();
    if (mine !== undefined && this.#counted(mine) === ENDED) await this.#place.storage.clear();
  }

  /** How often a session was renewed, by whichever tab. Where all see the same tokens, those say so. */
  #counted({ session, renewals = 0 }: Tokens): number {
    return session === undefined || this.#place.shared ? renewals : (counts(this.#place.key).get(session) ?? 0);
  }

  #count({ session, renewals = 0 }: Tokens): void {
    if (!IN_BROWSER || session === undefined || this.#place.shared) return;
    const all = counts(this.#place.key);
    all.delete(session);
    all.set(session, renewals);
    try {
      localStorage.setItem(nameOfCounts(this.#place.key), JSON.stringify([...all].slice(-COUNTS_LIMIT)));
    } catch {
      // A browser that is told to keep nothing: the other tabs have heard of it, if they listen.
    }
  }

  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(`bluegate:${this.#place.key}`);
    // A client that nobody holds any more hears no news.
    const self = new WeakRef(this);
    channel.onmessage = ({ data }) => {
      const session = self.deref();
      if (session === undefined) channel.close();
      else void session.#hear(data as News).catch(() => undefined);
    };
    return channel;
  }

  async #save(tokens: Tokens): Promise<void> {
    const save = (): void | Promise<void> => this.#place.storage.save(tokens);
    // What the application's own storage throws is its own.
    return this.#place.own ? orRefused(save) : save();
  }

  async #load(): Promise<Tokens | undefined> {
    return ours(await this.#place.storage.load(), this.#place.key);
  }

  /** What other tabs are told of new tokens; where the application keeps them, they look themselves. */
  #news(tokens: Tokens): News {
    return this.#place.own ? { session: tokens.session, tokens } : {};
  }

  #tell(news: News | undefined, tokens: Tokens | undefined): void {
    if (news !== undefined) this.#channel?.postMessage(news);
    // What they throw is their own.
    for (const listener of this.#listeners) queueMicrotask(() => listener(tokens));
  }

  async #hear(news: News): Promise<void> {
    const mine = await this.#load();
    if (this.#place.shared) {
      this.#tell(undefined, news.ended === true ? undefined : (news.tokens ?? mine));
      return;
    }
    if (mine?.session === undefined || mine.session !== news.session) return;
    if (news.ended === true) {
      await this.#place.storage.clear();
      this.#tell(undefined, undefined);
    } else if (news.tokens !== undefined) {
      if (isNewer(news.tokens, mine)) {
        await this.#save(news.tokens);
        this.#tell(undefined, news.tokens);
      }
      this.#heard?.();
    } else if (news.ask !== undefined && (mine.renewals ?? 0) > news.ask) {
      this.#channel?.postMessage({ session: mine.session, tokens: mine } satisfies News);
    }
  }

  /** The tokens here; where a copy elsewhere has been renewed, its tokens. */
  async #newest(): Promise<Tokens | undefined> {
    const mine = await this.#load();
    if (mine === undefined || (mine.renewals ?? 0) >= this.#counted(mine)) return mine;
    const heard = new Promise<void>((resolve) => {
      this.#heard = resolve;
    });
    this.#channel?.postMessage({ session: mine.session, ask: mine.renewals ?? 0 } satisfies News);
    await Promise.race([heard, pause(ANSWER_WITHIN_MS, undefined)]);
    const now = await this.#load();
    if (now === undefined || now.session !== mine.session || isNewer(now, mine)) return now;
    // Presenting this copy's token would end the session of the tab that has the new one.
    await this.#place.storage.clear();
    this.#tell(undefined, undefined);
    throw new BluegateError("session_ended", "another tab renewed this session and does not answer: sign in again");
  }

  /** What somebody put in the place of tokens that turned out to be used. */
  async #winner(loser: Tokens): Promise<Tokens | undefined> {
    for (const wait of this.#place.shared && !HAS_LOCKS ? [0, 500] : [0]) {
      await pause(wait, undefined);
      const now = await this.#load();
      if (now !== undefined && now.refreshToken !== loser.refreshToken) return now;
    }
    return undefined;
  }

  /** One at a time: in this page by the storage, in all tabs by its name. */
  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const { storage, key } = this.#place;
    const before = working.get(storage) ?? Promise.resolve();
    const mine = before.then(
      () =>
        new Promise<T>((resolve, reject) => {
          const held = async (): Promise<void> => {
            await work().then(resolve, reject);
            if (HAS_LOCKS) await pause(SETTLE_MS, undefined);
          };
          const over: Promise<unknown> = HAS_LOCKS ? navigator.locks.request(`bluegate:${key}`, held) : held();
          over.catch(reject);
        }),
    );
    working.set(storage, mine.catch(() => undefined));
    return mine;
  }
}

/** Whether tokens can never work again after this error. */
function hasEnded(error: unknown): boolean {
  return error instanceof BluegateError && ["grant_expired", "revoked", "session_ended"].includes(error.code);
}

/** Tokens, if they are for this client. */
function ours(tokens: Tokens | undefined, key: string): Tokens | undefined {
  return tokens?.client === undefined || tokens.client === key ? tokens : undefined;
}

/** Tokens, or the error that stands for nobody. */
function present(tokens: Tokens | undefined): Tokens {
  if (tokens === undefined) throw new BluegateError("not_signed_in", "nobody is signed in: call signIn()");
  return tokens;
}

function isNewer(one: Tokens, other: Tokens): boolean {
  return (one.renewals ?? 0) > (other.renewals ?? 0);
}

/** The last piece of work on each storage. */
const working = new WeakMap<TokenStorage, Promise<unknown>>();

/** Locks that other tabs respect; there are none on pages that came without TLS. */
const HAS_LOCKS = IN_BROWSER && globalThis.navigator?.locks !== undefined;

/** How often each session was renewed in this browser, oldest first. */
function counts(key: string): Map<string, number> {
  try {
    return new Map(JSON.parse(localStorage.getItem(nameOfCounts(key)) ?? "[]") as [string, number][]);
  } catch {
    return new Map();
  }
}

function nameOfCounts(key: string): string {
  return `bluegate:renewals:${key}`;
}
