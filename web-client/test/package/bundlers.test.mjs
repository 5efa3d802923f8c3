// The bundlers of the README's table, each as its row says: with the package as it is, with its modules copied beside
// the bundle, or with the modules inside the scripts.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import { launch } from "../browser/chromium.mjs";
import { expected, openIn } from "./pages.mjs";
import { here, packageRoot, project, run, tool } from "./workplace.mjs";

const LIMIT = { timeout: 300_000 };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A project whose page loads `out/main.js`, with a way of getting at the modules. */
function fresh(name, way) {
  const dir = project(name);
  const page = '<!doctype html><title>bundle</title><link rel="icon" href="data:,"><script type="module" src="./out/main.js"></script>';
  fs.writeFileSync(path.join(dir, "index.html"), page);
  fs.writeFileSync(path.join(dir, "main.js"), 'import { check } from "./check.js";\nglobalThis.result = check();\n');
  if (way === "inline") {
    const check = path.join(dir, "check.js");
    fs.writeFileSync(check, fs.readFileSync(check, "utf8").replaceAll('"@bluegate/client', '"@bluegate/client/inline'));
  }
  if (way === "copied") {
    fs.cpSync(path.join(dir, "node_modules/@bluegate/client/dist/wasm"), path.join(dir, "out", "wasm"), { recursive: true });
  }
  return dir;
}

const installed = (name) => import(pathToFileURL(path.join(here, "node_modules", name)));

/** The entry of the package for Bun on this machine; its own installation is a script, which is not run here. */
const bun = path.join(here, "node_modules", "@oven", `bun-${process.platform}-${process.arch}`, "bin", "bun");

const BUNDLERS = {
  esbuild: (dir) =>
    esbuild({ absWorkingDir: dir, entryPoints: ["main.js"], bundle: true, splitting: true, format: "esm", outdir: "out", logLevel: "error" }),
  Rollup: async (dir) => {
    const [{ rollup }, { nodeResolve }] = await Promise.all([
      installed("rollup/dist/es/rollup.js"),
      installed("@rollup/plugin-node-resolve/dist/es/index.js"),
    ]);
    const bundle = await rollup({ input: path.join(dir, "main.js"), plugins: [nodeResolve({ browser: true })] });
    await bundle.write({ dir: path.join(dir, "out"), format: "es" });
    await bundle.close();
  },
  Rolldown: (dir) => run(tool("rolldown"), ["main.js", "--dir", "out", "--format", "esm", "--platform", "browser"], dir),
  Bun: (dir) => run(bun, ["build", "main.js", "--outdir", "out", "--target", "browser", "--splitting", "--format", "esm"], dir),
};

for (const [name, bundle] of Object.entries(BUNDLERS)) {
  for (const way of ["copied", "inline"]) {
    test(`${name}, with the modules ${way}`, LIMIT, async (t) => {
      if (name === "Bun" && !fs.existsSync(bun)) return t.skip("no Bun for this machine");
      const dir = fresh(`${name.toLowerCase()}-${way}`, way);
      await bundle(dir);
      assert.deepEqual(await openIn(browser, t, dir), expected);
    });
  }
}

test("Parcel, with exports of packages switched on", LIMIT, async (t) => {
  const dir = fresh("parcel", "as it is");
  fs.rmSync(path.join(dir, "out"), { recursive: true, force: true });
  fs.writeFileSync(path.join(dir, "index.html"), fs.readFileSync(path.join(dir, "index.html"), "utf8").replace("./out/main.js", "./main.js"));
  const file = path.join(dir, "package.json");
  const settings = { ...JSON.parse(fs.readFileSync(file, "utf8")), "@parcel/resolver-default": { packageExports: true } };
  fs.writeFileSync(file, JSON.stringify(settings));
  // Parcel takes the folder with a lock file for the project, and its settings from there.
  fs.writeFileSync(path.join(dir, "package-lock.json"), "{}");
  run(tool("parcel"), ["build", "index.html", "--public-url", "./", "--no-cache", "--no-source-maps"], dir);
  // It writes an import map into the page, which a policy would have to allow.
  assert.deepEqual(await openIn(browser, t, path.join(dir, "dist"), "index.html", { inline: true }), expected);
});

test("every row of the README's table of bundlers is tried", () => {
  const readme = fs.readFileSync(path.join(packageRoot, "README.md"), "utf8");
  const tests = ["package/samples.test.mjs", "package/bundlers.test.mjs", "browser/worker.test.mjs"];
  const tried = tests.map((file) => fs.readFileSync(path.join(here, "..", file), "utf8")).join();
  const [, table] = /## Bundlers\n(.*?)\n## /s.exec(readme) ?? [];
  assert.ok(table !== undefined, "the README has a section Bundlers");
  const names = [...table.matchAll(/^\| (?!With|--)([^|]+?) \|/gm)].flatMap(([, cell]) => cell.split(/, | and /));
  assert.ok(names.length > 6, names.join());
  for (const name of names) assert.ok(tried.includes(name), name);
});
