// The gateway by the very commands of docs/deployment.md: its blocks are those after a comment `test: NAME`.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { bluegate, host, productionManifest, shareCompiled } from "./hosts.mjs";
import { NAMES } from "./names.mjs";
import { start } from "./processes.mjs";

const PAGE = fileURLToPath(new URL("../../../docs/deployment.md", import.meta.url));

/**
 * Makes keys, operators and the runtime configuration in `dir`, with these names instead of the example's, and with
 * `variables` that the page leaves at their defaults.
 */
export function deploy({ dir, names, variables, made }) {
  const [conf, state, bin] = ["conf", "state", "bin"].map((name) => path.join(dir, name));
  for (const folder of [conf, bin]) fs.mkdirSync(folder, { recursive: true });
  shareCompiled(state);
  fs.symlinkSync(bluegate, path.join(bin, "bluegate"));
  fs.writeFileSync(path.join(bin, "spin"), `#!/bin/sh\nexec '${host}' "$@"\n`, { mode: 0o755 });
  const own = { ...names, CONF: conf, STATE: state };
  const run = { cwd: path.dirname(path.dirname(productionManifest)), env: environment(bin) };

  execFileSync("bash", ["-c", script(own, ["keys", "runtime-config"])], run);
  const lines = Object.entries(variables).map(([name, value]) => `SPIN_VARIABLE_${name.toUpperCase()}='${value}'\n`);
  fs.appendFileSync(path.join(conf, "bluegate.env"), lines.join(""));
  fs.appendFileSync(path.join(conf, "runtime-config.toml"), privateProvider(made));
  for (const [name, file] of received(made)) fs.copyFileSync(file, path.join(conf, name));

  const token = (name) => fs.readFileSync(path.join(conf, `${name}-token`), "utf8");
  return {
    tokens: { read: token("tick"), approve: token("operator"), lock: token("operator") },
    /** Starts one, which speaks TLS itself or not: "start without `--tls-cert` and `--tls-key`". */
    start({ port, tls, log }) {
      const text = script({ ...own, LISTEN: `127.0.0.1:${port}` }, ["start"]);
      const command = tls ? text : text.replace(/--tls-(cert|key) "[^"]*" /g, "");
      return start("bash", ["-c", command], { ...run, log, ready: /^(listening|Serving) http/m });
    },
  };
}

/** These blocks after the page's names, of which `own` replace what they name. */
function script(own, names) {
  const exports = Object.entries(own).map(([name, value]) => `export ${name}='${value}'`);
  return ["set -eu", block("names"), ...exports, ...names.map(block)].join("\n");
}

function block(name) {
  const [, text] = new RegExp(`<!-- test: ${name} -->\\n\`\`\`sh\\n([^]*?)\`\`\`\\n`).exec(fs.readFileSync(PAGE, "utf8")) ?? [];
  if (text === undefined) throw new Error(`docs/deployment.md has no block \`${name}\``);
  return text;
}

/** `spin` is the program that serves Spin manifests here. */
const environment = (bin) => ({ ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` });

/** What the authorities send back, under the names that the page gives them. */
const received = (made) => [
  ["cert.pem", made.server.cert],
  ["key.pem", made.server.key],
  ["gateway.pem", made.gatewayAtClaims.cert],
  ["gateway-key.pem", made.gatewayAtClaims.key],
  ["claims-ca.pem", made.claims],
];

/** "A provider whose certificate is from an authority of your own gets a second `[[client_tls]]`". */
const privateProvider = ({ people }) => `
[[client_tls]]
component_ids = ["gateway"]
hosts = ["${NAMES.provider}"]
ca_roots_file = "${people}"
`;
