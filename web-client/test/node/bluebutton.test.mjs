// The package at the official Blue Button service, whose stand-in differs from the gateway where the service does.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { PATIENT, startBlueButton } from "../bluebutton.mjs";
import { code } from "../gateway.mjs";

const REDIRECT = "https://app.example/callback";

async function setUp(t, options = {}) {
  const service = await startBlueButton();
  t.after(() => service.close());
  const client = new Client({ baseUrl: service.base, clientId: "app", redirectUri: REDIRECT, ...options });
  return { service, client };
}

async function signedIn(t, options) {
  const { service, client } = await setUp(t, options);
  const tokens = await client.handleCallback(await service.visit(await client.authorizationUrl()));
  return { service, client, tokens };
}

async function ids(client) {
  const all = [];
  for await (const page of client.claims({ pageSize: 2 })) {
    all.push(...page.rows.map(({ id }) => id));
    page.free();
  }
  return all;
}

for (const version of ["v1", "v2", "v3"]) {
  test(`${version}: from the sign-in to its end`, async (t) => {
    const { service, client, tokens } = await signedIn(t, { version });
    const of = version === "v3" ? "v3" : "v2";
    assert.equal(tokens.patient, PATIENT[version]);
    assert.equal(tokens.accessGrantExpiration, "2027-12-21T19:30:13Z");

    assert.equal((await client.patient()).birthDate, "1999-06-01");
    assert.equal((await client.coverage()).length, 2);
    assert.deepEqual(await ids(client), ["carrier-1", "carrier-2", "carrier-3"]);
    assert.equal((await client.userinfo()).patient, PATIENT[of]);

    service.expire();
    assert.deepEqual(await ids(client), ["carrier-1", "carrier-2", "carrier-3"]);
    const renewed = await client.session();
    assert.notEqual(renewed.refreshToken, tokens.refreshToken);
    assert.equal(service.to(`/${of}/o/token`).length, 2);

    await client.signOut();
    assert.equal(await client.session(), undefined);
    const [lost, arrived] = [`/${of}/o/revoke_token`, `/${of}/o/revoke_token/`].map((path) => service.to(path));
    assert.deepEqual([lost.length, arrived.length], [1, 1]);
    assert.equal(arrived[0].method, "POST");
    assert.equal(arrived[0].form.get("token"), renewed.refreshToken);
    const headers = { Authorization: `Bearer ${renewed.accessToken}` };
    assert.equal((await fetch(`${service.base}/${version}/fhir/Coverage`, { headers })).status, 401);
  });

  test(`${version}: the consent is taken back with an access token that lives`, async (t) => {
    const { service, client } = await signedIn(t, { version });
    const stored = await client.session();
    const late = { load: () => ({ ...stored, expiresAt: 0 }), save() {}, clear() {} };
    const later = new Client({ baseUrl: service.base, clientId: "app", redirectUri: REDIRECT, version, storage: late });
    await later.signOut({ withdraw: true });
    const [request] = service.to(`/${version}/o/revoke/`);
    assert.notEqual(request.form.get("token"), stored.accessToken);
    assert.equal(request.form.get("token_type_hint"), "access_token");
    assert.equal(service.state.grant, "gone");
  });
}

test("what v3 needs is asked for, as far as the service has it", async (t) => {
  const { client } = await setUp(t, { version: "v3" });
  const asked = (await client.authorizationUrl()).searchParams.get("scope");
  assert.equal(asked, "patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs profile");
  const fewer = (await client.authorizationUrl({ scope: ["profile"] })).searchParams.get("scope");
  assert.equal(fewer, "profile");
  const { client: other } = await setUp(t, { version: "v2" });
  assert.equal((await other.authorizationUrl()).searchParams.get("scope"), null, "v2 leaves the choice to the service");
});

test("an answer without iss is taken, one with another's is not (RFC 9207)", async (t) => {
  const { service, client } = await setUp(t);
  const answer = new URL(await service.visit(await client.authorizationUrl()));
  assert.equal(answer.searchParams.get("iss"), null);
  answer.searchParams.set("iss", "https://other.example");
  await assert.rejects(client.handleCallback(answer), code("issuer_mismatch"));
});

test("a person who does not allow it is access_denied", async (t) => {
  const { service, client } = await setUp(t);
  service.state.deny = true;
  await assert.rejects(client.handleCallback(await service.visit(await client.authorizationUrl())), code("access_denied"));
});

/** What the service answers when something ended, and what that is to an application. */
const ENDINGS = [
  ["after thirteen months", (service) => (service.state.grant = "timed out"), "grant_expired", true],
  ["after the person took the consent back", (service) => (service.expire(), (service.state.grant = "gone")), "revoked", true],
  ["where the application is inactive", (service) => (service.state.inactive = true), "application_inactive", false],
  ["where a one-time application cannot refresh", (service) => (service.expire(), (service.state.oneTime = true)), "session_ended", true],
];
for (const [when, happen, expected, over] of ENDINGS) {
  for (const version of ["v2", "v3"]) {
    test(`${version}: ${when} a call is ${expected}`, async (t) => {
      const { service, client } = await signedIn(t, { version });
      happen(service);
      await assert.rejects(client.coverage(), code(expected));
      assert.equal((await client.session()) === undefined, over);
    });
  }
}

test("a refresh token that the service does not know ends the session", async (t) => {
  for (const version of ["v2", "v3"]) {
    const { service, client } = await setUp(t, { version });
    const answer = await client.handleCallback(await service.visit(await client.authorizationUrl()));
    await client.signOut();
    const kept = { load: () => answer, save() {}, clear: () => (kept.cleared = true) };
    const other = new Client({ baseUrl: service.base, clientId: "app", redirectUri: REDIRECT, version, storage: kept });
    await assert.rejects(other.refresh(), code("session_ended"), version);
    assert.equal(kept.cleared, true);
  }
});

for (const [version, words] of [["v2", "Not found."], ["v3", "Resource is not known"]]) {
  test(`${version}: what is not there is not_found, in the service's words`, async (t) => {
    const { service, client } = await signedIn(t, { version });
    service.state.empty = true;
    await assert.rejects(client.patient(), (error) => {
      assert.equal(error.message, words);
      return code("not_found")(error);
    });
  });
}
