import { discover, type ServerMetadata } from "./discovery.js";
import { BluegateError } from "./errors.js";
import { claimsQuery, init as initFhir, parsePage, parseResource, type ClaimPage, type ClaimsSearch } from "./fhir.js";
import { bodyOf, objectOf, resourceError, send, text, type Fetch } from "./http.js";
import type { Coverage, Patient, UserInfo } from "./model.js";
import {
  authorizationUrl,
  exchangeCode,
  isCallback,
  refreshTokens,
  revokeToken,
  takeCallback,
  type AuthorizationOptions,
} from "./oauth.js";
import { createPkce, randomToken } from "./pkce.js";
import {
  memoryPendingStorage,
  memoryStorage,
  PendingSignIns,
  sessionTokenStorage,
  type PendingStorage,
  type Tokens,
  type TokenStorage,
} from "./storage.js";

/** What a client needs to know. */
export interface ClientOptions {
  /** The gateway's address, for example `http://127.0.0.1:3000`. Everything else is discovered. */
  readonly baseUrl: string;
  /** The id that the application was registered with. */
  readonly clientId: string;
  /** The registered address that the browser comes back to. */
  readonly redirectUri: string;
  /** FHIR version: `v1` is STU3, `v2` is R4. The claims come out the same. Default `v2`. */
  readonly version?: "v1" | "v2";
  /** Where tokens are kept: in memory (default), in the tab's session storage, or where the application says. */
  readonly storage?: "memory" | "session" | TokenStorage;
  /** Where a sign-in under way is kept. Default: the tab's session storage. */
  readonly pendingStorage?: PendingStorage;
  /** Another `fetch`. Default: the platform's. */
  readonly fetch?: Fetch;
}

/** What most calls accept. */
export interface CallOptions {
  /** Ends the call early. */
  readonly signal?: AbortSignal;
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
  readonly #fhirBase: string;
  readonly #fetch: Fetch;
  readonly #storage: TokenStorage;
  readonly #pendings: PendingSignIns;
  #metadata: Promise<ServerMetadata> | undefined;
  #refreshing: Promise<Tokens> | undefined;

  constructor(options: ClientOptions) {
    this.#base = options.baseUrl.replace(/\/+$/, "");
    this.#clientId = options.clientId;
    this.#redirectUri = options.redirectUri;
    this.#fhirBase = `${this.#base}/${options.version ?? "v2"}/fhir`;
    // Called as a plain function: browsers refuse `fetch` with another `this`.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#storage = tokenStorage(options.storage ?? "memory", this.#clientId);
    this.#pendings = new PendingSignIns(
      options.pendingStorage ?? globalThis.sessionStorage ?? memoryPendingStorage(),
      this.#clientId,
    );
  }

  /** The tokens of the present session, or `undefined` when nobody is signed in. */
  async session(): Promise<Tokens | undefined> {
    return this.#storage.load();
  }

  /** Starts a sign-in and gives the address to send the browser to. */
  async authorizationUrl(options: AuthorizationOptions & CallOptions = {}): Promise<URL> {
    const metadata = await this.#discover(options.signal);
    const pkce = await createPkce();
    const state = await randomToken();
    this.#pendings.add(state, {
      verifier: pkce.verifier,
      redirectUri: this.#redirectUri,
      issuer: metadata.issuer,
      startedAt: Date.now(),
    });
    const request = {
      clientId: this.#clientId,
      redirectUri: this.#redirectUri,
      state,
      challenge: pkce.challenge,
    };
    return authorizationUrl(metadata, request, options);
  }

  /** Starts a sign-in and sends the browser to the gateway. */
  async signIn(options: AuthorizationOptions & CallOptions = {}): Promise<void> {
    const url = await this.authorizationUrl(options);
    globalThis.location.assign(url);
  }

  /**
   * Takes the answer of a sign-in. Without an argument it reads the page's address, and removes the answer
   * from it, so that neither a reload nor the history presents it again.
   *
   * @returns the tokens, or `undefined` when the address is not an answer.
   */
  async handleCallback(address?: string | URL, options: CallOptions = {}): Promise<Tokens | undefined> {
    const url = new URL(address ?? globalThis.location.href);
    if (!isCallback(url)) {
      return undefined;
    }
    // Until the gateway is reached nothing is used up: then a reload may try again.
    const metadata = await this.#discover(options.signal);
    if (address === undefined) {
      globalThis.history.replaceState(globalThis.history.state, "", withoutAnswer(url));
    }
    const answer = takeCallback(url, this.#pendings, metadata.issInRedirect);
    const tokens = await exchangeCode(
      this.#fetch,
      metadata,
      this.#clientId,
      answer,
      options.signal,
    );
    await this.#storage.save(tokens);
    return tokens;
  }

  /**
   * Gets new tokens now. Calls that need a token do this by themselves; calls at the same time share one
   * request, because a refresh token is used once.
   */
  refresh(): Promise<Tokens> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Ends the session: forgets the tokens and revokes them at the gateway. The tokens are gone from here
   * even when the revocation fails; the error then says that the gateway still knows them.
   */
  async signOut(options: CallOptions = {}): Promise<void> {
    const tokens = await this.#storage.load();
    await this.#storage.clear();
    if (tokens !== undefined) {
      const metadata = await this.#discover(options.signal);
      await revokeToken(this.#fetch, metadata, this.#clientId, tokens, options.signal);
    }
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
    const read = async (url: string): Promise<ClaimPage> =>
      parsePage(await this.#read(url, options.signal));
    const first = async (): Promise<string> => {
      const query = await claimsQuery(options);
      return `${this.#fhirBase}/ExplanationOfBenefit${query === "" ? "" : `?${query}`}`;
    };
    return pages(first, read, (page, url) => this.#following(page, url));
  }

  /** Who signed in, in OpenID Connect's words. Needs the scope `profile`. */
  async userinfo(options: CallOptions = {}): Promise<UserInfo> {
    const metadata = await this.#discover(options.signal);
    const url = metadata.userinfoEndpoint ?? `${this.#base}/v2/connect/userinfo`;
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

  #discover(signal?: AbortSignal): Promise<ServerMetadata> {
    this.#metadata ??= discover(this.#fetch, this.#base, signal).catch((error: unknown) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  async #tokens(): Promise<Tokens> {
    const tokens = await this.#storage.load();
    if (tokens === undefined) {
      throw new BluegateError("not_signed_in", "nobody is signed in");
    }
    return tokens;
  }

  async #refresh(): Promise<Tokens> {
    const tokens = await this.#tokens();
    if (tokens.refreshToken === undefined) {
      await this.#storage.clear();
      throw new BluegateError("session_ended", "the access was for one time only");
    }
    const metadata = await this.#discover();
    try {
      const renewed = await refreshTokens(this.#fetch, metadata, this.#clientId, {
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

  async #read(url: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    return bodyOf(await this.#authorized(url, "application/fhir+json", signal), signal);
  }

  /** A GET with the access token; renews it when it is about to end, or when the gateway refuses it. */
  async #authorized(
    url: string,
    accept: string,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    let tokens = await this.#tokens();
    if (tokens.refreshToken !== undefined && tokens.expiresAt - Date.now() < RENEW_BEFORE_MS) {
      tokens = await this.refresh();
    }
    let response = await this.#get(url, accept, tokens, signal);
    if (response.status === 401 && tokens.refreshToken !== undefined) {
      const error = await resourceError(response);
      if (error.code !== "session_ended") throw await this.#ended(error);
      // Another call may have renewed the tokens while this one was on its way.
      const latest = await this.#tokens();
      tokens = latest.accessToken === tokens.accessToken ? await this.refresh() : latest;
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
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    return send(this.#fetch, url, {
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

  /** The page's `next` link as given. The access token goes to this gateway and to nobody else. */
  #following(page: ClaimPage, from: string): string | undefined {
    const next = page.next;
    if (next === undefined) {
      return undefined;
    }
    const origin = URL.canParse(next) ? new URL(next).origin : undefined;
    if (origin !== new URL(this.#base).origin || next === from) {
      page.free();
      throw new BluegateError("bad_response", "the link to the next page leads elsewhere");
    }
    return next;
  }
}

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

function tokenStorage(choice: "memory" | "session" | TokenStorage, clientId: string): TokenStorage {
  if (choice === "memory") return memoryStorage();
  if (choice === "session") return sessionTokenStorage(`bluegate:tokens:${clientId}`);
  return choice;
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
