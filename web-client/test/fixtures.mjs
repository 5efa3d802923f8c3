// The real FHIR files that tests read where they lie: BLUEGATE_FIXTURES, or `../shared/fixtures` beside the
// repository. Tests that need them pass without them and say so.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

export const fixtures = path.resolve(
  repository,
  process.env.BLUEGATE_FIXTURES ?? path.join("..", "shared", "fixtures"),
);

/** All JSON files of the folder, by their path in it. */
export function fixtureFiles() {
  if (!fs.existsSync(fixtures)) {
    console.log(`skipped: no fixtures at ${fixtures}`);
    return [];
  }
  return fs
    .readdirSync(fixtures, { recursive: true })
    .filter((name) => name.endsWith(".json"))
    .sort();
}
