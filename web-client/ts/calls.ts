/* Calls for one resource each. Loaded when one of them is made. */
import type { Connection } from "./connection.js";
import { BluegateError } from "./errors.js";
import { parseResource } from "./fhir.js";
import { objectOf, text } from "./http.js";
import type { Patient, UserInfo } from "./model.js";
import type { Signal } from "./platform.js";

/** The person's own record. */
export async function patient(connection: Connection, signal: Signal | undefined): Promise<Patient> {
  const tokens = await connection.tokens();
  if (tokens.patient === undefined) {
    throw new BluegateError("bad_response", "the token answer named no patient");
  }
  if (!tokens.scope.some((part) => /^patient\/(Patient|\*)\.(read|rs?)$/.test(part))) throw withheld();
  const url = `${connection.fhir}/Patient/${encodeURIComponent(tokens.patient)}`;
  const { resource } = await parseResource(await connection.read(url, signal, { patient: tokens.patient }));
  if (resource.kind !== "patient") {
    throw new BluegateError("bad_response", "the answer is not a Patient");
  }
  return resource.value;
}

/** Who signed in, in OpenID Connect's words. */
export async function userinfo(connection: Connection, signal: Signal | undefined): Promise<UserInfo> {
  const { userinfoEndpoint } = await connection.discover(signal);
  const tokens = await connection.tokens();
  if (!tokens.scope.includes("profile")) throw withheld();
  const url = userinfoEndpoint ?? `${connection.base}/${connection.version}/connect/userinfo`;
  const response = await connection.get(url, "application/json", signal, { patient: tokens.patient });
  const body = await objectOf(response, signal);
  if (text(body["sub"]) === undefined) {
    throw new BluegateError("bad_response", "the userinfo answer has no sub");
  }
  return body as unknown as UserInfo;
}

function withheld(): BluegateError {
  return new BluegateError("demographics_withheld", "the person did not share this");
}
