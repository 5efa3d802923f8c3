// One session in several tabs of a browser, at a service that takes a refresh token once and without any grace.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { startBlueButton } from "../bluebutton.mjs";
import { launch, packageRoot, serve } from "./chromium.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** An application at a service of its own, and a browser without tabs. */
async function setUp(t, storage) {
  const service = await startBlueButton();
  const server = await serve({ "/dist/": path.join(packageRoot, "dist") }, { connect: service.base });
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await Promise.all([server.close(), service.close()]);
  });
  const options = { baseUrl: service.base, clientId: "app", redirectUri: `${server.base}/`, storage };

  /** Does something with a client in a tab; a failure becomes its code. */
  const at = (page, work) =>
    page.evaluate(
      `(async () => {
        const { Client } = await import("/dist/index.js");
        globalThis.client ??= new Client(${JSON.stringify(options)});
        try { return await (${work})(globalThis.client); } catch (error) { return error.code ?? String(error); }
      })()`,
    );
  const open = async () => {
    const page = await context.newPage();
    await page.goto(`${server.base}/`);
    return page;
  };
  const signIn = async (page) => {
    const address = await at(page, async (client) => (await client.authorizationUrl()).href);
    await page.goto(await service.visit(address));
    return at(page, (client) => client.handleCallback());
  };
  /** A tab with a copy of another's session storage, as browsers make it. */
  const duplicate = async (page) => {
    const [copy] = await Promise.all([context.waitForEvent("page"), page.evaluate(() => void window.open("/"))]);
    await copy.waitForLoadState();
    return copy;
  };
  const renewals = () => service.to("/v2/o/token").filter(({ form }) => form.has("refresh_token"));
  return { service, server, context, at, open, signIn, duplicate, renewals };
}

const coverages = async (client) => (await client.coverage()).length;
const session = (client) => client.session();
const isSignedIn = async (client) => (await client.session()) !== undefined;

/** Waits until a tab has heard. */
async function until(look, expected) {
  for (let wait = 0; wait < 200; wait += 1) {
    const found = await look();
    if (found === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.equal(await look(), expected);
}

test("a duplicated tab goes on with what the other one renewed", async (t) => {
  const { service, at, open, signIn, duplicate, renewals } = await setUp(t, "session");
  const one = await open();
  await signIn(one);
  const two = await duplicate(one);
  assert.deepEqual(await at(two, session), await at(one, session), "a copy");

  service.expire();
  assert.equal(await at(one, coverages), 2);
  service.expire();
  assert.equal(await at(two, coverages), 2);
  service.expire();
  assert.equal(await at(one, coverages), 2);
  assert.equal(renewals().length, 3);
  const sent = renewals().map(({ form }) => form.get("refresh_token"));
  assert.equal(new Set(sent).size, 3, "no token twice");
});

test("a tab that did not listen asks before it presents a token that was used", async (t) => {
  const { service, at, open, signIn, duplicate, renewals } = await setUp(t, "session");
  const one = await open();
  await signIn(one);
  // Its page has loaded nothing of the package yet.
  const two = await duplicate(one);
  service.expire();
  assert.equal(await at(one, coverages), 2);
  assert.equal(await at(two, coverages), 2);
  assert.equal(renewals().length, 1, "the tokens of the other tab were good");
  service.expire();
  assert.deepEqual(await Promise.all([at(one, coverages), at(two, coverages)]), [2, 2]);
  assert.equal(renewals().length, 2, "and at the same time one renews for both");
});

test("a copy whose token was used never presents it, also when nobody has the new one any more", async (t) => {
  const { service, at, open, signIn, duplicate, renewals } = await setUp(t, "session");
  const one = await open();
  await signIn(one);
  const two = await duplicate(one);
  service.expire();
  assert.equal(await at(one, coverages), 2);
  await one.close();
  assert.equal(await at(two, coverages), "session_ended");
  assert.equal(await at(two, isSignedIn), false);
  assert.equal(renewals().length, 1);
});

test("who signs out in one tab is signed out in those that share the session", async (t) => {
  for (const storage of ["session", "local"]) {
    const { at, open, signIn, duplicate } = await setUp(t, storage);
    const one = await open();
    await signIn(one);
    const two = await duplicate(one);
    assert.equal(await at(two, isSignedIn), true);
    await at(one, (client) => client.signOut());
    await until(() => at(two, isSignedIn), false);
  }
});

test("tabs with a sign-in each have a session each", async (t) => {
  const { service, at, open, signIn } = await setUp(t, "session");
  const [one, two] = [await open(), await open()];
  await signIn(one);
  await signIn(two);
  service.expire();
  assert.deepEqual(await Promise.all([at(one, coverages), at(two, coverages)]), [2, 2]);
  await at(one, (client) => client.signOut());
  assert.equal(await at(two, coverages), 2);
  assert.equal(await at(one, isSignedIn), false);
});

test("storage local is one session for all tabs, and outlives them", async (t) => {
  const { service, at, open, signIn, renewals } = await setUp(t, "local");
  const one = await open();
  await signIn(one);
  const two = await open();
  service.expire();
  assert.deepEqual(await Promise.all([at(one, coverages), at(two, coverages)]), [2, 2]);
  assert.equal(renewals().length, 1);
  await Promise.all([one.close(), two.close()]);
  assert.equal(await at(await open(), coverages), 2);
});

test("clients of one page that took one answer renew once, though each has the tokens in its memory", async (t) => {
  const { service, server, at, open, renewals } = await setUp(t);
  const page = await open();
  const address = await at(page, async (client) => (await client.authorizationUrl()).href);
  await page.goto(await service.visit(address));
  const two = `(async () => {
    const { Client } = await import("/dist/index.js");
    const options = ${JSON.stringify({ baseUrl: service.base, clientId: "app", redirectUri: `${server.base}/` })};
    globalThis.clients = [new Client(options), new Client(options)];
    return (await Promise.all(clients.map((client) => client.handleCallback()))).map(({ patient }) => patient);
  })()`;
  assert.deepEqual(await page.evaluate(two), ["-20140000008325", "-20140000008325"]);
  assert.equal(service.to("/v2/o/token").length, 1);
  assert.equal(page.url(), `${server.base}/`);
  for (let round = 1; round < 4; round += 1) {
    service.expire();
    const found = await page.evaluate(() => Promise.all(globalThis.clients.map(async (client) => (await client.coverage()).length)));
    assert.deepEqual(found, [2, 2]);
    assert.equal(renewals().length, round);
  }
});

test("what is no answer stays in the address bar", async (t) => {
  const { server, at, open } = await setUp(t, "session");
  const page = await open();
  await at(page, (client) => client.authorizationUrl().then(() => true));
  for (const query of ["?code=SUMMER24", "?error=not_found", `?code=abc&state=${"x".repeat(43)}#top`]) {
    await page.goto(`${server.base}/${query}`);
    assert.equal(await at(page, async (client) => (await client.handleCallback()) === undefined), true);
    assert.equal(page.url(), `${server.base}/${query}`);
  }
});

test("session storage of before, without the gateway in its name, is nobody's", async (t) => {
  const { at, open } = await setUp(t, "session");
  const page = await open();
  await page.evaluate(() => sessionStorage.setItem("bluegate:tokens:app", '{"accessToken":"a","expiresAt":9e15,"scope":[]}'));
  assert.equal(await at(page, isSignedIn), false);
});
