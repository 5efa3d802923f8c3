// The demo page's overview: what it makes of all claims of a person, in Chromium.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { DESKTOP, PHONE, fits, launch, picture, url, visit } from "./browser.mjs";
import { noEnglishLeft, phrasesOfDemo } from "./english.mjs";
import { PERSON, allYears, claimCards, consent, loadAllClaims, loaded, reachClaims, signIn, startSignIn } from "./demo.mjs";

const require = createRequire(new URL("../../web-client/package.json", import.meta.url));
/** Somebody with hospital stays, medicines and visits over ten years. */
const RICH = { username: "BBUser20023", password: "PW20023!" };
/** Whoever has the most claims of all 30,000. */
const HARDEST = { username: "BBUser25133", password: "PW25133!" };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Signed in with everything loaded. */
async function explore(viewport, person, look) {
  await visit(browser, viewport, async (page) => {
    await reachClaims(page, person);
    await loaded(page);
    await look(page);
  });
}

/** Cents out of words. */
const cents = (words) => Math.round(Number(/-?\$[\d,]+\.\d\d/.exec(words)[0].replace(/[$,]/g, "")) * 100);

/** What the chosen year's claims say, one by one. */
const amounts = (page) =>
  page.locator(".claim:not(.left-out)").evaluateAll((cards) =>
    cards.map((card) => Object.fromEntries([...card.querySelectorAll(".amounts div")].map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent]))),
  );

test("a year's answer, cards, charts and line say the same as its claims", { timeout: 90_000 }, () =>
  explore(DESKTOP, RICH, async (page) => {
    for (const year of ["2024", "All years"]) {
      await page.getByRole("button", { name: year, exact: true }).click();
      await loadAllClaims(page);
      // Cancelled claims and refunds are shown, and are in no sum.
      const claims = await amounts(page);
      const sum = (name) => claims.reduce((all, one) => all + (one[name] === undefined || one[name] === "Not known" ? 0 : cents(one[name])), 0);
      const card = (name) => page.locator(".sum", { hasText: name }).locator("dd").first().innerText().then(cents);
      assert.equal(await card("Medicare and your plan paid"), sum("Medicare or plan paid"), year);
      assert.equal(await card("You may be billed"), sum("You may be billed"), year);
      const answer = await page.locator(".answer").innerText();
      assert.equal(cents(answer), sum("You may be billed"), answer);
      // Each chart adds up to the same.
      for (const chart of ["where", "what", ...(year === "2024" ? ["time"] : [])]) {
        const more = page.locator(`#${chart} > .link`);
        if (await more.isVisible()) await more.click();
        const words = await page.locator(`#${chart} .bar-words`).allInnerTexts();
        const paid = words.map((text) => cents(text.slice(text.indexOf("Medicare"))));
        assert.equal(paid.reduce((all, one) => all + one, 0), sum("Medicare or plan paid"), `${chart} ${year}`);
      }
      // From charged to owed, to the cent.
      const terms = await page.locator("#equation .terms > div").evaluateAll((all) => all.map((one) => [one.querySelector("dt").textContent.trim(), one.querySelector("dd").textContent]));
      const left = terms.filter(([name], place) => place === 0 || name.includes("above"));
      const right = terms.filter((term) => !left.includes(term));
      const total = (some) => some.reduce((all, [, words]) => all + cents(words), 0);
      assert.equal(total(left), total(right), JSON.stringify(terms));
    }
    const fills = await page.locator(".medicines dl div:first-child dd").allInnerTexts();
    await page.getByLabel("Kind of care", { exact: true }).selectOption("prescription");
    await loadAllClaims(page);
    assert.equal(fills.reduce((all, one) => all + Number(one), 0), await page.locator(".claim:not(.left-out)").count(), "fills");
    await picture(page, "demo-overview-desktop");
  }),
);

test("a bar leads to its claims, by keyboard, and back to all", { timeout: 60_000 }, () =>
  explore(PHONE, RICH, async (page) => {
    await page.getByRole("button", { name: "All years" }).click();
    const bar = page.locator("#where .bar").first();
    await bar.waitFor();
    const name = await bar.locator(".bar-name").innerText();
    const count = Number(/\d+/.exec(await bar.locator(".bar-count").innerText())[0]);
    await bar.focus();
    await page.keyboard.press("Enter");
    await page.getByText(`Only: ${name}`).waitFor();
    await page.getByText(new RegExp(`of ${count} shown$`)).waitFor();
    for (const text of await claimCards(page).allInnerTexts()) assert.ok(text.includes(name), text);
    assert.ok(await page.evaluate(() => document.activeElement?.id === "claims-title"));
    await page.getByRole("button", { name: "Show all again" }).click();
    await page.getByText("of 148 shown").waitFor();
  }),
);

test("another language keeps the claims, the year and the search", { timeout: 60_000 }, () =>
  explore(PHONE, RICH, async (page) => {
    let calls = 0;
    page.on("request", (request) => (calls += request.url().includes("/fhir/") ? 1 : 0));
    await page.getByRole("button", { name: "2024", exact: true }).click();
    await page.getByLabel("Search", { exact: true }).fill("furosemide");
    const before = await claimCards(page).count();
    await page.getByRole("button", { name: "Español" }).click();
    await page.getByRole("heading", { name: "Sus reclamaciones", exact: true }).waitFor();
    assert.equal(await page.getByLabel("Buscar", { exact: true }).inputValue(), "furosemide");
    assert.equal(await claimCards(page).count(), before);
    assert.equal(await page.getByRole("button", { name: "2024", exact: true }).getAttribute("aria-pressed"), "true");
    assert.equal(calls, 0, "nothing is loaded again");
  }),
);

test("no English is left on the demo page in Spanish, in any of its states", { timeout: 90_000 }, () =>
  explore(PHONE, RICH, async (page) => {
    const english = await phrasesOfDemo();
    const look = (what) => noEnglishLeft(page, english, what);
    await page.getByRole("button", { name: "Español" }).click();
    await page.getByRole("heading", { name: "Sus reclamaciones", exact: true }).waitFor();
    for (const year of ["Todos los años", "2024"]) {
      await page.getByRole("button", { name: year, exact: true }).click();
      await page.locator("#where .bar").first().waitFor();
      await look(year);
    }
    // One claim of each kind in full.
    for (const option of await page.locator("#care option:not([value=''])").evaluateAll((all) => all.map(({ value }) => value))) {
      await page.locator("#care").selectOption(option);
      await claimCards(page).first().getByRole("button").click();
      await page.locator("dialog").waitFor();
      await look(`details of ${option}`);
      await page.keyboard.press("Escape");
    }
    await page.getByLabel("Buscar", { exact: true }).fill("xyzzy");
    await look("nothing found");
    await page.getByRole("button", { name: /para imprimir$/ }).click();
    await page.getByText("Esto no es una factura").waitFor();
    await look("statement");
    await page.getByRole("button", { name: "Volver" }).click();
    await page.locator("header").getByRole("button", { name: "Cerrar sesión" }).click();
    await page.locator("dialog").waitFor();
    await look("sign-out");
    await page.locator("dialog").getByRole("button", { name: "Cerrar sesión", exact: true }).click();
    await page.getByRole("heading", { name: "Vea sus reclamaciones" }).waitFor();
    await look("first page");
  }),
);

test("a year's statement adds up, and prints on a few pages", { timeout: 90_000 }, () =>
  explore(DESKTOP, RICH, async (page) => {
    for (const [year, most] of [["2024", 3], ["All years", 9]]) {
      await page.getByRole("button", { name: year, exact: true }).click();
      const paid = await page.locator(".sum", { hasText: "Medicare and your plan paid" }).locator("dd").first().innerText().then(cents);
      await page.getByRole("button", { name: /to print$/ }).click();
      await page.getByText("This is not a bill").waitFor();
      const columns = await page.locator(".statement tbody tr").evaluateAll((rows) => rows.map((row) => row.querySelector("td:nth-of-type(4)").textContent));
      assert.equal(columns.reduce((all, words) => all + (words === "Not known" ? 0 : cents(words)), 0), paid, year);
      const pdf = (await page.pdf({ format: "Letter" })).toString("latin1");
      const pages = pdf.match(/\/Type\s*\/Page[^s]/g).length;
      assert.ok(pages <= most, `${year}: ${pages} pages`);
      await page.getByRole("button", { name: "Back" }).click();
      await claimCards(page).first().waitFor();
    }
  }),
);

test("what just happened: what was given, the audit's request ids, and a call that fails after the permission is taken back", { timeout: 60_000 }, () =>
  explore(PHONE, PERSON, async (page) => {
    const happened = page.getByRole("region", { name: "What just happened" });
    assert.match(await happened.locator(".scopes").innerText(), /given\s+Your claims/);
    assert.match(await happened.innerText(), /answers with 32 records/);
    assert.ok((await happened.locator(".calls .id").count()) > 1, "request ids");
    await happened.getByRole("button", { name: "Take my permission back" }).click();
    await happened.getByText("The next call, /v2/fhir/Coverage, was refused: 403 grant_revoked.").waitFor();
    await fits(page, "revoked");
  }),
);

test("one fault is said once, and the numbers of a part say that they are", { timeout: 60_000 }, () =>
  visit(browser, PHONE, async (page) => {
    await page.route(/\/fhir\/ExplanationOfBenefit\?.*startIndex|\/fhir\/Coverage/, (route) => route.abort());
    await reachClaims(page, RICH);
    await page.getByRole("alert").waitFor({ timeout: 45_000 });
    assert.equal(await page.getByRole("alert").count(), 1);
    assert.equal(await page.getByText(/So far, 50 of 148/).count(), 5, "in the answer and each card");
    await page.getByText("Loading stopped: these are not all claims.").waitFor();
    await fits(page, "one fault");
    await page.unroute(/\/fhir\/ExplanationOfBenefit\?.*startIndex|\/fhir\/Coverage/);
    await page.getByRole("button", { name: "Try again" }).click();
    await loaded(page);
    assert.equal(await page.getByRole("alert").count(), 0);
    assert.equal(await page.getByText(/So far/).count(), 0);
  }),
);

test("search and filters narrow the list, and say so when nothing fits", { timeout: 60_000 }, () =>
  explore(PHONE, RICH, async (page) => {
    await allYears(page);
    const kind = page.getByLabel("Kind of care", { exact: true });
    await kind.selectOption("hospitalStay");
    for (const title of await page.locator(".claim h3").allInnerTexts()) assert.match(title, /^Hospital stay of \d+ days? for /);
    await kind.selectOption("");
    const search = page.getByLabel("Search", { exact: true });
    const texts = () => claimCards(page).allInnerTexts();
    await search.fill("lasix tri-county");
    assert.ok((await texts()).length > 0 && (await texts()).every((text) => /lasix/i.test(text) && /TRI-COUNTY/.test(text)));
    // Years, months and amounts are found as well.
    await search.fill("2024");
    assert.ok((await texts()).length > 0 && (await texts()).every((text) => /2024/.test(text)));
    const amount = /\$[\d,]+\.\d\d/.exec((await texts())[0])[0];
    await search.fill(amount);
    assert.ok((await texts()).length > 0 && (await texts()).every((text) => text.includes(amount)), amount);
    await search.fill("nothing has this");
    await page.getByText("No claim fits.").waitFor();
    await fits(page, "filters");
  }),
);

test("a claim opens in full and closes by keyboard, back where it was", { timeout: 60_000 }, () =>
  explore(DESKTOP, PERSON, async (page) => {
    await allYears(page);
    await page.getByLabel("Kind of care", { exact: true }).selectOption("hospitalStay");
    const open = page.getByRole("button", { name: /^Details: Hospital stay of \d+ days? for / }).first();
    await open.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: /^Hospital stay of / });
    await dialog.waitFor();
    for (const heading of ["Amounts explained", "What it was for", "Who took part", "Services one by one"]) {
      assert.ok(await dialog.getByRole("heading", { name: heading }).isVisible(), heading);
    }
    assert.ok((await dialog.locator(".lines li").count()) > 0, "services");
    // Codes are behind a button, and Close stays in sight at the end of a long claim.
    assert.equal(await dialog.getByRole("heading", { name: "Diagnoses" }).isVisible(), false);
    await dialog.getByText("Codes and the server's own words").click();
    assert.ok(await dialog.getByRole("heading", { name: "Diagnoses" }).isVisible());
    await dialog.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    const box = await dialog.getByRole("button", { name: "Close" }).boundingBox();
    assert.ok(box.y >= 0 && box.y < 200, "Close is in sight");
    await picture(page, "demo-detail-desktop");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.ok(await open.evaluate((button) => button === document.activeElement));
  }),
);

test("downloads are the server's own JSON and a table that opens anywhere", { timeout: 60_000 }, () =>
  explore(DESKTOP, PERSON, async (page) => {
    const save = async (name) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return readFile(await download.path(), "utf8");
    };
    const bundle = JSON.parse(await save("Download as FHIR JSON"));
    assert.equal(bundle.entry.length, 32);
    const ids = new Set(bundle.entry.map(({ resource }) => resource.id));
    assert.equal(ids.size, 32);
    const backend = await fetch(
      `${url}/sandbox/claims/v2/fhir/ExplanationOfBenefit?patient=-20140000008325&_count=32`,
    ).then((response) => response.json());
    for (const { resource } of backend.entry) {
      const kept = bundle.entry.find((entry) => entry.resource.id === resource.id).resource;
      assert.deepEqual(kept, resource);
    }
    const csv = await save("Download as a table");
    const lines = csv.trim().split("\r\n");
    assert.equal(lines.length, 33);
    assert.match(lines[0], /^\uFEFF?id,type,status,start,end,provider/);
    assert.ok(lines.slice(1).every((line) => /\d\.\d\d/.test(line)), "amounts");
  }),
);

test("axe finds nothing, in light and dark, list and dialog, in both languages", { timeout: 120_000 }, async () => {
  const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  for (const [colorScheme, width, language] of [["light", 1280, "en"], ["dark", 320, "es"]]) {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      locale: `${language}-US`,
      bypassCSP: true,
      reducedMotion: "reduce",
    });
    const page = await context.newPage();
    const inspect = async (what) => {
      await fits(page, `${what} at ${width} px`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).slice(0, 3).join(" | ")}`);
      assert.deepEqual(found, [], `${what}, ${colorScheme}`);
    };
    await page.goto(`${url}/demo/`);
    await page.locator("button.primary").waitFor();
    await inspect("start");
    await page.locator("button.primary").click();
    await page.locator("input[name=username]").waitFor();
    await signIn(page, PERSON);
    await consent(page, "allow");
    await claimCards(page).first().waitFor();
    await loaded(page);
    await page.locator("#what .bar").first().waitFor();
    for (const details of await page.locator("details").all()) {
      await details.evaluate((element) => element.setAttribute("open", ""));
    }
    await inspect("overview");
    await picture(page, `demo-overview-${colorScheme}-${width}`);
    await page.locator(".claim .link").first().click();
    await page.locator("dialog").waitFor();
    await inspect("detail");
    await page.keyboard.press("Escape");
    await page.locator("#sums .button").click();
    await page.locator(".statement").waitFor();
    await inspect("statement");
    await page.locator(".saves .button").last().click();
    await page.locator(".top .button").click();
    await page.locator("dialog.ask").waitFor();
    await inspect("sign-out");
    await page.locator(".ask .button.primary").click();
    await page.locator(".people").waitFor();
    await inspect("signed out");
    await context.close();
  }
});

test("at 200 % text nothing scrolls sideways and no word is broken", { timeout: 90_000 }, () =>
  visit(browser, { name: "large", width: 360, height: 800 }, async (page) => {
    await page.addInitScript(() => document.addEventListener("DOMContentLoaded", () => (document.documentElement.style.fontSize = "200%")));
    await reachClaims(page, PERSON);
    await loaded(page);
    await fits(page, "claims at 200 %");
    await page.locator(".claim .link").first().click();
    await page.locator("dialog").waitFor();
    const [content, room] = await page.locator("dialog").evaluate((dialog) => [dialog.scrollWidth, dialog.clientWidth]);
    assert.ok(content <= room, `the dialog is ${content} px wide in ${room} px`);
  }),
);

test("the person with the most claims stays smooth after loading", { timeout: 240_000 }, () =>
  visit(browser, DESKTOP, async (page) => {
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration);
      }).observe({ type: "longtask" });
    });
    await startSignIn(page);
    await signIn(page, HARDEST);
    await consent(page, "allow");
    await loaded(page, 200_000);
    await allYears(page);
    const count = page.getByText(/^10 of \d+ shown$/);
    await count.waitFor();
    const claims = Number(/of (\d+)/.exec(await count.innerText())[1]);
    assert.ok(claims > 3000, `${claims} claims`);
    // The machine may be busy with something else: a round that is slow for the page's own sake is slow each time.
    const rounds = [];
    for (let round = 0; round < 3; round += 1) {
      await page.waitForTimeout(1000);
      await page.evaluate(() => globalThis.longTasks.splice(0));
      const search = page.getByLabel("Search", { exact: true });
      await search.pressSequentially("medical group");
      await search.fill("");
      await page.locator(".year").nth(2).click();
      await allYears(page);
      for (let more = 0; more < 3; more += 1) await page.getByRole("button", { name: "Show more claims" }).click();
      await page.getByRole("button", { name: /^Details/ }).nth(30).click();
      await page.keyboard.press("Escape");
      await page.mouse.wheel(0, 20_000);
      await page.waitForTimeout(500);
      rounds.push(Math.max(0, ...(await page.evaluate(() => globalThis.longTasks))));
    }
    console.log(`# ${claims} claims: longest task of each round in ms: ${rounds.map(Math.round).join(", ")}`);
    assert.ok(Math.min(...rounds) <= 200, `tasks of ${rounds} ms`);
  }),
);
