// The npm package in Chromium against the running gateway: what an application of somebody else's meets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { examples, script } from "../../web-client/test/readme.mjs";
import { PERSON, consent, signIn } from "./demo.mjs";
import { launch, url } from "./browser.mjs";
import { signInTo, startApp, visitApp, withClient } from "./app.mjs";

const LIMIT = { timeout: 120_000 };
const CLAIMS = 32;

let app;
let browser;
before(async () => {
  app = await startApp();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await app?.close();
});

/** A person signed in at the application. */
async function signedIn(t, choice) {
  const visit = await visitApp(t, browser, app);
  const tokens = await signInTo(visit.page, app, choice);
  return { ...visit, tokens };
}

/** Lets happen to a connection what takes months otherwise. */
async function letHappen(what, { accessToken }) {
  const headers = { Authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${url}/sandbox/try/${what}`, { method: "POST", headers });
  assert.equal(answer.status, 200, await answer.text());
}

/** The ids of all claims, page by page. */
const ids = async (client) => {
  const all = [];
  for await (const page of client.claims({ pageSize: 10 })) {
    all.push(...page.rows.map(({ id }) => id));
    page.free();
  }
  return all;
};

test("from the button to patient, coverage, claims and userinfo", LIMIT, async (t) => {
  const { page, tokens } = await signedIn(t);
  assert.equal(page.url(), `${app.base}/`);
  assert.match(tokens.patient, /^-?\d+$/);

  const patient = await withClient(page, app, (client) => client.patient());
  assert.equal(patient.id, tokens.patient);
  assert.match(patient.birthDate, /^\d{4}-\d\d-\d\d$/);
  const coverage = await withClient(page, app, (client) => client.coverage());
  assert.deepEqual(coverage.map(({ part }) => part).sort().slice(0, 2), ["A", "B"]);
  const claims = await withClient(page, app, ids);
  assert.equal(new Set(claims).size, CLAIMS);
  const info = await withClient(page, app, (client) => client.userinfo());
  assert.deepEqual([info.sub, info.patient], [tokens.patient, tokens.patient]);

  const drugs = await withClient(page, app, async (client) => {
    const { value } = await client.claims({ type: "pde", pageSize: 50 }).next();
    return value.rows.map(({ type }) => type);
  });
  assert.equal(drugs.length, 5);
  assert.ok(drugs.every((type) => type === "pde"));

  await page.reload();
  assert.deepEqual(await withClient(page, app, (client) => client.session()), tokens, "kept over a reload");
  assert.equal(await withClient(page, app, async (client) => (await client.signOut(), client.session())), undefined);
  const answer = await fetch(`${url}/v2/fhir/Patient`, { headers: { Authorization: `Bearer ${tokens.accessToken}` } });
  assert.equal(answer.status, 401, "the gateway has ended it too");
});

test("who does not allow it is access_denied", LIMIT, async (t) => {
  const { tokens, page } = await signedIn(t, { decision: "deny" });
  assert.equal(tokens.failed.code, "access_denied");
  assert.equal(page.url(), `${app.base}/`);
});

test("an access token that has ended is renewed once, for all calls at the same time", LIMIT, async (t) => {
  const { page, tokens, to } = await signedIn(t);
  await letHappen("expire-token", tokens);
  const before = to("/v2/o/token/").length;
  const found = await withClient(page, app, (client) =>
    Promise.all([client.patient(), client.coverage(), client.userinfo(), client.claims().next()]).then((all) => all.length),
  );
  assert.equal(found, 4);
  assert.equal(to("/v2/o/token/").length, before + 1);
  const renewed = await withClient(page, app, (client) => client.session());
  assert.notEqual(renewed.accessToken, tokens.accessToken);
  assert.notEqual(renewed.refreshToken, tokens.refreshToken);
});

test("withheld demographics are an error of their own, and the patient id is still there", LIMIT, async (t) => {
  const { page, tokens } = await signedIn(t, { demographics: "withhold" });
  assert.match(tokens.patient, /^-?\d+$/);
  for (const call of ["patient", "userinfo"]) {
    const { failed } = await withClient(page, app, (client, call) => client[call](), call);
    assert.equal(failed.code, "demographics_withheld", call);
  }
  assert.equal((await withClient(page, app, ids)).length, CLAIMS);
  const { id } = await withClient(page, app, async (client) => (await client.coverage())[0]);
  assert.ok(id.endsWith(tokens.patient));
});

for (const [what, code] of [["revoke", "revoked"], ["expire-grant", "grant_expired"]]) {
  test(`after ${what} every call is ${code}, and the tokens are gone`, LIMIT, async (t) => {
    const { page, tokens } = await signedIn(t);
    await letHappen(what, tokens);
    const { failed } = await withClient(page, app, (client) => client.coverage());
    assert.equal(failed.code, code);
    const next = await withClient(page, app, (client) => client.coverage());
    assert.equal(next.failed.code, "not_signed_in");
  });
}

test("who takes the consent back here ends it on the person's other devices", LIMIT, async (t) => {
  const one = await signedIn(t);
  const other = await signedIn(t);
  await withClient(one.page, app, (client) => client.signOut({ withdraw: true }));
  const { failed } = await withClient(other.page, app, (client) => client.coverage());
  assert.equal(failed.code, "revoked");
});

test("a lock-down is maintenance, with the time to wait, and the session outlives it", LIMIT, async (t) => {
  const operator = process.env.BLUEGATE_OPERATOR;
  if (operator === undefined) return t.skip("no BLUEGATE_OPERATOR: the test runner sets it");
  const { page, to } = await signedIn(t);
  const ops = async (path, body) => {
    const headers = { Authorization: `Bearer ${operator}`, "Content-Type": "application/json" };
    const answer = await fetch(`${url}/ops/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.ok(answer.ok, `${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  const lock = await ops("lock-down", { scope: "application", target: app.clientId, reason: "a test" });
  const before = to("/v2/fhir/Coverage").length;
  const { failed } = await withClient(page, app, (client) => client.coverage());
  assert.deepEqual([failed.code, failed.status, failed.retryAfter], ["maintenance", 503, 60]);
  assert.equal(to("/v2/fhir/Coverage").length, before + 1, "a minute is too long to wait for");

  await ops(`lock-down/${lock.id}/lift`, { reason: "the test is over" });
  assert.ok((await withClient(page, app, (client) => client.coverage())).length > 0);
});

/** Syncs into IndexedDB; `pages` is after how many pages the page loses its connection. */
const sync = async (client) => {
  const { indexedDbStore } = await import("/dist/sync.js");
  const store = indexedDbStore("claims");
  const { added, updated, removed } = await client.sync(store, { pageSize: 10 });
  return [added.length, updated.length, removed.length];
};
const kept = async () => {
  const { indexedDbStore } = await import("/dist/sync.js");
  return (await indexedDbStore("claims").all()).map(({ id, row, claim }) => [id, row.id, claim.id]);
};

test("offline in the middle of a sync: the next one goes on there, also after a reload", LIMIT, async (t) => {
  const { context, page, to } = await signedIn(t);
  let pages = 0;
  await page.route("**/v2/fhir/ExplanationOfBenefit*", async (route) => {
    pages += 1;
    if (pages === 3) await context.setOffline(true);
    await (pages >= 3 ? route.abort("internetdisconnected") : route.continue());
  });
  const { failed } = await withClient(page, app, sync);
  assert.equal(failed.code, "offline");
  assert.equal((await withClient(page, app, kept)).length, 20);

  await page.unroute("**/v2/fhir/ExplanationOfBenefit*");
  assert.equal((await withClient(page, app, sync)).failed.code, "offline", "still offline");
  await context.setOffline(false);
  await page.reload();
  const before = to("/v2/fhir/ExplanationOfBenefit").length;
  assert.deepEqual(await withClient(page, app, sync), [CLAIMS - 20, 0, 0]);
  const asked = to("/v2/fhir/ExplanationOfBenefit").slice(before).map((request) => new URL(request.url()).searchParams);
  assert.deepEqual(asked.slice(0, 2).map((query) => query.get("startIndex")), ["20", "30"]);
  assert.ok(asked.slice(2).every((query) => query.has("_lastUpdated")), "and then only what changed since");

  const all = await withClient(page, app, kept);
  assert.equal(new Set(all.map(([id]) => id)).size, CLAIMS);
  assert.equal(all.length, CLAIMS);
  for (const [id, ...same] of all) assert.deepEqual(same, [id, id]);
  assert.deepEqual(await withClient(page, app, sync), [0, 0, 0]);
});

test("two tabs that sync one store take turns", LIMIT, async (t) => {
  const { context, page } = await signedIn(t);
  const tokens = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  const second = await context.newPage();
  await second.goto(`${app.base}/`);
  await second.evaluate((all) => Object.entries(JSON.parse(all)).forEach(([key, value]) => sessionStorage.setItem(key, value)), tokens);
  const counts = await Promise.all([page, second].map((tab) => withClient(tab, app, sync)));
  assert.deepEqual(counts.map(([added]) => added).sort((one, other) => one - other), [0, CLAIMS]);
  assert.equal((await withClient(page, app, kept)).length, CLAIMS);
});

test("another person's session does not touch the store", LIMIT, async (t) => {
  const { context, page } = await signedIn(t);
  await withClient(page, app, sync);
  await withClient(page, app, (client) => client.signOut());
  await context.clearCookies();
  const address = await withClient(page, app, async (client) => (await client.authorizationUrl()).href);
  await page.goto(address);
  await signIn(page, { username: "BBUser20023", password: "PW20023!" });
  await consent(page, "allow");
  await page.waitForURL((now) => now.href.startsWith(app.base));
  await withClient(page, app, (client) => client.handleCallback());
  assert.equal((await withClient(page, app, sync)).failed.code, "wrong_person");
  assert.equal((await withClient(page, app, kept)).length, CLAIMS);
});

test("the README's first example is a whole application", LIMIT, async (t) => {
  const [first] = examples();
  const scripts = { "/readme.html": '<!doctype html><title>readme</title><script type="module" src="/readme.js"></script>' };
  const own = await startApp(scripts);
  t.after(() => own.close());
  // Nothing is changed but whose application it is.
  scripts["/readme.js"] = script(first, "/dist")
    .replace(/baseUrl: ".*?"/, `baseUrl: "${url}"`)
    .replace(/clientId: ".*?"/, `clientId: "${own.clientId}"`)
    .replace(/redirectUri: ".*?"/, `redirectUri: "${own.base}/readme.html"`);
  const { page } = await visitApp(t, browser, own);
  const printed = [];
  page.on("console", (message) => printed.push(message.text()));
  await page.goto(`${own.base}/readme.html`);
  await signIn(page, PERSON);
  await consent(page, "allow");
  await page.waitForURL(`${own.base}/readme.html`);
  for (let wait = 0; wait < 100 && printed.length < CLAIMS; wait += 1) await page.waitForTimeout(100);
  assert.equal(printed.length, CLAIMS);
  assert.ok(printed.every((line) => /^(carrier|inpatient|pde) \d{4}-\d\d-\d\d /.test(line)), printed.join("\n"));
});

test("the README's other examples run as they stand", LIMIT, async (t) => {
  const others = examples().slice(1);
  const scripts = {};
  const own = await startApp(scripts);
  t.after(() => own.close());
  const { page, faults } = await visitApp(t, browser, own);
  await signInTo(page, own);
  for (const [number, example] of others.entries()) {
    scripts[`/example-${number}.js`] = `const client = globalThis.client;\n${script(example, "/dist")}`;
    await page.evaluate((file) => import(file), `/example-${number}.js`);
  }
  assert.ok(others.length >= 4);
  assert.deepEqual(faults, []);
});
