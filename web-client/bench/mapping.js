// What an application would write by hand: rows of R4 (v2) claims from parsed JSON, with the fields and the
// rules of the package's rows. The bench compares its answers with the package's before it measures.

const TOTALS = new Map(
  Object.entries({
    charged: "clm_tot_chrg_amt nch_carr_clm_sbmtd_chrg_amt line_sbmtd_chrg_amt rev_cntr_tot_chrg_amt tot_rx_cst_amt submitted",
    paid: "line_nch_pmt_amt rev_cntr_pmt_amt_amt cvrd_d_plan_pd_amt benefit",
    allowed: "nch_carr_clm_alowd_amt line_alowd_chrg_amt",
    patientResponsibility: "nch_ip_tot_ddctn_amt memberliability",
    paidByPatient: "ptnt_pay_amt rev_cntr_ptnt_rspnsblty_pmt paidbypatient",
    deductible:
      "carr_clm_cash_ddctbl_apld_amt nch_bene_ip_ddctbl_amt nch_bene_ptb_ddctbl_amt line_bene_ptb_ddctbl_amt rev_cntr_cash_ddctbl_amt deductible",
    coinsurance:
      "nch_bene_pta_coinsrnc_lblty_amt nch_bene_ptb_coinsrnc_amt line_coinsrnc_amt rev_cntr_coinsrnc_wge_adjstd_c coinsurance",
    other:
      "nch_ip_ncvrd_chrg_amt rev_cntr_ncvrd_chrg_amt prpayamt line_bene_prmry_pyr_pd_amt " +
      "rev_cntr_1st_msp_pd_amt nch_clm_prvdr_pmt_amt clm_op_prvdr_pmt_amt line_prvdr_pmt_amt rev_cntr_prvdr_pmt_amt nch_clm_bene_pmt_amt " +
      "clm_op_bene_pmt_amt line_bene_pmt_amt rev_cntr_bene_pmt_amt rev_cntr_rate_amt rev_cntr_blood_ddctbl_amt rev_cntr_rdcd_coinsrnc_amt " +
      "rev_cntr_2nd_msp_pd_amt gdc_blw_oopt_amt gdc_abv_oopt_amt othr_troop_amt plro_amt line_prmry_alowd_chrg_amt line_dme_prchs_price_amt",
  }).flatMap(([total, names]) => names.split(" ").map((name) => [name, total])),
);

const CMS = "https://bluebutton.cms.gov/";
const tail = (url) => url.slice(url.lastIndexOf("/") + 1);
const cents = (money) => Math.round(money.value * 100);

function take(totals, category, money) {
  if (money?.value === undefined || category?.coding === undefined) return;
  let own, other;
  for (const coding of category.coding) {
    if (coding.system?.startsWith(CMS)) own ??= coding.code;
    else other ??= coding.code;
  }
  let name = tail(own ?? other ?? "");
  if (name === "clm_tot_chrg_amt" && other === "priorpayerpaid") name = "prpayamt";
  const total = TOTALS.get(name) ?? TOTALS.get(other);
  if (total !== undefined) totals[total] ??= cents(money);
}

/** What the person owes, unless it is reported: deductible and coinsurance, where both are known. */
function owed(totals) {
  if (totals.patientResponsibility !== undefined) return;
  const { deductible, coinsurance } = totals;
  if (deductible !== undefined && coinsurance !== undefined) totals.patientResponsibility = deductible + coinsurance;
}

function totalsOf(claim, drug) {
  const totals = {};
  for (const { category, amount } of claim.total ?? []) take(totals, category, amount);
  for (const extension of claim.extension ?? []) {
    const total = extension.valueMoney && TOTALS.get(tail(extension.url));
    if (total) totals[total] ??= cents(extension.valueMoney);
  }
  for (const balance of claim.benefitBalance ?? []) {
    for (const { type, usedMoney } of balance.financial ?? []) take(totals, type, usedMoney);
  }
  if (claim.payment?.amount?.value !== undefined) totals.paid = cents(claim.payment.amount);
  const lines = (claim.item ?? []).map((item) => {
    const line = {};
    for (const { category, amount } of item.adjudication ?? []) take(line, category, amount);
    return line;
  });
  const summed = drug ? ["charged", "paid", "paidByPatient", "deductible", "coinsurance"] : ["deductible", "coinsurance"];
  for (const name of summed) {
    if (totals[name] !== undefined || lines.length === 0) continue;
    const parts = lines.map((line) => line[name]);
    if (!parts.includes(undefined)) totals[name] = parts.reduce((sum, part) => sum + part);
  }
  owed(totals);
  return totals;
}

const codeOf = (concept) => concept?.coding?.find((coding) => coding.code);

function party(reference, claim) {
  if (reference === undefined) return undefined;
  const found = { name: reference.display, npi: undefined };
  const read = (identifier) => {
    const type = codeOf(identifier.type)?.code;
    const system = identifier.system ?? "";
    if (type === "npi" || system.endsWith("/us-npi") || system.endsWith("/carr_clm_blg_npi_num")) found.npi ??= identifier.value;
  };
  if (reference.reference?.startsWith("#")) {
    const contained = claim.contained?.find(({ id }) => id === reference.reference.slice(1));
    for (const identifier of contained?.identifier ?? []) read(identifier);
    if (typeof contained?.name === "string") found.name ??= contained.name;
  }
  if (reference.identifier) read(reference.identifier);
  return found.name === undefined && found.npi === undefined ? undefined : found;
}

function provider(claim) {
  const team = (claim.careTeam ?? []).map((member) => party(member.provider, claim));
  const all = [claim.provider, claim.organization, claim.facility].map((reference) => party(reference, claim)).concat(team);
  const there = all.filter((one) => one !== undefined);
  return there.find((one) => one.name !== undefined) ?? there.find((one) => one.npi !== undefined);
}

/** The rows of a page. */
export function rowsOf(bundle) {
  return (bundle.entry ?? []).map(({ resource: claim }, index) => {
    const type = claim.type.coding.find(({ system }) => system.endsWith("/eob-type")).code.toLowerCase();
    const drug = type === "pde";
    const item = claim.item?.[0];
    const totals = totalsOf(claim, drug);
    const diagnoses = (claim.diagnosis ?? []).filter((one) => codeOf(one.diagnosisCodeableConcept));
    const main = diagnoses.find((one) => codeOf(one.type?.[0])?.code === "principal") ?? diagnoses[0];
    const coding = codeOf(main?.diagnosisCodeableConcept);
    const ndc = drug && item?.productOrService?.coding?.find(({ system }) => system.endsWith("/ndc"));
    const shown = provider(claim);
    return {
      index,
      id: claim.id,
      type,
      status: claim.status,
      use: claim.use,
      outcome: claim.outcome,
      start: claim.billablePeriod?.start,
      end: claim.billablePeriod?.end ?? (drug ? item?.servicedDate : undefined),
      provider: shown?.name,
      npi: shown?.npi,
      charged: totals.charged,
      allowed: totals.allowed,
      paid: totals.paid,
      patientResponsibility: totals.patientResponsibility,
      paidByPatient: totals.paidByPatient,
      lines: claim.item?.length ?? 0,
      diagnosis: coding && { code: coding.code, display: coding.display },
      drug: ndc ? { code: ndc.code, display: ndc.display } : undefined,
    };
  });
}

/** What was paid, by month of the last day. */
export function paidByMonth(bundle) {
  const months = new Map();
  for (const { resource: claim } of bundle.entry ?? []) {
    if (claim.status !== "active" || claim.use !== "claim" || claim.outcome !== "complete") continue;
    const drug = claim.id.startsWith("pde");
    const item = claim.item?.[0];
    const end = claim.billablePeriod?.end ?? (drug ? item?.servicedDate : undefined);
    let paid = claim.payment?.amount?.value;
    if (paid === undefined && drug) {
      paid = item?.adjudication?.find(({ category }) => category.coding.some(({ code }) => tail(code) === "cvrd_d_plan_pd_amt"))?.amount.value;
    }
    if (end === undefined || paid === undefined) continue;
    const month = end.slice(0, 7);
    months.set(month, (months.get(month) ?? 0) + Math.round(paid * 100));
  }
  return months;
}
