// What is packed: the right files, the same bytes twice, sizes within their limits, declarations that compile,
// and entries that linters of packages find nothing to say about.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { here, installTools, pack, packageRoot, project, run, tool } from "./workplace.mjs";

before(installTools);

const dist = path.join(packageRoot, "dist");

test("the tarball has what the package exports, and nothing else", () => {
  const { contents } = pack("contents");
  const { exports } = JSON.parse(fs.readFileSync(path.join(packageRoot, "package.json"), "utf8"));
  const targets = Object.values(exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const target of targets) assert.ok(contents.includes(target.replace("./", "")), target);
  const others = contents.filter((file) => !/^dist\/((inline|workerd)\/)?[\w-]+\.js(\.map)?$|^dist\/((labels|titles|testing)\/)?[\w-]+\.d\.ts$/.test(file));
  assert.deepEqual(others, [
    "LICENSE",
    "README.md",
    "dist/wasm/fhir_bg.wasm",
    "dist/wasm/pkce_bg.wasm",
    "package.json",
  ]);
});

test("built and packed twice, the tarball is the same to the byte", { timeout: 300_000 }, () => {
  const first = fs.readFileSync(pack("first").file);
  run(process.execPath, ["build.mjs", "--force=package"], packageRoot);
  const second = fs.readFileSync(pack("second").file);
  assert.ok(first.equals(second));
});

test("packing builds what is not there", { timeout: 300_000 }, () => {
  fs.rmSync(path.join(dist, "index.js"));
  const out = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-pack-"));
  run("npm", ["pack", "--pack-destination", out], packageRoot);
  const [tarball] = fs.readdirSync(out);
  assert.match(run("tar", ["-tzf", path.join(out, tarball)], out), /^package\/dist\/index\.js$/m);
  fs.rmSync(out, { recursive: true });
});

test("every script has a source map that shows the sources, and no module in it", () => {
  const scripts = fs.readdirSync(dist, { recursive: true }).filter((file) => file.endsWith(".js") && !/^wasm/.test(file) && file.split(path.sep).length < 3);
  assert.ok(scripts.length > 20);
  for (const file of scripts.filter((file) => fs.readFileSync(path.join(dist, file), "utf8").includes("sourceMappingURL"))) {
    const map = JSON.parse(fs.readFileSync(path.join(dist, `${file}.map`), "utf8"));
    const isModule = (at) => map.sources[at].startsWith("wasm:");
    map.sourcesContent.forEach((content, at) => assert.equal(content === null, isModule(at), `${file}: ${map.sources[at]}`));
  }
});

test("publint has nothing to say", () => {
  const dir = project("publint");
  const installed = path.join(dir, "node_modules", "@bluegate", "client");
  const said = run(tool("publint"), ["--strict", "--pack", "false"], installed);
  assert.match(said, /All good!/);
});

test("arethetypeswrong has nothing to say", () => {
  const { file } = pack("attw");
  // The package is of ES modules only, and its .wasm and package.json have no types.
  const entries = ["wasm/pkce.wasm", "wasm/fhir.wasm", "package.json"];
  run(tool("attw"), [file, "--profile", "esm-only", "--no-color", "--exclude-entrypoints", ...entries], packageRoot);
});

test("the declarations compile with the DOM's types and without them, by TypeScript 5.4 to 7", { timeout: 300_000 }, (t) => {
  const dir = project("types");
  const older = ["typescript54", "typescript59"].map((name) => path.join(here, "node_modules", name, "bin", "tsc"));
  const compilers = [...older, tool("tsc"), path.join(packageRoot, "node_modules", ".bin", "tsc")];
  for (const tsc of compilers) t.diagnostic(run(tsc, ["--version"], dir).trim());
  const cases = [
    ["bundler", ["ES2022"], ["use.ts"]],
    ["nodenext", ["ES2022"], ["use.ts"]],
    ["bundler", ["ES2022", "DOM"], ["use.ts", "use-dom.ts"]],
    ["nodenext", ["ES2022", "DOM"], ["use.ts", "use-dom.ts"]],
  ];
  for (const [moduleResolution, lib, files] of cases) {
    const compilerOptions = {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      target: "ES2022",
      module: moduleResolution === "bundler" ? "ES2022" : "NodeNext",
      moduleResolution,
      lib,
      types: [],
    };
    fs.writeFileSync(path.join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    for (const tsc of compilers) run(tsc, ["--project", dir], dir);
  }
});

/** Bytes as gzip sends what a page that imports an entry gets before it calls anything. */
async function sizeOf(entry, without = []) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from "./${entry}.js"`, resolveDir: dist },
    bundle: true,
    splitting: true,
    outdir: "out",
    format: "esm",
    minify: true,
    write: false,
    external: ["*.wasm"],
    logLevel: "error",
    plugins: [apart(without)],
  });
  const main = outputFiles.find(({ path: file }) => path.basename(file) === "stdin.js");
  const loaded = [main.text, ...staticChunks(main.text, outputFiles)];
  return gzipSync(loaded.join("\n"), { level: 9 }).length;
}

/** Leaves entries that have a size of their own out of another's. */
function apart(names) {
  const chunks = names.map((name) => codeOf(name));
  return {
    name: "apart",
    setup({ onResolve }) {
      onResolve({ filter: /^\.\/chunk-/ }, ({ path: name }) =>
        chunks.includes(name) ? { path: name, external: true } : undefined,
      );
    },
  };
}

/** The chunk that holds an entry's own code: the one with its module's address. */
function codeOf(name) {
  const files = fs.readdirSync(dist).filter((file) => file.startsWith("chunk-"));
  const own = files.filter((file) => fs.readFileSync(path.join(dist, file), "utf8").includes(`${name}_bg.wasm`));
  assert.equal(own.length, 1, name);
  return `./${own[0]}`;
}

function staticChunks(text, files) {
  const names = [...text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)].map((match) => match[1]);
  return names.flatMap((name) => {
    const file = files.find(({ path: file }) => path.basename(file) === name);
    return file === undefined ? [] : [file.text, ...staticChunks(file.text, files)];
  });
}

const KIB = 1024;
test("each entry's script is at most 4 KiB as gzip sends it", async (t) => {
  const sizes = {
    client: await sizeOf("index", ["fhir", "pkce"]),
    fhir: await sizeOf("fhir"),
    pkce: await sizeOf("pkce"),
    sync: await sizeOf("sync"),
  };
  t.diagnostic(JSON.stringify(sizes));
  for (const [entry, size] of Object.entries(sizes)) assert.ok(size <= 4 * KIB, `${entry}: ${size}`);
});

test("the entry for service workers has everything in at most 24 KiB, and 4 KiB of its own", async (t) => {
  const size = await sizeOf("worker");
  t.diagnostic(String(size));
  assert.ok(size <= 24 * KIB, String(size));
  assert.ok(gzipSync(fs.readFileSync(path.join(dist, "worker.js"))).length <= 4 * KIB);
});

test("each file of the package's scripts for browsers is at most 4 KiB as gzip sends it, but for words and the person of tests, which are loaded when asked for", () => {
  for (const file of fs.readdirSync(dist).filter((name) => /^(?!(en|es|english|spanish|person)-).*\.js$/.test(name))) {
    const size = gzipSync(fs.readFileSync(path.join(dist, file)), { level: 9 }).length;
    assert.ok(size <= 4 * KIB, `${file}: ${size}`);
  }
});

test("the entry for PKCE is at most 10 KiB in all", async (t) => {
  const wasm = fs.readFileSync(path.join(dist, "wasm", "pkce_bg.wasm"));
  const size = (await sizeOf("pkce")) + gzipSync(wasm, { level: 9 }).length;
  t.diagnostic(String(size));
  assert.ok(size <= 10 * KIB, String(size));
});
