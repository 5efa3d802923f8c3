// Signing in in a window of its own, at a service whose pages cut themselves off from who opened them.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { startBlueButton } from "../bluebutton.mjs";
import { launch, packageRoot, serve } from "./chromium.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const PERSON = "-20140000008325";

/** The application: a page that signs in, and one that answers come to. */
async function setUp(t, storage = "session") {
  const service = await startBlueButton();
  const page = (script) => `<!doctype html><title>app</title><link rel="icon" href="data:,"><script type="module" src="${script}"></script>`;
  const scripts = { "/callback.html": page("/callback.js"), "/app.html": page("/app.js") };
  const server = await serve({ "/dist/": path.join(packageRoot, "dist") }, { connect: service.base, scripts });
  const options = { baseUrl: service.base, clientId: "app", redirectUri: `${server.base}/callback.html`, storage };
  const client = `import { Client } from "/dist/index.js"; globalThis.client = new Client(${JSON.stringify(options)});`;
  scripts["/app.js"] = `${client} globalThis.ready = true;`;
  scripts["/callback.js"] = `${client}
    client.handleCallback().then((tokens) => { globalThis.found = tokens ?? "nothing"; }, (error) => { globalThis.found = error.code; });`;
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await Promise.all([server.close(), service.close()]);
  });
  const app = await context.newPage();
  await app.goto(`${server.base}/app.html`);
  await app.waitForFunction(() => globalThis.ready);
  /** Starts, and gives the window that opened. */
  const start = async (options = {}) => {
    const [popup] = await Promise.all([
      context.waitForEvent("page"),
      app.evaluate((options) => {
        globalThis.outcome = undefined;
        client.signInPopup(options).then((tokens) => (outcome = tokens), (error) => (outcome = error.code ?? error.message));
      }, options),
    ]);
    return popup;
  };
  const outcome = async () => {
    await app.waitForFunction(() => globalThis.outcome !== undefined, undefined, { timeout: 30_000 });
    return app.evaluate(() => outcome);
  };
  return { service, server, context, app, start, outcome };
}

test("the person signs in in a window, and the page has the tokens", async (t) => {
  for (const asks of [false, "open", "isolated"]) {
    const { service, app, start, outcome } = await setUp(t);
    service.state.asks = asks;
    const popup = await start({ appState: { from: "the list" } });
    // Longer than a closed window would be waited for.
    if (asks) await popup.waitForTimeout(4000);
    if (asks) await popup.click("text=Allow");
    const tokens = await outcome();
    assert.equal(tokens.patient, PERSON);
    assert.deepEqual(tokens.appState, { from: "the list" });
    if (!popup.isClosed()) await popup.waitForEvent("close");
    assert.equal(await app.evaluate(async () => (await client.coverage()).length), 2);
    assert.equal(service.to("/v2/o/token").length, 1);
  }
});

test("the window is opened before anything is waited for", async (t) => {
  const { app } = await setUp(t);
  const opened = await app.evaluate(async () => {
    const names = [];
    globalThis.open = (...given) => (names.push(given[2]), null);
    const first = client.signInPopup();
    const atOnce = names.length;
    const codes = [await first.catch((error) => error.code), await client.signInPopup({ features: "popup" }).catch((error) => error.code)];
    return { atOnce, codes, names };
  });
  assert.deepEqual(opened, {
    atOnce: 1,
    codes: ["popup_blocked", "popup_blocked"],
    names: ["popup,width=520,height=720", "popup"],
  });
});

test("who does not allow it, who closes the window, who waits no longer", async (t) => {
  const denied = await setUp(t);
  denied.service.state.deny = true;
  await denied.start();
  assert.equal(await denied.outcome(), "access_denied");

  for (const asks of ["isolated", "open"]) {
    const closed = await setUp(t);
    closed.service.state.asks = asks;
    const popup = await closed.start();
    await popup.waitForSelector("text=Allow");
    if (asks === "open") await popup.waitForTimeout(3000);
    const before = Date.now();
    await popup.close();
    assert.equal(await closed.outcome(), "popup_closed");
    // Who never saw the window there cannot know that it is not the service's policy.
    t.diagnostic(`${asks}: after ${Date.now() - before} ms`);
  }

  const aborted = await setUp(t);
  // A window that is cut off can be closed by nobody here.
  aborted.service.state.asks = "open";
  const window = aborted.context.waitForEvent("page");
  const name = await aborted.app.evaluate(async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(), 300);
    return client.signInPopup({ signal: control.signal }).catch((error) => error.name);
  });
  assert.equal(name, "AbortError");
  if (!(await window).isClosed()) await (await window).waitForEvent("close");
});

test("where discovery fails the window is closed again", async (t) => {
  const { service, start, outcome } = await setUp(t);
  await service.close();
  const popup = await start();
  assert.equal(await outcome(), "offline");
  if (!popup.isClosed()) await popup.waitForEvent("close");
});

test("a window whose page is gone has an answer to nothing, and leaves it", async (t) => {
  const { service, app, start } = await setUp(t);
  service.state.asks = "isolated";
  const popup = await start();
  await popup.waitForSelector("text=Allow");
  await app.close();
  await popup.click("text=Allow");
  await popup.waitForFunction(() => globalThis.found !== undefined);
  assert.equal(await popup.evaluate(() => found), "nothing");
  assert.match(popup.url(), /code=/);
  assert.equal(service.to("/v2/o/token").length, 0);
});

test("a sign-in can leave by another window", async (t) => {
  const { service, server, app } = await setUp(t);
  service.state.asks = "isolated";
  const there = (target) => app.evaluate(async (target) => {
    const window = { location: { href: "" } };
    await client.signIn({ target: target ?? window });
    return window.location.href;
  }, target);
  assert.match(await there(), /\/v2\/o\/authorize\?/);
  await Promise.all([app.waitForURL(/authorize/), there("_top")]);
  assert.equal(new URL(app.url()).origin, service.base);
  assert.notEqual(service.base, server.base);
});

test("in a frame, _top is the page around it", async (t) => {
  const { service, server, app } = await setUp(t);
  service.state.asks = "isolated";
  await app.evaluate(() => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.src = "/dist/none.html";
  });
  // The test server lets no page be framed; a blank frame is of the same origin.
  await app.evaluate(() => {
    const frame = document.querySelector("iframe");
    frame.src = "about:blank";
    return new Promise((resolve) => (frame.onload = resolve));
  });
  assert.ok(server.base);
  const frame = app.frames().find((frame) => frame !== app.mainFrame());
  await Promise.all([
    app.waitForURL(/authorize/),
    frame.evaluate(async () => {
      globalThis.client = parent.client;
      await client.signIn({ target: "_top" });
    }),
  ]);
});

test("other tabs hear of who signs in and out where they share the session", async (t) => {
  const { server, context, app, start, outcome } = await setUp(t, "local");
  const other = await context.newPage();
  await other.goto(`${server.base}/app.html`);
  await other.waitForFunction(() => globalThis.ready);
  await other.evaluate(async () => {
    globalThis.heard = [];
    client.onSessionChange((tokens) => heard.push(tokens?.patient ?? "nobody"));
    // It listens when what listens is loaded.
    await client.session();
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  await start();
  await outcome();
  await other.waitForFunction(() => globalThis.heard.length === 1);
  await app.evaluate(() => client.signOut());
  await other.waitForFunction(() => globalThis.heard.length === 2);
  assert.deepEqual(await other.evaluate(() => heard), [PERSON, "nobody"]);
});
