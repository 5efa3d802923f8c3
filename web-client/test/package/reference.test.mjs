// The committed reference is what the types say.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { reference, write } from "./reference.mjs";

test("the API reference is what the types say (npm run docs)", (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-reference-"));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  write(dir);
  const read = (folder) =>
    Object.fromEntries(fs.readdirSync(folder).sort().map((name) => [name, fs.readFileSync(path.join(folder, name), "utf8")]));
  const written = read(dir);
  assert.ok(Object.keys(written).length > 3);
  assert.deepEqual(read(reference), written);
});
