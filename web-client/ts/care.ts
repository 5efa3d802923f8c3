/*
 * What kind of care a claim is about, in one word: what a title begins with. It is told by the kind of claim, by CMS's
 * type of service, and by the ranges of the procedure codes, as CMS's claims manuals name them; never by the words of a
 * code list that is not public.
 */
import type { Claim, Line } from "./model.js";

/** A kind of care. */
export type Care =
  | "hospitalStay"
  | "nursingStay"
  | "homeHealth"
  | "hospice"
  | "prescription"
  | "ambulance"
  | "emergency"
  | "surgery"
  | "endoscopy"
  | "radiation"
  | "chemotherapy"
  | "dialysis"
  | "hospitalVisit"
  | "nursingVisit"
  | "homeVisit"
  | "wellness"
  | "eyeExam"
  | "mentalHealth"
  | "officeVisit"
  | "chiropractic"
  | "therapy"
  | "procedure"
  | "vaccine"
  | "mammogram"
  | "scan"
  | "ultrasound"
  | "imaging"
  | "heartTest"
  | "test"
  | "laboratory"
  | "medicineGiven"
  | "anesthesia"
  | "oxygen"
  | "wheelchair"
  | "hospitalBed"
  | "walker"
  | "diabetesSupplies"
  | "breathingMachine"
  | "diabetesShoes"
  | "brace"
  | "equipment"
  | "other";

/**
 * Of several kinds on one claim the first of this list names it: who had a visit and a blood test remembers the visit.
 */
const CARES: readonly Care[] = [
  "hospitalStay",
  "nursingStay",
  "homeHealth",
  "hospice",
  "prescription",
  "ambulance",
  "emergency",
  "surgery",
  "endoscopy",
  "radiation",
  "chemotherapy",
  "dialysis",
  "hospitalVisit",
  "nursingVisit",
  "homeVisit",
  "wellness",
  "eyeExam",
  "mentalHealth",
  "officeVisit",
  "chiropractic",
  "therapy",
  "procedure",
  "vaccine",
  "mammogram",
  "scan",
  "ultrasound",
  "imaging",
  "heartTest",
  "test",
  "laboratory",
  "medicineGiven",
  "anesthesia",
  "oxygen",
  "wheelchair",
  "hospitalBed",
  "walker",
  "diabetesSupplies",
  "breathingMachine",
  "diabetesShoes",
  "brace",
  "equipment",
  "other",
];

/** What a kind of care is told by. */
export type Cared = Pick<Claim, "type"> & { readonly lines?: readonly CaredLine[] };

/** What of a line it is told by. */
export type CaredLine = Pick<Line, "category" | "placeOfService" | "revenueCenter" | "service">;

/** What a claim is about: its kind, where that says it, else the most telling of its lines. */
export function careOf({ type, lines = [] }: Cared): Care {
  if (Object.hasOwn(BY_TYPE, type)) return BY_TYPE[type] ?? "other";
  let first: number | undefined;
  for (const care of lines.flatMap(ofLine)) {
    const place = CARES.indexOf(care);
    if (first === undefined || place < first) first = place;
  }
  return (first === undefined ? undefined : CARES[first]) ?? (type === "dme" ? "equipment" : "other");
}

function ofLine({ category, placeOfService, revenueCenter, service }: CaredLine): Care[] {
  const procedure = service?.system === "hcpcs" && service.code.length === 5 ? within(service.code.slice(0, 1), service.code.slice(1)) : undefined;
  const center = revenueCenter && within("#", revenueCenter.code);
  const kind = category && Object.hasOwn(BY_SERVICE, category.code) ? BY_SERVICE[category.code] : undefined;
  // CMS calls every procedure surgery: it is an operation where it is done in a hospital or a surgery center.
  const operated = kind === "surgery" && ["21", "22", "24"].includes(placeOfService?.code ?? "");
  const told = procedure === "procedure" && operated ? "surgery" : (procedure ?? (kind === "surgery" && !operated ? "procedure" : kind));
  return [told, center].filter((care) => care !== undefined);
}

/** The care of the narrowest range: of those that hold the number, the one that begins last. */
function within(list: string, text: string): Care | undefined {
  const ranges = Object.hasOwn(RANGES, list) ? RANGES[list] : undefined;
  if (ranges === undefined || !/^\d{1,4}$/.test(text)) return undefined;
  const number = Number(text);
  return ranges.filter(([from, to]) => from <= number && number <= to).at(-1)?.[2];
}

const BY_TYPE: Readonly<Partial<Record<string, Care>>> = {
  inpatient: "hospitalStay",
  snf: "nursingStay",
  hha: "homeHealth",
  hospice: "hospice",
  pde: "prescription",
};

/** CMS's types of service (`line_cms_type_srvc_cd`) that say something. */
const BY_SERVICE: Readonly<Record<string, Care>> = {
  "2": "surgery",
  "4": "imaging",
  "5": "laboratory",
  "6": "radiation",
  "7": "anesthesia",
  A: "equipment",
  P: "equipment",
  R: "equipment",
  U: "therapy",
  W: "therapy",
};

/**
 * The sections of the lists, by the first letter or digit of a procedure code and the four digits after it, in the order
 * in which they begin; `#` are the revenue centers.
 */
const RANGES: Readonly<Record<string, readonly (readonly [from: number, to: number, care: Care])[]>> = {
  "#": [
    [320, 329, "imaging"], [350, 359, "scan"], [401, 401, "mammogram"], [402, 402, "ultrasound"], [403, 403, "mammogram"],
    [404, 404, "scan"], [450, 459, "emergency"], [540, 549, "ambulance"], [610, 619, "scan"],
  ],
  "0": [
    [100, 1999, "anesthesia"],
  ],
  "1": [
    [4, 9999, "procedure"],
  ],
  "2": [
    [0, 9999, "procedure"],
  ],
  "3": [
    [0, 9999, "procedure"], [6415, 6416, "laboratory"],
  ],
  "4": [
    [0, 9999, "procedure"], [3180, 3278, "endoscopy"], [4360, 4408, "endoscopy"], [5300, 5398, "endoscopy"],
  ],
  "5": [
    [0, 9999, "procedure"],
  ],
  "6": [
    [0, 9990, "procedure"],
  ],
  "7": [
    [10, 6499, "imaging"], [450, 498, "scan"], [540, 559, "scan"], [1250, 1275, "scan"], [1550, 1555, "scan"],
    [2125, 2159, "scan"], [2191, 2198, "scan"], [3200, 3225, "scan"], [3700, 3725, "scan"], [4150, 4185, "scan"],
    [5557, 5574, "scan"], [6506, 6999, "ultrasound"], [7046, 7067, "mammogram"], [7261, 7799, "radiation"],
    [8012, 9999, "scan"],
  ],
  "8": [
    [47, 9398, "laboratory"],
  ],
  "9": [
    [281, 399, "medicineGiven"], [460, 759, "vaccine"], [785, 899, "mentalHealth"], [935, 999, "dialysis"],
    [1010, 1299, "test"], [2002, 2499, "eyeExam"], [2502, 2700, "test"], [2920, 2998, "procedure"],
    [3000, 3799, "heartTest"], [3880, 3998, "ultrasound"], [4002, 6020, "test"], [6360, 6379, "medicineGiven"],
    [6401, 6549, "chemotherapy"], [7010, 7799, "therapy"], [8940, 8943, "chiropractic"], [9202, 9215, "officeVisit"],
    [9217, 9239, "hospitalVisit"], [9241, 9245, "officeVisit"], [9251, 9255, "hospitalVisit"], [9281, 9288, "emergency"],
    [9291, 9292, "hospitalVisit"], [9304, 9318, "nursingVisit"], [9341, 9350, "homeVisit"], [9381, 9429, "wellness"],
    [9441, 9443, "officeVisit"], [9490, 9496, "officeVisit"],
  ],
  A: [
    [21, 999, "ambulance"], [4206, 8004, "equipment"], [4206, 4259, "diabetesSupplies"], [4615, 4620, "oxygen"],
    [5500, 5514, "diabetesShoes"], [7027, 7049, "breathingMachine"], [9500, 9700, "scan"],
  ],
  B: [
    [4034, 9999, "equipment"],
  ],
  E: [
    [100, 8002, "equipment"], [100, 159, "walker"], [250, 373, "hospitalBed"], [424, 487, "oxygen"],
    [470, 472, "breathingMachine"], [601, 601, "breathingMachine"], [607, 607, "diabetesSupplies"],
    [950, 1298, "wheelchair"], [1352, 1406, "oxygen"], [2201, 2398, "wheelchair"],
  ],
  G: [
    [8, 10, "vaccine"], [101, 101, "wellness"], [104, 106, "endoscopy"], [121, 121, "endoscopy"], [151, 153, "therapy"],
    [202, 206, "mammogram"], [279, 279, "mammogram"], [283, 283, "therapy"], [378, 379, "hospitalVisit"],
    [380, 384, "emergency"], [402, 402, "wellness"], [406, 408, "hospitalVisit"], [425, 427, "hospitalVisit"],
    [436, 439, "wellness"], [442, 447, "wellness"], [463, 463, "officeVisit"], [467, 467, "officeVisit"],
    [468, 468, "wellness"], [2010, 2012, "officeVisit"], [2212, 2252, "officeVisit"], [6001, 6017, "radiation"],
  ],
  J: [
    [120, 8999, "medicineGiven"], [9000, 9999, "chemotherapy"],
  ],
  K: [
    [1, 9999, "equipment"], [1, 108, "wheelchair"], [738, 738, "oxygen"], [800, 899, "wheelchair"],
  ],
  L: [
    [100, 9900, "brace"],
  ],
  P: [
    [2028, 9615, "laboratory"],
  ],
  Q: [
    [35, 35, "heartTest"], [83, 85, "chemotherapy"], [91, 91, "laboratory"], [111, 115, "laboratory"],
    [138, 9999, "medicineGiven"], [2034, 2039, "vaccine"], [5001, 5010, "hospice"],
  ],
  R: [
    [70, 76, "imaging"],
  ],
  V: [
    [2020, 2799, "equipment"], [5008, 5364, "test"],
  ],
};
