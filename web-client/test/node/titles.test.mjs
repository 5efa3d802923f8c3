// Titles of claims: a hundred claims and their titles in both languages, and that no language lacks a word.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import test from "node:test";
import { init, parseResource } from "@bluegate/client/fhir";
import { claimWords } from "@bluegate/client/labels";
import { repository } from "../fixtures.mjs";

const table = path.join(repository, "web-client", "test", "titles.txt");
const VARIABLES = "https://bluebutton.cms.gov/resources/variables";
const coded = (system, code, more) => ({ coding: [{ system, code, ...more }] });

/** A claim of v2 with what a row of the table says, which is nothing that a title should not be made of. */
function claim([type, service, codes, place, diagnoses, start, end, drug, days]) {
  const items = (codes === "" ? [undefined] : codes.split(" ")).map((code, index) => ({
    sequence: index + 1,
    productOrService: code === undefined ? coded(`${VARIABLES}/none`, "0") : coded("https://bluebutton.cms.gov/resources/codesystem/hcpcs", code),
    ...(service === "" ? {} : { category: coded(`${VARIABLES}/line_cms_type_srvc_cd`, service) }),
    ...(/^\d\d$/.test(place) ? { locationCodeableConcept: coded(`${VARIABLES}/line_place_of_srvc_cd`, place) } : {}),
    ...(/^\d{4}$/.test(place) ? { revenue: coded(`${VARIABLES}/rev_cntr`, place) } : {}),
  }));
  if (type === "pde") items[0].productOrService = coded("http://hl7.org/fhir/sid/ndc", "00093104801", drug === "" ? {} : { display: drug });
  const ninth = diagnoses.endsWith("(9)");
  return {
    resourceType: "ExplanationOfBenefit",
    id: "1",
    status: "active",
    use: "claim",
    type: coded("https://bluebutton.cms.gov/resources/codesystem/eob-type", type.toUpperCase()),
    patient: { reference: "Patient/-1" },
    billablePeriod: { start, ...(end === "" ? {} : { end }) },
    diagnosis: diagnoses.replace(" (9)", "").split(" ").filter(Boolean).map((code, index) => ({
      sequence: index + 1,
      diagnosisCodeableConcept: coded(`http://hl7.org/fhir/sid/icd-${ninth ? "9" : "10"}-cm`, code, { display: "THE SERVER'S WORDS" }),
      type: [coded("http://terminology.hl7.org/CodeSystem/ex-diagnosistype", index === 0 ? "principal" : "secondary")],
    })),
    supportingInfo: days === undefined ? [] : [{ sequence: 1, category: coded("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType", "dayssupply"), valueQuantity: { value: Number(days) } }],
    item: items,
  };
}

test("a hundred claims have the titles of the table, in both languages", async () => {
  await init();
  const rows = fs.readFileSync(table, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(rows.length, 100);
  const [english, spanish] = await Promise.all([claimWords("en"), claimWords("es")]);
  const made = [];
  for (const row of rows) {
    const [facts] = row.split(" => ");
    const { resource } = await parseResource(JSON.stringify(claim(facts.split("|"))));
    made.push(`${facts} => ${english.title(resource.value)} => ${spanish.title(resource.value)}`);
  }
  if (process.env.BLUEGATE_WRITE_DOCS === "1") {
    const comments = fs.readFileSync(table, "utf8").split("\n").filter((line) => line.startsWith("#"));
    fs.writeFileSync(table, `${[...comments, ...made].join("\n")}\n`);
  }
  assert.deepEqual(made, rows);
});

test("both languages name the same kinds of care, places, diagnoses and chapters", async () => {
  const from = (name) => fs.readFileSync(path.join(repository, "web-client", "ts", "titles", `${name}.ts`), "utf8");
  const [english, spanish] = await Promise.all(["english", "spanish"].map(async (name) => {
    const { transform } = await import("esbuild");
    const { code } = await transform(from(name), { loader: "ts", format: "esm" });
    return (await import(`data:text/javascript,${encodeURIComponent(code)}`)).default;
  }));
  for (const list of ["care", "other", "places", "diagnoses"]) {
    assert.deepEqual(Object.keys(english[list]).sort(), Object.keys(spanish[list]).sort(), list);
    for (const [key, words] of Object.entries(spanish[list])) {
      if (words !== "") assert.ok(words !== english[list][key] || SAME.has(words), `${list}.${key} is not translated: ${words}`);
      assert.equal(words === "", english[list][key] === "", `${list}.${key}`);
    }
  }
  const lasts = ({ chapters }) => chapters.map(([last]) => last);
  assert.deepEqual(lasts(english), lasts(spanish));
  assert.deepEqual(lasts(english), [...lasts(english)].sort(), "chapters are looked through in order");
});

/** Words that are the same in both languages. */
const SAME = new Set(["glaucoma", "diabetes", "diarrhea", "psoriasis", "bursitis", "COVID-19"]);
