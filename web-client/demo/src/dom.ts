/* A few lines instead of a framework: elements from a tag, attributes and children. Text is never markup. */

type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/** Makes an element. An attribute of `true` is present and empty; `false` and `undefined` are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (typeof value === "string") element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A button that does something. */
export function button(label: string, className: string, act: () => unknown): HTMLButtonElement {
  const element = el("button", { type: "button", class: className }, label);
  element.addEventListener("click", () => void act());
  return element;
}

/** A description list out of pairs; pairs without a value are left out. */
export function facts(
  className: string,
  pairs: readonly (readonly [string, string | undefined])[],
): HTMLDListElement {
  const list = el("dl", { class: className });
  for (const [name, value] of pairs) {
    if (value !== undefined) {
      list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
    }
  }
  return list;
}

/** A link. */
export function link(href: string, ...children: readonly Child[]): HTMLAnchorElement {
  return el("a", { href }, ...children);
}

/** Lets the browser draw and answer before the work goes on. */
export function breathe(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: { yield?(): Promise<void> } };
  return scheduler?.yield?.() ?? new Promise((resume) => setTimeout(resume));
}
