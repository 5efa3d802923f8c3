/* The screen of whoever is signed in: the year, what it comes to, its claims, charts, coverage, and what just happened. */
import type { Client, Coverage, Patient, Tokens } from "./client/index.js";
import { chart } from "./bars.js";
import { button, el, link } from "./dom.js";
import { happened, type Calls } from "./happened.js";
import { ClaimList, type Narrowed } from "./list.js";
import { medicines } from "./medicines.js";
import { equation, summary, type Progress } from "./overview.js";
import { kindOf, read, type Item, type Records } from "./records.js";
import { statement } from "./statement.js";
import * as view from "./view.js";
import { ALL_YEARS, counted, groupsBy, ofYear, providerOf, timeOf, yearsOf, type Group } from "./year.js";

/** What outlives a change of language. */
export interface Kept {
  readonly tokens: Tokens;
  readonly records: Records;
  readonly narrowed: Narrowed;
  /** The year that was chosen; before, the latest one. */
  year: string | undefined;
  patient: { readonly known: Patient | undefined } | undefined;
  coverage: readonly Coverage[] | undefined;
  /** What went wrong while loading. */
  failed: unknown;
  /** The permission was taken back. */
  over: boolean;
  loading?: Promise<unknown> | undefined;
  overview?: Overview;
}

/** What the screen needs of the page around it. */
export interface Around {
  readonly client: Client;
  readonly calls: Calls;
  over(): void;
  screen(content: readonly Node[]): void;
}

/** The parts of the screen, drawn as data arrives and as the reader chooses. */
export class Overview {
  readonly #context: view.Context;
  readonly #kept: Kept;
  readonly #around: Around;
  readonly #title = el("h1", { tabindex: "-1" });
  readonly #fault = el("div", { class: "fault" });
  readonly #years = el("div", { class: "years", role: "group" });
  readonly #summary = el("section", { class: "card section", id: "sums" });
  readonly #waiting = el("div", {});
  readonly #rest = el("div", { class: "rest" });
  readonly #equation = el("div", {});
  readonly #progress = el("div", { class: "progress", "aria-busy": "true" });
  readonly #charts = el("div", { class: "section charts" });
  readonly #medicines: ReturnType<typeof view.section>;
  readonly #about: ReturnType<typeof view.section>;
  readonly #coverage: ReturnType<typeof view.section>;
  readonly #claims: ReturnType<typeof view.section>;
  readonly #list: ClaimList;
  readonly #happened: ReturnType<typeof happened>;
  /** How many claims were there when everything was drawn. */
  #drawn = 0;
  /** The year that is being read. */
  #wanted: string | undefined;
  /** When sums were drawn last. */
  #summed = 0;
  #hidden = false;

  constructor(context: view.Context, kept: Kept, around: Around) {
    this.#context = context;
    this.#kept = kept;
    this.#around = around;
    const { texts } = context;
    const count = el("p", { class: "quiet", role: "status" });
    this.#claims = view.section("claims", texts.claims, count);
    this.#list = new ClaimList(context, kept.records, count, kept.narrowed);
    this.#claims.body.append(this.#progress, this.#list.element);
    this.#medicines = view.section("medicines", texts.medicines);
    this.#about = view.section("person", texts.person);
    this.#coverage = view.section("coverage", texts.coverage);
    for (const { element } of [this.#medicines, this.#about, this.#coverage]) element.classList.add("card");
    this.#happened = happened(context, around.client, kept.tokens, around.calls, () => kept.records.items.length, () => around.over());
    this.#summary.setAttribute("aria-label", texts.summary);
    this.#years.setAttribute("aria-label", texts.years);
  }

  /** Puts everything on the screen. */
  show(): void {
    const { texts } = this.#context;
    this.#hidden = false;
    const places = [
      ["claims", texts.claims],
      ["where", texts.toWhom],
      ["what", texts.forWhat],
      ["medicines", texts.medicines],
      ["coverage", texts.coverage],
      ["happened", texts.happened],
    ] as const;
    this.#around.screen([
      this.#title,
      this.#fault,
      this.#years,
      this.#summary,
      this.#rest,
    ]);
    // Until there are claims these would only be pushed about: grey boxes stand in their place.
    this.#waiting.replaceChildren(view.skeletons(3, texts.loading));
    this.#title.after(this.#waiting);
    for (const part of [this.#years, this.#summary, this.#rest]) part.hidden = true;
    this.#rest.replaceChildren(
      el("nav", { class: "places", "aria-label": texts.onThisPage }, ...places.map(([id, name]) => link(`#${id}`, name))),
      this.#equation,
      this.#claims.element,
      this.#charts,
      this.#medicines.element,
      el("div", { class: "columns" }, this.#about.element, this.#coverage.element),
      this.#happened.element,
      view.howItIsDone(this.#context),
    );
    this.drawPerson();
    if (this.#kept.records.items.length > 0 || this.#kept.records.complete) this.#draw();
    else this.#progress.replaceChildren(view.progress(this.#context, this.#kept.records));
  }

  /** Loading begins, or begins again. */
  begin(): void {
    this.#drawProgress();
  }

  /**
   * A page of claims arrived. Sums are drawn a few times a second, with how many claims they are of; the rest when enough
   * is new, since drawing costs more than reading.
   */
  async arrived(): Promise<void> {
    const { records } = this.#kept;
    await read(this.#items, this.#context.words);
    if (this.#hidden || this.#kept.overview !== this) return;
    if (records.complete || this.#drawn === 0 || records.items.length >= this.#drawn * 2) {
      this.#drawn = records.items.length;
      this.#draw();
      return;
    }
    if (performance.now() - this.#summed < SUMS_EVERY_MS) return;
    this.#drawProgress();
    this.#drawSummary();
    this.#happened.update();
  }

  /** What is known of the person and their coverage. */
  drawPerson(): void {
    const { texts } = this.#context;
    const { patient, coverage, tokens, failed } = this.#kept;
    const name = patient?.known && view.fullName(patient.known);
    this.#title.textContent = name === undefined ? texts.hello : texts.helloName(name);
    const missing = () => (failed === undefined ? view.skeletons(1, texts.loading) : el("p", { class: "quiet" }, texts.partFailed));
    this.#about.body.replaceChildren(...(patient === undefined ? [missing()] : view.person(this.#context, tokens, patient.known)));
    const card = patient?.known && !this.#kept.over ? [button(texts.cardOpen, "button", () => this.#card())] : [];
    this.#coverage.body.replaceChildren(coverage === undefined ? missing() : view.coverages(this.#context, coverage, patient?.known?.deathDate), ...card);
    this.#happened.update();
  }

  /** One box for one fault, with the way on; numbers of a part say that they are. */
  drawFault(again: () => void): void {
    this.#fault.replaceChildren(
      view.failure(this.#context, this.#kept.failed, () => {
        this.#fault.replaceChildren();
        again();
      }),
    );
    this.drawPerson();
    this.#draw();
  }

  get #year(): string {
    return this.#kept.year ?? yearsOf(this.#kept.records.items)[0] ?? ALL_YEARS;
  }

  /** How much of the claims has arrived, for what is summed. */
  get #arrived(): Progress {
    const { records, failed } = this.#kept;
    return { items: records.items, total: records.total, complete: records.complete, unread: records.unread, failed: failed !== undefined };
  }

  get #items(): Item[] {
    return ofYear(this.#kept.records.items, this.#year);
  }

  #draw(): void {
    const items = this.#items;
    this.#waiting.remove();
    for (const part of [this.#years, this.#summary, this.#rest]) part.hidden = false;
    this.#years.classList.toggle("growing", !this.#kept.records.complete && this.#kept.failed === undefined);
    this.#drawYears();
    this.#drawProgress();
    this.#drawSummary();
    this.#list.update(items);
    const charts = [() => this.#drawEquation(items), () => this.#drawCharts(items), () => this.#drawMedicines(items), () => this.#happened.update()];
    // Each part in a task of its own.
    for (const part of charts) setTimeout(part);
  }

  #drawYears(): void {
    const { texts } = this.#context;
    const years = [...yearsOf(this.#kept.records.items), ALL_YEARS];
    const now = this.#year;
    const drawn = [...this.#years.querySelectorAll("button")].map(({ value, ariaPressed }) => `${value} ${ariaPressed}`).join();
    if (drawn === years.map((year) => `${year} ${year === now}`).join()) return;
    const focused = document.activeElement instanceof HTMLButtonElement && this.#years.contains(document.activeElement) ? document.activeElement.value : undefined;
    this.#years.replaceChildren(
      ...years.map((year) => {
        const one = button(year === ALL_YEARS ? texts.allYears : year, "year", () => this.#choose(year));
        one.value = year;
        one.ariaPressed = String(year === now);
        return one;
      }),
    );
    if (focused !== undefined) [...this.#years.querySelectorAll("button")].find(({ value }) => value === focused)?.focus();
  }

  /** Shows another year, once what it needs of its claims has been read; until then the old one stays, whole. */
  async #choose(year: string): Promise<void> {
    this.#wanted = year;
    const items = ofYear(this.#kept.records.items, year);
    if (items.some(({ kind }) => kind === undefined)) {
      this.#progress.replaceChildren(view.waiting(this.#context.texts.loading));
      await read(items, this.#context.words);
      if (this.#wanted !== year || this.#hidden) return;
    }
    this.#kept.year = year;
    this.#kept.narrowed.only = undefined;
    this.#draw();
  }

  #drawProgress(): void {
    const { records, failed } = this.#kept;
    this.#progress.setAttribute("aria-busy", String(!records.complete && failed === undefined));
    this.#progress.replaceChildren(...(records.complete || failed !== undefined ? [] : [view.progress(this.#context, records)]));
  }

  #drawSummary(): void {
    const { texts } = this.#context;
    const { records } = this.#kept;
    this.#summed = performance.now();
    if (records.items.length === 0 && records.complete) {
      this.#summary.replaceChildren(el("p", {}, texts.noClaims));
      return;
    }
    const print = button(texts.statementOpen(this.#year), "button", () => this.#statement());
    this.#summary.replaceChildren(summary(this.#context, this.#arrived, this.#items, this.#year), el("p", {}, print));
  }

  #drawEquation(items: readonly Item[]): void {
    const drawn = equation(this.#context, items);
    this.#equation.replaceChildren(...(drawn === undefined ? [] : [drawn]));
  }

  /** Charts of what there is: none of nothing. */
  #drawCharts(all: readonly Item[]): void {
    const { texts, formats, words } = this.#context;
    const items = counted(all);
    const open = (group: Group, name: string) => {
      this.#list.only(group.items, name);
      this.#claims.element.scrollIntoView();
      this.#claims.element.querySelector<HTMLElement>("h2")?.focus();
    };
    const time = timeOf(items, this.#year);
    const all_ = [
      chart(this.#context, { id: "where", title: texts.toWhom, groups: groupsBy(items, (item) => providerOf(item) || texts.noProviderGroup), name: ({ key }) => key, open }),
      chart(this.#context, { id: "what", title: texts.forWhat, groups: groupsBy(items, (item) => kindOf(item, words)), name: ({ items: [first] }) => (first === undefined ? "" : words.care(first.about)), open }),
      ...(time.length > 1 ? [chart(this.#context, { id: "time", title: texts.overTime, groups: time, name: ({ key }) => formats.day(key), open, all: true })] : []),
    ];
    this.#charts.replaceChildren(...(items.length === 0 ? [] : [el("p", { class: "quiet" }, texts.chartHelp), ...all_]));
  }

  #drawMedicines(items: readonly Item[]): void {
    const drawn = medicines(this.#context, items);
    this.#medicines.body.replaceChildren(drawn ?? el("p", { class: "quiet" }, this.#context.texts.noMedicines));
  }

  /** The insurance card; who did not share their name has none. */
  async #card(): Promise<void> {
    const { texts } = this.#context;
    const waiting = view.waiting(texts.cardLoading);
    this.#hidden = true;
    this.#around.screen([el("h1", { tabindex: "-1" }, texts.card), waiting]);
    const { cardScreen } = await import("./card.js");
    const screen = await cardScreen(this.#context, this.#around.client, () => this.show(), () => void this.#card());
    // Who went on meanwhile is not brought back.
    if (waiting.isConnected) this.#around.screen(screen);
  }

  #statement(): void {
    const { patient } = this.#kept;
    const name = patient?.known && view.fullName(patient.known);
    this.#hidden = true;
    this.#around.screen(statement(this.#context, this.#arrived, this.#items, this.#year, name, () => this.show()));
  }
}

const SUMS_EVERY_MS = 250;
