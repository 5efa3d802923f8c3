// npm oauth4webapi: an OAuth client that checks every answer against the RFCs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as oauth from "oauth4webapi";

import { BASE_URL, CALLBACK, assertAllClaims, newKey } from "./gateway.mjs";
import { visit } from "./person.mjs";

const SCOPE = "openid profile offline_access patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs";
const LOOPBACK = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(BASE_URL);

const discover = async (algorithm = "oauth2") =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...LOOPBACK }));

/** Registers with the library's own RFC 7591 client. */
async function register(server, metadata) {
  const response = await oauth.dynamicClientRegistrationRequest(
    server,
    { client_name: `oauth4webapi ${crypto.randomUUID()}`, redirect_uris: [CALLBACK], ...metadata },
    LOOPBACK,
  );
  return oauth.processDynamicClientRegistrationResponse(response);
}

/** An application of one kind: its metadata, and how it authenticates. */
async function application(server, method) {
  const client = await register(server, { token_endpoint_auth_method: method });
  const authentication = {
    none: () => oauth.None(),
    client_secret_basic: () => oauth.ClientSecretBasic(client.client_secret),
    client_secret_post: () => oauth.ClientSecretPost(client.client_secret),
  }[method]();
  return { client, authentication };
}

/** A flow up to the token answer. `push` sends the request by PAR. */
async function signIn(server, { client, authentication }, { push = false, parameters = {} } = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const request = new URLSearchParams({
    response_type: "code",
    redirect_uri: CALLBACK,
    scope: SCOPE,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ...parameters,
  });
  const url = new URL(server.authorization_endpoint);
  if (push) {
    const response = await oauth.pushedAuthorizationRequest(server, client, authentication, request, LOOPBACK);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, response);
    url.search = new URLSearchParams({ client_id: client.client_id, request_uri });
  } else {
    request.set("client_id", client.client_id);
    url.search = request;
  }
  const back = await visit(url, CALLBACK);
  // The library insists on `iss` here, because discovery announces it (RFC 9207).
  const answer = oauth.validateAuthResponse(server, client, back, state);
  const exchange = async () =>
    oauth.processAuthorizationCodeResponse(
      server,
      client,
      await oauth.authorizationCodeGrantRequest(
        server,
        client,
        authentication,
        answer,
        CALLBACK,
        verifier,
        LOOPBACK,
      ),
    );
  return { tokens: await exchange(), exchange };
}

async function refresh(server, { client, authentication }, token) {
  const response = await oauth.refreshTokenGrantRequest(server, client, authentication, token, LOOPBACK);
  return oauth.processRefreshTokenResponse(server, client, response);
}

async function readClaims(tokens) {
  const pages = [];
  let next = new URL(`${BASE_URL}/v2/fhir/ExplanationOfBenefit?_count=20`);
  while (next) {
    const response = await oauth.protectedResourceRequest(
      tokens.access_token,
      "GET",
      next,
      undefined,
      undefined,
      LOOPBACK,
    );
    assert.equal(response.status, 200);
    const page = await response.json();
    pages.push(page);
    const link = page.link.find(({ relation }) => relation === "next");
    next = link ? new URL(link.url) : null;
  }
  await assertAllClaims(pages, tokens.patient, 20);
}

const refused = (tokens) =>
  assert.rejects(
    oauth.protectedResourceRequest(
      tokens.access_token,
      "GET",
      new URL(`${BASE_URL}/v2/fhir/Patient`),
      undefined,
      undefined,
      LOOPBACK,
    ),
    (error) => {
      assert.equal(error.code, oauth.WWW_AUTHENTICATE_CHALLENGE);
      assert.equal(error.cause[0].parameters.error, "invalid_token");
      return true;
    },
  );

describe("npm oauth4webapi", () => {
  for (const algorithm of ["oauth2", "oidc"]) {
    test(`reads the ${algorithm} discovery document`, async () => {
      const server = await discover(algorithm);
      assert.equal(server.issuer, BASE_URL);
      assert.deepEqual(server.code_challenge_methods_supported, ["S256"]);
    });
  }

  for (const method of ["none", "client_secret_basic", "client_secret_post"]) {
    test(`${method}: sign-in, claims, userinfo, refresh, revocation`, async () => {
      const server = await discover();
      const app = await application(server, method);
      const { tokens } = await signIn(server, app);
      assert.equal(tokens.token_type, "bearer");
      await readClaims(tokens);

      const userinfo = await oauth.processUserInfoResponse(
        server,
        app.client,
        tokens.patient,
        await oauth.userInfoRequest(server, app.client, tokens.access_token, LOOPBACK),
      );
      assert.equal(userinfo.patient, tokens.patient);

      const renewed = await refresh(server, app, tokens.refresh_token);
      assert.notEqual(renewed.refresh_token, tokens.refresh_token);
      await readClaims(renewed);

      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, app.client, app.authentication, renewed.refresh_token, LOOPBACK),
      );
      await refused(renewed);
      await assert.rejects(refresh(server, app, renewed.refresh_token), { error: "invalid_grant" });
    });
  }

  for (const method of ["client_secret_basic", "client_secret_post"]) {
    test(`${method}: introspection of live, foreign and revoked tokens`, async () => {
      const server = await discover();
      const app = await application(server, method);
      const stranger = await application(server, method);
      const introspect = async ({ client, authentication }, token) =>
        oauth.processIntrospectionResponse(
          server,
          client,
          await oauth.introspectionRequest(server, client, authentication, token, LOOPBACK),
        );
      const { tokens } = await signIn(server, app);

      const live = await introspect(app, tokens.access_token);
      assert.equal(live.active, true);
      assert.equal(live.client_id, app.client.client_id);
      assert.equal(live.scope, tokens.scope);
      assert.equal(live.patient, tokens.patient);
      assert.ok(live.exp > live.iat);
      assert.equal((await introspect(app, tokens.refresh_token)).active, true);
      assert.deepEqual(await introspect(stranger, tokens.access_token), { active: false });
      assert.deepEqual(await introspect(app, "unknown"), { active: false });

      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, app.client, app.authentication, tokens.access_token, LOOPBACK),
      );
      assert.deepEqual(await introspect(app, tokens.access_token), { active: false });
    });
  }

  test("a public client may not introspect", async () => {
    const server = await discover();
    const app = await application(server, "none");
    const response = await oauth.introspectionRequest(server, app.client, app.authentication, "any", LOOPBACK);
    await assert.rejects(oauth.processIntrospectionResponse(server, app.client, response), {
      code: oauth.WWW_AUTHENTICATE_CHALLENGE,
    });
    assert.equal(response.status, 401);
  });

  test("a wrong secret is answered with a challenge that the library can read", async () => {
    const server = await discover();
    const app = await application(server, "client_secret_basic");
    const wrong = { ...app, authentication: oauth.ClientSecretBasic("not-the-secret") };
    await assert.rejects(refresh(server, wrong, "any"), (error) => {
      assert.equal(error.code, oauth.WWW_AUTHENTICATE_CHALLENGE);
      assert.equal(error.cause[0].scheme, "basic");
      return true;
    });
  });

  test("a code that is sent twice ends what it gave", async () => {
    const server = await discover();
    const app = await application(server, "none");
    const { tokens, exchange } = await signIn(server, app);
    await assert.rejects(exchange(), { code: oauth.RESPONSE_BODY_ERROR, error: "invalid_grant" });
    await refused(tokens);
  });

  test("a denial comes back with iss and state, as access_denied", async () => {
    const server = await discover();
    const { client } = await application(server, "none");
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    url.search = new URLSearchParams({
      client_id: client.client_id,
      response_type: "code",
      redirect_uri: CALLBACK,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
      code_challenge_method: "S256",
    });
    const back = await visit(url, CALLBACK, { decision: "deny" });
    assert.throws(() => oauth.validateAuthResponse(server, client, back, state), {
      code: oauth.AUTHORIZATION_RESPONSE_ERROR,
      error: "access_denied",
    });
  });

  for (const method of ["none", "client_secret_basic", "client_secret_post"]) {
    test(`${method}: pushed authorization request`, async () => {
      const server = await discover();
      const app = await application(server, method);
      const { tokens } = await signIn(server, app, { push: true });
      await readClaims(tokens);
    });
  }

  test("an application that must push: PAR works, a plain request does not", async () => {
    const server = await discover();
    const client = await register(server, { require_pushed_authorization_requests: true });
    const app = { client, authentication: oauth.ClientSecretBasic(client.client_secret) };
    const { tokens } = await signIn(server, app, { push: true });
    await readClaims(tokens);
    await assert.rejects(signIn(server, app), {
      code: oauth.AUTHORIZATION_RESPONSE_ERROR,
      error: "invalid_request",
    });
  });

  test("a bad pushed request is refused with 400", async () => {
    const server = await discover();
    const app = await application(server, "client_secret_basic");
    await assert.rejects(signIn(server, app, { push: true, parameters: { scope: "patient/Claim.rs" } }), {
      code: oauth.RESPONSE_BODY_ERROR,
      error: "invalid_scope",
      status: 400,
    });
  });

  for (const alg of ["ES256", "ES384", "RS256", "RS384"]) {
    test(`private_key_jwt with ${alg}: exchange, refresh, introspection, revocation`, async () => {
      const server = await discover();
      const key = await newKey(alg);
      const client = await register(server, {
        token_endpoint_auth_method: "private_key_jwt",
        jwks: key.jwks,
      });
      const authentication = oauth.PrivateKeyJwt({ key: key.privateKey, kid: key.kid });
      const app = { client, authentication };
      const { tokens } = await signIn(server, app, { push: true });
      await readClaims(tokens);
      const renewed = await refresh(server, app, tokens.refresh_token);
      await readClaims(renewed);
      const answer = await oauth.processIntrospectionResponse(
        server,
        client,
        await oauth.introspectionRequest(server, client, authentication, renewed.access_token, LOOPBACK),
      );
      assert.equal(answer.active, true);
      await oauth.processRevocationResponse(
        await oauth.revocationRequest(server, client, authentication, renewed.access_token, LOOPBACK),
      );
      await refused(renewed);
    });
  }
});
