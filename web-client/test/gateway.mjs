// A gateway for the tests of the package: a real HTTP server on the loopback that answers what a test has
// laid down, and keeps what it was asked.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Client } from "@bluegate/client";

/**
 * Starts a server. `routes` maps `"METHOD /path"` to a function from the request to
 * `{ status, headers, body }`; a body that is no string is sent as JSON. The metadata of an authorization
 * server is there already.
 */
export async function startGateway(routes = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, base);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const seen = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      form: new URLSearchParams(body),
    };
    requests.push(seen);
    const route = table[`${seen.method} ${seen.path}`];
    const answer = route === undefined ? { status: 404, body: { detail: "no route" } } : await route(seen);
    if (answer === "hang up") {
      request.socket.destroy();
      return;
    }
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
    response.writeHead(answer.status ?? 200, {
      "Content-Type": "application/json",
      ...answer.headers,
    });
    response.end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;
  const metadata = {
    issuer: base,
    authorization_endpoint: `${base}/v2/o/authorize/`,
    token_endpoint: `${base}/v2/o/token/`,
    revocation_endpoint: `${base}/v2/o/revoke_token/`,
    userinfo_endpoint: `${base}/v2/connect/userinfo`,
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  };
  const table = {
    "GET /.well-known/oauth-authorization-server": () => ({ body: metadata }),
    ...routes,
  };
  return {
    base,
    metadata,
    requests,
    routes: table,
    /** The requests to one path. */
    to: (path) => requests.filter((request) => request.path === path),
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** A token answer as the contract writes it. */
export function tokenAnswer(number = 1, extra = {}) {
  return {
    access_token: `access-${number}`,
    expires_in: 3600,
    token_type: "Bearer",
    scope: "patient/Patient.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs profile",
    refresh_token: `refresh-${number}`,
    patient: "-20140000008325",
    access_grant_expiration: "2027-12-21T19:30:13Z",
    ...extra,
  };
}

/** A searchset Bundle of R4 with these resources. */
export function bundle(resources, { total = resources.length, next } = {}) {
  return {
    resourceType: "Bundle",
    type: "searchset",
    total,
    link: next === undefined ? [] : [{ relation: "next", url: next }],
    entry: resources.map((resource) => ({ resource })),
  };
}

/** A small ExplanationOfBenefit of R4. */
export function eob(id, extra = {}) {
  return {
    resourceType: "ExplanationOfBenefit",
    id,
    status: "active",
    type: {
      coding: [
        { system: "https://bluebutton.cms.gov/resources/codesystem/eob-type", code: "CARRIER" },
      ],
    },
    use: "claim",
    patient: { reference: "Patient/-20140000008325" },
    billablePeriod: { start: "2018-03-04", end: "2018-03-04" },
    payment: { amount: { value: 37.5, currency: "USD" } },
    ...extra,
  };
}

/** The address that the gateway sends the browser back to, for a sign-in that this starts. */
export async function callback(gateway, client, code = "good") {
  const asked = (await client.authorizationUrl()).searchParams;
  const url = new URL(asked.get("redirect_uri"));
  url.searchParams.set("state", asked.get("state"));
  url.searchParams.set("iss", gateway.base);
  url.searchParams.set("code", code);
  return url;
}

/** A gateway that ends with the test, and a client with a person signed in. */
export async function signedIn(t, { routes = {}, answer = tokenAnswer(), options = {} } = {}) {
  const gateway = await startGateway({
    "POST /v2/o/token/": () => ({ body: answer }),
    "GET /v3/connect/.well-known/openid-configuration": () => ({ body: gateway.metadata }),
    ...routes,
  });
  t.after(() => gateway.close());
  const client = new Client({
    baseUrl: gateway.base,
    clientId: "app",
    redirectUri: "https://app.example/callback",
    ...options,
  });
  await client.handleCallback(await callback(gateway, client));
  return { gateway, client };
}

/** For `assert.rejects`: an error of the package with this code. */
export const code = (expected) => (error) => {
  assert.equal(error.name, "BluegateError", String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};
