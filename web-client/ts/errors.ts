/**
 * Every failure of this package that a page may want to tell apart. The codes are stable: they may be
 * used in `switch` statements and as keys of a table of texts.
 */
export type ErrorCode =
  /** The person chose "do not allow". */
  | "access_denied"
  /** The application is suspended or not approved yet. */
  | "application_inactive"
  /** The answer could not be read: not JSON, not FHIR, or a required member is missing. */
  | "bad_response"
  /** The address that the browser came back to is not a valid authorization answer. */
  | "callback_invalid"
  /** The person did not share demographic information with this application. */
  | "demographics_withheld"
  /** The gateway's description of itself could not be fetched or does not fit its address. */
  | "discovery_failed"
  /** The access that the person gave has come to its end; they have to sign in again. */
  | "grant_expired"
  /** The token does not cover this resource. */
  | "insufficient_scope"
  /** The gateway does not know this application. */
  | "invalid_client"
  /** The call is wrong: the gateway refused it as malformed, or would have; the message says what and how. */
  | "invalid_request"
  /** The application may not ask for one of the scopes. */
  | "invalid_scope"
  /** The answer came from another authorization server than the one that was asked (RFC 9207). */
  | "issuer_mismatch"
  /** The service is closed for a while; see `retryAfter`. */
  | "maintenance"
  /** The package's WebAssembly could not be loaded or started; the message says what helps. */
  | "module_failed"
  /** There is no such resource. */
  | "not_found"
  /** There is no token: call `signIn()` first. */
  | "not_signed_in"
  /** The gateway could not be reached. */
  | "offline"
  /** The browser opened no window to sign in in. */
  | "popup_blocked"
  /** The window to sign in in was closed before the person had signed in. */
  | "popup_closed"
  /** Too many requests; see `retryAfter`. */
  | "rate_limited"
  /** The person took the access back. */
  | "revoked"
  /** The gateway or the service behind it failed. */
  | "server_error"
  /** The session is over (token unknown, used or ended); the person has to sign in again. */
  | "session_ended"
  /** The browser came back, but the sign-in was started here too long ago. */
  | "sign_in_expired"
  /** The gateway, or the browser, offers no way of doing this. */
  | "unsupported"
  /** A store holds, or the gateway sent, what is another person's than the one's who is, or was, signed in. */
  | "wrong_person";

/** What else is known about a failure. */
export interface ErrorDetails {
  /** HTTP status of the answer, where there was one. */
  readonly status?: number | undefined;
  /** The gateway's own reason, for logs: `error` of OAuth, or `code` of a FHIR error. */
  readonly reason?: string | undefined;
  /** Seconds to wait before the next attempt, from `Retry-After`. */
  readonly retryAfter?: number | undefined;
  /** The request id to name when asking for help. */
  readonly requestId?: string | undefined;
  /** The error below this one. */
  readonly cause?: unknown;
}

/** The one error class of this package. `code` says what happened; `message` is for developers. */
export class BluegateError extends Error {
  override readonly name = "BluegateError";
  /** What happened, as a stable code. */
  readonly code: ErrorCode;
  /** HTTP status of the answer, where there was one. */
  readonly status: number | undefined;
  /** The gateway's own reason, for logs. */
  readonly reason: string | undefined;
  /** Seconds to wait before the next attempt, from `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** The request id to name when asking for help. */
  readonly requestId: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfter = details.retryAfter;
    this.requestId = details.requestId;
  }
}

/**
 * The error of a call that is wrong.
 *
 * @internal
 */
export function misuse(message: string, cause?: unknown): BluegateError {
  return new BluegateError("invalid_request", message, { cause });
}
