/* The claims of the chosen year: searched, filtered, and shown a part at a time, however many there are. */
import { showDetail } from "./detail.js";
import { saveClaim, saveCsv, saveJson } from "./download.js";
import { button, el } from "./dom.js";
import { dayOf, kindOf, newestFirst, type Item, type Records } from "./records.js";
import * as view from "./view.js";
import { providerOf } from "./year.js";

/** What narrows the list; it outlives a change of language. */
export interface Narrowed {
  search: string;
  care: string;
  /** Claims that a chart's bar leads to, and what they are called. */
  only: { readonly items: ReadonlySet<Item>; readonly name: string } | undefined;
}

/** The list and what narrows it. */
export class ClaimList {
  readonly element: HTMLElement;
  readonly #context: view.Context;
  readonly #records: Records;
  readonly #count: HTMLElement;
  readonly #narrowed: Narrowed;
  readonly #list = el("ul", { class: "claims" });
  readonly #more = el("div", { class: "more" });
  readonly #only = el("p", { class: "only" });
  readonly #search: HTMLInputElement;
  readonly #care: HTMLSelectElement;
  readonly #texts = new WeakMap<Item, string>();
  readonly #days = new Map<string, string>();
  #preparing: ReturnType<typeof setTimeout> | undefined;
  #sorted: readonly Item[] = [];
  #matching: readonly Item[] = [];
  #shown = 0;

  constructor(context: view.Context, records: Records, count: HTMLElement, narrowed: Narrowed) {
    const { texts } = context;
    this.#context = context;
    this.#records = records;
    this.#count = count;
    this.#narrowed = narrowed;
    this.#search = el("input", { type: "search", id: "search", autocomplete: "off", placeholder: texts.searchHint });
    this.#search.value = narrowed.search;
    this.#care = el("select", { id: "care" });
    this.#search.addEventListener("input", () => this.#narrow({ search: this.#search.value }));
    this.#care.addEventListener("input", () => this.#narrow({ care: this.#care.value }));
    const labelled = (words: string, field: HTMLElement) => el("div", {}, el("label", { for: field.id }, words), field);
    this.element = el(
      "div",
      { class: "section" },
      el("div", { class: "filters", role: "search" }, labelled(texts.search, this.#search), labelled(texts.kind, this.#care)),
      this.#only,
      this.#list,
      this.#more,
      el(
        "p",
        { class: "saves" },
        button(texts.saveJson, "link", () => saveJson(records)),
        button(texts.saveCsv, "link", () => saveCsv(records)),
      ),
    );
  }

  /** Other claims: new ones arrived, or another year was chosen. What is on the screen stays as long as it belongs there. */
  update(items: readonly Item[]): void {
    const { texts, words } = this.#context;
    this.#sorted = newestFirst(items);
    const cares = new Map<string, string>();
    for (const item of this.#sorted) {
      const kind = kindOf(item, words);
      if (!cares.has(kind)) cares.set(kind, words.care(item.about));
    };
    const sorted = [...cares].sort(([, a], [, b]) => a.localeCompare(b, this.#context.language));
    options(this.#care, texts.all, sorted, this.#narrowed.care);
    this.#filter(Math.max(this.#shown, FIRST));
    this.#prepare();
  }

  /** Shows only these claims, until somebody wants all again. */
  only(items: readonly Item[], name: string): void {
    this.#search.value = "";
    this.#care.value = "";
    this.#narrow({ search: "", care: "", only: { items: new Set(items), name } });
  }

  #narrow(by: Partial<Narrowed>): void {
    Object.assign(this.#narrowed, by);
    this.#filter();
  }

  #filter(show = FIRST): void {
    const { search, care, only } = this.#narrowed;
    const { texts, words } = this.#context;
    const wanted = plain(search).split(/\s+/).filter(Boolean);
    this.#matching = this.#sorted.filter(
      (item) =>
        (care === "" || kindOf(item, words) === care) &&
        (only === undefined || only.items.has(item)) &&
        (wanted.length === 0 || wanted.every((word) => this.#textOf(item).includes(` ${word}`))),
    );
    const off = button(texts.filterOff, "link", () => {
      this.#narrow({ only: undefined });
      this.#search.focus();
    });
    this.#only.replaceChildren(...(only === undefined ? [] : [texts.filteredBy(only.name), " ", off]));
    this.#list.replaceChildren();
    this.#shown = 0;
    this.#show(show);
  }

  #show(count: number, focus = false): void {
    const { texts } = this.#context;
    const cards = this.#matching.slice(this.#shown, this.#shown + count).map((item) => this.#card(item));
    this.#list.append(...cards);
    this.#shown += cards.length;
    const all = this.#matching.length;
    this.#count.textContent = texts.shownOf(this.#shown, all);
    const next = button(texts.loadMore, "button", () => this.#show(MORE, true));
    const none = el("p", { class: "quiet" }, this.#records.items.length === 0 ? texts.noClaims : texts.noneFound);
    this.#more.replaceChildren(...(this.#shown < all ? [next] : []), ...(all === 0 && this.#records.complete ? [none] : []));
    // The button that had the focus is gone: go on where the new claims begin.
    if (focus) cards[0]?.querySelector("h3")?.focus();
  }

  #card(item: Item): HTMLElement {
    return view.claim(this.#context, item, () => {
      const claim = this.#records.claim(item);
      if (claim !== undefined) showDetail(this.#context, item, claim, () => saveClaim(this.#records, item));
    });
  }

  /** Makes the texts that a search looks through a few at a time, so that the first letter typed finds them made. */
  #prepare(): void {
    clearTimeout(this.#preparing);
    let next = 0;
    const some = () => {
      const until = performance.now() + 8;
      while (next < this.#sorted.length && performance.now() < until) {
        const item = this.#sorted[next];
        if (item !== undefined) this.#textOf(item);
        next += 1;
      }
      if (next < this.#sorted.length) this.#preparing = setTimeout(some);
    };
    this.#preparing = setTimeout(some);
  }

  /** A day in numbers and in words; thousands of claims share a few hundred days. */
  #dayWords(day: string): string {
    let words = this.#days.get(day);
    if (words === undefined) {
      const { formats } = this.#context;
      words = `${day} ${formats.day(day)} ${formats.monthName(day)}`;
      this.#days.set(day, words);
    }
    return words;
  }

  /** What a search looks through: names, titles, years and months, amounts, numbers, and the server's own words. */
  #textOf(item: Item): string {
    const known = this.#texts.get(item);
    if (known !== undefined) return known;
    const { words } = this.#context;
    const { row, about } = item;
    const amounts = [row.charged, row.allowed, row.paid, row.patientResponsibility, row.paidByPatient];
    const parts = [
      words.title(about),
      view.claimType(this.#context, row.type),
      providerOf(item),
      row.npi,
      row.id,
      this.#dayWords(dayOf(row)),
      row.diagnosis?.code,
      row.diagnosis?.display,
      row.drug?.code,
      row.drug?.display,
      ...amounts.flatMap((cents) => (cents === undefined ? [] : amountWords(cents))),
    ];
    // A search finds beginnings of words: "2024" is a year and not the middle of a claim's number.
    const whole = plain(parts.filter((part) => part !== undefined).join(" "));
    const text = ` ${whole} ${whole.replace(/[^\p{L}\p{N}]+/gu, " ")}`;
    this.#texts.set(item, text);
    return text;
  }
}

/** "1234.56", "1,234.56" and "$1,234.56". */
function amountWords(cents: number): string[] {
  const bare = (cents / 100).toFixed(2);
  const grouped = bare.replace(/\d(?=(\d{3})+\.)/g, "$&,");
  return [bare, grouped, `$${grouped}`];
}

/** Small letters without accents: "medico" finds "Médico". */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Fills a choice and keeps what was chosen. */
function options(field: HTMLSelectElement, all: string, values: readonly (readonly [string, string])[], chosen: string): void {
  const wanted = ["", ...values.map(([value]) => value)];
  if ([...field.options].map(({ value }) => value).join() !== wanted.join()) {
    field.replaceChildren(el("option", { value: "" }, all), ...values.map(([value, words]) => el("option", { value }, words)));
  }
  field.value = wanted.includes(chosen) ? chosen : "";
}

const FIRST = 10;
const MORE = 50;

