// Applications of nobody in particular, and the way to them: what several test files need.
import assert from "node:assert/strict";
import { createServer } from "node:http";

import { url } from "./browser.mjs";
import { PERSON, signIn } from "./demo.mjs";

/** An application's server on every loopback address: `/callback` leads on to `next`, everything else is a page. */
export async function serve(t, next) {
  const asked = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://local");
    if (pathname !== "/favicon.ico") asked.push({ host: request.headers.host, pathname, parameters: searchParams });
    const target = pathname === "/callback" ? next?.(server.address().port) : undefined;
    if (target) return response.writeHead(302, { Location: target }).end();
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html><title>arrived</title>");
  });
  await new Promise((resolve) => server.listen(0, "::", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: server.address().port, asked };
}

export async function register(redirectUri) {
  const answer = await fetch(`${url}/o/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      client_name: `Redirects ${Math.random()}`,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: "none",
    }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).client_id;
}

/** Where the application's button leads; `more` replaces or adds parameters. */
export async function authorization(redirectUri, more = {}) {
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: await register(redirectUri),
    redirect_uri: redirectUri,
    state: "0123456789abcdef",
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    ...more,
  });
  return `${url}/v2/o/authorize/?${parameters}`;
}

/** From the provider's form to the consent page. */
export async function toDecision(page, person = PERSON) {
  await signIn(page, person);
  await page.locator("button[name=decision]").first().waitFor();
}

/** From the application's button to the consent page. */
export async function toConsent(page, redirectUri) {
  await page.goto(await authorization(redirectUri));
  await toDecision(page);
}

export const press = (page, decision) => page.locator(`button[name=decision][value=${decision}]`).click();
