import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { Client } from "@bluegate/client";
import { startGateway, tokenAnswer } from "../gateway.mjs";

const REDIRECT = "https://app.example/callback";

/** A client of a gateway that ends with the test. */
async function setUp(t, routes = {}, options = {}) {
  const gateway = await startGateway(routes);
  t.after(() => gateway.close());
  const client = new Client({
    baseUrl: `${gateway.base}/`,
    clientId: "app",
    redirectUri: REDIRECT,
    ...options,
  });
  return { gateway, client };
}

/** The address that a gateway would redirect to. */
function callback(gateway, parameters) {
  const url = new URL(REDIRECT);
  for (const [name, value] of Object.entries({ iss: gateway.base, ...parameters })) {
    for (const one of [value].flat()) if (one !== undefined) url.searchParams.append(name, one);
  }
  return url;
}

async function signedIn(t, routes = {}, answer = tokenAnswer()) {
  const set = await setUp(t, { "POST /v2/o/token/": () => ({ body: answer }), ...routes });
  const url = await set.client.authorizationUrl();
  const state = url.searchParams.get("state");
  await set.client.handleCallback(callback(set.gateway, { code: "good", state }));
  return set;
}

const code = (expected) => (error) => {
  assert.equal(error.name, "BluegateError");
  assert.equal(error.code, expected, error.message);
  return true;
};

test("the authorization request has all that the gateway asks for", async (t) => {
  const { gateway, client } = await setUp(t);
  const url = await client.authorizationUrl({ scope: ["openid", "profile"], lang: "es" });
  const query = url.searchParams;
  assert.equal(url.origin + url.pathname, `${gateway.base}/v2/o/authorize/`);
  assert.equal(query.get("response_type"), "code");
  assert.equal(query.get("client_id"), "app");
  assert.equal(query.get("redirect_uri"), REDIRECT);
  assert.equal(query.get("scope"), "openid profile");
  assert.equal(query.get("lang"), "es");
  assert.equal(query.get("code_challenge_method"), "S256");
  assert.match(query.get("code_challenge"), /^[\w-]{43}$/);
  assert.match(query.get("state"), /^[\w-]{43}$/);
});

test("the exchange sends the verifier of this sign-in, and the tokens are kept", async (t) => {
  const { gateway, client } = await setUp(t, {
    "POST /v2/o/token/": () => ({ body: tokenAnswer() }),
  });
  const url = await client.authorizationUrl();
  const state = url.searchParams.get("state");
  const tokens = await client.handleCallback(callback(gateway, { code: "c1", state }));

  const { form } = gateway.to("/v2/o/token/")[0];
  assert.equal(form.get("grant_type"), "authorization_code");
  assert.equal(form.get("code"), "c1");
  assert.equal(form.get("redirect_uri"), REDIRECT);
  assert.equal(form.get("client_id"), "app");
  const hash = createHash("sha256").update(form.get("code_verifier")).digest("base64url");
  assert.equal(hash, url.searchParams.get("code_challenge"));

  assert.equal(tokens.patient, "-20140000008325");
  assert.equal(tokens.accessGrantExpiration, "2027-12-21T19:30:13Z");
  assert.ok(tokens.scope.includes("profile"));
  assert.deepEqual(await client.session(), tokens);
});

/** Addresses that somebody else is waiting for, or nobody. */
const OTHERS = {
  "no answer": `${REDIRECT}?page=2`,
  "a discount": `${REDIRECT}?code=SUMMER24`,
  "an error of the site": `${REDIRECT}?error=not_found`,
  "another library's answer": `${REDIRECT}?code=abc&state=${"x".repeat(43)}`,
  "another library's error": `${REDIRECT}?error=access_denied&state=${"x".repeat(43)}`,
  "a state alone": `${REDIRECT}?state=open`,
};
for (const [what, address] of Object.entries(OTHERS)) {
  test(`an address that is ${what} is left alone, also while a sign-in is under way`, async (t) => {
    const { client, gateway } = await setUp(t);
    assert.equal(await client.handleCallback(address), undefined);
    assert.equal(gateway.requests.length, 0, "nobody is asked");
    const state = (await client.authorizationUrl()).searchParams.get("state");
    assert.equal(await client.handleCallback(address), undefined);
    gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer() });
    assert.ok(await client.handleCallback(callback(gateway, { code: "c1", state })), "and the sign-in goes on");
  });
}

test("an answer that came to another place than redirectUri is left alone", async (t) => {
  const { gateway, client } = await setUp(t);
  const state = (await client.authorizationUrl()).searchParams.get("state");
  for (const place of ["/", "/callback/", "/callback/more", "/Callback"]) {
    const answer = callback(gateway, { code: "c1", state });
    answer.pathname = place;
    assert.equal(await client.handleCallback(answer), undefined, place);
  }
  const elsewhere = callback(gateway, { code: "c1", state });
  elsewhere.host = "other.example";
  assert.equal(await client.handleCallback(elsewhere), undefined);
  assert.equal(gateway.to("/v2/o/token/").length, 0);
});

for (const redirectUri of ["https://app.example/?page=callback", "gov.cms.app:/callback", "http://[::1]:7777/callback#here"]) {
  test(`an answer that came to ${redirectUri} is taken`, async (t) => {
    const { gateway, client } = await setUp(t, { "POST /v2/o/token/": () => ({ body: tokenAnswer() }) }, { redirectUri });
    const state = (await client.authorizationUrl()).searchParams.get("state");
    const answer = new URL(redirectUri);
    for (const [name, value] of Object.entries({ code: "c1", state, iss: gateway.base })) answer.searchParams.set(name, value);
    assert.ok(await client.handleCallback(answer));
  });
}

test("an answer is taken once", async (t) => {
  const { gateway, client } = await setUp(t, {
    "POST /v2/o/token/": () => ({ body: tokenAnswer() }),
  });
  const state = (await client.authorizationUrl()).searchParams.get("state");
  const answer = callback(gateway, { code: "c1", state });
  await client.handleCallback(answer);
  assert.equal(await client.handleCallback(answer), undefined);
  assert.equal(gateway.to("/v2/o/token/").length, 1);
});

test("a sign-in that was started too long ago has expired", async (t) => {
  const { gateway, client } = await setUp(t);
  const state = (await client.authorizationUrl()).searchParams.get("state");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() + 61 * 60 * 1000 });
  await assert.rejects(client.handleCallback(callback(gateway, { code: "c1", state })), code("sign_in_expired"));
  assert.equal(gateway.to("/v2/o/token/").length, 0);
  assert.equal(await client.handleCallback(callback(gateway, { code: "c1", state })), undefined);
});

test("two sign-ins under way do not disturb each other", async (t) => {
  const { gateway, client } = await setUp(t, {
    "POST /v2/o/token/": () => ({ body: tokenAnswer() }),
  });
  const first = await client.authorizationUrl();
  await client.authorizationUrl();
  const state = first.searchParams.get("state");
  await client.handleCallback(callback(gateway, { code: "c1", state }));
  const verifier = gateway.to("/v2/o/token/")[0].form.get("code_verifier");
  const hash = createHash("sha256").update(verifier).digest("base64url");
  assert.equal(hash, first.searchParams.get("code_challenge"));
});

test("an answer of another issuer is refused (RFC 9207)", async (t) => {
  const { gateway, client } = await setUp(t);
  for (const iss of ["https://evil.example", `${gateway.base}/`, undefined]) {
    const state = (await client.authorizationUrl()).searchParams.get("state");
    const answer = callback(gateway, { code: "c1", state, iss });
    await assert.rejects(client.handleCallback(answer), code("issuer_mismatch"));
  }
  assert.equal(gateway.to("/v2/o/token/").length, 0);
});

test("an answer with a repeated parameter is refused (RFC 6749, section 3.1)", async (t) => {
  const { gateway, client } = await setUp(t);
  const state = (await client.authorizationUrl()).searchParams.get("state");
  const answer = callback(gateway, { code: ["c1", "c2"], state });
  await assert.rejects(client.handleCallback(answer), code("callback_invalid"));
});

test("an answer without a code is refused", async (t) => {
  const { gateway, client } = await setUp(t);
  const state = (await client.authorizationUrl()).searchParams.get("state");
  await assert.rejects(client.handleCallback(callback(gateway, { code: "", state })), code("callback_invalid"));
});

for (const [error, expected] of [
  ["access_denied", "access_denied"],
  ["invalid_scope", "invalid_scope"],
  ["invalid_request", "invalid_request"],
  ["unauthorized_client", "invalid_client"],
  ["server_error", "server_error"],
  ["temporarily_unavailable", "maintenance"],
]) {
  test(`the redirect error ${error} is ${expected}`, async (t) => {
    const { gateway, client } = await setUp(t);
    const state = (await client.authorizationUrl()).searchParams.get("state");
    const answer = callback(gateway, { error, error_description: "why", state });
    await assert.rejects(client.handleCallback(answer), (thrown) => {
      assert.equal(thrown.message, "why");
      assert.equal(thrown.reason, error);
      return code(expected)(thrown);
    });
  });
}

test("metadata that names another issuer is refused (RFC 8414, section 3.3)", async (t) => {
  const { gateway, client } = await setUp(t);
  gateway.metadata.issuer = "https://evil.example";
  await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
});

test("a gateway without S256 is refused", async (t) => {
  const { gateway, client } = await setUp(t);
  gateway.metadata.code_challenge_methods_supported = ["plain"];
  await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
});

test("discovery that failed is tried again by the next call", async (t) => {
  const { gateway, client } = await setUp(t);
  const good = gateway.routes["GET /.well-known/oauth-authorization-server"];
  gateway.routes["GET /.well-known/oauth-authorization-server"] = () => "hang up";
  await assert.rejects(client.authorizationUrl(), code("offline"));
  gateway.routes["GET /.well-known/oauth-authorization-server"] = good;
  assert.ok(await client.authorizationUrl());
});

test("a token answer that lacks a member is not believed", async (t) => {
  for (const bad of [{ access_token: undefined }, { token_type: "mac" }, { expires_in: "soon" }]) {
    const { gateway, client } = await setUp(t, {
      "POST /v2/o/token/": () => ({ body: tokenAnswer(1, bad) }),
    });
    const state = (await client.authorizationUrl()).searchParams.get("state");
    const answer = callback(gateway, { code: "c1", state });
    await assert.rejects(client.handleCallback(answer), code("bad_response"));
    assert.equal(await client.session(), undefined);
  }
});

test("refreshes at the same time share one request", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["POST /v2/o/token/"] = async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return { body: tokenAnswer(2) };
  };
  const all = await Promise.all([client.refresh(), client.refresh(), client.refresh()]);
  const sent = gateway.to("/v2/o/token/").filter((request) => request.form.has("refresh_token"));
  assert.equal(sent.length, 1);
  assert.equal(sent[0].form.get("refresh_token"), "refresh-1");
  assert.ok(all.every((tokens) => tokens.accessToken === "access-2"));
  assert.equal((await client.session()).refreshToken, "refresh-2");
});

for (const [status, body, expected] of [
  [401, { error: "invalid_grant" }, "grant_expired"],
  [403, { error: "invalid_grant" }, "revoked"],
  [400, { error: "invalid_grant" }, "session_ended"],
]) {
  test(`a refresh answered ${status} ends the session as ${expected}`, async (t) => {
    const { gateway, client } = await signedIn(t);
    gateway.routes["POST /v2/o/token/"] = () => ({ status, body });
    await assert.rejects(client.refresh(), code(expected));
    assert.equal(await client.session(), undefined);
  });
}

test("a refresh that fails on the way keeps the session", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["POST /v2/o/token/"] = () => "hang up";
  await assert.rejects(client.refresh(), code("offline"));
  gateway.routes["POST /v2/o/token/"] = () => ({ status: 503, headers: { "Retry-After": "7" } });
  await assert.rejects(client.refresh(), (error) => {
    assert.equal(error.retryAfter, 7);
    return code("maintenance")(error);
  });
  assert.equal((await client.session()).refreshToken, "refresh-1");
});

test("a suspended application is named as such", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["POST /v2/o/token/"] = () => ({ status: 403, body: { error: "invalid_client" } });
  await assert.rejects(client.refresh(), code("application_inactive"));
});

test("signing out revokes the refresh token and forgets everything", async (t) => {
  const { gateway, client } = await signedIn(t, { "POST /v2/o/revoke_token/": () => ({ body: {} }) });
  await client.signOut();
  const { form } = gateway.to("/v2/o/revoke_token/")[0];
  assert.equal(form.get("token"), "refresh-1");
  assert.equal(form.get("token_type_hint"), "refresh_token");
  assert.equal(form.get("client_id"), "app");
  assert.equal(await client.session(), undefined);
});

test("signing out forgets the tokens even when the revocation fails", async (t) => {
  const { client } = await signedIn(t, { "POST /v2/o/revoke_token/": () => ({ status: 500 }) });
  await assert.rejects(client.signOut(), code("server_error"));
  assert.equal(await client.session(), undefined);
});

test("whoever signs out during a refresh stays signed out", async (t) => {
  const { gateway, client } = await signedIn(t, { "POST /v2/o/revoke_token/": () => ({ body: {} }) });
  gateway.routes["POST /v2/o/token/"] = async () => {
    await client.signOut();
    return { body: tokenAnswer(2) };
  };
  await assert.rejects(client.refresh(), code("not_signed_in"));
  assert.equal(await client.session(), undefined);
});

test("one-time access cannot be refreshed", async (t) => {
  const { gateway, client } = await signedIn(t, {}, tokenAnswer(1, { refresh_token: undefined }));
  await assert.rejects(client.refresh(), code("session_ended"));
  assert.equal(gateway.to("/v2/o/token/").length, 1);
});
