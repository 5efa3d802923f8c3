//! `supportingInfo` of institutions.

use super::part_a;
use crate::claims::ClaimType;
use crate::claims::model::{Claim, Institutional};
use crate::fhir::common::{coding, concept, period};
use crate::fhir::institutional::CONTRACTOR;
use crate::fhir::json::{Arr, Obj};
use crate::fhir::v3::common::SYSTEM;
use crate::fhir::v3::facts::{
    Facts, adjustment, contractor, disposition, enhancements, fips, processed, shared_status,
};

pub(super) fn write(a: &mut Arr<'_>, claim: &Claim, body: &Institutional) {
    let mut facts = Facts::new(a);
    adjustment(&mut facts, claim);
    let (facility, class) = bill_type(claim.key.kind);
    facts.carin("typeofbill", |o| {
        concept(o, "code", |a| {
            let nubc = "https://www.nubc.org/CodeSystem/TypeOfBill";
            coding(a, [nubc, ""], (&format!("0{facility}{class}1"), ""));
            coding(a, [SYSTEM, "CLM-BILL-FAC-TYPE-CD"], (facility, ""));
            let classified = format!("{facility}{class}");
            coding(a, [SYSTEM, "CLM-BILL-CLSFCTN-CD"], (&classified, ""));
            let frequency = format!("{facility}{class}1");
            coding(a, [SYSTEM, "CLM-BILL-FREQ-CD"], (&frequency, ""));
        });
    });
    blood(&mut facts, body);
    enhancements(&mut facts, claim);
    facts.code(
        ("CLM_CNTRCTR_NUM", "Claim Contractor Number"),
        "CLM-CNTRCTR-NUM",
        (CONTRACTOR, contractor(CONTRACTOR)),
    );
    if let Some((payer, _)) = body.primary_payer {
        facts.code(
            ("CLM_NCH_PRMRY_PYR_CD", "NCH Primary Payer Code"),
            "CLM-NCH-PRMRY-PYR-CD",
            (payer, ""),
        );
    }
    disposition(&mut facts, claim);
    stay(&mut facts, claim, body);
    processed(&mut facts, claim);
    shared_status(&mut facts, claim, ("FA", "Accept"));
    let near_line = if part_a(claim) {
        (
            "V",
            "Part A institutional claim record (inpatient [IP], skilled nursing facility [SNF], hospice [HOS], or home health agency [HHA])",
        )
    } else {
        (
            "W",
            "Part B institutional claim record (outpatient [HOP], HHA)",
        )
    };
    facts.code(
        ("CLM_NRLN_RIC_CD", "Near Line Record Identification Code"),
        "CLM-NRLN-RIC-CD",
        near_line,
    );
    admission(&mut facts, body);
    payment(&mut facts, claim, body);
    home_health(&mut facts, body);
    facts.code(
        (
            "PRVDR_FAC_FIPS_ST_CD",
            "Federal Information Processing Standards (FIPS) State Code",
        ),
        "US-FIPS-STATE-CODES",
        (fips(body.state), ""),
    );
    if let Some((drg, _)) = body.drg {
        facts.carin("drg", |o| {
            concept(o, "code", |a| {
                let system = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software";
                coding(a, [system, ""], (drg, ""));
            });
        });
    }
}

/// Kind of facility and bill classification, as bare digits.
const fn bill_type(kind: ClaimType) -> (&'static str, &'static str) {
    match kind {
        ClaimType::Outpatient => ("1", "3"),
        ClaimType::Snf => ("2", "1"),
        ClaimType::Hha => ("3", "2"),
        ClaimType::Hospice => ("8", "1"),
        _ => ("1", "1"),
    }
}

fn blood(facts: &mut Facts<'_, '_>, body: &Institutional) {
    if body.blood_pints == 0 {
        return;
    }
    facts.add(
        ("CLM_BLOOD_PT_FRNSH_QTY", "Blood Pints Furnished Quantity"),
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

fn stay(facts: &mut Facts<'_, '_>, claim: &Claim, body: &Institutional) {
    if let Some((start, end)) = body.stay {
        facts.carin("admissionperiod", |o| {
            o.object("timingPeriod", |o| match end {
                Some(end) => period(o, start, end),
                None => o.text("start", &start.to_string()),
            });
        });
    }
    if matches!(
        claim.key.kind,
        ClaimType::Hha | ClaimType::Snf | ClaimType::Hospice
    ) {
        facts.day(
            ("CLM_ACTV_CARE_THRU_DT", "Covered Care Through Date"),
            claim.dates.end,
        );
    }
    if let Some((from, through)) = body.noncovered_stay {
        facts.day(("CLM_NCVRD_FROM_DT", "Noncovered Stay From Date"), from);
        facts.day(
            ("CLM_NCVRD_THRU_DT", "Noncovered Stay Through Date"),
            through,
        );
    }
    if let Some(day) = body.exhausted {
        facts.day(
            ("CLM_MDCR_EXHSTD_DT", "Medicare Benefits Exhausted Date"),
            day,
        );
    }
    if let Some((from, through)) = body.qualifying_stay {
        facts.day(("CLM_QLFY_STAY_FROM_DT", "Qualified Stay From Date"), from);
        facts.day(
            ("CLM_QLFY_STAY_THRU_DT", "Qualified Stay Through Date"),
            through,
        );
    }
}

fn admission(facts: &mut Facts<'_, '_>, body: &Institutional) {
    let code = |system: &'static str, own: &'static str, code: &'static str, text: &'static str| {
        move |o: &mut Obj<'_>| {
            concept(o, "code", |a| {
                coding(a, ["https://www.nubc.org/CodeSystem/", system], (code, ""));
                coding(a, [SYSTEM, own], (code, text));
            })
        }
    };
    if let Some((_, source)) = body.admission {
        facts.carin(
            "pointoforigin",
            code("PointOfOrigin", "CLM-ADMSN-SRC-CD", source, ""),
        );
    }
    let (status, text) = body.discharge;
    facts.carin(
        "discharge-status",
        code("PatDischargeStatus", "BENE-PTNT-STUS-CD", status, text),
    );
    if let Some(((kind, text), _)) = body.admission {
        facts.carin(
            "admtype",
            code(
                "PriorityTypeOfAdmitOrVisit",
                "CLM-ADMSN-TYPE-CD",
                kind,
                text,
            ),
        );
    }
}

fn payment(facts: &mut Facts<'_, '_>, claim: &Claim, body: &Institutional) {
    facts.code(
        ("CLM_MDCR_INSTNL_MCO_PD_SW", "MCO Paid Switch"),
        "CLM-MDCR-INSTNL-MCO-PD-SW",
        ("0", "No managed care organization (MCO) payment"),
    );
    if let Some((reason, _)) = body.nonpayment {
        facts.code(
            ("CLM_MDCR_NPMT_RSN_CD", "Claim Non Payment Reason Code"),
            "CLM-MDCR-NPMT-RSN-CD",
            (reason, ""),
        );
    }
    let action = if claim.final_action {
        (
            "1",
            "Original debit action (always a 1 for all regular bills)",
        )
    } else {
        (
            "2",
            "Cancel by credit adjustment (used only in credit/debit pairs under HHPPS, updates the RAP)",
        )
    };
    facts.code(
        ("CLM_FI_ACTN_CD", "Claim Fiscal Intermediary Action Code"),
        "CLM-FI-ACTN-CD",
        action,
    );
    if claim.key.kind != ClaimType::Outpatient {
        facts.code(
            ("CLM_PPS_IND_CD", "Claim PPS Indicator Code"),
            "CLM-PPS-IND-CD",
            ("2", "PPS bill; claim contains PPS indicator"),
        );
    }
}

fn home_health(facts: &mut Facts<'_, '_>, body: &Institutional) {
    let Some(home) = body.home_health else { return };
    if home.low_utilization {
        facts.code(
            ("CLM_HHA_LUP_IND_CD", "Claim Lupa Indicator Code"),
            "CLM-HHA-LUP-IND-CD",
            ("L", "Low utilization payment adjustment (LUPA) claim"),
        );
    }
    facts.code(
        ("CLM_HHA_RFRL_CD", "Claim Referral Code"),
        "CLM-HHA-RFRL-CD",
        (
            "1",
            "PHYSICIAN REFERRAL - THE PATIENT WAS ADMITTED UPON THE RECOMMENDATION OF A PERSONAL PHYSICIAN.",
        ),
    );
}
