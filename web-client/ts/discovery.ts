/*
 * What there is to know of the authorization server (RFC 8414): found at the server's well-known places, or
 * told by the application.
 */
import { BluegateError } from "./errors.js";
import { bodyOf, detailsOf, send, type Transport } from "./http.js";
import { parseObject, text } from "./json.js";

/** Authorization server metadata in the names of RFC 8414, for a server that publishes none, or not all. */
export interface AuthorizationServerMetadata {
  /** Who the server says it is in its redirects (RFC 9207). Default: `baseUrl`. */
  readonly issuer?: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly revocation_endpoint?: string;
  readonly userinfo_endpoint?: string;
  readonly scopes_supported?: readonly string[];
  /** Default: `["S256"]`, the only method there is here. */
  readonly code_challenge_methods_supported?: readonly string[];
  /** Whether every redirect names the issuer (RFC 9207). Default: `false`. */
  readonly authorization_response_iss_parameter_supported?: boolean;
}

/**
 * The part of the metadata that a public client uses.
 *
 * @internal
 */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  readonly userinfoEndpoint: string | undefined;
  readonly scopes: readonly string[] | undefined;
  /** Whether the answer in the redirect always names its issuer (RFC 9207, section 3). */
  readonly issInRedirect: boolean;
}

/** Metadata as it was read or given: nothing about its members is known yet. */
type Document = Readonly<Record<string, unknown>>;

/**
 * Finds the metadata of the server at `base` (without a trailing slash). What the application gives comes
 * first; with both endpoints given, nobody is asked.
 *
 * The first place is enough for a server that follows RFC 8414. Blue Button says who it is in one document and
 * that it has PKCE in another, so all others are read together, and what an earlier one says holds.
 *
 * @internal
 */
export async function discover(
  transport: Transport,
  base: string,
  version: string,
  given?: AuthorizationServerMetadata,
): Promise<ServerMetadata> {
  if (given?.authorization_endpoint !== undefined && given.token_endpoint !== undefined) {
    return check({ code_challenge_methods_supported: ["S256"], ...given }, base, []);
  }
  const [first, ...others] = places(version);
  const asked: string[] = [];
  const read = (path: string): Promise<Document> => readDocument(transport, base, path, version, asked);
  let found: Document = { ...(await read(first)), ...given };
  if (!isComplete(found)) {
    for (const document of await Promise.all(others.map(read))) found = merge(found, document);
  }
  return check(found, base, asked);
}

/**
 * Where documents are looked for. Those at the root are about v2, whose tokens serve v1 too; v3 knows people by
 * other ids and has its own.
 */
function places(version: string): [string, ...string[]] {
  const [root, openid] = ROOTS;
  const versioned = `/${version}/connect/.well-known/openid-configuration`;
  const smart = `/${version}/fhir/.well-known/smart-configuration`;
  return version === "v3" ? [versioned, `${openid}-v3`, smart, root] : [root, openid, versioned, smart];
}

/** One document; an empty one where there is none. A server in trouble is not a server without a document. */
async function readDocument(
  transport: Transport,
  base: string,
  path: string,
  version: string,
  asked: string[],
): Promise<Document> {
  let response: Response;
  try {
    response = await send(transport, base + path, { headers: { Accept: "application/json" } });
  } catch (error) {
    if (!(error instanceof BluegateError) || error.code !== "bad_response") throw error;
    asked.push(error.message);
    return {};
  }
  const { status } = response;
  // Falling back here could lose what a document promises, such as `iss` in every redirect.
  if (status === 429 || status >= 500) {
    throw new BluegateError("discovery_failed", `${base}${path} answered ${status}: try again later`, detailsOf(response));
  }
  const body = response.ok ? parseObject(await bodyOf(response)) : undefined;
  asked.push(`${base}${path} ${response.ok && body === undefined ? "is not JSON" : `answered ${status}`}`);
  if (body === undefined) return {};

  // RFC 8414, section 3.3: a document that names another issuer must not be used.
  const issuer = body["issuer"];
  if (issuer !== undefined && text(issuer)?.replace(/\/$/, "") !== base) {
    throw new BluegateError("discovery_failed", `${base}${path} says that the server is ${String(issuer)}: use that as baseUrl`);
  }
  if (!ROOTS.includes(path)) return body;
  return Object.fromEntries(Object.entries(body).filter(([name, value]) => isOf(version, name, value)));
}

/**
 * Whether an endpoint in a document for all versions serves this one: codes and tokens of v3 are good for nothing
 * else, nor others for v3.
 */
function isOf(version: string, name: string, value: unknown): boolean {
  const of = /_endpoint$/.test(name) && /\/(v\d)\/(?:o|connect)\//.exec(String(value))?.[1];
  return !of || (of === "v3") === (version === "v3");
}

/** Earlier documents hold; that every redirect names its issuer holds if any says so. */
function merge(earlier: Document, later: Document): Document {
  const iss = "authorization_response_iss_parameter_supported";
  return { ...later, ...earlier, [iss]: earlier[iss] === true || later[iss] === true };
}

function isComplete(found: Document): boolean {
  return REQUIRED.every((name) => found[name] !== undefined);
}

function check(found: Document, base: string, asked: readonly string[]): ServerMetadata {
  const missing = REQUIRED.filter((name) => found[name] === undefined);
  if (missing.length > 0) {
    throw new BluegateError(
      "discovery_failed",
      `nothing at ${base} says its ${missing.join(", ")} (${asked.join("; ")}): check baseUrl, or give the option metadata`,
    );
  }
  const methods = found["code_challenge_methods_supported"];
  if (!Array.isArray(methods) || !methods.includes("S256")) {
    throw new BluegateError("discovery_failed", `the server at ${base} does not offer PKCE with S256`);
  }
  const scopes = found["scopes_supported"];
  return {
    issuer: text(found["issuer"]) ?? base,
    authorizationEndpoint: endpoint(found, "authorization_endpoint", base),
    tokenEndpoint: endpoint(found, "token_endpoint", base),
    revocationEndpoint: optional(found, "revocation_endpoint", base),
    userinfoEndpoint: optional(found, "userinfo_endpoint", base),
    scopes: Array.isArray(scopes) ? scopes.map(String) : undefined,
    issInRedirect: found["authorization_response_iss_parameter_supported"] === true,
  };
}

function optional(found: Document, name: string, base: string): string | undefined {
  return found[name] === undefined ? undefined : endpoint(found, name, base);
}

/** Codes and tokens go there: over TLS, unless the server itself is without. */
function endpoint(found: Document, name: string, base: string): string {
  const value = String(found[name]);
  if (!(base.startsWith("https:") ? /^https:\/\//i : /^https?:\/\//i).test(value)) {
    throw new BluegateError("discovery_failed", `the ${name} of ${base} is ${value}, which is no https address`);
  }
  return value;
}

/** The documents for all versions. */
const ROOTS: readonly [string, string, ...string[]] = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
];

/** What cannot be done without. */
const REQUIRED = ["authorization_endpoint", "token_endpoint", "code_challenge_methods_supported"];
