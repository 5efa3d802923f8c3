import type { InsuranceCard } from "./card.js";
import { Connection, type ClientOptions, type Whose } from "./connection.js";
import { BluegateError } from "./errors.js";
import { init as initFhir, parsePage, type ClaimPage, type ClaimsSearch } from "./fhir.js";
import { urlOf } from "./http.js";
import type { Claim, Coverage, FhirResource, Patient, UserInfo } from "./model.js";
import { pages, type PageIterator } from "./pages.js";
import { PARTS, type Parts } from "./parts.js";
import type { Opened, Signal, Url } from "./platform.js";
import type { SessionListener } from "./session.js";
import type { AuthorizationOptions, SignedIn } from "./signin.js";
import type { Tokens } from "./storage.js";
import type { ClaimStore, SyncOptions, SyncResult } from "./sync.js";

/** What most calls accept. */
export interface CallOptions {
  /** Ends the call early. */
  readonly signal?: Signal | undefined;
}

/** How to sign in by leaving the page. */
export interface SignInOptions extends AuthorizationOptions, CallOptions {
  /** Which window goes to the gateway: this one (default), the one around a frame, or one of the application's own. */
  readonly target?: "_self" | "_parent" | "_top" | Opened;
}

/** How to sign in in a window of its own. */
export interface PopupOptions extends AuthorizationOptions, CallOptions {
  /** What the window looks like, in the words of `window.open`. Default `popup,width=520,height=720`. */
  readonly features?: string;
}

/** How to sign out. */
export interface SignOutOptions extends CallOptions {
  /** Also take the person's consent back: the application's access ends on all of their devices. */
  readonly withdraw?: boolean;
}

/** Which claims to read. */
export interface ClaimsOptions extends ClaimsSearch, CallOptions {
  /**
   * How many pages may be on their way at once, 1 to 6. Default 1: a page is fetched when it is asked for. With more,
   * those that follow are fetched meanwhile, where the server says how many claims there are (v1 and v2).
   */
  readonly concurrency?: number;
}

/**
 * Signs a person in at the gateway and reads that person's data. Clients with the same options are the same
 * application: they share sign-ins under way, and the session where its storage can be shared. No request is made
 * before the first call.
 */
export class Client {
  readonly #connection: Connection;

  constructor(options: ClientOptions);
  /** @internal */
  constructor(options: ClientOptions, parts?: Parts);
  constructor(options: ClientOptions, parts: Parts = PARTS) {
    this.#connection = new Connection(options, parts);
  }

  /** The tokens of the present session, or `undefined` when nobody is signed in. */
  session(): Promise<Tokens | undefined> {
    return this.#connection.load();
  }

  /**
   * Hears of every change of the session: somebody signs in, tokens are renewed, the session ends; here, and in the
   * other tabs that share it.
   *
   * @returns what ends it.
   */
  onSessionChange(listener: SessionListener): () => void {
    return this.#connection.listen(listener);
  }

  /** Starts a sign-in and gives the address to send the browser to. */
  async authorizationUrl(options: AuthorizationOptions & CallOptions = {}): Promise<Url> {
    const { begin } = await this.#connection.parts.oauth();
    return begin(this.#connection, options);
  }

  /** Starts a sign-in and sends the browser to the gateway. */
  async signIn(options: SignInOptions = {}): Promise<void> {
    const { leave } = await this.#connection.parts.oauth();
    return leave(this.#connection, options, options.target);
  }

  /**
   * Signs a person in in a window of its own, while the page stays. Call it from a click: the window is opened before
   * anything is waited for, or browsers would not let it. The page at `redirectUri` has to call
   * `handleCallback()`, which closes the window.
   *
   * Fails with `popup_blocked` where the browser opens none, and `popup_closed` where the person closes it.
   */
  async signInPopup(options: PopupOptions = {}): Promise<SignedIn> {
    const popup = globalThis.open?.("", "_blank", options.features ?? "popup,width=520,height=720");
    if (!popup) {
      throw new BluegateError("popup_blocked", "no window opened: call from a click");
    }
    const { signInThrough } = await this.#connection.parts.popup();
    return signInThrough(this.#connection, popup, options);
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
  async handleCallback(address?: string | Url, options: CallOptions = {}): Promise<SignedIn | undefined> {
    const url = urlOf(address ?? globalThis.location?.href);
    if (!url?.searchParams.has("state")) return undefined;
    const { answer } = await this.#connection.parts.oauth();
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
    const { signOut } = await this.#connection.parts.oauth();
    return signOut(this.#connection, options.withdraw === true, options.signal);
  }

  /** The person's own record. Fails with `demographics_withheld` where they chose not to share it. */
  async patient(options: CallOptions = {}): Promise<Patient> {
    return this.#call(({ patient }) => patient, options);
  }

  /** The person's coverages: Medicare parts A to D. */
  async coverage(options: CallOptions = {}): Promise<Coverage[]> {
    return this.#call(({ coverages }) => coverages, options, this.search("Coverage", options));
  }

  /** One of the person's coverages by its id, such as `part-a--20140000008325`. */
  async coverageById(id: string, options: CallOptions = {}): Promise<Coverage> {
    return this.#call(({ coverage }) => coverage, options, id);
  }

  /**
   * The person's insurance card: what they are covered by, by whom, and under which number. The gateway has it on v3
   * alone, which is asked whatever version the client is for. Fails with `demographics_withheld` where the person did not
   * share their name.
   */
  async insuranceCard(options: CallOptions = {}): Promise<InsuranceCard> {
    return this.#call(({ insuranceCard }) => insuranceCard, options);
  }

  /**
   * The person's claims, page by page, as the gateway orders them. Each page is fetched when it is asked
   * for, or `concurrency` of them at once; `next` links are followed as given.
   */
  claims(options: ClaimsOptions = {}): PageIterator {
    const { signal, concurrency } = options;
    return this.#pages(signal, () => this.#claims(options, concurrency), {}, concurrency);
  }

  /** One of the person's claims by its id, such as `carrier--10000930037921`. */
  async claimById(id: string, options: CallOptions = {}): Promise<Claim> {
    return this.#call(({ claim }) => claim, options, id);
  }

  /** Any resource under the FHIR base as JSON: `client.read("Patient/123")`. */
  async read<T extends FhirResource = FhirResource>(path: string, options: CallOptions = {}): Promise<T> {
    return (await this.#call(({ read }) => read, options, path)) as T;
  }

  /** The pages of any search under the FHIR base: `client.search("Coverage?_count=10")`. */
  search(path: string, options: CallOptions = {}): PageIterator {
    return this.#pages(options.signal, async () => {
      const { addressOf } = await this.#connection.parts.calls();
      return addressOf(this.#connection, path);
    });
  }

  /**
   * Brings a local copy of the person's claims up to date: all of them the first time, later only those
   * that changed. After an interruption of any kind the next call goes on where this one stopped.
   */
  async sync(store: ClaimStore, options: SyncOptions = {}): Promise<SyncResult> {
    const { synchronise } = await this.#connection.parts.sync();
    const { patient } = await this.#connection.tokens();
    const { signal } = options;
    const pages = (search: ClaimsSearch, from?: string): PageIterator =>
      this.#pages(signal, async () => (from === undefined ? this.#claims(search) : this.#ours(from)), { patient });
    return synchronise(store, { base: this.#connection.fhir, patient, pages }, options);
  }

  /** Who signed in, in OpenID Connect's words. Needs the scope `profile`. */
  async userinfo(options: CallOptions = {}): Promise<UserInfo> {
    return this.#call(({ userinfo }) => userinfo, options);
  }

  /** Loads the parser early, while the person is still reading. */
  async warmUp(): Promise<void> {
    await initFhir();
  }

  /** Makes one of the calls that are loaded when they are needed. */
  async #call<A extends unknown[], T>(
    pick: (calls: Awaited<ReturnType<Parts["calls"]>>) => (connection: Connection, signal: Signal | undefined, ...rest: A) => Promise<T>,
    { signal }: CallOptions,
    ...rest: A
  ): Promise<T> {
    return pick(await this.#connection.parts.calls())(this.#connection, signal, ...rest);
  }

  /** The address of a search's first page. */
  async #claims(search: ClaimsSearch, concurrency?: number): Promise<string> {
    const [{ query }] = await Promise.all([this.#connection.parts.search(), initFhir()]);
    return `${this.#connection.fhir}/ExplanationOfBenefit?${query(search, concurrency)}`.replace(/\?$/, "");
  }

  /** Pages from the first address on, all of one person. */
  #pages(signal: Signal | undefined, first: () => Promise<string>, whose: Whose = {}, concurrency = 1): PageIterator {
    const read = async (url: string): Promise<ClaimPage> => parsePage(await this.#connection.read(url, signal, whose));
    const ahead = async () => (await this.#connection.parts.ahead()).readAhead(read, concurrency);
    return pages({ first, read, following: (page, url) => this.#following(page, url), ahead: concurrency > 1 ? ahead : undefined });
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
    if (url === from || urlOf(url)?.origin !== urlOf(this.#connection.base)?.origin) {
      throw new BluegateError("bad_response", "the next page is elsewhere");
    }
    return url;
  }
}
