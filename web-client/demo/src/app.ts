/*
 * The demo page: a public client that signs a person in and answers what they paid, to whom and for what.
 * Everything of OAuth and FHIR is the package's; this file decides what is on the screen.
 */
import { BluegateError, Client, type Patient, type Tokens } from "./client/index.js";
import { claimWords } from "./client/labels.js";
import { CLIENT_ID } from "./config.js";
import { button, el, link } from "./dom.js";
import { formatsIn } from "./format.js";
import { Calls } from "./happened.js";
import { Overview, type Kept } from "./person.js";
import { Records } from "./records.js";
import { welcome } from "./start.js";
import { preferredLanguage, textsIn, type Language } from "./text.js";
import * as view from "./view.js";

const LANGUAGE_KEY = "bluegate-demo:language";

const calls = new Calls();
const client = new Client({
  baseUrl: location.origin,
  clientId: CLIENT_ID,
  redirectUri: `${location.origin}/demo/`,
  storage: "session",
  fetch: calls.fetch,
});

const app = document.getElementById("app") ?? document.body;
let context = await basicsIn(preferredLanguage(sessionStorage.getItem(LANGUAGE_KEY), navigator.languages));
let show: () => void = start;
/** What the signed-in screen is made of; a change of language draws it again, and loads nothing. */
let kept: Kept | undefined;

start();

/** The beginning: an answer from the gateway in the address, a session from before a reload, or neither. */
function start(): void {
  show = start;
  const answered = new URL(location.href).searchParams.has("state");
  const known = answered || Object.keys(sessionStorage).some((key) => !key.startsWith("bluegate-demo:"));
  if (known) screen([view.waiting(context.texts.loading)]);
  else signedOut();
  if (!known) return;
  client
    .handleCallback()
    .then(async (tokens) => tokens ?? (await client.session()))
    .then((tokens) => (tokens === undefined ? signedOut() : signedIn(tokens)))
    .catch((error: unknown) => signedOut(error));
}

/** The first screen; what there is to say stands above it. */
function signedOut(reason?: unknown): void {
  kept?.records.free();
  kept = undefined;
  show = () => signedOut(reason);
  const note = typeof reason === "function" ? (reason as () => HTMLElement)() : view.failure(context, reason);
  const first = welcome(context, signIn);
  screen(reason === undefined ? [first] : [note, first]);
}

async function signIn(account?: string): Promise<void> {
  screen([view.waiting(context.texts.signingIn)]);
  try {
    await client.signIn({ lang: context.language, ...(account === undefined ? {} : { loginHint: account, prompt: "login" }) });
  } catch (error) {
    signedOut(error);
  }
}

/** Asks which of the two is meant: leaving this page, or ending the permission as well. */
function askSignOut(tokens: Tokens): void {
  const { texts, formats } = context;
  const until = tokens.accessGrantExpiration && formats.instant(tokens.accessGrantExpiration);
  const dialog = el("dialog", { class: "detail ask", "aria-labelledby": "ask-title" });
  const leave = (withdraw: boolean) => () => {
    dialog.close();
    void signOut(withdraw, until);
  };
  dialog.append(
    el("h2", { id: "ask-title" }, texts.signOutTitle),
    el("p", {}, texts.signOutSays(until)),
    el(
      "div",
      { class: "choices" },
      button(texts.signOutOnly, "button primary", leave(false)),
      button(texts.signOutAndStop, "button", leave(true)),
      button(texts.stay, "link", () => dialog.close()),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

async function signOut(withdraw: boolean, until: string | undefined): Promise<void> {
  screen([view.waiting(context.texts.signingOut)]);
  const said = (words: () => string) => () => view.message(words(), withdraw ? undefined : link("/account/", context.texts.toAccount));
  try {
    await client.signOut({ withdraw });
    signedOut(said(() => (withdraw ? context.texts.stopped : context.texts.signedOut(until))));
  } catch {
    signedOut(() => view.message(context.texts.signOutFailed, link("/account/", context.texts.toAccount)));
  }
}

function signedIn(tokens: Tokens): void {
  const records = new Records(client.claims({ pageSize: PAGE, concurrency: AT_ONCE }));
  kept = {
    tokens,
    records,
    year: undefined,
    narrowed: { search: "", care: "", only: undefined },
    patient: undefined,
    coverage: undefined,
    failed: undefined,
    over: false,
  };
  void present(kept);
}

/** Draws the screen of whoever is signed in. */
async function present(all: Kept): Promise<void> {
  show = () => void present(all);
  const words = await claimWords(context.language).catch(() => undefined);
  if (words === undefined || kept !== all) return;
  const overview = new Overview({ ...context, words }, all, { client, calls, over: ended, screen: (nodes) => screen(nodes, () => askSignOut(all.tokens)) });
  overview.show();
  await load(all, overview);
}

/** Loads what is not there yet, each part by itself; one fault is said once. */
async function load(all: Kept, overview: Overview): Promise<void> {
  if (all.loading !== undefined) {
    all.overview = overview;
    return;
  }
  all.overview = overview;
  all.failed = undefined;
  overview.begin();
  const part = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (isOver(error)) throw error;
      all.failed ??= error;
    }
  };
  all.loading = Promise.all([
    part(async () => {
      all.patient ??= { known: await patient() };
      all.overview?.drawPerson();
    }),
    part(async () => {
      all.coverage ??= await client.coverage();
      all.overview?.drawPerson();
    }),
    part(() => all.records.load(async () => all.overview?.arrived())),
  ]);
  try {
    await all.loading;
  } catch (error) {
    if (kept === all && !all.over) signedOut(error);
    return;
  } finally {
    all.loading = undefined;
  }
  if (kept === all && all.failed !== undefined) all.overview.drawFault(() => load(all, all.overview ?? overview));
}

/** The permission was taken back on this page: what is shown stays to be looked at, and nothing more is loaded. */
function ended(): void {
  if (kept !== undefined) kept.over = true;
}

/** The person's record, or nothing where they did not share it. */
async function patient(): Promise<Patient | undefined> {
  try {
    return await client.patient();
  } catch (error) {
    if (error instanceof BluegateError && error.code === "demographics_withheld") return undefined;
    throw error;
  }
}

/** Whether only a new sign-in helps. */
function isOver(error: unknown): boolean {
  return error instanceof BluegateError && ["grant_expired", "not_signed_in", "revoked", "session_ended"].includes(error.code);
}

/** Replaces what is on the screen; `leave` is what signing out does, for whoever is signed in. */
function screen(content: readonly Node[], leave?: () => void): void {
  const { texts, language } = context;
  const first = app.dataset["drawn"] === undefined;
  app.dataset["drawn"] = "";
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

async function switchLanguage(): Promise<void> {
  const language = context.language === "en" ? "es" : "en";
  sessionStorage.setItem(LANGUAGE_KEY, language);
  context = await basicsIn(language);
  show();
}

async function basicsIn(language: Language): Promise<view.Basics> {
  return { language, texts: await textsIn(language), formats: formatsIn(language) };
}

/** Claims on a page: the most that the gateway gives. */
const PAGE = 50;
/** Pages on their way at once: of a browser's six connections to a server, two stay for everything else. */
const AT_ONCE = 4;
