// Names below `localhost` are this machine (RFC 6761, section 6.3). Chromium knows that by itself, the C library only
// where nss-myhostname is installed, and Node.js asks the C library. Importing this file teaches it to this process;
// nothing of the system is changed. The gateway's own calls go to `localhost` and `127.0.0.1`, which every system knows.
import dns from "node:dns";

const { lookup } = dns;
// `net.connect`, and with it `tls`, `http` and `fetch`, look this function up at each connection.
dns.lookup = (name, ...rest) => lookup(name.endsWith(".localhost") ? "127.0.0.1" : name, ...rest);

/** Everybody's address. Each is a site of its own, as the provider, the applications and the gateway are in the field. */
export const NAMES = {
  gateway: "api.gateway.localhost",
  provider: "localhost",
  webApplication: "records.web-app.localhost",
  landing: "www.landing.localhost",
  singlePage: "spa.page-app.localhost",
};
