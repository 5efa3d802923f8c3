// An identity provider that nobody here wrote: the npm package `oidc-provider`, with its own pages for sign-in,
// consent and sign-out. It answers by `query`, wants PKCE, and puts its claims into the id_token.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:https";
import { once } from "node:events";

/**
 * Starts it. `people` are `{ subject, mbi?, name, email }`; its form takes the subject as the login. `client` is the gateway as
 * the provider knows it: id, secret, where it comes back to, and the algorithm of its id_tokens (ES256 or RS256).
 */
export async function startProvider({ port, origin, tls, people, client }) {
  quiet();
  const { Provider } = await import("oidc-provider");
  const keys = [newKey(client.algorithm)];
  const make = () => new Provider(origin, configuration(people, client, keys)).callback();
  let handle = make();
  const server = createServer(tls, (request, response) => handle(request, response));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    origin,
    /** From now on another key signs, and the former one is not published any more. Its sessions end with it. */
    async rotateKeys() {
      keys.splice(0, keys.length, newKey(client.algorithm));
      handle = make();
      return keys[0].kid;
    },
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function configuration(people, client, keys) {
  return {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: client.redirectUris,
        post_logout_redirect_uris: client.signOutUris,
        response_types: ["code"],
        grant_types: ["authorization_code"],
        id_token_signed_response_alg: client.algorithm,
      },
    ],
    jwks: { keys },
    claims: { openid: ["sub", "mbi"], profile: ["name", "given_name", "family_name", "locale"], email: ["email"] },
    // Claims in the id_token, where the gateway reads them, and not at userinfo alone.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["field tests"] },
    ttl: { Interaction: HOUR, Session: HOUR, Grant: HOUR, AuthorizationCode: 60, AccessToken: HOUR, IdToken: HOUR },
    findAccount(_, subject) {
      const person = people.find((one) => one.subject === subject);
      if (person === undefined) return undefined;
      const { mbi, name, email } = person;
      const [given, ...family] = name.split(" ");
      const claims = { sub: subject, mbi, name, given_name: given, family_name: family.join(" "), email, locale: "en" };
      return { accountId: subject, claims: () => claims };
    },
  };
}

function newKey(algorithm) {
  const { privateKey } = algorithm === "RS256"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: algorithm, use: "sig" };
}

const HOUR = 3600;

/** It says on the console that its pages and its store are meant for tests. They are used in one. */
function quiet() {
  const { info, warn } = console;
  const others = (say) => (first, ...rest) => String(first).includes("oidc-provider") || say(first, ...rest);
  Object.assign(console, { info: others(info), warn: others(warn) });
}
