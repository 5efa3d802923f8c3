// Two people, one browser: nobody ever sees the other one's data.
import assert from "node:assert/strict";

import { connect, consentPage, decide, landed, reachConsent, text, told, walk } from "./walk.mjs";
import { openAccount, signOut } from "./account.mjs";

export default function people(field) {
  walk(field, "a second person's sign-in ends the first one's session on the account page", async (field, visitor) => {
    const [first, second] = [await field.person(), await field.person()];
    const page = await visitor.open();
    await openAccount(field, page, first);

    await connect(field, page, { prompt: "login" });
    await field.provider.signIn(page, second);
    await consentPage(page);
    const consent = await text(page);
    assert.ok(consent.includes(second.name) && !consent.includes(first.name), consent);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${second.patient} 200 ${second.claims}`);

    await page.goto(`${field.base}/account/`);
    if (new URL(page.url()).pathname !== "/account/") return;
    const shown = await text(page);
    assert.ok(!shown.includes(first.name), shown);
  });

  walk(field, "another account can be chosen at consent, and nothing of the first one stays", async (field, visitor) => {
    const [first, second] = [await field.person(), await field.person()];
    const page = await visitor.open();
    await reachConsent(field, page, first);
    await page.locator("a[href*='another=1']").click();
    await field.provider.form(page).waitFor();
    await field.provider.signIn(page, second);
    await consentPage(page);
    const consent = await text(page);
    assert.ok(consent.includes(second.name) && !consent.includes(first.name), consent);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${second.patient} 200 ${second.claims}`);
  });

  walk(field, "after signing out, the back button shows nothing of the person", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await openAccount(field, page, person);
    await page.goto(`${field.base}/account/?lang=es`);
    await signOut(field, page);
    for (let steps = 0; steps < 6 && (await page.goBack()) !== null; steps += 1) {
      const shown = await text(page);
      assert.ok(!shown.includes(person.name), `${page.url()}: ${shown}`);
    }
  });

  walk(field, "after signing out, the next person at the same application sees their own data", async (field, visitor) => {
    const [first, second] = [await field.person(), await field.person()];
    const page = await visitor.open();
    await page.goto(`${field.sites.singlePage}/`);
    for (const person of [first, second]) {
      await told(page, "nobody");
      await page.locator("#connect").click();
      await field.provider.signIn(page, person);
      await decide(page, "allow");
      assert.equal(await told(page, /\d/), `${person.patient} ${person.claims}`);
      await page.locator("#leave").click();
      await told(page, "nobody");
      await openAccount(field, page, person);
      await signOut(field, page);
      await page.goto(`${field.sites.singlePage}/`);
    }
  });
}
