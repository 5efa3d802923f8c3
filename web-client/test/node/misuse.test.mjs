// What goes wrong at the caller's: every failure is a BluegateError that says what was given, and what helps; what can
// be understood is accepted.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer } from "node:http";
import path from "node:path";
import test from "node:test";
import { Client } from "@bluegate/client";
import { canonical, claimsQuery, parsePage, parsePageSync, parseResource } from "@bluegate/client/fhir";
import { claimWords, labels } from "@bluegate/client/labels";
import { challenge } from "@bluegate/client/pkce";
import { indexedDbStore } from "@bluegate/client/sync";
import { repository } from "../fixtures.mjs";
import { bundle, code, eob, signedIn } from "../gateway.mjs";

const text = JSON.stringify(bundle([eob("carrier-1"), eob("carrier-2")]));
const bytes = new TextEncoder().encode(text);
const padded = new Uint8Array(bytes.length + 8);
padded.set(bytes, 3);

/** An error of the package with this code, whose message has all of these. */
const says = (expected, ...parts) => (error) => {
  for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" lacks "${part}"`);
  return code(expected)(error);
};

const INPUTS = {
  "bytes": () => bytes,
  "a Buffer": () => Buffer.from(bytes),
  "a part of a buffer": () => padded.subarray(3, 3 + bytes.length),
  "a DataView": () => new DataView(padded.buffer, 3, bytes.length),
  "an ArrayBuffer": () => bytes.slice().buffer,
  "text": () => text,
};
for (const [what, make] of Object.entries(INPUTS)) {
  test(`a page can be read from ${what}`, async () => {
    for (const page of [await parsePage(make()), parsePageSync(make())]) assert.equal(page.rows[1].id, "carrier-2");
    assert.ok((await canonical(make())).includes("carrier-2"));
  });
}

test("a page can be read from a Response, a Blob and a File", async () => {
  for (const make of [() => new Response(text), () => new Blob([text]), () => new File([text], "page.json")]) {
    assert.equal((await parsePage(make())).length, 2);
  }
  assert.equal((await parseResource(new Response(JSON.stringify(eob("one"))))).resource.value.id, "one");
});

test("what no page can be read from is named, with what to do", async () => {
  const parsed = JSON.parse(text);
  for (const [given, ...parts] of [[parsed, "Object", "JSON.stringify"], [undefined, "Undefined"], [null, "Null"], [7, "Number"], [[], "Array"]]) {
    await assert.rejects(parsePage(given), says("invalid_request", "bytes or text", ...parts));
    await assert.rejects(parseResource(given), says("invalid_request", "bytes or text"));
    assert.throws(() => parsePageSync(given), says("invalid_request", ...parts));
  }
  assert.throws(() => parsePageSync(new Response(text)), says("invalid_request", "Response", "without Sync"));
  await assert.rejects(parsePage(new Response(text, { status: 404 })), says("bad_response", "404", "ok"));
  const used = new Response(text);
  await used.text();
  await assert.rejects(parsePage(used), says("bad_response", "read already"));
});

test("a page that was given back says so, and may be given back again", async () => {
  const page = await parsePage(bytes);
  const { rows } = page;
  page.free();
  page.free();
  page[Symbol.dispose]();
  for (const use of [() => page.length, () => page.next, () => page.total, () => page.columns, () => page.entry(0), () => page.claim(0), () => page.json(0), () => page.coverages()]) {
    assert.throws(use, says("invalid_request", "free()"));
  }
  assert.equal(rows.length, 2);
});

test("a place that is no whole number is refused, one past the end is nothing", async () => {
  const page = await parsePage(bytes);
  for (const index of [1.5, -1, Number.NaN, Infinity, "0", undefined]) {
    for (const call of ["claim", "entry", "json"]) assert.throws(() => page[call](index), says("invalid_request", String(index)), call);
  }
  for (const call of ["claim", "entry", "json"]) assert.equal(page[call](2), undefined);
});

const SEARCHES = [
  [{ type: "pharmacy" }, "type", "pharmacy", "carrier", "pde"],
  [{ type: ["pde", "PDE"] }, "PDE"],
  [{ type: "unknown" }, "unknown"],
  // Of other payers, and nothing that a search can ask for.
  [{ type: "vision" }, "type", "vision", "snf"],
  ["pde", "a search", "{ type:"],
  [null, "a search"],
  [{ pageSize: 51 }, "pageSize", "1 to 50", "51"],
  [{ pageSize: 0 }, "pageSize", "0"],
  [{ pageSize: "10" }, "pageSize"],
  [{ serviceDate: "2020-01-01" }, "serviceDate", "from"],
  [{ serviceDate: null }, "serviceDate"],
  [{ serviceDate: { from: "01/02/2020" } }, "service-date"],
  [{ since: "yesterday" }, "_lastUpdated"],
  [{ since: new Date("nonsense") }, "since"],
];
for (const [search, ...parts] of SEARCHES) {
  test(`a search for ${JSON.stringify(search)} is refused by name`, async () => {
    await assert.rejects(claimsQuery(search), says("invalid_request", ...parts));
  });
}

const good = { baseUrl: "https://gateway.example", clientId: "app", redirectUri: "https://app.example/" };
const OPTIONS = [
  [{ baseUrl: undefined }, "baseUrl", "undefined", "https://"],
  [{ baseUrl: "" }, "baseUrl"],
  [{ baseUrl: "gateway.example" }, "baseUrl", "gateway.example"],
  [{ baseUrl: "https://gateway.example/?x=1" }, "baseUrl"],
  [{ clientId: undefined }, "clientId"],
  [{ redirectUri: "" }, "redirectUri"],
  [{ redirectUri: "/callback" }, "redirectUri", "/callback"],
  [{ version: "v4" }, "version", "v4", "v1, v2 or v3"],
  [{ version: 2 }, "version"],
  [{ storage: "disk" }, "storage", "disk", "memory, session, local"],
  [{ storage: null }, "storage"],
  [{ storage: {} }, "storage"],
];
for (const [wrong, ...parts] of OPTIONS) {
  test(`a client with ${JSON.stringify(wrong)} is refused by name`, () => {
    assert.throws(() => new Client({ ...good, ...wrong }), says("invalid_request", "new Client()", ...parts));
  });
}

test("a client without options says what it needs, and takes addresses as such", () => {
  for (const none of [undefined, null]) assert.throws(() => new Client(none), says("invalid_request", "baseUrl", "undefined"));
  const client = new Client({ ...good, baseUrl: new URL(good.baseUrl), redirectUri: new URL(good.redirectUri) });
  assert.ok(client);
  assert.ok(new Client({ ...good, redirectUri: "org.example.app:/callback" }), "of an application that is no page");
});

/** Calls of a client, and what the error has to say. */
const CALLS = {
  "an id that is none": [(client) => client.claimById(undefined), "ExplanationOfBenefit", "row"],
  "a number for an id": [(client) => client.coverageById(7), "7", "Coverage"],
  "no path": [(client) => client.read(undefined), "undefined", "Patient/123"],
  "an object for a path": [(client) => client.search({ type: "Coverage" }).next(), "Coverage?_count=10"],
  "a path of another server": [(client) => client.read("https://elsewhere.example/fhir/Patient/1"), "elsewhere"],
  "no store": [(client) => client.sync(undefined), "store", "memoryStore()"],
  "half a store": [(client) => client.sync({ commit() {} }), "store"],
  "a type alone": [(client) => client.claims("pde").next(), "a search", "pde"],
  "the controller in the place of its signal": [(client) => client.coverage({ signal: new AbortController() }), "controller.signal"],
  "the same for a sign-in": [(client) => client.authorizationUrl({ signal: {} }), "controller.signal"],
  "a sign-in where there is no page": [(client) => client.signIn(), "authorizationUrl()"],
  "a target by a name that is none": [(client) => client.signIn({ target: "_blank" }), "target"],
  "a state that JSON cannot hold": [(client) => client.authorizationUrl({ appState: 7n }), "appState"],
};
for (const [what, [call, ...parts]] of Object.entries(CALLS)) {
  test(`a call with ${what} is refused by name`, async (t) => {
    const { client } = await signedIn(t);
    await assert.rejects(async () => call(client), says("invalid_request", ...parts));
  });
}

test("what is no address, or no page, is no answer to a sign-in", async (t) => {
  const { client } = await signedIn(t);
  for (const address of ["code=1&state=2", "", undefined]) assert.equal(await client.handleCallback(address), undefined);
});

test("a storage that keeps nothing is refused before it has to", async () => {
  const client = new Client({ ...good, storage: { load() {} } });
  await assert.rejects(client.refresh(), says("not_signed_in"));
  const half = new Client({ ...good, storage: { load: () => ({ accessToken: "a", expiresAt: 0, scope: [] }) } });
  await assert.rejects(half.refresh(), says("invalid_request", "storage", "save"));
});

test("one scope may be given as it is", async (t) => {
  const { client } = await signedIn(t);
  const url = await client.authorizationUrl({ scope: "patient/Coverage.rs" });
  assert.equal(url.searchParams.get("scope"), "patient/Coverage.rs");
});

test("a window cannot be opened where there are none", async (t) => {
  const { client } = await signedIn(t);
  await assert.rejects(client.signInPopup(), says("popup_blocked", "click"));
});

test("a language that there are no words in is refused by name", async () => {
  for (const language of ["fr", "EN", "", undefined]) {
    for (const load of [labels, claimWords]) await assert.rejects(load(language), says("invalid_request", String(language), '"en" and "es"'));
  }
});

test("a store that the browser does not keep says what helps", async () => {
  const store = indexedDbStore("here");
  const calls = [() => store.state(), () => store.get("1"), () => store.all(), () => store.clear(), () => store.commit({ put: [], remove: [], state: {} })];
  for (const call of calls) await assert.rejects(call(), says("unsupported", "here", "memoryStore()"));
});

test("an address where nobody answers is named", async () => {
  const client = new Client({ ...good, baseUrl: "http://127.0.0.1:9", retry: false });
  await assert.rejects(client.authorizationUrl(), says("offline", "http://127.0.0.1:9", "baseUrl"));
});

test("a verifier that is none is refused", async () => {
  for (const verifier of ["short", "x".repeat(129), "ü".repeat(43)]) await assert.rejects(challenge(verifier), says("invalid_request", "43 to 128"));
});

/** What a fresh process finds when it runs this, with `fhir` and `pkce` not started yet. */
function fresh(script, ...args) {
  const dist = path.join(repository, "web-client", "dist");
  const source = `const load = (name) => import(${JSON.stringify(`file://${dist}/`)} + name); ${script}`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", source, ...args], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

test("calls that cannot wait say what has to come before them", () => {
  const found = fresh(`
    const [fhir, pkce] = [await load("fhir.js"), await load("pkce.js")];
    const tell = (call) => { try { call(); return "nothing"; } catch ({ name, code, message }) { return [name, code, message.includes("init()")]; } };
    console.log(JSON.stringify([
      () => fhir.parsePageSync("{}"), () => fhir.parseResourceSync("{}"), () => pkce.createPkceSync(), () => pkce.randomTokenSync(),
      () => fhir.initSync(new URL("https://app.example/fhir.wasm")),
    ].map(tell)));`);
  assert.deepEqual(found, Array(5).fill(["BluegateError", "invalid_request", true]));
});

test("a module that is missing, is a page in its place, or is broken says what helps", async (t) => {
  const server = createServer((request, response) => {
    const answers = {
      "/missing": [404, "text/plain", "no"],
      "/page": [200, "text/html; charset=utf-8", "<!doctype html>"],
      "/broken": [200, "application/wasm", "broken"],
    };
    const [status, type, body] = answers[request.url];
    response.writeHead(status, { "Content-Type": type }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const base = `http://127.0.0.1:${server.address().port}`;
  const { init } = await import(`file://${path.join(repository, "web-client", "dist", "fhir.js")}`);
  await assert.rejects(init(`${base}/missing`), says("module_failed", `${base}/missing`, "404", "inline"));
  await assert.rejects(init(`${base}/page`), says("module_failed", "text/html", "init()"));
  await assert.rejects(init(`${base}/broken`), says("module_failed", "SIMD"));
  await assert.rejects(init(new Uint8Array([1, 2])), says("module_failed", "SIMD"));
});
