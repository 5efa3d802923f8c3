// npm cms-bluebutton-sdk: the official CMS SDK for Node. An app moves over by setting `baseUrl`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { BlueButton } from "cms-bluebutton-sdk";

import { BASE_URL, CALLBACK, assertAllClaims, claimsAtBackend, register } from "./gateway.mjs";
import { CLAIMANT, FREQUENT_CLAIMANT, visit } from "./person.mjs";

/** The SDK for a newly registered application. */
async function sdk(version, metadata) {
  const application = await register("cms-bluebutton-sdk for npm", metadata);
  const blueButton = new BlueButton({
    clientId: application.client_id,
    clientSecret: application.client_secret,
    callbackUrl: CALLBACK,
    version,
    // A retry would only hide a wrong answer.
    retrySettings: { total: 0, backoffFactor: 1, statusForcelist: [] },
  });
  blueButton.baseUrl = BASE_URL;
  return blueButton;
}

async function signIn(blueButton, person = CLAIMANT) {
  const authData = blueButton.generateAuthData();
  const back = await visit(blueButton.generateAuthorizeUrl(authData), CALLBACK, { as: person });
  const { code, state, error } = Object.fromEntries(back.searchParams);
  return blueButton.getAuthorizationToken(authData, code, state, error);
}

async function readClaims(blueButton, token) {
  const { response } = await blueButton.getExplanationOfBenefitData(token, { params: { _count: 20 } });
  assert.equal(response.status, 200);
  const { pages } = await blueButton.getPages(response.data, token);
  await assertAllClaims(pages, token.patient, 20, `v${blueButton.version}`);
}

describe("npm cms-bluebutton-sdk", () => {
  for (const version of ["1", "2"]) {
    test(`v${version}: sign-in, patient, coverage, profile, every page of claims`, async () => {
      const blueButton = await sdk(version);
      const token = await signIn(blueButton, FREQUENT_CLAIMANT);
      assert.ok(token.refreshToken);

      const patient = await blueButton.getPatientData(token);
      assert.equal(patient.response.status, 200);
      assert.deepEqual(
        patient.response.data.entry.map(({ resource }) => `${resource.resourceType}/${resource.id}`),
        [`Patient/${token.patient}`],
      );
      const coverage = await blueButton.getCoverageData(token);
      assert.equal(coverage.response.status, 200);
      assert.ok(coverage.response.data.entry.length > 0);
      for (const { resource } of coverage.response.data.entry)
        assert.equal(resource.beneficiary.reference, `Patient/${token.patient}`);
      const profile = await blueButton.getProfileData(token);
      assert.equal(profile.response.status, 200);
      assert.equal(profile.response.data.sub, token.patient);

      await readClaims(blueButton, token);
    });
  }

  test("refreshes with HTTP Basic what it got with the secret in the body", async () => {
    const blueButton = await sdk("2");
    const first = await signIn(blueButton);
    const second = await blueButton.refreshAuthToken(first);
    assert.notEqual(second.accessToken, first.accessToken);
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.equal(second.patient, first.patient);
    await readClaims(blueButton, second);
    const third = await blueButton.refreshAuthToken(second);
    await readClaims(blueButton, third);
  });

  test("refreshes on its own when its clock says that the token has expired", async () => {
    const blueButton = await sdk("2");
    const first = await signIn(blueButton);
    first.expiresAt = Date.now() - 1000;
    const { token, response } = await blueButton.getPatientData(first);
    assert.equal(response.status, 200);
    assert.notEqual(token.accessToken, first.accessToken);
    assert.notEqual(token.refreshToken, first.refreshToken);
  });

  test("works for an application registered as client_secret_post", async () => {
    const blueButton = await sdk("2", { token_endpoint_auth_method: "client_secret_post" });
    const token = await blueButton.refreshAuthToken(await signIn(blueButton));
    await readClaims(blueButton, token);
  });

  test("reads once where access is for one time, and has nothing to refresh with", async () => {
    const blueButton = await sdk("2", { data_access_type: "ONE_TIME" });
    const token = await signIn(blueButton);
    assert.equal(token.refreshToken, undefined);
    await readClaims(blueButton, token);
    await assert.rejects(blueButton.refreshAuthToken(token), (error) => {
      assert.equal(error.response.status, 403);
      assert.equal(error.response.data.error, "invalid_grant");
      return true;
    });
  });

  test("tells the app that the person denied", async () => {
    const blueButton = await sdk("2");
    const authData = blueButton.generateAuthData();
    const back = await visit(blueButton.generateAuthorizeUrl(authData), CALLBACK, { decision: "deny" });
    const { code, state, error } = Object.fromEntries(back.searchParams);
    await assert.rejects(
      blueButton.getAuthorizationToken(authData, code, state, error),
      /beneficiary denied access/,
    );
  });

  test("gets nothing of the person's details where they were withheld, and still reads claims", async () => {
    const blueButton = await sdk("2");
    const authData = blueButton.generateAuthData();
    const back = await visit(blueButton.generateAuthorizeUrl(authData), CALLBACK, { demographics: "withhold" });
    const token = await blueButton.getAuthorizationToken(
      authData,
      back.searchParams.get("code"),
      back.searchParams.get("state"),
    );
    assert.ok(token.patient);
    assert.equal((await blueButton.getPatientData(token)).response.status, 403);
    assert.equal((await blueButton.getProfileData(token)).response.status, 403);
    await readClaims(blueButton, token);
  });

  test("reads any path, and a FHIR error as its body", async () => {
    const blueButton = await sdk("2");
    const token = await signIn(blueButton);
    assert.match(
      (await blueButton.getCustomData("fhir/Patient", token)).response.headers["content-type"],
      /^application\/json/,
      "axios asks for application/json first",
    );
    const pde = await blueButton.getCustomData("fhir/ExplanationOfBenefit", token, { params: { type: "pde" } });
    assert.equal(pde.response.status, 200);
    assert.ok(pde.response.data.total > 0);
    assert.ok(pde.response.data.total < (await claimsAtBackend(token.patient)));
    const wrong = await blueButton.getCustomData("fhir/ExplanationOfBenefit?type=dental", token);
    assert.equal(wrong.response.status, 400);
    assert.equal(wrong.response.data.detail, "not a valid value");
  });

  test("reads the insurance card of v3", async () => {
    const blueButton = await sdk("2");
    const { response } = await blueButton.getInsuranceCardData(await signIn(blueButton));
    assert.equal(response.status, 200);
    assert.equal(response.data.type, "collection");
    const types = new Set(response.data.entry.map((entry) => entry.resource.resourceType));
    assert.deepEqual([...types].sort(), ["Coverage", "Organization", "Patient"]);
  });
});
