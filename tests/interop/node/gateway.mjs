// The gateway under test, as its developer portal's user sees it: where it is, and how an application is
// registered. The clients themselves learn no more than an app's author would type in.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

/** Set by run.mjs. */
export const BASE_URL = required("BASE_URL").replace(/\/+$/, "");

/** Where the applications of these tests say they are. Nothing listens there: the browser stops in front of it. */
export const CALLBACK = "http://127.0.0.1:8765/callback";

/**
 * Registers an application (RFC 7591) under a name of its own.
 *
 * @param {string} name what the consent page shows
 * @param {object} [metadata] further client metadata
 */
export async function register(name, metadata = {}) {
  const response = await fetch(`${BASE_URL}/o/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: `${name} ${randomUUID()}`,
      redirect_uris: [CALLBACK],
      ...metadata,
    }),
  });
  const body = await response.json();
  assert.equal(response.status, 201, `registration of ${name}: ${body.error}: ${body.error_description}`);
  return body;
}

/**
 * A new signing key: the private `CryptoKey`, the private JWK and the JWK set to register.
 *
 * @param {"ES256" | "ES384" | "RS256" | "RS384"} alg
 */
export async function newKey(alg) {
  const hash = `SHA-${alg.slice(2)}`;
  const algorithm = alg.startsWith("ES")
    ? { name: "ECDSA", namedCurve: `P-${alg.slice(2)}` }
    : { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const kid = randomUUID();
  const { key_ops: _, ext: __, ...publicJwk } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { key_ops: ___, ext: ____, ...privateJwk } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return {
    kid,
    privateKey: pair.privateKey,
    privateJwk: { ...privateJwk, kid, alg },
    jwks: { keys: [{ ...publicJwk, kid, alg, use: "sig" }] },
  };
}

/** How many claims a person has, by the claims backend itself, which the sandbox leaves open. */
export async function claimsAtBackend(patient, version = "v2") {
  const search = `ExplanationOfBenefit?patient=${patient}&_count=1`;
  const response = await fetch(`${BASE_URL}/sandbox/claims/${version}/fhir/${search}`);
  assert.equal(response.status, 200);
  return (await response.json()).total;
}

/**
 * Checks that the search pages, `size` claims each, hold every claim of the person, each once, and nobody else's.
 */
export async function assertAllClaims(pages, patient, size, version = "v2") {
  const expected = await claimsAtBackend(patient, version);
  assert.ok(expected > size, `${expected} claims do not make two pages of ${size}`);
  assert.equal(pages[0].total, expected);
  assert.equal(pages.length, Math.ceil(expected / size));
  const claims = pages.flatMap((bundle) => bundle.entry ?? []).map(({ resource }) => resource);
  for (const claim of claims) {
    assert.equal(claim.resourceType, "ExplanationOfBenefit");
    assert.equal(claim.patient.reference, `Patient/${patient}`);
  }
  assert.equal(new Set(claims.map(({ id }) => id)).size, expected);
  assert.equal(claims.length, expected);
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; start these tests with: node tests/interop/run.mjs`);
  return value;
}
