// The claim's own fields: where each stands in the JSON, by version and type, as FHIRPath that is written
// from the claims backend reference and knows nothing of the parser.
import { amount, cents, count, date, decimal, instant, no, text } from "./cells.mjs";

const NPI = "(system.endsWith('/us-npi') or type.coding.code = 'npi' or system.endsWith('/carr_clm_blg_npi_num'))";
const V3_TYPE = [
  ["carrier", "^(71|72|[12]700)$"],
  ["dme", "^(81|82|[12]800)$"],
  ["hha", "^(10|[12]0(32|33|39|42|66|92))$"],
  ["hospice", "^(50|[12]900|[12]0(81|82|91|98))$"],
  ["inpatient", "^(6[0-4]|[12]0(11|41|69))$"],
  ["pde", "^[1-4]$"],
  ["snf", "^(20|30|[12]0(18|21))$"],
  ["outpatient", "^(40|[12]0[0-9][0-9])$"],
].reduceRight(
  (other, [type, codes]) => `iif(type.coding.where(system.endsWith('/CLM-TYPE-CD') and code.matches('${codes}')).exists(), '${type}', ${other})`,
  "'unknown'",
);
const NO_DRUG = "not a drug claim";
const drug = (expression) => ({ pde: expression, other: no(NO_DRUG) });

/** The contained resource that a reference means. */
const meant = (reference) => `contained.where('#' & id = %resource.${reference}.reference)`;
const info = (...codes) =>
  `supportingInfo.where(${codes.map((code) => `category.coding.where(code = '${code}' or code.endsWith('/${code}')).exists()`).join(" or ")})`;

const V1_ORGANIZATION = `organization.identifier.where(${NPI}).value`;
const V1_GROUP = "careTeam.extension.where(url.endsWith('/us-npi')).valueCoding";
const V2_GROUP = "careTeam.where(role.coding.where(system = 'http://terminology.hl7.org/CodeSystem/claimcareteamrole' and code = 'primary').exists()).first().provider";
const NAMED = "iif(name.given.exists() or name.family.exists(), name.first().given.join(' ') & ' ' & name.first().family, name)";

// v3 contains its practitioners in older answers, and has them in place in newer ones.
const REFERRING = "careTeam.where(role.coding.where(code = 'referring').exists()).first().provider";
const REFERRED = `contained.where(('#' & id) = %resource.${REFERRING}.reference)`;
const MEMBERS = "contained.where(('#' & id) in %resource.careTeam.provider.reference)";

export const CLAIM = {
  type: text((claim) => claim.type, {
    v1: "type.coding.where(system.endsWith('/eob-type')).code.lower()",
    v2: "type.coding.where(system.endsWith('/eob-type')).code.lower()",
    v3: `iif(type.coding.where(system.endsWith('/EOB-TYPE')).exists(), type.coding.where(system.endsWith('/EOB-TYPE')).code.lower(), ${V3_TYPE})`,
  }),
  id: text((claim) => claim.id, { v1: "id", v2: "id", v3: "id" }),
  claimId: text((claim) => claim.claimId, {
    v1: { pde: "identifier.where(system.endsWith('/pde_id')).value", other: "identifier.where(system.endsWith('/clm_id')).value" },
    v2: { pde: "identifier.where(system.endsWith('/pde_id')).value", other: "identifier.where(system.endsWith('/clm_id')).value" },
    v3: "identifier.where(system.empty() and type.coding.where(code = 'uc').exists()).value",
  }),
  claimGroup: text((claim) => claim.claimGroup, {
    v1: "identifier.where(system.endsWith('/claim-group')).value",
    v2: "identifier.where(system.endsWith('/claim-group')).value",
    v3: no("v3 sends no claim group"),
  }),
  controlNumber: text((claim) => claim.controlNumber, {
    v1: "extension.where(url.endsWith('/carr_clm_cntl_num') or url.endsWith('/fi_doc_clm_cntl_num')).valueIdentifier.value",
    v2: "extension.where(url.endsWith('/carr_clm_cntl_num') or url.endsWith('/fi_doc_clm_cntl_num')).valueIdentifier.value",
    v3: "(identifier.where(system.endsWith('/CLM-CNTL-NUM')).value | identifier.where(system.endsWith('/Unique-Tracking-Number')).value).first()",
  }),
  status: text((claim) => claim.status, { v1: "status", v2: "status", v3: "status" }),
  use: text((claim) => claim.use, { v1: "'claim'", v2: "use", v3: "use" }),
  outcome: text((claim) => claim.outcome, { v1: no("v1 sends no outcome"), v2: "outcome", v3: "outcome" }),
  created: date((claim) => claim.created, { v1: no("v1 sends no creation"), v2: "created", v3: "created" }),
  lastUpdated: instant((claim) => claim.lastUpdated, { v1: "meta.lastUpdated", v2: "meta.lastUpdated", v3: "meta.lastUpdated" }),
  patientId: text((claim) => claim.patientId, {
    v1: "patient.reference.replaceMatches('^.*Patient/', '')",
    v2: "patient.reference.replaceMatches('^.*Patient/', '')",
    v3: "patient.reference.replaceMatches('^.*Patient/', '')",
  }),
  "coverage.part": text((claim) => claim.coverage?.part, {
    v1: "insurance.coverage.reference.replaceMatches('^.*part-(.)-.*$', '$1').upper()",
    v2: "insurance.first().coverage.reference.replaceMatches('^.*part-(.)-.*$', '$1').upper()",
    v3: "insurance.first().coverage.display.replaceMatches('^Part ', '')",
  }),
  "coverage.id": text((claim) => claim.coverage?.id, {
    v1: "insurance.coverage.reference.replaceMatches('^Coverage/', '')",
    v2: "insurance.first().coverage.reference.replaceMatches('^Coverage/', '')",
    v3: no("v3 does not refer to the Coverage"),
  }),
  "coverage.contract": text((claim) => claim.coverage?.contract, {
    v1: drug("insurance.coverage.extension.where(url.endsWith('/plan_cntrct_rec_id')).valueIdentifier.value"),
    v2: drug("insurance.coverage.extension.where(url.endsWith('/plan_cntrct_rec_id')).valueIdentifier.value"),
    v3: drug(
      "(insurance.extension.where(url.endsWith('/CLM-SBMTR-CNTRCT-NUM')).valueString | supportingInfo.where(category.coding.code = 'CLM_SBMTR_CNTRCT_NUM' or category.coding.where(code = 'CLM_SBMTR_CNTRCT_NUM').exists()).valueString).first()",
    ),
  }),
  "coverage.plan": text((claim) => claim.coverage?.plan, {
    v1: drug("insurance.coverage.extension.where(url.endsWith('/plan_pbp_rec_num')).valueIdentifier.value"),
    v2: drug("insurance.coverage.extension.where(url.endsWith('/plan_pbp_rec_num')).valueIdentifier.value"),
    v3: drug(
      "(insurance.extension.where(url.endsWith('/CLM-SBMTR-CNTRCT-PBP-NUM')).valueString | supportingInfo.where(category.coding.where(code = 'CLM_SBMTR_CNTRCT_PBP_NUM').exists()).valueString).first()",
    ),
  }),
  "coverage.payer": text((claim) => claim.coverage?.payer, {
    v1: no("v1 does not name who insures"),
    v2: no("v2 does not name who insures"),
    v3: `(insurer.display | ${meant("insurer")}.name).first()`,
  }),
  "coverage.planName": text((claim) => claim.coverage?.planName, all(no("Medicare does not send the Coverage with a claim"))),
  "billablePeriod.start": date((claim) => claim.billablePeriod?.start, all("billablePeriod.start")),
  "billablePeriod.end": date((claim) => claim.billablePeriod?.end, all("billablePeriod.end")),
  serviceDate: date((claim) => claim.serviceDate, all({ pde: "item.first().servicedDate", other: "billablePeriod.end" })),
  "admissionPeriod.start": date((claim) => claim.admissionPeriod?.start, {
    v1: "hospitalization.start",
    v2: `${info("admissionperiod")}.timingPeriod.start`,
    v3: `${info("admissionperiod")}.timingPeriod.start`,
  }),
  "admissionPeriod.end": date((claim) => claim.admissionPeriod?.end, {
    v1: "hospitalization.end",
    v2: `${info("admissionperiod")}.timingPeriod.end`,
    v3: `${info("admissionperiod")}.timingPeriod.end`,
  }),
  "billing.npi": text((claim) => claim.billing?.npi, {
    v1: { carrier: no("v1 names nobody who billed"), dme: no("v1 names nobody who billed"), other: V1_ORGANIZATION },
    v2: {
      carrier: `provider.identifier.where(${NPI}).value`,
      dme: `provider.identifier.where(${NPI}).value`,
      pde: `provider.identifier.where(${NPI}).value`,
      other: `${meant("provider")}.identifier.where(${NPI}).value`,
    },
    v3: `${meant("provider")}.identifier.where(${NPI}).value.first()`,
  }),
  "billing.name": text((claim) => claim.billing?.name, {
    v1: { carrier: no("v1 names nobody who billed"), dme: no("v1 names nobody who billed"), other: "organization.display" },
    v2: { carrier: "provider.display", dme: "provider.display", pde: "(provider.display | organization.display | facility.display).first()", other: `${meant("provider")}.name` },
    v3: `${meant("provider")}.select(${NAMED})`,
  }),
  "organization.npi": text((claim) => claim.organization?.npi, {
    v1: { carrier: `${V1_GROUP}.code.first()`, dme: no("v1 names no organization of DME claims"), other: V1_ORGANIZATION },
    v2: {
      carrier: `${V2_GROUP}.identifier.where(${NPI}).value`,
      dme: no("v2 names no organization of DME claims"),
      pde: `(organization.identifier | facility.identifier).where(${NPI}).value.first()`,
      other: `${meant("provider")}.identifier.where(${NPI}).value`,
    },
    v3: `${meant("provider")}.where(resourceType = 'Organization').identifier.where(${NPI}).value.first()`,
  }),
  "facility.npi": text((claim) => claim.facility?.npi, {
    v1: { carrier: no("no facility"), dme: no("no facility"), other: "facility.identifier.value" },
    v2: { carrier: no("no facility"), dme: no("no facility"), pde: "facility.identifier.value", other: `iif(facility.exists(), iif(facility.identifier.exists(), facility.identifier.value, ${meant("provider")}.identifier.where(${NPI}).value), {})` },
    v3: `iif(facility.exists(), ${meant("provider")}.where(resourceType = 'Organization').identifier.where(${NPI}).value.first(), {})`,
  }),
  facilityType: text((claim) => claim.facilityType?.code, {
    v1: "facility.extension.where(url.endsWith('/clm_fac_type_cd') or url.endsWith('/phrmcy_srvc_type_cd')).valueCoding.code.first()",
    v2: "facility.extension.where(url.endsWith('/clm_fac_type_cd') or url.endsWith('/phrmcy_srvc_type_cd')).valueCoding.code.first()",
    v3: "facility.extension.where(url.endsWith('/CLM-FAC-TYPE-CD') or url.endsWith('/PHRMCY-SRVC-TYPE-CD')).valueCoding.code.first()",
  }),
  "referring.npi": text((claim) => claim.referring?.npi, {
    v1: "contained.where(requester.exists()).requester.agent.identifier.value",
    v2: `referral.identifier.where(${NPI}).value`,
    v3: `(${REFERRING}.identifier | ${REFERRED}.identifier.where(system.endsWith('/us-npi'))).value.first()`,
  }),
  drg: text((claim) => claim.drg, {
    v1: "diagnosis.packageCode.coding.code.first()",
    v2: `${info("clm_drg_cd")}.code.coding.code.first()`,
    v3: `${info("CLM_DRG_CD", "drg")}.code.coding.code.first()`,
  }),
  "drug.ndc": text((claim) => claim.drug?.ndc, {
    v1: drug("item.service.coding.where(system.endsWith('/ndc')).code"),
    v2: drug("item.productOrService.coding.where(system.endsWith('/ndc')).code"),
    v3: drug("item.productOrService.coding.where(system.endsWith('/ndc')).code"),
  }),
  "drug.quantity": decimal((claim) => claim.drug?.quantity, all(drug("item.quantity.value"))),
  "drug.daysSupply": decimal((claim) => claim.drug?.daysSupply, {
    v1: drug("item.quantity.extension.where(url.endsWith('/days_suply_num')).valueQuantity.value"),
    v2: drug(`${info("dayssupply")}.valueQuantity.value`),
    v3: drug(`${info("dayssupply")}.valueQuantity.value`),
  }),
  "drug.fillNumber": decimal((claim) => claim.drug?.fillNumber, {
    v1: drug("item.quantity.extension.where(url.endsWith('/fill_num')).valueQuantity.value"),
    v2: drug(`${info("refillnum")}.valueQuantity.value`),
    v3: drug(`${info("refillnum")}.valueQuantity.value`),
  }),
  "drug.rxNumber": text((claim) => claim.drug?.rxNumber, {
    v1: drug("identifier.where(system.endsWith('/rx_srvc_rfrnc_num')).value"),
    v2: drug("identifier.where(system.endsWith('/rx_srvc_rfrnc_num')).value"),
    v3: drug("(supportingInfo.where(category.coding.where(code = 'CLM_LINE_RX_NUM').exists()).valueString | item.extension.where(url.endsWith('/CLM-LINE-RX-NUM')).valueString | item.extension.where(url.endsWith('/CLM-LINE-RX-NUM')).valueIdentifier.value).first()"),
  }),
  "totals.charged": cents((claim) => claim.totals?.charged, {
    v1: { carrier: amount.extension("nch_carr_clm_sbmtd_chrg_amt"), dme: amount.extension("nch_carr_clm_sbmtd_chrg_amt"), pde: amount.line("tot_rx_cst_amt"), other: "totalCost.value" },
    v2: { carrier: amount.any("nch_carr_clm_sbmtd_chrg_amt"), dme: amount.any("nch_carr_clm_sbmtd_chrg_amt"), pde: amount.total("tot_rx_cst_amt", "drugcost"), other: amount.total("clm_tot_chrg_amt") },
    v3: amount.v3("submitted", "CLM_SBMT_CHRG_AMT", "TOT_RX_CST_AMT"),
  }),
  "totals.paid": cents((claim) => claim.totals?.paid, {
    v1: { pde: amount.line("cvrd_d_plan_pd_amt"), other: "payment.amount.value" },
    v2: { pde: amount.line("cvrd_d_plan_pd_amt"), other: "payment.amount.value" },
    v3: { pde: "(payment.amount.value | item.first().adjudication.where(category.coding.where(code = 'CLM_LINE_CVRD_PD_AMT').exists()).amount.value).first()", other: "payment.amount.value" },
  }),
  // As reported, else deductible and coinsurance: of the claim, or of all of its lines.
  "totals.patientResponsibility": cents((claim) => claim.totals?.patientResponsibility, {
    v1: {
      carrier: amount.both(amount.extension("carr_clm_cash_ddctbl_apld_amt"), amount.lines("line_coinsrnc_amt")),
      dme: amount.both(amount.extension("carr_clm_cash_ddctbl_apld_amt"), amount.lines("line_coinsrnc_amt")),
      inpatient: amount.extension("nch_ip_tot_ddctn_amt"),
      snf: amount.extension("nch_ip_tot_ddctn_amt"),
      outpatient: amount.both(amount.extension("nch_bene_ptb_ddctbl_amt"), amount.extension("nch_bene_ptb_coinsrnc_amt")),
      other: no("home health, hospice and drug claims do not say what is owed"),
    },
    v2: {
      carrier: amount.both(amount.any("carr_clm_cash_ddctbl_apld_amt"), amount.lines("line_coinsrnc_amt")),
      dme: amount.both(amount.any("carr_clm_cash_ddctbl_apld_amt"), amount.lines("line_coinsrnc_amt")),
      inpatient: amount.any("nch_ip_tot_ddctn_amt"),
      snf: amount.any("nch_ip_tot_ddctn_amt"),
      outpatient: amount.both(amount.any("nch_bene_ptb_ddctbl_amt"), amount.any("nch_bene_ptb_coinsrnc_amt")),
      other: no("home health, hospice and drug claims do not say what is owed"),
    },
    v3: amount.both(
      amount.said(["CLM_MDCR_DDCTBL_AMT"], amount.lines("CLM_LINE_MDCR_DDCTBL_AMT")),
      amount.said(["CLM_MDCR_COINSRNC_AMT"], `iif(total.where(category.coding.where(code = 'CLM_BENE_PMT_COINSRNC_AMT').exists()).exists(), {}, ${amount.lines("CLM_LINE_MDCR_COINSRNC_AMT")})`),
    ),
  }),
  "totals.paidByPatient": cents((claim) => claim.totals?.paidByPatient, {
    v1: { pde: amount.line("ptnt_pay_amt"), other: no("only drug claims say what the person paid for the claim") },
    v2: { pde: amount.line("ptnt_pay_amt"), other: no("only drug claims say what the person paid for the claim") },
    v3: "total.where(category.coding.where(code = 'CLM_BENE_PMT_AMT').exists()).amount.value.first()",
  }),
  "payment.amount": cents((claim) => claim.payment?.amount, all("payment.amount.value")),
  "payment.date": date((claim) => claim.payment?.date, all("payment.date")),
  amounts: amount.list((claim) => claim.amounts, {
    v1: `${amount.pairs("extension.where(valueMoney.exists())", "url", "valueMoney.value")} | totalCost.select('clm_tot_chrg_amt=' & value.toString())`,
    // The primary payer's amount of carrier and DME claims is filed under the total charge (section 3.4).
    v2: `${amount.pairs("total", `iif(category.coding.where(code = 'priorpayerpaid').exists() and category.coding.where(code.endsWith('/clm_tot_chrg_amt')).exists(), 'prpayamt', ${amount.CMS("category")})`, "amount.value")} | ${amount.pairs("extension.where(valueMoney.exists())", "url", "valueMoney.value")} | ${amount.pairs("benefitBalance.financial.where(usedMoney.exists())", amount.CMS("type"), "usedMoney.value")}`,
    v3: `${amount.pairs("total", amount.CMS("category"), "amount.value")} | ${amount.pairs("adjudication.where(amount.exists())", amount.CMS("category"), "amount.value")}`,
  }),
  "careTeam": count((claim) => claim.careTeam?.length, all("careTeam.where(sequence.exists()).count()")),
  "diagnoses.code": text((claim) => [...(claim.diagnoses ?? [])].map(({ code }) => code).sort(), all(
    "diagnosis.diagnosisCodeableConcept.select(iif(coding.where(system.endsWith('icd-10-cm')).exists(), coding.where(system.endsWith('icd-10-cm')), coding).code.first().replace('.', ''))",
  ), { sorted: true }),
  "diagnoses.sequence": text((claim) => (claim.diagnoses ?? []).map(({ sequence }) => sequence), all("diagnosis.where(diagnosisCodeableConcept.exists()).sequence"), { sorted: true }),
  "procedures.code": text((claim) => (claim.procedures ?? []).map(({ code }) => code), all("procedure.procedureCodeableConcept.select(coding.code.first().replace('.', ''))"), { sorted: true }),
  "procedures.date": date((claim) => (claim.procedures ?? []).map(({ date }) => date), all("procedure.date"), { sorted: true }),
  "info": count((claim) => claim.info?.length, { v1: "information.count()", v2: "supportingInfo.count()", v3: "supportingInfo.count()" }),
  "info.date": date((claim) => (claim.info ?? []).map(({ date }) => date), { v1: "information.timingDate", v2: "supportingInfo.timingDate", v3: "supportingInfo.timingDate" }, { sorted: true }),
  "info.code.code": text((claim) => (claim.info ?? []).map(({ code }) => code?.code), {
    v1: "information.select(code.coding.code.first())",
    v2: "supportingInfo.select(code.coding.code.first())",
    v3: "supportingInfo.select(code.coding.code.first())",
  }, { sorted: true }),
  "billing.number": text((claim) => claim.billing?.number, {
    v1: { carrier: no("v1 names nobody who billed"), dme: no("v1 names nobody who billed"), pde: no("the pharmacy has its NPI alone"), other: "provider.identifier.where(system.endsWith('/us-npi').not()).value" },
    v2: { carrier: no("an NPI alone"), dme: no("an NPI alone"), pde: no("an NPI alone"), other: `${meant("provider")}.identifier.where(type.coding.where(code = 'PRN').exists()).value` },
    v3: `iif(${meant("provider")}.identifier.where(system.endsWith('/us-npi')).value = ${meant("provider")}.identifier.where(system.endsWith('/us-npi').not()).value, {}, ${meant("provider")}.identifier.where(system.endsWith('/us-npi').not()).value.first())`,
  }),
  "organization.name": text((claim) => claim.organization?.name, {
    v1: { carrier: `${V1_GROUP}.display.first()`, dme: no("v1 names no organization of DME claims"), other: "organization.display" },
    v2: { carrier: `${V2_GROUP}.display`, dme: no("v2 names no organization of DME claims"), pde: "facility.display", other: `${meant("provider")}.name` },
    v3: `${meant("provider")}.where(resourceType = 'Organization').select(${NAMED})`,
  }),
  "facility.name": text((claim) => claim.facility?.name, {
    v1: { carrier: no("no facility"), dme: no("no facility"), other: "facility.display" },
    v2: { carrier: no("no facility"), dme: no("no facility"), pde: "facility.display", other: `iif(facility.exists(), iif(facility.identifier.exists(), facility.display, ${meant("provider")}.name), {})` },
    v3: `iif(facility.exists(), ${meant("provider")}.where(resourceType = 'Organization').select(${NAMED}), {})`,
  }),
  "referring.name": text((claim) => claim.referring?.name, {
    v1: "contained.where(requester.exists()).requester.agent.display",
    v2: "referral.display",
    v3: `(${REFERRING}.display | ${REFERRED}.select(${NAMED})).first()`,
  }),
  "drug.name": text((claim) => claim.drug?.name, {
    v1: drug("item.service.coding.where(system.endsWith('/ndc')).display"),
    v2: drug("item.productOrService.coding.where(system.endsWith('/ndc')).display"),
    v3: drug("item.productOrService.coding.where(system.endsWith('/ndc')).display"),
  }),
  "drug.unit": text((claim) => claim.drug?.unit, all(drug("item.quantity.unit"))),
  "drug.ingredients.code": text((claim) => (claim.drug?.ingredients ?? []).map(({ code }) => code), {
    v1: drug(no("v1 flags a compound and does not list it")),
    v2: drug(no("v2 flags a compound and does not list it")),
    v3: drug("iif(item.productOrService.coding.where(system.endsWith('/ndc')).exists(), {}, item.first().detail.productOrService.coding.where(system.endsWith('/ndc')).code)"),
  }),
  "careTeam.sequence": text((claim) => (claim.careTeam ?? []).map(({ sequence }) => sequence), all("careTeam.sequence"), { sorted: true }),
  "careTeam.role": text((claim) => (claim.careTeam ?? []).map(({ role }) => role), all("careTeam.select(role.coding.code.first())"), { sorted: true }),
  "careTeam.provider.npi": text((claim) => (claim.careTeam ?? []).map(({ provider }) => provider.npi), {
    v1: `careTeam.provider.identifier.where(${NPI}).value`,
    v2: `careTeam.provider.identifier.where(${NPI}).value`,
    v3: `careTeam.provider.identifier.where(system.endsWith('/us-npi')).value | ${MEMBERS}.identifier.where(system.endsWith('/us-npi')).value`,
  }, { sorted: true, distinct: true }),
  "careTeam.provider.name": text((claim) => (claim.careTeam ?? []).map(({ provider }) => provider.name), {
    v1: "careTeam.provider.display",
    v2: "careTeam.provider.display",
    v3: `careTeam.provider.display | ${MEMBERS}.select(${NAMED})`,
  }, { sorted: true, distinct: true }),
  "careTeam.specialty.code": text((claim) => (claim.careTeam ?? []).map(({ specialty }) => specialty?.code), all(
    "careTeam.qualification.coding.where(system.endsWith('/prvdr_spclty') or system.endsWith('/CLM-PRVDR-SPCLTY-CD')).code",
  ), { sorted: true }),
  "careTeam.taxonomy.code": text((claim) => (claim.careTeam ?? []).map(({ taxonomy }) => taxonomy?.code), all(
    "careTeam.qualification.coding.where(system.endsWith('/provider-taxonomy')).code",
  ), { sorted: true }),
  "diagnoses.type": text((claim) => (claim.diagnoses ?? []).map(({ type }) => ({ principal: "principal", admitting: "admitting" })[type]), all(
    "diagnosis.where(diagnosisCodeableConcept.exists()).type.coding.where(code = 'principal' or code = 'admitting').code",
  ), { sorted: true }),
  "diagnoses.presentOnAdmission": text((claim) => (claim.diagnoses ?? []).map(({ presentOnAdmission }) => presentOnAdmission), {
    v1: "diagnosis.extension.where(url.replaceMatches('.*/', '').matches('^clm_(e_)?poa_ind')).valueCoding.code",
    v2: "diagnosis.extension.where(url.replaceMatches('.*/', '').matches('^clm_(e_)?poa_ind')).valueCoding.code",
    v3: "diagnosis.onAdmission.coding.code",
  }, { sorted: true }),
  "procedures.sequence": text((claim) => (claim.procedures ?? []).map(({ sequence }) => sequence), all("procedure.sequence"), { sorted: true }),
  "totals.allowed": cents((claim) => claim.totals?.allowed, {
    v1: { carrier: amount.extension("nch_carr_clm_alowd_amt"), dme: amount.extension("nch_carr_clm_alowd_amt"), other: no("institutional and drug claims have no allowed amount") },
    v2: { carrier: amount.any("nch_carr_clm_alowd_amt"), dme: amount.any("nch_carr_clm_alowd_amt"), other: no("institutional and drug claims have no allowed amount") },
    v3: amount.v3("eligible", "CLM_ALOWD_CHRG_AMT"),
  }),
  "info.sequence": text((claim) => (claim.info ?? []).map(({ sequence }) => sequence), { v1: "information.sequence", v2: "supportingInfo.sequence", v3: "supportingInfo.sequence" }, { sorted: true }),
  "info.period.start": date((claim) => (claim.info ?? []).map(({ period }) => period?.start), { v1: "information.timingPeriod.start", v2: "supportingInfo.timingPeriod.start", v3: "supportingInfo.timingPeriod.start" }, { sorted: true }),
  "info.period.end": date((claim) => (claim.info ?? []).map(({ period }) => period?.end), { v1: "information.timingPeriod.end", v2: "supportingInfo.timingPeriod.end", v3: "supportingInfo.timingPeriod.end" }, { sorted: true }),
  "info.value": decimal((claim) => (claim.info ?? []).map(({ value }) => value), { v1: "information.valueQuantity.value", v2: "supportingInfo.valueQuantity.value", v3: "supportingInfo.valueQuantity.value" }, { sorted: true }),
  "info.text": text((claim) => (claim.info ?? []).map(({ text }) => text), { v1: "information.valueString", v2: "supportingInfo.valueString", v3: "supportingInfo.valueString" }, { sorted: true }),
  "counts.value": decimal((claim) => (claim.counts ?? []).map(({ value }) => value), {
    v1: "benefitBalance.financial.usedUnsignedInt",
    v2: "benefitBalance.financial.usedUnsignedInt",
    v3: "adjudication.value",
  }, { sorted: true }),
  lines: count((claim) => claim.lines?.length, all("item.count()")),
};

function all(cell) {
  return { v1: cell, v2: cell, v3: cell };
}

/** Fields of a line; the expressions begin at `item`. */
export const LINE = {
  sequence: text((line) => line.sequence, all("sequence")),
  "service.code": text((line) => line.service?.code, {
    v1: "service.coding.code.first()",
    v2: "iif(productOrService.coding.where(system.endsWith('/hcpcs') or system.endsWith('/ndc') or system.endsWith('HIPPSCodes')).exists(), productOrService.coding.where(system.endsWith('/hcpcs') or system.endsWith('/ndc') or system.endsWith('HIPPSCodes')), productOrService.coding.where(system.endsWith('data-absent-reason').not())).code.first()",
    v3: "productOrService.coding.where(system.endsWith('data-absent-reason').not()).code.first()",
  }),
  modifiers: text((line) => line.modifiers, all("modifier.coding.where((system = 'http://unitsofmeasure.org').not() or system.empty()).code")),
  "category.code": text((line) => line.category?.code, all("category.coding.code.first()")),
  "revenueCenter.code": text((line) => line.revenueCenter?.code, {
    v1: "revenue.coding.where(system.endsWith('/rev_cntr')).code",
    v2: "revenue.coding.where(system.endsWith('/rev_cntr')).code",
    v3: "revenue.coding.code.first()",
  }),
  "period.start": date((line) => line.period?.start, all("iif(servicedPeriod.start.exists() or servicedPeriod.end.exists(), servicedPeriod.start, servicedDate)")),
  "period.end": date((line) => line.period?.end, all("iif(servicedPeriod.start.exists() or servicedPeriod.end.exists(), servicedPeriod.end, servicedDate)")),
  "placeOfService.code": text((line) => line.placeOfService?.code, all("locationCodeableConcept.coding.code.first()")),
  state: text((line) => line.state, {
    v1: "(locationAddress.state | locationCodeableConcept.extension.where(url.endsWith('/prvdr_state_cd')).valueCoding.code).first()",
    v2: "(locationAddress.state | locationCodeableConcept.extension.where(url.endsWith('/prvdr_state_cd')).valueCoding.code).first()",
    v3: "locationAddress.state",
  }),
  quantity: decimal((line) => line.quantity, all("quantity.value")),
  unit: text((line) => line.unit, all("quantity.unit")),
  diagnosisSequences: text((line) => line.diagnosisSequences, { v1: "diagnosisLinkId", v2: "diagnosisSequence", v3: "diagnosisSequence" }),
  careTeamSequences: text((line) => line.careTeamSequences, { v1: "careTeamLinkId", v2: "careTeamSequence", v3: "careTeamSequence" }),
  "service.display": text((line) => line.service?.display, {
    v1: "service.coding.first().display",
    v2: "iif(productOrService.coding.where(system.endsWith('/hcpcs') or system.endsWith('/ndc') or system.endsWith('HIPPSCodes')).exists(), productOrService.coding.where(system.endsWith('/hcpcs') or system.endsWith('/ndc') or system.endsWith('HIPPSCodes')), productOrService.coding.where(system.endsWith('data-absent-reason').not())).first().display",
    v3: "productOrService.coding.where(system.endsWith('data-absent-reason').not()).first().display",
  }),
  "ndc.code": text((line) => line.ndc?.code, {
    v1: "(service.coding.where(system.endsWith('/ndc')).code | extension.where(url.endsWith('/ndc')).valueCoding.code).first()",
    v2: "(productOrService.coding.where(system.endsWith('/ndc')).code | productOrService.extension.where(url.endsWith('/ndc')).valueCoding.code).first()",
    v3: "(productOrService.coding.where(system.endsWith('/ndc')).code | detail.productOrService.coding.where(system.endsWith('/ndc')).code).first()",
  }),
  "decisions.code.code": text((line) => (line.decisions ?? []).map(({ code }) => code.code), {
    v1: "adjudication.where(amount.exists().not()).reason.coding.code",
    v2: "adjudication.where(amount.exists().not()).reason.coding.code.combine(extension.where(url.endsWith('/line_prcsg_ind_cd') or url.endsWith('/clm_prcsg_ind_cd')).valueCoding.code)",
    v3: "adjudication.where(amount.exists().not()).reason.select(coding.code.first()).combine(extension.where(url.endsWith('/CLM-PRCSG-IND-CD')).valueCoding.code)",
  }, { sorted: true }),
  "totals.charged": cents((line) => line.totals?.charged, {
    v1: amount.own("line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt", "tot_rx_cst_amt"),
    v2: amount.own("line_sbmtd_chrg_amt", "rev_cntr_tot_chrg_amt", "tot_rx_cst_amt"),
    v3: amount.own("CLM_LINE_SBMT_CHRG_AMT", "TOT_RX_CST_AMT"),
  }),
  "totals.paid": cents((line) => line.totals?.paid, {
    v1: amount.own("line_nch_pmt_amt", "rev_cntr_pmt_amt_amt", "cvrd_d_plan_pd_amt"),
    v2: amount.own("line_nch_pmt_amt", "rev_cntr_pmt_amt_amt", "cvrd_d_plan_pd_amt"),
    v3: amount.own("CLM_LINE_CVRD_PD_AMT"),
  }),
  "totals.allowed": cents((line) => line.totals?.allowed, {
    v1: amount.own("line_alowd_chrg_amt"),
    v2: amount.own("line_alowd_chrg_amt"),
    v3: amount.own("CLM_LINE_ALOWD_CHRG_AMT"),
  }),
  amounts: amount.list((line) => line.amounts, all(amount.pairs("adjudication.where(amount.exists())", amount.CMS("category"), "amount.value"))),
};
