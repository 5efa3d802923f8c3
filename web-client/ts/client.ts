import { Connection, oauth, type ClientOptions, type Whose } from "./connection.js";
import { BluegateError } from "./errors.js";
import { claimsQuery, init as initFhir, parsePage, type ClaimPage, type ClaimsSearch } from "./fhir.js";
import type { Coverage, Patient, UserInfo } from "./model.js";
import type { Signal, Url } from "./platform.js";
import type { AuthorizationOptions } from "./signin.js";
import type { Tokens } from "./storage.js";
import type { ClaimStore, SyncOptions, SyncResult } from "./sync.js";

/** What most calls accept. */
export interface CallOptions {
  /** Ends the call early. */
  readonly signal?: Signal | undefined;
}

/** How to sign out. */
export interface SignOutOptions extends CallOptions {
  /** Also take the person's consent back: the application's access ends on all of their devices. */
  readonly withdraw?: boolean;
}

/** Which claims to read. */
export interface ClaimsOptions extends ClaimsSearch, CallOptions {}

/** Iterates over pages. After a failed `next()` the same page can be asked for again. */
export interface PageIterator extends AsyncIterableIterator<ClaimPage> {
  /** Whether there is nothing more to fetch. */
  readonly done: boolean;
}

/**
 * Signs a person in at the gateway and reads that person's data. Clients with the same options are the same
 * application: they share sign-ins under way, and the session where its storage can be shared. No request is made
 * before the first call.
 */
export class Client {
  readonly #connection: Connection;

  constructor(options: ClientOptions) {
    this.#connection = new Connection(options);
  }

  /** The tokens of the present session, or `undefined` when nobody is signed in. */
  session(): Promise<Tokens | undefined> {
    return this.#connection.load();
  }

  /** Starts a sign-in and gives the address to send the browser to. */
  async authorizationUrl(options: AuthorizationOptions & CallOptions = {}): Promise<Url> {
    const { begin } = await oauth();
    return begin(this.#connection, options);
  }

  /** Starts a sign-in and sends the browser to the gateway. */
  async signIn(options: AuthorizationOptions & CallOptions = {}): Promise<void> {
    const url = await this.authorizationUrl(options);
    location.assign(url);
  }

  /**
   * Takes the answer of a sign-in. Without an argument it reads the page's address, and removes the answer
   * from it, so that neither a reload nor the history presents it again.
   *
   * An address is an answer if it is the `redirectUri`, with the `state` of a sign-in that was started here and is
   * under way. Everything else is somebody else's, and stays as it is.
   *
   * Calls at the same time, as frameworks make them that run effects twice, share one exchange, whichever
   * client makes them.
   *
   * @returns the tokens, or `undefined` when the address is not an answer.
   */
  async handleCallback(address?: string | Url, options: CallOptions = {}): Promise<Tokens | undefined> {
    const url = new URL(address ?? location.href);
    if (!isAnswer(url, this.#connection.redirectUri)) return undefined;
    const { answer } = await oauth();
    return answer(this.#connection, url, address === undefined, options.signal);
  }

  /**
   * Gets new tokens now. Calls that need a token do this by themselves; calls at the same time share one
   * request, in all tabs, because a refresh token is used once; a signal ends the wait, not the request.
   */
  refresh(options: CallOptions = {}): Promise<Tokens> {
    return this.#connection.refresh(options.signal);
  }

  /**
   * Ends the session: forgets the tokens, in all tabs that share it, and revokes them at the gateway. They are
   * gone from here even when the revocation fails; the error then says that the gateway still knows them.
   */
  async signOut(options: SignOutOptions = {}): Promise<void> {
    const { signOut } = await oauth();
    return signOut(this.#connection, options.withdraw === true, options.signal);
  }

  /** The person's own record. Fails with `demographics_withheld` where they chose not to share it. */
  async patient(options: CallOptions = {}): Promise<Patient> {
    const { patient } = await calls();
    return patient(this.#connection, options.signal);
  }

  /** The person's coverages: Medicare parts A to D. */
  async coverage(options: CallOptions = {}): Promise<Coverage[]> {
    const all: Coverage[] = [];
    for await (const page of this.#pages(options.signal, async () => `${this.#connection.fhir}/Coverage`)) {
      all.push(...page.coverages());
      page.free();
    }
    return all;
  }

  /**
   * The person's claims, page by page, as the gateway orders them. Each page is fetched when it is asked
   * for; `next` links are followed as given.
   */
  claims(options: ClaimsOptions = {}): PageIterator {
    return this.#pages(options.signal, () => this.#claims(options));
  }

  /**
   * Brings a local copy of the person's claims up to date: all of them the first time, later only those
   * that changed. After an interruption of any kind the next call goes on where this one stopped.
   */
  async sync(store: ClaimStore, options: SyncOptions = {}): Promise<SyncResult> {
    const { synchronise } = await import("./sync.js");
    const { patient } = await this.#connection.tokens();
    const { signal } = options;
    const pages = (search: ClaimsSearch, from?: string): PageIterator =>
      this.#pages(signal, async () => (from === undefined ? this.#claims(search) : this.#ours(from)), { patient });
    return synchronise(store, { base: this.#connection.fhir, patient, pages }, options);
  }

  /** Who signed in, in OpenID Connect's words. Needs the scope `profile`. */
  async userinfo(options: CallOptions = {}): Promise<UserInfo> {
    const { userinfo } = await calls();
    return userinfo(this.#connection, options.signal);
  }

  /** Loads the parser early, while the person is still reading. */
  async warmUp(): Promise<void> {
    await initFhir();
  }

  /** The address of a search's first page. */
  async #claims(search: ClaimsSearch): Promise<string> {
    const query = await claimsQuery(search);
    return `${this.#connection.fhir}/ExplanationOfBenefit${query === "" ? "" : `?${query}`}`;
  }

  /** Pages from the first address on, all of one person. */
  #pages(signal: Signal | undefined, first: () => Promise<string>, whose: Whose = {}): PageIterator {
    return pages(
      first,
      async (url) => parsePage(await this.#connection.read(url, signal, whose)),
      (page, url) => this.#following(page, url),
    );
  }

  /** The page's `next` link as given. */
  #following(page: ClaimPage, from: string): string | undefined {
    const { next } = page;
    try {
      return next === undefined ? undefined : this.#ours(next, from);
    } catch (error) {
      page.free();
      throw error;
    }
  }

  /** The access token goes to this gateway and to nobody else. */
  #ours(url: string, from?: string): string {
    if (url === from || originOf(url) !== originOf(this.#connection.base)) {
      throw new BluegateError("bad_response", "the link to the next page leads elsewhere");
    }
    return url;
  }
}

/** What many pages do without. */
const calls = (): Promise<typeof import("./calls.js")> => import("./calls.js");

function pages(
  first: () => Promise<string>,
  read: (url: string) => Promise<ClaimPage>,
  following: (page: ClaimPage, url: string) => string | undefined,
): PageIterator {
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
      if (done) {
        return { done: true, value: undefined };
      }
      url ??= await first();
      const page = await read(url);
      url = following(page, url);
      done = url === undefined;
      return { done: false, value: page };
    },
    async return(): Promise<IteratorResult<ClaimPage>> {
      done = true;
      return { done: true, value: undefined };
    },
  };
}

/** Whether an address is the place that answers come to, with an answer's members. */
function isAnswer(url: URL, redirectUri: string): boolean {
  const { searchParams: query } = url;
  return query.has("state") && (query.has("code") || query.has("error")) && placeIn(url.href) === placeIn(redirectUri);
}

/** An address without what follows the path. */
function placeIn(address: string): string | undefined {
  try {
    return new URL(address).href.replace(/[?#].*/s, "");
  } catch {
    return undefined;
  }
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}
