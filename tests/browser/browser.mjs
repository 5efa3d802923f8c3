// Chromium for the tests here: one browser for each file, one empty profile for each visit. What the
// page must never do is watched throughout: an error in its script, a request to another origin, a page
// that is wider than the window.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

// Playwright and the way to start Chromium are those of the npm package's own tests.
export { launch } from "../../web-client/test/browser/chromium.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where the application is: `cargo xtask test` starts one and says where. */
export const url = process.env.BLUEGATE_URL ?? "http://127.0.0.1:3000";

export const PHONE = { name: "phone", width: 375, height: 812 };
export const DESKTOP = { name: "desktop", width: 1280, height: 900 };

/** Visits the application in an empty profile and hands the page to `look`. */
export async function visit(browser, viewport, look) {
  const context = await browser.newContext({
    locale: "en-US",
    viewport: { width: viewport.width, height: viewport.height },
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`script error: ${error.message}`));
  page.on("request", (request) => {
    const target = new URL(request.url());
    const local = ["data:", "blob:"].includes(target.protocol);
    if (!local && target.origin !== new URL(url).origin) {
      faults.push(`request to ${target.origin}`);
    }
  });
  try {
    await look(page);
    assert.deepEqual(faults, []);
  } catch (error) {
    await picture(page, `failed-${viewport.name}-${Date.now()}`).catch(() => {});
    throw error;
  } finally {
    await context.close();
  }
}

// axe-core is a development dependency of the npm package's tests, like Playwright.
const require = createRequire(new URL("../../web-client/package.json", import.meta.url));
const axe = () => fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** axe-core finds nothing. */
export async function accessible(page, name) {
  await page.evaluate(axe());
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, [], `axe on ${name}`);
}

/** Keeps a picture of the whole page. */
export async function picture(page, name) {
  const dir = process.env.BLUEGATE_ARTIFACTS ?? path.join(root, "tests", "artifacts");
  fs.mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: path.join(dir, `${name}.png`), fullPage: true });
}

/** The page does not scroll sideways. */
export async function fits(page, what) {
  const [content, room] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= room, `${what} is ${content} px wide in a window of ${room} px`);
}
