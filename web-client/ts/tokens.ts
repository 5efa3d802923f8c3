/*
 * The token and revocation endpoints. Pure functions over the metadata; the client class keeps the state
 * between them.
 */
import type { ServerMetadata } from "./discovery.js";
import { BluegateError, type ErrorCode } from "./errors.js";
import { bodyOf, detailsOf, send, type Transport } from "./http.js";
import { objectOf, parseObject, text } from "./json.js";
import type { Signal } from "./platform.js";
import type { Tokens } from "./storage.js";

/** Gets new tokens for a refresh token (RFC 6749, section 6). */
export async function refreshTokens(
  transport: Transport,
  metadata: ServerMetadata,
  clientId: string,
  tokens: Tokens,
): Promise<Tokens> {
  if (tokens.refreshToken === undefined) {
    throw new BluegateError("session_ended", "the access was for one time only: sign in again");
  }
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: tokens.refreshToken,
    client_id: clientId,
  });
  return requestTokens(transport, metadata, form, { previous: tokens });
}

/**
 * Ends the tokens that belong together with this one (RFC 7009, at the endpoint of the metadata), or the
 * whole consent (at the gateway's own endpoint).
 */
export async function revokeToken(
  transport: Transport,
  endpoint: string,
  clientId: string,
  tokens: Tokens,
  signal?: Signal | null,
): Promise<void> {
  const token = tokens.refreshToken ?? tokens.accessToken;
  const hint = tokens.refreshToken === undefined ? "access_token" : "refresh_token";
  const form = new URLSearchParams({ token, token_type_hint: hint, client_id: clientId });
  const response = await post(transport, endpoint, form, false, signal);
  if (!response.ok) {
    throw await oauthError(response);
  }
}

/** Asks the token endpoint. */
export async function requestTokens(
  transport: Transport,
  metadata: ServerMetadata,
  form: URLSearchParams,
  { previous, once = false, signal }: { previous?: Tokens; once?: boolean; signal?: Signal | undefined } = {},
): Promise<Tokens> {
  const response = await post(transport, metadata.tokenEndpoint, form, once, signal);
  if (!response.ok) {
    throw await oauthError(response, previous !== undefined);
  }
  return readTokens(await objectOf(response, signal), previous);
}

function post(
  transport: Transport,
  url: string,
  form: URLSearchParams,
  once: boolean,
  signal?: Signal | null,
): Promise<Response> {
  const headers = { Accept: "application/json" };
  return send(transport, url, { method: "POST", headers, body: form, signal: signal ?? null }, once);
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
    ...(previous?.client === undefined ? {} : { client: previous.client }),
    ...(previous?.session === undefined ? {} : { session: previous.session }),
    accessToken,
    expiresAt: Date.now() + seconds * 1000,
    scope: scope ?? previous?.scope ?? [],
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(patient === undefined ? {} : { patient }),
    // An empty string stands for a consent without an end (research studies).
    ...(until === undefined || until === "" ? {} : { accessGrantExpiration: until }),
  };
}

/** The error that an answer of the token or revocation endpoint stands for. */
async function oauthError(response: Response, refreshing = false): Promise<BluegateError> {
  const body = parseObject(await bodyOf(response)) ?? {};
  const reason = text(body["error"]);
  const message =
    text(body["error_description"]) ??
    text(body["message"]) ??
    text(body["description"]) ??
    reason ??
    `the server answered ${response.status}`;
  const code = refreshing && isRefusal(response.status, reason, message) ? "session_ended" : oauthCode(response.status, reason);
  return new BluegateError(code, message, { ...detailsOf(response), reason });
}

/**
 * Whether a refresh will be refused for ever. Blue Button calls a token that it does not know an invalid
 * request, on v3 a denied one; and it gives refresh tokens to applications that may not use them.
 */
function isRefusal(status: number, reason: string | undefined, message: string): boolean {
  return (
    (status === 400 && reason === "invalid_request") ||
    (status === 403 && (reason === undefined || /not allowed to refresh/.test(message)))
  );
}

function oauthCode(status: number, reason: string | undefined): ErrorCode {
  if (status === 429) return "rate_limited";
  if (status === 503) return "maintenance";
  if (status >= 500) return "server_error";
  switch (reason) {
    case "invalid_grant":
      // The gateway tells the end of a grant from its revocation by the status.
      return status === 401 ? "grant_expired" : status === 403 ? "revoked" : "session_ended";
    case "invalid_client":
      return status === 403 ? "application_inactive" : "invalid_client";
    case "invalid_scope":
      return "invalid_scope";
    default:
      return "invalid_request";
  }
}
