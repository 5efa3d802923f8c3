/*
 * The demo page: a public client that signs a person in and shows that person's coverage and claims.
 * Everything of OAuth and FHIR is the package's; this file decides what is on the screen.
 */
import { BluegateError, Client, type PageIterator, type Tokens } from "./client/index.js";
import { CLIENT_ID } from "./config.js";
import { el } from "./dom.js";
import { formatsIn } from "./format.js";
import { ClaimList } from "./list.js";
import * as overview from "./overview.js";
import { Records } from "./records.js";
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
let records: Records | undefined;

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
  records?.free();
  records = undefined;
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
  about.element.classList.add("card");
  coverage.element.classList.add("card");
  const claims = new ClaimsView(client.claims({ pageSize: 50 }));
  records?.free();
  records = claims.records;
  screen(
    [
      el("h1", { tabindex: "-1" }, texts.hello),
      claims.summary,
      el("div", { class: "columns" }, about.element, coverage.element),
      ...claims.sections,
      view.howItIsDone(context),
    ],
    signOut,
  );

  const person = patient();
  void fill(about.body, 1, async () => view.person(context, tokens, await person));
  void fill(coverage.body, 2, async () => {
    // Without the person's record their coverage is shown all the same.
    const death = (await person.catch(() => undefined))?.deathDate;
    return [view.coverages(context, await client.coverage(), death)];
  });
  void claims.load();
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

/** Everything that is made of claims; it grows while their pages arrive. */
class ClaimsView {
  readonly records: Records;
  readonly summary = el("div", {});
  readonly sections: readonly HTMLElement[];
  readonly #progress = el("div", { class: "progress", "aria-busy": "true" });
  readonly #timeline = view.section("timeline", context.texts.timeline);
  readonly #spending = view.section("spending", context.texts.spending);
  readonly #medicines = view.section("medicines", context.texts.medicines);
  readonly #list: ClaimList;
  #drawn = 0;

  constructor(pages: PageIterator) {
    const { texts } = context;
    this.records = new Records(pages);
    const count = el("p", { class: "quiet", role: "status" });
    const claims = view.section("claims", texts.claims, count);
    this.#list = new ClaimList(context, this.records, count);
    claims.body.append(this.#progress, this.#list.element);
    this.summary.append(view.skeletons(1, texts.loading));
    for (const { element, body } of [this.#timeline, this.#spending, this.#medicines]) {
      element.classList.add("card");
      body.append(view.skeletons(1, texts.loading));
    }
    this.sections = [this.#timeline.element, this.#spending.element, this.#medicines.element, claims.element];
  }

  async load(): Promise<void> {
    this.#progress.replaceChildren(view.progress(context, this.records));
    try {
      await this.records.load(() => this.#arrived());
    } catch (error) {
      if (over(error)) return signedOut(error);
      this.#progress.replaceChildren(view.failure(context, error, () => this.load()));
      // The sums of a part are never shown as if they were of everything.
      this.summary.replaceChildren(overview.summary(context, this.records, error, () => this.load()));
    }
  }

  /** Sums are drawn with each page; the rest when enough is new, since drawing costs more than reading. */
  #arrived(): void {
    const { items, complete } = this.records;
    this.#progress.setAttribute("aria-busy", String(!complete));
    this.#progress.replaceChildren(...(complete ? [] : [view.progress(context, this.records)]));
    this.summary.replaceChildren(overview.summary(context, this.records));
    if (!complete && this.#drawn > 0 && items.length < this.#drawn * 2) return;
    this.#drawn = items.length;
    this.#list.update();
    // Each part in a task of its own.
    const draw = [
      () => this.#timeline.body.replaceChildren(overview.care(context, this.records)),
      () => this.#spending.body.replaceChildren(...overview.spending(context, this.records)),
      () => this.#medicines.body.replaceChildren(overview.medicines(context, this.records)),
    ];
    for (const part of draw) setTimeout(part);
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
