/*
 * Charts as lists of buttons: each bar has its name and its amounts in words, so that eyes, ears and keyboards get the
 * same; a bar leads to its claims.
 */
import { button, el } from "./dom.js";
import type { Group } from "./year.js";
import type { Context } from "./view.js";

/** What a chart shows. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly groups: readonly Group[];
  /** The name of a group. */
  name(group: Group): string;
  /** Shows the claims of a group. */
  open(group: Group, name: string): void;
  /** In the order of the groups and each of them (time), or the first eight. */
  readonly all?: boolean;
}

/** Bars, the length of each from what the person may be billed or paid, and what Medicare and the plan paid. */
export function chart(context: Context, given: Chart): HTMLElement {
  const { texts, formats } = context;
  const { groups, title, id } = given;
  const most = Math.max(1, ...groups.map(({ share, paid }) => Math.max(0, share) + Math.max(0, paid)));
  const list = el("ol", { class: "bars", role: "list" });
  const show = (some: readonly Group[]) => list.append(...some.map((group) => el("li", {}, bar(context, given, group, most))));
  const shown = given.all === true ? groups : groups.slice(0, FIRST);
  show(shown);
  const rest = groups.slice(shown.length);
  const more = button(texts.showAllOf(formats.number(groups.length)), "link", () => {
    more.remove();
    const first = list.childElementCount;
    show(rest);
    list.children[first]?.querySelector("button")?.focus();
  });
  return el(
    "section",
    { class: "card section", "aria-labelledby": `${id}-title`, id },
    el(
      "div",
      { class: "heading" },
      el("h2", { id: `${id}-title`, tabindex: "-1" }, title),
      el("p", { class: "legend" }, key("share", texts.yourPart), key("paid", texts.medicarePart)),
    ),
    list,
    ...(rest.length > 0 ? [more] : []),
  );
}

function bar({ texts, formats }: Context, { name, open }: Chart, group: Group, most: number) {
  const { share, paid, items, unknown } = group;
  const words = name(group);
  const count = texts.claimsCount(formats.number(items.length));
  const told = unknown === items.length && items.length > 0 ? texts.notKnown : formats.money(share);
  const act = button("", "bar", () => open(group, words));
  act.append(
    el("span", { class: "bar-name" }, words),
    el("span", { class: "bar-count" }, count),
    el("span", { class: "bar-line", "aria-hidden": "true" }, part("share", share, most), part("paid", paid, most)),
    el(
      "span",
      { class: "bar-words" },
      el("span", {}, `${texts.yourPart}: ${told}`),
      " ",
      el("span", {}, `${texts.medicarePart}: ${formats.money(paid)}`),
    ),
  );
  if (items.length === 0) act.disabled = true;
  return act;
}

/** A part of a bar. Its length is set by script: the page's policy has no styles in attributes. */
function part(kind: string, cents: number, most: number) {
  const mark = el("span", { class: `bar-part ${kind}` });
  mark.style.inlineSize = `${Math.max(cents > 0 ? 0.5 : 0, (Math.max(0, cents) / most) * 100)}%`;
  return mark;
}

/** What a colour means. */
export function key(kind: string, words: string) {
  return el("span", { class: "key" }, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), words);
}

const FIRST = 8;
