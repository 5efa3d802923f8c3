// Runs the test files of a folder with Node's test runner; options such as `--test-name-pattern X` may
// follow, in the order in which npm appends them.
//
//   node test/run.mjs <folder> [options]
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const [folder = "node", ...options] = process.argv.slice(2);
const dir = path.join(path.dirname(fileURLToPath(import.meta.url)), folder);
const files = fs.readdirSync(dir).filter((name) => name.endsWith(".test.mjs"));
const args = ["--test", ...options, ...files.sort().map((name) => path.join(dir, name))];
process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1);
