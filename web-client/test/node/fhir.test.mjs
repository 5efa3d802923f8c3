import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import {
  CLAIM_OUTCOMES,
  CLAIM_STATUSES,
  CLAIM_TYPES,
  CLAIM_USES,
  LEFT_OUT,
  NO_DAY,
  parsePage,
  parseResource,
} from "@bluegate/client/fhir";
import { bundle, eob, startGateway, tokenAnswer } from "../gateway.mjs";

const REDIRECT = "https://app.example/callback";
const EOB = "/v2/fhir/ExplanationOfBenefit";

async function signedIn(t, routes = {}, answer = tokenAnswer()) {
  const gateway = await startGateway({ "POST /v2/o/token/": () => ({ body: answer }), ...routes });
  t.after(() => gateway.close());
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT });
  const url = new URL(REDIRECT);
  url.searchParams.set("state", (await client.authorizationUrl()).searchParams.get("state"));
  url.searchParams.set("iss", gateway.base);
  url.searchParams.set("code", "good");
  await client.handleCallback(url);
  return { gateway, client };
}

const code = (expected) => (error) => {
  assert.equal(error.name, "BluegateError");
  assert.equal(error.code, expected, error.message);
  return true;
};

const bytes = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

test("claims come page by page, by the next links as they are given", async (t) => {
  const { gateway, client } = await signedIn(t);
  const second = `${gateway.base}${EOB}?token=opaque%2Fthing&b=2&a=1`;
  gateway.routes[`GET ${EOB}`] = ({ query }) => ({
    body: query.has("token")
      ? bundle([eob("carrier-3")], { total: 3 })
      : bundle([eob("carrier-1"), eob("carrier-2")], { total: 3, next: second }),
  });
  const ids = [];
  for await (const page of client.claims({ pageSize: 2 })) {
    assert.equal(page.total, 3);
    ids.push(...page.rows.map((row) => row.id));
    page.free();
  }
  assert.deepEqual(ids, ["carrier-1", "carrier-2", "carrier-3"]);
  const [first, next] = gateway.to(EOB);
  assert.equal(first.query.get("_count"), "2");
  assert.equal(next.query.toString(), new URL(second).searchParams.toString());
  assert.equal(first.headers.authorization, "Bearer access-1");
  assert.equal(first.headers.accept, "application/fhir+json");
  assert.equal(first.headers.cookie, undefined);
});

test("a page that failed is fetched again by the next call, and none is left out", async (t) => {
  const { gateway, client } = await signedIn(t);
  const next = `${gateway.base}${EOB}?page=2`;
  let fail = true;
  gateway.routes[`GET ${EOB}`] = ({ query }) => {
    if (!query.has("page")) return { body: bundle([eob("carrier-1")], { next }) };
    if (fail) return "hang up";
    return { body: bundle([eob("carrier-2")]) };
  };
  const pages = client.claims();
  assert.equal((await pages.next()).value.rows[0].id, "carrier-1");
  await assert.rejects(pages.next(), code("offline"));
  assert.equal(pages.done, false);
  fail = false;
  assert.equal((await pages.next()).value.rows[0].id, "carrier-2");
  assert.equal(pages.done, true);
  assert.equal((await pages.next()).done, true);
});

test("a next link to another origin gets no token", async (t) => {
  const { gateway, client } = await signedIn(t);
  const other = await startGateway({ "GET /steal": () => ({ body: {} }) });
  t.after(() => other.close());
  for (const next of [`${other.base}/steal`, "not a link", `${gateway.base}${EOB}`]) {
    gateway.routes[`GET ${EOB}`] = () => ({ body: bundle([eob("carrier-1")], { next }) });
    await assert.rejects(client.claims().next(), code("bad_response"));
  }
  assert.equal(other.requests.length, 0);
});

test("the search parameters are those of the gateway", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes[`GET ${EOB}`] = () => ({ body: bundle([]) });
  await client
    .claims({
      type: ["carrier", "pde"],
      since: "2020-01-01T00:00:00Z",
      serviceDate: { from: "2018-01-01", to: "2018-12-31" },
      pageSize: 50,
    })
    .next();
  const { query } = gateway.to(EOB)[0];
  assert.equal(query.get("type"), "carrier,pde");
  assert.deepEqual(query.getAll("_lastUpdated"), ["ge2020-01-01T00:00:00Z"]);
  assert.deepEqual(query.getAll("service-date"), ["ge2018-01-01", "le2018-12-31"]);
  assert.equal(query.get("_count"), "50");
  assert.equal(query.size, 5);
});

test("a search that the gateway would refuse is not sent", async (t) => {
  const { gateway, client } = await signedIn(t);
  for (const bad of [
    { pageSize: 51 },
    { pageSize: 0 },
    { pageSize: 2.5 },
    { type: "dental" },
    { since: "yesterday" },
    { serviceDate: { from: "2018-13-01" } },
  ]) {
    await assert.rejects(client.claims(bad).next(), code("invalid_request"), JSON.stringify(bad));
  }
  assert.equal(gateway.to(EOB).length, 0);
});

test("nobody signed in is an error of its own, and asks nothing", async (t) => {
  const gateway = await startGateway();
  t.after(() => gateway.close());
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: REDIRECT });
  await assert.rejects(client.claims().next(), code("not_signed_in"));
  assert.equal(gateway.requests.length, 0);
});

test("a refused access token is renewed once, and the call made again", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(2) });
  gateway.routes[`GET ${EOB}`] = ({ headers }) =>
    headers.authorization === "Bearer access-2"
      ? { body: bundle([eob("carrier-1")]) }
      : { status: 401, body: { detail: "no", code: "invalid_token" } };
  const both = await Promise.all([client.claims().next(), client.claims().next()]);
  assert.ok(both.every(({ value }) => value.length === 1));
  const refreshes = gateway.to("/v2/o/token/").filter(({ form }) => form.has("refresh_token"));
  assert.equal(refreshes.length, 1);
});

test("a token about to end is renewed before the call", async (t) => {
  const { gateway, client } = await signedIn(t, {}, tokenAnswer(1, { expires_in: 5 }));
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer(2) });
  gateway.routes[`GET ${EOB}`] = () => ({ body: bundle([]) });
  await client.claims().next();
  assert.equal(gateway.to(EOB)[0].headers.authorization, "Bearer access-2");
});

for (const [status, body, expected, over] of [
  [401, { code: "grant_expired" }, "grant_expired", true],
  [403, { code: "grant_revoked" }, "revoked", true],
  [403, { code: "insufficient_scope" }, "insufficient_scope", false],
  [404, {}, "not_found", false],
  [429, {}, "rate_limited", false],
  [500, "not JSON at all", "server_error", false],
  [502, {}, "server_error", false],
  [503, {}, "maintenance", false],
]) {
  test(`status ${status} ${body.code ?? ""} is ${expected}`, async (t) => {
    const { gateway, client } = await signedIn(t);
    const headers = { "X-Request-ID": "r-1", "Retry-After": "30" };
    gateway.routes[`GET ${EOB}`] = () => ({ status, body, headers });
    await assert.rejects(client.claims().next(), (error) => {
      assert.equal(error.status, status);
      assert.equal(error.requestId, "r-1");
      assert.equal(error.retryAfter, 30);
      return code(expected)(error);
    });
    assert.equal((await client.session()) === undefined, over);
  });
}

test("what is no Bundle is a bad response, and nothing breaks after it", async (t) => {
  const { gateway, client } = await signedIn(t);
  for (const body of ["", "{", "<html>", '{"resourceType":"Patient"}']) {
    gateway.routes[`GET ${EOB}`] = () => ({ body });
    await assert.rejects(client.claims().next(), code("bad_response"));
  }
  gateway.routes[`GET ${EOB}`] = () => ({ body: bundle([eob("carrier-1")]) });
  assert.equal((await client.claims().next()).value.length, 1);
});

test("an abort ends the call as an abort", async (t) => {
  const { gateway, client } = await signedIn(t);
  const control = new AbortController();
  gateway.routes[`GET ${EOB}`] = () => {
    control.abort();
    return new Promise(() => {});
  };
  await assert.rejects(client.claims({ signal: control.signal }).next(), { name: "AbortError" });
});

test("the patient is read by the id of the token answer, negative as it is", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["GET /v2/fhir/Patient/-20140000008325"] = () => ({
    body: {
      resourceType: "Patient",
      id: "-20140000008325",
      name: [{ family: "Doe", given: ["Jane", "X"] }],
      birthDate: "2014-06-01",
    },
  });
  const patient = await client.patient();
  assert.equal(patient.id, "-20140000008325");
  assert.equal(patient.birthDate, "2014-06-01");
  assert.match(JSON.stringify(patient.name), /Doe/);
});

test("without the scope, demographics are withheld, and nothing is asked", async (t) => {
  const scope = "patient/Coverage.rs patient/ExplanationOfBenefit.rs";
  const { gateway, client } = await signedIn(t, {}, tokenAnswer(1, { scope }));
  await assert.rejects(client.patient(), code("demographics_withheld"));
  await assert.rejects(client.userinfo(), code("demographics_withheld"));
  assert.equal((await client.session()).patient, "-20140000008325");
  assert.equal(gateway.requests.filter((request) => request.method === "GET").length, 1);
});

test("userinfo comes from the endpoint that was discovered", async (t) => {
  const { gateway, client } = await signedIn(t);
  gateway.routes["GET /v2/connect/userinfo"] = () => ({ body: { sub: "-1", name: "Jane Doe" } });
  assert.equal((await client.userinfo()).name, "Jane Doe");
});

test("coverages of all pages come together", async (t) => {
  const { gateway, client } = await signedIn(t);
  const path = "/v2/fhir/Coverage";
  const next = `${gateway.base}${path}?page=2`;
  const part = (letter) => ({ resourceType: "Coverage", id: `part-${letter}--20140000008325`, status: "active" });
  gateway.routes[`GET ${path}`] = ({ query }) => ({
    body: query.has("page") ? bundle([part("d")]) : bundle([part("a"), part("b")], { next }),
  });
  const all = await client.coverage();
  assert.deepEqual(all.map((coverage) => coverage.part), ["A", "B", "D"]);
});

test("a page gives rows, the full claim and the server's own text", async () => {
  const text = JSON.stringify(bundle([{ resourceType: "Basic", id: "x" }, eob("carrier-7")]));
  const page = await parsePage(bytes(text));
  assert.equal(page.length, 2);
  const [row] = page.rows;
  assert.equal(row.id, "carrier-7");
  assert.equal(row.type, "carrier");
  assert.equal(row.paid, 3750);
  assert.equal(row.start, "2018-03-04");
  assert.equal(page.claim(0), undefined);
  assert.equal(page.claim(1).payment.amount, 3750);
  assert.equal(page.claim(1).patientId, "-20140000008325");
  assert.equal(page.claim(2), undefined);
  assert.equal(page.json(1), JSON.stringify(eob("carrier-7")));
  assert.equal(page.json(2), undefined);
  assert.equal(row.index, 1);
  page.free();
  assert.equal(page.rows[0], row);
  assert.throws(() => page.claim(1));
});

test("the numbers of a page come as columns, an element for each row", async () => {
  const page = await parsePage(
    bytes(
      bundle([
        { resourceType: "Basic", id: "x" },
        eob("carrier-7"),
        eob("carrier-8", { billablePeriod: { end: "1969-12" }, payment: { amount: { value: 0.29 } } }),
        eob("pde-9", { billablePeriod: undefined, payment: undefined, type: undefined }),
      ]),
    ),
  );
  const { index, type, start, end, month, paid, charged } = page.columns;
  assert.deepEqual([...index], [1, 2, 3]);
  assert.deepEqual([...type].map((code) => CLAIM_TYPES[code]), ["carrier", "carrier", "pde"]);
  assert.deepEqual([...start], [Date.UTC(2018, 2, 4) / 86_400_000, NO_DAY, NO_DAY]);
  assert.deepEqual([...end], [Date.UTC(2018, 2, 4) / 86_400_000, -31, NO_DAY]);
  assert.deepEqual([...month], [2018 * 12 + 2, 1969 * 12 + 11, -1]);
  assert.deepEqual([...paid], [3750, 29, NaN]);
  assert.deepEqual([...charged], [NaN, NaN, NaN]);
  assert.deepEqual([...page.paidByMonth()], [["2018-03", 3750], ["1969-12", 29]]);
  page.free();
});

test("sums leave out what does not count, and say how many that are", async () => {
  const paid = (value) => ({ payment: { amount: { value } } });
  const page = await parsePage(
    bytes(
      bundle([
        eob("carrier-1", paid(80)),
        eob("carrier-2", { ...paid(100), status: "cancelled" }),
        eob("carrier-3", { ...paid(1), use: "preauthorization" }),
        eob("carrier-4", { ...paid(2), outcome: "queued" }),
        eob("carrier-5", { ...paid(-4), total: [{ category: { coding: [{ code: "submitted" }] }, amount: { value: -9 } }] }),
        eob("carrier-6", paid("N/A")),
        eob("carrier-7", { ...paid(3), billablePeriod: undefined }),
      ]),
    ),
  );
  const months = page.paidByMonth();
  assert.deepEqual([...months], [["2018-03", 8000]]);
  const { leftOut, notKnown, undated, unread } = months;
  assert.deepEqual({ leftOut, notKnown, undated, unread }, { leftOut: 4, notKnown: 1, undated: 1, unread: 0 });
  const reasons = [undefined, "cancelled", "notAClaim", "unsettled", "refund", undefined, undefined];
  assert.deepEqual(page.rows.map((row) => row.leftOut), reasons);
  assert.deepEqual([...page.columns.leftOut].map((place) => LEFT_OUT[place] || undefined), reasons);
  assert.equal(CLAIM_STATUSES[page.columns.status[1]], "cancelled");
  assert.equal(CLAIM_USES[page.columns.use[2]], "preauthorization");
  assert.equal(CLAIM_OUTCOMES[page.columns.outcome[3]], "queued");
  assert.equal(page.rows[5].unknown.paid, "unreadable");
  assert.equal(page.rows[5].incomplete, true);
  assert.equal(page.rows[0].incomplete, undefined);
  // Handed on, the sums of all pages come together.
  assert.deepEqual([...page.paidByMonth(months)], [["2018-03", 16_000]]);
  assert.equal(months.leftOut, 8);
  page.free();
});

test("an entry that cannot be read is a problem of the page, and not silently missing", async () => {
  const text = JSON.stringify(bundle([eob("carrier-1"), eob("carrier-2"), eob("carrier-3")]));
  const latin1 = new Uint8Array([...bytes(text)].map((byte, at) => (at === text.indexOf("carrier-2") + 8 ? 0xe9 : byte)));
  const page = await parsePage(latin1);
  assert.deepEqual(page.rows.map((row) => row.id), ["carrier-1", "carrier-3"]);
  assert.deepEqual(page.problems, [{ index: 1, path: "resource", reason: "notUtf8" }]);
  assert.equal(page.paidByMonth().unread, 1);
  assert.equal(page.json(1), undefined);
  page.free();
  const marked = await parsePage(new Uint8Array([0xef, 0xbb, 0xbf, ...bytes(text)]));
  assert.equal(marked.rows.length, 3);
  assert.deepEqual(marked.problems, []);
  marked.free();
  await assert.rejects(parsePage(bytes('{"resourceType":"Bundle","entry":{}}')), code("bad_response"));
});

test("a bad entry is noted and costs neither the page nor the other claims", async () => {
  const bad = eob("carrier-8", { billablePeriod: "yesterday" });
  const page = await parsePage(bytes(bundle([bad, eob("carrier-9")])));
  assert.deepEqual(page.rows.map((row) => row.id), ["carrier-8", "carrier-9"]);
  assert.ok(page.entry(0).notes.length > 0);
  assert.equal(page.entry(1).notes, undefined);
  page.free();
});

test("a resource alone is read too", async () => {
  const entry = await parseResource(bytes({ resourceType: "Basic", id: "x" }));
  assert.deepEqual(entry.resource, { kind: "other", value: { resourceType: "Basic" } });
  await assert.rejects(parseResource(bytes("[]")), code("bad_response"));
});
