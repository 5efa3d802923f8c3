/* Calls for one resource each. Loaded when one of them is made. */
import { readCard, type InsuranceCard } from "./card.js";
import type { Connection } from "./connection.js";
import { needSignal } from "./checks.js";
import { BluegateError } from "./errors.js";
import { parseResource } from "./fhir.js";
import { urlOf } from "./http.js";
import { objectOf, parseObject, text } from "./json.js";
import type { Claim, Coverage, FhirResource, Patient, UserInfo } from "./model.js";
import type { PageIterator } from "./pages.js";
import type { Signal } from "./platform.js";

/** The person's own record. */
export async function patient(connection: Connection, signal: Signal | undefined): Promise<Patient> {
  const { patient, scope } = await connection.tokens();
  if (patient === undefined) {
    throw new BluegateError("bad_response", "the token answer named no patient");
  }
  if (!sharesPatient(scope)) throw withheld();
  return one(connection, "patient", "Patient", patient, signal);
}

/** The person's insurance card. v3 alone has it, whatever version the client is for. */
export async function insuranceCard(connection: Connection, signal: Signal | undefined): Promise<InsuranceCard> {
  const { patient, scope } = await connection.tokens();
  if (!sharesPatient(scope)) throw withheld();
  const url = `${connection.base}/v3/fhir/Patient/$generate-insurance-card`;
  return readCard(await connection.read(url, signal, { patient }));
}

/** Whether the person shared who they are. */
function sharesPatient(scope: readonly string[]): boolean {
  return scope.some((part) => /^patient\/(Patient|\*)\.(read|rs?)$/.test(part));
}

/** A claim by its id. */
export function claim(connection: Connection, signal: Signal | undefined, id: string): Promise<Claim> {
  return one(connection, "claim", "ExplanationOfBenefit", id, signal);
}

/** A coverage by its id. */
export function coverage(connection: Connection, signal: Signal | undefined, id: string): Promise<Coverage> {
  return one(connection, "coverage", "Coverage", id, signal);
}

/** All coverages of a search. */
export async function coverages(_: Connection, signal: Signal | undefined, pages: PageIterator): Promise<Coverage[]> {
  needSignal(signal);
  const all: Coverage[] = [];
  for await (const page of pages) {
    all.push(...page.coverages());
    page.free();
  }
  return all;
}

/** The JSON of an answer to any path under the FHIR base. */
export async function read(connection: Connection, signal: Signal | undefined, path: string): Promise<FhirResource> {
  const object = parseObject(await connection.read(addressOf(connection, path), signal));
  if (text(object?.["resourceType"]) === undefined) {
    throw new BluegateError("bad_response", `the answer to ${path} is not a FHIR resource`);
  }
  return object as unknown as FhirResource;
}

/** The address of a path under the FHIR base: the token goes nowhere else. */
export function addressOf({ fhir }: Connection, path: string): string {
  const base = new URL(`${fhir}/`);
  const given = String(path);
  const relative = given.startsWith("/") && !given.startsWith(base.pathname) ? given.slice(1) : given;
  const url = typeof path === "string" ? urlOf(relative, base) : undefined;
  if (url?.origin !== base.origin || !url.pathname.startsWith(base.pathname) || url.pathname === base.pathname) {
    throw new BluegateError("invalid_request", `${path} is not a path under ${base.href}, such as Patient/123 or Coverage?_count=10`);
  }
  return url.href;
}

interface Kinds {
  readonly claim: Claim;
  readonly coverage: Coverage;
  readonly patient: Patient;
}

async function one<K extends keyof Kinds>(
  connection: Connection,
  kind: K,
  type: string,
  id: string,
  signal: Signal | undefined,
): Promise<Kinds[K]> {
  needSignal(signal);
  // FHIR's id, of any length; an address would take dots alone for a step up.
  if (typeof id !== "string" || !/^(?!\.+$)[\w.-]+$/.test(id)) {
    throw new BluegateError("invalid_request", `${JSON.stringify(id)} is not the id of a ${type}, such as a row's`);
  }
  const { patient } = await connection.tokens();
  const { resource } = await parseResource(await connection.read(`${connection.fhir}/${type}/${id}`, signal, { patient }));
  if (resource.kind !== kind) {
    throw new BluegateError("bad_response", `the answer is not a ${type}`);
  }
  const { value } = resource;
  const owner = (value as { readonly patientId?: string }).patientId;
  if (owner !== undefined && patient !== undefined && owner !== patient) {
    throw new BluegateError("wrong_person", `the gateway sent a ${type} of another person`);
  }
  return value as Kinds[K];
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
