/* What the errors of FHIR and userinfo mean. Those of OAuth are with the token endpoint. */
import { BluegateError, type ErrorCode } from "./errors.js";
import { bodyOf, detailsOf } from "./http.js";
import { parseObject, text } from "./json.js";

/** The error that an answer of FHIR or userinfo stands for. */
export async function resourceError(response: Response): Promise<BluegateError> {
  const body = parseObject(await bodyOf(response)) ?? {};
  // v3 says the same in an OperationOutcome.
  const issue = (body as { issue?: Outcome[] }).issue?.[0];
  const reason = text(body["code"]) ?? text(issue?.details?.coding?.[0]?.code);
  const message =
    text(body["detail"]) ??
    text(issue?.details?.text) ??
    text(issue?.diagnostics) ??
    text(body["message"]) ??
    `the server answered ${response.status}`;
  return new BluegateError(resourceCode(response.status, reason, message), message, {
    ...detailsOf(response),
    reason,
  });
}

interface Outcome {
  readonly details?: { readonly coding?: readonly { readonly code?: unknown }[]; readonly text?: unknown };
  readonly diagnostics?: unknown;
}

function resourceCode(status: number, reason: string | undefined, message: string): ErrorCode {
  switch (reason ?? reasonIn(message)) {
    case "grant_expired":
      return "grant_expired";
    case "grant_revoked":
      return "revoked";
    case "insufficient_scope":
      return "insufficient_scope";
    case "application_inactive":
      return "application_inactive";
    case "no_patient_in_version":
      return "not_found";
    case "version_off":
      return "unsupported";
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

/** Blue Button says in words alone what the gateway has codes for. */
function reasonIn(message: string): string | undefined {
  if (/^User access has timed out/.test(message)) return "grant_expired";
  if (/^User access cannot be found/.test(message)) return "grant_revoked";
  if (/ is temporarily inactive/.test(message)) return "application_inactive";
  if (/ access to v3 endpoints/.test(message)) return "version_off";
  return undefined;
}
