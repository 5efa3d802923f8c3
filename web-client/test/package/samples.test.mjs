// The packed package in fresh projects, each built by its own tools and run: in Chromium, in Node, in workerd.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { launch } from "../browser/chromium.mjs";
import { expected, openIn, visitIn } from "./pages.mjs";
import { here, project, run, start, tool } from "./workplace.mjs";

const LIMIT = { timeout: 180_000 };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const visit = (t, url, look) => visitIn(browser, t, url, look);
const open = (t, dir, file) => openIn(browser, t, dir, file);

test("a script of type module, without any tool", LIMIT, async (t) => {
  const dir = project("script");
  // Addresses in the place of names: what an import map says, which this policy does not let a page say inline.
  const file = path.join(dir, "check.js");
  const folder = "./node_modules/@bluegate/client/dist";
  const named = fs.readFileSync(file, "utf8");
  fs.writeFileSync(file, named.replace(/"@bluegate\/client(?:\/(\w+))?"/g, (_, entry = "index") => `"${folder}/${entry}.js"`));
  assert.deepEqual(await open(t, dir), expected);
});

test("Vite", LIMIT, async (t) => {
  const dir = project("vite");
  run(tool("vite"), ["build", "--base", "./", "--logLevel", "warn"], dir);
  assert.deepEqual(await open(t, path.join(dir, "dist")), expected);
});

test("Vite's development server", LIMIT, async (t) => {
  const dir = project("vite");
  const url = await start(t, tool("vite"), ["--host", "127.0.0.1", "--port", "0"], dir, /(http:\/\/127\.0\.0\.1:\d+\/)/);
  const found = await visit(t, url, async (page) => {
    await page.waitForFunction(() => globalThis.result !== undefined);
    return page.evaluate(() => globalThis.result);
  });
  assert.deepEqual(found, expected);
});

test("webpack", LIMIT, async (t) => {
  const dir = project("webpack");
  run(process.execPath, ["build.mjs"], dir);
  assert.deepEqual(await open(t, dir), expected);
});

test("Rspack", LIMIT, async (t) => {
  // webpack's page and script, by the builder that reads webpack's configuration.
  const dir = project("webpack");
  const { rspack } = await import(pathToFileURL(path.join(here, "node_modules/@rspack/core/dist/index.js")));
  const output = { path: path.join(dir, "dist") };
  const stats = await promisify(rspack)({ mode: "production", entry: "./main.js", context: dir, output });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  assert.deepEqual([...errors, ...warnings].map(({ message }) => message), []);
  assert.deepEqual(await open(t, dir), expected);
});

test("Next, on the server and in the browser", LIMIT, async (t) => {
  const dir = project("next");
  run(tool("next"), ["build"], dir);
  const url = await start(t, tool("next"), ["start", "--hostname", "127.0.0.1", "--port", "0"], dir, /(http:\/\/127\.0\.0\.1:\d+)/);
  const results = await visit(t, url, async (page) => {
    await page.waitForFunction(() => document.getElementById("client").textContent !== "");
    return Promise.all(["#server", "#client"].map((place) => page.locator(place).textContent()));
  });
  for (const result of results) assert.deepEqual(JSON.parse(result), expected);
});

test("Node", LIMIT, () => {
  const dir = project("node");
  const found = JSON.parse(run(process.execPath, ["main.js"], dir));
  assert.deepEqual(found, { ...expected, total: 0, verifier: 43, inline: 0 });
});

// A test of an application's, run by its test runner.
const TEST = `import { check } from "./check.js";
test("the package", async () => expect(await check()).toEqual(${JSON.stringify(expected)}), 30_000);
`;

test("Vitest", LIMIT, () => {
  const dir = project("vitest");
  fs.writeFileSync(path.join(dir, "check.test.js"), TEST);
  run(tool("vitest"), ["run", "--globals", "--root", "."], dir);
});

test("Jest, with ES modules", LIMIT, () => {
  const dir = project("jest");
  fs.writeFileSync(path.join(dir, "check.test.js"), TEST);
  const settings = JSON.stringify({ rootDir: ".", transform: {}, testEnvironment: "node" });
  run(process.execPath, ["--experimental-vm-modules", path.join(here, "node_modules/jest/bin/jest.js"), "--config", settings], dir);
});

test("workerd", LIMIT, async (t) => {
  const dir = project("workerd");
  run(process.execPath, ["build.mjs"], dir);
  const port = await start(t, tool("workerd"), ["serve", "dist/config.capnp", "--control-fd=1"], dir, /"port":(\d+)/);
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.deepEqual(await answer.json(), expected);
});
