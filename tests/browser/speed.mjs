// How fast the demo page is, by Chromium's own metrics: what a first visit transfers, first paint, layout shift and
// blocking time, and for the person with the most claims the time to the first sums and to the last claim.
//
//   BLUEGATE_URL=http://127.0.0.1:3000 node tests/browser/speed.mjs [rounds]
import { launch, url } from "./browser.mjs";
import { consent, signIn, signInButton } from "./demo.mjs";

const MOST_CLAIMS = { username: "BBUser25133", password: "PW25133!" };
const rounds = Number(process.argv[2] ?? 3);

/** Notes in the page what Chromium says of paints, shifts and long tasks. */
function observe() {
  globalThis.seen = { shift: 0, blocking: 0, longest: 0, firstSums: undefined, whole: undefined };
  const each = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
  each("layout-shift", ({ value, hadRecentInput }) => (globalThis.seen.shift += hadRecentInput ? 0 : value));
  each("longtask", ({ duration }) => {
    globalThis.seen.blocking += Math.max(0, duration - 50);
    globalThis.seen.longest = Math.max(globalThis.seen.longest, duration);
  });
  const look = () => {
    if (document.querySelector(".answer") !== null) globalThis.seen.firstSums ??= performance.now();
    if (document.querySelector(".progress[aria-busy=false]") !== null && document.querySelector(".answer") !== null) globalThis.seen.whole ??= performance.now();
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-busy"] });
}

const metrics = (page) =>
  page.evaluate(() => ({ ...globalThis.seen, paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime }));

const browser = await launch();
const found = [];
for (let round = 0; round < rounds; round += 1) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: "en-US" });
  context.setDefaultTimeout(120_000);
  const page = await context.newPage();
  await page.addInitScript(observe);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
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
  await signInButton(page).click();
  await signIn(page, MOST_CLAIMS);
  await consent(page, "allow");
  await page.locator(".answer").waitFor();
  await page.waitForFunction(() => globalThis.seen?.whole !== undefined);
  await page.waitForTimeout(500);
  const claims = await metrics(page);
  found.push({
    "transferred at first visit, bytes": transferred,
    "first contentful paint, ms": first.paint,
    "layout shift": first.shift,
    "blocking time, ms": first.blocking,
    "claims: first sums, ms": claims.firstSums,
    "claims: the last one, ms": claims.whole,
    "claims: longest task, ms": claims.longest,
    "claims: layout shift": claims.shift,
  });
  await context.close();
}
await browser.close();

// The middle of the rounds.
for (const name of Object.keys(found[0])) {
  const values = found.map((one) => one[name] ?? Number.NaN).sort((a, b) => a - b);
  const middle = values[Math.floor(values.length / 2)];
  console.log(`${name}: ${Math.round(middle * 1000) / 1000}`);
}
