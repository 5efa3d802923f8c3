// Calls for one thing: any FHIR path, any search, one claim, one coverage; what is remembered over a sign-in; and
// who hears of the session.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { bundle, callback, code, eob, signedIn, startGateway, tokenAnswer } from "../gateway.mjs";

const PERSON = "-20140000008325";
const card = { resourceType: "Bundle", type: "collection", entry: [] };

test("any path under the FHIR base is read as JSON, with the token and its renewal", async (t) => {
  const { gateway, client } = await signedIn(t, { options: { version: "v3" } });
  let refused = 1;
  gateway.routes["GET /v3/fhir/Patient/$generate-insurance-card"] = () => ((refused -= 1) >= 0 ? { status: 401 } : { body: card });
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(2) });
  assert.deepEqual(await client.read("Patient/$generate-insurance-card"), card);
  const [first, second] = gateway.to("/v3/fhir/Patient/$generate-insurance-card");
  assert.equal(first.headers.authorization, "Bearer access-1");
  assert.equal(second.headers.authorization, "Bearer access-2");
  for (const same of ["/Patient/$generate-insurance-card", "/v3/fhir/Patient/$generate-insurance-card", gateway.requests.at(-1).path]) {
    assert.deepEqual(await client.read(same), card);
  }
  assert.deepEqual(await client.read(`${gateway.base}/v3/fhir/Patient/$generate-insurance-card`), card);
});

const OUTSIDE = [
  "../o/token/",
  "../../v1/fhir/Patient/1",
  "..%2f../o/token/",
  "%2e%2e/o/token/",
  "Patient/../../../health",
  "/v2/o/token/",
  "/v1/fhir/Patient",
  "//evil.example/v2/fhir/Patient",
  "https://evil.example/v2/fhir/Patient",
  "http://127.0.0.1:1/v2/fhir/Patient",
  "javascript:alert(1)",
  "data:,x",
  "",
  "/",
];
test("a path that leads elsewhere is refused before anything is sent", async (t) => {
  const { gateway, client } = await signedIn(t);
  const before = gateway.requests.length;
  for (const path of OUTSIDE) {
    for (const call of [() => client.read(path), () => client.search(path).next()]) {
      const error = await call().then(() => undefined, (error) => error);
      // What is taken for a path under the base goes there, whatever it looks like.
      if (error?.code === "not_found") continue;
      assert.equal(error?.code, "invalid_request", `${path}: ${error}`);
    }
  }
  const strays = gateway.requests.slice(before).filter(({ path }) => !path.startsWith("/v2/fhir/"));
  assert.deepEqual(strays, []);
});

test("what is no resource is no answer", async (t) => {
  const { gateway, client } = await signedIn(t);
  for (const body of ["<html>", "[]", "{}", '{"resourceType":1}']) {
    gateway.routes["GET /v2/fhir/Coverage"] = () => ({ body });
    await assert.rejects(client.read("Coverage"), code("bad_response"), body);
  }
});

test("a search of anything gives pages, and follows their links", async (t) => {
  const { gateway, client } = await signedIn(t);
  const path = "/v2/fhir/Coverage";
  gateway.routes[`GET ${path}`] = ({ query }) => {
    const page = Number(query.get("startIndex") ?? 0);
    const next = page < 2 ? { next: `${gateway.base}${path}?_count=1&startIndex=${page + 1}` } : {};
    return { body: bundle([{ resourceType: "Coverage", id: `part-${page}`, beneficiary: { reference: `Patient/${PERSON}` } }], next) };
  };
  const found = [];
  for await (const page of client.search("Coverage?_count=1")) {
    found.push(...page.coverages().map(({ id }) => id));
    page.free();
  }
  assert.deepEqual(found, ["part-0", "part-1", "part-2"]);
  assert.equal(gateway.to(path)[0].query.get("_count"), "1");
});

test("one claim and one coverage by their ids", async (t) => {
  const { gateway, client } = await signedIn(t);
  const id = "carrier--10000930037921";
  gateway.routes[`GET /v2/fhir/ExplanationOfBenefit/${id}`] = () => ({ body: eob(id) });
  const { type, payment } = await client.claimById(id);
  assert.deepEqual([type, payment.amount], ["carrier", 3750]);
  const part = `part-a-${PERSON}`;
  const coverage = { resourceType: "Coverage", id: part, status: "active", beneficiary: { reference: `Patient/${PERSON}` } };
  gateway.routes[`GET /v2/fhir/Coverage/${part}`] = () => ({ body: coverage });
  assert.equal((await client.coverageById(part)).id, part);
  await assert.rejects(client.claimById("carrier-1"), code("not_found"));
});

test("an id that is none is refused before anything is sent", async (t) => {
  const { gateway, client } = await signedIn(t);
  const before = gateway.requests.length;
  for (const id of ["", ".", "..", "a/b", "a?b", "a#b", "%2e%2e", "a b"]) {
    await assert.rejects(client.claimById(id), code("invalid_request"), id);
    await assert.rejects(client.coverageById(id), code("invalid_request"), id);
  }
  assert.equal(gateway.requests.length, before);
});

test("a resource of another type, or of another person, is not given away", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["GET /v2/fhir/ExplanationOfBenefit/one"] = () => ({ body: { resourceType: "Patient", id: PERSON } });
  await assert.rejects(client.claimById("one"), code("bad_response"));
  gateway.routes["GET /v2/fhir/ExplanationOfBenefit/one"] = () => ({ body: eob("one", { patient: { reference: "Patient/-2" } }) });
  await assert.rejects(client.claimById("one"), code("wrong_person"));
});

test("what the application wants to know again comes back with the answer, and stays out of the tokens", async (t) => {
  const gateway = await startGateway({ "POST /v2/o/token/": () => ({ body: tokenAnswer() }) });
  t.after(() => gateway.close());
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/callback" });
  for (const appState of ["/claims?page=3#top", { from: [1, null, "ü"] }, 0, false, null]) {
    const asked = (await client.authorizationUrl({ appState })).searchParams;
    assert.ok(![...asked.values()].some((value) => value.includes("claims")), "it does not leave the browser");
    const answer = new URL("https://app.example/callback");
    for (const [name, value] of Object.entries({ code: "c", state: asked.get("state"), iss: gateway.base })) answer.searchParams.set(name, value);
    assert.deepEqual((await client.handleCallback(answer)).appState, appState);
    assert.equal("appState" in (await client.session()), false);
  }
  assert.equal("appState" in (await client.handleCallback(await callback(gateway, client))), false);
});

test("whoever wants to hears of every change of the session, until they do not", async (t) => {
  const { gateway, client } = await signedIn(t, { routes: { "POST /v2/o/revoke_token/": () => ({ body: {} }) } });
  const heard = [];
  const hear = (tokens) => heard.push(tokens?.accessToken);
  const stop = [client.onSessionChange(hear), client.onSessionChange(hear)];
  client.onSessionChange(() => Promise.reject(new Error("its own")).catch(() => undefined));
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(2) });
  await client.refresh();
  stop[0]();
  await client.signOut();
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(3) });
  await client.handleCallback(await callback(gateway, client));
  stop[1]();
  await client.refresh();
  assert.deepEqual(heard, ["access-2", "access-2", undefined, "access-3"]);
});

test("an ended session is heard of", async (t) => {
  const { gateway, client } = await signedIn(t);
  const heard = [];
  client.onSessionChange((tokens) => heard.push(tokens));
  gateway.routes["GET /v2/fhir/Coverage"] = () => ({ status: 401, body: { code: "grant_expired" } });
  await assert.rejects(client.coverage(), code("grant_expired"));
  assert.deepEqual(heard, [undefined]);
});
