/*
 * The insurance card, drawn to be shown and to be printed: a card for each payer in that payer's colours, with the parts
 * of Medicare that it covers. Loaded when somebody asks for it.
 */
import { BluegateError, type CardImage, type CardLine, type Client, type InsuranceCard } from "./client/index.js";
import { button, el, facts } from "./dom.js";
import * as view from "./view.js";

/** The screen with the cards and its buttons; a fault is said in its place, with the way on. */
export async function cardScreen(context: view.Context, client: Client, back: () => void, again: () => void): Promise<Node[]> {
  const { texts } = context;
  const ways = (printable: boolean) =>
    el(
      "div",
      { class: "saves no-print" },
      ...(printable ? [button(texts.print, "button primary", () => print())] : []),
      button(texts.back, "button", back),
    );
  const title = el("h1", { tabindex: "-1" }, texts.card);
  try {
    const card = await client.insuranceCard();
    return [title, ways(true), ...drawn(context, card)];
  } catch (error) {
    const missing = error instanceof BluegateError && error.code === "not_found";
    const said = missing ? view.message(texts.noCard) : view.failure(context, error, again);
    return [title, said, ways(false)];
  }
}

/** A card for each payer, and what they tell. */
function drawn(context: view.Context, card: InsuranceCard) {
  const { texts } = context;
  const payers = new Map<string, CardLine[]>();
  for (const line of card.lines) {
    const name = line.payer?.name ?? "";
    payers.set(name, [...(payers.get(name) ?? []), line]);
  }
  if (payers.size === 0) return [view.message(texts.noCard)];
  return [
    el("div", { class: "insurance-cards" }, ...[...payers].map(([name, lines]) => one(context, card, name, lines))),
    el("section", { class: "card section", "aria-label": texts.cardNotice }, ...card.notices.map((notice) => el("p", { class: "card-notice" }, notice)), el("p", { class: "quiet" }, texts.cardMade)),
  ];
}

function one(context: view.Context, { person, memberId }: InsuranceCard, payer: string, lines: readonly CardLine[]) {
  const { texts, formats } = context;
  const [first] = lines;
  const name = [...(person.name?.given ?? []), person.name?.family].filter((part) => part !== undefined).join(" ");
  const number = first?.memberId ?? memberId;
  const names = [...new Set(lines.flatMap(({ planName }) => planName ?? []))];
  const face = el(
    "article",
    { class: "insurance-card", "aria-label": payer === "" ? texts.card : payer },
    el("header", {}, first?.logo && image(first.logo, "card-logo"), el("h2", {}, payer === "" ? texts.card : payer)),
    el(
      "div",
      { class: "card-face" },
      facts("card-facts", [
        [texts.name, name === "" ? undefined : name],
        [texts.medicareNumber, number && inGroups(number)],
        [texts.cardPlan, names.length === 0 ? undefined : names.join(", ")],
        [texts.cardGroup, first?.group],
      ]),
      el(
        "table",
        {},
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, texts.entitledTo), el("th", { scope: "col" }, texts.coverageStarts))),
        el("tbody", {}, ...lines.map((line) => el("tr", {}, el("th", { scope: "row" }, label(texts, line)), el("td", {}, when(context, line))))),
      ),
      ...lines.filter(({ pharmacy }) => pharmacy !== undefined).map(({ pharmacy }) => pharmacyOf(texts.atThePharmacy, pharmacy ?? [])),
      ...lines.flatMap(({ costs }) => costs ?? []).map(({ type, cents, words }) => el("p", {}, `${type?.display ?? type?.code ?? ""} ${words ?? (cents === undefined ? "" : formats.money(cents))}`.trim())),
      ...lines.flatMap(({ images }) => images ?? []).map((picture) => image(picture, "card-picture")),
    ),
    el("footer", {}, ...(first?.payer?.contacts ?? []).map(({ kind, value }) => el("span", {}, kind === "tty" ? `TTY: ${value}` : value))),
  );
  if (first?.background !== undefined) paint(face, first.background);
  if (first?.highlight !== undefined) face.style.setProperty("--card-mark", first.highlight);
  return face;
}

/** The payer's ground, with letters that can be read on it. */
function paint(face: HTMLElement, ground: string): void {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(ground.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  // WCAG 2: white and black are equally far from this luminance.
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179;
  face.style.setProperty("--card-ground", ground);
  face.style.setProperty("--card-letters", light ? "#000" : "#fff");
}

function label({ parts }: view.Context["texts"], { part, plan }: CardLine): string {
  return part === undefined ? (plan ?? "") : parts[part];
}

function when({ texts, formats }: view.Context, { period, status }: CardLine): string {
  const [start, end] = [period?.start, period?.end].map((day) => day && formats.day(day));
  if (end !== undefined && end !== "") return start === undefined ? texts.until(end) : texts.between(start, end);
  if (status !== undefined && status !== "active") return texts.notEnrolled;
  return start ?? texts.notKnown;
}

function pharmacyOf(title: string, numbers: readonly { readonly kind: string; readonly value: string }[]) {
  const names: Readonly<Record<string, string>> = { rxid: "RxID", rxgroup: "RxGrp", rxpcn: "RxPCN", rxbin: "RxBIN" };
  return el("section", {}, el("h3", {}, title), facts("card-facts rx", numbers.map(({ kind, value }) => [names[kind] ?? kind, value] as const)));
}

function image({ src, label, description }: CardImage, className: string) {
  return el("img", { src, class: className, alt: description ?? label ?? "" });
}

/** A Medicare number in the groups that it is printed in; any other number as it is. */
function inGroups(number: string): string {
  return /^[0-9A-Z]{11}$/.test(number) ? number.replace(/^(.{4})(.{3})(.{4})$/, "$1-$2-$3") : number;
}
