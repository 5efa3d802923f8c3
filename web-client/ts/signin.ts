/*
 * Signing in: the way to the gateway, and what an answer has to be before it is believed (RFC 6749, RFC 7636,
 * RFC 9207). Loaded when it is needed: a page whose reader is signed in already does without.
 */
import type { Connection } from "./connection.js";
import type { ServerMetadata } from "./discovery.js";
import { needSignal, orRefused } from "./checks.js";
import { BluegateError, misuse, type ErrorCode } from "./errors.js";
import { abortable, urlOf } from "./http.js";
import { createPkce, randomToken } from "./pkce.js";
import type { Opened, Signal, Url } from "./platform.js";
import type { PendingStorage, Tokens } from "./storage.js";
import { requestTokens } from "./tokens.js";

/** What an authorization request may ask for besides its fixed parts. */
export interface AuthorizationOptions {
  /**
   * Scopes to ask for; left out, the gateway offers all that the application may have. On v3, where a request has
   * to name them, that is the person's record, coverage, claims and profile.
   */
  readonly scope?: readonly string[];
  /** Language of the gateway's pages. */
  readonly lang?: "en" | "es";
  /** Ask for the password again even where the person is signed in. */
  readonly prompt?: "login";
  /** The account that is probably meant: the provider may begin its form with it (OpenID Connect Core, section 3.1.2.1). */
  readonly loginHint?: string;
  /**
   * What the application wants to know again when the browser is back: where the reader was, for example. Any value
   * that JSON can hold; it stays in this browser.
   */
  readonly appState?: unknown;
}

/** The tokens of a sign-in, and what was to be remembered with it. */
export interface SignedIn extends Tokens {
  /** The `appState` that the sign-in was started with. */
  readonly appState?: unknown;
}

/**
 * Starts a sign-in, and gives the address to send the browser to.
 *
 * @internal
 */
export async function begin(
  app: Connection,
  options: AuthorizationOptions & { signal?: Signal | undefined },
  suffix = "",
): Promise<Url> {
  needJson(options.appState);
  needSignal(options.signal);
  const metadata = await app.discover(options.signal);
  const pkce = await createPkce();
  const state = (await randomToken()) + suffix;
  new PendingSignIns(app).add(state, {
    verifier: pkce.verifier,
    redirectUri: app.redirectUri,
    issuer: metadata.issuer,
    startedAt: Date.now(),
    appState: options.appState,
  });
  return authorizationUrl(app, metadata, state, pkce.challenge, options);
}

/**
 * Starts a sign-in, and sends a window to it.
 *
 * @internal
 */
export async function leave(
  app: Connection,
  options: AuthorizationOptions & { signal?: Signal | undefined },
  target: "_self" | "_parent" | "_top" | Opened = "_self",
): Promise<void> {
  const isPage = "document" in globalThis;
  const names = isPage ? { _self: self, _parent: parent, _top: top ?? self } : {};
  const to = typeof target === "string" ? (names as Partial<Record<string, Opened>>)[target] : target;
  if (to?.location === undefined) {
    const wanted = isPage ? `_self, _parent, _top or a window, not ${String(target)}` : "a window: there is no page here; authorizationUrl() gives the address";
    throw misuse(`signIn(): target must be ${wanted}`);
  }
  const { href } = await begin(app, options);
  try {
    to.location.href = href;
  } catch (cause) {
    throw new BluegateError("unsupported", `the browser does not let this frame send ${String(target)} elsewhere: call this from a click`, { cause });
  }
}

/** What cannot be remembered is said before the person leaves. */
function needJson(appState: unknown): void {
  try {
    JSON.stringify(appState);
  } catch (cause) {
    throw misuse("appState must be a value that JSON can hold", cause);
  }
}

/** Exchanges that are under way, by the storage of their sign-ins: clients that share it share them. */
const exchanges = new WeakMap<PendingStorage, Map<string, Promise<SignedIn>>>();

/**
 * Takes the answer that came in an address, and exchanges it for tokens; `undefined` where no sign-in under way
 * is waiting for it. With `own` it is removed from the page's address.
 *
 * @internal
 */
export async function answer(app: Connection, url: URL, own: boolean, signal: Signal | undefined): Promise<SignedIn | undefined> {
  if (!isAnswer(url, app.redirectUri)) return undefined;
  const under = exchanges.get(app.pendings) ?? new Map<string, Promise<SignedIn>>();
  exchanges.set(app.pendings, under);
  const id = `${app.key} ${url.href}`;
  let exchange = under.get(id);
  if (exchange === undefined) {
    const pendings = new PendingSignIns(app);
    const state = url.searchParams.get("state") ?? "";
    const pending = pendings.get(state);
    if (pending === undefined) {
      const { handOver, isPopup } = await app.parts.popup();
      if (own && isPopup(state)) await handOver(state, url);
      return undefined;
    }
    exchange = exchangeAnswer(app, url, own, pendings, state, pending).finally(() => under.delete(id));
    under.set(id, exchange);
  }
  // Each client keeps the tokens where it keeps them, also when its caller does not wait any longer.
  const kept = exchange.then(async (signedIn) => {
    const { appState: _, ...tokens } = signedIn;
    await (await app.session()).begin(tokens);
    return signedIn;
  });
  return abortable(kept, signal);
}

async function exchangeAnswer(
  app: Connection,
  url: URL,
  own: boolean,
  pendings: PendingSignIns,
  state: string,
  pending: Pending,
): Promise<SignedIn> {
  // Until the gateway is reached nothing is used up: then a reload may try again.
  const metadata = await app.discover(undefined);
  if (own) history.replaceState(history.state, "", withoutAnswer(url));
  const code = takeCode(url, pendings, state, pending, metadata.issInRedirect);
  const tokens = await exchangeCode(app, metadata, code, pending);
  const { appState } = pending;
  return { ...tokens, client: app.key, session: state, ...(appState === undefined ? {} : { appState }) };
}

/** The address that the browser goes to (RFC 6749, section 4.1.1; RFC 7636, section 4.3). */
function authorizationUrl(
  app: Connection,
  metadata: ServerMetadata,
  state: string,
  challenge: string,
  options: AuthorizationOptions,
): URL {
  const url = new URL(metadata.authorizationEndpoint);
  const query = url.searchParams;
  query.set("response_type", "code");
  query.set("client_id", app.clientId);
  query.set("redirect_uri", app.redirectUri);
  query.set("state", state);
  query.set("code_challenge", challenge);
  query.set("code_challenge_method", "S256");
  const scope = options.scope ?? (app.version === "v3" ? scopesOf(metadata) : undefined);
  // One scope may be given as it is.
  if (scope !== undefined) query.set("scope", [scope].flat().join(" "));
  if (options.lang !== undefined) query.set("lang", options.lang);
  if (options.prompt !== undefined) query.set("prompt", options.prompt);
  if (options.loginHint !== undefined) query.set("login_hint", options.loginHint);
  return url;
}

/** v3 takes no request without a scope; the others understand by it all that the application may have. */
function scopesOf(metadata: ServerMetadata): readonly string[] {
  return ALL_SCOPES.filter((scope) => metadata.scopes?.includes(scope) ?? true);
}

/** What the calls of the client need. */
const ALL_SCOPES = ["patient/Patient.rs", "patient/Coverage.rs", "patient/ExplanationOfBenefit.rs", "profile"];

/**
 * Checks the answer in the redirect and gives its code. The sign-in that it belongs to is forgotten by then: a second
 * use of the same address finds nothing.
 *
 * The order matters: `iss` first (RFC 9207), and only then anything that the sender could say.
 */
function takeCode(url: URL, pendings: PendingSignIns, state: string, pending: Pending, issRequired: boolean): string {
  const query = url.searchParams;
  for (const name of ["code", "state", "iss", "error", "error_description"]) {
    // RFC 6749, section 3.1: parameters must not be included more than once.
    if (query.getAll(name).length > 1) {
      throw new BluegateError("callback_invalid", `the answer repeats ${name}`);
    }
  }

  // RFC 9207, section 2.4: compare by simple string comparison, and only then read on.
  const iss = query.get("iss");
  if (iss === null ? issRequired : iss !== pending.issuer) {
    throw new BluegateError("issuer_mismatch", `the answer came from ${iss ?? "nobody"}, and not from ${pending.issuer}`);
  }
  pendings.remove(state);
  if (pending.startedAt < Date.now() - PENDING_LIFETIME_MS) {
    throw new BluegateError("sign_in_expired", "this sign-in was started more than an hour ago: call signIn() again");
  }

  const error = query.get("error");
  if (error !== null) {
    const message = query.get("error_description") ?? error;
    throw new BluegateError(redirectCode(error), message, { reason: error });
  }
  const code = query.get("code");
  if (code === null || code === "") {
    throw new BluegateError("callback_invalid", "the answer has no code");
  }
  return code;
}

/** Exchanges a code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5). */
function exchangeCode(app: Connection, metadata: ServerMetadata, code: string, pending: Pending): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: pending.redirectUri,
    client_id: app.clientId,
    code_verifier: pending.verifier,
  });
  // Once: a code whose first answer was lost is used up, and using it again ends what it gave.
  return requestTokens(app.transport, metadata, form, { once: true });
}

/** The code for an `error` that came in a redirect (RFC 6749, section 4.1.2.1). */
function redirectCode(error: string): ErrorCode {
  switch (error) {
    case "access_denied":
    case "invalid_scope":
      return error;
    case "unauthorized_client":
      return "invalid_client";
    case "temporarily_unavailable":
      return "maintenance";
    case "server_error":
      return "server_error";
    default:
      return "invalid_request";
  }
}

/** A sign-in under way. */
interface Pending {
  readonly verifier: string;
  readonly redirectUri: string;
  readonly issuer: string;
  readonly startedAt: number;
  readonly appState?: unknown;
}

/** How long a sign-in may take before its answer is refused. */
const PENDING_LIFETIME_MS = 60 * 60 * 1000;

/** How many sign-ins of one application may be under way in a tab. */
const PENDING_LIMIT = 5;

/** The sign-ins of one application that are under way, by their `state`. */
class PendingSignIns {
  readonly #storage: PendingStorage;
  readonly #key: string;

  constructor({ pendings, key }: Connection) {
    this.#storage = pendings;
    this.#key = `bluegate:pending:${key}`;
  }

  /** Remembers a sign-in. The oldest give way when there are too many. */
  add(state: string, pending: Pending): void {
    const kept = [...this.#read(), [state, pending] as const].slice(-PENDING_LIMIT);
    this.#write(kept);
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
    try {
      return JSON.parse(json) as [string, Pending][];
    } catch {
      return [];
    }
  }

  #write(all: readonly (readonly [string, Pending])[]): void {
    if (all.length === 0) {
      this.#storage.removeItem(this.#key);
    } else {
      orRefused(() => this.#storage.setItem(this.#key, JSON.stringify(all)));
    }
  }
}

/** The page's address without the answer in it. */
function withoutAnswer(url: URL): string {
  const clean = new URL(url);
  for (const name of ["code", "state", "iss", "error", "error_description", "error_uri"]) {
    clean.searchParams.delete(name);
  }
  return clean.pathname + clean.search + clean.hash;
}

/** Whether an address is the place that answers come to, with an answer's members. */
function isAnswer(url: URL, redirectUri: string): boolean {
  const { searchParams: query } = url;
  return query.has("state") && (query.has("code") || query.has("error")) && placeOf(url) === placeOf(redirectUri);
}

/** An address without what follows the path. */
function placeOf(address: string | URL): string | undefined {
  return urlOf(address)?.href.replace(/[?#].*/s, "");
}
