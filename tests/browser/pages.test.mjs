// Every page of the gateway that a person sees, in each of its states: axe-core finds nothing, it fits from 320 px,
// works by keyboard alone and without any script, in light and dark, in English and Spanish.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { accessible, fits, launch, picture, url } from "./browser.mjs";
import { noEnglishLeft, phrasesOfGateway } from "./english.mjs";

const PERSON = { username: "BBUser28324", password: "PW28324!" };
/** Where the applications of these tests are sent back to: somewhere that answers. */
const application = createServer((_, response) => response.end("back")).listen(0, "127.0.0.1");
await once(application, "listening");
const BACK = `http://127.0.0.1:${application.address().port}/back`;
const VIEWS = [
  { name: "narrow-dark", width: 320, height: 640, colorScheme: "dark", lang: "es" },
  { name: "wide-light", width: 1920, height: 1080, colorScheme: "light", lang: "en" },
];

const english = await phrasesOfGateway();

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
  application.close();
  application.closeAllConnections();
});

/** A context that runs none of the page's own scripts; axe runs in a world of its own. */
async function visit(view, look) {
  const context = await browser.newContext({
    locale: view.lang === "es" ? "es-US" : "en-US",
    colorScheme: view.colorScheme,
    viewport: { width: view.width, height: view.height },
    bypassCSP: true,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  try {
    await look(page);
  } catch (error) {
    await picture(page, `failed-pages-${view.name}-${Date.now()}`).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}

/** Looks at the page as it stands: a picture for people, axe for everybody else. */
async function inspect(page, view, name) {
  await picture(page, `page-${name}-${view.name}`);
  await fits(page, `${name} at ${view.width} px`);
  assert.equal(await page.locator("html").getAttribute("lang"), view.lang, `language of ${name}`);
  assert.equal(await page.locator("script").count(), 0, `${name} has a script`);
  if (view.lang === "es") await noEnglishLeft(page, english, name);
  await accessible(page, name);
}

async function register(name) {
  const response = await fetch(`${url}/o/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: `${name} ${Math.random()}`,
      redirect_uris: [BACK],
      tos_uri: "https://app.example/terms",
      token_endpoint_auth_method: "none",
    }),
  });
  return (await response.json()).client_id;
}

function authorize(client, more = {}) {
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: client,
    redirect_uri: BACK,
    state: "0123456789abcdef",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...more,
  });
  return `${url}/v2/o/authorize/?${parameters}`;
}

async function signIn(page, person = PERSON) {
  await page.fill("[name=username]", person.username);
  await page.fill("[name=password]", person.password);
  await page.press("[name=password]", "Enter");
}

for (const view of VIEWS) {
  describe(`pages, ${view.name}`, { timeout: 240_000 }, () => {
    const at = (path) => `${url}${path}${path.includes("?") ? "&" : "?"}lang=${view.lang}`;

    test("sign-in and its errors", () =>
      visit(view, async (page) => {
        const client = await register("Axe");
        await page.goto(authorize(client, { lang: view.lang }));
        await inspect(page, view, "sign-in");
        await signIn(page, { ...PERSON, password: "wrong" });
        await inspect(page, view, "sign-in-wrong");
        await signIn(page, { username: "BBHard03", password: "PWHard03!" });
        await page.waitForLoadState();
        await inspect(page, view, "sign-in-hard");
      }));

    test("consent, allowed and shown in the account, and stopped", () =>
      visit(view, async (page) => {
        const client = await register("Axe");
        await page.goto(authorize(client, { lang: view.lang }));
        await signIn(page);
        await page.locator("button[value=allow]").waitFor();
        await inspect(page, view, "consent");
        await page.click("button[value=allow]");
        await page.waitForURL(/back\?code=/);

        await page.goto(at("/account/"));
        if (await page.locator("[name=username]").count()) await signIn(page);
        await page.goto(at("/account/"));
        await inspect(page, view, "account");
        await page.locator("section.app a.button").first().click();
        await inspect(page, view, "account-revoke");
        await page.click("button[value=revoke]");
        await page.locator("[role=status]").waitFor();
        await inspect(page, view, "account-revoked");
      }));

    test("error pages say what to do and carry a request id", () =>
      visit(view, async (page) => {
        for (const [name, target] of [
          ["error-client", authorize("nobody", { lang: view.lang })],
          ["error-redirect", authorize(await register("Axe"), { redirect_uri: "https://evil.example/", lang: view.lang })],
          ["error-expired", at("/v2/o/authorize/consent?transaction=none")],
        ]) {
          await page.goto(target);
          await inspect(page, view, name);
          assert.match(await page.locator("code").last().innerText(), /^[0-9a-f]{32}$/);
        }
      }));

    test("developer portal in each of its states", () =>
      visit(view, async (page) => {
        const name = `dev-${view.name}-${Date.now()}`;
        await page.goto(at("/developer/"));
        await inspect(page, view, "developer-enter");
        await page.fill("#name", name);
        await page.fill("#password", "not the password at all");
        await page.click("button[value=sign_in]");
        await inspect(page, view, "developer-wrong");
        await page.fill("#new-name", name);
        await page.fill("#new-password", "a sentence that is long");
        await page.click("button[value=create]");
        await page.locator("button[value=sign_out]").waitFor();
        await inspect(page, view, "developer-empty");
        await page.goto(at("/developer/new"));
        await page.fill("#client_name", `Axe ${name}`);
        await page.fill("#redirect_uris", "https://app.example/#no");
        await page.locator("form .button").last().click();
        await page.locator("[role=alert]").waitFor();
        await inspect(page, view, "developer-new-wrong");
        await page.fill("#redirect_uris", "https://app.example/back");
        await page.locator("form .button").last().click();
        await page.locator(".secret").waitFor();
        await inspect(page, view, "developer-registered");
        await page.click("button[value=suspend]");
        await page.locator("button[value=resume]").waitFor();
        await inspect(page, view, "developer-suspended");
        await page.locator("a[href$='delete=1']").click();
        await inspect(page, view, "developer-delete");
        await page.goto(at("/developer/test"));
        await signIn(page);
        await page.click("button[value=allow]");
        await page.locator(".steps").waitFor();
        assert.equal(await page.locator(".steps > li").count(), 8);
        await inspect(page, view, "developer-test");
      }));

    test("documentation, and a call that is tried", () =>
      visit(view, async (page) => {
        await page.goto(at("/docs"));
        for (const details of await page.locator("details").all()) {
          await details.evaluate((element) => element.setAttribute("open", ""));
        }
        await inspect(page, view, "docs");
        await page.locator("#metadata button").click();
        assert.match(await page.locator("pre").nth(1).innerText(), /200 OK/);
        await inspect(page, view, "docs-tried");
      }));
  });
}

test("the list follows the choice, the switch of language keeps it, and every page after it has the language", { timeout: 60_000 }, () =>
  visit(VIEWS[1], async (page) => {
    await page.goto(authorize(await register("Choice"), { lang: "es" }));
    await page.fill("[name=username]", PERSON.username);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.equal(await page.inputValue("[name=username]"), PERSON.username);
    await signIn(page);
    const heading = (name) => page.getByRole("heading", { name }).waitFor();
    await heading("The app will be able to see:");
    const listed = () => page.locator("main > ul > li").filter({ visible: true }).allInnerTexts();
    const all = await listed();
    assert.ok(all.some((text) => text.startsWith("About you")), all.join());
    await page.check("[name=demographics][value=withhold]");
    const kept = await listed();
    assert.ok(kept.length > 0 && kept.length < all.length && !kept.some((text) => /About you|e-mail/.test(text)), kept.join());
    await page.locator("main").getByRole("link", { name: "Español" }).click();
    await heading("La aplicación podrá ver:");
    assert.ok(await page.isChecked("[name=demographics][value=withhold]"));
    assert.equal((await listed()).length, kept.length);
    await page.reload();
    assert.ok(await page.isChecked("[name=demographics][value=withhold]"), "also after a reload");
    await page.check("[name=demographics][value=share]");
    assert.equal((await listed()).length, all.length);
    await page.goto(`${url}/v2/o/authorize/consent?transaction=none`);
    await heading("Esta página ya no se puede usar");
    await page.getByText("English").click();
    await heading("This page can no longer be used");
  }),
);

test("the whole flow can be done by keyboard alone", { timeout: 60_000 }, () =>
  visit(VIEWS[1], async (page) => {
    await page.goto(authorize(await register("Keyboard"), { lang: "en" }));
    /** Presses Tab until the focus is on what `selector` finds, and sees that the focus can be seen. */
    const reach = async (selector) => {
      for (let step = 0; step < 40; step++) {
        await page.keyboard.press("Tab");
        const there = await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector);
        if (there) {
          const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
          assert.notEqual(outline, "none", `focus on ${selector} cannot be seen`);
          return;
        }
      }
      assert.fail(`${selector} is not reached by Tab`);
    };
    const focused = await page.evaluate(() => document.activeElement?.getAttribute("name"));
    if (focused !== "username") await reach("[name=username]");
    await page.keyboard.type(PERSON.username);
    await reach("[name=password]");
    await page.keyboard.type(PERSON.password);
    await page.keyboard.press("Enter");
    await page.locator("button[value=deny]").waitFor();
    await reach("button[value=deny]");
    await page.keyboard.press("Enter");
    await page.waitForURL(/error=access_denied/);
  }));

test("the pages print without their buttons, dark on white", { timeout: 60_000 }, () =>
  visit({ ...VIEWS[1], colorScheme: "light" }, async (page) => {
    await page.goto(`${url}/account/`);
    await signIn(page);
    await page.locator("h1").waitFor();
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".sign-out").isVisible(), false);
    assert.ok((await page.pdf({ format: "Letter" })).length > 1000);
  }));
