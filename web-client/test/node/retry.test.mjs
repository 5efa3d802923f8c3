// Requests are sent again where the gateway asks for it, and only there; and every call ends when its signal
// says so.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { bundle, callback, code, eob, signedIn, startGateway, tokenAnswer } from "../gateway.mjs";

const EOB = "/v2/fhir/ExplanationOfBenefit";
const retry = { attempts: 3, delay: 1, maxDelay: 2000 };

/** A route that answers so often with a status, and then well. */
function failing(times, status, headers = {}) {
  let left = times;
  return () => {
    left -= 1;
    return left >= 0 ? { status, headers } : { body: bundle([eob("carrier-1")]) };
  };
}

for (const status of [429, 502, 503, 504]) {
  test(`a request that is answered ${status} is sent again`, async (t) => {
    const { gateway, client } = await signedIn(t, { options: { retry } });
    gateway.routes[`GET ${EOB}`] = failing(2, status);
    assert.equal((await client.claims().next()).value.length, 1);
    assert.equal(gateway.to(EOB).length, 3);
  });
}

for (const status of [400, 404, 500, 501]) {
  test(`a request that is answered ${status} is not sent again`, async (t) => {
    const { gateway, client } = await signedIn(t, { options: { retry } });
    gateway.routes[`GET ${EOB}`] = failing(1, status);
    await assert.rejects(client.claims().next());
    assert.equal(gateway.to(EOB).length, 1);
  });
}

test("there is an end to it, and the last answer is the error", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry } });
  gateway.routes[`GET ${EOB}`] = failing(9, 503);
  await assert.rejects(client.claims().next(), code("maintenance"));
  assert.equal(gateway.to(EOB).length, 3);
});

test("who wants no second attempt gets none", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry: false } });
  gateway.routes[`GET ${EOB}`] = failing(1, 502);
  await assert.rejects(client.claims().next(), code("server_error"));
  assert.equal(gateway.to(EOB).length, 1);
});

test("Retry-After is waited for, as seconds and as a date", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry } });
  for (const wait of ["1", new Date(Date.now() + 1000).toUTCString()]) {
    gateway.routes[`GET ${EOB}`] = failing(1, 429, { "Retry-After": wait });
    await client.claims().next();
  }
  assert.equal(gateway.to(EOB).length, 4);
});

test("a longer wait than allowed is the caller's to decide", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry } });
  for (const wait of ["60", new Date(Date.now() + 60_000).toUTCString()]) {
    gateway.routes[`GET ${EOB}`] = failing(9, 503, { "Retry-After": wait });
    await assert.rejects(client.claims().next(), (error) => {
      assert.ok(error.retryAfter > 2 && error.retryAfter <= 60, String(error.retryAfter));
      return code("maintenance")(error);
    });
  }
  assert.equal(gateway.to(EOB).length, 2);
});

test("a code is exchanged once: a second attempt could end what the first one gave", async (t) => {
  for (const [status, sent] of [[502, 1], [503, 1], [504, 1], [429, 3]]) {
    const gateway = await startGateway({ "POST /v2/o/token/": () => ({ status }) });
    t.after(() => gateway.close());
    const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/", retry });
    await assert.rejects(client.handleCallback(await callback(gateway, client)));
    assert.equal(gateway.to("/v2/o/token/").length, sent, `after ${status}`);
  }
});

test("a refresh is sent again: the gateway gives the same answer to a repetition", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry } });
  let left = 1;
  gateway.routes["POST /v2/o/token/"] = () => ((left -= 1) >= 0 ? { status: 502 } : { body: tokenAnswer(2) });
  assert.equal((await client.refresh()).accessToken, "access-2");
});

test("an abort ends the wait for the next attempt", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { retry: { ...retry, maxDelay: 60_000 } } });
  const control = new AbortController();
  gateway.routes[`GET ${EOB}`] = () => {
    setTimeout(() => control.abort(), 20);
    return { status: 503, headers: { "Retry-After": "50" } };
  };
  await assert.rejects(client.claims({ signal: control.signal }).next(), { name: "AbortError" });
  assert.equal(gateway.to(EOB).length, 1);
});

const never = () => new Promise(() => {});
const CALLS = {
  authorizationUrl: ["GET /.well-known/oauth-authorization-server", (client, options) => client.authorizationUrl(options)],
  claims: [`GET ${EOB}`, (client, { signal }) => client.claims({ signal }).next()],
  coverage: ["GET /v2/fhir/Coverage", (client, options) => client.coverage(options)],
  patient: ["GET /v2/fhir/Patient/-20140000008325", (client, options) => client.patient(options)],
  refresh: ["POST /v2/o/token/", (client, options) => client.refresh(options)],
  signOut: ["POST /v2/o/revoke_token/", (client, options) => client.signOut(options)],
  userinfo: ["GET /v2/connect/userinfo", (client, options) => client.userinfo(options)],
};
for (const [name, [route, call]] of Object.entries(CALLS)) {
  test(`${name} ends with its signal, whose reason it throws`, async (t) => {
    const { gateway, client: signed } = await signedIn(t);
    const control = new AbortController();
    gateway.routes[route] = () => {
      control.abort(new Error("enough"));
      return never();
    };
    const fresh = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/" });
    const client = name === "authorizationUrl" ? fresh : signed;
    await assert.rejects(call(client, { signal: control.signal }), /enough/);
    // Signing out has forgotten the tokens by now, and has nothing more to do.
    if (name === "signOut") return;
    await assert.rejects(call(client, { signal: AbortSignal.abort(new Error("before")) }), /before/);
  });
}

test("one who gives up does not spoil the refresh for the others", async (t) => {
  const { gateway, client } = await signedIn(t);
  const control = new AbortController();
  let answer;
  gateway.routes["POST /v2/o/token/"] = () => {
    control.abort();
    return new Promise((resolve) => (answer = resolve));
  };
  const impatient = client.refresh({ signal: control.signal });
  const patient = client.refresh();
  await assert.rejects(impatient, { name: "AbortError" });
  answer({ body: tokenAnswer(2) });
  assert.equal((await patient).accessToken, "access-2");
  assert.equal((await client.session()).accessToken, "access-2");
});

test("an answer that is handled twice at the same time is exchanged once", async (t) => {
  const gateway = await startGateway({ "POST /v2/o/token/": () => ({ body: tokenAnswer() }) });
  t.after(() => gateway.close());
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/" });
  const address = await callback(gateway, client);
  const [one, two] = await Promise.all([client.handleCallback(address), client.handleCallback(address)]);
  assert.deepEqual(one, two);
  assert.equal(gateway.to("/v2/o/token/").length, 1);
});

test("a redirect is not followed, the token would go along; the error says where it leads", async (t) => {
  const { gateway, client } = await signedIn(t);
  const other = await startGateway();
  t.after(() => other.close());
  gateway.routes[`GET ${EOB}`] = () => ({ status: 302, headers: { Location: `${other.base}/steal` } });
  await assert.rejects(client.claims().next(), (error) => {
    assert.match(error.message, /redirects to http.*\/steal.*check baseUrl/);
    return code("bad_response")(error);
  });
  assert.equal(other.requests.length, 0);
  assert.equal(gateway.to(`${EOB}/`).length, 0, "nothing to guess: there is no body to lose");
});

test("where only the slash is missing, the request is sent again as it was", async (t) => {
  const gateway = await startGateway();
  t.after(() => gateway.close());
  gateway.metadata.token_endpoint = `${gateway.base}/token?a=b`;
  const fresh = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/", retry: false });
  gateway.routes["POST /token"] = () => ({ status: 308, headers: { Location: "/token/?a=b" } });
  gateway.routes["POST /token/"] = ({ query }) => ({ body: tokenAnswer(1, { patient: query.get("a") }) });
  assert.equal((await fresh.handleCallback(await callback(gateway, fresh))).patient, "b");
  assert.equal(gateway.to("/token/")[0].form.get("code"), "good");
});

test("an OperationOutcome of v3 is understood", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { version: "v3" } });
  gateway.routes["GET /v3/fhir/ExplanationOfBenefit"] = () => ({
    status: 401,
    body: {
      resourceType: "OperationOutcome",
      issue: [{ details: { coding: [{ code: "grant_expired" }], text: "User access has timed out." } }],
    },
  });
  await assert.rejects(client.claims().next(), (error) => {
    assert.equal(error.message, "User access has timed out.");
    return code("grant_expired")(error);
  });
});

test("who takes the consent back tells the gateway so, with a token that lives", async (t) => {
  const { gateway, client } = await signedIn(t, { routes: { "POST /v2/o/revoke/": () => ({ body: {} }) } });
  await client.signOut({ withdraw: true });
  assert.equal(gateway.to("/v2/o/revoke/")[0].form.get("token"), "access-1");
  assert.equal(gateway.to("/v2/o/revoke_token/").length, 0);
  assert.equal(await client.session(), undefined);
});
