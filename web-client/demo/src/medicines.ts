/* The medicines of a year with their fills, the latest first. */
import { el } from "./dom.js";
import { dayOf, fillsOf, type Fill, type Item } from "./records.js";
import type { Context } from "./view.js";
import { counted, sumOf } from "./year.js";

/** A list and not a table: on a phone nothing of it is cut. `undefined` where there are none. */
export function medicines({ texts, formats }: Context, items: readonly Item[]) {
  const byName = new Map<string, Fill[]>();
  for (const fill of fillsOf(counted(items))) {
    const known = byName.get(fill.name);
    if (known === undefined) byName.set(fill.name, [fill]);
    else known.push(fill);
  }
  if (byName.size === 0) return undefined;
  const rows = [...byName]
    .map(([name, all]) => {
      const days = all.map(({ item }) => dayOf(item.row)).sort();
      const supply = all.reduce((sum, fill) => sum + fill.days, 0);
      const own = sumOf(all.map(({ item }) => item), "paidByPatient");
      return { name, count: all.length, supply, own, last: days.at(-1) ?? "" };
    })
    .sort((a, b) => b.last.localeCompare(a.last));
  const fact = (name: string, value: string) => el("div", {}, el("dt", {}, name), el("dd", {}, value));
  return el(
    "ul",
    { class: "medicines" },
    ...rows.slice(0, MOST).map(({ name, count, supply, own, last }) =>
      el(
        "li",
        {},
        el("h3", {}, name),
        el(
          "dl",
          { class: "amounts" },
          fact(texts.fills, formats.number(count)),
          ...(supply === 0 ? [] : [fact(texts.daysSupply, formats.number(supply))]),
          fact(texts.lastFill, last === "" ? texts.noDate : formats.day(last)),
          fact(texts.youPaid, own.known === 0 ? texts.notKnown : formats.money(own.cents)),
        ),
      ),
    ),
  );
}

const MOST = 100;
