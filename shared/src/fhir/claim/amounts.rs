//! Amounts of a claim or a line. Every amount is kept under the normalised name of its variable,
//! in integer cents; the few that everyone asks for are also named ([`Totals`]), from one table of
//! which variable means what. Nothing is computed that the server sends; what is derived says so.

use std::borrow::Cow;

use serde::Serialize;

use super::ClaimType;
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::is_cms;
use crate::fhir::value::{Cents, variable};

/// One amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    /// The normalised name of its variable, such as `line_nch_pmt_amt`; the category code where
    /// no variable is given.
    pub name: String,
    /// How much.
    pub cents: Cents,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Amounts in the server's order. The same variable twice with the same value is one amount.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amounts(Vec<Amount>);

impl Amounts {
    /// The first amount of this variable.
    pub fn get(&self, name: &str) -> Option<Cents> {
        self.0
            .iter()
            .find(|amount| amount.name == name)
            .map(|amount| amount.cents)
    }

    /// All amounts.
    pub fn iter(&self) -> std::slice::Iter<'_, Amount> {
        self.0.iter()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Amounts {
    type Item = &'a Amount;
    type IntoIter = std::slice::Iter<'a, Amount>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The amounts that every claim and line is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// What the provider asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<Cents>,
    /// What Medicare allows for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Cents>,
    /// What Medicare or the drug plan paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Cents>,
    /// What the person owes or paid: as reported, else the deductible and coinsurance that are
    /// reported, together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_responsibility: Option<Cents>,
    /// Deductible; of a claim that does not report it, the sum of its lines'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deductible: Option<Cents>,
    /// Coinsurance; of a claim that does not report it, the sum of its lines'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coinsurance: Option<Cents>,
    /// The part of the charge that is not covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncovered: Option<Cents>,
    /// What another payer paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_payer: Option<Cents>,
    /// The part of the payment that went to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_to_provider: Option<Cents>,
    /// The part of the payment that went to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_to_patient: Option<Cents>,
}

impl Totals {
    /// None is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes an amount that one of the totals is read from; the first one counts.
    fn take(&mut self, name: &str, category: &str, cents: Cents) {
        let total = match Total::of(name) {
            Some(total) => total,
            None => match Total::of(category) {
                Some(total) if !NO_TOTALS.contains(&name) => total,
                _ => return,
            },
        };
        self.slot(total).get_or_insert(cents);
    }

    const fn slot(&mut self, total: Total) -> &mut Option<Cents> {
        match total {
            Total::Charged => &mut self.charged,
            Total::Allowed => &mut self.allowed,
            Total::Paid => &mut self.paid,
            Total::Patient => &mut self.patient_responsibility,
            Total::Deductible => &mut self.deductible,
            Total::Coinsurance => &mut self.coinsurance,
            Total::Noncovered => &mut self.noncovered,
            Total::OtherPayer => &mut self.other_payer,
            Total::ToProvider => &mut self.paid_to_provider,
            Total::ToPatient => &mut self.paid_to_patient,
        }
    }

    /// Of a line: its own amounts.
    pub(super) fn of_line(item: Value<'_>) -> Self {
        let mut totals = Self::default();
        each_of_line(item, &mut |amount| totals.add(amount));
        totals.owed();
        totals
    }

    /// Of a claim: its own amounts, and what it does not report from its lines, which are given by
    /// their sequence.
    pub(super) fn of_claim(claim: Value<'_>, claim_type: ClaimType, lines: &[Self]) -> Self {
        let mut totals = Self::default();
        each_of_claim(claim, &mut |amount| totals.add(amount));
        let paid = claim.get(Key::Payment).cents(Key::Amount);
        totals.paid = paid.or(totals.paid);
        if claim_type == ClaimType::Pde {
            // A drug claim has one line, and what is not said of the claim is said of the line.
            let line_paid = || lines.iter().find_map(|line| line.paid);
            totals.paid = totals.paid.or_else(line_paid);
            if let Some(line) = lines.first() {
                totals.charged = totals.charged.or(line.charged);
                totals.patient_responsibility = totals
                    .patient_responsibility
                    .or(line.patient_responsibility);
            }
        }
        let sum = |part: fn(&Self) -> Option<Cents>| {
            let mut parts = lines.iter().filter_map(part);
            let first = parts.next()?;
            parts.try_fold(first, Cents::checked_add)
        };
        totals.deductible = totals.deductible.or_else(|| sum(|line| line.deductible));
        totals.coinsurance = totals.coinsurance.or_else(|| sum(|line| line.coinsurance));
        totals.owed();
        totals
    }

    fn add(&mut self, amount: &Read<'_>) {
        self.take(&amount.name, amount.category, amount.cents);
    }

    /// The patient's responsibility from deductible and coinsurance, unless it is reported.
    fn owed(&mut self) {
        if self.patient_responsibility.is_none() {
            self.patient_responsibility = match (self.deductible, self.coinsurance) {
                (Some(deductible), Some(coinsurance)) => deductible.checked_add(coinsurance),
                (deductible, coinsurance) => deductible.or(coinsurance),
            };
        }
    }
}

#[derive(Clone, Copy)]
enum Total {
    Charged,
    Allowed,
    Paid,
    Patient,
    Deductible,
    Coinsurance,
    Noncovered,
    OtherPayer,
    ToProvider,
    ToPatient,
}

impl Total {
    /// The total that a variable, or a category that stands for one, is.
    fn of(name: &str) -> Option<Self> {
        let at = TOTALS
            .binary_search_by(|(known, _)| (*known).cmp(name))
            .ok()?;
        TOTALS.get(at).map(|(_, total)| *total)
    }
}

/// Which variable is which total, by name: those of v1 and v2 (the same names), of v3, and the
/// categories that stand for variables which this table does not know.
const TOTALS: &[(&str, Total)] = &[
    ("benefit", Total::Paid),
    ("carr_clm_cash_ddctbl_apld_amt", Total::Deductible),
    ("clm_alowd_chrg_amt", Total::Allowed),
    ("clm_bene_pd_amt", Total::ToPatient),
    ("clm_bene_pmt_amt", Total::Patient),
    ("clm_bene_pmt_coinsrnc_amt", Total::Coinsurance),
    ("clm_bene_prmry_pyr_pd_amt", Total::OtherPayer),
    ("clm_line_alowd_chrg_amt", Total::Allowed),
    ("clm_line_bene_pd_amt", Total::ToPatient),
    ("clm_line_bene_pmt_amt", Total::Patient),
    ("clm_line_cvrd_pd_amt", Total::Paid),
    ("clm_line_instnl_adjstd_amt", Total::Coinsurance),
    ("clm_line_instnl_msp1_pd_amt", Total::OtherPayer),
    ("clm_line_mdcr_coinsrnc_amt", Total::Coinsurance),
    ("clm_line_mdcr_ddctbl_amt", Total::Deductible),
    ("clm_line_ncvrd_chrg_amt", Total::Noncovered),
    ("clm_line_prvdr_pmt_amt", Total::ToProvider),
    ("clm_line_sbmt_chrg_amt", Total::Charged),
    ("clm_mdcr_coinsrnc_amt", Total::Coinsurance),
    ("clm_mdcr_ddctbl_amt", Total::Deductible),
    ("clm_mdcr_instnl_bene_pd_amt", Total::ToPatient),
    ("clm_mdcr_instnl_prmry_pyr_amt", Total::OtherPayer),
    ("clm_mdcr_ip_bene_ddctbl_amt", Total::Deductible),
    ("clm_mdcr_prfnl_prmry_pyr_amt", Total::OtherPayer),
    ("clm_ncvrd_chrg_amt", Total::Noncovered),
    ("clm_op_bene_pmt_amt", Total::ToPatient),
    ("clm_op_prvdr_pmt_amt", Total::ToProvider),
    ("clm_othr_tp_pd_amt", Total::OtherPayer),
    ("clm_prvdr_pmt_amt", Total::ToProvider),
    ("clm_sbmt_chrg_amt", Total::Charged),
    ("clm_tot_chrg_amt", Total::Charged),
    ("coinsurance", Total::Coinsurance),
    ("cvrd_d_plan_pd_amt", Total::Paid),
    ("deductible", Total::Deductible),
    ("eligible", Total::Allowed),
    ("line_alowd_chrg_amt", Total::Allowed),
    ("line_bene_pmt_amt", Total::ToPatient),
    ("line_bene_prmry_pyr_pd_amt", Total::OtherPayer),
    ("line_bene_ptb_ddctbl_amt", Total::Deductible),
    ("line_coinsrnc_amt", Total::Coinsurance),
    ("line_nch_pmt_amt", Total::Paid),
    ("line_prvdr_pmt_amt", Total::ToProvider),
    ("line_sbmtd_chrg_amt", Total::Charged),
    ("nch_bene_ip_ddctbl_amt", Total::Deductible),
    ("nch_bene_pta_coinsrnc_lblty_amt", Total::Coinsurance),
    ("nch_bene_ptb_coinsrnc_amt", Total::Coinsurance),
    ("nch_bene_ptb_ddctbl_amt", Total::Deductible),
    ("nch_carr_clm_alowd_amt", Total::Allowed),
    ("nch_carr_clm_sbmtd_chrg_amt", Total::Charged),
    ("nch_clm_bene_pmt_amt", Total::ToPatient),
    ("nch_clm_prvdr_pmt_amt", Total::ToProvider),
    ("nch_ip_ncvrd_chrg_amt", Total::Noncovered),
    ("nch_ip_tot_ddctn_amt", Total::Patient),
    ("noncovered", Total::Noncovered),
    ("paidbypatient", Total::Patient),
    ("paidtopatient", Total::ToPatient),
    ("paidtoprovider", Total::ToProvider),
    ("priorpayerpaid", Total::OtherPayer),
    ("prpayamt", Total::OtherPayer),
    ("ptnt_pay_amt", Total::Patient),
    ("rev_cntr_1st_msp_pd_amt", Total::OtherPayer),
    ("rev_cntr_bene_pmt_amt", Total::ToPatient),
    ("rev_cntr_cash_ddctbl_amt", Total::Deductible),
    ("rev_cntr_coinsrnc_wge_adjstd_c", Total::Coinsurance),
    ("rev_cntr_ncvrd_chrg_amt", Total::Noncovered),
    ("rev_cntr_pmt_amt_amt", Total::Paid),
    ("rev_cntr_prvdr_pmt_amt", Total::ToProvider),
    ("rev_cntr_ptnt_rspnsblty_pmt", Total::Patient),
    ("rev_cntr_tot_chrg_amt", Total::Charged),
    ("submitted", Total::Charged),
    ("tot_rx_cst_amt", Total::Charged),
];

/// Variables whose category misleads: v2 files rates under `submitted`, blood deductibles under
/// `deductible`, drug cost thresholds under `coinsurance` and rebates under `priorpayerpaid`
/// (claims backend reference, section 3.4). They stay amounts and become no totals.
const NO_TOTALS: &[&str] = &[
    "rev_cntr_rate_amt",
    "rev_cntr_blood_ddctbl_amt",
    "rev_cntr_rdcd_coinsrnc_amt",
    "rev_cntr_2nd_msp_pd_amt",
    "gdc_blw_oopt_amt",
    "gdc_abv_oopt_amt",
    "othr_troop_amt",
    "plro_amt",
    "line_prmry_alowd_chrg_amt",
    "line_dme_prchs_price_amt",
    "clm_line_prfnl_dme_price_amt",
    "clm_line_instnl_msp2_pd_amt",
];

/// An amount as it stands in the text.
struct Read<'d> {
    name: Cow<'d, str>,
    category: &'d str,
    cents: Cents,
    /// What the label came with.
    coding: Option<Value<'d>>,
}

impl Amounts {
    /// Of a line.
    pub(super) fn of_line(item: Value<'_>) -> Self {
        let mut amounts = Self::default();
        each_of_line(item, &mut |amount| amounts.add(amount));
        amounts
    }

    /// Of a claim as a whole.
    pub(super) fn of_claim(claim: Value<'_>) -> Self {
        let mut amounts = Self::default();
        each_of_claim(claim, &mut |amount| amounts.add(amount));
        amounts
    }

    fn add(&mut self, amount: &Read<'_>) {
        let same = |other: &Amount| other.cents == amount.cents && other.name == amount.name;
        if !self.0.iter().any(same) {
            self.0.push(Amount {
                name: amount.name.clone().into_owned(),
                cents: amount.cents,
                label: amount.coding.and_then(Value::shown).map(str::to_owned),
            });
        }
    }
}

fn each_of_line<'d>(item: Value<'d>, take: &mut dyn FnMut(&Read<'d>)) {
    for adjudication in item.list(Key::Adjudication) {
        categorised(adjudication, Key::Category, Key::Amount, take);
    }
}

/// The amounts of the claim as a whole: `totalCost` (v1), `total` (R4), `adjudication` (v3),
/// extensions (v1, some in v2) and `benefitBalance` (v2).
fn each_of_claim<'d>(claim: Value<'d>, take: &mut dyn FnMut(&Read<'d>)) {
    let charged = Cow::Borrowed("clm_tot_chrg_amt");
    plain(claim, Key::TotalCost, charged, take);
    for total in claim.list(Key::Total) {
        categorised(total, Key::Category, Key::Amount, take);
    }
    for adjudication in claim.list(Key::Adjudication) {
        categorised(adjudication, Key::Category, Key::Amount, take);
    }
    for extension in claim.list(Key::Extension) {
        if extension.get(Key::ValueMoney).is_some()
            && let Some(url) = extension.text(Key::Url)
        {
            plain(extension, Key::ValueMoney, variable(url), take);
        }
    }
    for balance in claim.list(Key::BenefitBalance) {
        for financial in balance.list(Key::Financial) {
            categorised(financial, Key::Type, Key::UsedMoney, take);
        }
    }
}

/// An amount of a known variable.
fn plain<'d>(parent: Value<'d>, amount: Key, name: Cow<'d, str>, take: &mut dyn FnMut(&Read<'d>)) {
    if let Some(cents) = parent.cents(amount) {
        take(&Read {
            name,
            category: "",
            cents,
            coding: None,
        });
    }
}

/// An amount with a category.
fn categorised<'d>(parent: Value<'d>, category: Key, amount: Key, take: &mut dyn FnMut(&Read<'d>)) {
    if !parent.get(amount).is_some() {
        return;
    }
    let (mut cms, mut other) = (None, None);
    for coding in parent.get(category).list(Key::Coding) {
        if let Some(code) = coding.text(Key::Code) {
            let list = if is_cms(coding.system()) {
                &mut cms
            } else {
                &mut other
            };
            list.get_or_insert((coding, code));
        }
    }
    let Some((coding, code)) = cms.or(other) else {
        return;
    };
    let mut name = variable(code);
    let category = other.map_or("", |(_, code)| code);
    // v2 carrier and DME claims file what v1 calls `prpayamt` under the total charge, with the
    // right category (claims backend reference, section 3.4).
    if name == "clm_tot_chrg_amt" && category == "priorpayerpaid" {
        name = Cow::Borrowed("prpayamt");
    }
    if let Some(cents) = parent.cents(amount) {
        take(&Read {
            name,
            category,
            cents,
            coding: Some(coding),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_so_that_it_can_be_searched() {
        assert!(TOTALS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(Total::of("line_nch_pmt_amt").is_some());
        assert!(Total::of("").is_none());
    }
}
