// An operator stops the release of data; what people see then, and afterwards.
import assert from "node:assert/strict";

import { picture } from "../lib/browser.mjs";
import { enterOps } from "./portal.mjs";
import { openAccount } from "./account.mjs";
import { connect, consentPage, decide, landed, reachConsent, text, walk } from "./walk.mjs";

export default function lockDown(field) {
  walk(field, "a lock-down stops people at consent, and when it is lifted they go on", async (field, visitor, { another }) => {
    const person = await field.person();
    const page = await visitor.open();
    await reachConsent(field, page, person);

    const ops = await (await another()).open();
    await enterOps(field, ops, "lock");
    const form = ops.locator("form[action='/ops/lock-down']");
    await form.locator("input[name=scope][value=all]").check();
    await form.locator("input[name=reason]").fill("people see wrong claims");
    await form.locator("button[type=submit]").click();
    await ops.getByText("Stopped").waitFor();

    await decide(page, "allow");
    await page.locator("meta[name=error-code][content=locked_down]").waitFor({ state: "attached" });
    assert.equal(new URL(page.url()).origin, new URL(field.base).origin);
    await picture(page, `field-${field.name}-lock-down`);
    const other = await visitor.open();
    await connect(field, other);
    assert.match(await text(other), /internal issue/i);
    // What people need most stays up.
    await openAccount(field, other, person);

    const lift = ops.locator("form[action$='/lift']");
    await lift.locator("input[name=reason]").fill("mended");
    await lift.locator("button[type=submit]").click();
    await ops.getByText("No lock-down holds").waitFor();

    await page.getByRole("link", { name: "Try again" }).click();
    await consentPage(page);
    await decide(page, "allow");
    assert.equal(await landed(field, page), `${person.patient} 200 ${person.claims}`);
  });
}
