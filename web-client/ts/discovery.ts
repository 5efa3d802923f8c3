/* Authorization server metadata (RFC 8414). */
import { BluegateError } from "./errors.js";
import { objectOf, send, text, type Transport } from "./http.js";

/** The part of the metadata that a public client uses. */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  readonly userinfoEndpoint: string | undefined;
  /** Whether the answer in the redirect always names its issuer (RFC 9207, section 3). */
  readonly issInRedirect: boolean;
}

/**
 * Fetches and checks the metadata of the server at `base` (without a trailing slash). The root document
 * points to v2, whose tokens serve v1 too; v3 knows people by other ids and has its own.
 */
export async function discover(transport: Transport, base: string, version: string): Promise<ServerMetadata> {
  const path =
    version === "v3" ? "/v3/connect/.well-known/openid-configuration" : "/.well-known/oauth-authorization-server";
  const response = await send(transport, base + path, { headers: { Accept: "application/json" } });
  if (!response.ok) {
    throw new BluegateError("discovery_failed", `discovery answered ${response.status}`, {
      status: response.status,
    });
  }
  const body = await objectOf(response);

  // RFC 8414, section 3.3: a document that names another issuer must not be used.
  const issuer = text(body["issuer"]);
  if (issuer !== base) {
    throw new BluegateError("discovery_failed", `the server at ${base} says it is ${issuer}`);
  }
  const methods = body["code_challenge_methods_supported"];
  if (!Array.isArray(methods) || !methods.includes("S256")) {
    throw new BluegateError("discovery_failed", "the server does not offer PKCE with S256");
  }
  return {
    issuer,
    authorizationEndpoint: endpoint(body, "authorization_endpoint"),
    tokenEndpoint: endpoint(body, "token_endpoint"),
    revocationEndpoint: text(body["revocation_endpoint"]),
    userinfoEndpoint: text(body["userinfo_endpoint"]),
    issInRedirect: body["authorization_response_iss_parameter_supported"] === true,
  };
}

function endpoint(body: Record<string, unknown>, name: string): string {
  const value = text(body[name]);
  if (value === undefined || !/^https?:\/\//.test(value)) {
    throw new BluegateError("discovery_failed", `the metadata has no ${name}`);
  }
  return value;
}
