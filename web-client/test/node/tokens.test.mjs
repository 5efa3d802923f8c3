// The colours of all pages (styles/tokens.css): contrast of each pair, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { repository } from "../fixtures.mjs";

const read = (name) => fs.readFileSync(path.join(repository, "styles", name), "utf8");
const [light, dark] = read("tokens.css").split("@media (prefers-color-scheme: dark)");
const colours = (css) => Object.fromEntries([...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
const pairs = JSON.parse(read("pairs.json"));

function luminance(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

for (const [mode, table] of [["light", colours(light)], ["dark", { ...colours(light), ...colours(dark) }]]) {
  test(`each pair of colours can be told apart: ${mode}`, () => {
    for (const [kind, least] of [["text", 4.5], ["marks", 3]]) {
      for (const [front, back] of pairs[kind]) {
        const ratio = contrast(table[front], table[back]);
        assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}`);
      }
    }
  });
}

test("every colour of the light mode has a dark one, and is in a pair", () => {
  const [day, night] = [Object.keys(colours(light)), Object.keys(colours(dark))];
  assert.deepEqual(day.sort(), night.sort());
  const used = new Set(Object.values(pairs).flat(2));
  // A line between things says nothing that their places do not say.
  assert.deepEqual(day.filter((name) => !used.has(name) && name !== "line"), []);
});
