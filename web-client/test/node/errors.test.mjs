// Every code that the gateway documents for its FHIR routes has a code of the package, on each version.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { repository } from "../fixtures.mjs";
import { code, signedIn } from "../gateway.mjs";

const CODES = {
  application_inactive: "application_inactive",
  authorization_repeated: "invalid_request",
  backend_busy: "maintenance",
  backend_error: "server_error",
  backend_rejected: "invalid_request",
  backend_timeout: "server_error",
  backend_unreachable: "server_error",
  body_broken: "invalid_request",
  body_late: "invalid_request",
  body_too_large: "invalid_request",
  encoding_unsupported: "invalid_request",
  grant_expired: "grant_expired",
  grant_revoked: "revoked",
  head_too_large: "invalid_request",
  insufficient_scope: "insufficient_scope",
  invalid_parameter: "invalid_request",
  invalid_token: "session_ended",
  length_ambiguous: "invalid_request",
  locked_down: "maintenance",
  method_not_allowed: "invalid_request",
  no_credentials: "session_ended",
  no_patient_in_version: "not_found",
  not_acceptable: "invalid_request",
  not_configured: "maintenance",
  not_found: "not_found",
  other_person: "insufficient_scope",
  path_malformed: "invalid_request",
  rate_limited: "rate_limited",
  release_guard: "server_error",
  store_unavailable: "maintenance",
  target_too_long: "invalid_request",
  token_in_query: "invalid_request",
  token_repeated: "invalid_request",
  unsupported_media_type: "invalid_request",
  version_off: "unsupported",
  authorization_repeated: "invalid_request",
  body_broken: "invalid_request",
  body_late: "invalid_request",
  body_too_large: "invalid_request",
  encoding_unsupported: "invalid_request",
  head_too_large: "invalid_request",
  length_ambiguous: "invalid_request",
  method_not_allowed: "invalid_request",
  not_configured: "maintenance",
  path_malformed: "invalid_request",
  target_too_long: "invalid_request",
  token_repeated: "invalid_request",
};

test("each documented code of the FHIR routes becomes a code of the package", async (t) => {
  const text = fs.readFileSync(path.join(repository, "docs", "fhir-errors.md"), "utf8");
  const documented = [...text.matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, reason, status]) => [reason, Number(status)]);
  assert.deepEqual(documented.map(([reason]) => reason).sort(), Object.keys(CODES).sort());

  for (const version of ["v2", "v3"]) {
    for (const [reason, status] of documented) {
      // One-time access: nothing to refresh, so that the first answer is the last.
      const answer = { access_token: "a", token_type: "Bearer", expires_in: 60, patient: "-1" };
      const { gateway, client } = await signedIn(t, { answer, options: { version, retry: false } });
      const outcome = { resourceType: "OperationOutcome", issue: [{ details: { coding: [{ code: reason }] } }] };
      gateway.routes[`GET /${version}/fhir/Coverage`] = () => ({
        status,
        body: version === "v3" ? outcome : { detail: "why", code: reason },
      });
      await assert.rejects(client.coverage(), (error) => {
        assert.equal(error.reason, reason);
        return code(CODES[reason])(error);
      });
    }
  }
});
