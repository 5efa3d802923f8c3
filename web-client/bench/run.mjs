// Measures the package against JSON.parse and other packages, in Node and in Chromium, side by side in one
// run (`cargo xtask bench web`).
//
//   node bench/run.mjs [--milliseconds N]     how long each job is measured on each page (2500)
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { launch, packageRoot, serve } from "../test/browser/chromium.mjs";
import { encode, milliseconds, quantile, readPage } from "./pages.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
/** How many times as fast as JSON.parse alone each has to be. */
const GOALS = { "list rows": 2, "total paid per month": 2, "all claims in full": 1 };
/** Milliseconds from a loaded module to the first rows in a new tab, and to the rows of a page of this many bytes. */
const FIRST_MS = 15;
const LARGE = { bytes: 50_000_000, ms: 1000 };

const { bundle, source, golden } = readPage();
const fifty = Array.from({ length: 50 }, (_, index) => bundle.entry[index % bundle.entry.length]);
const pages = [
  ["a page", encode(bundle, bundle.entry), bundle.entry.length],
  ["50 claims", encode(bundle, fifty), 50],
];
console.log(`${source}\nEach way begins with the page's bytes; JSON.parse has them decoded by TextDecoder.\n`);

/** A page of 50 MB: the same claims again and again. */
const large = encode(bundle, Array.from({ length: Math.ceil(LARGE.bytes / (pages[1][1].length / 50)) }, (_, index) => bundle.entry[index % bundle.entry.length]));

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
  fs.writeFileSync(path.join(scratch, "large.json"), large);
  const { measure, measureLarge } = await import(pathToFileURL(path.join(scratch, "work.js")).href);
  const inNode = [];
  for (const [, bytes] of pages) inNode.push(await measure(bytes, { milliseconds, compare: golden }));
  report(`Node ${process.versions.node}`, inNode);
  reportLarge("Node", await measureLarge(large));
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
    const firsts = [];
    for (let count = 0; count < 9; count += 1) {
      // A context of its own has nothing cached.
      const context = await browser.newContext();
      firsts.push(await first(await context.newPage(), server.base));
      await context.close();
    }
    const tab = await browser.newPage();
    await tab.goto(`${server.base}/`);
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
    const large = await tab.evaluate(async () => {
      const bytes = new Uint8Array(await (await fetch("/bench/large.json")).arrayBuffer());
      return (await import("/bench/work.js")).measureLarge(bytes);
    });
    reportLarge("Chromium", large);
    const [load, parse] = [({ load }) => load, ({ parse }) => parse].map((pick) => quantile(firsts.map(pick), 0.5));
    console.log(
      `First page in a new tab: ${load.toFixed(1)} ms to fetch and compile the module, ${parse.toFixed(1)} ms more to its ` +
        `${firsts[0].rows} rows (goal: under ${FIRST_MS}).\n`,
    );
    if (parse >= FIRST_MS) failures.push(`the first rows in a new tab: ${parse.toFixed(1)} ms`);
  } finally {
    await browser.close();
    await server.close();
  }
}

/** From the bytes to the rows in a tab that has loaded nothing of the package but its script. */
async function first(tab, base) {
  await tab.goto(`${base}/`);
  return tab.evaluate(async () => {
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
}

function reportLarge(engine, { rows, ms, parse }) {
  console.log(
    `${engine}: a page of ${(large.length / 1e6).toFixed(1)} MB, ${rows} claims: ${ms.toFixed(0)} ms to its rows ` +
      `(goal: under ${LARGE.ms}); JSON.parse alone ${parse.toFixed(0)} ms\n`,
  );
  if (ms >= LARGE.ms) failures.push(`${engine}, a large page: ${ms.toFixed(0)} ms`);
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
        if (way === "@bluegate/client" && ratio < GOALS[job]) failures.push(`${engine}, ${name}, ${job}: ${ratio.toFixed(2)} of ${GOALS[job]}`);
      }
      console.log();
    }
  }
}
