/*
 * Requests to the gateway, and what its answers mean. One table for OAuth errors and one for the errors
 * of FHIR and userinfo, so that a code is decided in one place.
 */
import { BluegateError, type ErrorCode, type ErrorDetails } from "./errors.js";

/** The platform's `fetch`, or one that behaves like it. */
export type Fetch = (input: string | URL, init?: RequestInit) => Promise<Response>;

/** Sends a request. A failed connection becomes `offline`; an abort by the caller passes unchanged. */
export async function send(fetch: Fetch, url: string | URL, init: RequestInit): Promise<Response> {
  try {
    // No cookies: the routes that are called from here know bearer tokens only.
    return await fetch(url, { credentials: "omit", ...init });
  } catch (cause) {
    throw lost(cause, init.signal);
  }
}

/** Reads the whole body. */
export async function bodyOf(response: Response, signal?: AbortSignal | null): Promise<Uint8Array> {
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw lost(cause, signal);
  }
}

/** Reads a body that has to be a JSON object. */
export async function objectOf(
  response: Response,
  signal?: AbortSignal | null,
): Promise<Record<string, unknown>> {
  const bytes = await bodyOf(response, signal);
  const object = parseObject(bytes);
  if (object === undefined) {
    throw new BluegateError("bad_response", "the answer is not a JSON object", detailsOf(response));
  }
  return object;
}

/** The error that an answer of the token or revocation endpoint stands for. */
export async function oauthError(response: Response): Promise<BluegateError> {
  const body = parseObject(await bodyOf(response)) ?? {};
  const reason = text(body["error"]);
  const message = text(body["error_description"]) ?? reason ?? `status ${response.status}`;
  return new BluegateError(oauthCode(response.status, reason), message, {
    ...detailsOf(response),
    reason,
  });
}

/** The error that an answer of FHIR or userinfo stands for. */
export async function resourceError(response: Response): Promise<BluegateError> {
  const body = parseObject(await bodyOf(response)) ?? {};
  const reason = text(body["code"]);
  const message = text(body["detail"]) ?? `status ${response.status}`;
  return new BluegateError(resourceCode(response.status, reason), message, {
    ...detailsOf(response),
    reason,
  });
}

/** The code for an `error` that came in a redirect (RFC 6749, section 4.1.2.1). */
export function redirectCode(error: string): ErrorCode {
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

function resourceCode(status: number, reason: string | undefined): ErrorCode {
  switch (reason) {
    case "grant_expired":
      return "grant_expired";
    case "grant_revoked":
      return "revoked";
    case "insufficient_scope":
      return "insufficient_scope";
    case "application_inactive":
      return "application_inactive";
    default:
  }
  switch (status) {
    case 401:
      return "session_ended";
    case 403:
      return "insufficient_scope";
    case 404:
    case 410:
      return "not_found";
    case 429:
      return "rate_limited";
    case 503:
      return "maintenance";
    default:
      return status >= 500 ? "server_error" : "invalid_request";
  }
}

function detailsOf(response: Response): ErrorDetails {
  const wait = response.headers.get("Retry-After");
  return {
    status: response.status,
    requestId: response.headers.get("X-Request-ID") ?? undefined,
    retryAfter: wait !== null && /^\d{1,9}$/.test(wait) ? Number(wait) : undefined,
  };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A string, or nothing. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function lost(cause: unknown, signal: AbortSignal | null | undefined): unknown {
  if (signal?.aborted === true) {
    return cause;
  }
  return new BluegateError("offline", "the gateway could not be reached", { cause });
}
