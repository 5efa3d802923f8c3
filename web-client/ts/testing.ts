/**
 * A gateway for the tests of an application, in memory: the entry point `@bluegate/client/testing`. It answers what a
 * client of this package asks, without a network, for one made-up person of the sandbox; and fails where a test wants
 * it to.
 *
 * @module
 */
import type { Fetch, Url } from "./platform.js";

/** What a fake gateway starts with. */
export interface FakeOptions {
  /** How many claims there are, of several types, or the FHIR resources themselves. Default 3. */
  readonly claims?: number | readonly FakeResource[];
  /** The person's coverages. Default: those of the sandbox's person. */
  readonly coverages?: readonly FakeResource[];
  /** The person's record. */
  readonly patient?: FakeResource;
  /** The person's insurance card. Default: one with the person and their coverages. */
  readonly insuranceCard?: { readonly resourceType: string; readonly [member: string]: unknown };
  /** Whether the person shares name and address. Default `true`. */
  readonly demographics?: boolean;
}

/** A FHIR resource as JSON. */
export interface FakeResource {
  readonly resourceType: string;
  readonly id: string;
  readonly [member: string]: unknown;
}

/** What a client asked. */
export interface FakeRequest {
  readonly method: string;
  readonly url: Url;
  readonly form: ReadonlyMap<string, string>;
}

/** A gateway in memory. */
export interface FakeGateway {
  /** For the client's options: `new Client({ ...gateway.options })`. */
  readonly options: {
    readonly baseUrl: string;
    readonly clientId: string;
    readonly redirectUri: string;
    readonly fetch: Fetch;
  };
  /** Everything that was asked so far. */
  readonly requests: readonly FakeRequest[];
  /** Does what the person would: goes to `client.authorizationUrl()`, and gives the address to come back to. */
  visit(address: string | Url, decision?: "allow" | "deny"): string;
  /** Signs the person in at a client. */
  signIn(client: FakeClient): Promise<void>;
  /** Ends all access tokens; refresh tokens stay. */
  expire(): void;
  /** Ends the consent: every call is `revoked`. */
  revoke(): void;
  /** The next request to a path that matches is answered with this status. */
  failNext(path: RegExp, status: number): void;
}

/** As much of a client as signing in needs. */
export interface FakeClient {
  authorizationUrl(): Promise<Url>;
  handleCallback(address: string): Promise<unknown>;
}

const BASE = "https://gateway.test";
const PERSON = "-20140000008325";

/** Makes a gateway. */
export function fakeGateway(options: FakeOptions = {}): FakeGateway {
  const { demographics = true } = options;
  const person = options.patient?.id ?? PERSON;
  let resources: Promise<Readonly<Record<string, readonly FakeResource[]>>> | undefined;
  const all = (): Promise<Readonly<Record<string, readonly FakeResource[]>>> => (resources ??= resourcesOf(options, person));
  const scope = ["patient/Coverage.rs", "patient/ExplanationOfBenefit.rs", ...(demographics ? ["patient/Patient.rs", "profile"] : [])].join(" ");
  const requests: FakeRequest[] = [];
  const failures: { path: RegExp; status: number }[] = [];
  const codes = new Map<string, string>();
  const access = new Set<string>();
  const refresh = new Set<string>();
  let revoked = false;
  let made = 0;

  function give(): Response {
    made += 1;
    access.add(`access-${made}`);
    refresh.add(`refresh-${made}`);
    return json({
      access_token: `access-${made}`,
      refresh_token: `refresh-${made}`,
      token_type: "Bearer",
      expires_in: 3600,
      scope,
      patient: person,
      access_grant_expiration: "2099-12-31T00:00:00Z",
    });
  }

  async function token(form: ReadonlyMap<string, string>): Promise<Response> {
    const presented = form.get("refresh_token");
    if (presented !== undefined) {
      if (revoked) return json({ error: "invalid_grant" }, 403);
      // Used once, and without any grace: what is wrong in an application shows at once.
      return refresh.delete(presented) ? give() : json({ error: "invalid_grant" }, 400);
    }
    const challenge = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const right = challenge !== undefined && challenge === (await digest(form.get("code_verifier") ?? ""));
    return right ? give() : json({ error: "invalid_grant" }, 400);
  }

  async function fhir(url: URL, version: string): Promise<Response> {
    const [, type = "", id = ""] = /\/fhir\/(\w+)\/?(.*)$/.exec(url.pathname) ?? [];
    const held = await all();
    const found = ofTypes(held[type], url.searchParams.get("type"));
    if (found === undefined || (type === "Patient" && !demographics)) return json({ detail: "not found", code: "not_found" }, 404);
    if (type === "Patient" && version === "v3" && id === "$generate-insurance-card") {
      const on = [...(held["Patient"] ?? []), ...(held["Coverage"] ?? [])];
      return json(options.insuranceCard ?? { resourceType: "Bundle", type: "collection", entry: on.map((resource) => ({ resource })) });
    }
    if (id !== "") {
      const one = found.find((resource) => resource.id === decodeURIComponent(id));
      return one === undefined ? json({ detail: "not found", code: "not_found" }, 404) : json(one);
    }
    const start = Number(url.searchParams.get("startIndex") ?? 0);
    const count = Number(url.searchParams.get("_count") ?? 10);
    const page = found.slice(start, start + count);
    const next = new URL(`${BASE}/${version}/fhir/${type}?${url.searchParams}`);
    next.searchParams.set("startIndex", String(start + count));
    return json({
      resourceType: "Bundle",
      type: "searchset",
      total: found.length,
      link: start + count < found.length ? [{ relation: "next", url: next.href }] : [],
      entry: page.map((resource) => ({ resource })),
    });
  }

  async function answer(request: FakeRequest, authorization: string | null): Promise<Response> {
    const { url, form } = request;
    const { pathname } = url as URL;
    const failure = failures.find(({ path }) => path.test(pathname));
    if (failure !== undefined) {
      failures.splice(failures.indexOf(failure), 1);
      return json({ detail: "a failure that the test asked for", code: "test" }, failure.status);
    }
    const [, version = "v2", rest = ""] = /^\/(v[123])\/(.*)$/.exec(pathname) ?? [];
    if (/\.well-known\/(oauth-authorization-server|openid-configuration)$/.test(pathname)) return json(metadata(version));
    if (rest === "o/token/") return token(form);
    if (rest === "o/revoke_token/" || rest === "o/revoke/") {
      refresh.delete(form.get("token") ?? "");
      access.clear();
      revoked ||= rest === "o/revoke/";
      return json({});
    }
    if (!/^(fhir|connect)\//.test(rest)) return json({ detail: "not found", code: "not_found" }, 404);
    if (revoked) return json({ detail: "the person took the consent back", code: "grant_revoked" }, 403);
    if (!access.has(authorization?.replace("Bearer ", "") ?? "")) return json({ detail: "unknown token", code: "invalid_token" }, 401);
    if (rest !== "connect/userinfo") return fhir(url as URL, version);
    const [record] = (await all())["Patient"] ?? [];
    return json({ sub: person, patient: person, name: nameOf(record) });
  }

  const gateway: FakeGateway = {
    options: {
      baseUrl: BASE,
      clientId: "test",
      redirectUri: "https://app.test/callback",
      fetch: async (input, init = {}) => {
        init.signal?.throwIfAborted();
        const form = new Map(new URLSearchParams(String(init.body ?? "")));
        const request = { method: init.method ?? "GET", url: new URL(input), form };
        requests.push(request);
        return answer(request, new Headers(init.headers).get("Authorization"));
      },
    },
    requests,
    visit(address, decision = "allow") {
      const asked = new URL(String(address)).searchParams;
      const back = new URL(asked.get("redirect_uri") ?? gateway.options.redirectUri);
      back.searchParams.set("state", asked.get("state") ?? "");
      back.searchParams.set("iss", BASE);
      if (decision === "deny") {
        back.searchParams.set("error", "access_denied");
      } else {
        const code = `code-${(made += 1)}`;
        codes.set(code, asked.get("code_challenge") ?? "");
        revoked = false;
        back.searchParams.set("code", code);
      }
      return back.href;
    },
    async signIn(client) {
      await client.handleCallback(gateway.visit(await client.authorizationUrl()));
    },
    expire: () => access.clear(),
    revoke: () => {
      revoked = true;
    },
    failNext: (path, status) => void failures.push({ path, status }),
  };
  return gateway;
}

function metadata(version: string): object {
  return {
    issuer: BASE,
    authorization_endpoint: `${BASE}/${version}/o/authorize/`,
    token_endpoint: `${BASE}/${version}/o/token/`,
    revocation_endpoint: `${BASE}/${version}/o/revoke_token/`,
    userinfo_endpoint: `${BASE}/${version}/connect/userinfo`,
    code_challenge_methods_supported: ["S256"],
    authorization_response_iss_parameter_supported: true,
  };
}

/** What the test gave, and the sandbox's for the rest; as many claims as were asked for, the same again where there are more. */
async function resourcesOf(options: FakeOptions, person: string): Promise<Record<string, readonly FakeResource[]>> {
  const { default: sandbox } = await import("./testing/person.js");
  const made = JSON.parse(JSON.stringify(sandbox).replaceAll(PERSON, person)) as typeof sandbox;
  const { claims = 3, coverages = made.Coverage, patient } = options;
  const again = (_: unknown, number: number): FakeResource => {
    const { length } = made.ExplanationOfBenefit;
    const claim = made.ExplanationOfBenefit[number % length] as FakeResource;
    return number < length ? claim : { ...claim, id: `${claim.id}${number}` };
  };
  return {
    Patient: patient === undefined ? made.Patient : [patient],
    Coverage: coverages,
    ExplanationOfBenefit: typeof claims === "number" ? Array.from({ length: claims }, again) : claims,
  };
}

/** How a record spells its person's name. */
function nameOf(record: FakeResource | undefined): string {
  const [name] = (record?.["name"] ?? []) as readonly { readonly given?: readonly string[]; readonly family?: string }[];
  return [...(name?.given ?? []), name?.family ?? ""].join(" ").trim();
}

/** The claims of these types: one of the codes of each says it. */
function ofTypes(all: readonly FakeResource[] | undefined, types: string | null): readonly FakeResource[] | undefined {
  const wanted = types?.toLowerCase().split(",");
  const isWanted = ({ type }: FakeResource): boolean => wanted?.some((one) => JSON.stringify(type ?? "").toLowerCase().includes(`"${one}"`)) ?? true;
  return all?.filter(isWanted);
}

async function digest(verifier: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function json(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}
