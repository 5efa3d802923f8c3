// The program that serves Spin manifests here (tests/host), with the components as they were built.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { start } from "./processes.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");
export const host = process.env.BLUEGATE_HOST_BIN ?? path.join(target, "host/bluegate-host");
/** The program for operators. */
export const bluegate = path.join(target, "host/bluegate");

/** The manifest of the whole application; where the components were built elsewhere, a copy that says so. */
export const manifest = process.env.BLUEGATE_MANIFEST ?? path.join(root, "spin.toml");
/** The manifest for production, which lies beside it. */
export const productionManifest = path.join(path.dirname(manifest), "deploy/spin.toml");

/** Serves a manifest. `variables` are Spin's, in lower case. */
export async function startHost({ manifest, port, dataDir, variables, options = [], log }) {
  shareCompiled(dataDir);
  const args = ["up", "--from", manifest, "--listen", `127.0.0.1:${port}`, "--state-dir", dataDir, ...options];
  return start(host, args, { log, ready: /^(listening|Serving) http/m, env: environment(variables) });
}

/** The environment of a program that reads these variables. */
export function environment(variables) {
  const named = Object.entries(variables).map(([name, value]) => [`SPIN_VARIABLE_${name.toUpperCase()}`, value]);
  return { ...process.env, RUST_BACKTRACE: "0", ...Object.fromEntries(named) };
}

/** A data folder whose compiled components are those of all tests: compiling them takes half a minute. */
export function shareCompiled(dataDir) {
  fs.mkdirSync(dataDir, { recursive: true });
  const shared = path.join(target, "http-tests-cache");
  fs.mkdirSync(shared, { recursive: true });
  const link = path.join(dataDir, "cache");
  if (!fs.existsSync(link)) fs.symlinkSync(fs.realpathSync(shared), link);
}

/** The sandbox's component alone, as a claims backend. */
export async function startClaims({ port, dir, log }) {
  const [, source] = /source = "([^"]*bluegate_sandbox\.wasm)"/.exec(fs.readFileSync(manifest, "utf8"));
  const file = path.join(dir, "claims.toml");
  fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(
    file,
    `spin_manifest_version = 2
[application]
name = "claims"
version = "0.1.0"
[[trigger.http]]
route = "/sandbox/claims/..."
component = "claims"
[component.claims]
source = "${path.resolve(path.dirname(manifest), source)}"
allowed_outbound_hosts = []
sqlite_databases = ["default"]
[component.claims.variables]
environment = "sandbox"
public_base_url = "http://127.0.0.1:${port}"
idp_client_id = "nobody"
idp_client_secret = "nobody"
clock_offset_s = "0"
sandbox_today = ""
sandbox_faults = ""
`,
  );
  return startHost({ manifest: file, port, dataDir: path.join(dir, "data"), variables: {}, log });
}
