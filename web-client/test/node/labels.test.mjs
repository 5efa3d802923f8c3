import assert from "node:assert/strict";
import test from "node:test";
import { CLAIM_TYPES } from "@bluegate/client/fhir";
import { labels } from "@bluegate/client/labels";

const TOTALS = [
  "charged",
  "allowed",
  "paid",
  "patientResponsibility",
  "paidByPatient",
  "deductible",
  "coinsurance",
  "copay",
  "noncovered",
];

for (const language of ["en", "es"]) {
  test(`every name of the package itself has a label: ${language}`, async () => {
    const label = await labels(language);
    for (const type of CLAIM_TYPES) assert.ok(label("claimType", type), type);
    for (const total of TOTALS) assert.ok(label("total", total), total);
    for (const part of ["A", "B", "C", "D", "Dual"]) assert.ok(label("part", part), part);
    for (const status of ["active", "cancelled"]) assert.ok(label("status", status), status);
  });
}

test("codes of CMS's lists have short labels, and others have none", async () => {
  const label = await labels("en");
  assert.equal(label("placeOfService", "11"), "Office");
  assert.equal(label("specialty", "06"), "Cardiology");
  assert.equal(label("medicareStatus", "20"), "Disabled without ESRD");
  assert.equal(label("variable", "clm_line_ncvrd_chrg_amt"), "Non-Covered Charge Amount");
  assert.equal(label("placeOfService", "no code"), undefined);
  assert.equal(label("placeOfService", "constructor"), undefined);
  assert.equal(label("placeOfService", undefined), undefined);
  assert.equal((await labels("es"))("placeOfService", "11"), undefined);
});
