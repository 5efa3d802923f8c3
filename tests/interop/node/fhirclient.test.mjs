// npm fhirclient: SMART's own client, with its node adapter in a real web application (node:http, a session for
// each browser), started by `iss` alone: it finds the endpoints in smart-configuration.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import smart from "fhirclient";

import { BASE_URL, assertAllClaims, newKey, register } from "./gateway.mjs";
import { CLAIMANT, FREQUENT_CLAIMANT, visit } from "./person.mjs";

const V1_SCOPES =
  "launch/patient offline_access openid profile patient/Patient.read patient/Coverage.read patient/ExplanationOfBenefit.read";
const V2_SCOPES =
  "launch/patient offline_access openid profile patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs";

/** The web application: /launch sends the person away, /app is where they come back. */
class WebApplication {
  #server = createServer((request, response) => this.#handle(request, response));
  #session = {};
  #authorize = {};
  #options = {};
  #ready = null;

  async start() {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
    this.redirectUri = `${this.origin}/app`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** A person's whole sign-in; gives the client that `ready()` made. */
  async signIn(authorize, { person = CLAIMANT, decision, options = {} } = {}) {
    this.#session = {};
    this.#authorize = { ...authorize, redirectUri: this.redirectUri };
    this.#options = options;
    const launched = await fetch(`${this.origin}/launch`, { redirect: "manual" });
    assert.equal(launched.status, 302, await launched.text());
    const back = await visit(launched.headers.get("location"), this.redirectUri, { as: person, decision });
    await fetch(back);
    return this.#ready;
  }

  async #handle(request, response) {
    request.session = this.#session;
    try {
      const api = smart(request, response);
      Object.assign(api.options, this.#options);
      if (request.url.startsWith("/launch")) return await api.authorize(this.#authorize);
      this.#ready = api.ready();
      await this.#ready;
      response.end("ready");
    } catch (error) {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    }
  }
}

async function readEverything(client) {
  const id = client.patient.id;
  assert.ok(id);
  const patient = await client.patient.read();
  assert.equal(patient.resourceType, "Patient");
  assert.equal(patient.id, id);

  // The client looks into the CapabilityStatement for the parameter that names the patient.
  const coverage = await client.patient.request("Coverage", { flat: true, pageLimit: 0 });
  assert.ok(coverage.length > 0);
  for (const resource of coverage) assert.equal(resource.beneficiary.reference, `Patient/${id}`);

  const pages = await client.request("ExplanationOfBenefit?_count=20", { pageLimit: 0 });
  const version = client.state.serverUrl.includes("/v1/") ? "v1" : "v2";
  await assertAllClaims(pages, id, 20, version);
}

describe("npm fhirclient", () => {
  const app = new WebApplication();
  before(() => app.start());
  after(() => app.stop());

  const publicApplication = () =>
    register("fhirclient", { redirect_uris: [app.redirectUri], token_endpoint_auth_method: "none" });

  for (const [version, scope] of [
    ["v1", V1_SCOPES],
    ["v2", V2_SCOPES],
    ["v2", V1_SCOPES],
  ]) {
    const style = scope === V1_SCOPES ? "v1" : "v2";
    test(`${version} with ${style} scopes: public sign-in, patient, coverage, every page of claims`, async () => {
      const { client_id: clientId } = await publicApplication();
      const client = await app.signIn(
        { iss: `${BASE_URL}/${version}/fhir`, clientId, scope, pkceMode: "required" },
        { person: FREQUENT_CLAIMANT },
      );
      assert.deepEqual(
        client.getState("tokenResponse.scope").split(" ").sort(),
        scope.split(" ").sort(),
        "scopes come back in the spelling that was asked for",
      );
      await readEverything(client);
    });
  }

  test("public refresh with offline_access names no client", async () => {
    const { client_id: clientId } = await publicApplication();
    const client = await app.signIn({ iss: `${BASE_URL}/v2/fhir/`, clientId, scope: V2_SCOPES });
    const first = client.getState("tokenResponse");
    await client.refresh();
    const second = client.getState("tokenResponse");
    assert.notEqual(second.access_token, first.access_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    await readEverything(client);
    await client.refresh();
    await readEverything(client);
  });

  test("public refresh that names the client", async () => {
    const { client_id: clientId } = await publicApplication();
    const client = await app.signIn(
      { iss: `${BASE_URL}/v2/fhir`, clientId, scope: V2_SCOPES },
      { options: { refreshTokenWithClientId: true } },
    );
    const first = client.getState("tokenResponse.access_token");
    await client.refresh();
    assert.notEqual(client.getState("tokenResponse.access_token"), first);
    await readEverything(client);
  });

  test("refreshes on its own when its clock says that the token has expired", async () => {
    const { client_id: clientId } = await publicApplication();
    const client = await app.signIn({ iss: `${BASE_URL}/v2/fhir`, clientId, scope: V2_SCOPES });
    const first = client.getState("tokenResponse.access_token");
    client.state.expiresAt = Math.floor(Date.now() / 1000) - 1;
    // Two requests at once share one refresh.
    const [patient, coverage] = await Promise.all([client.patient.read(), client.request("Coverage")]);
    assert.equal(patient.id, client.patient.id);
    assert.ok(coverage.total > 0);
    assert.notEqual(client.getState("tokenResponse.access_token"), first);
  });

  test("confidential: HTTP Basic at exchange and refresh", async () => {
    const application = await register("fhirclient", { redirect_uris: [app.redirectUri] });
    const client = await app.signIn({
      iss: `${BASE_URL}/v2/fhir`,
      clientId: application.client_id,
      clientSecret: application.client_secret,
      scope: V2_SCOPES,
    });
    await client.refresh();
    await readEverything(client);
  });

  test("follows the references of a claim", async () => {
    const { client_id: clientId } = await publicApplication();
    const client = await app.signIn({ iss: `${BASE_URL}/v2/fhir`, clientId, scope: V2_SCOPES });
    const { references } = await client.request("ExplanationOfBenefit?_count=3", {
      graph: false,
      resolveReferences: ["patient", "insurance.0.coverage"],
    });
    const found = Object.values(references);
    assert.ok(found.some(({ resourceType, id }) => resourceType === "Patient" && id === client.patient.id));
    const coverage = found.filter(({ resourceType }) => resourceType === "Coverage");
    assert.ok(coverage.length > 0);
    for (const { beneficiary } of coverage)
      assert.equal(beneficiary.reference, `Patient/${client.patient.id}`);
  });

  test("tells the app that the person denied", async () => {
    const { client_id: clientId } = await publicApplication();
    await assert.rejects(
      app.signIn({ iss: `${BASE_URL}/v2/fhir`, clientId, scope: V2_SCOPES }, { decision: "deny" }),
      /access_denied/,
    );
  });

  for (const alg of ["ES384", "RS384"]) {
    test(`private_key_jwt with ${alg} at the exchange`, async () => {
      const key = await newKey(alg);
      const { client_id: clientId } = await register("fhirclient", {
        redirect_uris: [app.redirectUri],
        token_endpoint_auth_method: "private_key_jwt",
        jwks: key.jwks,
      });
      const client = await app.signIn({
        iss: `${BASE_URL}/v2/fhir`,
        clientId,
        scope: V2_SCOPES,
        clientPrivateJwk: key.privateJwk,
      });
      await readEverything(client);
      // This version sends no assertion at a refresh, and only a public client may leave itself unnamed there.
      await assert.rejects(client.refresh(), { status: 401 });
    });
  }
});
