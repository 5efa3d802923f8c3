// What every application does by itself: PKCE, the address to send people to, and the code exchange. On the server's
// side, so that these tests depend on no client library of ours.
import { createHash, randomBytes } from "node:crypto";

/** One way through the flow: where it begins, and what the application keeps until the code comes. */
export function begin(base, client, parameters = {}) {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const url = new URL("/v2/o/authorize/", base);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: client.redirect_uris[0],
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...parameters,
  });
  return { url: url.href, verifier, state, redirectUri: parameters.redirect_uri ?? client.redirect_uris[0] };
}

/** Exchanges the code of an answer; what comes, with its status. */
export async function exchange(base, client, begun, answer) {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: begun.redirectUri,
    code_verifier: begun.verifier,
  });
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  if (client.client_secret) headers.Authorization = basic(client);
  else form.set("client_id", client.client_id);
  // As a stream: it leaves without `Content-Length`, in pieces, as many libraries send it.
  const body = new Blob([form.toString()]).stream();
  return json(await fetch(`${base}/v2/o/token/`, { method: "POST", headers, body, duplex: "half" }));
}

/** A FHIR call. */
export async function fhir(base, token, path) {
  return json(await fetch(`${base}/v2/fhir/${path}`, { headers: { Authorization: `Bearer ${token}` } }));
}

async function json(response) {
  const text = await response.text();
  try {
    return { status: response.status, ...JSON.parse(text) };
  } catch {
    throw new Error(`${response.status} ${response.url}: ${text.slice(0, 300)}`);
  }
}

const basic = ({ client_id: id, client_secret: secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
