// One Spanish word for a thing (docs/spanish.md): no text for people has a word that the glossary rules out.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { repository } from "../fixtures.mjs";

const glossary = fs
  .readFileSync(path.join(repository, "docs", "spanish.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| [a-zA-Z]/.test(line) && !line.startsWith("| English"))
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

/** Words of these pages, for which Medicare has none. */
const OWN = ["app, application", "gateway", "request", "support", "other insurance", "sandbox", "made-up person or account"];

/** Every file that has texts for people. */
const files = ["gateway", "sandbox", "web-client/ts", "web-client/demo/src", "web-client/labels"].flatMap((folder) =>
  fs
    .readdirSync(path.join(repository, folder), { recursive: true })
    .filter((name) => /\.(rs|ts|html|json)$/.test(name) && !/node_modules|[\\/]target[\\/]/.test(name))
    .map((name) => path.join(folder, name)),
);

test("every term of Medicare's has the address of its source, and no text has a word that the glossary rules out", () => {
  assert.ok(glossary.length > 25 && files.length > 60, `${glossary.length} terms, ${files.length} files`);
  const sourced = glossary.filter(([, , , source]) => /<https?:\/\/[^>]+>$/.test(source));
  assert.equal(sourced.length, glossary.length - OWN.length);
  const out = glossary.flatMap(([term, spanish, not, source]) => {
    assert.ok(spanish && (source.includes("<http") || OWN.includes(term)), term);
    return not.split(",").map((word) => new RegExp(`(?<![\\p{L}])${word.trim()}(?![\\p{L}])`, "iu"));
  });
  const found = files.flatMap((name) => {
    const text = fs.readFileSync(path.join(repository, name), "utf8");
    return out.filter((word) => word.test(text)).map((word) => `${name}: ${word.source}`);
  });
  assert.deepEqual(found, []);
});
