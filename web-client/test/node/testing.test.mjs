// The gateway for other people's tests is asked by the real client, and behaves like the real one.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { memoryStore } from "@bluegate/client/sync";
import { fakeGateway } from "@bluegate/client/testing";
import { code } from "../gateway.mjs";

async function signedIn(options, more = {}) {
  const gateway = fakeGateway(options);
  const client = new Client({ ...gateway.options, retry: { delay: 1 }, ...more });
  await gateway.signIn(client);
  return { gateway, client };
}

const ids = async (pages) => {
  const all = [];
  for await (const page of pages) all.push(...page.rows.map(({ id }) => id)), page.free();
  return all;
};

for (const version of ["v1", "v2", "v3"]) {
  test(`${version}: everything that a client asks is answered, without a network`, async () => {
    const { gateway, client } = await signedIn({ claims: 12 }, { version });
    assert.equal((await client.patient()).birthDate, "2014-06-01");
    assert.equal((await client.coverage()).length, 4);
    assert.equal((await ids(client.claims({ pageSize: 5 }))).length, 12);
    const [first] = await ids(client.claims());
    assert.equal((await client.claimById(first)).id, first);
    assert.equal((await client.userinfo()).name, "Jordan Doe");
    assert.equal((await client.sync(memoryStore())).added.length, 12);
    gateway.expire();
    assert.equal((await client.coverage()).length, 4);
    await client.signOut();
    await assert.rejects(client.coverage(), code("not_signed_in"));
    assert.ok(gateway.requests.every(({ url }) => url.origin === "https://gateway.test"));
  });
}

test("claims are the sandbox's: of several types, whole, and each by an id of its own", async () => {
  const { client } = await signedIn({ claims: 20 });
  const { value: page } = await client.claims({ pageSize: 50 }).next();
  assert.equal(new Set(page.rows.map(({ id }) => id)).size, 20);
  assert.ok(new Set(page.rows.map(({ type }) => type)).size >= 3);
  for (const { id, index, provider, npi, drug, paid, incomplete, unknown } of page.rows) {
    assert.ok((provider ?? npi ?? drug) !== undefined && paid !== undefined, id);
    assert.deepEqual([incomplete, unknown, page.entry(index).notes], [undefined, undefined, undefined], id);
  }
  const { value: drugs } = await client.claims({ type: ["pde", "snf"] }).next();
  assert.ok(drugs.length > 0 && drugs.rows.every(({ type }) => type === "pde"));
});

test("the sandbox's claims are of the person that a test brings", async () => {
  const { client } = await signedIn({ patient: { resourceType: "Patient", id: "-7", name: [{ family: "Roe" }] } });
  const [first] = await ids(client.claims());
  assert.equal((await client.claimById(first)).patientId, "-7");
  assert.equal((await client.userinfo()).name, "Roe");
});

test("it fails where a test wants it to", async () => {
  const { gateway, client } = await signedIn();
  gateway.failNext(/Coverage/, 404);
  await assert.rejects(client.coverage(), code("not_found"));
  gateway.failNext(/Coverage/, 503);
  assert.equal((await client.coverage()).length, 4, "which a client tries again");
  gateway.revoke();
  await assert.rejects(client.coverage(), code("revoked"));
});

test("a person may deny, or withhold who they are", async () => {
  const gateway = fakeGateway();
  const client = new Client(gateway.options);
  await assert.rejects(client.handleCallback(gateway.visit(await client.authorizationUrl(), "deny")), code("access_denied"));
  const { client: other } = await signedIn({ demographics: false });
  await assert.rejects(other.patient(), code("demographics_withheld"));
});

test("resources may be the application's own", async () => {
  const claims = [{ resourceType: "ExplanationOfBenefit", id: "pde-9", status: "active", use: "claim" }];
  const { client } = await signedIn({ claims, patient: { resourceType: "Patient", id: "-7" } });
  assert.deepEqual(await ids(client.claims()), ["pde-9"]);
  assert.equal((await client.session()).patient, "-7");
});

test("a code, and a refresh token, are good for one use and for their verifier", async () => {
  const { gateway, client } = await signedIn();
  const { refreshToken } = await client.session();
  const once = () => gateway.options.fetch("https://gateway.test/v2/o/token/", { method: "POST", body: `refresh_token=${refreshToken}` });
  assert.deepEqual([(await once()).status, (await once()).status], [200, 400]);
  const stolen = new URL(gateway.visit(await client.authorizationUrl())).searchParams.get("code");
  const body = `code=${stolen}&code_verifier=${"x".repeat(43)}`;
  assert.equal((await gateway.options.fetch("https://gateway.test/v2/o/token/", { method: "POST", body })).status, 400);
});
