/* Signing out: forgetting tokens here and ending them at the server (RFC 7009), or taking the consent back. */
import type { Connection } from "./connection.js";
import { BluegateError } from "./errors.js";
import type { Signal } from "./platform.js";
import type { Tokens } from "./storage.js";
import { revokeToken } from "./tokens.js";

export async function signOut(app: Connection, withdraw: boolean, signal: Signal | undefined): Promise<void> {
  const present = await app.load();
  if (present === undefined) return;
  let token: Tokens = present;
  try {
    if (withdraw) token = await living(app, signal);
  } finally {
    await (await app.session()).forget(present);
  }
  const endpoint = withdraw ? `${app.base}/${app.version}/o/revoke/` : (await app.discover(signal)).revocationEndpoint;
  if (endpoint === undefined) {
    throw new BluegateError("unsupported", "the server has no revocation endpoint: its tokens end by themselves");
  }
  await revokeToken(app.transport, endpoint, app.clientId, token, signal);
}

/** Blue Button finds a consent by an access token only, and that has to live. */
async function living(app: Connection, signal: Signal | undefined): Promise<Tokens> {
  const { accessToken, expiresAt, scope } = await app.fresh(signal);
  return { accessToken, expiresAt, scope };
}
