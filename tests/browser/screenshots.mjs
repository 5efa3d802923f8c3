// The picture in the README: the demo page with a person's claims.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { launch, visit } from "./browser.mjs";
import { PERSON, reachClaims } from "./demo.mjs";

const dir = fileURLToPath(new URL("../../docs/images", import.meta.url));
const file = path.join(dir, "demo.png");
fs.mkdirSync(dir, { recursive: true });

const browser = await launch();
try {
  await visit(browser, { name: "readme", width: 1000, height: 760 }, async (page) => {
    await reachClaims(page, PERSON);
    await page.screenshot({ path: file });
  });
} finally {
  await browser.close();
}
console.log(file);
