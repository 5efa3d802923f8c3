// A page whose policy lets no WebAssembly run is told so.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { launch, packageRoot } from "./chromium.mjs";

test("without wasm-unsafe-eval the error names the policy", async (t) => {
  const server = createServer((request, response) => {
    const file = path.join(packageRoot, request.url);
    const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
    const isFile = /^\/dist\/[\w./-]+$/.test(request.url) && fs.existsSync(file);
    response.writeHead(200, {
      "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'",
      "Content-Type": types[path.extname(request.url)] ?? "text/html",
    });
    response.end(isFile ? fs.readFileSync(file) : "<!doctype html><title>strict</title>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launch();
  t.after(async () => {
    await browser.close();
    server.closeAllConnections();
    server.close();
  });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const found = await page.evaluate(async () => {
    const { createPkce } = await import("/dist/pkce.js");
    return createPkce().catch(({ name, code, message }) => ({ name, code, message }));
  });
  assert.equal(found.name, "BluegateError");
  assert.equal(found.code, "module_failed");
  assert.match(found.message, /script-src needs 'wasm-unsafe-eval'/);
});
