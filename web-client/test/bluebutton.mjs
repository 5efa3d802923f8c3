// A stand-in for the official Blue Button service, whose documents and habits differ from the gateway's:
//
// - no /.well-known/oauth-authorization-server; its openid-configuration says who it is but nothing of PKCE, its
//   smart-configuration has PKCE but no issuer; v1's are about v2;
// - endpoints are named without the slash that revocation insists on: a POST there is a 301 that loses its body;
// - redirects have no `iss`, token answers no id_token;
// - v3 wants a scope, has ids and tokens of its own;
// - refresh tokens are used once, without any grace;
// - errors are told in four shapes, and mostly in words.
//
// Written from how the service behaves; it holds one person and whatever applications come.
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";

export const PATIENT = { v1: "-20140000008325", v2: "-20140000008325", v3: "-30250000008325" };

export const TIMED_OUT =
  "User access has timed out. To refresh Medicare data, end user must re-authenticate and consent to share their data.";
export const NOT_FOUND =
  "User access cannot be found. To refresh Medicare data, end user must re-authenticate and consent to share their data.";
export const ONE_TIME =
  "Your application is not allowed to refresh tokens. To refresh Medicare data, end user must re-authenticate and consent to share their data.";

const SCOPES = ["patient/Patient.read", "patient/Coverage.read", "patient/ExplanationOfBenefit.read", "profile"];
const SUPPORTED = ["openid", ...SCOPES, "patient/Patient.rs", "patient/ExplanationOfBenefit.rs", "patient/Coverage.rs"];

/**
 * Starts it. What a test may turn is in `state`: `grant` (`"good"`, `"timed out"`, `"gone"`), `oneTime`, `deny`, `inactive`, `empty`,
 * and `asks`: a page with a link before the answer, `"open"` to the window that opened it or `"isolated"` from it.
 */
export async function startBlueButton() {
  const state = { grant: "good", oneTime: false, deny: false, inactive: false, empty: false, asks: false };
  const requests = [];
  const codes = new Map();
  const access = new Map();
  const refresh = new Map();

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, base);
    const asked = {
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
      version: /^\/(v[123])\//.exec(url.pathname)?.[1],
    };
    requests.push(asked);
    const { status = 200, headers, body } = answer(asked);
    response.writeHead(status, { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "authorization, content-type", ...headers });
    response.end(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${server.address().port}`;

  function answer(asked) {
    const { method, path, version } = asked;
    if (method === "OPTIONS") return { status: 204 };
    const document = /^\/\.well-known\/openid-configuration(?:-(v[23]))?$/.exec(path);
    if (document) return json(openid(document[1] ?? "v1"));
    if (version === undefined) return page(404);
    const rest = path.slice(`/${version}/`.length);
    if (rest === "connect/.well-known/openid-configuration") return json(openid(version));
    if (rest === "fhir/.well-known/smart-configuration") return json(smart(version));
    if (/^o\/(authorize|revoke_token|revoke|introspect)$/.test(rest)) {
      return page(301, { Location: `${path}/${asked.query.size ? `?${asked.query}` : ""}` });
    }
    if (rest === "o/authorize/") return authorize(asked);
    if (/^o\/token\/?$/.test(rest)) return method === "POST" ? token(asked) : page(405);
    if (rest === "o/revoke_token/" || rest === "o/revoke/") return method === "POST" ? revoke(asked, rest) : page(405);
    if (rest.startsWith("connect/userinfo")) return protect(asked, userinfo);
    if (rest.startsWith("fhir/")) return protect(asked, fhir);
    return page(404);
  }

  function endpoints(version) {
    const of = version === "v3" ? "v3" : "v2";
    return {
      authorization_endpoint: `${base}/${of}/o/authorize`,
      revocation_endpoint: `${base}/${of}/o/revoke_token`,
      token_endpoint: `${base}/${of}/o/token`,
      grant_types_supported: ["authorization_code"],
      response_types_supported: ["code", "token"],
    };
  }

  function openid(version) {
    const of = version === "v3" ? "v3" : "v2";
    return {
      issuer: base,
      ...endpoints(version),
      userinfo_endpoint: `${base}/${of}/connect/userinfo`,
      ui_locales_supported: ["en-US"],
      fhir_metadata_uri: `${base}/${of}/fhir/metadata`,
    };
  }

  function smart(version) {
    return {
      ...endpoints(version),
      scopes_supported: SUPPORTED,
      code_challenge_methods_supported: ["S256"],
      capabilities: ["client-confidential-symmetric", "context-standalone-patient", "launch-standalone", "permission-patient"],
      // Of another grant than people's, and a public client must not mind.
      ...(version === "v3" ? { token_endpoint_auth_methods_supported: ["private_key_jwt"] } : {}),
    };
  }

  /** Signs the one person in and allows or denies: the pages between are nobody's business here. */
  function authorize({ query, version }) {
    const required = ["code_challenge", "code_challenge_method", "state", ...(version === "v3" ? ["scope"] : [])];
    const missing = required.filter((name) => !query.get(name));
    if (missing.length > 0) return message(400, `Missing Required Parameter(s): ${missing.join(", ")}`);
    if (query.get("state").length < 16) return message(400, "State parameter should have a minimum of 16 characters");
    if (state.asks && !query.has("allow")) {
      const isolated = state.asks === "isolated" ? { "Cross-Origin-Opener-Policy": "same-origin" } : {};
      return { headers: { "Content-Type": "text/html; charset=utf-8", ...isolated }, body: `<!doctype html><title>Blue Button</title><a href="?${query}&amp;allow=1">Allow</a>` };
    }
    const back = new URL(query.get("redirect_uri"));
    back.searchParams.set("state", query.get("state"));
    const scope = query.get("scope")?.split(" ") ?? SCOPES;
    if (!scope.every((one) => SUPPORTED.includes(one))) {
      back.searchParams.set("error", "invalid_scope");
    } else if (state.deny) {
      back.searchParams.set("error", "access_denied");
    } else {
      const code = secret();
      codes.set(code, { scope, version, client: query.get("client_id"), redirect: query.get("redirect_uri"), challenge: query.get("code_challenge") });
      back.searchParams.set("code", code);
    }
    return page(302, { Location: back.href });
  }

  function token({ form, version }) {
    if (state.inactive) return oauth(403, "invalid_client", "This application, Sample, is temporarily inactive.");
    if (form.get("grant_type") === "refresh_token") return renew(form, version);
    const code = codes.get(form.get("code"));
    codes.delete(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    const good = code?.client === form.get("client_id") && code.redirect === form.get("redirect_uri") && code.challenge === challenge;
    return good ? give(code.scope, code.client, version) : oauth(400, "invalid_grant");
  }

  function renew(form, version) {
    if (state.oneTime) return oauth(403, "invalid_client", ONE_TIME);
    const found = refresh.get(form.get("refresh_token"));
    if (found === undefined) {
      return version === "v3" ? message(403, "Request denied") : oauth(400, "invalid_request", "Missing refresh token parameter");
    }
    if (state.grant === "timed out") return oauth(401, "invalid_grant", TIMED_OUT);
    if (state.grant === "gone") return oauth(403, "invalid_grant", NOT_FOUND);
    if (found.used || found.client !== form.get("client_id")) return oauth(400, "invalid_grant");
    found.used = true;
    access.delete(found.access);
    return give(found.scope, found.client, version);
  }

  function give(scope, client, version) {
    const tokens = { access: secret(), refresh: secret() };
    access.set(tokens.access, { scope, client, v3: version === "v3" });
    refresh.set(tokens.refresh, { scope, client, access: tokens.access, used: false });
    return json({
      access_token: tokens.access,
      expires_in: 36000,
      token_type: "Bearer",
      scope: scope.join(" "),
      refresh_token: tokens.refresh,
      patient: PATIENT[version],
      access_grant_expiration: "2027-12-21T19:30:13Z",
    });
  }

  function revoke({ form }, rest) {
    const token = form.get("token");
    // The whole consent is found by an access token, and by nothing else.
    if (rest === "o/revoke/" && access.has(token)) state.grant = "gone";
    access.delete(token);
    access.delete(refresh.get(token)?.access);
    refresh.delete(token);
    return { status: 200 };
  }

  function protect(asked, serve) {
    const found = access.get(/^Bearer (.+)$/.exec(asked.headers.authorization)?.[1]);
    const refused = (text) => json({ detail: text }, 401, { "WWW-Authenticate": 'Bearer realm="api"' });
    if (found === undefined || found.v3 !== (asked.version === "v3")) return refused("Authentication credentials were not provided.");
    if (state.inactive) return refused("This application, Sample, is temporarily inactive. If you are the app maintainer, please contact the Blue Button API team.");
    if (state.grant === "timed out") return refused(TIMED_OUT);
    if (state.grant === "gone") return json({ detail: "You do not have permission to perform this action." }, 403);
    return serve(asked);
  }

  function userinfo({ version }) {
    const patient = PATIENT[version];
    return json({ sub: patient, patient, name: "Jane Doe", given_name: "Jane", family_name: "Doe", email: "", iat: "2017-11-28T00:00:00Z" });
  }

  function fhir({ path, query, version }) {
    if (state.empty) return missing(version);
    const [, type, id] = /fhir\/(\w+)\/?(.*)$/.exec(path);
    const patient = PATIENT[version];
    if (type === "Patient" && id === patient) return json({ resourceType: "Patient", id, birthDate: "1999-06-01" });
    const reference = { reference: `Patient/${patient}` };
    const resources = {
      Coverage: ["a", "b"].map((part) => ({ resourceType: "Coverage", id: `part-${part}-${patient}`, status: "active", beneficiary: reference })),
      ExplanationOfBenefit: [1, 2, 3].map((number) => claim(`carrier-${number}`, reference)),
    }[type];
    const one = resources?.find((resource) => resource.id === id);
    if (one) return json(one);
    if (resources === undefined || id !== "") return missing(version);
    const start = Number(query.get("startIndex") ?? 0);
    const count = Number(query.get("_count") ?? 10);
    const to = (index) => `${base}/${version}/fhir/${type}/?_format=application%2Ffhir%2Bjson&_count=${count}&startIndex=${index}`;
    const next = start + count < resources.length ? [{ relation: "next", url: to(start + count) }] : [];
    return json({
      resourceType: "Bundle",
      type: "searchset",
      total: resources.length,
      link: [{ relation: "first", url: to(0) }, ...next],
      entry: resources.slice(start, start + count).map((resource) => ({ resource })),
    });
  }

  function missing(version) {
    if (version !== "v3") return json({ detail: "Not found." }, 404);
    const issue = [{ severity: "error", code: "not-found", diagnostics: "Resource is not known" }];
    return json({ resourceType: "OperationOutcome", issue }, 404);
  }

  return {
    base,
    state,
    requests,
    /** The requests to one path. */
    to: (path) => requests.filter((request) => request.path === path),
    /** Ends the life of every access token. */
    expire: () => access.clear(),
    /** Where the service sends the browser that was sent to `address`, as a browser would follow. */
    async visit(address) {
      let next = String(address);
      while (next.startsWith(base)) {
        const response = await fetch(next, { redirect: "manual" });
        if (response.status < 300 || response.status > 308) throw new Error(`${response.status} ${await response.text()}`);
        next = new URL(response.headers.get("Location"), next).href;
      }
      return next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function claim(id, patient) {
  return {
    resourceType: "ExplanationOfBenefit",
    id,
    status: "active",
    type: { coding: [{ system: "https://bluebutton.cms.gov/resources/codesystem/eob-type", code: "CARRIER" }] },
    use: "claim",
    patient,
    billablePeriod: { start: "2018-03-04", end: "2018-03-04" },
    payment: { amount: { value: 37.5, currency: "USD" } },
  };
}

const secret = () => randomBytes(22).toString("base64url");
const json = (body, status = 200, headers = {}) => ({ status, headers: { "Content-Type": "application/json", ...headers }, body });
const page = (status, headers = {}) => ({ status, headers: { "Content-Type": "text/html; charset=utf-8", ...headers }, body: `<h1>${status}</h1>` });
const message = (status, text) => json({ status_code: status, message: text }, status);
const oauth = (status, error, description) => json({ status_code: status, error, ...(description ? { error_description: description } : {}) }, status);
