import type { AuthorizationServerMetadata, ServerMetadata } from "./discovery.js";
import { BluegateError } from "./errors.js";
import { claimsQuery, init as initFhir, parsePage, parseResource, type ClaimPage, type ClaimsSearch } from "./fhir.js";
import {
  abortable,
  bodyOf,
  objectOf,
  resourceError,
  RETRY,
  send,
  text,
  type RetryOptions,
  type Transport,
} from "./http.js";
import type { Coverage, Patient, UserInfo } from "./model.js";
import type { Fetch, Signal, Url } from "./platform.js";
import type { AuthorizationOptions, SignIn } from "./signin.js";
import {
  memoryPendingStorage,
  memoryStorage,
  sessionTokenStorage,
  type PendingStorage,
  type Tokens,
  type TokenStorage,
} from "./storage.js";
import type { ClaimStore, SyncOptions, SyncResult } from "./sync.js";

/** What a client needs to know. */
export interface ClientOptions {
  /** The gateway's address, for example `http://127.0.0.1:3000`. Everything else is discovered. */
  readonly baseUrl: string;
  /** The id that the application was registered with. */
  readonly clientId: string;
  /** The registered address that the browser comes back to. */
  readonly redirectUri: string;
  /** FHIR version: `v1` is STU3, `v2` and `v3` are R4. The claims come out the same. Default `v2`. */
  readonly version?: "v1" | "v2" | "v3";
  /** What the server does not say of itself; what is given here is not asked for. */
  readonly metadata?: AuthorizationServerMetadata;
  /** Where tokens are kept: in memory (default), in the tab's session storage, or where the application says. */
  readonly storage?: "memory" | "session" | TokenStorage;
  /** Where a sign-in under way is kept. Default: the tab's session storage. */
  readonly pendingStorage?: PendingStorage;
  /** Another `fetch`. Default: the platform's. */
  readonly fetch?: Fetch;
  /** When requests are sent again; `false` for never. */
  readonly retry?: RetryOptions | false;
}

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

/** How long before its end an access token is renewed, so that it does not end on the way. */
const RENEW_BEFORE_MS = 30_000;

/**
 * Signs a person in at the gateway and reads that person's data. One instance for each application and
 * tab; it makes no request before the first call.
 */
export class Client {
  readonly #base: string;
  readonly #clientId: string;
  readonly #redirectUri: string;
  readonly #version: string;
  readonly #fhirBase: string;
  readonly #given: AuthorizationServerMetadata | undefined;
  readonly #transport: Transport;
  readonly #storage: TokenStorage;
  readonly #pendings: PendingStorage;
  readonly #answering = new Map<string, Promise<Tokens>>();
  #metadata: Promise<ServerMetadata> | undefined;
  #refreshing: Promise<Tokens> | undefined;

  constructor(options: ClientOptions) {
    this.#base = options.baseUrl.replace(/\/+$/, "");
    this.#clientId = options.clientId;
    this.#redirectUri = options.redirectUri;
    this.#version = options.version ?? "v2";
    this.#fhirBase = `${this.#base}/${this.#version}/fhir`;
    this.#given = options.metadata;
    this.#transport = {
      // Called as a plain function: browsers refuse `fetch` with another `this`.
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      retry: { ...RETRY, ...(options.retry === false ? { attempts: 1 } : options.retry) },
    };
    this.#storage = tokenStorage(options.storage ?? "memory", this.#clientId);
    this.#pendings = options.pendingStorage ?? tabStorage() ?? memoryPendingStorage();
  }

  /** The tokens of the present session, or `undefined` when nobody is signed in. */
  async session(): Promise<Tokens | undefined> {
    return this.#storage.load();
  }

  /** Starts a sign-in and gives the address to send the browser to. */
  async authorizationUrl(options: AuthorizationOptions & CallOptions = {}): Promise<Url> {
    const { begin } = await oauth();
    return begin(await this.#signIn(options), options);
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
   * Calls at the same time, as frameworks make them that run effects twice, share one exchange.
   *
   * @returns the tokens, or `undefined` when the address is not an answer.
   */
  handleCallback(address?: string | Url, options: CallOptions = {}): Promise<Tokens | undefined> {
    const url = new URL(address ?? location.href);
    if (!isCallback(url)) return Promise.resolve(undefined);
    let answering = this.#answering.get(url.href);
    if (answering === undefined) {
      answering = this.#answer(url, address === undefined, options).finally(() => this.#answering.delete(url.href));
      this.#answering.set(url.href, answering);
    }
    return answering;
  }

  /**
   * Gets new tokens now. Calls that need a token do this by themselves; calls at the same time share one
   * request, because a refresh token is used once; a signal ends the wait, not the request.
   */
  refresh(options: CallOptions = {}): Promise<Tokens> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return abortable(this.#refreshing, options.signal);
  }

  /**
   * Ends the session: forgets the tokens and revokes them at the gateway. The tokens are gone from here
   * even when the revocation fails; the error then says that the gateway still knows them.
   */
  async signOut(options: SignOutOptions = {}): Promise<void> {
    const { signal, withdraw = false } = options;
    let tokens = await this.#storage.load();
    try {
      // Blue Button finds a consent by an access token only, and that has to live.
      if (withdraw && tokens !== undefined) {
        const { accessToken, expiresAt, scope } = await this.#fresh(signal);
        tokens = { accessToken, expiresAt, scope };
      }
    } finally {
      await this.#storage.clear();
    }
    if (tokens === undefined) return;
    const endpoint = withdraw
      ? `${this.#base}/${this.#version}/o/revoke/`
      : (await this.#discover(signal)).revocationEndpoint;
    if (endpoint === undefined) {
      throw new BluegateError("unsupported", "the server has no revocation endpoint: its tokens end by themselves");
    }
    const { revokeToken } = await oauth();
    await revokeToken(this.#transport, endpoint, this.#clientId, tokens, signal);
  }

  /** The person's own record. Fails with `demographics_withheld` where they chose not to share it. */
  async patient(options: CallOptions = {}): Promise<Patient> {
    const tokens = await this.#tokens();
    if (tokens.patient === undefined) {
      throw new BluegateError("bad_response", "the token answer named no patient");
    }
    if (!sharesPatient(tokens.scope)) {
      throw new BluegateError("demographics_withheld", "the person did not share this");
    }
    const url = `${this.#fhirBase}/Patient/${encodeURIComponent(tokens.patient)}`;
    const { resource } = await parseResource(await this.#read(url, options.signal));
    if (resource.kind !== "patient") {
      throw new BluegateError("bad_response", "the answer is not a Patient");
    }
    return resource.value;
  }

  /** The person's coverages: Medicare parts A to D. */
  async coverage(options: CallOptions = {}): Promise<Coverage[]> {
    const all: Coverage[] = [];
    let next: string | undefined = `${this.#fhirBase}/Coverage`;
    while (next !== undefined) {
      const page = await parsePage(await this.#read(next, options.signal));
      all.push(...page.coverages());
      next = this.#following(page, next);
      page.free();
    }
    return all;
  }

  /**
   * The person's claims, page by page, as the gateway orders them. Each page is fetched when it is asked
   * for; `next` links are followed as given.
   */
  claims(options: ClaimsOptions = {}): PageIterator {
    return this.#pages(options.signal, async () => {
      const query = await claimsQuery(options);
      return `${this.#fhirBase}/ExplanationOfBenefit${query === "" ? "" : `?${query}`}`;
    });
  }

  /**
   * Brings a local copy of the person's claims up to date: all of them the first time, later only those
   * that changed. After an interruption of any kind the next call goes on where this one stopped.
   */
  async sync(store: ClaimStore, options: SyncOptions = {}): Promise<SyncResult> {
    const { synchronise } = await import("./sync.js");
    const { patient } = await this.#tokens();
    const { signal } = options;
    const pages = (search: ClaimsSearch, from?: string): PageIterator =>
      from === undefined
        ? this.claims({ ...search, signal })
        : this.#pages(signal, async () => this.#ours(from));
    return synchronise(store, { base: this.#fhirBase, patient, pages }, options);
  }

  /** Who signed in, in OpenID Connect's words. Needs the scope `profile`. */
  async userinfo(options: CallOptions = {}): Promise<UserInfo> {
    const metadata = await this.#discover(options.signal);
    const url = metadata.userinfoEndpoint ?? `${this.#base}/${this.#version}/connect/userinfo`;
    const tokens = await this.#tokens();
    if (!tokens.scope.includes("profile")) {
      throw new BluegateError("demographics_withheld", "the person did not share this");
    }
    const response = await this.#authorized(url, "application/json", options.signal);
    const body = await objectOf(response, options.signal);
    if (text(body["sub"]) === undefined) {
      throw new BluegateError("bad_response", "the userinfo answer has no sub");
    }
    return body as unknown as UserInfo;
  }

  /** Loads the parser early, while the person is still reading. */
  async warmUp(): Promise<void> {
    await initFhir();
  }

  async #answer(url: URL, own: boolean, options: CallOptions): Promise<Tokens> {
    // Until the gateway is reached nothing is used up: then a reload may try again.
    const [{ finish }, app] = await Promise.all([oauth(), this.#signIn(options)]);
    if (own) history.replaceState(history.state, "", withoutAnswer(url));
    const tokens = await finish(app, url, options.signal);
    await this.#storage.save(tokens);
    return tokens;
  }

  async #signIn({ signal }: CallOptions): Promise<SignIn> {
    return {
      transport: this.#transport,
      metadata: await this.#discover(signal),
      version: this.#version,
      clientId: this.#clientId,
      redirectUri: this.#redirectUri,
      storage: this.#pendings,
    };
  }

  #discover(signal?: Signal): Promise<ServerMetadata> {
    this.#metadata ??= oauth()
      .then(({ discover }) => discover(this.#transport, this.#base, this.#version, this.#given))
      .catch((error: unknown) => {
        this.#metadata = undefined;
        throw error;
      });
    return abortable(this.#metadata, signal);
  }

  async #tokens(): Promise<Tokens> {
    const tokens = await this.#storage.load();
    if (tokens === undefined) {
      throw new BluegateError("not_signed_in", "nobody is signed in");
    }
    return tokens;
  }

  /** Tokens that live long enough for a call, where they can be renewed. */
  async #fresh(signal: Signal | undefined): Promise<Tokens> {
    const tokens = await this.#tokens();
    const ending = tokens.refreshToken !== undefined && tokens.expiresAt - Date.now() < RENEW_BEFORE_MS;
    return ending ? this.refresh({ signal }) : tokens;
  }

  async #refresh(): Promise<Tokens> {
    const tokens = await this.#tokens();
    if (tokens.refreshToken === undefined) {
      await this.#storage.clear();
      throw new BluegateError("session_ended", "the access was for one time only");
    }
    const [{ refreshTokens }, metadata] = await Promise.all([oauth(), this.#discover()]);
    try {
      const renewed = await refreshTokens(this.#transport, metadata, this.#clientId, {
        ...tokens,
        refreshToken: tokens.refreshToken,
      });
      // Whoever signed out in the meantime stays signed out.
      if ((await this.#tokens()).refreshToken === tokens.refreshToken) {
        await this.#storage.save(renewed);
      }
      return renewed;
    } catch (error) {
      if (error instanceof BluegateError && ENDED.has(error.code)) {
        await this.#storage.clear();
      }
      throw error;
    }
  }

  async #read(url: string, signal: Signal | undefined): Promise<Uint8Array> {
    return bodyOf(await this.#authorized(url, "application/fhir+json", signal), signal);
  }

  /** A GET with the access token; renews it when it is about to end, or when the gateway refuses it. */
  async #authorized(
    url: string,
    accept: string,
    signal: Signal | undefined,
  ): Promise<Response> {
    let tokens = await this.#fresh(signal);
    let response = await this.#get(url, accept, tokens, signal);
    if (response.status === 401 && tokens.refreshToken !== undefined) {
      const error = await resourceError(response);
      if (error.code !== "session_ended") throw await this.#ended(error);
      // Another call may have renewed the tokens while this one was on its way.
      const latest = await this.#tokens();
      tokens = latest.accessToken === tokens.accessToken ? await this.refresh({ signal }) : latest;
      response = await this.#get(url, accept, tokens, signal);
    }
    if (!response.ok) {
      throw await this.#ended(await resourceError(response));
    }
    return response;
  }

  #get(
    url: string,
    accept: string,
    tokens: Tokens,
    signal: Signal | undefined,
  ): Promise<Response> {
    return send(this.#transport, url, {
      headers: { Accept: accept, Authorization: `Bearer ${tokens.accessToken}` },
      signal: signal ?? null,
    });
  }

  /** Forgets tokens that can never work again. */
  async #ended(error: BluegateError): Promise<BluegateError> {
    if (ENDED.has(error.code)) {
      await this.#storage.clear();
    }
    return error;
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
    if (url === from || originOf(url) !== originOf(this.#base)) {
      throw new BluegateError("bad_response", "the link to the next page leads elsewhere");
    }
    return url;
  }

  #pages(signal: Signal | undefined, first: () => Promise<string>): PageIterator {
    const read = async (url: string): Promise<ClaimPage> => parsePage(await this.#read(url, signal));
    return pages(first, read, (page, url) => this.#following(page, url));
  }
}

/** What only signing in, refreshing and signing out need. */
const oauth = (): Promise<typeof import("./oauth.js")> => import("./oauth.js");

const ENDED: ReadonlySet<string> = new Set(["grant_expired", "revoked", "session_ended"]);

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

/** The tab's session storage; browsers that are told to keep nothing throw at the mere name. */
function tabStorage(): PendingStorage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}

function tokenStorage(choice: "memory" | "session" | TokenStorage, clientId: string): TokenStorage {
  if (choice === "memory") return memoryStorage();
  if (choice === "session") return sessionTokenStorage(`bluegate:tokens:${clientId}`);
  return choice;
}

/** Whether an address looks like the answer to an authorization request. */
function isCallback({ searchParams }: URL): boolean {
  return searchParams.has("code") || searchParams.has("error");
}

function originOf(url: string): string | undefined {
  try {
    return new URL(url).origin;
  } catch {
    return undefined;
  }
}

function sharesPatient(scope: readonly string[]): boolean {
  return scope.some((part) => /^patient\/(Patient|\*)\.(read|rs?)$/.test(part));
}

function withoutAnswer(url: URL): string {
  const clean = new URL(url);
  for (const name of ["code", "state", "iss", "error", "error_description", "error_uri"]) {
    clean.searchParams.delete(name);
  }
  return clean.pathname + clean.search + clean.hash;
}
