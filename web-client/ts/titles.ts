/*
 * One plain sentence for a claim: what it was, and what for. The codes say which kind of care it is
 * (`care.ts`); the words are in a table for each language, and nothing of a server's own words is in a title but
 * the names of medicines.
 */
import { careOf, type Care, type Cared } from "./care.js";
import type { Claim, Diagnosis } from "./model.js";

/** What a language has to have. */
export interface TitleWords {
  /** Each kind of care. */
  readonly care: Readonly<Record<Care, string>>;
  /** A claim of no kind of care that is known, by its type. */
  readonly other: Readonly<Record<string, string>>;
  /** A visit whose place is said. */
  readonly visit: string;
  /** Places of service that say something, by CMS's code; `hospital` for a hospital's claim. */
  readonly places: Readonly<Record<string, string>>;
  /** A stay of so many days. */
  days(stay: string, count: number): string;
  /** What was done, where, and what for. */
  sentence(what: string, where: string | undefined, why: string | undefined): string;
  /** A medicine, and for how many days it is. */
  medicine(name: string | undefined, days: string | undefined): string;
  /** Diagnoses by the beginning of their ICD-10-CM code: the longest that fits is taken; empty where it is no reason. */
  readonly diagnoses: Readonly<Record<string, string>>;
  /** The chapters of ICD-10-CM by their last three characters, in order. */
  readonly chapters: readonly (readonly [last: string, words: string])[];
}

/** What a title is made of. */
export type Titled = Cared & Pick<Claim, "admissionPeriod" | "billablePeriod" | "diagnoses" | "drug">;

/** Plain words for claims. */
export interface ClaimWords {
  /** One sentence: what it was, where, and what for. */
  title(claim: Titled): string;
  /** What kind of care it is about, by a name for programs. */
  kind(claim: Cared): Care;
  /** The same in words; a claim of no known kind by its type. */
  care(claim: Cared): string;
  /** The everyday name of a diagnosis, or what part of the body it is about; `undefined` where that would say nothing. */
  diagnosis(diagnosis: Pick<Diagnosis, "code" | "system">): string | undefined;
}

/** Makes titles with the words of a language. */
export function claimWordsWith(words: TitleWords): ClaimWords {
  return {
    title(claim) {
      const care = careOf(claim);
      if (care === "prescription") return words.medicine(medicineOf(claim), daysOf(claim.drug?.daysSupply));
      const where = placeOf(claim, care, words);
      const why = NEEDS_NO_REASON.has(care) ? undefined : reasonOf(claim, words);
      return words.sentence(whatOf(claim, care, words, where !== undefined), where, why);
    },
    kind: careOf,
    care: (claim) => nameOfCare(careOf(claim), claim.type, words),
    diagnosis: (diagnosis) => nameOf(diagnosis, words),
  };
}

function nameOfCare(care: Care, type: Claim["type"], words: TitleWords): string {
  return care === "other" ? (words.other[type] ?? words.care.other) : words.care[care];
}

function whatOf(claim: Titled, care: Care, words: TitleWords, placed: boolean): string {
  if (care === "officeVisit" && placed) return words.visit;
  if (care !== "hospitalStay" && care !== "nursingStay") return nameOfCare(care, claim.type, words);
  const { start, end } = claim.admissionPeriod ?? claim.billablePeriod ?? {};
  const days = start?.length === 10 && end?.length === 10 ? (Date.parse(end) - Date.parse(start)) / 86_400_000 : Number.NaN;
  return days >= 0 ? words.days(words.care[care], Math.max(1, days)) : words.care[care];
}

function placeOf({ type, lines }: Titled, care: Care, { places }: TitleWords): string | undefined {
  const code = type === "outpatient" ? "hospital" : lines?.find((line) => line.placeOfService !== undefined)?.placeOfService?.code;
  return code === undefined || PLACE_GOES_WITHOUT_SAYING.has(care) || !Object.hasOwn(places, code) ? undefined : places[code];
}

/** What for: the main diagnosis, or where that only says what is done, the next one that says more. */
function reasonOf({ diagnoses = [] }: Titled, words: TitleWords): string | undefined {
  const order = [...diagnoses.filter(({ type }) => type === "principal"), ...diagnoses];
  for (const diagnosis of order) {
    const name = nameOf(diagnosis, words);
    if (name !== undefined) return name;
  }
  return undefined;
}

function nameOf({ code, system }: Pick<Diagnosis, "code" | "system">, { diagnoses, chapters }: TitleWords): string | undefined {
  const plain = code.replace(".", "").toUpperCase();
  // The ninth revision numbers other things by the same letters.
  if (system === "icd9" || !/^[A-Z]\d\w/.test(plain)) return undefined;
  for (let length = plain.length; length >= 3; length -= 1) {
    const start = plain.slice(0, length);
    if (Object.hasOwn(diagnoses, start)) return diagnoses[start] || undefined;
  }
  const category = plain.slice(0, 3);
  return chapters.find(([last]) => category <= last)?.[1] || undefined;
}

/** The name that is on the package: what comes before the substance, in small letters where it was shouted. */
function medicineOf({ drug }: Titled): string | undefined {
  // A compound by its first ingredient.
  const name = (drug?.name ?? drug?.ingredients?.[0]?.display)?.split(" - ")[0]?.trim();
  if (name === undefined || name === "") return undefined;
  return name === name.toUpperCase() ? name.toLowerCase().replace(/\b[a-z]/g, (letter) => letter.toUpperCase()) : name;
}

function daysOf(supply: string | undefined): string | undefined {
  const days = Number(supply);
  return days > 0 ? String(days) : undefined;
}

const NEEDS_NO_REASON = new Set<Care>(["wellness", "vaccine", "diabetesShoes", "diabetesSupplies"]);
const PLACE_GOES_WITHOUT_SAYING = new Set<Care>([
  "ambulance", "dialysis", "diabetesShoes", "diabetesSupplies", "brace", "equipment", "emergency", "homeHealth", "homeVisit", "hospice", "hospitalBed",
  "hospitalStay", "hospitalVisit", "laboratory", "mammogram", "nursingStay", "nursingVisit", "oxygen", "breathingMachine", "other", "prescription",
  "radiation", "walker", "wheelchair", "anesthesia",
]);
