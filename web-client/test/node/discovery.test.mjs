// Where the metadata of a server is found, what is believed of it, and what an application can say in its place.
import assert from "node:assert/strict";
import test from "node:test";
import { Client } from "@bluegate/client";
import { callback, code, startGateway, tokenAnswer } from "../gateway.mjs";

const ROOT = "/.well-known/oauth-authorization-server";
const OPENID = "/.well-known/openid-configuration";
const OPENID_V3 = "/.well-known/openid-configuration-v3";
const connect = (version) => `/${version}/connect/.well-known/openid-configuration`;
const smart = (version) => `/${version}/fhir/.well-known/smart-configuration`;

/** A server that has these documents and no others. */
async function serving(t, documents, options = {}) {
  const gateway = await startGateway();
  t.after(() => gateway.close());
  delete gateway.routes[`GET ${ROOT}`];
  const own = typeof documents === "function" ? documents(gateway) : documents;
  for (const [path, answer] of Object.entries(own)) {
    gateway.routes[`GET ${path}`] = typeof answer === "function" ? answer : () => ({ body: answer });
  }
  const client = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/", retry: false, ...options });
  return { gateway, client };
}

/** Two endpoints of a version, on the server or elsewhere. */
const endpoints = (base, version = "v2") => ({
  authorization_endpoint: `${base}/${version}/o/authorize/`,
  token_endpoint: `${base}/${version}/o/token/`,
});
const S256 = { code_challenge_methods_supported: ["S256"] };

test("one request is enough where the first document says it all, for each version", async (t) => {
  for (const [version, path] of [["v1", ROOT], ["v2", ROOT], ["v3", connect("v3")]]) {
    const { gateway, client } = await serving(
      t,
      ({ base }) => ({ [path]: { issuer: base, ...endpoints(base, version === "v3" ? "v3" : "v2"), ...S256 } }),
      { version },
    );
    await client.authorizationUrl();
    assert.deepEqual(gateway.requests.map((request) => request.path), [path]);
  }
});

test("each of the places is enough on its own", async (t) => {
  const places = {
    v1: [ROOT, OPENID, connect("v1"), smart("v1")],
    v2: [ROOT, OPENID, connect("v2"), smart("v2")],
    v3: [OPENID_V3, connect("v3"), smart("v3")],
  };
  for (const [version, paths] of Object.entries(places)) {
    for (const path of paths) {
      const of = version === "v3" ? "v3" : "v2";
      const { gateway, client } = await serving(t, ({ base }) => ({ [path]: { ...endpoints(base, of), ...S256 } }), { version });
      const url = await client.authorizationUrl();
      assert.equal(url.origin + url.pathname, `${gateway.base}/${of}/o/authorize/`, path);
    }
  }
});

test("what one document lacks comes from the next, and what an earlier one says holds", async (t) => {
  const { gateway, client } = await serving(t, ({ base }) => ({
    [OPENID]: { issuer: base, authorization_endpoint: `${base}/first` },
    [connect("v2")]: { issuer: base, authorization_endpoint: `${base}/second`, token_endpoint: `${base}/token` },
    [smart("v2")]: { authorization_endpoint: `${base}/third`, token_endpoint: `${base}/other`, ...S256 },
  }));
  assert.equal((await client.authorizationUrl()).pathname, "/first");
  gateway.routes["POST /token"] = () => ({ body: tokenAnswer() });
  assert.ok(await client.handleCallback(await callback(gateway, client)));
});

test("endpoints of another version are nobody's to use: tokens of v3 are of no use elsewhere", async (t) => {
  for (const [version, foreign] of [["v3", "v2"], ["v2", "v3"]]) {
    const place = version === "v3" ? OPENID_V3 : OPENID;
    const { client } = await serving(
      t,
      ({ base }) => ({ [ROOT]: { issuer: base, ...endpoints(base, foreign), ...S256 }, [place]: endpoints(base, version) }),
      { version },
    );
    assert.equal((await client.authorizationUrl()).pathname, `/${version}/o/authorize/`);
  }
  const { client } = await serving(t, ({ base }) => ({ [ROOT]: { issuer: base, ...endpoints(base), ...S256 } }), { version: "v3" });
  await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
});

test("a document that names another issuer ends it, wherever it lies (RFC 8414, section 3.3)", async (t) => {
  for (const path of [ROOT, OPENID, connect("v2"), smart("v2")]) {
    const { client } = await serving(t, ({ base }) => ({
      [smart("v2")]: { ...endpoints(base), ...S256 },
      [path]: { issuer: "https://evil.example", ...endpoints(base), ...S256 },
    }));
    await assert.rejects(client.authorizationUrl(), (error) => {
      assert.match(error.message, /https:\/\/evil\.example/);
      return code("discovery_failed")(error);
    });
  }
});

test("an issuer with a slash at its end is the same, and is what a redirect has to say", async (t) => {
  const { gateway, client } = await serving(t, ({ base }) => ({ [ROOT]: { issuer: `${base}/`, ...endpoints(base), ...S256 } }));
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer() });
  await assert.rejects(client.handleCallback(await callback(gateway, client)), code("issuer_mismatch"));
  const answer = await callback(gateway, client);
  answer.searchParams.set("iss", `${gateway.base}/`);
  assert.ok(await client.handleCallback(answer));
});

test("if any document promises iss, an answer without it is refused (RFC 9207, section 2.4)", async (t) => {
  const { gateway, client } = await serving(t, ({ base }) => ({
    [OPENID]: { issuer: base, ...endpoints(base) },
    [smart("v2")]: { ...S256, authorization_response_iss_parameter_supported: true },
  }));
  const answer = await callback(gateway, client);
  answer.searchParams.delete("iss");
  await assert.rejects(client.handleCallback(answer), code("issuer_mismatch"));
});

test("where no document names the issuer, the address is it", async (t) => {
  const { gateway, client } = await serving(t, ({ base }) => ({ [smart("v2")]: { ...endpoints(base), ...S256 } }));
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer() });
  const wrong = await callback(gateway, client);
  wrong.searchParams.set("iss", "https://evil.example");
  await assert.rejects(client.handleCallback(wrong), code("issuer_mismatch"));
  const without = await callback(gateway, client);
  without.searchParams.delete("iss");
  assert.ok(await client.handleCallback(without));
});

test("a document that cannot be fetched just now is not one that does not exist", async (t) => {
  const trouble = [{ status: 503, headers: { "Retry-After": "9" } }, { status: 500 }, { status: 429 }, "hang up"];
  for (const path of [ROOT, OPENID, smart("v2")]) {
    for (const answer of trouble) {
      const { client } = await serving(t, ({ base }) => ({
        [connect("v2")]: { issuer: base, ...endpoints(base) },
        [smart("v2")]: S256,
        [path]: () => answer,
      }));
      await assert.rejects(client.authorizationUrl(), (error) => {
        if (answer === "hang up") return code("offline")(error);
        assert.equal(error.status, answer.status);
        assert.equal(error.retryAfter, answer.headers ? 9 : undefined);
        return code("discovery_failed")(error);
      });
    }
  }
});

test("pages of a site in the place of documents are none", async (t) => {
  const html = { headers: { "Content-Type": "text/html" }, body: "<!doctype html><title>Welcome</title>" };
  const { client } = await serving(t, ({ base }) => ({
    [ROOT]: () => html,
    [OPENID]: () => ({ status: 302, headers: { Location: "/" } }),
    [connect("v2")]: { issuer: base, ...endpoints(base) },
    [smart("v2")]: S256,
  }));
  assert.ok(await client.authorizationUrl());
});

test("an address that redirects is told as such", async (t) => {
  const { client } = await serving(t, { [ROOT]: () => ({ status: 301, headers: { Location: "https://gateway.example/" } }) });
  await assert.rejects(client.authorizationUrl(), /oauth-authorization-server redirects to https:\/\/gateway\.example\//);
});

test("the error names every place that was asked, what it answered, and what to do", async (t) => {
  const { gateway, client } = await serving(t, { [OPENID]: () => ({ body: "<html>" }) });
  await assert.rejects(client.authorizationUrl(), (error) => {
    assert.ok(error.message.includes(`${gateway.base}${ROOT} answered 404`), error.message);
    assert.ok(error.message.includes(`${gateway.base}${OPENID} is not JSON`), error.message);
    assert.match(error.message, /authorization_endpoint.*check baseUrl, or give the option metadata/);
    return code("discovery_failed")(error);
  });
});

test("a server without S256 is refused, also where another document has it", async (t) => {
  for (const methods of [["plain"], "S256", []]) {
    const { client } = await serving(t, ({ base }) => ({
      [OPENID]: { issuer: base, ...endpoints(base), code_challenge_methods_supported: methods },
      [smart("v2")]: S256,
    }));
    await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
  }
});

test("what the application gives is not asked for", async (t) => {
  const { gateway, client } = await serving(t, {}, { metadata: endpoints("https://auth.example") });
  const url = await client.authorizationUrl();
  assert.equal(url.href.split("?")[0], "https://auth.example/v2/o/authorize/");
  assert.equal(gateway.requests.length, 0);
});

test("given metadata is checked like any other", async (t) => {
  const base = "http://127.0.0.1:9";
  const cases = [
    { ...endpoints(base), code_challenge_methods_supported: ["plain"] },
    { ...endpoints(base), token_endpoint: "/v2/o/token/" },
    { ...endpoints(base), revocation_endpoint: "ftp://files.example/" },
  ];
  for (const metadata of cases) {
    const { client } = await serving(t, {}, { metadata });
    await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
  }
  // No code and no token of a server over TLS goes anywhere without.
  const client = new Client({ baseUrl: "https://gateway.example", clientId: "a", redirectUri: "https://a.example/", metadata: endpoints(base) });
  await assert.rejects(client.authorizationUrl(), code("discovery_failed"));
});

test("a given issuer is what a redirect has to name", async (t) => {
  const { gateway } = await serving(t, {});
  const metadata = { ...endpoints(gateway.base), issuer: "https://auth.example", authorization_response_iss_parameter_supported: true };
  const own = new Client({ baseUrl: gateway.base, clientId: "app", redirectUri: "https://app.example/", metadata });
  gateway.routes["POST /v2/o/token/"] = () => ({ body: tokenAnswer() });
  await assert.rejects(own.handleCallback(await callback(gateway, own)), code("issuer_mismatch"));
  const answer = await callback(gateway, own);
  answer.searchParams.set("iss", "https://auth.example");
  assert.ok(await own.handleCallback(answer));
});
