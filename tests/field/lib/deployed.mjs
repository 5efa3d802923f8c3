// The gateway as docs/deployment.md says: `deploy/spin.toml` in production, a provider on another site, a claims backend
// that asks for a client certificate.
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

import { artifacts } from "./browser.mjs";
import { deploy } from "./documented.mjs";
import { authorities, makeField, pem } from "./field.mjs";
import { startClaims } from "./hosts.mjs";
import { NAMES } from "./names.mjs";
import { claimsFront, front, startNginx } from "./nginx.mjs";
import { lookUp, people } from "./people.mjs";
import { freePort } from "./processes.mjs";
import { startProvider } from "./provider.mjs";
import { oidcProviderPages } from "./provider-pages.mjs";

/**
 * Starts it. `gateways` of them share one store; with `proxy`, nginx stands before them, else the one gateway speaks TLS
 * itself. `variables` come on top of what a deployment must say. `odd` takes people off the list and makes them special.
 */
export async function startDeployed({ name, proxy = false, gateways = 1, algorithm, variables = {}, odd = () => ({}) }) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-field-"));
  const made = authorities();
  const log = (what) => path.join(artifacts, `field-${name}-${what}.log`);
  const ports = { public: await freePort(), provider: await freePort(), claims: await freePort(), sandbox: await freePort() };
  const base = `https://${NAMES.gateway}:${ports.public}`;
  const origin = `https://${NAMES.provider}:${ports.provider}`;
  const claims = `http://127.0.0.1:${ports.sandbox}/sandbox/claims`;
  const claimsOrigin = `https://127.0.0.1:${ports.claims}`;
  const all = people();
  const oddPeople = odd(all);
  const provider = oidcProviderPages(origin);
  const client = {
    id: "bluegate",
    secret: randomBytes(32).toString("base64url"),
    algorithm,
    redirectUris: [`${base}/signin/callback`],
    signOutUris: [`${base}/`],
  };

  const startAround = async (keep) => {
    keep(await startClaims({ port: ports.sandbox, dir: path.join(dir, "claims"), log: log("claims") }));
    for (const person of Object.values(oddPeople)) await lookUp(person, claims);
    const everybody = [...all, ...Object.values(oddPeople)];
    const { rotateKeys } = keep(
      await startProvider({ port: ports.provider, origin, tls: pem(made.server), people: everybody, client }),
    );
    Object.assign(provider, { rotateKeys });
  };
  const startGateway = async (keep) => {
    keep({ end: () => fs.rmSync(dir, { recursive: true, force: true }) });
    await startAround(keep);
    const inner = proxy ? await Promise.all(Array.from({ length: gateways }, () => freePort())) : [ports.public];
    const servers = [
      claimsFront({ port: ports.claims, tls: made.claimsServer, clients: made.claims, sandbox: ports.sandbox }),
      ...(proxy ? [front({ port: ports.public, tls: made.server, gateways: inner })] : []),
    ];
    keep(await startNginx({ dir: path.join(dir, "nginx"), log: log("nginx"), port: ports.claims, http: servers.join("") }));
    const names = {
      HOST: NAMES.gateway,
      BASE: base,
      CLAIMS_HOST: "127.0.0.1",
      CLAIMS: claimsOrigin,
      IDP: origin,
      IDP_CLIENT_ID: client.id,
      IDP_CLIENT_SECRET: client.secret,
    };
    const deployed = deploy({ dir, names, variables, made });
    for (const [i, port] of inner.entries()) {
      keep(await deployed.start({ port, tls: !proxy, log: log(`gateway-${i + 1}`) }));
    }
    return deployed.tokens;
  };
  const field = await makeField({ name, base, people: all, claims, provider, approves: true, startGateway });
  return Object.assign(field, { claimsOrigin, odd: oddPeople });
}
