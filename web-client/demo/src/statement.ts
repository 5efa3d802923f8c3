/*
 * A statement for a year, to print: what may be billed in short, then the claims of each provider. It is laid out for
 * paper by the print styles; many claims are summed up by provider and month, so that it stays a few pages.
 */
import { button, el, facts } from "./dom.js";
import { dayOf, newestFirst, type Item } from "./records.js";
import { summary, type Progress } from "./overview.js";
import type { Context } from "./view.js";
import { counted, groupsBy, providerOf, shareOf, sumOf } from "./year.js";

/** The screen with the statement and its two buttons. */
export function statement(context: Context, progress: Progress, items: readonly Item[], year: string, name: string | undefined, back: () => void) {
  const { texts, formats } = context;
  const some = counted(items);
  const whole = some.length <= MOST_LINES;
  return [
    el(
      "div",
      { class: "saves no-print" },
      button(texts.print, "button primary", () => print()),
      button(texts.back, "button", back),
    ),
    el(
      "article",
      { class: "card section statement" },
      el("h1", { tabindex: "-1" }, texts.statement(year)),
      el("p", { class: "not-a-bill" }, texts.notABill),
      facts("facts", [[texts.statementFor, name]]),
      el("p", { class: "quiet" }, texts.madeOn(formats.instant(new Date().toISOString()))),
      el("h2", {}, texts.summary),
      summary(context, progress, items, year),
      el("p", {}, texts.statementCheck),
      ...(whole ? [] : [el("p", { class: "quiet" }, texts.grouped)]),
      ...groupsBy(some, (item) => providerOf(item) || texts.noProviderGroup).map(({ key, items: all }) => ofProvider(context, key, all, whole)),
    ),
  ];
}

/** One provider: a table whose lines are claims, or months where there are many. */
function ofProvider(context: Context, name: string, items: readonly Item[], whole: boolean) {
  const { texts, formats, words } = context;
  const heads = [texts.when, texts.service_, texts.charged, texts.approvedShort, texts.paidShort, texts.shareShort];
  const lines = whole
    ? newestFirst(items).reverse().map((item) => line(formats.days(item.row.start, item.row.end) ?? texts.noDate, words.title(item.about), [item], context))
    : groupsBy(items, ({ row }) => dayOf(row).slice(0, 7))
        .sort((a, b) => a.key.localeCompare(b.key))
        .map(({ key, items: all }) => line(formats.day(key), texts.claimsCount(formats.number(all.length)), all, context));
  return el(
    "section",
    { class: "provider" },
    el("h3", {}, name),
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)))),
      el("tbody", {}, ...lines),
      ...(lines.length > 1 ? [el("tfoot", {}, line(texts.total, texts.claimsCount(formats.number(items.length)), items, context))] : []),
    ),
  );
}

function line(when: string, what: string, items: readonly Item[], { texts, formats }: Context) {
  const money = (name: "charged" | "allowed" | "paid") => {
    const { cents, known } = sumOf(items, name);
    return known === 0 ? texts.nothingKnown : formats.money(cents);
  };
  const shares = items.map(shareOf).filter((share) => share !== undefined);
  const share = shares.length === 0 ? texts.nothingKnown : formats.money(shares.reduce((sum, one) => sum + one, 0));
  const cell = (label: string, value: string) => el("td", { "data-label": label }, value);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, when),
    cell(texts.service_, what),
    cell(texts.charged, money("charged")),
    cell(texts.approvedShort, money("allowed")),
    cell(texts.paidShort, money("paid")),
    cell(texts.shareShort, share),
  );
}

/** More than about four pages of claims are summed up. */
const MOST_LINES = 120;
