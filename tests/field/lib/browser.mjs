// Chromium as a person has it: one profile for each visit, the authority of these tests trusted, nothing outside of this
// machine reached. What a page must never do is watched throughout.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { launch } from "../../../web-client/test/browser/chromium.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Where logs and pictures go. */
export const artifacts = process.env.BLUEGATE_ARTIFACTS ?? path.join(root, "tests/artifacts");

/** A phone. */
const VIEWPORT = { width: 390, height: 844 };

export function startBrowser(home) {
  const here = ["localhost", "*.localhost", "127.0.0.1", "::1"].map((name) => `EXCLUDE ${name}`);
  return launch({
    args: [`--host-resolver-rules=MAP * ~NOTFOUND, ${here.join(", ")}`],
    env: { ...process.env, HOME: home },
  });
}

/** A person's browser without any past. What its pages did that they must not is in `faults`. */
export async function visit(browser) {
  const context = await browser.newContext({ locale: "en-US", viewport: VIEWPORT });
  context.setDefaultTimeout(15_000);
  const faults = [];
  context.on("weberror", (error) => faults.push(`script: ${error.error().message}`));
  context.on("console", (message) => {
    if (/Content Security Policy|Mixed Content/.test(message.text())) faults.push(message.text());
  });
  return { context, faults, open: () => context.newPage(), pages: () => context.pages(), close: () => context.close() };
}

/** Keeps a picture of the whole page. */
export async function picture(page, name) {
  fs.mkdirSync(artifacts, { recursive: true });
  await page.screenshot({ path: path.join(artifacts, `${name}.png`), fullPage: true });
}
