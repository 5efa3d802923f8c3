// What a person can decide, and change their mind about.
import assert from "node:assert/strict";

import { fhir } from "../lib/oauth.mjs";
import { connect, consentPage, decide, landed, reachConsent, text, walk } from "./walk.mjs";

export default function decisions(field) {
  walk(field, "whoever does not allow it is back at the application, which is told", async (field, visitor) => {
    const page = await visitor.open();
    await reachConsent(field, page, await field.person());
    await decide(page, "deny");
    assert.equal(await landed(field, page), "access_denied");
  });

  walk(field, "whoever withholds who they are shares their claims only", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    await decide(page, "allow", "withhold");
    assert.equal(await landed(field, page), `${person.patient} 403 ${person.claims}`);
  });

  for (const decision of ["allow", "deny"]) {
    walk(field, `a double click on ${decision} is one decision`, async (field, visitor) => {
      const person = await field.person();
      const page = await visitor.open();
      await reachConsent(field, page, person);
      await page.locator(`button[name=decision][value=${decision}]`).dblclick();
      const told = { allow: `${person.patient} 200 ${person.claims}`, deny: "access_denied" };
      assert.equal(await landed(field, page), told[decision]);
    });
  }

  for (const [said, demographics] of [["deny"], ["allow", "withhold"]]) {
    walk(field, `of two answers in two tabs the narrower holds: ${demographics ?? said}`, async (field, visitor) => {
      const person = await field.person();
      const [wide, narrow] = [await visitor.open(), await visitor.open()];
      await reachConsent(field, wide, person);
      await narrow.goto(wide.url());
      await consentPage(narrow);
      await decide(wide, "allow");
      assert.equal(await landed(field, wide), `${person.patient} 200 ${person.claims}`);
      const { tokens } = lastVisit(field, wide);
      await decide(narrow, said, demographics);
      const heard = { deny: "access_denied", withhold: `${person.patient} 403 ${person.claims}` };
      assert.equal(await landed(field, narrow), heard[demographics ?? said]);
      const { status } = await fhir(field.base, tokens.access_token, "Patient");
      assert.ok([401, 403].includes(status), `${status} after the narrower answer`);
    });
  }

  walk(field, "a page elsewhere that asks as well takes nothing from the tab that waits", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    const other = await visitor.open();
    await other.goto(`${field.sites.landing}/asks-by-itself`);
    await field.provider.form(other).or(other.locator("button[name=decision]")).first().waitFor();
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
  });

  walk(field, "whoever cancels at the provider gets back to the application", async (field, visitor) => {
    const page = await visitor.open();
    await connect(field, page);
    await field.provider.cancel(page);
    await page.waitForURL((url) => url.origin !== field.provider.origin || url.pathname.startsWith("/signin/callback"));
    // At once, or by the link of a page that offers to try again.
    if (new URL(page.url()).origin === new URL(field.base).origin) await wayBack(field, page).click();
    assert.equal(await landed(field, page), "access_denied");
  });

  walk(field, "the back button after a decision leads on to the application, and gives nothing more", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    await decide(page, "allow");
    await landed(field, page);
    const { tokens } = lastVisit(field, page);
    await page.goBack();
    assert.equal(new URL(page.url()).origin, new URL(field.base).origin);
    const again = page.locator("button[name=decision][value=deny]");
    if ((await again.count()) > 0) {
      // The page as it was: the narrower last word holds.
      await again.click();
      await page.waitForLoadState();
      const { status } = await fhir(field.base, tokens.access_token, "Coverage");
      assert.ok([401, 403].includes(status), `${status} after a denial`);
    } else {
      await wayBack(field, page).waitFor();
      assert.match(await text(page), /app/i);
    }
  });
}

/** The link by which a page of the gateway leads back to the application. The page has it in each language, one shown. */
const wayBack = (field, page) => page.locator(`a[href^="${field.sites.webApplication}"]`).filter({ visible: true });

/** What the web application keeps of the visit that the page shows. */
const lastVisit = (field, page) => field.sites.visits.get(new URL(page.url()).searchParams.get("visit"));
