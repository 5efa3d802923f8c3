// From Rust to a WebAssembly module that is shipped, and the JavaScript around it: for build.mjs, and for what the
// modules are measured beside (bench/crates.mjs).
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** This folder, and the repository's. */
export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.dirname(here);

const targetDir = path.resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
// What rustc's baseline and .cargo/config.toml switch on; wasm-opt refuses what it is not told of.
const WASM_FEATURES = [
  "bulk-memory",
  "bulk-memory-opt",
  "call-indirect-overlong",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
  "simd",
];

/** Builds a crate with these features as a WebAssembly module; gives the module's file. */
export function compile(crate, features) {
  const cargo = process.env.CARGO ?? "cargo";
  const release = path.join(targetDir, "wasm32-unknown-unknown", "web");
  const file = `${crate.replaceAll("-", "_")}.wasm`;
  const built = path.join(release, file);
  // Of other features: cargo would take their file for an unchanged one's own.
  for (const old of [built, path.join(release, "deps", file)]) fs.rmSync(old, { force: true });
  run(cargo, [
    "rustc",
    `--package=${crate}`,
    "--lib",
    "--crate-type=cdylib",
    "--target=wasm32-unknown-unknown",
    "--profile=web",
    "--no-default-features",
    `--features=${features.join(",")}`,
  ]);
  return built;
}

/** The JavaScript around a module, and the module as it is shipped. */
export function bind(raw, out, name) {
  fs.mkdirSync(out, { recursive: true });
  run(wasmBindgen(), ["--target=web", "--omit-default-module-path", `--out-dir=${out}`, `--out-name=${name}`, raw]);
  fs.rmSync(path.join(out, `${name}_bg.wasm.d.ts`), { force: true });

  const wasm = path.join(out, `${name}_bg.wasm`);
  const features = WASM_FEATURES.map((feature) => `--enable-${feature}`);
  run(tool("wasm-opt"), ["-Oz", "--strip-debug", "--strip-producers", ...features, wasm, "-o", wasm]);
}

/** The wasm-bindgen program, which has to be of the very version that the crate was built with. */
function wasmBindgen() {
  const lock = fs.readFileSync(path.join(root, "Cargo.lock"), "utf8");
  const wanted = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(lock)?.[1];
  const candidates = [
    process.env.WASM_BINDGEN,
    path.join(targetDir, "debug", "bindgen"),
    "wasm-bindgen",
  ];
  for (const candidate of candidates) {
    if (!candidate) continue;
    const answer = spawnSync(candidate, ["--version"], { encoding: "utf8" });
    if (answer.status === 0 && answer.stdout.trim() === `wasm-bindgen ${wanted}`) return candidate;
  }
  fail(
    `wasm-bindgen ${wanted} not found: run \`cargo build -p bluegate-wasm-bindgen\` in ${root}`,
  );
}

/** A program of the packages. */
export function tool(name) {
  return path.join(here, "node_modules", ".bin", name);
}

/** Runs a program to its end, or ends. */
export function run(command, args) {
  const env = { ...process.env, CARGO_TARGET_DIR: targetDir };
  const result = spawnSync(command, args, { cwd: here, stdio: ["ignore", "inherit", "inherit"], env });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${path.basename(command)} failed (${result.status ?? result.signal})`);
}

function fail(message) {
  console.error(`web-client: ${message}`);
  process.exit(1);
}
