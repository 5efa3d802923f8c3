// A developer registers an application at the portal, an operator approves it, a person uses it.
import assert from "node:assert/strict";

import { begin, exchange } from "../lib/oauth.mjs";
import { decide, text, walk } from "./walk.mjs";

export default function portal(field) {
  walk(field, "an application of the portal works as soon as an operator approved it", async (field, developer, { another }) => {
    const page = await developer.open();
    const name = `Portal ${field.name}`;
    await page.goto(`${field.base}/developer/`);
    await page.fill("#new-name", "a.developer");
    await page.fill("#new-password", "a sentence that is long");
    await page.click("button[value=create]");
    await page.goto(`${field.base}/developer/new`);
    await page.fill("#client_name", name);
    await page.fill("#redirect_uris", `${field.sites.landing}/back`);
    await page.locator("form .button").last().click();
    const secret = await page.locator(".secret").innerText();
    const [, clientId] = /Client id\s+([A-Za-z0-9]{40})\b/.exec(await text(page));

    const client = { client_id: clientId, client_secret: secret, redirect_uris: [`${field.sites.landing}/back`] };
    const begun = begin(field.base, client);
    const person = await (await another()).open();
    if (field.approves) {
      await person.goto(begun.url);
      assert.match(await text(person), /temporarily inactive/);
      await approve(field, await another(), name);
    }
    await person.goto(begun.url);
    const who = await field.person();
    await field.provider.signIn(person, who);
    await decide(person, "allow");
    await person.waitForURL(`${field.sites.landing}/back**`);
    const tokens = await exchange(field.base, client, begun, new URL(person.url()).searchParams);
    assert.equal(tokens.patient, who.patient);
  });
}

async function approve(field, operator, name) {
  const page = await operator.open();
  await enterOps(field, page, "approve");
  await page.getByRole("link", { name }).click();
  await page.getByLabel("Reason to approve, for the audit").fill("seen by the field tests");
  await page.getByRole("button", { name: "Approve what is on this sheet" }).click();
  await page.getByRole("button", { name: "Approve what is on this sheet" }).waitFor({ state: "detached" });
}

/** Signs an operator in on the page. */
export async function enterOps(field, page, role) {
  await page.goto(`${field.base}/ops/`);
  await page.locator("input[name=token]").fill(field.tokens[role]);
  await page.locator("input[name=token]").press("Enter");
  await page.getByText("Signed in as").waitFor();
}
