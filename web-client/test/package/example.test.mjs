// The example in React, built from the packed package and used by a person, at a stand-in of Blue Button. It runs under
// React's StrictMode, whose second run of each effect the build of production leaves out: so it is driven in development too.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { startBlueButton } from "../bluebutton.mjs";
import { launch, serve } from "../browser/chromium.mjs";
import { packageRoot, project, run, start, tool, work } from "./workplace.mjs";

const LIMIT = { timeout: 300_000 };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** The example with the packed package, and with the tools of these tests. */
function example(name) {
  const dir = project(name);
  for (const file of ["index.html", "main.tsx", "vite.config.js"]) fs.copyFileSync(path.join(packageRoot, "example", file), path.join(dir, file));
  return dir;
}

/** A person's way through the page. */
async function use(t, address, service) {
  // A phone's width.
  const viewport = { width: 390, height: 844 };
  const context = await browser.newContext({ viewport });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(address);
  await page.click("text=Sign in with Medicare");
  await page.waitForSelector("text=3 of 3 claims");
  assert.equal(page.url(), address, "the answer is gone from the address");
  assert.equal(await page.locator("tr").count(), 3);
  assert.match(await page.locator("tr").first().textContent(), /2018-03-04carrier.*\$37\.50/);
  assert.equal(await page.locator("li").count(), 2);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= viewport.width, `nothing reaches beyond the screen: ${width}`);
  await page.screenshot({ path: path.join(work, "example.png") });
  assert.equal(service.to("/v2/o/token").length, 1, "one exchange");

  await page.reload();
  await page.waitForSelector("text=3 of 3 claims");
  service.expire();
  await page.reload();
  await page.waitForSelector("text=3 of 3 claims");
  assert.equal(service.to("/v2/o/token").length, 2, "and one renewal");

  await page.click("text=Sign out");
  await page.waitForSelector("text=Sign in with Medicare");
  assert.equal(await page.locator("tr").count(), 0);
  service.state.deny = true;
  await page.click("text=Sign in with Medicare");
  await page.waitForSelector("text=access_denied");
  assert.deepEqual(faults, []);
}

test("the example, built", LIMIT, async (t) => {
  const service = await startBlueButton();
  t.after(() => service.close());
  const dir = example("example");
  run(tool("vite"), ["build", "--base", "./", "--logLevel", "warn"], dir, { VITE_GATEWAY: service.base, VITE_CLIENT_ID: "app" });
  const server = await serve({ "/app/": path.join(dir, "dist") }, { connect: service.base });
  t.after(() => server.close());
  await use(t, `${server.base}/app/index.html`, service);
});

test("the example in development, where effects run twice", LIMIT, async (t) => {
  const service = await startBlueButton();
  t.after(() => service.close());
  const dir = example("example-dev");
  fs.writeFileSync(path.join(dir, ".env"), `VITE_GATEWAY=${service.base}\nVITE_CLIENT_ID=app\n`);
  const url = await start(t, tool("vite"), ["--host", "127.0.0.1", "--port", "0"], dir, /(http:\/\/127\.0\.0\.1:\d+\/)/);
  await use(t, url, service);
});

test("the hooks page, fail, try again, and forget, with the gateway for tests", LIMIT, async (t) => {
  const dir = project("react-hooks");
  run(tool("vite"), ["build", "--mode", "development", "--base", "./", "--logLevel", "warn"], dir, { NODE_ENV: "development" });
  const server = await serve({ "/app/": path.join(dir, "dist") });
  const page = await browser.newPage();
  t.after(async () => {
    await page.close();
    await server.close();
  });
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${server.base}/app/index.html`);
  /** Waits until what is rendered has all of this. */
  const shows = async (expected) => {
    const has = (expected) => Object.entries(expected).every(([name, value]) => JSON.stringify(globalThis.now?.[name]) === JSON.stringify(value));
    await page.waitForFunction(has, expected, { timeout: 10_000 }).catch(async () => {
      assert.deepEqual(await page.evaluate(() => globalThis.now), expected);
    });
  };
  const none = [null, null, null];
  await shows({ status: "signedOut", rows: 0, born: null, parts: null, loading: false });
  await page.evaluate(() => gateway.signIn(client));
  await shows({ status: "signedIn", rows: 10, total: 25, hasMore: true, loading: false, failed: none, born: "2014-06-01", parts: 4 });

  await page.evaluate(() => (act.more(), act.more()));
  await shows({ rows: 20, hasMore: true, loading: false });
  await page.evaluate(() => (gateway.failNext(/Explanation/, 500), act.more()));
  await shows({ rows: 20, loading: false, failed: ["server_error", null, null] });
  await page.evaluate(() => act.more());
  await shows({ rows: 25, hasMore: false, loading: false, failed: none });
  await page.evaluate(() => (gateway.failNext(/Patient/, 404), act.reload()));
  await shows({ failed: [null, "not_found", null], born: null });
  await page.evaluate(() => act.reload());
  await shows({ failed: none, born: "2014-06-01" });
  await page.evaluate(() => act.setType("pde"));
  await shows({ rows: 8, hasMore: false, loading: false });
  await page.evaluate(() => act.setType(undefined));
  await shows({ rows: 10, loading: false });

  // From the moment that somebody else is there, nothing of the first person is.
  const index = await page.evaluate(() => seen.length);
  await page.evaluate(async () => (await client.signOut(), gateway.signIn(client)));
  await shows({ status: "signedIn", rows: 10, loading: false });
  const since = (await page.evaluate((index) => seen.slice(index), index)).slice(0, -1);
  for (const { status, rows, born, parts } of since) {
    if (status === "signedOut") assert.deepEqual([rows, born, parts], [0, null, null]);
  }
  await page.evaluate(() => gateway.revoke());
  await page.evaluate(() => act.reload());
  await shows({ status: "signedOut", rows: 0, born: null, parts: null });
  assert.deepEqual(faults, []);
});
