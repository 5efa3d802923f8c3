//! Amounts and counts of the whole claim: extensions in STU3, benefit balance in R4.

use super::{Form, facts};
use crate::claims::ClaimType;
use crate::claims::model::{Cents, Institutional};
use crate::fhir::Version;
use crate::fhir::common::{THO, Variable, coding, concept, money, variable_as_code};
use crate::fhir::json::{Arr, Obj};

/// The payments to the hospital itself, which both versions have as extensions. The real STU3 repeats the first
/// one further down; R4 leaves the repetition out.
pub(super) fn operating(form: &Form, body: &Institutional) -> Vec<(&'static str, Cents)> {
    if form.kind != ClaimType::Inpatient {
        return Vec::new();
    }
    let teaching = Cents(body.paid.0 / 40);
    vec![
        ("ime_op_clm_val_amt", teaching),
        ("ime_op_clm_val_amt", teaching),
        ("clm_uncompd_care_pmt_amt", Cents(body.paid.0 / 50)),
        ("dsh_op_clm_val_amt", Cents(body.paid.0 / 60)),
    ]
}

/// The amounts that STU3 has as extensions and R4 in the benefit balance.
pub(super) fn amounts(form: &Form, body: &Institutional) -> Vec<(Variable, Cents)> {
    const BLOOD: Variable = (
        "nch_bene_blood_ddctbl_lblty_am",
        "NCH Beneficiary Blood Deductible Liability Amount",
    );
    const PROFESSIONAL: Variable = (
        "nch_profnl_cmpnt_chrg_amt",
        "Professional Component Charge Amount",
    );
    let none = Cents(0);
    let capital = Cents(body.paid.0 / 12);
    match form.kind {
        ClaimType::Inpatient => {
            let mut found = vec![
                (
                    (
                        "clm_pass_thru_per_diem_amt",
                        "Claim Pass Thru Per Diem Amount",
                    ),
                    none,
                ),
                (PROFESSIONAL, none),
                (
                    ("clm_tot_pps_cptl_amt", "Claim Total PPS Capital Amount"),
                    capital,
                ),
            ];
            found.extend(part_a(body, capital));
            found.push((
                (
                    "nch_drg_outlier_aprvd_pmt_amt",
                    "NCH DRG Outlier Approved Payment Amount",
                ),
                none,
            ));
            found.push((BLOOD, none));
            found
        }
        ClaimType::Snf => {
            let mut found = part_a(body, none);
            found.push((BLOOD, none));
            found
        }
        ClaimType::Outpatient => vec![
            (PROFESSIONAL, none),
            (
                (
                    "nch_bene_ptb_ddctbl_amt",
                    "NCH Beneficiary Part B Deductible Amount",
                ),
                body.deductible,
            ),
            (
                (
                    "nch_bene_ptb_coinsrnc_amt",
                    "NCH Beneficiary Part B Coinsurance Amount",
                ),
                body.coinsurance,
            ),
            (
                (
                    "clm_op_prvdr_pmt_amt",
                    "Claim Outpatient Provider Payment Amount",
                ),
                body.paid,
            ),
            (
                (
                    "clm_op_bene_pmt_amt",
                    "Claim Outpatient Payment Amount to Beneficiary",
                ),
                none,
            ),
            (BLOOD, none),
        ],
        _ => Vec::new(),
    }
}

/// What stays have, in hospital or after it.
fn part_a(body: &Institutional, capital: Cents) -> Vec<(Variable, Cents)> {
    let none = Cents(0);
    vec![
        (
            (
                "nch_bene_ip_ddctbl_amt",
                "NCH Beneficiary Inpatient (or other Part A) Deductible Amount",
            ),
            body.deductible,
        ),
        (
            (
                "nch_bene_pta_coinsrnc_lblty_amt",
                "NCH Beneficiary Part A Coinsurance Liability Amount",
            ),
            body.coinsurance,
        ),
        (
            (
                "nch_ip_ncvrd_chrg_amt",
                "NCH Inpatient(or other Part A) Non-covered Charge Amount",
            ),
            body.noncovered(),
        ),
        (
            (
                "nch_ip_tot_ddctn_amt",
                "NCH Inpatient (or other Part A) Total Deductible/Coinsurance Amount",
            ),
            Cents(body.deductible.0 + body.coinsurance.0),
        ),
        (
            (
                "clm_pps_cptl_dsprprtnt_shr_amt",
                "Claim PPS Capital Disproportionate Share Amount",
            ),
            none,
        ),
        (
            (
                "clm_pps_cptl_excptn_amt",
                "Claim PPS Capital Exception Amount",
            ),
            none,
        ),
        (
            (
                "clm_pps_cptl_fsp_amt",
                "Claim PPS Capital Federal Specific Portion (FSP) Amount",
            ),
            capital,
        ),
        (
            (
                "clm_pps_cptl_ime_amt",
                "Claim PPS Capital Indirect Medical Education (IME) Amount",
            ),
            none,
        ),
        (
            (
                "clm_pps_cptl_outlier_amt",
                "Claim PPS Capital Outlier Amount",
            ),
            none,
        ),
        (
            (
                "clm_pps_old_cptl_hld_hrmls_amt",
                "Claim PPS Old Capital Hold Harmless Amount",
            ),
            none,
        ),
    ]
}

/// Days and visits.
fn counts(version: Version, form: &Form, body: &Institutional) -> Vec<(Variable, i64)> {
    let covered = (
        ("clm_utlztn_day_cnt", "Claim Medicare Utilization Day Count"),
        i64::from(body.covered_days),
    );
    let shared = (
        (
            "bene_tot_coinsrnc_days_cnt",
            "Beneficiary Total Coinsurance Days Count",
        ),
        i64::from(body.coinsurance_days),
    );
    let unused = (
        (
            "clm_non_utlztn_days_cnt",
            "Claim Medicare Non Utilization Days Count",
        ),
        0,
    );
    match (form.kind, version) {
        (ClaimType::Inpatient, Version::V1) => vec![shared, unused, covered],
        (ClaimType::Inpatient, Version::V2) => {
            let weight = body.drg.map_or(0, |(_, weight)| (weight + 50) / 100);
            vec![
                shared,
                unused,
                covered,
                (
                    (
                        "clm_pps_cptl_drg_wt_num",
                        "Claim PPS Capital DRG Weight Number",
                    ),
                    weight,
                ),
                (
                    (
                        "bene_lrd_used_cnt",
                        "Beneficiary Medicare Lifetime Reserve Days (LRD) Used Count",
                    ),
                    0,
                ),
            ]
        }
        (ClaimType::Snf, _) => vec![covered, shared, unused],
        (ClaimType::Hospice, _) => vec![covered],
        (ClaimType::Hha, Version::V1) => {
            vec![(
                facts::VISITS,
                body.home_health.map_or(0, |home| i64::from(home.visits)),
            )]
        }
        _ => Vec::new(),
    }
}

pub(super) fn benefit_balance(
    o: &mut Obj<'_>,
    version: Version,
    form: &Form,
    body: &Institutional,
) {
    let counts = counts(version, form, body);
    let amounts = match version {
        Version::V1 => Vec::new(),
        Version::V2 => {
            let mut amounts = amounts(form, body);
            amounts.push((
                (
                    "prpayamt",
                    "NCH Primary Payer (if not Medicare) Claim Paid Amount",
                ),
                Cents(0),
            ));
            amounts
        }
    };
    if counts.is_empty() && amounts.is_empty() {
        return;
    }
    o.array("benefitBalance", |a| {
        a.object(|o| {
            concept(o, "category", |a| match version {
                Version::V1 => {
                    let medical = ("medical", "Medical Health Coverage");
                    coding(a, ["http://hl7.org/fhir/benefit-category", ""], medical);
                }
                Version::V2 => coding(a, [THO, "ex-benefitcategory"], ("1", "Medical Care")),
            });
            o.array("financial", |a| {
                for (variable, amount) in amounts {
                    entry(a, variable, |o| money(o, version, "usedMoney", amount));
                }
                for (variable, count) in counts {
                    entry(a, variable, |o| o.int("usedUnsignedInt", count));
                }
            });
        });
    });
}

fn entry(a: &mut Arr<'_>, variable: Variable, value: impl FnOnce(&mut Obj<'_>)) {
    a.object(|o| {
        concept(o, "type", |a| {
            variable_as_code(a, "benefit-balance", variable)
        });
        value(o);
    });
}
