// The pages that are measured, and how times are told.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fixtures, repository } from "../test/fixtures.mjs";

const given = process.argv.indexOf("--milliseconds");
export const milliseconds = given > 0 ? Number(process.argv[given + 1]) : 2500;

/** The bytes of a bundle with these claims. */
export const encode = (bundle, claims) => new TextEncoder().encode(JSON.stringify({ ...bundle, entry: claims }));

/** The value that this share of the times stays below. */
export function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

/** The golden page of eight claims, or some claims of the sandbox. */
export function readPage() {
  const file = path.join(fixtures, "bfd", "v2", "eob-by-patient-id-all.json");
  if (fs.existsSync(file)) {
    const bundle = JSON.parse(fs.readFileSync(file, "utf8"));
    return { bundle, golden: true, source: "The claims backend's own page of eight claims (v2), and its claims repeated to 50." };
  }
  const args = ["run", "--quiet", "--package=bluegate-sandbox", "--example=dump", "--", "v2", "EOB?_count=8", "20023"];
  const dumped = spawnSync(process.env.CARGO ?? "cargo", args, { cwd: repository, encoding: "utf8", maxBuffer: 1 << 30 });
  if (dumped.status !== 0) throw new Error(dumped.stderr);
  const { entry } = JSON.parse(dumped.stdout.split("\n")[0]);
  const bundle = { resourceType: "Bundle", type: "searchset", total: entry.length, link: [], entry };
  return { bundle, golden: false, source: "No fixtures: eight claims of the sandbox (v2), and the same repeated to 50." };
}
