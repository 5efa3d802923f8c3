// A module service worker may import nothing once it runs: the entry for it has all in one piece.
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

test("a module service worker reads, renews, syncs and signs out", { timeout: 120_000 }, async (t) => {
  const service = await startBlueButton();
  const scripts = {};
  const server = await serve({ "/dist/": path.join(packageRoot, "dist") }, { connect: service.base, scripts });
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await Promise.all([server.close(), service.close()]);
  });
  const options = { baseUrl: service.base, clientId: "app", redirectUri: `${server.base}/` };
  scripts["/sw.js"] = `
    import { Client, indexedDbStore } from "/dist/worker.js";
    let kept;
    const storage = { load: () => kept, save: (tokens) => { kept = tokens; }, clear: () => { kept = undefined; } };
    const client = new Client({ ...${JSON.stringify(options)}, storage });
    const jobs = {
      begin: async () => (await client.authorizationUrl()).href,
      finish: async (address) => (await client.handleCallback(address)).patient,
      patient: async () => (await client.patient()).birthDate,
      claims: async () => { const { value: page } = await client.claims().next(); const ids = page.rows.map(({ id }) => id); page.free(); return ids; },
      sync: async () => (await client.sync(indexedDbStore())).added.length,
      userinfo: async () => (await client.userinfo()).name,
      signOut: async () => (await client.signOut(), kept === undefined),
    };
    self.addEventListener("message", ({ data: [job, argument], ports: [port] }) => {
      jobs[job](argument).then((found) => port.postMessage([found]), (error) => port.postMessage([undefined, String(error)]));
    });`;
  const page = await context.newPage();
  await page.goto(`${server.base}/`);
  await page.evaluate(async () => {
    const { active, installing, waiting } = await navigator.serviceWorker.register("/sw.js", { type: "module" });
    const worker = active ?? waiting ?? installing;
    if (worker.state !== "activated") {
      await new Promise((resolve) => worker.addEventListener("statechange", () => worker.state === "activated" && resolve()));
    }
    globalThis.ask = (...message) =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = ({ data }) => resolve(data);
        worker.postMessage(message, [port2]);
      });
  });
  const ask = async (...message) => {
    const [found, error] = await page.evaluate((message) => ask(...message), message);
    assert.equal(error, undefined, message[0]);
    return found;
  };

  assert.equal(await ask("finish", await service.visit(await ask("begin"))), "-20140000008325");
  assert.equal(await ask("patient"), "1999-06-01");
  service.expire();
  assert.deepEqual(await ask("claims"), ["carrier-1", "carrier-2", "carrier-3"]);
  assert.equal(await ask("sync"), 3);
  assert.equal(await ask("userinfo"), "Jane Doe");
  assert.equal(await ask("signOut"), true);
  assert.equal(service.to("/v2/o/token").length, 2);
});
