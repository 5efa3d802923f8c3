// The column of other payers: CARIN Blue Button (C4BB) 1.1, 2.0 and 2.1, written from the profiles. What is the
// same in every version of Medicare's interface, and here too, has no cell of its own.
import { amount, no } from "./cells.mjs";

/** Where the entries of the test's page are. */
const BASE = "https://payer.example.org/fhir/";
const ABSENT = no("not in the profile");
const MEDICARE = no("Medicare's; not in the profile");

/** The resources that references mean: contained, or on the page. */
const found = (references) =>
  `(%bundle.entry.where(fullUrl in (${references}) or fullUrl.replace('${BASE}', '') in (${references})).resource | %resource.contained.where(('#' & id) in (${references})))`;
/** Those, and the persons whose roles they are. */
const persons = (references) => `(${found(references)} | ${found(`${found(references)}.practitioner.reference`)})`;
const KNOWN = `(%bundle.entry.fullUrl | %bundle.entry.fullUrl.select(replace('${BASE}', '')))`;

const isNpi = "(system.endsWith('/us-npi') or type.coding.where(code.lower() = 'npi').exists())";
const NPI = `identifier.where(${isNpi}).value`;
const NAME = "select(iif(name.text.exists(), name.first().text, iif(name.given.exists() or name.family.exists(), name.first().given.join(' ') & ' ' & name.first().family, name)))";
const BILLING = persons("%resource.provider.reference");
const ORGANIZATION = found("%resource.provider.reference.where($this.length() > 0)") + ".where(resourceType = 'Organization')";
const REFERRING = persons(
  `%resource.careTeam.where(role.coding.where(code = 'referring').exists()).provider.reference | ${found("%resource.referral.reference")}.requester.reference`,
);
const TEAM = persons("%resource.careTeam.provider.reference");
const SEARCHED = "careTeam.provider.reference.where(contains('us-npi|')).replaceMatches('^.*[|]', '')";
const FOCAL = "%resource.insurance.where(focal = true).coverage.reference";
const PLAN = `${found(FOCAL)}.class.where(type.coding.where(code = 'plan').exists())`;
const info = (code) => `supportingInfo.where(category.coding.where(code = '${code}').exists())`;
const drug = (expression) => ({ pde: expression, other: no("not a drug claim") });
const either = (...all) => all.reduceRight((other, one) => `iif((${one}).exists(), ${one}, ${other})`);
/** A total, or the sum of what all lines say. */
const said = (code) => either(`total.where(category.coding.where(code = '${code}').exists()).amount.value`, amount.lines(code));
const DIAGNOSES = `diagnosis.where(diagnosisCodeableConcept.exists() or diagnosisReference.reference in ${KNOWN})`;
const CODE = "select(coding.code.first().replace('.', ''))";
const NDC = "productOrService.coding.where(system.endsWith('/ndc'))";

export const CLAIM_C4BB = {
  type: `iif(subType.coding.where(system.endsWith('/C4BBInstitutionalClaimSubType')).exists(), subType.coding.code, type.coding.where(system.endsWith('/claim-type')).code.replace('pharmacy', 'pde'))`,
  claimId: "(identifier.where(system.endsWith('/clm_id')) | identifier.where(type.coding.where(code = 'uc').exists())).value.first()",
  claimGroup: ABSENT,
  controlNumber: "preAuthRef.first()",
  use: "use",
  outcome: "outcome",
  created: "created",
  patientId: "patient.reference.replaceMatches('^(.*Patient/|urn:uuid:)', '')",
  "coverage.part": MEDICARE,
  "coverage.id": `iif(${FOCAL}.matches('Coverage/'), ${FOCAL}.replaceMatches('^.*Coverage/', ''), ${found(FOCAL)}.id)`,
  "coverage.payer": `iif(insurer.display.exists(), insurer.display, ${found("%resource.insurer.reference")}.name)`,
  "coverage.contract": MEDICARE,
  "coverage.plan": `${PLAN}.value`,
  "coverage.planName": `${PLAN}.name`,
  serviceDate: { pde: "item.first().servicedDate", other: either("billablePeriod.end", "item.first().servicedPeriod.start", "item.first().servicedDate") },
  "admissionPeriod.start": `${info("admissionperiod")}.timingPeriod.start`,
  "admissionPeriod.end": `${info("admissionperiod")}.timingPeriod.end`,
  "billing.npi": `${BILLING}.${NPI}`,
  "billing.name": either("provider.display", `${BILLING}.${NAME}`),
  "billing.number": `${BILLING}.identifier.where(${isNpi}.not()).value.first()`,
  "organization.npi": `${ORGANIZATION}.${NPI}`,
  "organization.name": `iif(${ORGANIZATION}.exists(), ${either("provider.display", `${ORGANIZATION}.name`)}, {})`,
  "facility.npi": `${found("%resource.facility.reference")}.${NPI}`,
  "facility.name": either("facility.display", `${found("%resource.facility.reference")}.name`),
  facilityType: MEDICARE,
  "referring.npi": `${REFERRING}.${NPI}`,
  "referring.name": `${REFERRING}.${NAME}`,
  drg: `${info("drg")}.code.coding.code.first()`,
  "drug.ndc": drug(`item.first().${NDC}.code`),
  "drug.name": drug(`item.first().productOrService.where(coding.where(system.endsWith('/ndc')).exists()).select(${either("coding.display", "text")})`),
  "drug.daysSupply": drug(`${info("dayssupply")}.valueQuantity.value`),
  "drug.fillNumber": drug(`${info("refillnum")}.valueQuantity.value`),
  "drug.rxNumber": drug(ABSENT),
  "drug.ingredients.code": drug(`iif(item.first().${NDC}.exists(), {}, item.first().detail.${NDC}.code)`),
  "totals.charged": either(said("submitted"), "iif(item.exists() and item.all(net.exists()), item.net.value.sum(), {})"),
  "totals.paid": either("payment.amount.value", said("benefit")),
  "totals.patientResponsibility": said("memberliability"),
  "totals.paidByPatient": said("paidbypatient"),
  "totals.allowed": said("eligible"),
  amounts: amount.pairs("total", amount.CMS("category"), "amount.value"),
  "diagnoses.code": `diagnosis.diagnosisCodeableConcept.${CODE}.combine(${found("%resource.diagnosis.diagnosisReference.reference")}.code.${CODE})`,
  "diagnoses.sequence": `${DIAGNOSES}.sequence`,
  "diagnoses.type": `${DIAGNOSES}.type.coding.where(code = 'principal' or code = 'admitting').code`,
  "diagnoses.presentOnAdmission": "diagnosis.onAdmission.coding.code",
  "procedures.code": `procedure.procedureCodeableConcept.${CODE}.combine(${found("%resource.procedure.procedureReference.reference")}.code.${CODE})`,
  "procedures.date": `procedure.date.combine(${found("%resource.procedure.procedureReference.reference")}.performedDateTime)`,
  info: "supportingInfo.count()",
  "info.sequence": "supportingInfo.sequence",
  "info.date": "supportingInfo.timingDate",
  "info.period.start": "supportingInfo.timingPeriod.start",
  "info.period.end": "supportingInfo.timingPeriod.end",
  "info.code.code": "supportingInfo.select(code.coding.code.first())",
  "info.value": "supportingInfo.valueQuantity.value",
  "info.text": "supportingInfo.valueString",
  "careTeam.provider.npi": `${TEAM}.${NPI} | ${SEARCHED}`,
  "careTeam.provider.name": `careTeam.provider.display | ${TEAM}.${NAME}`,
  "careTeam.specialty.code": MEDICARE,
  "counts.value": no("the profile counts units of lines alone"),
};

export const LINE_C4BB = {
  "service.code": "productOrService.coding.where(system.endsWith('data-absent-reason').not()).code.first()",
  "service.display": `productOrService.where(coding.where(system.endsWith('data-absent-reason')).empty()).select(${either("coding.first().display", "text")})`,
  "revenueCenter.code": "revenue.coding.code.first()",
  state: "locationAddress.state",
  diagnosisSequences: "diagnosisSequence",
  careTeamSequences: "careTeamSequence",
  "ndc.code": "(productOrService.coding.where(system.endsWith('/ndc')).code | detail.productOrService.coding.where(system.endsWith('/ndc')).code).first()",
  "decisions.code.code": "adjudication.where(amount.exists().not()).reason.select(coding.code.first())",
  "totals.charged": either(amount.own("submitted"), "net.value"),
  "totals.paid": amount.own("benefit", "line_nch_pmt_amt"),
  "totals.allowed": amount.own("eligible", "line_alowd_chrg_amt"),
  amounts: `(${amount.pairs("adjudication.where(amount.exists())", amount.CMS("category"), "amount.value")}) | net.select('net=' & value.toString())`,
};

export const COVERAGE_C4BB = {
  part: MEDICARE,
  "enrollment.asOf": MEDICARE,
  planName: "class.where(type.coding.where(code = 'plan').exists()).value.first()",
  contract: MEDICARE,
  subscriberId: "subscriberId",
  referenceYear: MEDICARE,
  "medicareStatus.code": MEDICARE,
  "originalEntitlement.code": MEDICARE,
  "currentEntitlement.code": MEDICARE,
  "esrd.code": MEDICARE,
  "termination.code": MEDICARE,
  "dualStatus.code": MEDICARE,
  dual: MEDICARE,
  buyIn: MEDICARE,
  "buyInStatus.code": MEDICARE,
  contracts: MEDICARE,
  plans: MEDICARE,
  pharmacy: "class.where(type.coding.code.startsWith('rx')).select(type.coding.code.first() & ' ' & value)",
};

export const PATIENT_C4BB = {
  "race.code": "extension.where(url.endsWith('/us-core-race')).extension.where(url = 'ombCategory').valueCoding.code",
  "race.display": "extension.where(url.endsWith('/us-core-race')).extension.where(url = 'ombCategory').valueCoding.display",
  "mbis.current": MEDICARE,
  mbi: MEDICARE,
  referenceYear: MEDICARE,
  dual: MEDICARE,
  language: "communication.first().language.coding.code.first()",
  replaces: "link.where(type = 'replaces').other.reference.select($this.replaceMatches('^.*Patient/', ''))",
  replacedBy: "link.where(type = 'replaced-by').other.reference.replaceMatches('^.*Patient/', '').first()",
};

/** Adds the column to a table. */
export function withC4bb(table, column) {
  for (const name of Object.keys(column)) if (!(name in table)) throw new Error(`${name}: no such field`);
  for (const [field, { versions }] of Object.entries(table)) {
    const { v1, v2, v3 } = versions;
    const same = v1 === v2 && v2 === v3 ? v1 : undefined;
    versions.c4bb = column[field] ?? same;
    if (versions.c4bb === undefined) throw new Error(`${field} c4bb: an empty cell`);
  }
  return table;
}
