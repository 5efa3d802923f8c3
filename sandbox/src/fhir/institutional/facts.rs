//! `information` (STU3) and `supportingInfo` (R4).

use super::Form;
use crate::claims::ClaimType;
use crate::claims::model::{Claim, Institutional};
use crate::fhir::Version;
use crate::fhir::common::{Facts, INFO, carin_info, coding, concept, period, variable_coding};
use crate::fhir::json::{Arr, Obj};

pub(super) fn write(
    a: &mut Arr<'_>,
    version: Version,
    form: &Form,
    claim: &Claim,
    body: &Institutional,
) {
    let mut facts = Facts::new(version, a);
    // In R4 an inpatient claim has the received date last, all others first.
    let late = version == Version::V2 && form.kind == ClaimType::Inpatient;
    if !late {
        received(&mut facts, claim);
    }
    if form.kind == ClaimType::Inpatient || form.kind == ClaimType::Hospice {
        patient_status(&mut facts, body);
        admission_period(&mut facts, version, body);
    }
    admission(&mut facts, body);
    if let (Version::V2, Some((drg, _))) = (version, body.drg) {
        facts.code(
            INFO,
            (
                "clm_drg_cd",
                "Claim Diagnosis Related Group Code (or MS-DRG Code)",
            ),
            (drg, ""),
        );
    }
    if form.kind == ClaimType::Snf {
        skilled_nursing(&mut facts, version, body);
    }
    blood(&mut facts, body);
    if matches!(
        form.kind,
        ClaimType::Inpatient | ClaimType::Outpatient | ClaimType::Snf
    ) {
        facts.code(
            INFO,
            ("clm_mco_pd_sw", "Claim MCO Paid Switch"),
            ("0", "No managed care organization (MCO) payment"),
        );
    }
    bill(&mut facts, version, body);
    if let Some(payer) = body.primary_payer {
        facts.code(
            INFO,
            (
                "nch_prmry_pyr_cd",
                "NCH Primary Payer Code (if not Medicare)",
            ),
            payer,
        );
    }
    home_health(&mut facts, version, body);
    if late {
        received(&mut facts, claim);
    }
}

fn received(facts: &mut Facts<'_, '_>, claim: &Claim) {
    let loaded = claim.dates.loaded.to_string();
    facts.add(
        carin_info("clmrecvddate", "Claim Received Date"),
        Some(("nch_wkly_proc_dt", "NCH Weekly Claim Processing Date")),
        |o| o.text("timingDate", &loaded),
    );
}

fn patient_status(facts: &mut Facts<'_, '_>, body: &Institutional) {
    let status = match body.discharge.0 {
        "20" | "40" => ("B", "Died"),
        "30" => ("C", "Still a patient"),
        _ => ("A", "Discharged"),
    };
    facts.code(
        INFO,
        ("nch_ptnt_stus_ind_cd", "NCH Patient Status Indicator Code"),
        status,
    );
}

fn admission_period(facts: &mut Facts<'_, '_>, version: Version, body: &Institutional) {
    if let (Version::V2, Some((start, end))) = (version, body.stay) {
        facts.add(
            carin_info("admissionperiod", "Admission Period"),
            None,
            |o| {
                o.object("timingPeriod", |o| {
                    o.text("start", &start.to_string());
                    if let Some(end) = end {
                        o.text("end", &end.to_string());
                    }
                });
            },
        );
    }
}

fn admission(facts: &mut Facts<'_, '_>, body: &Institutional) {
    let Some((kind, source)) = body.admission else {
        return;
    };
    facts.add(
        carin_info("admtype", "Information"),
        Some((
            "clm_ip_admsn_type_cd",
            "Claim Inpatient Admission Type Code",
        )),
        |o| {
            concept(o, "code", |a| {
                coding(
                    a,
                    [
                        "https://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit",
                        "",
                    ],
                    kind,
                );
            });
        },
    );
    facts.code(
        INFO,
        (
            "clm_src_ip_admsn_cd",
            "Claim Source Inpatient Admission Code",
        ),
        (source, ""),
    );
}

fn skilled_nursing(facts: &mut Facts<'_, '_>, version: Version, body: &Institutional) {
    if let Some((start, end)) = body.noncovered_stay {
        facts.add(
            INFO,
            Some((
                "nch_vrfd_ncvrd_stay_from_dt",
                "NCH Verified Non-covered Stay From Date",
            )),
            |o| {
                o.object("timingPeriod", |o| period(o, start, end));
            },
        );
    }
    if let Some(day) = body.exhausted {
        let variable = (
            "nch_bene_mdcr_bnfts_exhtd_dt_i",
            "NCH Beneficiary Medicare Benefits Exhausted Date",
        );
        facts.add(INFO, Some(variable), |o| {
            o.text("timingDate", &day.to_string())
        });
    }
    patient_status(facts, body);
    admission_period(facts, version, body);
    if let Some((start, end)) = body.qualifying_stay {
        facts.add(
            INFO,
            Some(("nch_qlfyd_stay_from_dt", "NCH Qualified Stay From Date")),
            |o| {
                o.object("timingPeriod", |o| period(o, start, end));
            },
        );
    }
    if version == Version::V2 {
        facts.code(INFO, PPS, PPS_BILL);
    }
}

const PPS: (&str, &str) = ("clm_pps_ind_cd", "Claim PPS Indicator Code");
const PPS_BILL: (&str, &str) = ("2", "PPS bill; claim contains PPS indicator");

fn blood(facts: &mut Facts<'_, '_>, body: &Institutional) {
    if body.blood_pints == 0 {
        return;
    }
    facts.add(
        INFO,
        Some((
            "nch_blood_pnts_frnshd_qty",
            "NCH Blood Pints Furnished Quantity",
        )),
        |o| {
            o.object("valueQuantity", |o| {
                o.int("value", i64::from(body.blood_pints));
                o.text("unit", "pint");
                o.text("system", "http://unitsofmeasure.org");
                o.text("code", "[pt_us]");
            });
        },
    );
}

fn bill(facts: &mut Facts<'_, '_>, version: Version, body: &Institutional) {
    let frequency = ("1", "Admit thru discharge claim");
    match version {
        Version::V1 => {
            facts.code(INFO, ("clm_freq_cd", "Claim Frequency Code"), frequency);
            facts.code(
                INFO,
                ("ptnt_dschrg_stus_cd", "Patient Discharge Status Code"),
                body.discharge,
            );
        }
        Version::V2 => {
            let value = |name: &'static str, code: (&'static str, &'static str)| {
                move |o: &mut Obj<'_>| concept(o, "code", |a| variable_coding(a, name, code))
            };
            facts.add(
                carin_info("typeofbill", "Type of Bill"),
                None,
                value("clm_freq_cd", frequency),
            );
            let status = carin_info("discharge-status", "Discharge Status");
            facts.add(status, None, value("ptnt_dschrg_stus_cd", body.discharge));
        }
    }
}

fn home_health(facts: &mut Facts<'_, '_>, version: Version, body: &Institutional) {
    let Some(home) = body.home_health else { return };
    if version == Version::V2 {
        facts.code(INFO, PPS, PPS_BILL);
    }
    if home.low_utilization {
        facts.code(
            INFO,
            (
                "clm_hha_lupa_ind_cd",
                "Claim HHA Low Utilization Payment Adjustment (LUPA) Indicator Code",
            ),
            ("L", "Low utilization payment adjustment (LUPA) claim"),
        );
    }
    facts.code(
        INFO,
        ("clm_hha_rfrl_cd", "Claim HHA Referral Code"),
        (
            "1",
            "Physician referral - The patient was admitted upon the recommendation of a personal physician.",
        ),
    );
    if version == Version::V2 {
        facts.add(INFO, Some(VISITS), |o| {
            o.object("valueQuantity", |o| o.int("value", i64::from(home.visits)))
        });
    }
    admission_period(facts, version, body);
}

/// Where STU3 counts visits in the benefit balance, R4 has a fact.
pub(super) const VISITS: (&str, &str) = ("clm_hha_tot_visit_cnt", "Claim HHA Total Visit Count");
