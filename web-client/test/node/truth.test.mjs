// The parser against an independent reading: every field of every claim, coverage and patient of the
// fixtures, in WebAssembly, beside npm `fhirpath` with the expressions of test/truth.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import fhirpath from "fhirpath";
import { init, parsePageSync } from "@bluegate/client/fhir";
import { fixtures, repository } from "../fixtures.mjs";
import { cell, reading } from "../truth/cells.mjs";
import { page as document, seenOf } from "../truth/page.mjs";
import { CLAIM, LINE } from "../truth/claim.mjs";
import { CLAIM_C4BB, COVERAGE_C4BB, LINE_C4BB, PATIENT_C4BB, withC4bb } from "../truth/c4bb.mjs";
import { COVERAGE, PATIENT } from "../truth/resources.mjs";

const VERSIONS = ["v1", "v2", "v3", "c4bb"];
withC4bb(CLAIM, CLAIM_C4BB);
withC4bb(LINE, LINE_C4BB);
withC4bb(COVERAGE, COVERAGE_C4BB);
withC4bb(PATIENT, PATIENT_C4BB);

const compiled = new Map();
/** Cells that some fixture had a value for. */
const seen = new Set();
/** Members that a value had, by table. */
const members = new Map([CLAIM, LINE, COVERAGE, PATIENT].map((table) => [table, new Set()]));
const encoder = new TextEncoder();

function evaluate(expression, resource, bundle, root = resource) {
  if (!compiled.has(expression)) compiled.set(expression, fhirpath.compile(expression));
  return compiled.get(expression)(resource, { resource: root, bundle });
}

/** All resources of a version: the file's name, the JSON, and what the parser makes of it. */
async function resources(version, type) {
  await init();
  const folder = version === "c4bb" ? path.join(repository, "shared/tests/payers") : path.join(fixtures, "bfd", version);
  if (!fs.existsSync(folder)) {
    console.log(`skipped: no fixtures in ${folder}`);
    return [];
  }
  return fs.readdirSync(folder).filter((name) => name.endsWith(".json")).flatMap((name) => {
    const json = JSON.parse(fs.readFileSync(path.join(folder, name), "utf8"));
    const all = (json.resourceType === "Bundle" ? json.entry ?? [] : [{ resource: json }]).map(({ resource }) => resource);
    const bundle = version === "c4bb" ? json : { resourceType: "Bundle", entry: all.map((resource) => ({ resource })) };
    const page = parsePageSync(encoder.encode(JSON.stringify(bundle)));
    const found = all.map((resource, index) => ({ name, bundle, resource, value: page.entry(index).resource.value }));
    page.free();
    return found.filter(({ resource }) => resource?.resourceType === type);
  });
}

/** Compares the fields of one object with its JSON; gives what differs. */
function differences(table, where, version, type, value, { json, bundle, root }) {
  leaves(value, "", members.get(table));
  return Object.entries(table).flatMap(([field, entry]) => {
    const expression = cell(entry, version, type);
    const ours = reading(entry, entry.ours(value), false);
    const theirs = typeof expression === "string" ? reading(entry, evaluate(expression, json, bundle, root), true) : [];
    if (theirs.length > 0) seen.add(seenOf(table, field, version, type));
    return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [`${where} ${field}: ${ours.join(",")} | ${theirs.join(",")}`];
  });
}

/** The paths of everything in a value, lists passed through. */
function leaves(value, path, into) {
  if (Array.isArray(value)) value.forEach((element) => leaves(element, path, into));
  else if (value !== null && typeof value === "object") {
    for (const [name, member] of Object.entries(value)) leaves(member, path === "" ? name : `${path}.${name}`, into);
  } else into.add(path);
}

for (const version of VERSIONS) {
  test(`every field of every claim of ${version} is what FHIRPath reads`, async (t) => {
    const claims = await resources(version, "ExplanationOfBenefit");
    const found = claims.flatMap(({ name, bundle, resource, value }) => {
      const lines = value.lines ?? [];
      const items = [...(resource.item ?? [])].sort((a, b) => a.sequence - b.sequence);
      return [
        ...differences(CLAIM, `${name} ${value.type}`, version, value.type, value, { json: resource, bundle }),
        ...lines.flatMap((line, index) => differences(LINE, `${name} ${value.type} line`, version, value.type, line, { json: items[index], bundle, root: resource })),
      ];
    });
    t.diagnostic(`${claims.length} claims`);
    assert.deepEqual(found, []);
  });
}

for (const [type, table] of [["Coverage", COVERAGE], ["Patient", PATIENT]]) {
  for (const version of VERSIONS) {
    test(`every field of every ${type} of ${version} is what FHIRPath reads`, async (t) => {
      const found = await resources(version, type);
      t.diagnostic(`${found.length} resources`);
      assert.deepEqual(
        found.flatMap(({ name, bundle, resource, value }) => differences(table, name, version, type, value, { json: resource, bundle })),
        [],
      );
    });
  }
}

// What is not compared by itself, with the reason.
const ASIDE = [
  [/\.display$|\.label$/, "the label beside a code that is compared; the server's text or nothing"],
  [/\.system$/, "the list's name, from the system of the coding that is compared"],
  [/^amounts\.|^dual\.|^buyIn\.|^contracts\.|^plans\.|^pharmacy\./, "compared as a whole"],
  [/^(info|counts|decisions)\.name$/, "the variable; shared/tests/fhir_versions.rs compares v1 with v2 by it"],
  [/^(billing|organization|facility|referring|careTeam\.provider)\.number$/, "any identifier that is no NPI"],
  [/^lines\./, "in the table of lines"],
  [/^enrollment\.|^leftOut$/, "derived; shared/tests/fhir_standing.rs"],
  [/^totals\./, "named from the amounts, which are compared; sums, and why one is not known, in shared/tests/fhir_amounts.rs"],
  [/^(careTeam\.(specialty|taxonomy)|info\.code|facilityType|drug\.ingredients|plan$)/, "compared by its code"],
];

test("every member of the model is in a table, or set aside with a reason", (t) => {
  const missing = [];
  for (const [table, found] of members) {
    for (const path of found) {
      if (!(path in table) && !ASIDE.some(([pattern]) => pattern.test(path))) missing.push(path);
    }
  }
  t.diagnostic(`${[...members.values()].reduce((sum, found) => sum + found.size, 0)} members`);
  assert.deepEqual(missing, []);
});

test("docs/fields.md is what the tables say", () => {
  const file = path.join(repository, "docs", "fields.md");
  const text = document({ CLAIM, LINE, COVERAGE, PATIENT }, seen, ASIDE);
  if (process.env.BLUEGATE_WRITE_DOCS === "1" && fs.existsSync(fixtures)) fs.writeFileSync(file, text);
  // Without fixtures nobody knows which cells have been seen.
  const told = (page) => (fs.existsSync(fixtures) ? page : page.replaceAll(" *not seen*", ""));
  assert.equal(told(fs.readFileSync(file, "utf8")), told(text), "BLUEGATE_WRITE_DOCS=1 npm test -- --test-name-pattern . writes it anew");
});
