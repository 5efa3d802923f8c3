// Built pages in Chromium, and what they find.
import assert from "node:assert/strict";
import { serve } from "../browser/chromium.mjs";

/** What `samples/common/check.js` finds everywhere. */
export const expected = {
  pkce: true,
  row: ["carrier-7", "carrier", "2018-03-04", 3750],
  refused: "invalid_request",
  added: ["carrier-7"],
};

/** Opens an address and gives what `look` finds; an error on the page is a failure. */
export async function visitIn(browser, t, url, look) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(url);
  const found = await look(page);
  assert.deepEqual(faults, []);
  return found;
}

/** The result of a static page, served with `script-src 'self' 'wasm-unsafe-eval'`. */
export async function openIn(browser, t, dir, file = "index.html", options = {}) {
  const server = await serve({ "/app/": dir }, options);
  t.after(() => server.close());
  return visitIn(browser, t, `${server.base}/app/${file}`, async (page) => {
    await page.waitForFunction(() => globalThis.result !== undefined);
    return page.evaluate(() => globalThis.result);
  });
}
