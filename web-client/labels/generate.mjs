// Writes ts/labels/en.ts: short English labels for codes, from the code lists that CMS publishes with its
// Beneficiary FHIR Data server (CC0 1.0), and from labels.json beside this file.
//
//   node labels/generate.mjs <folder with the CodeSystem-*.fsh files>
//
// The folder is apps/bfd-model-idr/sushi/input/fsh of github.com/CMSgov/beneficiary-fhir-data, read at commit
// 62b2d2e8d9b050f09a7e9e01b2c4c991ce464be4. Lists that are the AMA's (CPT), X12's (ANSI reasons) or NUBC's
// (revenue centers, bill types, conditions, admission and discharge) are left out, and stay out.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const LISTS = {
  brandOrGeneric: ["CLM-BRND-GNRC-CD"],
  buyIn: ["BENE-BUYIN-CD"],
  drugCoverage: ["CLM-DRUG-CVRG-STUS-CD"],
  dualStatus: ["BENE-DUAL-STUS-CD"],
  entitlement: ["BENE-MDCR-ENTLMT-RSN-CD"],
  esrd: ["BENE-ESRD-STUS-ID"],
  medicareStatus: ["BENE-MDCR-STUS-CD"],
  nonPayment: ["CLM-MDCR-NPMT-RSN-CD"],
  paymentDenial: ["CLM-CARR-PMT-DNL-CD"],
  pharmacyService: ["CLM-PHRMCY-SRVC-TYPE-CD"],
  placeOfService: ["CLM-POS-CD"],
  primaryPayer: ["CLM-NCH-PRMRY-PYR-CD"],
  processing: ["CLM-PRCSG-IND-CD"],
  specialty: ["CLM-PRVDR-SPCLTY-CD"],
  supplierType: ["CLM-SUPLR-TYPE-CD"],
  typeOfService: ["CLM-FED-TYPE-SRVC-CD"],
  variable: ["Adjudication", "Supporting-Information", "Benefit-Balance"],
};

const here = path.dirname(fileURLToPath(import.meta.url));
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("which folder?");
const own = JSON.parse(fs.readFileSync(path.join(here, "labels.json"), "utf8"));

const english = { ...own.en };
for (const [list, systems] of Object.entries(LISTS)) {
  const labels = {};
  for (const system of systems) {
    const text = fs.readFileSync(path.join(folder, `CodeSystem-${system}.fsh`), "utf8");
    for (const [, quoted, bare, label] of text.matchAll(/^\s*\* #(?:"([^"]*)"|(\S+)) "((?:[^"\\]|\\.)*)"/gm)) {
      // Variables have one name in all versions: lower case with underscores.
      const code = quoted ?? bare;
      if (!/^\w+$/.test(code.replaceAll("-", "")) || /^(null|unk|no description|no info)/i.test(label)) continue;
      const name = list === "variable" ? code.toLowerCase().replaceAll("-", "_") : code;
      labels[name] ??= short(label.replaceAll('\\"', '"'));
    }
  }
  english[list] = labels;
}
write("en", english, "CMS's code lists (CC0 1.0) and this package");
write("es", own.es, "this package");

/** The name of a thing, without dates and without its definition. */
function short(text) {
  const name = text
    .replace(/\s*\((?:EFF|EFFECTIVE|OBSOLETE|DISCONTINUED|PRIOR|TERM|VALID)[^)]*\)/gi, "")
    // Dashes of another encoding.
    .replace(/â€[”“]/g, " - ")
    .replace(/\s+/g, " ")
    .split(/ ?[-–] (?=[A-Z])|(?<=[a-zA-Z)]{3})\. |; /)[0]
    .trim()
    .split(/,? (?:a|the) (?:facility|location|place|portion)\b/i)[0]
    .replace(/ \((?:code )?effective.*$/i, "")
    .replace(/[-.,:]+$/, "");
  const shouted = name === name.toUpperCase();
  const cased = shouted ? name.toLowerCase().replace(/^./, (letter) => letter.toUpperCase()) : name;
  return shouted ? cased.replace(/\b(esrd|snf|hmo|medicare|medicaid|medigap|part [abcd]|slmb|qmb|qdwi|dme|hha|va|epo|ghp|lghp|msp|oasi|pbid|ncd|lcd|clia)\b/gi, proper) : cased;
}

function proper(word) {
  if (/^part/i.test(word)) return `Part ${word.at(-1).toUpperCase()}`;
  return /^medi/i.test(word) ? `M${word.slice(1).toLowerCase()}` : word.toUpperCase();
}

function write(language, lists, source) {
  const text =
    `// Written by labels/generate.mjs from ${source}.\n` +
    `const lists: Readonly<Record<string, Readonly<Record<string, string>>>> = ${JSON.stringify(lists, undefined, 1)};\nexport default lists;\n`;
  fs.writeFileSync(path.join(here, "..", "ts", "labels", `${language}.ts`), text);
}
