// Where a person ends after pressing a button of ours. Chromium holds a page's `form-action` against every redirect
// that follows its form, so each way out is walked here: an application's callback that leads on to another origin or
// to a native app, loopback by IPv6, a provider that signs people out elsewhere.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, url } from "./browser.mjs";
import { PERSON, signIn } from "./demo.mjs";
import { press, serve, toConsent } from "./oauth.mjs";

const LIMIT = { timeout: 60_000 };
const NATIVE = "com.example.bluegate.tests";
/** The same port on another host name is another origin, and another site. */
const SECOND = (port) => `http://localhost:${port}/second?from=callback`;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A visit in an empty profile; what a policy stops is told in the console. */
async function visit(t) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  t.after(() => context.close());
  const page = await context.newPage();
  const stopped = [];
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) stopped.push(message.text());
  });
  return { page, stopped };
}

for (const [decision, parameter] of [["allow", "code"], ["deny", "error"]]) {
  test(`${decision}: the callback leads on to another origin`, LIMIT, async (t) => {
    const app = await serve(t, SECOND);
    const { page, stopped } = await visit(t);
    await toConsent(page, `http://127.0.0.1:${app.port}/callback`);
    await press(page, decision);
    await page.waitForURL(SECOND(app.port));
    assert.equal(await page.title(), "arrived");
    assert.ok(app.asked[0].parameters.has(parameter));
    assert.equal(app.asked[0].parameters.get("state"), "0123456789abcdef");
    assert.deepEqual(app.asked.map(({ pathname }) => pathname), ["/callback", "/second"], "asked once");
    assert.deepEqual(stopped, []);
  });

  test(`${decision}: loopback by IPv6 (RFC 8252, section 7.3)`, LIMIT, async (t) => {
    const app = await serve(t);
    const { page, stopped } = await visit(t);
    await toConsent(page, `http://[::1]:${app.port}/callback`);
    await press(page, decision);
    await page.waitForURL(`http://[::1]:${app.port}/callback?**`);
    assert.ok(app.asked[0].parameters.has(parameter));
    assert.deepEqual(stopped, []);
  });

  for (const [what, redirectUri, next] of [
    ["the redirect URI itself", () => `${NATIVE}:/done`, undefined],
    ["where the callback leads", (port) => `http://127.0.0.1:${port}/callback`, () => `${NATIVE}://done`],
  ]) {
    test(`${decision}: a native app's scheme is ${what}`, LIMIT, async (t) => {
      const app = await serve(t, next);
      const { page, stopped } = await visit(t);
      await toConsent(page, redirectUri(app.port));
      const handed = handedOver(page);
      await press(page, decision);
      const target = await handed;
      assert.ok(target.startsWith(`${NATIVE}:`), target);
      if (next === undefined) assert.ok(new URL(target).searchParams.has(parameter), target);
      assert.deepEqual(stopped, []);
    });
  }
}

/** What Chromium hands to the system, which knows no such app: it asks for nothing over the network. */
async function handedOver(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  return new Promise((resolve) => {
    session.on("Network.requestWillBeSent", ({ request }) => {
      if (request.url.startsWith(NATIVE)) resolve(request.url);
    });
  });
}

test("sign-out leads to a provider on another origin", LIMIT, async (t) => {
  const provider = await serve(t);
  const { page, stopped } = await visit(t);
  await page.goto(`${url}/account/`);
  await signIn(page, PERSON);
  const button = page.locator("button[value=sign_out]");
  await button.waitFor();
  // The sandbox's provider is on our own origin: this one answers in its place, under the page's own policy.
  const elsewhere = SECOND(provider.port);
  await page.route("**/account/", (route) =>
    route.request().method() === "POST"
      ? route.fulfill({ status: 303, headers: { Location: elsewhere } })
      : route.continue(),
  );
  await button.click();
  await page.waitForURL(elsewhere);
  assert.deepEqual(stopped, []);
});
