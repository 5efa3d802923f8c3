// Measures serde-wasm-bindgen and web-sys beside what the package does itself: bytes and time
// (docs/performance.md). The shipped modules are those of dist/; the others are made here of bench/crates.
//
//   node bench/crates.mjs [--milliseconds N]     how long each job is measured (2500)
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import { bind, compile, here } from "../wasm.mjs";
import { encode, milliseconds, quantile, readPage } from "./pages.mjs";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-crates-"));
try {
  const shipped = path.join(here, "dist", "wasm");
  const modules = {
    "fhir, shipped": await load(shipped, "fhir"),
    "fhir, objects by serde-wasm-bindgen": await made("objects"),
    "the same, problems on the console by web-sys": await made("objects", "console"),
    "pkce, shipped (getrandom)": await load(shipped, "pkce"),
    "pkce, random values by web-sys": await made("crypto"),
  };
  console.log("Bytes as gzip sends them: the module, and the script that wasm-bindgen writes around it\n");
  for (const [name, { size, script }] of Object.entries(modules)) console.log(`  ${name.padEnd(46)} ${String(size).padStart(7)} ${String(script).padStart(6)}`);

  const [text, objects, , random, other] = Object.values(modules).map(({ exports }) => exports);
  const { bundle, source } = readPage();
  console.log(`\n${source}\n`);
  const fifty = Array.from({ length: 50 }, (_, index) => bundle.entry[index % bundle.entry.length]);
  for (const claims of [bundle.entry, fifty]) {
    const bytes = encode(bundle, claims);
    compare(`${claims.length} claims in full`, {
      "text, and JSON.parse": () => withPage(text, bytes, (page, index) => JSON.parse(page.entry(index))),
      "objects by serde-wasm-bindgen": () => withPage(objects, bytes, (page, index) => page.entry(index)),
    });
    compare(`${claims.length} rows`, {
      "text, and JSON.parse": () => rows(text, bytes, (page) => JSON.parse(page.rows())),
      "objects by serde-wasm-bindgen": () => rows(objects, bytes, (page) => page.rows()),
    });
  }
  compare("verifiers", { getrandom: () => random.createVerifier().length, "web-sys": () => other.createVerifier().length });
} finally {
  fs.rmSync(scratch, { recursive: true });
}

/** A module of bench/crates. */
async function made(...features) {
  const [name] = features.slice(-1);
  bind(compile("bluegate-web-crates", features), scratch, name);
  return load(scratch, name);
}

/** What a module exports, and its bytes. */
async function load(folder, name) {
  const wasm = fs.readFileSync(path.join(folder, `${name}_bg.wasm`));
  const script = fs.readFileSync(path.join(folder, `${name}.js`), "utf8");
  // Each by a name of its own: two instances of one script would be one.
  const copy = path.join(scratch, `${name}-${path.basename(folder)}.mjs`);
  fs.writeFileSync(copy, script);
  const exports = await import(pathToFileURL(copy));
  exports.initSync({ module: wasm });
  const { code } = transformSync(script, { minify: true, format: "esm", target: "es2022" });
  return { exports, size: gzipSync(wasm, { level: 9 }).length, script: gzipSync(code, { level: 9 }).length };
}

function withPage({ Page }, bytes, take) {
  const page = Page.parse(bytes);
  const all = Array.from({ length: page.length }, (_, index) => take(page, index));
  page.free();
  return all;
}

function rows({ Page }, bytes, take) {
  const page = Page.parse(bytes);
  const all = take(page);
  page.free();
  return all;
}

/** Both in turn within a round, so that what else the machine does meets both. */
function compare(job, ways) {
  const [[first, one], [second, two]] = Object.entries(ways);
  assert.deepEqual(two(), one(), "both say the same");
  for (let warm = 0; warm < 20; warm += 1) one(), two();
  const times = [[], []];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    for (const [at, way] of [one, two].entries()) {
      const begin = performance.now();
      for (let count = 0; count < 8; count += 1) way();
      times[at].push((performance.now() - begin) / 8);
    }
  }
  const ratio = quantile(times[0].map((time, round) => times[1][round] / time), 0.5);
  const told = [first, second].map((name, at) => `${name} ${quantile(times[at], 0.5).toFixed(3)} ms`).join(", ");
  console.log(`  ${job}: ${told}; the second takes ${ratio.toFixed(2)} of the first (${times[0].length} rounds)`);
}
