//! Prescription drug events.

use super::Version;
use super::common::{
    BENEFIT, CARIN, CODESYSTEM, COINSURANCE, DISCOUNT, DRUG_COST, Facts, INFO, NDC, NPI,
    PAID_BY_PATIENT, PRIOR_PAYER, THO, adjudication, adjudication_category, billable_period,
    carin_info, coding, concept, created_and_insurer, ext_code, ext_quantity, head, identifiers,
    insurance, money, npi_identifier, patient, variable_coding,
};
use super::json::{Arr, Obj};
use crate::claims::model::{Cents, Claim, Pde};

pub(super) fn write(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Pde) {
    head(o, version, claim, "Pharmacy");
    identifiers(
        o,
        version,
        claim,
        "pde_id",
        &[("rx_srvc_rfrnc_num", body.reference_number.to_string())],
    );
    concept(o, "type", |a| {
        coding(a, [CODESYSTEM, "eob-type"], ("PDE", ""));
        match version {
            Version::V1 => coding(
                a,
                ["http://hl7.org/fhir/ex-claimtype", ""],
                ("pharmacy", "Pharmacy"),
            ),
            Version::V2 => coding(a, [THO, "claim-type"], ("pharmacy", "Pharmacy")),
        }
    });
    patient(o, version, claim);
    billable_period(o, claim, None);
    created_and_insurer(o, version, claim);
    pharmacy(o, version, body);
    if version == Version::V2 {
        o.text("outcome", "complete");
    }
    match version {
        Version::V1 => {
            o.array("information", |a| facts_stu3(a, claim, body));
            o.array("careTeam", |a| care_team(a, version, body));
        }
        Version::V2 => {
            o.array("careTeam", |a| care_team(a, version, body));
            o.array("supportingInfo", |a| facts_r4(a, claim, body));
        }
    }
    insurance(o, version, claim, "part-d", Some(body.plan));
    o.array("item", |a| a.object(|o| item(o, version, claim, body)));
    if version == Version::V2 {
        o.array("total", |a| {
            for (system, code, amount) in [
                ([CARIN, "C4BBAdjudication"], DRUG_COST.1, body.amounts.total),
                (
                    [CARIN, "C4BBPayerAdjudicationStatus"],
                    ("other", "Other"),
                    Cents(0),
                ),
            ] {
                a.object(|o| {
                    concept(o, "category", |a| coding(a, system, code));
                    money(o, version, "amount", amount);
                });
            }
        });
    }
    // Part D plans are paid monthly; the date is that of the plan's report.
    o.object("payment", |o| {
        o.text(
            "date",
            &claim.dates.loaded.plus(-3).max(claim.dates.end).to_string(),
        )
    });
}

fn pharmacy(o: &mut Obj<'_>, version: Version, body: &Pde) {
    let npi = &body.pharmacy.npi;
    let kind = |o: &mut Obj<'_>| {
        o.array("extension", |a| {
            ext_code(a, "phrmcy_srvc_type_cd", body.pharmacy_type)
        })
    };
    match version {
        Version::V1 => {
            let who = |o: &mut Obj<'_>| {
                o.object("identifier", |o| {
                    concept(o, "type", |a| {
                        coding(a, [NPI, ""], ("NPI", "National Provider Identifier"))
                    });
                    o.text("system", NPI);
                    o.text("value", npi);
                });
                o.text("display", &body.pharmacy.name);
            };
            o.object("organization", who);
            o.object("facility", |o| {
                kind(o);
                who(o);
            });
        }
        Version::V2 => {
            o.object("provider", |o| {
                o.object("identifier", |o| {
                    o.text("system", NPI);
                    o.text("value", npi);
                });
            });
            o.object("facility", |o| {
                kind(o);
                o.object("identifier", |o| {
                    concept(o, "type", |a| {
                        coding(a, [CARIN, "C4BBIdentifierType"], ("npi", ""))
                    });
                    o.text("value", npi);
                });
                o.text("display", &body.pharmacy.name);
            });
        }
    }
}

const DAW: (&str, &str) = (
    "daw_prod_slctn_cd",
    "Dispense as Written (DAW) Product Selection Code",
);
const COVERAGE: (&str, &str) = ("drug_cvrg_stus_cd", "Drug Coverage Status Code");
const COVERED: (&str, &str) = ("C", "Covered");
const CATASTROPHIC: (&str, &str) = ("ctstrphc_cvrg_cd", "Catastrophic Coverage Code");
const ORIGIN: (&str, &str) = ("rx_orgn_cd", "Prescription Origination Code");
const BRAND: (&str, &str) = (
    "brnd_gnrc_cd",
    "Brand-Generic Code Reported by Submitting Plan",
);
const RESIDENCE: (&str, &str) = ("ptnt_rsdnc_cd", "Patient Residence Code");

const fn brand(body: &Pde) -> (&'static str, &'static str) {
    if body.drug.brand {
        ("B", "Brand")
    } else {
        ("G", "Generic Null/missing")
    }
}

fn facts_stu3(a: &mut Arr<'_>, claim: &Claim, body: &Pde) {
    let mut facts = Facts::new(Version::V1, a);
    facts.code(INFO, DAW, body.dispense_as_written);
    facts.code(INFO, COVERAGE, COVERED);
    if let Some(code) = body.catastrophic {
        facts.code(INFO, CATASTROPHIC, code);
    }
    facts.code(INFO, ORIGIN, body.origin);
    facts.code(INFO, BRAND, brand(body));
    facts.code(
        INFO,
        ("phrmcy_srvc_type_cd", "Pharmacy service type code"),
        body.pharmacy_type,
    );
    facts.code(INFO, RESIDENCE, body.residence);
    rare(&mut facts, claim, body);
}

fn facts_r4(a: &mut Arr<'_>, claim: &Claim, body: &Pde) {
    let mut facts = Facts::new(Version::V2, a);
    facts.add(carin_info("compoundcode", "Compound Code"), None, |o| {
        concept(o, "code", |a| {
            coding(a, [THO, "v3-ActCode"], ("RXDINV", "Rx dispense invoice"))
        });
    });
    facts.add(carin_info("refillnum", "Refill Number"), None, |o| {
        quantity(o, body.refill)
    });
    facts.add(carin_info("dayssupply", "Days Supply"), None, |o| {
        quantity(o, body.days_supply)
    });
    facts.code(INFO, COVERAGE, COVERED);
    facts.code(INFO, DAW, body.dispense_as_written);
    if let Some(code) = body.catastrophic {
        facts.code(INFO, CATASTROPHIC, code);
    }
    facts.add(carin_info("rxorigincode", "Rx Origin Code"), None, |o| {
        concept(o, "code", |a| variable_coding(a, ORIGIN.0, body.origin));
    });
    facts.add(
        carin_info("brandgenericindicator", "Brand Generic Indicator"),
        None,
        |o| {
            concept(o, "code", |a| variable_coding(a, BRAND.0, brand(body)));
        },
    );
    facts.code(INFO, RESIDENCE, body.residence);
    rare(&mut facts, claim, body);
}

/// What few events have; a refund says that it deletes.
fn rare(facts: &mut Facts<'_, '_>, claim: &Claim, body: &Pde) {
    const ADJUSTMENT: (&str, &str) = ("adjstmt_dltn_cd", "Adjustment Deletion Code");
    if claim.refunds.is_some() {
        facts.code(INFO, ADJUSTMENT, ("D", "Deletion"));
    }
    for rare in &body.rare {
        if claim.refunds.is_none() || rare.variable.0 != ADJUSTMENT.0 {
            facts.code(INFO, rare.variable, rare.code);
        }
    }
}

fn quantity(o: &mut Obj<'_>, value: u32) {
    o.object("valueQuantity", |o| o.int("value", i64::from(value)));
}

fn care_team(a: &mut Arr<'_>, version: Version, body: &Pde) {
    a.object(|o| {
        o.int("sequence", prescriber(version));
        o.object("provider", |o| {
            match version {
                Version::V1 => o.object("identifier", |o| {
                    o.text("system", NPI);
                    o.text("value", &body.prescriber.npi);
                }),
                Version::V2 => npi_identifier(o, &body.prescriber.npi),
            }
            o.text("display", &body.prescriber.name);
        });
        match version {
            Version::V1 => concept(o, "role", |a| {
                coding(
                    a,
                    ["http://hl7.org/fhir/claimcareteamrole", ""],
                    ("primary", "Primary provider"),
                );
            }),
            Version::V2 => {
                concept(o, "role", |a| {
                    coding(
                        a,
                        [CARIN, "C4BBClaimCareTeamRole"],
                        ("prescribing", "Prescribing provider"),
                    );
                });
                concept(o, "qualification", |a| {
                    let specialty = body.specialty;
                    coding(
                        a,
                        ["http://nucc.org/provider-taxonomy", ""],
                        (specialty.taxonomy, specialty.taxonomy_display),
                    );
                });
            }
        }
    });
}

/// STU3 sequences of care team members begin at 2.
const fn prescriber(version: Version) -> i64 {
    match version {
        Version::V1 => 2,
        Version::V2 => 1,
    }
}

fn item(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Pde) {
    o.int("sequence", 1);
    let display = format!("{} - {}", body.drug.name, body.drug.substance);
    let drug = |a: &mut Arr<'_>| coding(a, [NDC, ""], (body.drug.ndc, &display));
    match version {
        Version::V1 => {
            o.array("careTeamLinkId", |a| a.int(prescriber(version)));
            concept(o, "service", drug);
        }
        Version::V2 => {
            o.array("careTeamSequence", |a| a.int(prescriber(version)));
            concept(o, "productOrService", drug);
        }
    }
    o.text("servicedDate", &claim.dates.start.to_string());
    o.object("quantity", |o| {
        if version == Version::V1 {
            o.array("extension", |a| {
                ext_quantity(a, "fill_num", i64::from(body.refill));
                ext_quantity(a, "days_suply_num", i64::from(body.days_supply));
            });
        }
        o.hundredths("value", i64::from(body.quantity) * 100);
    });
    o.array("adjudication", |a| adjudications(a, version, body));
    if version == Version::V1 {
        o.array("detail", |a| {
            a.object(|o| {
                // STU3 requires a sequence; the real backend leaves it out.
                o.int("sequence", 1);
                concept(o, "type", |a| {
                    coding(
                        a,
                        ["http://hl7.org/fhir/v3/ActCode", ""],
                        ("RXDINV", "Rx dispense invoice"),
                    );
                });
            });
        });
    }
}

fn adjudications(a: &mut Arr<'_>, version: Version, body: &Pde) {
    let amounts = &body.amounts;
    a.object(|o| {
        let variable = (
            "cvrd_d_plan_pd_amt",
            "Amount paid by Part D plan for the PDE (drug is covered by Part D)",
        );
        adjudication_category(o, version, BENEFIT, variable);
        if version == Version::V1 {
            concept(o, "reason", |a| variable_coding(a, COVERAGE.0, COVERED));
        }
        money(o, version, "amount", amounts.plan);
    });
    for (category, variable, amount) in [
        (
            COINSURANCE,
            (
                "gdc_blw_oopt_amt",
                "Gross Drug Cost Below Part D Out-of-Pocket Threshold (GDCB)",
            ),
            Cents(amounts.total.0 - amounts.above_threshold.0),
        ),
        (
            COINSURANCE,
            (
                "gdc_abv_oopt_amt",
                "Gross Drug Cost Above Part D Out-of-Pocket Threshold (GDCA)",
            ),
            amounts.above_threshold,
        ),
        (
            PAID_BY_PATIENT,
            ("ptnt_pay_amt", "Amount Paid by Patient"),
            amounts.patient,
        ),
        (
            PRIOR_PAYER,
            ("othr_troop_amt", "Other True Out-of-Pocket (TrOOP) Amount"),
            amounts.other,
        ),
        (
            DISCOUNT,
            (
                "lics_amt",
                "Amount paid for the PDE by Part D low income subsidy",
            ),
            amounts.subsidy,
        ),
        (
            PRIOR_PAYER,
            (
                "plro_amt",
                "Reduction in patient liability due to payments by other payers (PLRO)",
            ),
            Cents(0),
        ),
        (
            DRUG_COST,
            ("tot_rx_cst_amt", "Total drug cost (Part D)"),
            amounts.total,
        ),
        (
            DISCOUNT,
            ("rptd_gap_dscnt_num", "Gap Discount Amount"),
            amounts.gap_discount,
        ),
    ] {
        adjudication(a, version, category, variable, amount);
    }
}
