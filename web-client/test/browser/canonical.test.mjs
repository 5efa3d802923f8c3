// The same JSON gives the same bytes in the browser as natively, for every fixture there is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import test from "node:test";
import { fixtureFiles, fixtures, repository } from "../fixtures.mjs";
import { launch, packageRoot, serve } from "./chromium.mjs";

test("every fixture serialises to the same bytes natively and in Chromium", { timeout: 300_000 }, async (t) => {
  const files = fixtureFiles();
  if (files.length === 0) return;
  const native = readNatively(files);

  const server = await serve({ "/dist/": path.join(packageRoot, "dist"), "/fixtures/": fixtures });
  t.after(() => server.close());
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${server.base}/`);

  let read = 0;
  for (const file of files) {
    const inBrowser = await page.evaluate(async (url) => {
      const { canonical } = await import("/dist/fhir.js");
      const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
      try {
        return await canonical(bytes);
      } catch (error) {
        return error.code;
      }
    }, `/fixtures/${file}`);
    const expected = native.get(file);
    if (expected.startsWith('{"position":')) {
      assert.equal(inBrowser, "bad_response", file);
    } else {
      assert.ok(inBrowser === expected, `${file} differs`);
      read += 1;
    }
  }
  t.diagnostic(`${read} of ${files.length} files are FHIR, and equal`);
  assert.ok(read > 0);
});

/** What the crate's example prints: the path, a space, and the serialised bytes. */
function readNatively(files) {
  const cargo = process.env.CARGO ?? "cargo";
  const paths = files.map((file) => path.join(fixtures, file));
  const args = ["run", "--quiet", "--package=bluegate-shared", "--example=canon", "--", ...paths];
  const result = spawnSync(cargo, args, { cwd: repository, encoding: "utf8", maxBuffer: 1 << 28 });
  assert.equal(result.status, 0, result.stderr);
  const lines = result.stdout.trimEnd().split("\n");
  assert.equal(lines.length, files.length);
  return new Map(
    lines.map((line, index) => {
      assert.ok(line.startsWith(`${paths[index]} `));
      return [files[index], line.slice(paths[index].length + 1)];
    }),
  );
}
