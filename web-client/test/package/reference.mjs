// The reference of the package's API, docs/package/, made of the types and their comments.
//
//   npm run docs            writes it
//
// TypeDoc needs a TypeScript that can be used as a library, so it is among the tools of the package's tests.
import path from "node:path";
import { here, installTools, packageRoot, run, tool } from "./workplace.mjs";

/** Where it is kept. */
export const reference = path.resolve(packageRoot, "../docs/package");

/** Writes it into a folder. */
export function write(out) {
  installTools();
  const entries = ["index", "pkce", "fhir", "sync", "worker", "labels", "react", "testing"].flatMap((name) => ["--entryPoints", path.join(packageRoot, "ts", `${name}.ts`)]);
  run(tool("typedoc"), ["--options", path.join(here, "typedoc.json"), ...entries, "--out", out], here);
}

if (process.argv[1] === import.meta.filename) write(reference);
