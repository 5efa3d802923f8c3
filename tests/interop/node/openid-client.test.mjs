// npm openid-client: the certified relying party, used as most of its users do: discovery, then one call a step.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as client from "openid-client";

import { BASE_URL, CALLBACK, assertAllClaims, newKey, register } from "./gateway.mjs";
import { visit } from "./person.mjs";

const SCOPE = "openid profile offline_access patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs";
const LOOPBACK = { execute: [client.allowInsecureRequests] };

/** A newly registered application of one kind, configured by discovery. */
async function application(method, { metadata = {}, key, algorithm = "oauth2" } = {}) {
  const registered = await register("openid-client", {
    token_endpoint_auth_method: method,
    ...(key && { jwks: key.jwks }),
    ...metadata,
  });
  const authentication = {
    none: () => client.None(),
    client_secret_basic: () => client.ClientSecretBasic(registered.client_secret),
    client_secret_post: () => client.ClientSecretPost(registered.client_secret),
    private_key_jwt: () => client.PrivateKeyJwt({ key: key.privateKey, kid: key.kid }),
  }[method]();
  return client.discovery(new URL(BASE_URL), registered.client_id, undefined, authentication, {
    algorithm,
    ...LOOPBACK,
  });
}

async function signIn(config, { push = false, scope = SCOPE, choices } = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const parameters = {
    redirect_uri: CALLBACK,
    scope,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: "S256",
  };
  const url = push
    ? await client.buildAuthorizationUrlWithPAR(config, parameters)
    : client.buildAuthorizationUrl(config, parameters);
  const back = await visit(url, CALLBACK, choices);
  return client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState });
}

const fetchFhir = (config, tokens, url) =>
  client.fetchProtectedResource(config, tokens.access_token, new URL(url, `${BASE_URL}/v2/fhir/`), "GET");

async function readClaims(config, tokens) {
  const pages = [];
  let url = "ExplanationOfBenefit?_count=20";
  while (url) {
    const response = await fetchFhir(config, tokens, url);
    assert.equal(response.status, 200);
    pages.push(await response.json());
    url = pages.at(-1).link.find(({ relation }) => relation === "next")?.url;
  }
  await assertAllClaims(pages, tokens.patient, 20);
}

/** All of it for one application: claims, userinfo, refresh, introspection where it may, revocation. */
async function wholeLife(config, tokens, { mayIntrospect }) {
  await readClaims(config, tokens);
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, tokens.patient);
  assert.equal(userinfo.patient, tokens.patient);

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.access_token, tokens.access_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  await readClaims(config, renewed);

  if (mayIntrospect) {
    const answer = await client.tokenIntrospection(config, renewed.access_token);
    assert.equal(answer.active, true);
    assert.equal(answer.patient, tokens.patient);
    assert.equal((await client.tokenIntrospection(config, renewed.refresh_token)).active, true);
  }
  await client.tokenRevocation(config, renewed.refresh_token);
  if (mayIntrospect)
    assert.deepEqual(await client.tokenIntrospection(config, renewed.access_token), { active: false });
  await assert.rejects(fetchFhir(config, renewed, "Patient"), { code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE" });
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token), { error: "invalid_grant" });
}

describe("npm openid-client", () => {
  for (const method of ["none", "client_secret_basic", "client_secret_post"]) {
    test(`${method}: sign-in, claims, userinfo, refresh, introspection, revocation`, async () => {
      const config = await application(method);
      await wholeLife(config, await signIn(config), { mayIntrospect: method !== "none" });
    });
  }

  test("finds its way by openid-configuration too", async () => {
    const config = await application("none", { algorithm: "oidc" });
    await readClaims(config, await signIn(config));
  });

  test("gets a refresh token without offline_access too", async () => {
    const config = await application("none");
    const tokens = await signIn(config, { scope: "patient/ExplanationOfBenefit.rs" });
    assert.equal(tokens.scope, "patient/ExplanationOfBenefit.rs");
    await readClaims(config, await client.refreshTokenGrant(config, tokens.refresh_token));
  });

  test("narrows its scopes at a refresh", async () => {
    const config = await application("none");
    const tokens = await signIn(config);
    const narrow = await client.refreshTokenGrant(config, tokens.refresh_token, {
      scope: "patient/ExplanationOfBenefit.rs",
    });
    assert.equal(narrow.scope, "patient/ExplanationOfBenefit.rs");
    await readClaims(config, narrow);
    await assert.rejects(fetchFhir(config, narrow, "Patient"), (error) => {
      assert.equal(error.code, "OAUTH_WWW_AUTHENTICATE_CHALLENGE");
      assert.equal(error.cause[0].parameters.error, "insufficient_scope");
      return true;
    });
  });

  test("tells the app that the person denied", async () => {
    const config = await application("none");
    await assert.rejects(signIn(config, { choices: { decision: "deny" } }), {
      code: "OAUTH_AUTHORIZATION_RESPONSE_ERROR",
      error: "access_denied",
    });
  });

  for (const method of ["none", "client_secret_basic", "client_secret_post"]) {
    test(`${method}: pushed authorization request`, async () => {
      const config = await application(method, { metadata: { require_pushed_authorization_requests: true } });
      const tokens = await signIn(config, { push: true });
      await wholeLife(config, tokens, { mayIntrospect: method !== "none" });
      await assert.rejects(signIn(config), { error: "invalid_request" });
    });
  }

  for (const alg of ["ES256", "ES384", "RS256", "RS384"]) {
    test(`private_key_jwt with ${alg}: the same`, async () => {
      const config = await application("private_key_jwt", { key: await newKey(alg) });
      const tokens = await signIn(config, { push: true });
      await wholeLife(config, tokens, { mayIntrospect: true });
    });
  }
});
