// Throw-away certificate authorities, by the openssl program: one that people's browsers trust, and one between the
// gateway and its claims backend.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

import { NAMES } from "./names.mjs";

/** Makes everything in `dir`; returns where things are. */
export function makeAuthorities(dir) {
  const people = authority(dir, "people");
  const claims = authority(dir, "claims");
  const addresses = ["IP:127.0.0.1", "IP:::1"];
  const names = Object.values(NAMES).map((name) => `DNS:${name}`);
  return {
    people: people.certificate,
    claims: claims.certificate,
    server: issue(people, "server", "serverAuth", [...names, ...addresses]),
    claimsServer: issue(claims, "claims-server", "serverAuth", addresses),
    gatewayAtClaims: issue(claims, "gateway", "clientAuth", ["DNS:gateway"]),
    /** Signed by an authority that the claims backend does not know. */
    strangerAtClaims: issue(people, "stranger", "clientAuth", ["DNS:gateway"]),
  };
}

/** A home folder whose user has told Chromium to trust an authority, as the keeper of a company's machines does. */
export function makeHome(dir, certificate, certutil) {
  const store = path.join(dir, "home/.pki/nssdb");
  fs.mkdirSync(store, { recursive: true });
  const run = (...args) => execFileSync(certutil, ["-d", `sql:${store}`, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  run("-N", "--empty-password");
  run("-A", "-t", "C,,", "-n", "field tests", "-i", certificate);
  return path.join(dir, "home");
}

function authority(dir, name) {
  const made = { dir, certificate: path.join(dir, `${name}-ca.pem`), key: path.join(dir, `${name}-ca.key`) };
  openssl(
    ...["req", "-x509", ...NEW_KEY, "-days", "2", "-subj", `/CN=Field tests, ${name}`],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
    ...["-keyout", made.key, "-out", made.certificate],
  );
  return made;
}

function issue({ dir, certificate, key }, name, usage, subjects) {
  const made = { cert: path.join(dir, `${name}.pem`), key: path.join(dir, `${name}.key`) };
  const [request, extensions] = ["csr", "ext"].map((end) => path.join(dir, `${name}.${end}`));
  fs.writeFileSync(
    extensions,
    `basicConstraints=critical,CA:false\nextendedKeyUsage=${usage}\nsubjectAltName=${subjects.join(",")}\n`,
  );
  openssl("req", "-new", ...NEW_KEY, "-subj", `/CN=${name}`, "-keyout", made.key, "-out", request);
  openssl(
    ...["x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-CAcreateserial", "-days", "2"],
    ...["-extfile", extensions, "-out", made.cert],
  );
  return made;
}

function openssl(...args) {
  try {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    throw new Error(`openssl ${args[0]}: ${error.stderr ?? error.message}`);
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
