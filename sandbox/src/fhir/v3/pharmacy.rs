//! Prescription drug events.

use super::common::SYSTEM;
use super::eob::{
    billing_organization, drug_detail, head, insurance, insurer, kind, parties, role,
};
use super::facts::{Facts, adjustment};
use super::sums::{Sum, payment_status, sums};
use crate::claims::model::{Cents, Claim, Pde};
use crate::fhir::common::{
    BENEFIT, Code, NDC, NPI, PAID_BY_PATIENT, PRIOR_PAYER, SUBMITTED, THO, coding, concept,
};
use crate::fhir::json::{Arr, Obj};

/// The list of kinds of identifiers that drug plans use.
const QUALIFIER: [&str; 2] = [
    "http://bluebutton.cms.gov/fhir/CodeSystem/",
    "PRVDR-ID-QLFYR-CD",
];

pub(super) fn write(o: &mut Obj<'_>, claim: &Claim, body: &Pde) {
    head(o, claim, "Pharmacy", |a| {
        // R4 requires an insurer; the real backend leaves it out of drug events.
        insurer(a, super::coverage::insurer_name(body.plan.0));
        billing_organization(a, &body.pharmacy, |a| {
            a.object(|o| {
                concept(o, "type", |a| coding(a, QUALIFIER, ("01", "NPI Number")));
                o.text(
                    "system",
                    "http://bluebutton.cms.gov/fhir/identifiers/GenericIdNum",
                );
                o.text("value", &body.pharmacy.npi);
            });
        });
    });
    let code = if claim.refunds.is_some() {
        ("2", "MEDICARE PART D ADJUSTED CLAIM")
    } else if claim.final_action {
        ("1", "MEDICARE PART D ORIGINAL CLAIM")
    } else {
        ("3", "MEDICARE PART D DELETED CLAIM")
    };
    kind(o, claim, code, "pharmacy", "");
    parties(o, claim, &body.pharmacy);
    o.array("careTeam", |a| a.object(|o| prescriber(o, body)));
    o.array("supportingInfo", |a| facts(a, claim, body));
    insurance(o, "Part D");
    o.array("item", |a| a.object(|o| item(o, claim, body)));
    o.array("adjudication", |a| {
        payment_status(a, ("innetwork", "In Network"));
    });
    o.array("total", |a| {
        let list: [Sum; 3] = [
            (
                Some(PAID_BY_PATIENT),
                "CLM_BENE_PMT_AMT",
                "Paid By Beneficiary Amount",
                body.amounts.patient,
            ),
            (
                Some(PRIOR_PAYER),
                "CLM_OTHR_TP_PD_AMT",
                "Other Third Party Payer Paid Amount",
                body.amounts.other,
            ),
            (
                Some(SUBMITTED),
                "TOT_RX_CST_AMT",
                "Total RX Cost Amount",
                body.amounts.total,
            ),
        ];
        sums(a, &list);
    });
    // The date is that of the plan's report, as in v2.
    o.object("payment", |o| {
        let day = claim.dates.loaded.plus(-3).max(claim.dates.end);
        o.text("date", &day.to_string());
    });
}

fn prescriber(o: &mut Obj<'_>, body: &Pde) {
    o.int("sequence", 1);
    o.object("provider", |o| {
        o.text("type", "Practitioner");
        o.object("identifier", |o| {
            concept(o, "type", |a| {
                coding(a, QUALIFIER, ("01", "NPI Number"));
                coding(a, [THO, "v2-0203"], ("NPI", "National provider identifier"));
            });
            o.text("system", NPI);
            o.text("value", &body.prescriber.npi);
        });
        o.text("display", &body.prescriber.name);
    });
    role(o, ("prescribing", "Prescribing provider"));
}

fn facts(a: &mut Arr<'_>, claim: &Claim, body: &Pde) {
    let mut facts = Facts::new(a);
    adjustment(&mut facts, claim);
    facts.code(
        ("CLM_SBMT_FRMT_CD", "Claim Submission Format Code"),
        "CLM-SBMT-FRMT-CD",
        ("N", "NCPDP ELECTRONIC SUBMISSION"),
    );
    let text = |value: &'static str| move |o: &mut Obj<'_>| o.text("valueString", value);
    facts.add(
        ("CLM_SBMTR_CNTRCT_NUM", "Submitter Contract Number"),
        text(body.plan.0),
    );
    facts.add(
        ("CLM_SBMTR_CNTRCT_PBP_NUM", "Submitter Contract PBP Number"),
        text(body.plan.1),
    );
    let received = claim.dates.loaded.plus(-14).max(claim.dates.end);
    facts.carin("clmrecvddate", |o| {
        o.text("timingDate", &received.to_string())
    });
    facts.day(("CLM_CMS_PROC_DT", "FI Claim Process Date"), received);
    facts.code(
        ("CLM_PHRMCY_SRVC_TYPE_CD", "Pharmacy Service Type Code"),
        "CLM-PHRMCY-SRVC-TYPE-CD",
        body.pharmacy_type,
    );
    twice(
        &mut facts,
        "rxorigincode",
        "NCPDPPrescriptionOriginCode",
        "CLM-LINE-RX-ORGN-CD",
        body.origin,
    );
    let brand = if body.drug.brand {
        ("B", "Brand")
    } else {
        ("G", "Generic Null/Missing")
    };
    twice(
        &mut facts,
        "brandgenericindicator",
        "NCPDPBrandGenericIndicator",
        "CLM-BRND-GNRC-CD",
        brand,
    );
    facts.code(
        ("CLM_PTNT_RSDNC_CD", "Patient Residence Code"),
        "CLM-PTNT-RSDNC-CD",
        body.residence,
    );
    rare(&mut facts, body);
    twice(
        &mut facts,
        "compoundcode",
        "NCPDPCompoundCode",
        "CLM-CMPND-CD",
        ("1", "Not a compound"),
    );
    let quantity = |value: u32, unit: &'static str| {
        move |o: &mut Obj<'_>| {
            o.object("valueQuantity", |o| {
                o.int("value", i64::from(value));
                o.text("unit", unit);
            })
        }
    };
    facts.carin("dayssupply", quantity(body.days_supply, "days"));
    facts.carin("refillnum", quantity(body.refill, "fill"));
    facts.carin("dawcode", |o| {
        concept(o, "code", |a| {
            let system = [THO, "NCPDPDispensedAsWrittenOrProductSelectionCode"];
            coding(a, system, (body.dispense_as_written.0, ""));
        });
    });
    facts.code(
        ("CLM_DRUG_CVRG_STUS_CD", "Drug Coverage Status Code"),
        "CLM-DRUG-CVRG-STUS-CD",
        ("C", "Covered"),
    );
    if let Some(code) = body.catastrophic {
        facts.code(
            ("CLM_CTSTRPHC_CVRG_IND_CD", "Catastrophic Coverage Code"),
            "CLM-CTSTRPHC-CVRG-IND-CD",
            code,
        );
    }
    let number = body.reference_number.to_string();
    facts.add(
        (
            "CLM_LINE_RX_NUM",
            "Claim Line Prescription Service Reference Number",
        ),
        |o| o.text("valueString", &number),
    );
}

/// A fact whose code stands in NCPDP's list, without its text, and in CMS's own.
fn twice(facts: &mut Facts<'_, '_>, name: &str, ncpdp: &str, own: &str, code: Code<'_>) {
    facts.carin(name, |o| {
        concept(o, "code", |a| {
            coding(a, [THO, ncpdp], (code.0, ""));
            coding(a, [SYSTEM, own], code);
        });
    });
}

/// What few events have; v2 has the same under other names.
fn rare(facts: &mut Facts<'_, '_>, body: &Pde) {
    for rare in &body.rare {
        match rare.variable.0 {
            "dspnsng_stus_cd" => {
                facts.code(
                    ("CLM_DSPNSNG_STUS_CD", "Claim Dispensing Status Code"),
                    "CLM-DSPNSNG-STUS-CD",
                    ("P", "Partially filled"),
                );
            }
            "submsn_clr_cd" => {
                facts.code(
                    ("CLM_LTC_DSPNSNG_MTHD_CD", "Submission Clarification Code"),
                    "CLM-LTC-DSPNSNG-MTHD-CD",
                    rare.code,
                );
            }
            _ => {}
        }
    }
}

fn item(o: &mut Obj<'_>, claim: &Claim, body: &Pde) {
    o.int("sequence", 1);
    concept(o, "productOrService", |a| {
        coding(a, [NDC, ""], (body.drug.ndc, ""))
    });
    o.text("servicedDate", &claim.dates.start.to_string());
    o.object("quantity", |o| {
        o.int("value", i64::from(body.quantity));
        o.text("unit", "UN");
    });
    o.array("adjudication", |a| {
        let amounts = &body.amounts;
        let list: [Sum; 8] = [
            (
                Some(BENEFIT),
                "CLM_LINE_CVRD_PD_AMT",
                "Payment Amount",
                amounts.plan,
            ),
            (
                Some(PAID_BY_PATIENT),
                "CLM_LINE_BENE_PMT_AMT",
                "Line Paid By Beneficiary Amount",
                amounts.patient,
            ),
            (
                None,
                "CLM_LINE_PLRO_AMT",
                "Patient Liability Reduction Other Paid Amount",
                Cents(0),
            ),
            (
                None,
                "CLM_LINE_LIS_AMT",
                "Low Income Cost Sharing Subsidy Amount",
                amounts.subsidy,
            ),
            (
                None,
                "CLM_LINE_GRS_BLW_THRSHLD_AMT",
                "Gross Drug Cost Below Out Of Pocket Threshold",
                Cents(amounts.total.0 - amounts.above_threshold.0),
            ),
            (
                None,
                "CLM_LINE_GRS_ABOVE_THRSHLD_AMT",
                "Gross Drug Cost Above Out Of Pocket Threshold",
                amounts.above_threshold,
            ),
            (
                None,
                "CLM_LINE_RPTD_GAP_DSCNT_AMT",
                "Claim Line Reported Gap Discount Amount",
                amounts.gap_discount,
            ),
            (
                Some(SUBMITTED),
                "TOT_RX_CST_AMT",
                "Total RX Cost Amount",
                amounts.total,
            ),
        ];
        sums(a, &list);
    });
    drug_detail(
        o,
        body.drug.ndc,
        Some((i64::from(body.quantity), "UN", "1")),
    );
}
