// The sandbox on one origin, as `cargo xtask up` starts it.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { artifacts } from "./browser.mjs";
import { makeField } from "./field.mjs";
import { manifest, startHost } from "./hosts.mjs";
import { operators } from "./operators.mjs";
import { people } from "./people.mjs";
import { freePort } from "./processes.mjs";
import { sandboxPages } from "./provider-pages.mjs";

export async function startOneOrigin() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-field-"));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const startGateway = async (keep) => {
    const { tokens, variable } = operators();
    keep({ end: () => fs.rmSync(dir, { recursive: true, force: true }) });
    const variables = { public_base_url: base, claims_backend_origin: base, idp_origin: base, operators: variable };
    keep(await startHost({ manifest, port, dataDir: dir, variables, log: path.join(artifacts, "field-one-origin.log") }));
    return tokens;
  };
  const provider = sandboxPages(base);
  const claims = `${base}/sandbox/claims`;
  return makeField({ name: "sandbox", base, people: people(), claims, provider, approves: false, startGateway });
}
