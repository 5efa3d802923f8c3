// Three applications of other people, each on origins of its own: a web application with a server and a secret, whose
// callback goes on to a third site; a page on the npm package; a native one that listens on this machine or has a scheme.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import path from "node:path";

import { packageRoot } from "../../../web-client/test/browser/chromium.mjs";
import { NAMES } from "./names.mjs";
import { begin, exchange, fhir } from "./oauth.mjs";

/** Serves the sites of the web application and of the page, which hands `options` to the package. */
export async function startSites({ tls, base, options = {} }) {
  const sites = { [NAMES.webApplication]: webApplication, [NAMES.landing]: landing, [NAMES.singlePage]: singlePage };
  const state = { base, options, visits: new Map(), web: undefined, page: undefined };
  const server = https.createServer(tls, (request, response) => {
    const url = new URL(request.url, `https://${request.headers.host}`);
    const site = sites[url.hostname] ?? ((...rest) => notFound(rest.at(-1)));
    Promise.resolve(site(state, url, request, response)).catch((error) => {
      if (!response.headersSent) response.writeHead(500, HTML);
      response.end(`<pre>${error.stack}</pre>`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const origin = (name) => `https://${name}:${port}`;
  return Object.assign(state, {
    webApplication: origin(NAMES.webApplication),
    landing: origin(NAMES.landing),
    singlePage: origin(NAMES.singlePage),
    end() {
      server.close();
      server.closeAllConnections();
    },
  });
}

/** `/connect` sends a person to the gateway, with what the query says; `/callback` asks for data and goes on. */
async function webApplication(state, url, request, response) {
  if (url.pathname === "/connect") {
    const begun = begin(state.base, state.web, Object.fromEntries(url.searchParams));
    state.visits.set(begun.state, begun);
    redirect(response, begun.url);
    return;
  }
  if (url.pathname !== "/callback") return notFound(response);
  const begun = state.visits.get(url.searchParams.get("state"));
  const visit = randomUUID();
  state.visits.set(visit, await outcome(state, begun, url.searchParams));
  redirect(response, `${state.landing}/done?visit=${visit}`);
}

async function outcome(state, begun, answer) {
  if (begun === undefined) return { error: "unknown state" };
  if (answer.get("iss") !== state.base) return { error: `iss is ${answer.get("iss")}` };
  if (answer.has("error")) return { error: answer.get("error") };
  const tokens = await exchange(state.base, state.web, begun, answer);
  if (tokens.status !== 200) return { error: tokens.error, tokens };
  const [patient, claims] = await Promise.all([
    fhir(state.base, tokens.access_token, `Patient/${tokens.patient}`),
    fhir(state.base, tokens.access_token, "ExplanationOfBenefit?_count=2"),
  ]);
  return { tokens, patient, claims };
}

/** Where a person ends: `/done` tells what the application learned, in words; `/back` is a callback of its own. */
function landing(state, url, request, response) {
  const visit = state.visits.get(url.searchParams.get("visit"));
  if (url.pathname === "/back") return page(response, "an answer");
  if (url.pathname === "/asks-by-itself") return asksByItself(state, response);
  if (url.pathname !== "/done" || visit === undefined) return notFound(response);
  page(response, visit.error ?? `${visit.tokens.patient} ${visit.patient.status} ${visit.claims.total}`);
}

/** A page of a third site that sends its visitor's browser to the gateway by POST, as any page can. */
function asksByItself(state, response) {
  const { searchParams } = new URL(begin(state.base, state.web).url);
  const fields = [...searchParams].map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`).join("");
  const form = `<form method="post" action="${state.base}/v2/o/authorize/">${fields}</form>`;
  response.writeHead(200, HTML).end(`<!doctype html><title>A site</title>${form}<script>document.forms[0].submit()</script>`);
}

/** A page on the package, under a strict policy: two buttons, and what it knows. */
function singlePage(state, url, request, response) {
  const policy =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; img-src data:; base-uri 'none'; form-action 'none'; " +
    `connect-src 'self' ${state.base}`;
  const headers = { "Content-Security-Policy": policy };
  if (url.pathname === "/") {
    response.writeHead(200, { ...headers, ...HTML }).end(PAGE);
  } else if (url.pathname === "/app.js") {
    const options = { baseUrl: state.base, clientId: state.page.client_id, redirectUri: `${url.origin}/`, storage: "session", ...state.options };
    response.writeHead(200, { ...headers, ...SCRIPT }).end(`const options = ${JSON.stringify(options)};\n${APP}`);
  } else {
    const file = path.join(packageRoot, path.normalize(url.pathname));
    if (!url.pathname.startsWith("/dist/") || !fs.existsSync(file)) return notFound(response);
    const type = { ".js": SCRIPT, ".wasm": { "Content-Type": "application/wasm" } }[path.extname(file)];
    response.writeHead(200, { ...headers, ...(type ?? { "Content-Type": "application/json" }) }).end(fs.readFileSync(file));
  }
}

/** A native application that waits on a loopback address for its person to come back (RFC 8252, section 7.3). */
export async function startNative(address) {
  const server = http.createServer();
  server.listen(0, address);
  await once(server, "listening");
  const host = address.includes(":") ? `[${address}]` : address;
  const answer = once(server, "request").then(([request, response]) => {
    response.writeHead(200, HTML).end("<!doctype html><title>Native</title><p>Go back to the application.</p>");
    return new URL(request.url, "http://native").searchParams;
  });
  answer.catch(() => {});
  return {
    redirectUri: `http://${host}:${server.address().port}/callback`,
    answer,
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function redirect(response, to) {
  response.writeHead(302, { Location: to, "Cache-Control": "no-store" }).end();
}

function page(response, told, status = 200) {
  response.writeHead(status, HTML).end(`<!doctype html><title>Landing</title><h1>You are back</h1><p id="told">${told}</p>`);
}

const notFound = (response) => page(response, "nothing is here", 404);

const HTML = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store" };
const SCRIPT = { "Content-Type": "text/javascript; charset=utf-8" };

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Page application</title>
<link rel="icon" href="data:,">
<h1>My claims</h1><p id="told">loading</p>
<button id="connect">Connect</button> <button id="leave">Sign out</button>
<script type="module" src="/app.js"></script></html>`;

const APP = `
import { Client } from "/dist/index.js";
const client = new Client(options);
const told = document.getElementById("told");
document.getElementById("connect").onclick = () => client.signIn().catch(tell);
document.getElementById("leave").onclick = () => client.signOut().then(show, tell);
const tell = (error) => { told.textContent = "error " + error.code; };
async function show() {
  const { patient } = (await client.session()) ?? {};
  if (patient === undefined) { told.textContent = "nobody"; return; }
  let claims = 0;
  for await (const page of client.claims({ pageSize: 50 })) { claims += page.rows.length; page.free(); }
  told.textContent = patient + " " + claims;
}
client.handleCallback().then(show).catch(tell);
`;
