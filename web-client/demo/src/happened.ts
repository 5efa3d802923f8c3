/*
 * What just happened, seen from the page: what it asked for and was given, what the gateway proved and wrote down, and
 * that the next call fails once the permission is taken back.
 */
import type { Client, Fetch, Tokens } from "./client/index.js";
import { button, el, link } from "./dom.js";
import type { Basics } from "./view.js";

/** A call that the page made. */
export interface Call {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** The latest calls, and how many there were with data. */
export class Calls {
  readonly latest: Call[] = [];
  answers = 0;

  /** A `fetch` that notes what it does; addresses without their query, which may name a person's choices. */
  readonly fetch: Fetch = async (input, init) => {
    const response = await fetch(input as RequestInfo, init as RequestInit);
    const { pathname } = new URL(response.url || String(input), location.href);
    const call = {
      at: Date.now(),
      method: init?.method ?? "GET",
      path: pathname,
      status: response.status,
      requestId: response.headers.get("x-request-id") ?? undefined,
    };
    if (response.ok && pathname.includes("/fhir/")) this.answers += 1;
    // What says nothing of anybody is not in the audit.
    if (!pathname.includes("/.well-known/")) this.latest.unshift(call);
    this.latest.length = Math.min(this.latest.length, KEPT);
    return response;
  };
}

/** The section; `records` counts what the page holds. */
export function happened(context: Basics, client: Client, tokens: Tokens, calls: Calls, records: () => number, ended: () => void) {
  const { texts, formats } = context;
  const guard = el("p", {});
  const rows = el("ol", { class: "calls", role: "list" });
  const result = el("div", { role: "status" });
  const update = () => {
    guard.textContent = texts.happenedGuard(formats.number(calls.answers), formats.number(records()));
    rows.replaceChildren(
      ...calls.latest.map(({ at, method, path, status, requestId }) =>
        el("li", {}, el("span", {}, `${formats.time(at)} `), el("code", {}, `${method} ${path}`), ` ${status} `, requestId === undefined ? undefined : el("code", { class: "id" }, requestId)),
      ),
    );
  };
  const revoke = button(texts.revoke, "button danger", async () => {
    revoke.disabled = true;
    result.replaceChildren(el("p", { class: "quiet" }, texts.revoking));
    try {
      await client.signOut({ withdraw: true });
    } catch {
      result.replaceChildren(el("p", { class: "notice", role: "alert" }, texts.revokeFailed));
      return;
    }
    result.replaceChildren(el("p", { class: "notice good" }, await nextCall(context, tokens, calls)));
    update();
    ended();
  });
  const element = el(
    "section",
    { class: "card section", "aria-labelledby": "happened-title", id: "happened" },
    el("h2", { id: "happened-title" }, texts.happened),
    el(
      "ol",
      { class: "steps" },
      el("li", {}, el("p", {}, texts.happenedSignIn)),
      el("li", {}, el("p", {}, texts.happenedScopes), scopes(context, tokens)),
      el("li", {}, guard),
      el("li", {}, el("p", {}, texts.happenedAudit), rows, link("/account/", texts.toAccount)),
      el("li", {}, el("p", {}, texts.happenedRevoke), revoke, result),
    ),
  );
  return { element, update };
}

/** What was asked for, and what of it was given. */
function scopes({ texts }: Basics, { scope }: Tokens) {
  const given = (name: string) => scope.some((one) => one === name || one.startsWith(`${name}.`));
  return el(
    "ul",
    { class: "scopes" },
    ...ASKED.map((name) =>
      el("li", {}, el("span", { class: given(name) ? "badge" : "badge off" }, given(name) ? texts.given : texts.notGiven), ` ${texts.scopes[name] ?? name} `, el("code", {}, name)),
    ),
  );
}

/** The same call as before, with the token from before. */
async function nextCall({ texts }: Basics, { accessToken }: Tokens, calls: Calls): Promise<string> {
  const path = "/v2/fhir/Coverage";
  try {
    const response = await calls.fetch(new URL(path, location.origin).href, { headers: { Authorization: `Bearer ${accessToken}` } });
    const { code, error } = (await response.json()) as { readonly code?: string; readonly error?: string };
    return texts.revoked(path, String(response.status), code ?? error ?? "");
  } catch {
    return texts.revokeFailed;
  }
}

/** What an application of the sandbox asks for, unless it asks for less. */
const ASKED = ["patient/Patient", "patient/Coverage", "patient/ExplanationOfBenefit", "profile", "openid"];
const KEPT = 6;
