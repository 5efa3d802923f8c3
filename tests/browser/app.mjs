// An application of our own on the npm package, at another origin than the gateway: registered like anybody's
// (RFC 7591), under a strict Content-Security-Policy, used by a person.
import assert from "node:assert/strict";
import path from "node:path";

import { packageRoot, serve } from "../../web-client/test/browser/chromium.mjs";
import { PERSON, consent, signIn } from "./demo.mjs";
import { url } from "./browser.mjs";

/** Serves the package and these scripts, and registers the application. */
export async function startApp(scripts = {}) {
  const folders = { "/dist/": path.join(packageRoot, "dist") };
  const server = await serve(folders, { connect: url, scripts });
  const answer = await fetch(`${url}/o/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_name: `Tests of the package ${server.base}`,
      redirect_uris: ["/", "/readme.html"].map((path) => server.base + path),
      token_endpoint_auth_method: "none",
    }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  const { client_id: clientId } = await answer.json();
  const options = { baseUrl: url, clientId, redirectUri: `${server.base}/`, storage: "session" };
  return { ...server, clientId, options };
}

/** A visit to the application in an empty profile. What goes wrong in the page's scripts fails the test. */
export async function visitApp(t, browser, app) {
  const context = await browser.newContext();
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  const calls = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => calls.push(request));
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  await page.goto(`${app.base}/`);
  return {
    context,
    page,
    faults,
    /** The requests to a path of the gateway so far. */
    to: (path) => calls.filter((request) => request.method() !== "OPTIONS" && new URL(request.url()).pathname.startsWith(path)),
  };
}

/**
 * Runs a function in the page with a client of the package, and gives what it returns; a failure becomes what
 * an application sees of it.
 */
export function withClient(page, app, work, argument) {
  const source = `async ([options, argument]) => {
    const { Client } = await import("/dist/index.js");
    globalThis.client ??= new Client(options);
    try {
      return await (${work})(globalThis.client, argument);
    } catch (error) {
      const { name, code, status, retryAfter } = error;
      return { failed: { name, code, status, retryAfter } };
    }
  }`;
  return page.evaluate(`(${source})(${JSON.stringify([app.options, argument ?? null])})`);
}

/** Goes the way of a person from the application through the gateway and back; gives the tokens. */
export async function signInTo(page, app, { decision = "allow", demographics = "share" } = {}) {
  const address = await withClient(page, app, async (client) => (await client.authorizationUrl()).href);
  await page.goto(address);
  await signIn(page, PERSON);
  await consent(page, decision, demographics);
  await page.waitForURL((now) => now.href.startsWith(app.base));
  return withClient(page, app, (client) => client.handleCallback());
}
