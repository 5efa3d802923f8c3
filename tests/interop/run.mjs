#!/usr/bin/env node
// Runs other people's clients against the gateway: installs what package-lock.json and requirements.txt pin
// (once, until one of them changes), starts the test host (or Spin, if BLUEGATE_HOST_BIN is that) unless BASE_URL names
// a running one, runs the tests of both languages one file after another, and ends with "N passed, N failed".
//
//   BASE_URL=http://127.0.0.1:3000 node tests/interop/run.mjs
//   BLUEGATE_HOST_BIN=… BLUEGATE_MANIFEST=spin.toml node tests/interop/run.mjs
//
// Words after the script's name choose test files by part of their name.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const VENV = path.join(HERE, "..", "..", ".bluegate", "venv");
const VENV_PYTHON = path.join(VENV, "bin", "python");
/** No installation and no test file takes this long, also where the machine is busy. */
const LONGEST_MS = 900_000;
const only = process.argv.slice(2);

const tally = { passed: 0, failed: 0 };
try {
  const [forNode, forPython] = [await filesIn("node", ".test.mjs"), await filesIn("python", ".py", "test_")];
  const nodeReady = forNode.length > 0 && (await ready("node packages", nodePackages));
  const pythonReady = forPython.length > 0 && (await ready("python packages", pythonPackages));
  await withGateway(async (baseUrl) => {
    process.env.BASE_URL = baseUrl;
    // The gateway is on this machine; what a proxy of the surroundings would answer is of no interest.
    process.env.NO_PROXY = process.env.no_proxy = new URL(baseUrl).hostname;
    if (nodeReady) for (const file of forNode) await nodeTests(file);
    if (pythonReady) for (const file of forPython) await pythonTests(file);
  });
} catch (error) {
  tally.failed += 1;
  console.error(`interop: ${error.message}`);
}
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;

/** Test files of one language, those asked for. */
async function filesIn(folder, ending, beginning = "") {
  const names = (await readdir(path.join(HERE, folder))).sort();
  return names
    .filter((name) => name.startsWith(beginning) && name.endsWith(ending))
    .map((name) => path.join(HERE, folder, name))
    .filter((file) => only.length === 0 || only.some((word) => file.slice(HERE.length).includes(word)));
}

// ---- packages

/** One language's packages that cannot be had do not keep the other language's tests from running. */
async function ready(what, install) {
  try {
    await install();
    return true;
  } catch (error) {
    tally.failed += 1;
    console.error(`interop: ${what} cannot be installed: ${error.message}`);
    return false;
  }
}

async function nodePackages() {
  const folder = path.join(HERE, "node_modules");
  const sources = ["package.json", "package-lock.json", ".npmrc"].map((name) => path.join(HERE, name));
  await unlessStamped(folder, sources, () => command("npm", ["ci", "--ignore-scripts", "--no-progress"], { cwd: HERE }));
}

async function pythonPackages() {
  const requirements = path.join(HERE, "requirements.txt");
  await unlessStamped(VENV, [requirements], async () => {
    await rm(VENV, { recursive: true, force: true });
    await mkdir(path.dirname(VENV), { recursive: true });
    await command(process.env.PYTHON ?? "python3", ["-m", "venv", VENV]);
    await command(VENV_PYTHON, [
      ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"],
      ...["--only-binary=:all:", "--require-hashes", "--requirement", requirements],
    ]);
  });
}

/** Does `install` unless `folder` holds the stamp of these sources already. */
async function unlessStamped(folder, sources, install) {
  const hash = createHash("sha256");
  for (const source of sources) hash.update(await readFile(source));
  const wanted = hash.digest("hex");
  const stamp = path.join(folder, ".installed-from");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return;
  await install();
  await writeFile(stamp, wanted);
}

// ---- gateway

/** Calls `use` with the address of a gateway that answers; the host that was started for it ends afterwards. */
async function withGateway(use) {
  if (process.env.BASE_URL) {
    const baseUrl = process.env.BASE_URL.replace(/\/+$/, "");
    await answers(baseUrl);
    return use(baseUrl);
  }
  const { BLUEGATE_HOST_BIN: program, BLUEGATE_MANIFEST: manifest } = process.env;
  if (!program || !manifest) throw new Error("set BASE_URL, or BLUEGATE_HOST_BIN and BLUEGATE_MANIFEST");
  const address = `127.0.0.1:${await freePort()}`;
  const baseUrl = `http://${address}`;
  const data = await mkdtemp(path.join(tmpdir(), "bluegate-interop-"));
  const child = spawn(
    program,
    // The test host takes Spin's options by Spin's names.
    ["up", "--quiet", "--from", manifest, "--listen", address, "--state-dir", data],
    {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        ...process.env,
        SPIN_VARIABLE_PUBLIC_BASE_URL: baseUrl,
        SPIN_VARIABLE_CLAIMS_BACKEND_ORIGIN: baseUrl,
        SPIN_VARIABLE_IDP_ORIGIN: baseUrl,
      },
    },
  );
  const gone = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`the engine ended early: ${signal ?? code}`)));
  });
  gone.catch(() => {});
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  try {
    await Promise.race([answers(baseUrl), gone]);
    await Promise.race([use(baseUrl), gone]);
  } finally {
    process.off("exit", end);
    if (child.exitCode === null && child.signalCode === null && child.kill("SIGTERM")) {
      const patience = setTimeout(end, 5000);
      await once(child, "exit");
      clearTimeout(patience);
    }
    await rm(data, { recursive: true, force: true });
  }
}

async function answers(baseUrl) {
  const deadline = Date.now() + 600_000;
  let said = "nothing";
  while (Date.now() < deadline) {
    try {
      const response = await fetch(`${baseUrl}/health/ready`);
      said = `${response.status} ${await response.text()}`;
      if (response.ok) return;
    } catch (error) {
      said = error.cause?.code ?? error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no gateway is ready at ${baseUrl}: ${said}`);
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// ---- tests

async function nodeTests(file) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const reasons = new Set();
  const events = run({ files: [file], concurrency: false, timeout: LONGEST_MS });
  for await (const { type, data } of events) {
    if (type === "test:stderr") process.stderr.write(data.message);
    const isTest = data?.details?.type !== "suite";
    if (type === "test:pass" && isTest) {
      if (data.skip === undefined) counts.passed += 1;
      else {
        counts.skipped += 1;
        reasons.add(data.skip);
      }
    } else if (type === "test:fail" && (isTest || data.details.error?.failureType !== "subtestsFailed")) {
      counts.failed += 1;
      const { error } = data.details;
      console.log(`FAILED ${path.basename(file)}: ${data.name}`);
      console.log(indent(String(error.cause?.stack ?? error.cause ?? error.stack ?? error)));
    }
  }
  report(file, counts, reasons);
}

async function pythonTests(file) {
  const output = await command(
    VENV_PYTHON,
    ["-B", "-m", "pytest", "-q", "-rfEs", "--tb=short", "--color=no", "-p", "no:cacheprovider", file],
    { cwd: path.dirname(file), capture: true, mayFail: true },
  );
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(last)?.[1] ?? 0);
  const counts = { passed: count("passed"), failed: count("failed") + count("errors?"), skipped: count("skipped") };
  // A file that pytest could not even read has no counts.
  if (counts.passed + counts.failed + counts.skipped === 0) counts.failed = 1;
  if (counts.failed > 0) console.log(indent(output));
  const reasons = new Set([...output.matchAll(/^SKIPPED \[\d+\] [^ ]+: (.*)$/gm)].map(([, reason]) => reason));
  report(file, counts, reasons);
}

function report(file, counts, reasons) {
  tally.passed += counts.passed;
  tally.failed += counts.failed;
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped (${[...reasons].join("; ")})` : "";
  console.log(`${path.relative(HERE, file)}: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
}

function indent(text) {
  return text.replace(/^/gm, "    ");
}

/** Runs a command; its output is shown, or captured. */
async function command(program, args, { cwd, capture = false, mayFail = false } = {}) {
  const child = spawn(program, args, {
    cwd,
    stdio: ["ignore", capture ? "pipe" : "inherit", capture ? "pipe" : "inherit"],
    timeout: LONGEST_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of capture ? [child.stdout, child.stderr] : [])
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code, signal] = await once(child, "close");
  if (code !== 0 && !mayFail) throw new Error(`${path.basename(program)} ended with ${signal ?? code}`);
  return output;
}
