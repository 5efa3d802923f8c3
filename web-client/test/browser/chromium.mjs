// Chromium for the tests, and a small server for what it loads. The server sends the demo page's
// Content-Security-Policy, so that whatever passes here runs under it.
import { createServer } from "node:http";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const packageRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const contentSecurity = (others) =>
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " +
  `connect-src 'self' ${others}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Starts Chromium with an empty profile; nothing in it calls out. More arguments, or another environment, are the caller's. */
export function launch({ args = [], env } = {}) {
  const places = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    (process.env.PATH ?? "").split(path.delimiter).map((dir) => path.join(dir, name)),
  );
  const executablePath = process.env.CHROMIUM ?? places.find((place) => fs.existsSync(place));
  if (executablePath === undefined) throw new Error("no Chromium: set CHROMIUM to its path");
  return chromium.launch({
    executablePath,
    env,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}

/**
 * Serves folders: `{ "/prefix/": "directory" }`, scripts: `{ "/path.js": "text" }`, and an empty page at `/`. The
 * pages may call the origins in `connect`; `inline` lets them have scripts and import maps in the page itself.
 */
export async function serve(folders, { connect = "", inline = false, scripts = {} } = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://local");
    const policy = contentSecurity(connect).replace("script-src", inline ? "script-src 'unsafe-inline'" : "script-src");
    const headers = { "Content-Security-Policy": policy, "Content-Type": TYPES[".html"] };
    if (pathname === "/favicon.ico") {
      response.writeHead(204).end();
      return;
    }
    if (pathname === "/") {
      response.writeHead(200, headers).end("<!doctype html><title>test</title>");
      return;
    }
    if (pathname in scripts) {
      headers["Content-Type"] = pathname.endsWith(".html") ? TYPES[".html"] : TYPES[".js"];
      response.writeHead(200, headers).end(scripts[pathname]);
      return;
    }
    const prefix = Object.keys(folders).find((prefix) => pathname.startsWith(prefix));
    const file = prefix && path.join(folders[prefix], decodeURIComponent(pathname.slice(prefix.length)));
    if (!file || !file.startsWith(folders[prefix]) || !fs.existsSync(file)) {
      response.writeHead(404, headers).end();
      return;
    }
    headers["Content-Type"] = TYPES[path.extname(file)] ?? "application/octet-stream";
    response.writeHead(200, headers).end(fs.readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
