// Writes ts/testing/person.ts: a person of the sandbox, as its claims backend answers (v2), for `fakeGateway()`. Needs
// cargo; a test of the sandbox fails when it answers otherwise than it did then.
//
//   node testing/generate.mjs
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const PERSON = "28324";
/** How many claims of each type, at most. */
const OF_A_TYPE = 2;

const resources = {
  Patient: dump("Patient"),
  Coverage: dump("Coverage"),
  ExplanationOfBenefit: inTurn(dump("EOB?_count=50")),
};
const lists = Object.entries(resources).map(([type, all]) => `  ${type}: [\n${all.map((one) => `    ${JSON.stringify(one)},\n`).join("")}  ],\n`);
fs.writeFileSync(
  path.join(here, "../ts/testing/person.ts"),
  `// Made by testing/generate.mjs: the person ${PERSON} of the sandbox.
import type { FakeResource } from "../testing.js";

/** The resources of a made-up person, by their types. */
const person: Readonly<Record<"${Object.keys(resources).join('" | "')}", readonly FakeResource[]>> = {
${lists.join("")}};

export default person;
`,
);

function dump(resource) {
  const args = ["run", "--quiet", "--package=bluegate-sandbox", "--example=dump", "--", "v2", resource, PERSON];
  const dumped = spawnSync(process.env.CARGO ?? "cargo", args, { cwd: path.join(here, "../.."), encoding: "utf8", maxBuffer: 1 << 30 });
  if (dumped.status !== 0) throw new Error(dumped.stderr);
  return JSON.parse(dumped.stdout).entry.map((entry) => entry.resource);
}

/** Some of each type, one type after the other, so that a few claims are of several types. */
function inTurn(claims) {
  const types = [...new Set(claims.map(typeOf))];
  const byType = types.map((type) => claims.filter((claim) => typeOf(claim) === type));
  return Array.from({ length: OF_A_TYPE }, (_, round) => byType.flatMap((some) => some[round] ?? [])).flat();
}

function typeOf({ id }) {
  return id.replace(/-.*/, "");
}
