// The people of these tests: those of the sandbox's sample list, each handed out once, so that walks at the same time
// never meet at one account.
import { createHash } from "node:crypto";
import fs from "node:fs";
import { fileURLToPath } from "node:url";

const LIST = fileURLToPath(new URL("../../../docs/sample-people.csv", import.meta.url));

/** Those people: what they type at the sandbox's provider, what others say of them, and who they are. */
export function people() {
  const [header, ...lines] = fs.readFileSync(LIST, "utf8").trim().split("\n");
  const columns = header.split(",");
  const rows = lines.map((line) => Object.fromEntries(line.split(",").map((value, i) => [columns[i], value])));
  return rows.map(({ username, password, patient, name }) => ({
    login: username,
    password,
    patient,
    name,
    email: `${username.toLowerCase()}@example.org`,
    subject: uuid(username),
  }));
}

/** Hands them out one by one, with what the claims backend at this address has of them. */
export function handOut(all, claims) {
  return async () => lookUp(all.shift(), claims);
}

/** Adds how many claims a person has now, and the Medicare number, unless it is said already. */
export async function lookUp(person, claims) {
  const get = async (path) => (await fetch(`${claims}/v2/fhir/${path}`)).json();
  const [{ identifier }, { total }] = await Promise.all([
    get(`Patient/${person.patient}`),
    get(`ExplanationOfBenefit?patient=${person.patient}&_count=1`),
  ]);
  person.claims = total;
  if (!("mbi" in person)) person.mbi = identifier.find(({ system }) => system === US_MBI).value;
  return person;
}

function uuid(name) {
  const hash = createHash("sha256").update(name).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}

const US_MBI = "http://hl7.org/fhir/sid/us-mbi";
