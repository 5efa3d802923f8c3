// One browser: several tabs, forms of other sites, two people. What Chromium does with cookies is Chromium's own here.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, url } from "./browser.mjs";
import { PERSON, signIn } from "./demo.mjs";
import { authorization, press, serve, toConsent, toDecision } from "./oauth.mjs";

const LIMIT = { timeout: 60_000 };
const SECOND = { username: "BBUser20023", password: "PW20023!" };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Tabs of one empty profile. */
async function tabs(t, count) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  t.after(() => context.close());
  return Promise.all(Array.from({ length: count }, () => context.newPage()));
}

/** Allows, and is back at the application with a code. */
async function allow(page, callback) {
  await press(page, "allow");
  await page.waitForURL(`${callback}?**`);
  assert.match(new URL(page.url()).searchParams.get("code"), /^[\w-]{43}$/);
}

test("a form of another site leaves a waiting tab its browser", LIMIT, async (t) => {
  const app = await serve(t);
  const callback = `http://127.0.0.1:${app.port}/callback`;
  const [waiting, other] = await tabs(t, 2);
  await toConsent(waiting, callback);
  // `localhost` is another site than `127.0.0.1`: Chromium sends no Lax cookie with its form.
  await other.goto(`http://localhost:${app.port}/`);
  const request = new URL(await authorization(callback));
  await other.evaluate(([action, fields]) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action });
    for (const [name, value] of fields) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    form.submit();
  }, [`${request.origin}${request.pathname}`, [...request.searchParams]]);
  await other.locator("input[name=username]").waitFor();
  await allow(waiting, callback);
  await toDecision(other);
  await allow(other, callback);
});

test("tabs opened at once in a fresh browser all go their way", LIMIT, async (t) => {
  const app = await serve(t);
  const callback = `http://127.0.0.1:${app.port}/callback`;
  const pages = await tabs(t, 3);
  const starts = await Promise.all(pages.map(() => authorization(callback)));
  await Promise.all(pages.map((page, i) => page.goto(starts[i])));
  await Promise.all(pages.map((page) => toDecision(page)));
  for (const page of pages) await allow(page, callback);
});

test("the consent page's link never opens somebody else's account page", LIMIT, async (t) => {
  const app = await serve(t);
  const callback = `http://127.0.0.1:${app.port}/callback`;
  const [first, second] = await tabs(t, 2);
  await first.goto(`${url}/account/`);
  await signIn(first, PERSON);
  await first.locator("button[value=sign_out]").waitFor();
  const name = await first.locator(".person strong").innerText();

  await second.goto(await authorization(callback, { prompt: "login" }));
  await toDecision(second, SECOND);
  assert.ok(!(await second.locator("body").innerText()).includes(name));
  await second.locator("a[href='/account/']").click();
  await second.locator("input[name=username]").waitFor();
  await first.reload();
  await first.locator("input[name=username]").waitFor();
});

test("a link of another site signs nobody out, and the button does", LIMIT, async (t) => {
  const app = await serve(t);
  const [page] = await tabs(t, 1);
  await page.goto(`${url}/account/`);
  await signIn(page, PERSON);
  await page.locator("button[value=sign_out]").waitFor();
  await page.goto(`http://localhost:${app.port}/`);
  await page.evaluate((href) => { location.href = href; }, `${url}/signout`);
  await page.locator("button[value=sign_out]").waitFor();
  await page.goto(`${url}/account/`);
  await page.locator("section, h1").first().waitFor();
  assert.equal(await page.locator("input[name=username]").count(), 0, "still signed in");
  await page.goto(`${url}/signout`);
  await page.locator("button[value=sign_out]").click();
  await page.waitForURL((now) => now.pathname !== "/signout");
  await page.goto(`${url}/signout`);
  assert.match(await page.locator("h1").innerText(), /signed out/);
  await page.goto(`${url}/account/`);
  await page.locator("input[name=username]").waitFor();
});
