// How fast the demo page is, by Chromium's own metrics (`cargo xtask bench pages`): what a first visit transfers, first
// paints, layout shift and blocking time; and for the person with the most claims the time from the page's return to
// the first sums and to the last claim, where that time goes, and the longest task.
//
//   BLUEGATE_URL=http://127.0.0.1:3000 node tests/browser/pages-bench.mjs [--rounds N] [--slow] [--json]
import os from "node:os";
import { parseArgs } from "node:util";
import { launch, url } from "./browser.mjs";
import { consent, signIn, signInButton } from "./demo.mjs";

const MOST_CLAIMS = { username: "BBUser25133", password: "PW25133!" };
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, slow: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});
/** What Chromium's own tools call slow 3G. */
const SLOW_3G = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };

/** Notes in the page what Chromium says of paints, shifts and long tasks. */
function observe() {
  globalThis.seen = { shift: 0, blocking: 0, longest: 0, firstSums: undefined, whole: undefined };
  const each = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  each("layout-shift", ({ value, hadRecentInput }) => (globalThis.seen.shift += hadRecentInput ? 0 : value));
  each("largest-contentful-paint", ({ startTime }) => (globalThis.seen.largest = startTime));
  each("longtask", ({ duration }) => {
    globalThis.seen.blocking += Math.max(0, duration - 50);
    globalThis.seen.longest = Math.max(globalThis.seen.longest, duration);
  });
  const look = () => {
    if (document.querySelector(".answer") === null) return;
    globalThis.seen.firstSums ??= performance.now();
    if (document.querySelector(".progress[aria-busy=false]") !== null) globalThis.seen.whole ??= performance.now();
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-busy"] });
  performance.setResourceTimingBufferSize(1000);
}

/** What was noted, and the calls with claims: how long they took, and how many were under way at once in the mean. */
const metrics = (page) =>
  page.evaluate(() => {
    const calls = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/ExplanationOfBenefit"));
    const [first, last] = [Math.min(...calls.map(({ startTime }) => startTime)), Math.max(...calls.map(({ responseEnd }) => responseEnd))];
    const busy = calls.reduce((sum, { startTime, responseEnd }) => sum + responseEnd - startTime, 0);
    return {
      ...globalThis.seen,
      paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
      calls: calls.length,
      each: busy / calls.length,
      atOnce: busy / (last - first),
      bytes: calls.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
    };
  });

/** Processor time of Chromium's processes of a kind so far, in ms: what it does itself, however busy the machine is. */
async function processorTime(browser, kind) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  return processInfo.filter(({ type }) => type === kind).reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
}

/** A first visit: to the page, and as far as it goes to the last claim. */
async function round(browser) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-US" });
  context.setDefaultTimeout(180_000);
  const page = await context.newPage();
  await page.addInitScript(observe);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  await network.send("Performance.enable");
  if (options.slow) await network.send("Network.emulateNetworkConditions", SLOW_3G);
  const addresses = new Map();
  let transferred = 0;
  network.on("Network.requestWillBeSent", ({ requestId, request }) => addresses.set(requestId, request.url));
  network.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (addresses.get(requestId)?.startsWith(`${url}/demo/`)) transferred += encodedDataLength;
  });
  await page.goto(`${url}/demo/`);
  await signInButton(page).waitFor();
  await page.waitForTimeout(500);
  const first = await metrics(page);
  const visit = {
    "first visit: bytes": transferred,
    "first visit: first contentful paint, ms": first.paint,
    "first visit: largest contentful paint, ms": first.largest,
    "first visit: layout shift": first.shift,
    "first visit: blocking time, ms": first.blocking,
  };
  if (options.slow) {
    await context.close();
    return visit;
  }
  await signInButton(page).click();
  await signIn(page, MOST_CLAIMS);
  const before = await processorTime(browser, "renderer");
  await consent(page, "allow");
  await page.locator(".answer").waitFor();
  await page.waitForFunction(() => globalThis.seen?.whole !== undefined);
  await page.waitForTimeout(500);
  const claims = await metrics(page);
  const processor = (await processorTime(browser, "renderer")) - before;
  const { metrics: own } = await network.send("Performance.getMetrics");
  const seconds = (name) => own.find((one) => one.name === name)?.value * 1000;
  await context.close();
  return {
    ...visit,
    "to the last claim: bytes of the page's files": transferred,
    "claims: first sums, ms": claims.firstSums,
    "claims: the last one, ms": claims.whole,
    "claims: pages": claims.calls,
    "claims: a page's call, ms": claims.each,
    "claims: calls under way at once": claims.atOnce,
    "claims: bytes": claims.bytes,
    "claims: processor time of the page's process, ms": processor,
    "claims: scripts of the page, ms": seconds("ScriptDuration"),
    "claims: styles and layout, ms": seconds("RecalcStyleDuration") + seconds("LayoutDuration"),
    "claims: tasks of the page, ms": seconds("TaskDuration"),
    "claims: longest task, ms": claims.longest,
    "claims: blocking time, ms": claims.blocking,
    "claims: layout shift": claims.shift,
  };
}

const browser = await launch();
const loads = [os.loadavg()[0]];
const found = [];
for (let count = 0; count < Number(options.rounds); count += 1) {
  found.push(await round(browser));
  loads.push(os.loadavg()[0]);
}
await browser.close();

// The middle of the rounds, and the load that it was measured under.
const middles = Object.fromEntries(
  Object.keys(found[0]).map((name) => {
    const values = found.map((one) => one[name] ?? Number.NaN).sort((a, b) => a - b);
    return [name, Math.round(values[Math.floor(values.length / 2)] * 1000) / 1000];
  }),
);
const load = `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
if (options.json) console.log(JSON.stringify({ ...middles, load, rounds: found.length }));
else {
  for (const [name, value] of Object.entries(middles)) console.log(`${name}: ${value}`);
  console.log(`load: ${load} on ${os.cpus().length} processors, ${found.length} rounds`);
}
