// A page on the npm package, in Chromium, at the official Blue Button service: a stand-in that has its documents and habits.
import assert from "node:assert/strict";
import { test } from "node:test";

import { PATIENT, startBlueButton } from "../../web-client/test/bluebutton.mjs";
import { startSites } from "./lib/applications.mjs";
import { startBrowser, visit } from "./lib/browser.mjs";
import { authorities, pem } from "./lib/field.mjs";
import { told } from "./walks/walk.mjs";

for (const version of ["v1", "v2", "v3"]) {
  test(`the official service, ${version}: a page signs in, outlives its token and signs out`, { timeout: 60_000 }, async (t) => {
    const made = authorities();
    const service = await startBlueButton();
    t.after(() => service.close());
    const sites = await startSites({ tls: pem(made.server), base: service.base, options: { version } });
    t.after(() => sites.end());
    sites.page = { client_id: "page" };
    const browser = await startBrowser(made.home);
    t.after(() => browser.close());
    const visitor = await visit(browser);
    const page = await visitor.open();

    await page.goto(`${sites.singlePage}/`);
    await told(page, "nobody");
    await page.locator("#connect").click();
    assert.equal(await told(page, /\d/), `${PATIENT[version]} 3`);
    assert.equal(page.url(), `${sites.singlePage}/`);

    service.expire();
    await page.reload();
    assert.equal(await told(page, /\d/), `${PATIENT[version]} 3`);

    await page.locator("#leave").click();
    await told(page, "nobody");
    // The slash that the service insists on was found, and the token arrived.
    const revocations = service.requests.filter(({ path, form }) => path.endsWith("/revoke_token/") && form.has("token"));
    assert.equal(revocations.length, 1);
    assert.deepEqual(visitor.faults, []);
    await visitor.close();
  });
}
