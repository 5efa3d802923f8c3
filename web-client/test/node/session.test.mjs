// One session, whoever shares its storage: several clients, several servers, several people one after the other.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { startBlueButton } from "../bluebutton.mjs";
import { bundle, callback, code, eob, startGateway, tokenAnswer } from "../gateway.mjs";

const REDIRECT = "https://app.example/callback";
const COVERAGE = "GET /v2/fhir/Coverage";

/** A storage that several clients may have, at work or not. */
function sharedStorage(tokens) {
  const storage = {
    tokens,
    load: async () => storage.tokens,
    save: async (next) => void (storage.tokens = next),
    clear: async () => void (storage.tokens = undefined),
  };
  return storage;
}

/** A server whose refresh tokens are good for one use. */
async function strict(t) {
  let used = 0;
  const gateway = await startGateway({
    "POST /v2/o/token/": async ({ form }) => {
      const presented = form.get("refresh_token");
      if (presented === null) return { body: tokenAnswer(0) };
      if (presented !== `refresh-${used}`) return { status: 400, body: { error: "invalid_grant" } };
      used += 1;
      const given = used;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { body: tokenAnswer(given) };
    },
    [COVERAGE]: ({ headers }) =>
      headers.authorization === `Bearer access-${used}` ? { body: bundle([]) } : { status: 401, body: { code: "invalid_token" } },
  });
  t.after(() => gateway.close());
  const client = (storage, options = {}) =>
    new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT, storage, ...options });
  const renewals = () => gateway.to("/v2/o/token/").filter(({ form }) => form.has("refresh_token")).length;
  return { gateway, client, renewals };
}

const ended = { accessToken: "access-x", refreshToken: "refresh-0", expiresAt: 0, scope: [], patient: "-20140000008325" };

test("two clients over one storage renew once, and both go on", async (t) => {
  const { client, renewals } = await strict(t);
  const storage = sharedStorage(ended);
  const [one, two] = [client(storage), client(storage)];
  await Promise.all([one.coverage(), two.coverage(), one.coverage()]);
  assert.equal(renewals(), 1);
  assert.equal(storage.tokens.refreshToken, "refresh-1");
  await Promise.all([one.refresh(), two.refresh()]);
  assert.equal(renewals(), 2, "who asked before the other was done takes what that one got");
  assert.equal((await two.session()).refreshToken, "refresh-2");
});

test("who loses a race that no lock could prevent takes what the winner got", async (t) => {
  const { gateway, client } = await strict(t);
  const storage = sharedStorage(ended);
  // Another process renews while this one's request is on its way.
  const winner = { ...ended, accessToken: "access-0", refreshToken: "refresh-w", expiresAt: Date.now() + 3_600_000 };
  gateway.routes["POST /v2/o/token/"] = () => ((storage.tokens = winner), { status: 400, body: { error: "invalid_grant" } });
  await client(storage).coverage();
  assert.equal(storage.tokens, winner);

  // Or a little later.
  storage.tokens = ended;
  gateway.routes["POST /v2/o/token/"] = () => {
    setTimeout(() => (storage.tokens = winner), 50);
    return { status: 400, body: { error: "invalid_grant" } };
  };
  await client(storage).coverage();
  assert.equal(storage.tokens, winner);
});

test("where nobody won, the session is over", async (t) => {
  const { gateway, client } = await strict(t);
  const storage = sharedStorage(ended);
  gateway.routes["POST /v2/o/token/"] = () => ({ status: 400, body: { error: "invalid_grant" } });
  await assert.rejects(client(storage).coverage(), code("session_ended"));
  assert.equal(storage.tokens, undefined);
});

test("a renewal does not overwrite a person who signed in meanwhile", async (t) => {
  const { gateway, client } = await strict(t);
  const storage = sharedStorage(ended);
  const other = { ...ended, accessToken: "access-0", refreshToken: "theirs", patient: "-2", expiresAt: Date.now() + 3_600_000 };
  gateway.routes["POST /v2/o/token/"] = () => ((storage.tokens = other), { body: tokenAnswer(1) });
  await assert.rejects(client(storage).coverage(), code("wrong_person"), "and the call does not go on as that person");
  assert.equal(storage.tokens, other);
});

test("a call that began as one person does not go on as another", async (t) => {
  const { gateway, client } = await strict(t);
  const mine = { ...ended, accessToken: "access-0", expiresAt: Date.now() + 3_600_000 };
  const storage = sharedStorage(mine);
  const next = `${gateway.base}/v2/fhir/ExplanationOfBenefit?startIndex=1`;
  gateway.routes["GET /v2/fhir/ExplanationOfBenefit"] = ({ query }) => ({
    body: bundle([eob("carrier-1")], query.has("startIndex") ? {} : { next }),
  });
  const pages = client(storage).claims();
  await pages.next();
  storage.tokens = { ...mine, patient: "-2" };
  await assert.rejects(pages.next(), code("wrong_person"));
  assert.equal(gateway.to("/v2/fhir/ExplanationOfBenefit").length, 1, "nothing is asked in the other's name");
  storage.tokens = mine;
  assert.equal((await pages.next()).value.length, 1);
});

test("tokens that are renewed for another person are of nobody", async (t) => {
  const { gateway, client } = await strict(t);
  const storage = sharedStorage(ended);
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(1, { patient: "-2" }) });
  await assert.rejects(client(storage).coverage(), code("wrong_person"));
  assert.equal(storage.tokens, undefined);
});

test("a late refusal does not end the session that came after", async (t) => {
  const { gateway, client } = await strict(t);
  const mine = { ...ended, accessToken: "access-0", expiresAt: Date.now() + 3_600_000 };
  const storage = sharedStorage(mine);
  const next = { ...mine, accessToken: "next", refreshToken: "next" };
  gateway.routes[COVERAGE] = () => ((storage.tokens = next), { status: 403, body: { code: "grant_revoked" } });
  await assert.rejects(client(storage).coverage(), code("revoked"));
  assert.equal(storage.tokens, next);
});

/** A client that a person signed in to, over a storage of the application's own. */
async function signIn(gateway, storage, options = {}) {
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT, storage, ...options });
  await client.handleCallback(await callback(gateway, client));
  return client;
}

test("tokens of one client are nobody else's, even in a storage that they share", async (t) => {
  const { gateway } = await strict(t);
  const { gateway: other } = await strict(t);
  const storage = sharedStorage();
  const first = await signIn(gateway, storage);
  const clients = [
    { baseUrl: other.base },
    { clientId: "other app" },
    { version: "v1" },
    { version: "v3" },
  ].map((differs) => new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT, storage, ...differs }));
  for (const client of clients) {
    assert.equal(await client.session(), undefined);
    await assert.rejects(client.coverage(), code("not_signed_in"));
  }
  assert.equal(other.requests.length, 0);
  assert.equal((await first.session()).accessToken, "access-0", "and they are left where they are");
  const same = new Client({ baseUrl: `${gateway.base}/`, clientId: "app", redirectUri: REDIRECT, storage, version: "v2" });
  assert.equal((await same.session()).accessToken, "access-0", "the same client is the same, however it is written");
});

test("tokens that an application kept by itself, without a client's name, are used", async (t) => {
  const { client } = await strict(t);
  assert.equal((await client(sharedStorage({ ...ended, accessToken: "a" })).session()).accessToken, "a");
});

test("an answer to one gateway is not another's, though they know the application by the same id", async (t) => {
  const [{ gateway }, { gateway: other }] = [await strict(t), await strict(t)];
  const items = new Map();
  const pendingStorage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
  const [one, two] = [gateway, other].map(({ base }) => new Client({ baseUrl: base, clientId: "app", redirectUri: REDIRECT, pendingStorage }));
  const answer = await callback(gateway, one);
  await two.authorizationUrl();
  assert.equal(await two.handleCallback(answer), undefined);
  assert.equal(other.to("/v2/o/token/").length, 0);
  assert.ok(await one.handleCallback(answer));
});

test("two clients that take one answer at the same time share the exchange, and both are signed in", async (t) => {
  const { gateway } = await strict(t);
  const items = new Map();
  const pendingStorage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
  const make = () => new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT, pendingStorage });
  const address = await callback(gateway, make());
  // As React's StrictMode does it: the first is given up at once.
  const control = new AbortController();
  const [one, two] = [make(), make()];
  const first = one.handleCallback(address, { signal: control.signal });
  const second = two.handleCallback(address);
  control.abort();
  await assert.rejects(first, { name: "AbortError" });
  assert.equal((await second).accessToken, "access-0");
  assert.equal(gateway.to("/v2/o/token/").length, 1);
  assert.equal((await two.session()).accessToken, "access-0");
  assert.equal((await one.session()).accessToken, "access-0");
});

test("at a service without any grace, clients over one storage go on for ever", async (t) => {
  const service = await startBlueButton();
  t.after(() => service.close());
  const storage = sharedStorage();
  const make = () => new Client({ baseUrl: service.base, clientId: "app", redirectUri: REDIRECT, storage });
  const [one, two] = [make(), make()];
  await one.handleCallback(await service.visit(await one.authorizationUrl()));
  for (let round = 0; round < 3; round += 1) {
    service.expire();
    await Promise.all([one.coverage(), two.coverage(), two.patient()]);
  }
  assert.equal(service.to("/v2/o/token").length, 4);
});
