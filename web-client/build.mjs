// Builds the npm package (dist/) and the demo page (demo/dist/).
//
//   node build.mjs            build what has changed
//   node build.mjs --force    build everything
//   node build.mjs --force=package    build that step, even if nothing has changed
//
// Needs cargo with the target wasm32-unknown-unknown, and wasm-bindgen of the version that Cargo.lock
// names: from the variable WASM_BINDGEN, as `cargo build -p bluegate-wasm-bindgen` leaves it, or from PATH. Each step has a stamp, a hash
// over everything it reads; a step whose stamp is unchanged is not run.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { bind, compile, here, root, run, tool } from "./wasm.mjs";

const dist = path.join(here, "dist");
const demo = path.join(here, "demo");
const demoDist = path.join(demo, "dist");
const stampFile = path.join(root, ".bluegate", "web", "stamps.json");
const forced = /^--force(?:=(.+))?$/.exec(process.argv[2] ?? "");

const MODULES = ["pkce", "fhir"];
const stamps = readStamps();

step("packages", ["package.json", "package-lock.json"], [path.join(here, "node_modules")], () => {
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
});

const rustInputs = [
  "src",
  "Cargo.toml",
  "build.mjs",
  "wasm.mjs",
  "../shared/src",
  "../shared/Cargo.toml",
  "../Cargo.toml",
  "../Cargo.lock",
  "../.cargo/config.toml",
  "../rust-toolchain.toml",
];
for (const name of MODULES) {
  const files = [`${name}.js`, `${name}.d.ts`, `${name}_bg.wasm`];
  const outputs = files.map((file) => path.join(dist, "wasm", file));
  step(`module ${name}`, rustInputs, outputs, () => {
    // Cargo gives all features one file name, so each is put aside.
    fs.mkdirSync(path.dirname(rawModule(name)), { recursive: true });
    fs.copyFileSync(compile("bluegate-web-client", [name]), rawModule(name));
    // Much of what changes in `shared` or in the lock file leaves a module as it was.
    step(`bindings of ${name}`, [`../.bluegate/web/${name}.wasm`, "build.mjs", "wasm.mjs", "package-lock.json"], outputs, () => {
      bind(rawModule(name), path.join(dist, "wasm"), name);
    });
  });
}

const modules = fs.existsSync(path.join(dist, "wasm")) ? ["dist/wasm"] : [];
const packageInputs = ["ts", "tsconfig.json", "package-lock.json", "bundle.mjs", "../LICENSE", ...modules];
step("package", packageInputs, [path.join(dist, "index.js")], () => {
  for (const entry of fs.readdirSync(dist)) {
    if (entry !== "wasm") fs.rmSync(path.join(dist, entry), { recursive: true });
  }
  run(tool("tsc"), ["--project", "tsconfig.json"]);
  run(process.execPath, ["bundle.mjs"]);
  // npm packs a licence only from the package's own folder.
  fs.copyFileSync(path.join(root, "LICENSE"), path.join(here, "LICENSE"));
});

const demoInputs = ["dist", "demo/src", "demo/static", "demo/tsconfig.json", "demo/bundle.mjs", "../styles"];
step("demo page", demoInputs, [path.join(demoDist, "index.html")], () => {
  // As the compiler leaves it, for the tests; then bundled, as it is served.
  const built = path.join(demo, "build");
  fs.rmSync(built, { recursive: true, force: true });
  fs.cpSync(dist, path.join(built, "client"), { recursive: true });
  for (const flavour of ["inline", "workerd"]) fs.rmSync(path.join(built, "client", flavour), { recursive: true });
  run(tool("tsc"), ["--project", "demo/tsconfig.json"]);
  run(process.execPath, ["demo/bundle.mjs"]);
});

/** The module as rustc left it. */
function rawModule(name) {
  return path.join(root, ".bluegate", "web", `${name}.wasm`);
}

/** Runs `build` unless nothing that it reads has changed since it last succeeded. */
function step(name, inputs, outputs, build) {
  const stamp = hashOf(inputs);
  const force = forced !== null && [undefined, name].includes(forced[1]);
  if (!force && stamps[name] === stamp && outputs.every((file) => fs.existsSync(file))) return;
  console.error(`web-client: ${name}`);
  build();
  stamps[name] = stamp;
  fs.mkdirSync(path.dirname(stampFile), { recursive: true });
  fs.writeFileSync(stampFile, `${JSON.stringify(stamps, undefined, 2)}\n`);
}

function hashOf(inputs) {
  const hash = createHash("sha256");
  for (const input of inputs) {
    for (const file of filesUnder(path.join(here, input))) {
      hash.update(`${path.relative(here, file)}\0`).update(fs.readFileSync(file)).update("\0");
    }
  }
  return hash.digest("hex");
}

function filesUnder(start) {
  if (!fs.existsSync(start)) return [];
  if (fs.statSync(start).isFile()) return [start];
  const names = fs.readdirSync(start).sort();
  return names.flatMap((name) => filesUnder(path.join(start, name)));
}

function readStamps() {
  try {
    return JSON.parse(fs.readFileSync(stampFile, "utf8"));
  } catch {
    return {};
  }
}
