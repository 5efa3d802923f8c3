// What a page has to download: the goals of the package, held to by every test run.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { repository } from "../fixtures.mjs";

const dist = path.join(repository, "web-client", "dist");
const gzip = (file) => gzipSync(fs.readFileSync(path.join(dist, file)), { level: 9 }).length;

/** A script and everything that it imports before it can run. */
function withImports(file, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = fs.readFileSync(path.join(dist, file), "utf8");
  for (const [, name] of text.matchAll(/(?:from|import)"\.\/([^"]+\.js)"/g)) withImports(name, seen);
  return seen;
}

const script = (entry) => [...withImports(entry)].reduce((sum, file) => sum + gzip(file), 0);

test("the module fhir is at most 60 KB (gzip)", (t) => {
  const size = gzip("wasm/fhir_bg.wasm");
  t.diagnostic(`fhir.wasm: ${size} bytes`);
  assert.ok(size <= 60_000, `${size}`);
});

test("the entry pkce is at most 10 KB (gzip) in all", (t) => {
  const [wasm, js] = [gzip("wasm/pkce_bg.wasm"), script("pkce.js")];
  t.diagnostic(`pkce.wasm: ${wasm} bytes, its scripts ${js}`);
  assert.ok(wasm + js <= 10_000, `${wasm} + ${js}`);
});

for (const entry of ["pkce.js", "fhir.js"]) {
  test(`the scripts of ${entry} are at most 4 KB (gzip)`, (t) => {
    const size = script(entry);
    t.diagnostic(`${entry}: ${size} bytes`);
    assert.ok(size <= 4_000, `${size}`);
  });
}
