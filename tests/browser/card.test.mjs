// The insurance card on the demo page: drawn, in both languages, at the width of a phone, and printed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { DESKTOP, fits, launch, picture, url, visit } from "./browser.mjs";
import { PERSON, claimCards, consent, loaded, reachClaims, signIn, signInButton } from "./demo.mjs";

const require = createRequire(new URL("../../web-client/package.json", import.meta.url));

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const NARROW = { name: "card-390", width: 390, height: 844 };
const cards = (page) => page.locator(".insurance-card");

test("a person sees their insurance card, in both languages, and prints it", { timeout: 120_000 }, () =>
  visit(browser, NARROW, async (page) => {
    await reachClaims(page, PERSON);
    await loaded(page);
    await page.getByRole("button", { name: "Show your insurance card" }).click();
    await cards(page).first().waitFor();
    await page.getByRole("heading", { name: "Your insurance card", level: 1 }).waitFor();
    const [medicare, ...plans] = await cards(page).allInnerTexts();
    assert.match(medicare, /Centers for Medicare and Medicaid Services/);
    assert.match(medicare, /Doe/);
    assert.match(medicare, /Medicare Number\s+[0-9A-Z]{4}-[0-9A-Z]{3}-[0-9A-Z]{4}/);
    assert.match(medicare, /Part A, hospital[\s\S]+Part B, medical/);
    assert.match(medicare, /1-800-633-4227[\s\S]+TTY: 1-877-486-2048/);
    assert.ok(!/undefined|NaN|2099/.test([medicare, ...plans].join()), "nothing that is not for people");
    await fits(page, "the card");
    await picture(page, "card-390-en");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.getByRole("button", { name: "Print" }).isVisible(), false);
    // Letter, without its margins.
    await page.setViewportSize({ width: 710, height: 950 });
    await fits(page, "the card on paper");
    await picture(page, "card-print");
    const pdf = (await page.pdf({ format: "Letter" })).toString("latin1");
    assert.equal(pdf.match(/\/Type\s*\/Page\b/g)?.length, 1, "one sheet");
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize(NARROW);

    await page.getByRole("button", { name: "Back" }).click();
    await page.getByRole("button", { name: "Español" }).click();
    await page.getByRole("button", { name: "Mostrar su tarjeta de seguro" }).click();
    await cards(page).first().waitFor();
    const spanish = await cards(page).first().innerText();
    for (const words of ["Número de Medicare", "Con derecho a", "La cobertura empieza", "Parte A, hospital"]) assert.ok(spanish.includes(words), words);
    await fits(page, "the card in Spanish");
    await picture(page, "card-390-es");
  }),
);

test("a plan's card has the plan's colours and mark, and letters that can be read on them", { timeout: 120_000 }, () =>
  visit(browser, DESKTOP, async (page) => {
    await reachClaims(page, { username: "BBUser20023", password: "PW20023!" });
    await loaded(page);
    await page.getByRole("button", { name: "Show your insurance card" }).click();
    await cards(page).first().waitFor();
    const plan = page.locator(".insurance-card:has(.card-logo)").first();
    await plan.waitFor();
    const drawn = await plan.locator("header").evaluate((header) => {
      const { backgroundColor, color } = getComputedStyle(header);
      return { backgroundColor, color, loaded: header.querySelector("img").complete && header.querySelector("img").naturalWidth > 0 };
    });
    assert.equal(drawn.loaded, true);
    assert.notEqual(drawn.backgroundColor, drawn.color);
    await picture(page, "card-desktop");
  }),
);

test("axe finds nothing on the card, in light and dark, in both languages", { timeout: 120_000 }, async () => {
  const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  for (const [colorScheme, width, language, open] of [["light", 1280, "en", "Show your insurance card"], ["dark", 320, "es", "Mostrar su tarjeta de seguro"]]) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, locale: `${language}-US`, bypassCSP: true, reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(`${url}/demo/`);
    await page.locator("button.primary").click();
    await page.locator("input[name=username]").waitFor();
    await signIn(page, PERSON);
    await consent(page, "allow");
    await claimCards(page).first().waitFor();
    await loaded(page);
    await page.getByRole("button", { name: open }).click();
    await cards(page).first().waitFor();
    await fits(page, `the card at ${width} px`);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`), [], colorScheme);
    await context.close();
  }
});

test("who keeps their name to themselves is offered no card", { timeout: 120_000 }, () =>
  visit(browser, NARROW, async (page) => {
    await page.goto(`${url}/demo/`);
    await signInButton(page).click();
    await signIn(page, PERSON);
    await consent(page, "allow", "withhold");
    await claimCards(page).first().waitFor();
    await loaded(page);
    assert.equal(await page.getByRole("button", { name: "Show your insurance card" }).count(), 0);
  }),
);
