/**
 * What codes mean, in English and, for the lists of this package itself and some of CMS's, in Spanish: the
 * entry point `@bluegate/client/labels`. A language is loaded when it is asked for.
 *
 * The server sends a label with most codes (`display`, `label`): show that first. These are for codes that
 * came without one, and for the package's own names. Labels of CPT, X12 and NUBC codes are not public.
 *
 * @module
 */

import { misuse } from "./errors.js";
import type { ClaimWords } from "./titles.js";

export type { Care, Cared, CaredLine } from "./care.js";
export type { ClaimWords, Titled } from "./titles.js";

/** Languages that there are labels in. */
export type Language = "en" | "es";

/** The lists that there are labels for. */
export type LabelList =
  | "brandOrGeneric"
  | "buyIn"
  | "claimType"
  | "codeSystem"
  | "diagnosisType"
  | "drugCoverage"
  | "dualStatus"
  | "entitlement"
  | "esrd"
  | "gender"
  | "medicareStatus"
  | "nonPayment"
  | "part"
  | "paymentDenial"
  | "pharmacyService"
  | "placeOfService"
  | "primaryPayer"
  | "processing"
  | "specialty"
  | "status"
  | "supplierType"
  | "total"
  | "typeOfService"
  | "variable";

/** The label of a code; `undefined` where the language has none. */
export type Labels = (list: LabelList, code: string | undefined) => string | undefined;

/** Loads the labels of a language. */
export async function labels(language: Language): Promise<Labels> {
  needLanguage(language);
  const { default: lists } = language === "es" ? await import("./labels/es.js") : await import("./labels/en.js");
  return (list, code) => {
    const labels = lists[list];
    return code !== undefined && labels !== undefined && Object.hasOwn(labels, code) ? labels[code] : undefined;
  };
}

/**
 * Loads plain words for claims in a language. A title is made of the kind of care, the place, the days and the
 * diagnosis: "Office visit for type 2 diabetes", "Hospital stay of 4 days for heart failure". It has no codes, and
 * none of the server's words but the name of a medicine.
 *
 * ```js
 * import { claimWords } from "@bluegate/client/labels";
 *
 * const { title } = await claimWords("en");
 * for await (const page of client.claims()) {
 *   for (const row of page.rows) console.log(row.end, title(page.claim(row.index)));
 * }
 * ```
 */
export async function claimWords(language: Language): Promise<ClaimWords> {
  needLanguage(language);
  const words = language === "es" ? import("./titles/spanish.js") : import("./titles/english.js");
  const [{ claimWordsWith }, { default: table }] = await Promise.all([import("./titles.js"), words]);
  return claimWordsWith(table);
}

function needLanguage(language: Language): void {
  if (language !== "en" && language !== "es") throw misuse(`there are words in "en" and "es", and none in ${String(language)}`);
}
