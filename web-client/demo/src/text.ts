/* The languages of the page; one is loaded when it is wanted. The compiler holds their tables to the same keys. */
import type { Texts } from "./text/en.js";

export type { Texts } from "./text/en.js";

/** The languages of the page. */
export type Language = "en" | "es";

/** The texts of a language. */
export async function textsIn(language: Language): Promise<Texts> {
  return language === "es" ? (await import("./text/es.js")).es : (await import("./text/en.js")).en;
}

/** The language to begin with: what was chosen in this tab, else what the browser prefers. */
export function preferredLanguage(chosen: string | null, wanted: readonly string[]): Language {
  if (chosen === "en" || chosen === "es") return chosen;
  for (const tag of wanted) {
    const language = tag.slice(0, 2).toLowerCase();
    if (language === "en" || language === "es") return language;
  }
  return "en";
}
