//! Amounts of a claim or a line. Every amount is kept under the normalised name of its variable,
//! in integer cents; the few that everyone asks for are also named ([`Totals`]), from one table of
//! which variable means what. Nothing is computed that the server sends; what is derived says so.

use std::fmt;

use serde::Serialize;

use super::Line;
use crate::fhir::lookup::{is_cms, shown};
use crate::fhir::notes::Notes;
use crate::fhir::text;
use crate::fhir::value::Cents;
use crate::fhir::wire::{Concept, Quantity};

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

    pub(super) fn add(&mut self, amount: Amount) {
        let same = |other: &Amount| other.cents == amount.cents && other.name == amount.name;
        if !self.0.iter().any(same) {
            self.0.push(amount);
        }
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
        let slot = self.slot(name);
        let slot = match slot {
            Some(slot) => slot,
            None => match self.slot(category) {
                Some(slot) if !is_listed(name) => slot,
                _ => return,
            },
        };
        slot.get_or_insert(cents);
    }

    /// Variables of v1 and v2 (the same names), then of v3, then the categories that stand for
    /// variables which this table does not know.
    fn slot(&mut self, name: &str) -> Option<&mut Option<Cents>> {
        Some(match name {
            "clm_tot_chrg_amt"
            | "nch_carr_clm_sbmtd_chrg_amt"
            | "line_sbmtd_chrg_amt"
            | "rev_cntr_tot_chrg_amt"
            | "tot_rx_cst_amt"
            | "clm_sbmt_chrg_amt"
            | "clm_line_sbmt_chrg_amt"
            | "submitted" => &mut self.charged,
            "nch_carr_clm_alowd_amt"
            | "line_alowd_chrg_amt"
            | "clm_alowd_chrg_amt"
            | "clm_line_alowd_chrg_amt"
            | "eligible" => &mut self.allowed,
            "line_nch_pmt_amt"
            | "rev_cntr_pmt_amt_amt"
            | "cvrd_d_plan_pd_amt"
            | "clm_line_cvrd_pd_amt"
            | "benefit" => &mut self.paid,
            "ptnt_pay_amt"
            | "rev_cntr_ptnt_rspnsblty_pmt"
            | "nch_ip_tot_ddctn_amt"
            | "clm_bene_pmt_amt"
            | "clm_line_bene_pmt_amt"
            | "paidbypatient" => &mut self.patient_responsibility,
            "carr_clm_cash_ddctbl_apld_amt"
            | "nch_bene_ip_ddctbl_amt"
            | "nch_bene_ptb_ddctbl_amt"
            | "line_bene_ptb_ddctbl_amt"
            | "rev_cntr_cash_ddctbl_amt"
            | "clm_mdcr_ddctbl_amt"
            | "clm_mdcr_ip_bene_ddctbl_amt"
            | "clm_line_mdcr_ddctbl_amt"
            | "deductible" => &mut self.deductible,
            "nch_bene_pta_coinsrnc_lblty_amt"
            | "nch_bene_ptb_coinsrnc_amt"
            | "line_coinsrnc_amt"
            | "rev_cntr_coinsrnc_wge_adjstd_c"
            | "clm_mdcr_coinsrnc_amt"
            | "clm_bene_pmt_coinsrnc_amt"
            | "clm_line_mdcr_coinsrnc_amt"
            | "clm_line_instnl_adjstd_amt"
            | "coinsurance" => &mut self.coinsurance,
            "nch_ip_ncvrd_chrg_amt"
            | "rev_cntr_ncvrd_chrg_amt"
            | "clm_ncvrd_chrg_amt"
            | "clm_line_ncvrd_chrg_amt"
            | "noncovered" => &mut self.noncovered,
            "prpayamt"
            | "line_bene_prmry_pyr_pd_amt"
            | "rev_cntr_1st_msp_pd_amt"
            | "clm_othr_tp_pd_amt"
            | "clm_bene_prmry_pyr_pd_amt"
            | "clm_mdcr_prfnl_prmry_pyr_amt"
            | "clm_mdcr_instnl_prmry_pyr_amt"
            | "clm_line_instnl_msp1_pd_amt"
            | "priorpayerpaid" => &mut self.other_payer,
            "nch_clm_prvdr_pmt_amt"
            | "clm_op_prvdr_pmt_amt"
            | "line_prvdr_pmt_amt"
            | "rev_cntr_prvdr_pmt_amt"
            | "clm_prvdr_pmt_amt"
            | "clm_line_prvdr_pmt_amt"
            | "paidtoprovider" => &mut self.paid_to_provider,
            "nch_clm_bene_pmt_amt"
            | "clm_op_bene_pmt_amt"
            | "line_bene_pmt_amt"
            | "rev_cntr_bene_pmt_amt"
            | "clm_bene_pd_amt"
            | "clm_mdcr_instnl_bene_pd_amt"
            | "clm_line_bene_pd_amt"
            | "paidtopatient" => &mut self.paid_to_patient,
            _ => return None,
        })
    }

    /// Fills what the claim itself does not report from its lines, and what nobody reports from
    /// its parts.
    pub(super) fn complete(&mut self, lines: &[Line]) {
        let sum = |part: fn(&Self) -> Option<Cents>| {
            let mut parts = lines.iter().filter_map(|line| part(&line.totals));
            let first = parts.next()?;
            parts.try_fold(first, Cents::checked_add)
        };
        self.deductible = self.deductible.or_else(|| sum(|line| line.deductible));
        self.coinsurance = self.coinsurance.or_else(|| sum(|line| line.coinsurance));
        self.owed();
    }

    /// The patient's responsibility from deductible and coinsurance, unless it is reported.
    pub(super) fn owed(&mut self) {
        if self.patient_responsibility.is_none() {
            self.patient_responsibility = match (self.deductible, self.coinsurance) {
                (Some(deductible), Some(coinsurance)) => deductible.checked_add(coinsurance),
                (deductible, coinsurance) => deductible.or(coinsurance),
            };
        }
    }
}

/// Variables whose category misleads: v2 files rates under `submitted`, blood deductibles under
/// `deductible`, drug cost thresholds under `coinsurance` and rebates under `priorpayerpaid`
/// (claims backend reference, section 3.4). They stay amounts and become no totals.
fn is_listed(name: &str) -> bool {
    matches!(
        name,
        "rev_cntr_rate_amt"
            | "rev_cntr_blood_ddctbl_amt"
            | "rev_cntr_rdcd_coinsrnc_amt"
            | "rev_cntr_2nd_msp_pd_amt"
            | "gdc_blw_oopt_amt"
            | "gdc_abv_oopt_amt"
            | "othr_troop_amt"
            | "plro_amt"
            | "line_prmry_alowd_chrg_amt"
            | "line_dme_prchs_price_amt"
            | "clm_line_prfnl_dme_price_amt"
            | "clm_line_instnl_msp2_pd_amt"
    )
}

/// The amounts of a claim or a line while they are read.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) amounts: Amounts,
    pub(super) totals: Totals,
}

impl Ledger {
    /// An amount with a category.
    pub(super) fn add(
        &mut self,
        category: Option<&Concept<'_>>,
        amount: Option<&Quantity<'_>>,
        notes: &mut Notes,
        path: fmt::Arguments<'_>,
    ) {
        let (Some(concept), Some(amount)) = (category, amount) else {
            return;
        };
        let Some(mut name) = concept.variable() else {
            return;
        };
        let category = concept.of(|system| !is_cms(system));
        let category = category.and_then(|coding| text(&coding.code)).unwrap_or("");
        // v2 carrier and DME claims file what v1 calls `prpayamt` under the total charge, with the
        // right category (claims backend reference, section 3.4).
        if name == "clm_tot_chrg_amt" && category == "priorpayerpaid" {
            name = "prpayamt".to_owned();
        }
        let labelled = concept.of(is_cms).or_else(|| concept.first());
        let label = shown(labelled.and_then(|coding| text(&coding.display)));
        if let Some(cents) = notes.cents(amount.value, path) {
            self.totals.take(&name, category, cents);
            self.amounts.add(Amount { name, cents, label });
        }
    }

    /// An amount of a known variable.
    pub(super) fn add_variable(
        &mut self,
        name: String,
        amount: Option<&Quantity<'_>>,
        notes: &mut Notes,
        path: fmt::Arguments<'_>,
    ) {
        if let Some(cents) = amount.and_then(|amount| notes.cents(amount.value, path)) {
            self.totals.take(&name, "", cents);
            let label = None;
            self.amounts.add(Amount { name, cents, label });
        }
    }
}
