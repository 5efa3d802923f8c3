import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { challenge, createPkce, randomToken } from "@bluegate/client/pkce";

test("the challenge is that of RFC 7636, appendix B", async () => {
  const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  assert.equal(await challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
});

test("a new pair has 256 random bits, and its challenge is what another SHA-256 says", async () => {
  const pair = await createPkce();
  assert.match(pair.verifier, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(Buffer.from(pair.verifier, "base64url").length, 32);
  assert.equal(pair.challenge, createHash("sha256").update(pair.verifier).digest("base64url"));
  assert.equal(pair.method, "S256");
});

test("no two values are the same", async () => {
  const values = new Set();
  for (let round = 0; round < 200; round += 1) values.add(await randomToken());
  assert.equal(values.size, 200);
});

test("a verifier outside RFC 7636, section 4.1, is refused", async () => {
  for (const verifier of ["", "short", "a".repeat(42), "a".repeat(129), `${"a".repeat(43)}ä`]) {
    await assert.rejects(challenge(verifier), /code_verifier/, verifier);
  }
});
