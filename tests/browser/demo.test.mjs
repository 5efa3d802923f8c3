// From the demo page's button through the sandbox's sign-in and the consent page to the list of claims,
// in Chromium, at the width of a phone and of a desktop.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DESKTOP, PHONE, fits, launch, picture, url, visit } from "./browser.mjs";
import {
  PERSON,
  allYears,
  claimCards,
  consent,
  loadAllClaims,
  loaded,
  reachClaims,
  signIn,
  signInButton,
  signOutButton,
  startSignIn,
} from "./demo.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const viewport of [PHONE, DESKTOP]) {
  describe(`on a ${viewport.name}`, { timeout: 120_000 }, () => {
    test("a beneficiary signs in, allows the demo, and sees all 32 claims", async () => {
      await visit(browser, viewport, async (page) => {
        await reachClaims(page, PERSON, viewport.name);
        await loaded(page);
        await allYears(page);
        assert.equal(await claimCards(page).count(), 10, "the first page");
        await page.getByText("10 of 32 shown").waitFor();

        await loadAllClaims(page);
        assert.equal(await claimCards(page).count(), 32);
        await page.getByText("32 of 32 shown").waitFor();
        const text = (await claimCards(page).allInnerTexts()).join("\n");
        assert.equal(text.match(/^Hospital stay of \d+ days? for /gm)?.length, 2, "inpatient claims");
        assert.ok(text.match(/^(Office visit|Laboratory test|Procedure|Ambulance ride|Vaccine)/gm)?.length > 10, "carrier claims");
        assert.ok(!/carrier|inpatient|pde-|[A-Z]\d\d[\d.]/.test(text), "no codes");
        assert.match(text, /\$\d/, "amounts in dollars");
        await fits(page, "all claims");
        await picture(page, `${viewport.name}-5-all-claims`);
      });
    });

    test("the address holds no code after the sign-in, and a reload keeps the person signed in", async () => {
      await visit(browser, viewport, async (page) => {
        await reachClaims(page, PERSON);
        assert.equal(page.url(), `${url}/demo/`);
        await page.reload();
        await claimCards(page).first().waitFor();
      });
    });

    test("sign-out ends the access, also at the gateway", async () => {
      await visit(browser, viewport, async (page) => {
        let token;
        page.on("request", (request) => {
          token ??= /^Bearer (.+)$/.exec(request.headers().authorization ?? "")?.[1];
        });
        await reachClaims(page, PERSON);
        assert.ok(token, "the page called the gateway with a token");
        const patient = () =>
          fetch(`${url}/v2/connect/userinfo`, { headers: { authorization: `Bearer ${token}` } });
        assert.equal((await patient()).status, 200);

        await signOutButton(page).click();
        const ask = page.getByRole("dialog", { name: "Sign out" });
        await ask.getByText("Your permission itself goes on until").waitFor();
        await ask.getByRole("button", { name: "Sign out", exact: true }).click();
        await page.getByText("You are signed out. This page's access has ended. Your permission goes on until").waitFor();
        await fits(page, "signed out");
        assert.equal(await claimCards(page).count(), 0);
        assert.equal((await patient()).status, 401);
        await page.reload();
        await signInButton(page).waitFor();
      });
    });

    test("sign-out can also stop sharing, and says that the permission has ended", async () => {
      await visit(browser, viewport, async (page) => {
        await reachClaims(page, PERSON);
        await signOutButton(page).click();
        await page.getByRole("button", { name: "Sign out and also stop sharing" }).click();
        await page.getByText("Your permission has ended").waitFor();
        await fits(page, "stopped sharing");
        await startSignIn(page);
        await signIn(page, PERSON);
        await page.locator("button[name=decision][value=allow]").waitFor();
      });
    });

    test("who does not allow it is told that nothing was shared", async () => {
      await visit(browser, viewport, async (page) => {
        await startSignIn(page);
        await signIn(page, PERSON);
        await consent(page, "deny");
        await page.getByText("You chose not to share your data with this page.").waitFor();
        await fits(page, "denied");
        await picture(page, `${viewport.name}-6-denied`);
        assert.equal(await claimCards(page).count(), 0);
        await signInButton(page).waitFor();
      });
    });

    test("who withholds personal details sees claims without a name", async () => {
      await visit(browser, viewport, async (page) => {
        await startSignIn(page);
        await signIn(page, PERSON);
        await consent(page, "allow", "withhold");
        await page.getByText("You chose not to share your name").waitFor();
        await claimCards(page).first().waitFor();
        assert.ok(!(await page.locator("body").innerText()).includes("Doe"));
      });
    });

    test("a wrong password is said at the form, and the right one goes on", async () => {
      await visit(browser, viewport, async (page) => {
        await startSignIn(page);
        await signIn(page, { ...PERSON, password: "PW00000!" });
        await page.getByRole("alert").waitFor();
        await fits(page, "wrong password");
        assert.equal(await page.locator("input[name=username]").inputValue(), PERSON.username);
        await signIn(page, PERSON);
        await page.locator("button[name=decision][value=allow]").waitFor();
      });
    });
  });
}
