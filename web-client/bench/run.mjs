// Measures the package against JSON.parse and other packages, in Node and in Chromium, side by side in one
// run (`cargo xtask bench web`).
//
//   node bench/run.mjs [--milliseconds N]     how long each job is measured on each page (2500)
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { launch, packageRoot, serve } from "../test/browser/chromium.mjs";
import { fixtures, repository } from "../test/fixtures.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const given = process.argv.indexOf("--milliseconds");
const milliseconds = given > 0 ? Number(process.argv[given + 1]) : 2500;
const GOAL = 1.3;

const { bundle, source, golden } = readPage();
const encode = (claims) => new TextEncoder().encode(JSON.stringify({ ...bundle, entry: claims }));
const fifty = Array.from({ length: 50 }, (_, index) => bundle.entry[index % bundle.entry.length]);
const pages = [
  ["a page", encode(bundle.entry), bundle.entry.length],
  ["50 claims", encode(fifty), 50],
];
console.log(`${source}\nEach way begins with the page's bytes; JSON.parse has them decoded by TextDecoder.\n`);

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "bluegate-bench-"));
const failures = [];
try {
  await build({
    entryPoints: [path.join(here, "work.js")],
    outfile: path.join(scratch, "work.js"),
    alias: { "@bluegate/client/inline/fhir": path.join(packageRoot, "dist", "inline", "fhir.js") },
    // @medplum/core names it when it is loaded, and Node 20 has none.
    banner: { js: "globalThis.WebSocket ??= class {};" },
    bundle: true,
    format: "esm",
    logLevel: "error",
    platform: "browser",
  });
  for (const [index, [, bytes]] of pages.entries()) fs.writeFileSync(path.join(scratch, `page-${index}.json`), bytes);
  const { measure } = await import(pathToFileURL(path.join(scratch, "work.js")).href);
  const inNode = [];
  for (const [, bytes] of pages) inNode.push(await measure(bytes, { milliseconds, compare: golden }));
  report(`Node ${process.versions.node}`, inNode);
  await inChromium();
} finally {
  fs.rmSync(scratch, { recursive: true });
}
for (const failure of failures) console.log(`below the goal: ${failure}`);
process.exitCode = failures.length === 0 ? 0 : 1;

async function inChromium() {
  const server = await serve({ "/dist/": path.join(packageRoot, "dist"), "/bench/": scratch });
  const browser = await launch();
  try {
    const tab = await browser.newPage();
    await tab.goto(`${server.base}/`);
    const first = await tab.evaluate(async () => {
      const bytes = new Uint8Array(await (await fetch("/bench/page-0.json")).arrayBuffer());
      const { init, parsePageSync } = await import("/dist/fhir.js");
      const begin = performance.now();
      await init();
      const ready = performance.now();
      const page = parsePageSync(bytes);
      const rows = page.rows.length;
      const end = performance.now();
      page.free();
      return { rows, load: ready - begin, parse: end - ready };
    });
    const results = [];
    for (const [index] of pages.entries()) {
      results.push(
        await tab.evaluate(
          async ([index, options]) => {
            const bytes = new Uint8Array(await (await fetch(`/bench/page-${index}.json`)).arrayBuffer());
            const { measure } = await import("/bench/work.js");
            return measure(bytes, options);
          },
          [index, { milliseconds, compare: golden }],
        ),
      );
    }
    report(`Chromium ${browser.version()}`, results);
    console.log(
      `First page in a new tab: ${first.load.toFixed(1)} ms to fetch and compile the module, ` +
        `${first.parse.toFixed(1)} ms to its ${first.rows} rows (goal: under 50).\n`,
    );
    if (first.parse >= 50) failures.push("the first page after loading");
  } finally {
    await browser.close();
    await server.close();
  }
}

function report(engine, results) {
  console.log(`${engine}\n`);
  for (const [index, [name, bytes, claims]] of pages.entries()) {
    for (const [job, ways] of Object.entries(results[index])) {
      console.log(`  ${name} of ${(bytes.length / 1000).toFixed(0)} KB, ${claims} claims: bytes to ${job}`);
      for (const [way, times] of Object.entries(ways)) {
        const median = quantile(times, 0.5);
        // Of the same round, so that what else the machine did then was done to both.
        const ratio = quantile(times.map((time, round) => ways["JSON.parse alone"][round] / time), 0.5);
        const spread = `${quantile(times, 0.1).toFixed(3)} to ${quantile(times, 0.9).toFixed(3)}`;
        console.log(
          `    ${way.padEnd(34)} ${median.toFixed(3).padStart(8)} ms  (${spread}, ${times.length} rounds)  ` +
            `${ratio.toFixed(2)} times as fast as JSON.parse alone`,
        );
        const held = way === "@bluegate/client" && job !== "all claims in full";
        if (held && ratio < GOAL) failures.push(`${engine}, ${name}, ${job}: ${ratio.toFixed(2)} of ${GOAL}`);
      }
      console.log();
    }
  }
}

/** The value that this share of the times stays below. */
function quantile(times, share) {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)];
}

/** The golden page of eight claims, or some claims of the sandbox. */
function readPage() {
  const file = path.join(fixtures, "bfd", "v2", "eob-by-patient-id-all.json");
  if (fs.existsSync(file)) {
    const bundle = JSON.parse(fs.readFileSync(file, "utf8"));
    return { bundle, golden: true, source: "The claims backend's own page of eight claims (v2), and its claims repeated to 50." };
  }
  const args = ["run", "--quiet", "--package=bluegate-sandbox", "--example=dump", "--", "v2", "EOB", "20023"];
  const dumped = spawnSync(process.env.CARGO ?? "cargo", args, { cwd: repository, encoding: "utf8", maxBuffer: 1 << 30 });
  if (dumped.status !== 0) throw new Error(dumped.stderr);
  const resources = dumped.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const entry = resources.slice(0, 8).map((resource) => ({ resource }));
  return {
    bundle: { resourceType: "Bundle", type: "searchset", total: entry.length, link: [], entry },
    golden: false,
    source: "No fixtures: eight claims of the sandbox (v2), and the same repeated to 50.",
  };
}
