#!/usr/bin/env node
// Runs the field tests: installs what package-lock.json pins (once, until it changes), makes the throw-away authorities,
// and runs the test files with all of Node.js trusting them. Words after the script's name choose files by part of their
// name, options go to Node's test runner.
//
//   node tests/field/run.mjs own-origin --test-name-pattern=cancel
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { makeAuthorities, makeHome } from "./lib/authority.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-field-"));
try {
  installPackages();
  const made = makeAuthorities(dir);
  made.home = makeHome(dir, made.people, certutil());
  const file = path.join(dir, "authorities.json");
  fs.writeFileSync(file, JSON.stringify(made));
  const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));
  const files = fs.readdirSync(here).filter((name) => name.endsWith(".test.mjs") && wanted(name));
  const child = spawn(
    process.execPath,
    ["--test", "--test-concurrency=2", "--test-reporter=spec", ...options, ...files],
    {
      cwd: here,
      stdio: "inherit",
      env: {
        ...process.env,
        BLUEGATE_FIELD_AUTHORITIES: file,
        NODE_EXTRA_CA_CERTS: made.people,
        // Everything is on this machine; what a proxy of the surroundings would answer is of no interest.
        NO_PROXY: "localhost,127.0.0.1",
        NODE_OPTIONS: `--import=${new URL("lib/names.mjs", import.meta.url)}`,
      },
    },
  );
  [process.exitCode] = await once(child, "exit");
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}

/** `cargo xtask test --only field` names it, or has unpacked it before. */
function certutil() {
  const unpacked = path.join(here, "../../.bluegate/libnss3-tools/usr/bin/certutil");
  return process.env.BLUEGATE_CERTUTIL ?? (fs.existsSync(unpacked) ? unpacked : "certutil");
}

function installPackages() {
  const wanted = fs.readFileSync(path.join(here, "package-lock.json"), "utf8");
  const stamp = path.join(here, "node_modules/.installed");
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === wanted) return;
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-progress"], { cwd: here, stdio: "inherit" });
  fs.writeFileSync(stamp, wanted);
}
