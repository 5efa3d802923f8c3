// The TypeScript types are written by hand from those of the crate `bluegate-shared`. The compiler compares
// them: what the parser makes of every fixture is written out as a literal of the declared type, in which
// a member that is not declared, or declared otherwise, is an error.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { canonical } from "@bluegate/client/fhir";
import { fixtureFiles, fixtures, repository } from "../fixtures.mjs";

const webClient = path.join(repository, "web-client");

test("everything read from the fixtures fits the declared types", async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-model-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));

  const entries = [];
  for (const file of fixtureFiles()) {
    const value = await readAll(fs.readFileSync(path.join(fixtures, file)));
    entries.push(...[value ?? []].flat());
  }
  // Alike resources say nothing new, and the compiler reads all of this.
  const shapes = new Map(entries.map((entry) => [JSON.stringify(shapeOf(entry)), entry]));
  if (entries.length === 0) return;

  const model = path.join(webClient, "dist", "model.js");
  const lines = [...shapes.values()].map((entry) => `  ${JSON.stringify(entry)},`);
  const source = `import type { Entry } from ${JSON.stringify(model)};\nexport const all: Entry[] = [\n${lines.join("\n")}\n];\n`;
  fs.writeFileSync(path.join(dir, "all.ts"), source);
  const tsc = path.join(webClient, "node_modules", ".bin", "tsc");
  const options = "--noEmit --strict --target es2022 --module es2022 --moduleResolution bundler --types";
  const result = spawnSync(tsc, [...options.split(" "), "", "all.ts"], { cwd: dir, encoding: "utf8" });
  assert.equal(result.stdout, "");
  assert.equal(result.status, 0);
  const kinds = new Set(entries.map((entry) => entry.resource.kind));
  for (const kind of ["claim", "coverage", "patient"]) assert.ok(kinds.has(kind), kind);
});

async function readAll(bytes) {
  try {
    return JSON.parse(await canonical(bytes));
  } catch (error) {
    if (error.name === "BluegateError") return undefined;
    throw error;
  }
}

/** A value with its strings and numbers made equal, except those that choose a type. */
function shapeOf(value, key) {
  if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shapeOf(item))))];
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shapeOf(item, name)]));
  }
  return ["kind", "type", "part", "system", "reason", "use"].includes(key) ? value : typeof value;
}
