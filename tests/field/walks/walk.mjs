// What every walk is made of.
import assert from "node:assert/strict";
import { test } from "node:test";

import { picture, visit } from "../lib/browser.mjs";

/**
 * A test in a browser without any past. `work` gets the environment, the visit, and a way to more of them: `another()` is
 * somebody else, with a browser of their own.
 */
export function walk(start, name, work) {
  test(name, { timeout: LONGEST_MS }, async (t) => {
    const field = await start();
    const visitors = [];
    const another = async () => {
      visitors.push(await visit(field.browser));
      return visitors.at(-1);
    };
    try {
      await work(field, await another(), { another, t });
      assert.deepEqual(visitors.flatMap(({ faults }) => faults), []);
    } catch (error) {
      for (const [i, visitor] of visitors.entries()) await tell(`${field.name}-${slug(name)}-${i + 1}`, visitor);
      throw error;
    } finally {
      for (const visitor of visitors) await visitor.close();
    }
  });
}

/** Where the visit ended, for whoever reads the log. */
async function tell(name, visitor) {
  for (const [i, page] of visitor.pages().entries()) {
    console.log(`${name}: ${page.url()}\n  ${(await text(page)).slice(0, 400).replaceAll("\n", " ")}`);
    await picture(page, `failed-field-${name}-${i + 1}`).catch(() => {});
  }
  for (const fault of visitor.faults) console.log(`  ${fault}`);
}

/** From the web application to the gateway's consent page, as this person. */
export async function reachConsent(field, page, person, parameters = {}) {
  await connect(field, page, parameters);
  await signInIfAsked(field, page, person);
  await consentPage(page);
}

/** The provider may still know the person. */
export async function signInIfAsked(field, page, person) {
  const asked = field.provider.form(page);
  await asked.or(page.locator("button[name=decision][value=allow], button[value=sign_out]")).first().waitFor();
  if (await asked.isVisible()) await field.provider.signIn(page, person);
}

/** Presses the web application's button. */
export const connect = (field, page, parameters = {}) =>
  page.goto(`${field.sites.webApplication}/connect?${new URLSearchParams(parameters)}`);

/** The gateway's consent page is there. */
export const consentPage = (page) => page.locator("button[name=decision][value=allow]").waitFor();

/** Answers it. */
export async function decide(page, decision, demographics) {
  if (demographics) await page.locator(`input[name=demographics][value=${demographics}]`).check();
  await page.locator(`button[name=decision][value=${decision}]`).click();
}

/** What the application that the person ended at says. */
export async function landed(field, page) {
  await page.waitForURL(`${field.sites.landing}/done**`);
  return page.locator("#told").innerText();
}

/** What the page application says when it is done. */
export async function told(page, pattern) {
  const shown = page.locator("#told").filter({ hasText: pattern });
  await shown.waitFor();
  return shown.innerText();
}

/** The words on a page. */
export const text = (page) => page.locator("body").innerText({ timeout: 2_000 }).catch((error) => error.message);

/** The first one waits until everything is compiled and started. */
const LONGEST_MS = 240_000;
const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 50);
