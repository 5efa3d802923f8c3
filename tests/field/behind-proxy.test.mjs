// Two gateways on one store, behind a proxy that ends TLS and speaks HTTP/2.
import { startDeployed } from "./lib/deployed.mjs";
import { walks } from "./walks/all.mjs";
import { SUBJECTS, behindProxy, keys, ownProvider } from "./walks/deployment.mjs";

const LIMIT = 600;

const odd = (all) => SUBJECTS.map(({ subject }) => ({ ...all.pop(), subject }));

const start = async () =>
  Object.assign(await startDeployed({
    name: "behind-proxy",
    proxy: true,
    gateways: 2,
    algorithm: "RS256",
    variables: { trusted_proxies: "127.0.0.1", rate_limit_per_minute: String(LIMIT) },
    odd,
  }), { limit: LIMIT });

walks("two gateways behind nginx", start, { together: [behindProxy, ownProvider], alone: [keys] });
