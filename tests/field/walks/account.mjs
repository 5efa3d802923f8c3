// The account page, and signing out here and at the provider.
import assert from "node:assert/strict";

import { picture } from "../lib/browser.mjs";
import { fhir } from "../lib/oauth.mjs";
import { decide, landed, reachConsent, signInIfAsked, walk } from "./walk.mjs";

export default function account(field) {
  walk(field, "whoever stops sharing on the account page stops the very next call", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);
    await decide(page, "allow");
    await landed(field, page);
    const { tokens } = field.sites.visits.get(new URL(page.url()).searchParams.get("visit"));

    await openAccount(field, page, person);
    const application = page.locator("section.app").filter({ hasText: `Records ${field.name}` });
    await application.waitFor();
    await picture(page, `field-${field.name}-account`);
    await application.locator("a[href*='revoke=']").click();
    await page.locator("button[value=revoke]").click();
    await page.locator("[role=status]").waitFor();
    assert.equal(await application.count(), 0);
    const { status, code } = await fhir(field.base, tokens.access_token, "Coverage");
    assert.deepEqual([status, code], [403, "grant_revoked"]);
  });

  walk(field, "whoever signs out is signed out here and at the provider", async (field, visitor) => {
    const person = await field.person();
    const page = await visitor.open();
    await openAccount(field, page, person);
    await signOut(field, page);
    await page.goto(`${field.base}/account/`);
    await field.provider.form(page).waitFor();
  });
}

/** The account page of this person, who may still be known to the provider. */
export async function openAccount(field, page, person) {
  await page.goto(`${field.base}/account/`);
  await signInIfAsked(field, page, person);
  await page.locator("button[value=sign_out]").waitFor();
  assert.ok((await page.locator("main").innerText()).includes(person.name));
}

/** Signs out on the account page, and at the provider as it asks. */
export async function signOut(field, page) {
  await page.locator("button[value=sign_out]").click();
  await field.provider.confirmSignOut(page);
  await page.waitForURL((url) => url.origin === new URL(field.base).origin && url.pathname !== "/account/");
}
