/* Money and dates in the person's language. */
import type { Language } from "./text.js";

/** Formatters of one language. */
export interface Formats {
  /** A count. */
  number(count: number): string;
  /** Integer cents as dollars. */
  money(cents: number): string;
  /** A calendar date, `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  day(date: string): string;
  /** A range of days; one day where both are the same. */
  days(start: string | undefined, end: string | undefined): string | undefined;
  /** The months by their long names, for a search. */
  monthName(date: string): string;
  /** An instant, as its day. */
  instant(iso: string): string;
  /** An instant, as the time of day. */
  time(instant: number): string;
}

/** Makes the formatters of a language, as it is used in the United States. */
export function formatsIn(language: Language): Formats {
  const locale = `${language}-US`;
  const money = new Intl.NumberFormat(locale, { style: "currency", currency: "USD" });
  // A calendar day has no time zone: it is read and shown in UTC, so that nothing moves it.
  const whole = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC" });
  const month = new Intl.DateTimeFormat(locale, { year: "numeric", month: "short", timeZone: "UTC" });
  const long = new Intl.DateTimeFormat(locale, { month: "long", timeZone: "UTC" });
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const count = new Intl.NumberFormat(locale);
  const local = new Intl.DateTimeFormat(locale, { dateStyle: "long" });

  const day = (date: string): string => {
    if (!/^\d{4}(-\d{2}){1,2}$/.test(date)) return date;
    return (date.length === 7 ? month : whole).format(new Date(date));
  };
  return {
    number: (value) => count.format(value),
    money: (cents) => money.format(cents / 100),
    day,
    days(start, end) {
      const first = start ?? end;
      if (first === undefined) return undefined;
      if (end === undefined || first === end) return day(first);
      // Upstream data has periods that end before they start, and some are not whole days.
      const plain = first.length !== 10 || end.length !== 10 || first > end;
      return plain ? `${day(first)} – ${day(end)}` : whole.formatRange(new Date(first), new Date(end));
    },
    monthName: (date) => (/^\d{4}-\d{2}/.test(date) ? long.format(new Date(date.slice(0, 7))) : ""),
    time: (instant) => clock.format(instant),
    instant: (iso) => local.format(new Date(iso)),
  };
}
