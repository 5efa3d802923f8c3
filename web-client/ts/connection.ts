/*
 * One client's connection to its server: the metadata, the tokens, and requests that carry them. What signs in,
 * renews and listens to other tabs is loaded when it is first needed.
 */
import type { AuthorizationServerMetadata, ServerMetadata } from "./discovery.js";
import { BluegateError, misuse } from "./errors.js";
import { abortable, bodyOf, RETRY, send, urlOf, type RetryOptions, type Transport } from "./http.js";
import type { Parts } from "./parts.js";
import { IN_BROWSER, type Fetch, type Signal } from "./platform.js";
import type { Session, SessionListener } from "./session.js";
import { memoryPendingStorage, placeOf, type PendingStorage, type Place, type Tokens, type TokenStorage } from "./storage.js";

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
  /**
   * Where tokens are kept: in memory (default), in the tab's session storage, in the browser's local storage
   * (for all tabs, and until somebody signs out), or where the application says.
   */
  readonly storage?: "memory" | "session" | "local" | TokenStorage;
  /** Where a sign-in under way is kept. Default: the tab's session storage. */
  readonly pendingStorage?: PendingStorage;
  /** Another `fetch`. Default: the platform's. */
  readonly fetch?: Fetch;
  /** When requests are sent again; `false` for never. */
  readonly retry?: RetryOptions | false;
}

/** How long before its end an access token is renewed, so that it does not end on the way. */
const RENEW_BEFORE_MS = 30_000;

/** @internal */
export class Connection {
  readonly base: string;
  readonly version: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** Which client this is: tokens and sign-ins of others are none of its business. */
  readonly key: string;
  readonly transport: Transport;
  readonly pendings: PendingStorage;
  readonly listeners = new Set<SessionListener>();
  readonly parts: Parts;
  readonly #given: AuthorizationServerMetadata | undefined;
  readonly #place: Place;
  #metadata: Promise<ServerMetadata> | undefined;
  #session: Promise<Session> | undefined;
  #refreshing: Promise<Tokens> | undefined;
  #listens = false;

  constructor(options: ClientOptions, parts: Parts) {
    this.parts = parts;
    const { baseUrl, clientId, redirectUri, version = "v2", storage = "memory" } = options ?? {};
    // Spelt out for those who have no types.
    const need = (option: string, value: unknown, isGood: boolean, wanted: string): void => {
      if (!isGood) throw misuse(`new Client(): ${option} must be ${wanted}; it is ${String(value)}`);
    };
    const isStore = typeof storage === "string" ? /^(memory|session|local)$/.test(storage) : typeof storage?.load === "function";
    need("baseUrl", baseUrl, /^https?:\/\/[^?#]+$/.test(baseUrl), "an https:// address");
    need("clientId", clientId, !!clientId, "as registered");
    need("redirectUri", redirectUri, urlOf(redirectUri) !== undefined, "as registered");
    need("version", version, /^v[123]$/.test(version), "v1, v2 or v3");
    need("storage", storage, isStore, "memory, session, local or { load, save, clear }");
    this.base = String(baseUrl).replace(/\/+$/, "");
    this.version = version;
    this.clientId = clientId;
    this.redirectUri = redirectUri;
    this.key = `${this.base} ${this.version} ${this.clientId}`;
    this.transport = {
      // Called as a plain function: browsers refuse `fetch` with another `this`.
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      retry: { ...RETRY, ...(options.retry === false ? { attempts: 1 } : options.retry) },
    };
    this.pendings = options.pendingStorage ?? tabStorage() ?? memoryPendingStorage();
    this.#given = options.metadata;
    this.#place = placeOf(storage, this.key);
  }

  /** The base of all FHIR addresses. */
  get fhir(): string {
    return `${this.base}/${this.version}/fhir`;
  }

  /** The tokens of the present session. */
  async load(): Promise<Tokens | undefined> {
    const tokens = await this.#place.storage.load();
    if (tokens === undefined || (tokens.client !== undefined && tokens.client !== this.key)) return undefined;
    if (!IN_BROWSER || this.#listens) return tokens;
    // It may have ended in another tab, and from now on it matters what the others do.
    await this.session().then(({ ready }) => ready, () => undefined);
    this.#listens = true;
    return this.load();
  }

  /** The tokens of the present session, which there has to be. */
  async tokens(): Promise<Tokens> {
    const tokens = await this.load();
    if (tokens === undefined) throw new BluegateError("not_signed_in", "nobody is signed in: call signIn()");
    return tokens;
  }

  /** Tokens that live long enough for a call, where they can be renewed. */
  async fresh(signal: Signal | undefined, whose: Whose = {}): Promise<Tokens> {
    const tokens = samePerson(whose, await this.tokens());
    const ending = tokens.refreshToken !== undefined && tokens.expiresAt - Date.now() < RENEW_BEFORE_MS;
    return ending ? samePerson(whose, await this.refresh(signal, tokens)) : tokens;
  }

  /** New tokens. Calls at the same time share one request; a signal ends the wait, not the request. */
  refresh(signal: Signal | undefined, seen?: Tokens): Promise<Tokens> {
    this.#refreshing ??= this.#refresh(seen).finally(() => {
      this.#refreshing = undefined;
    });
    return abortable(this.#refreshing, signal);
  }

  /** What there is to know of the server. */
  discover(signal: Signal | undefined): Promise<ServerMetadata> {
    this.#metadata ??= this.parts
      .oauth()
      .then(({ discover }) => discover(this.transport, this.base, this.version, this.#given))
      .catch((error: unknown) => {
        this.#metadata = undefined;
        throw error;
      });
    return abortable(this.#metadata, signal);
  }

  /** What changes the session, and hears of its changes. */
  session(): Promise<Session> {
    this.#session ??= this.parts
      .session()
      .then(({ Session }) => new Session(this.#place, this.listeners))
      .catch((error: unknown) => {
        this.#session = undefined;
        throw error;
      });
    return this.#session;
  }

  /** Tells a listener of every change; gives what ends that. */
  listen(listener: SessionListener): () => void {
    // One object for each call, so that ending one does not end another with the same function.
    const own: SessionListener = (tokens) => listener(tokens);
    this.listeners.add(own);
    if (IN_BROWSER) this.session().catch(() => undefined);
    return () => void this.listeners.delete(own);
  }

  /** The body of a FHIR answer. */
  async read(url: string, signal: Signal | undefined, whose?: Whose): Promise<Uint8Array> {
    return bodyOf(await this.get(url, "application/fhir+json", signal, whose), signal);
  }

  /** A GET with the access token; renews it when it is about to end, or when the server refuses it. */
  async get(url: string, accept: string, signal: Signal | undefined, whose: Whose = {}): Promise<Response> {
    let tokens = await this.fresh(signal, whose);
    let response = await this.#send(url, accept, tokens, signal);
    if (response.status === 401 && tokens.refreshToken !== undefined) {
      const error = await (await this.session()).refused(response, tokens, true);
      if (error.code !== "session_ended") throw error;
      // Another call may have renewed the tokens while this one was on its way.
      const latest = await this.tokens();
      tokens = samePerson(whose, latest.accessToken === tokens.accessToken ? await this.refresh(signal, tokens) : latest);
      response = await this.#send(url, accept, tokens, signal);
    }
    if (!response.ok) throw await (await this.session()).refused(response, tokens, false);
    return response;
  }

  async #refresh(seen: Tokens | undefined): Promise<Tokens> {
    const before = seen ?? (await this.tokens());
    const [session, { refreshTokens }] = await Promise.all([this.session(), this.parts.oauth()]);
    return session.renew(before, async (tokens) =>
      refreshTokens(this.transport, await this.discover(undefined), this.clientId, tokens),
    );
  }

  #send(url: string, accept: string, tokens: Tokens, signal: Signal | undefined): Promise<Response> {
    return send(this.transport, url, {
      headers: { Accept: accept, Authorization: `Bearer ${tokens.accessToken}` },
      signal: signal ?? null,
    });
  }
}

/** Whose pages are read: what began with one person does not go on with another who signed in meanwhile. */
export interface Whose {
  patient?: string | undefined;
}

function samePerson(whose: Whose, tokens: Tokens): Tokens {
  whose.patient ??= tokens.patient;
  if (whose.patient !== tokens.patient) {
    throw new BluegateError("wrong_person", "somebody else signed in: begin again");
  }
  return tokens;
}

/** The tab's session storage; browsers that are told to keep nothing throw at the mere name. */
function tabStorage(): PendingStorage | undefined {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
