/*
 * Charts as plain SVG, each with the same numbers in a table for those who do not see it. A chart says what it is by
 * its caption; its marks are decoration for everybody else.
 */
import { el } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

function svg(tag: string, attributes: Readonly<Record<string, string | number>>, ...children: readonly Node[]) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

function text(x: number, y: number, words: string, anchor = "start") {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = words;
  return element;
}

/** A mark that shows its words when the pointer rests on it. */
function titled(mark: Element, words: string) {
  const title = document.createElementNS(SVG, "title");
  title.textContent = words;
  mark.append(title);
  return mark;
}

/** A picture is drawn as wide as there is room, so that its words keep their size. */
function room(): number {
  return Math.max(240, Math.min(1024, document.documentElement.clientWidth - 80));
}

/** One bar: its name, its value, and the value in words. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly words: string;
}

/** A picture with a table behind it. */
function figure(
  caption: string,
  picture: Element,
  tableLabel: string,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  hidden = false,
) {
  picture.setAttribute("aria-hidden", "true");
  const head = el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)));
  const body = rows.map(([first = "", ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((words) => el("td", {}, words))),
  );
  return el(
    "figure",
    { class: "chart" },
    el("figcaption", { class: hidden ? "hidden" : undefined }, caption),
    picture,
    el(
      "details",
      {},
      el("summary", {}, `${tableLabel}: ${caption}`),
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${tableLabel}: ${caption}` }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...body))),
    ),
  );
}

/** Upright bars over time. */
export function columns(caption: string, bars: readonly Bar[], tableLabel: string, heads: readonly string[]) {
  const [width, height, floor] = [room(), 180, 150];
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const step = width / Math.max(1, bars.length);
  const every = Math.ceil((bars.length * 80) / width);
  const marks = bars.flatMap(({ name, value, words }, place) => {
    const tall = Math.max(value > 0 ? 1 : 0, (Math.max(0, value) / most) * (floor - 16));
    const bar = svg("rect", {
      x: place * step + step * 0.12,
      y: floor - tall,
      width: Math.max(0.5, step * 0.76),
      height: tall,
      rx: Math.min(2, step / 6),
    });
    const label = place % every === 0 ? [text(place * step + step / 2, height - 10, name, "middle")] : [];
    return [titled(bar, `${name}: ${words}`), ...label];
  });
  const line = svg("line", { x1: 0, x2: width, y1: floor, y2: floor });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "columns-chart" }, line, ...marks);
  return figure(caption, picture, tableLabel, heads, bars.map(({ name, words }) => [name, words]));
}

/** Lying bars, the longest first. */
export function bars(caption: string, all: readonly Bar[], tableLabel: string, heads: readonly string[]) {
  const sorted = [...all].sort((a, b) => b.value - a.value);
  const most = Math.max(1, ...sorted.map(({ value }) => value));
  const width = room();
  const marks = sorted.flatMap(({ name, value, words }, place) => {
    const y = place * 40;
    const bar = svg("rect", { x: 0, y: y + 18, width: Math.max(1, (Math.max(0, value) / most) * width), height: 12, rx: 3 });
    return [text(0, y + 13, name), text(width, y + 13, words, "end"), bar];
  });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${Math.max(1, sorted.length) * 40}`, class: "bars-chart" }, ...marks);
  return figure(caption, picture, tableLabel, heads, sorted.map(({ name, words }) => [name, words]));
}

/** A lane of the timeline: one kind of care. */
export interface Lane {
  readonly name: string;
  readonly kind: string;
  /** First and last day of each event. */
  readonly events: readonly (readonly [string, string])[];
}

/** Lanes of events between two years; events that fall into the same mark are one. */
export function timeline(caption: string, lanes: readonly Lane[], tableLabel: string, yearHead: string) {
  const days = lanes.flatMap(({ events }) => events.flat()).sort();
  const first = Number(days[0]?.slice(0, 4) ?? 2000);
  const last = Number(days.at(-1)?.slice(0, 4) ?? first) + 1;
  const width = room();
  const begin = Date.UTC(first, 0, 1);
  const scale = width / (Date.UTC(last, 0, 1) - begin);
  const x = (day: string) => (Date.parse(day) - begin) * scale;
  const marks: Element[] = [];
  lanes.forEach(({ name, kind, events }, place) => {
    const y = place * 34;
    marks.push(text(0, y + 12, name));
    marks.push(svg("line", { x1: 0, x2: width, y1: y + 23, y2: y + 23 }));
    const seen = new Set<string>();
    for (const [start, end] of events) {
      const from = x(start);
      const long = Math.max(3, x(end) - from);
      const spot = `${Math.round(from / 2)} ${Math.round(long / 2)}`;
      if (Number.isNaN(from) || Number.isNaN(long) || seen.has(spot)) continue;
      seen.add(spot);
      marks.push(svg("rect", { x: from, y: y + 18, width: long, height: 10, rx: 2, class: `lane ${kind}` }));
    }
  });
  const bottom = lanes.length * 34;
  const years = Array.from({ length: last - first }, (_, place) => first + place);
  const every = Math.ceil((years.length * 60) / width);
  years.forEach((year, place) => {
    if (place % every !== 0) return;
    const at = x(`${year}-01-01`);
    marks.push(svg("line", { x1: at, x2: at, y1: 16, y2: bottom, class: "year" }), text(at, bottom + 14, String(year)));
  });
  const picture = svg("svg", { viewBox: `0 0 ${width} ${bottom + 20}`, class: "timeline-chart" }, ...marks);
  const rows = years
    .map((year) => [
      String(year),
      ...lanes.map(({ events }) => String(events.filter(([start]) => start.startsWith(String(year))).length)),
    ])
    .reverse();
  // The section's heading says the same already.
  return figure(caption, picture, tableLabel, [yearHead, ...lanes.map(({ name }) => name)], rows, true);
}
