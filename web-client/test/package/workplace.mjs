// The packed package, and fresh projects that install it. The tools of the projects (bundlers, frameworks)
// come from one lock file for all of them, beside this file; what is installed in each is the package alone,
// as its tarball.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const packageRoot = path.resolve(here, "../..");
export const work = path.join(here, ".work");

/** Installs the tools, unless that was done for this lock file. */
export function installTools() {
  const lock = fs.readFileSync(path.join(here, "package-lock.json"));
  const stamp = path.join(here, "node_modules", ".bluegate-stamp");
  const hash = createHash("sha256").update(lock).digest("hex");
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return;
  // As the lock file says. `npm ci` would ask for the binaries of every platform to be listed there, and not
  // every mirror of the registry has them.
  const quietly = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  run("npm", ["install", "--no-save", "--prefer-offline", ...quietly], here);
  fs.writeFileSync(stamp, hash);
}

/** Packs the package into a folder and gives the tarball's path. */
export function pack(folder) {
  const dir = path.join(work, folder);
  fs.rmSync(dir, { recursive: true, force: true });
  fs.mkdirSync(dir, { recursive: true });
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], packageRoot));
  return { file: path.join(dir, packed.filename), contents: packed.files.map(({ path }) => path).sort() };
}

/** A fresh copy of a sample project with the package installed from its tarball. */
export function project(name) {
  installTools();
  const { file } = pack(path.join(name, "tarball"));
  const dir = path.join(work, name, "project");
  fs.mkdirSync(dir, { recursive: true });
  fs.cpSync(path.join(here, "samples", "common"), dir, { recursive: true });
  const sample = path.join(here, "samples", name);
  if (fs.existsSync(sample)) fs.cpSync(sample, dir, { recursive: true });
  run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", file], dir);
  return dir;
}

/** Runs a program to its end; what it printed, or a failure that shows it. */
export function run(command, args, cwd, env = {}) {
  const options = { cwd, encoding: "utf8", maxBuffer: 1 << 26, env: { ...process.env, ...quiet, ...env } };
  const result = spawnSync(command, args, options);
  if (result.error) throw result.error;
  assert.equal(result.status, 0, `${command} ${args.join(" ")}\n${result.stdout}\n${result.stderr}`);
  return result.stdout;
}

/** A tool's program among the installed ones. */
export function tool(name) {
  return path.join(here, "node_modules", ".bin", name);
}

/** Starts a server and waits for the line that tells its address; it is ended with the test. */
export async function start(t, command, args, cwd, find) {
  // In a group of its own, so that the servers which it starts end with it.
  const stdio = ["ignore", "pipe", "pipe"];
  const child = spawn(command, args, { cwd, env: { ...process.env, ...quiet }, stdio, detached: true });
  const gone = new Promise((resolve) => child.once("exit", resolve));
  t.after(async () => {
    process.kill(-child.pid, "SIGKILL");
    await gone;
  });
  let said = "";
  return new Promise((resolve, reject) => {
    const hear = (data) => {
      said += data;
      const found = find.exec(said);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    gone.then((code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
}

/** No project here tells its maker anything. */
const quiet = { NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1", NO_UPDATE_NOTIFIER: "1" };
