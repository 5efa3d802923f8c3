// What a page has to download: the goals of the package, held to by every test run.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { repository } from "../fixtures.mjs";

const dist = path.join(repository, "web-client", "dist");
const gzip = (file) => gzipSync(fs.readFileSync(path.join(dist, file)), { level: 9 }).length;

test("the module fhir is at most 60 KB (gzip)", (t) => {
  const size = gzip("wasm/fhir_bg.wasm");
  t.diagnostic(`fhir.wasm: ${size} bytes`);
  assert.ok(size <= 60_000, `${size}`);
});

test("the labels of a language are a file of their own, at most 40 KB (gzip)", (t) => {
  for (const language of ["en", "es"]) {
    const files = fs.readdirSync(dist).filter((name) => new RegExp(`^${language}-\\w+\\.js$`).test(name));
    assert.equal(files.length, 1, language);
    const size = gzip(files[0]);
    t.diagnostic(`${language}: ${size} bytes`);
    assert.ok(size <= 40_000, `${size}`);
  }
  assert.ok(gzip("labels.js") < 1_000);
});

test("a first visit to the demo page, to the last claim, is at most 120 KB (gzip)", (t) => {
  const demo = path.join(repository, "web-client", "demo", "dist");
  // Labels of codes, the other language, and what this page does not use are loaded by nobody; the insurance card by who asks for it.
  const unused = /^(en-\w{8}-|es-|spanish-|sync-|popup-|card-)/;
  const files = fs.readdirSync(demo).filter((name) => !unused.test(name));
  assert.ok(files.length > 5, "the demo page is not built");
  for (const name of files) assert.match(name, /^index\.html$|-[0-9A-Z]{8}\.\w+$/, "kept for a year by its name");
  const size = files.map((name) => gzipSync(fs.readFileSync(path.join(demo, name)), { level: 9 }).length).reduce((sum, one) => sum + one, 0);
  t.diagnostic(`demo: ${size} bytes in ${files.length} files`);
  assert.ok(size <= 120_000, `${size}`);
});
