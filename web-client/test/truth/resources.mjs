// The fields of Coverage and Patient, as FHIRPath that is written from the claims backend reference.
import { date, instant, no, text } from "./cells.mjs";

const all = (expression) => ({ v1: expression, v2: expression, v3: expression });
const own = (v1, v3) => ({ v1, v2: v1, v3 });
const coded = (...names) =>
  `extension.where(${names.map((name) => `url.endsWith('/${name}')`).join(" or ")}).valueCoding.code.first()`;
const NO_MONTHS = no("v3 has no codes by month");
const monthly = (name) =>
  `extension.where(url.replaceMatches('^.*/variables/', '').matches('^${name}[0-9][0-9]$')).select(url.replaceMatches('^.*([0-9][0-9])$', '$1') & ' ' & valueCoding.code)`;
const months = (name) => own(monthly(name), NO_MONTHS);
const said = (list) => (list ?? []).map(({ month, code }) => `${String(month).padStart(2, "0")} ${code}`);
/** v1 and v2 say contract and plan by month; the newest of five characters, an enrolment, is the present one. */
const LATEST = "iif(id.matches('part-[cd]'), extension.where(url.replaceMatches('^.*/variables/', '').matches('^(ptc_cntrct_id_|ptdcntrct)[0-9][0-9]$') and valueCoding.code.length() = 5).last(), {})";

const OPEN = "identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi' and (period.end.empty() or period.end.matches('^2099')))";

export const COVERAGE = {
  id: text((coverage) => coverage.id, all("id")),
  part: text((coverage) => coverage.part, {
    v1: "id.replaceMatches('^(c4dic-)?part-(.)-.*$', '$2').upper()",
    v2: "id.replaceMatches('^(c4dic-)?part-(.)-.*$', '$2').upper()",
    v3: "iif(id.lower().contains('dual-') or class.where(value.startsWith('Dual')).exists(), 'Dual', iif(id.exists(), id.lower().replaceMatches('^(c4dic-)?part-(.)-.*$', '$2').upper(), class.where(type.coding.where(code = 'plan').exists()).value.replaceMatches('^Part ', '')))",
  }),
  status: text((coverage) => coverage.status, all("status")),
  // Of the months with a code; the rules for what a record says without them are tests of the crate.
  "enrollment.asOf": text((coverage) => coverage.enrollment.asOf?.slice(0, 4), own("iif(extension.where(url.replaceMatches('^.*/variables/', '').matches('^(buyin|hmo_ind_|ptc_cntrct_id_|ptdcntrct|cstshr)[0-9][0-9]$')).exists(), extension.where(url.endsWith('/rfrnc_yr')).valueDate, {})", no("v3 has no codes by month"))),
  patientId: text((coverage) => coverage.patientId, all("beneficiary.reference.replaceMatches('^.*Patient/', '')")),
  lastUpdated: instant((coverage) => coverage.lastUpdated, all("meta.lastUpdated")),
  "period.start": date((coverage) => coverage.period?.start, all("period.start")),
  "period.end": date((coverage) => coverage.period?.end, all("period.end")),
  planName: text((coverage) => coverage.planName, {
    v1: "grouping.subPlan",
    v2: "class.where(type.coding.where(code = 'plan').exists()).value.first()",
    v3: "class.where(type.coding.where(code = 'plan').exists()).value.first()",
  }),
  contract: text((coverage) => coverage.contract, own(`${LATEST}.valueCoding.code`, "extension.where(url.endsWith('/BENE-CNTRCT-NUM')).select(valueString | valueCode | valueCoding.code | valueIdentifier.value)")),
  subscriberId: text((coverage) => coverage.subscriberId, { v1: no("v1 has none"), v2: "subscriberId", v3: "(subscriberId | identifier.where(system.endsWith('/us-mbi')).value).first()" }),
  referenceYear: text((coverage) => coverage.referenceYear, own("extension.where(url.endsWith('/rfrnc_yr')).valueDate", no("v3 has none"))),
  "medicareStatus.code": text((coverage) => coverage.medicareStatus?.code, own(coded("ms_cd"), coded("BENE-MDCR-STUS-CD"))),
  "originalEntitlement.code": text((coverage) => coverage.originalEntitlement?.code, own(coded("orec"), no("v3 has none"))),
  "currentEntitlement.code": text((coverage) => coverage.currentEntitlement?.code, own(coded("crec"), coded("BENE-MDCR-ENTLMT-RSN-CD"))),
  "esrd.code": text((coverage) => coverage.esrd?.code, own(coded("esrd_ind"), coded("BENE-ESRD-STUS-ID"))),
  "termination.code": text((coverage) => coverage.termination?.code, own(coded("a_trm_cd", "b_trm_cd"), no("v3 has none"))),
  "dualStatus.code": text((coverage) => coverage.dualStatus?.code, own(no("by month, see dual"), coded("BENE-DUAL-STUS-CD"))),
  dual: text((coverage) => said(coverage.dual), months("dual_")),
  buyIn: text((coverage) => said(coverage.buyIn), months("buyin")),
  "buyInStatus.code": text((coverage) => coverage.buyInStatus?.code, own(no("by month, see buyIn"), coded("BENE-BUYIN-CD"))),
  contracts: text((coverage) => said(coverage.contracts), months("(ptc_cntrct_id_|ptdcntrct)")),
  plans: text((coverage) => said(coverage.plans), months("(ptc_pbp_id_|ptdpbpid)")),
  pharmacy: text((coverage) => (coverage.pharmacy ?? []).map(({ kind, value }) => `${kind} ${value}`), own(
    no("v1 and v2 send no pharmacy numbers"),
    "class.where(type.coding.code.startsWith('rx')).select(type.coding.code.first() & ' ' & value)",
  )),
};

export const PATIENT = {
  id: text((patient) => patient.id, all("id")),
  "name.family": text((patient) => patient.name?.family, all("name.first().family")),
  "name.given": text((patient) => patient.name?.given, all("name.first().given")),
  gender: text((patient) => patient.gender, all("gender")),
  birthDate: date((patient) => patient.birthDate, all("birthDate")),
  deceased: text((patient) => patient.deceased, all("iif(deceasedDateTime.exists(), true, deceasedBoolean)")),
  deathDate: date((patient) => patient.deathDate, all("deceasedDateTime")),
  "address.lines": text((patient) => patient.address?.lines, all("address.first().line")),
  "address.city": text((patient) => patient.address?.city, all("address.first().city")),
  "address.state": text((patient) => patient.address?.state, all("address.first().state")),
  "address.postalCode": text((patient) => patient.address?.postalCode, all("address.first().postalCode")),
  "race.code": text((patient) => patient.race?.code, own(
    "extension.where(url.endsWith('/variables/race')).valueCoding.code",
    "extension.where(url.endsWith('/us-core-race')).extension.where(url = 'ombCategory').valueCoding.code",
  )),
  "race.display": text((patient) => patient.race?.display, own(
    "extension.where(url.endsWith('/variables/race')).valueCoding.display",
    "extension.where(url.endsWith('/us-core-race')).extension.where(url = 'ombCategory').valueCoding.display",
  )),
  "mbis.value": text((patient) => (patient.mbis ?? []).map(({ value }) => value), all("identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi').value")),
  "mbis.period.start": date((patient) => (patient.mbis ?? []).map(({ period }) => period?.start), all("identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi').period.start")),
  "mbis.period.end": date((patient) => (patient.mbis ?? []).map(({ period }) => period?.end), all("identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi').period.end")),
  "mbis.current": text((patient) => (patient.mbis ?? []).map(({ current }) => current), {
    v1: "identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi').extension.where(url.endsWith('/identifier-currency')).select(valueCoding.code = 'current')",
    v2: "identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi').type.coding.extension.where(url.endsWith('/identifier-currency')).select(valueCoding.code = 'current')",
    v3: no("v3 says the period instead"),
  }),
  mbi: text((patient) => patient.mbi, {
    v1: "identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi' and extension.where(valueCoding.code = 'current').exists()).value.first()",
    v2: "identifier.where(system = 'http://hl7.org/fhir/sid/us-mbi' and type.coding.extension.where(valueCoding.code = 'current').exists()).value.first()",
    // The open one that began last.
    v3: `${OPEN}.where(period.start.empty() or period.start = %resource.${OPEN}.period.start.max()).value.first()`,
  }),
  referenceYear: text((patient) => patient.referenceYear, own("extension.where(url.endsWith('/rfrnc_yr')).valueDate", no("v3 has none"))),
  dual: text((patient) => said(patient.dual), months("dual_")),
  language: text((patient) => patient.language, own(no("v1 and v2 say no language"), "communication.first().language.coding.code.first()")),
  replaces: text((patient) => patient.replaces, own(no("only v3 merges records"), "link.where(type = 'replaces').other.reference.select($this.replaceMatches('^.*Patient/', ''))")),
  replacedBy: text((patient) => patient.replacedBy, own(no("only v3 merges records"), "link.where(type = 'replaced-by').other.reference.replaceMatches('^.*Patient/', '').first()")),
  lastUpdated: instant((patient) => patient.lastUpdated, all("meta.lastUpdated")),
};
