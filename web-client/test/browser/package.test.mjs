// The package as a page loads it, under the demo's Content-Security-Policy.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { launch, packageRoot, serve } from "./chromium.mjs";

let browser;
let server;
before(async () => {
  server = await serve({ "/dist/": path.join(packageRoot, "dist") });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page in an empty profile, and what it loaded and complained of. */
async function open(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const loaded = [];
  const faults = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  await page.goto(`${server.base}/`);
  loaded.length = 0;
  return { page, loaded, faults };
}

test("an import alone loads no WebAssembly", async (t) => {
  const { page, loaded, faults } = await open(t);
  await page.evaluate(() => import("/dist/index.js"));
  assert.ok(loaded.includes("/dist/index.js"));
  assert.deepEqual(loaded.filter((name) => name.endsWith(".wasm")), []);
  assert.deepEqual(faults, []);
});

test("the entry for PKCE loads its own small module and not the parser", async (t) => {
  const { page, loaded, faults } = await open(t);
  const pair = await page.evaluate(async () => (await import("/dist/pkce.js")).createPkce());
  assert.match(pair.verifier, /^[\w-]{43}$/);
  assert.match(pair.challenge, /^[\w-]{43}$/);
  assert.ok(loaded.includes("/dist/wasm/pkce_bg.wasm"));
  assert.ok(!loaded.some((name) => name.includes("fhir")), loaded.join(" "));
  assert.deepEqual(faults, []);
});

test("a module is loaded once, however many ask for it at the same time", async (t) => {
  const { page, loaded } = await open(t);
  await page.evaluate(async () => {
    const { randomToken } = await import("/dist/pkce.js");
    await Promise.all([randomToken(), randomToken(), randomToken()]);
  });
  assert.equal(loaded.filter((name) => name.endsWith(".wasm")).length, 1);
});

test("a sign-in under way survives the journey, and its answer leaves the address", async (t) => {
  const { page, faults } = await open(t);
  const base = server.base;
  await page.route("**/.well-known/oauth-authorization-server", (route) =>
    route.fulfill({
      json: {
        issuer: base,
        authorization_endpoint: `${base}/authorize`,
        token_endpoint: `${base}/token`,
        code_challenge_methods_supported: ["S256"],
      },
    }),
  );
  await page.route("**/token", (route) =>
    route.fulfill({ json: { access_token: "a", token_type: "Bearer", expires_in: 60, patient: "-1" } }),
  );
  const options = { baseUrl: base, clientId: "app", redirectUri: `${base}/`, storage: "session" };
  const state = await page.evaluate(async (options) => {
    const { Client } = await import("/dist/index.js");
    const url = await new Client(options).authorizationUrl();
    return url.searchParams.get("state");
  }, options);

  await page.goto(`${base}/?page=2&code=c&state=${state}&iss=${encodeURIComponent(base)}#top`);
  const tokens = await page.evaluate(async (options) => {
    const { Client } = await import("/dist/index.js");
    return new Client(options).handleCallback();
  }, options);
  assert.equal(tokens.patient, "-1");
  assert.equal(page.url(), `${base}/?page=2#top`);

  await page.reload();
  const kept = await page.evaluate(async (options) => {
    const { Client } = await import("/dist/index.js");
    return new Client(options).session();
  }, options);
  assert.equal(kept.accessToken, "a");
  assert.deepEqual(faults, []);
});

test("a page that is forgotten can be declared with its scope", async (t) => {
  const { page } = await open(t);
  const freed = await page.evaluate(async () => {
    const { parsePage } = await import("/dist/fhir.js");
    const bytes = new TextEncoder().encode('{"resourceType":"Bundle","total":3}');
    const one = await parsePage(bytes);
    const total = one.total;
    one[Symbol.dispose]();
    try {
      return [total, one.total];
    } catch {
      return [total, "freed"];
    }
  });
  assert.deepEqual(freed, [3, "freed"]);
});
