// What the walks know of an environment, whichever it is: where the gateway is, its people, its provider's pages, its
// applications and its operators.
import fs from "node:fs";

import { startNative, startSites } from "./applications.mjs";
import { startBrowser } from "./browser.mjs";
import { ops, startTicks } from "./operators.mjs";
import { handOut } from "./people.mjs";

/** Certificates and the browser's home folder, made once for all (run.mjs). */
export const authorities = () => JSON.parse(fs.readFileSync(process.env.BLUEGATE_FIELD_AUTHORITIES, "utf8"));

export const pem = ({ cert, key }) => ({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) });

/** An environment around a gateway that `startGateway` starts, which returns the tokens of its operators by their role. */
export async function makeField({ name, base, people, claims, provider, approves, startGateway }) {
  const ending = [];
  const keep = (started) => (ending.unshift(() => started.end()), started);
  try {
    const made = authorities();
    const sites = keep(await startSites({ tls: pem(made.server), base }));
    const tokens = await startGateway(keep);
    keep({ end: startTicks(base, tokens.read) });
    const browser = await startBrowser(made.home);
    keep({ end: () => browser.close() });
    const register = (metadata) => registered(base, metadata, approves && tokens.approve);
    sites.web = await register({ client_name: `Records ${name}`, redirect_uris: [`${sites.webApplication}/callback`] });
    sites.page = await register({
      client_name: `Page ${name}`,
      redirect_uris: [`${sites.singlePage}/`],
      token_endpoint_auth_method: "none",
    });
    return {
      name,
      base,
      browser,
      sites,
      provider,
      approves,
      tokens,
      person: handOut(people, claims),
      register,
      native: async (t, address) => {
        const native = await startNative(address);
        t.after(() => native.end());
        return native;
      },
      ops: (role, path, body) => ops(base, tokens[role], path, body),
      end: () => end(ending),
    };
  } catch (error) {
    await end(ending);
    throw error;
  }
}

async function registered(base, metadata, approver) {
  const answer = await fetch(`${base}/o/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`registration: ${answer.status} ${text}`);
  const client = JSON.parse(text);
  if (approver) {
    const application = `applications/${client.client_id}`;
    const { sheet } = await ops(base, approver, application);
    await ops(base, approver, `${application}/approve`, { sheet, reason: "field tests" });
  }
  return client;
}

async function end(ending) {
  for (const one of ending) await one();
}
