/*
 * The OAuth 2.0 code flow of a public client: what is sent, and what an answer has to be before it is
 * believed. Pure functions over the metadata; the client class keeps the state between them.
 */
import type { ServerMetadata } from "./discovery.js";
import { BluegateError } from "./errors.js";
import { oauthError, objectOf, redirectCode, send, text, type Fetch } from "./http.js";
import type { Pending, PendingSignIns, Tokens } from "./storage.js";

/** What an authorization request may ask for besides its fixed parts. */
export interface AuthorizationOptions {
  /** Scopes to ask for; left out, the gateway offers all that the application may have. */
  readonly scope?: readonly string[];
  /** Language of the gateway's pages. */
  readonly lang?: "en" | "es";
  /** Ask for the password again even where the person is signed in. */
  readonly prompt?: "login";
}

/** The address that the browser goes to (RFC 6749, section 4.1.1; RFC 7636, section 4.3). */
export function authorizationUrl(
  metadata: ServerMetadata,
  request: { clientId: string; redirectUri: string; state: string; challenge: string },
  options: AuthorizationOptions,
): URL {
  const url = new URL(metadata.authorizationEndpoint);
  const query = url.searchParams;
  query.set("response_type", "code");
  query.set("client_id", request.clientId);
  query.set("redirect_uri", request.redirectUri);
  query.set("state", request.state);
  query.set("code_challenge", request.challenge);
  query.set("code_challenge_method", "S256");
  if (options.scope !== undefined) query.set("scope", options.scope.join(" "));
  if (options.lang !== undefined) query.set("lang", options.lang);
  if (options.prompt !== undefined) query.set("prompt", options.prompt);
  return url;
}

/** Whether an address looks like the answer to an authorization request. */
export function isCallback(url: URL): boolean {
  const query = url.searchParams;
  return query.has("code") || query.has("error");
}

/**
 * Checks the answer in the redirect and gives the code with the sign-in it belongs to, which is forgotten
 * by then: a second use of the same address finds nothing.
 *
 * The order matters: `state` first (is this ours at all?), then `iss`, and only then anything that the
 * sender could say.
 */
export function takeCallback(
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
export function exchangeCode(
  fetch: Fetch,
  metadata: ServerMetadata,
  clientId: string,
  answer: { code: string; pending: Pending },
  signal?: AbortSignal | null,
): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: answer.code,
    redirect_uri: answer.pending.redirectUri,
    client_id: clientId,
    code_verifier: answer.pending.verifier,
  });
  return requestTokens(fetch, metadata, form, undefined, signal);
}

/** Gets new tokens for a refresh token (RFC 6749, section 6). */
export function refreshTokens(
  fetch: Fetch,
  metadata: ServerMetadata,
  clientId: string,
  tokens: Tokens & { readonly refreshToken: string },
): Promise<Tokens> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: tokens.refreshToken,
    client_id: clientId,
  });
  return requestTokens(fetch, metadata, form, tokens);
}

/** Ends the tokens that belong together with this one (RFC 7009). */
export async function revokeToken(
  fetch: Fetch,
  metadata: ServerMetadata,
  clientId: string,
  tokens: Tokens,
  signal?: AbortSignal | null,
): Promise<void> {
  if (metadata.revocationEndpoint === undefined) {
    throw new BluegateError("unsupported", "the gateway has no revocation endpoint");
  }
  const token = tokens.refreshToken ?? tokens.accessToken;
  const hint = tokens.refreshToken === undefined ? "access_token" : "refresh_token";
  const form = new URLSearchParams({ token, token_type_hint: hint, client_id: clientId });
  const response = await post(fetch, metadata.revocationEndpoint, form, signal);
  if (!response.ok) {
    throw await oauthError(response);
  }
}

async function requestTokens(
  fetch: Fetch,
  metadata: ServerMetadata,
  form: URLSearchParams,
  previous?: Tokens,
  signal?: AbortSignal | null,
): Promise<Tokens> {
  const response = await post(fetch, metadata.tokenEndpoint, form, signal);
  if (!response.ok) {
    throw await oauthError(response);
  }
  return readTokens(await objectOf(response, signal), previous);
}

function post(
  fetch: Fetch,
  url: string,
  form: URLSearchParams,
  signal?: AbortSignal | null,
): Promise<Response> {
  return send(fetch, url, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: form,
    signal: signal ?? null,
  });
}

/** Reads a token answer (RFC 6749, section 5.1). What a refresh leaves out stays as it was. */
function readTokens(body: Record<string, unknown>, previous: Tokens | undefined): Tokens {
  const accessToken = text(body["access_token"]);
  const type = text(body["token_type"]);
  const seconds = body["expires_in"];
  if (
    accessToken === undefined ||
    type?.toLowerCase() !== "bearer" ||
    typeof seconds !== "number" ||
    !Number.isFinite(seconds)
  ) {
    throw new BluegateError("bad_response", "the token answer lacks a required member");
  }
  const scope = text(body["scope"])?.split(" ").filter((part) => part !== "");
  const refreshToken = text(body["refresh_token"]) ?? previous?.refreshToken;
  const patient = text(body["patient"]) ?? previous?.patient;
  const until = text(body["access_grant_expiration"]) ?? previous?.accessGrantExpiration;
  return {
    accessToken,
    expiresAt: Date.now() + seconds * 1000,
    scope: scope ?? previous?.scope ?? [],
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(patient === undefined ? {} : { patient }),
    // An empty string stands for a consent without an end (research studies).
    ...(until === undefined || until === "" ? {} : { accessGrantExpiration: until }),
  };
}
