/* The first screen: three people to try, the sign-in for anybody else, and what else is here. */
import { button, el, link } from "./dom.js";
import type { Basics } from "./view.js";

/** People whose claims tell a story (docs/sandbox-people.md), by the account that they sign in with. */
export const PEOPLE = { lucille: "BBUser00100", jack: "BBUser00101", ryan: "BBUser25133" } as const;

/** What is there before the sign-in. */
export function welcome({ texts }: Basics, signIn: (account?: string) => void) {
  const people = (Object.keys(PEOPLE) as (keyof typeof PEOPLE)[]).map((person) => {
    const [name, about] = texts.people[person];
    const act = button("", "person", () => signIn(PEOPLE[person]));
    act.append(el("span", { class: `face ${person}`, "aria-hidden": "true" }, name.slice(0, 1)), el("span", { class: "who" }, el("strong", {}, name), el("span", { class: "quiet" }, about)));
    return el("li", {}, act);
  });
  return el(
    "div",
    { class: "section start" },
    el("section", { class: "section" }, el("h1", { tabindex: "-1" }, texts.welcome), el("p", { class: "lead" }, texts.explain)),
    el(
      "section",
      { class: "section", "aria-labelledby": "people-title" },
      el("h2", { id: "people-title" }, texts.choose),
      el("ul", { class: "people" }, ...people),
      el("div", { class: "anybody" }, button(texts.signInAsAnybody, "button primary", () => signIn()), el("p", { class: "quiet" }, texts.anybody)),
    ),
    el(
      "nav",
      { class: "section", "aria-labelledby": "links-title" },
      el("h2", { id: "links-title" }, texts.moreHere),
      el(
        "ul",
        { class: "links" },
        ...LINKS.map(([name, href]) => el("li", {}, link(href, texts.links[name][0]), el("span", { class: "quiet" }, texts.links[name][1]))),
      ),
    ),
  );
}

const LINKS = [
  ["account", "/account/"],
  ["developer", "/developer/"],
  ["docs", "/docs"],
] as const;
