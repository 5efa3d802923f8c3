/* The claims: searched, filtered, and shown a part at a time, however many there are. */
import { showDetail } from "./detail.js";
import { saveClaim, saveCsv, saveJson } from "./download.js";
import { button, el } from "./dom.js";
import { dayOf, newestFirst, type Item, type Records } from "./records.js";
import * as view from "./view.js";

/** The list and what narrows it. */
export class ClaimList {
  readonly element: HTMLElement;
  readonly #context: view.Context;
  readonly #records: Records;
  readonly #count: HTMLElement;
  readonly #list = el("ul", { class: "claims" });
  readonly #more = el("div", { class: "more" });
  readonly #search: HTMLInputElement;
  readonly #type: HTMLSelectElement;
  readonly #year: HTMLSelectElement;
  #sorted: readonly Item[] = [];
  #matching: readonly Item[] = [];
  #shown = 0;

  constructor(context: view.Context, records: Records, count: HTMLElement) {
    const { texts } = context;
    this.#context = context;
    this.#records = records;
    this.#count = count;
    this.#search = el("input", { type: "search", id: "search", autocomplete: "off", placeholder: texts.searchHint });
    this.#type = el("select", { id: "type" });
    this.#year = el("select", { id: "year" });
    for (const field of [this.#search, this.#type, this.#year]) {
      field.addEventListener("input", () => this.#filter());
    }
    const labelled = (words: string, field: HTMLElement) => el("div", {}, el("label", { for: field.id }, words), field);
    this.element = el(
      "div",
      { class: "section" },
      el(
        "div",
        { class: "filters", role: "search" },
        labelled(texts.search, this.#search),
        labelled(texts.kind, this.#type),
        labelled(texts.year, this.#year),
      ),
      el(
        "p",
        { class: "saves" },
        button(texts.saveJson, "link", () => saveJson(records)),
        button(texts.saveCsv, "link", () => saveCsv(records)),
      ),
      this.#list,
      this.#more,
    );
  }

  /** New claims arrived. What is on the screen stays there as long as it still belongs there. */
  update(): void {
    const { texts } = this.#context;
    this.#sorted = newestFirst(this.#records.items);
    const types = [...new Set(this.#sorted.map(({ row }) => row.type))].sort();
    const years = [...new Set(this.#sorted.map(({ row }) => dayOf(row).slice(0, 4)))].filter((year) => year !== "");
    options(this.#type, texts.all, types.map((type) => [type, view.claimTitle(this.#context, type)]));
    options(this.#year, texts.all, years.map((year) => [year, year]));
    this.#filter(Math.max(this.#shown, FIRST));
  }

  #filter(show = FIRST): void {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const type = this.#type.value;
    const year = this.#year.value;
    this.#matching = this.#sorted.filter(
      ({ row, words: text }) =>
        (type === "" || row.type === type) &&
        (year === "" || dayOf(row).startsWith(year)) &&
        words.every((word) => text.includes(word)),
    );
    this.#list.replaceChildren();
    this.#shown = 0;
    this.#show(show);
  }

  #show(count: number, focus = false): void {
    const { texts } = this.#context;
    const items = this.#matching.slice(this.#shown, this.#shown + count).map((item) => this.#card(item));
    this.#list.append(...items);
    this.#shown += items.length;
    const all = this.#matching.length;
    this.#count.textContent = texts.shownOf(this.#shown, all);
    const next = button(texts.loadMore, "button", () => this.#show(MORE, true));
    const none = el("p", { class: "quiet" }, this.#records.items.length === 0 ? texts.noClaims : texts.noneFound);
    this.#more.replaceChildren(...(this.#shown < all ? [next] : []), ...(all === 0 && this.#records.complete ? [none] : []));
    // The button that had the focus is gone: go on where the new claims begin.
    if (focus) items[0]?.querySelector("h3")?.focus();
  }

  #card(item: Item): HTMLElement {
    const card = view.claim(this.#context, item.row);
    const open = button(this.#context.texts.details, "link", () => {
      const claim = this.#records.claim(item);
      if (claim !== undefined) showDetail(this.#context, claim, () => saveClaim(this.#records, item));
    });
    open.setAttribute("aria-label", `${this.#context.texts.details}: ${item.row.id}`);
    card.querySelector(".what")?.append(open);
    return card;
  }
}

/** Fills a choice and keeps what was chosen. */
function options(field: HTMLSelectElement, all: string, values: readonly (readonly [string, string])[]): void {
  const wanted = ["", ...values.map(([value]) => value)];
  if ([...field.options].map(({ value }) => value).join() === wanted.join()) return;
  const chosen = field.value;
  field.replaceChildren(el("option", { value: "" }, all), ...values.map(([value, words]) => el("option", { value }, words)));
  field.value = wanted.includes(chosen) ? chosen : "";
}

const FIRST = 10;
const MORE = 50;
