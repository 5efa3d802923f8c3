/*
 * The demo page: a public client that signs a person in and shows that person's coverage and claims.
 * Everything of OAuth and FHIR is the package's; this file decides what is on the screen.
 */
import { BluegateError, Client, type ClaimPage, type PageIterator, type Tokens } from "./client/index.js";
import { CLIENT_ID } from "./config.js";
import { button, el } from "./dom.js";
import { formatsIn } from "./format.js";
import { preferredLanguage, textsIn, type Language } from "./text.js";
import * as view from "./view.js";

const LANGUAGE_KEY = "bluegate-demo:language";

const client = new Client({
  baseUrl: location.origin,
  clientId: CLIENT_ID,
  redirectUri: `${location.origin}/demo/`,
  storage: "session",
});

const app = document.getElementById("app") ?? document.body;
let context = contextIn(preferredLanguage(sessionStorage.getItem(LANGUAGE_KEY), navigator.languages));
let show: () => void = start;

start();

/** The beginning: an answer from the gateway in the address, a session from before a reload, or neither. */
function start(): void {
  show = start;
  screen([view.waiting(context.texts.loading)]);
  client
    .handleCallback()
    .then(async (tokens) => tokens ?? (await client.session()))
    .then((tokens) => (tokens === undefined ? signedOut() : signedIn(tokens)))
    .catch((error: unknown) => signedOut(error));
}

function signedOut(reason?: unknown): void {
  show = () => signedOut(reason);
  const note = typeof reason === "string" ? view.message(reason) : view.failure(context, reason);
  const start = view.welcome(context, signIn);
  screen(reason === undefined ? [start] : [note, start]);
}

async function signIn(): Promise<void> {
  screen([view.waiting(context.texts.signingIn)]);
  try {
    await client.signIn({ lang: context.language });
  } catch (error) {
    signedOut(error);
  }
}

async function signOut(): Promise<void> {
  screen([view.waiting(context.texts.signingOut)]);
  try {
    await client.signOut();
    signedOut(context.texts.signedOut);
  } catch {
    signedOut(context.texts.signOutFailed);
  }
}

function signedIn(tokens: Tokens): void {
  show = () => signedIn(tokens);
  const { texts } = context;
  const about = view.section("person", texts.person);
  const coverage = view.section("coverage", texts.coverage);
  const count = el("p", { class: "quiet", role: "status" });
  const claims = view.section("claims", texts.claims, count);
  about.element.classList.add("card");
  coverage.element.classList.add("card");
  screen(
    [
      el("h1", { tabindex: "-1" }, texts.hello),
      el("div", { class: "columns" }, about.element, coverage.element),
      claims.element,
    ],
    signOut,
  );

  void fill(about.body, 1, async () => view.person(context, tokens, await patient()));
  void fill(coverage.body, 2, async () => [view.coverages(context, await client.coverage())]);
  new ClaimList(claims.body, count, client.claims()).load();
}

/** The person's record, or nothing where they did not share it. */
async function patient() {
  try {
    return await client.patient();
  } catch (error) {
    if (error instanceof BluegateError && error.code === "demographics_withheld") return undefined;
    throw error;
  }
}

/** Fills a part of the page, and says in its place when that fails. */
async function fill(place: HTMLElement, boxes: number, make: () => Promise<HTMLElement[]>): Promise<void> {
  place.replaceChildren(view.skeletons(boxes, context.texts.loading));
  try {
    place.replaceChildren(...(await make()));
  } catch (error) {
    if (over(error)) signedOut(error);
    else place.replaceChildren(view.failure(context, error, () => fill(place, boxes, make)));
  }
}

/** The claims on the screen, and the button for the next page. */
class ClaimList {
  readonly #count: HTMLElement;
  readonly #pages: PageIterator;
  readonly #list = el("ul", { class: "claims" });
  readonly #rest = el("div", { class: "more" });
  #shown = 0;

  constructor(place: HTMLElement, count: HTMLElement, pages: PageIterator) {
    this.#count = count;
    this.#pages = pages;
    place.replaceChildren(this.#list, this.#rest);
  }

  async load(): Promise<void> {
    const { texts } = context;
    const more = this.#shown > 0;
    this.#rest.replaceChildren(
      more ? view.waiting(texts.loadingMore) : view.skeletons(4, texts.loading),
    );
    try {
      const { value: page } = await this.#pages.next();
      if (page !== undefined) this.#add(page, more);
      const next = button(texts.loadMore, "button", () => this.load());
      this.#rest.replaceChildren(...(this.#pages.done ? [] : [next]));
      if (this.#shown === 0) this.#rest.replaceChildren(el("p", { class: "quiet" }, texts.noClaims));
    } catch (error) {
      if (over(error)) signedOut(error);
      else this.#rest.replaceChildren(view.failure(context, error, () => this.load()));
    }
  }

  #add(page: ClaimPage, more: boolean): void {
    const { texts } = context;
    const items = page.rows.map((row) => view.claim(context, row));
    this.#list.append(...items);
    this.#shown += items.length;
    this.#count.textContent =
      page.total === undefined ? texts.shown(this.#shown) : texts.shownOf(this.#shown, page.total);
    page.free();
    // The button that had the focus is gone: go on where the new claims begin.
    if (more) items[0]?.querySelector("h3")?.focus();
  }
}

/** Whether only a new sign-in helps. */
function over(error: unknown): boolean {
  return (
    error instanceof BluegateError &&
    ["grant_expired", "not_signed_in", "revoked", "session_ended"].includes(error.code)
  );
}

/** Replaces what is on the screen; `leave` is what signing out does, for whoever is signed in. */
function screen(content: readonly Node[], leave?: () => void): void {
  const { texts, language } = context;
  const first = app.childElementCount === 0;
  document.documentElement.lang = language;
  document.title = texts.title;
  const main = el("main", { id: "main", tabindex: "-1" }, ...content);
  app.replaceChildren(
    el("a", { class: "skip", href: "#main" }, texts.skip),
    view.topBar(context, switchLanguage, leave),
    main,
    el("footer", { class: "foot" }, texts.foot),
  );
  if (!first) (main.querySelector("h1") ?? main).focus();
}

function switchLanguage(): void {
  const language = context.language === "en" ? "es" : "en";
  sessionStorage.setItem(LANGUAGE_KEY, language);
  context = contextIn(language);
  show();
}

function contextIn(language: Language): view.Context {
  return { language, texts: textsIn(language), formats: formatsIn(language) };
}
