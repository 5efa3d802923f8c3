/*
 * Signing in: the way to the gateway, and what an answer has to be before it is believed (RFC 6749, RFC 7636,
 * RFC 9207). Loaded when it is needed: a page whose reader is signed in already does without.
 */
import type { ServerMetadata } from "./discovery.js";
import { BluegateError, type ErrorCode } from "./errors.js";
import type { Transport } from "./http.js";
import { createPkce, randomToken } from "./pkce.js";
import type { Signal, Url } from "./platform.js";
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
}

/**
 * The application that signs a person in, and where it keeps what is under way.
 *
 * @internal
 */
export interface SignIn {
  readonly transport: Transport;
  readonly metadata: ServerMetadata;
  readonly version: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly storage: PendingStorage;
}

/**
 * Starts a sign-in, and gives the address to send the browser to.
 *
 * @internal
 */
export async function begin(app: SignIn, options: AuthorizationOptions): Promise<Url> {
  const pkce = await createPkce();
  const state = await randomToken();
  new PendingSignIns(app.storage, app.clientId).add(state, {
    verifier: pkce.verifier,
    redirectUri: app.redirectUri,
    issuer: app.metadata.issuer,
    startedAt: Date.now(),
  });
  return authorizationUrl(app, state, pkce.challenge, options);
}

/**
 * Takes the answer that came in an address, and exchanges it for tokens.
 *
 * @internal
 */
export async function finish(app: SignIn, url: URL, signal: Signal | undefined): Promise<Tokens> {
  const pendings = new PendingSignIns(app.storage, app.clientId);
  const answer = takeCallback(url, pendings, app.metadata.issInRedirect);
  return exchangeCode(app.transport, app.metadata, app.clientId, answer, signal);
}

/** The address that the browser goes to (RFC 6749, section 4.1.1; RFC 7636, section 4.3). */
function authorizationUrl(app: SignIn, state: string, challenge: string, options: AuthorizationOptions): URL {
  const url = new URL(app.metadata.authorizationEndpoint);
  const query = url.searchParams;
  query.set("response_type", "code");
  query.set("client_id", app.clientId);
  query.set("redirect_uri", app.redirectUri);
  query.set("state", state);
  query.set("code_challenge", challenge);
  query.set("code_challenge_method", "S256");
  const scope = options.scope ?? scopeOf(app);
  if (scope !== undefined) query.set("scope", scope.join(" "));
  if (options.lang !== undefined) query.set("lang", options.lang);
  if (options.prompt !== undefined) query.set("prompt", options.prompt);
  return url;
}

/** v3 takes no request without a scope; the others understand by it all that the application may have. */
function scopeOf({ metadata, version }: SignIn): readonly string[] | undefined {
  if (version !== "v3") return undefined;
  return ALL_SCOPES.filter((scope) => metadata.scopes?.includes(scope) ?? true);
}

/** What the calls of the client need. */
const ALL_SCOPES = ["patient/Patient.rs", "patient/Coverage.rs", "patient/ExplanationOfBenefit.rs", "profile"];

/**
 * Checks the answer in the redirect and gives the code with the sign-in it belongs to, which is forgotten
 * by then: a second use of the same address finds nothing.
 *
 * The order matters: `state` first (is this ours at all?), then `iss`, and only then anything that the
 * sender could say.
 */
function takeCallback(
  url: URL,
  pendings: PendingSignIns,
  issRequired: boolean,
): { code: string; pending: Pending } {
  const query = url.searchParams;
  for (const name of ["code", "state", "iss", "error", "error_description"]) {
    // RFC 6749, section 3.1: parameters must not be included more than once.
    if (query.getAll(name).length > 1) {
      throw new BluegateError("callback_invalid", `the answer repeats ${name}`);
    }
  }

  const state = query.get("state");
  const pending = state === null ? undefined : pendings.get(state);
  if (state === null || pending === undefined) {
    throw pendings.any()
      ? new BluegateError("state_mismatch", "the answer belongs to another request")
      : new BluegateError("sign_in_expired", "no sign-in is under way here");
  }

  // RFC 9207, section 2.4: compare by simple string comparison, and only then read on.
  const iss = query.get("iss");
  if (iss === null ? issRequired : iss !== pending.issuer) {
    throw new BluegateError("issuer_mismatch", `the answer came from ${iss ?? "nobody"}`);
  }
  pendings.remove(state);

  const error = query.get("error");
  if (error !== null) {
    const message = query.get("error_description") ?? error;
    throw new BluegateError(redirectCode(error), message, { reason: error });
  }
  const code = query.get("code");
  if (code === null || code === "") {
    throw new BluegateError("callback_invalid", "the answer has no code");
  }
  return { code, pending };
}

/** Exchanges a code for tokens (RFC 6749, section 4.1.3; RFC 7636, section 4.5). */
function exchangeCode(
  transport: Transport,
  metadata: ServerMetadata,
  clientId: string,
  answer: { code: string; pending: Pending },
  signal: Signal | undefined,
): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: answer.code,
    redirect_uri: answer.pending.redirectUri,
    client_id: clientId,
    code_verifier: answer.pending.verifier,
  });
  // Once: a code whose first answer was lost is used up, and using it again ends what it gave.
  return requestTokens(transport, metadata, form, { once: true, signal });
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
}

/** How long a sign-in may take before its answer is refused. */
const PENDING_LIFETIME_MS = 60 * 60 * 1000;

/** How many sign-ins of one application may be under way in a tab. */
const PENDING_LIMIT = 5;

/** The sign-ins of one application that are under way, by their `state`. */
class PendingSignIns {
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

