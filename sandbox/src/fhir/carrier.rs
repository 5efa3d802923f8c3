//! Professional claims, and claims for durable medical equipment, which share their shape.
//!
//! The real backend contradicts itself on equipment: v2 gives it the profile and the type of an inpatient stay and
//! links it to Part A. It is kept, because clients must classify by the EOB type.

mod items;
mod team;

use super::Version;
use super::common::{
    CODESYSTEM, Facts, INFO, NPI, PRIOR_PAYER, THO, VARIABLES, adjudication, billable_period,
    carin_info, coding, concept, created_and_insurer, ext_code, ext_identifier, ext_money, head,
    identifiers, insurance, money, npi_identifier, patient, variable_as_code, variable_coding,
};
use super::json::{Arr, Obj};
use crate::claims::ClaimType;
use crate::claims::model::{Carrier, CarrierLine, Cents, Claim, Coded, LineAmounts};

/// What is fixed for a type of claim.
struct Form {
    /// Whether it is a claim for equipment.
    equipment: bool,
    profile: &'static str,
    claim_type: Coded,
    near_line: Coded,
    /// FHIR claim type in STU3, which equipment lacks, and in R4.
    stu3_type: Option<Coded>,
    r4_type: Coded,
    r4_part: &'static str,
    disposition: &'static str,
    /// What the tests of a line measure.
    test: Coded,
}

const PROFESSIONAL: Form = Form {
    equipment: false,
    profile: "Professional-NonClinician",
    claim_type: (
        "71",
        "Local carrier non-durable medical equipment, prosthetics, orthotics, and supplies (DMEPOS) claim",
    ),
    near_line: (
        "O",
        "Part B physician/supplier claim record (processed by local carriers; can include DMEPOS services)",
    ),
    stu3_type: Some(("professional", "Professional")),
    r4_type: ("professional", "Professional"),
    r4_part: "part-b",
    disposition: "1",
    test: ("R1", "Hemoglobin Test"),
};

const EQUIPMENT: Form = Form {
    equipment: true,
    profile: "Inpatient-Institutional",
    claim_type: ("82", "DMERC; DMEPOS claim"),
    near_line: (
        "M",
        "Part B DMEPOS claim record (processed by DME Regional Carrier)",
    ),
    stu3_type: None,
    r4_type: ("institutional", "Institutional"),
    r4_part: "part-a",
    disposition: "01",
    test: ("R2", "Hematocrit Test"),
};

pub(super) fn write(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Carrier) {
    let form = if claim.key.kind == ClaimType::Dme {
        &EQUIPMENT
    } else {
        &PROFESSIONAL
    };
    head(o, version, claim, form.profile);
    contained(o, version, form, claim, body);
    o.array("extension", |a| extensions(a, version, form, claim, body));
    identifiers(o, version, claim, "clm_id", &[]);
    kind(o, version, form, claim);
    patient(o, version, claim);
    billable_period(o, claim, None);
    created_and_insurer(o, version, claim);
    if version == Version::V2 {
        o.object("provider", |o| provider(o, form, body));
    }
    if let Some(referring) = &body.referring {
        o.object("referral", |o| match version {
            Version::V1 => o.text("reference", "#1"),
            Version::V2 => {
                npi_identifier(o, &referring.npi);
                o.text("display", &referring.name);
            }
        });
    }
    if version == Version::V2 {
        o.text("outcome", "complete");
    }
    o.text("disposition", form.disposition);
    match version {
        Version::V1 => {
            o.array("information", |a| facts(a, version, claim, body));
            o.array("careTeam", |a| team::stu3(a, form, body));
        }
        Version::V2 => {
            o.array("careTeam", |a| team::r4(a, form, body));
            o.array("supportingInfo", |a| facts(a, version, claim, body));
        }
    }
    o.array("diagnosis", |a| team::diagnoses(a, version, form, body));
    let part = if version == Version::V1 {
        "part-b"
    } else {
        form.r4_part
    };
    insurance(o, version, claim, part, None);
    o.array("item", |a| {
        for line in &body.lines {
            a.object(|o| items::write(o, version, form, claim, body, line));
        }
    });
    let paid = sum(body, |amounts| amounts.paid);
    if version == Version::V2 {
        // The real backend labels a zero with the total charge variable; clients must cope with it.
        o.array("total", |a| {
            adjudication(
                a,
                version,
                PRIOR_PAYER,
                ("clm_tot_chrg_amt", "Claim Total Charge Amount"),
                Cents(0),
            );
        });
    }
    o.object("payment", |o| money(o, version, "amount", paid));
    if version == Version::V2 {
        o.array("benefitBalance", |a| balance(a, version, body));
    }
}

/// STU3 carries the referral and test results inside the claim, R4 the test results only.
fn contained(o: &mut Obj<'_>, version: Version, form: &Form, claim: &Claim, body: &Carrier) {
    let tests: Vec<&CarrierLine> = body
        .lines
        .iter()
        .filter(|line| line.hemoglobin.is_some())
        .collect();
    let referral = body.referring.as_ref().filter(|_| version == Version::V1);
    if tests.is_empty() && referral.is_none() {
        return;
    }
    o.array("contained", |a| {
        if let Some(referring) = referral {
            a.object(|o| {
                o.text("resourceType", "ReferralRequest");
                o.text("id", "1");
                o.text("status", "completed");
                // STU3 requires an intent; the real backend leaves it out.
                o.text("intent", "order");
                o.object("subject", |o| {
                    o.parts(
                        "reference",
                        &["Patient/", &claim.key.person.patient_id().to_string()],
                    );
                });
                let identifier = |o: &mut Obj<'_>| {
                    o.object("identifier", |o| {
                        o.text("system", NPI);
                        o.text("value", &referring.npi);
                    });
                    o.text("display", &referring.name);
                };
                o.object("requester", |o| o.object("agent", identifier));
                o.array("recipient", |a| a.object(identifier));
            });
        }
        for line in tests {
            a.object(|o| {
                o.text("resourceType", "Observation");
                o.text("id", &observation(version, line));
                o.text("status", "unknown");
                concept(o, "code", |a| {
                    variable_coding(a, "line_hct_hgb_type_cd", form.test)
                });
                o.object("valueQuantity", |o| {
                    o.hundredths("value", i64::from(line.hemoglobin.unwrap_or(0)) * 10)
                });
            });
        }
    });
}

fn observation(version: Version, line: &CarrierLine) -> String {
    match version {
        Version::V1 => (line.number + 1).to_string(),
        Version::V2 => format!("line-observation-{}", line.number),
    }
}

fn extensions(a: &mut Arr<'_>, version: Version, form: &Form, claim: &Claim, body: &Carrier) {
    let contractor = body.control_number.to_string();
    match version {
        Version::V1 => ext_money(a, version, "prpayamt", sum(body, |amounts| amounts.primary)),
        Version::V2 => ext_code(a, "nch_near_line_rec_ident_cd", form.near_line),
    }
    ext_identifier(a, "carr_num", body.contractor);
    ext_identifier(a, "carr_clm_cntl_num", &contractor);
    let denied = body.lines.iter().all(|line| !line.allowed);
    ext_code(
        a,
        "carr_clm_pmt_dnl_cd",
        if denied {
            ("0", "Denied")
        } else {
            ("1", "Physician/supplier")
        },
    );
    ext_code(a, "asgmntcd", ("A", "Assigned claim"));
    if let Some(trial) = body.trial {
        ext_identifier(a, "clm_clncl_tril_num", trial);
    }
    if version == Version::V2 {
        let entry = if claim.refunds.is_some() {
            ("3", "Full credit")
        } else {
            (
                "1",
                "Original debit; void of original debit (If CLM_DISP_CD = 3, code 1 means voided original debit)",
            )
        };
        ext_code(a, "carr_clm_entry_cd", entry);
        return;
    }
    for ((name, _), amount) in claim_amounts(body) {
        ext_money(a, version, name, amount);
    }
}

/// The sums of the claim, which STU3 has as extensions and R4 as benefit balance.
fn claim_amounts(body: &Carrier) -> [((&'static str, &'static str), Cents); 5] {
    [
        (
            (
                "carr_clm_cash_ddctbl_apld_amt",
                "Carrier Claim Cash Deductible Applied Amount (sum of all line-level deductible amounts)",
            ),
            sum(body, |amounts| amounts.deductible),
        ),
        (
            ("nch_clm_prvdr_pmt_amt", "NCH Claim Provider Payment Amount"),
            sum(body, |amounts| amounts.paid),
        ),
        (
            (
                "nch_clm_bene_pmt_amt",
                "NCH Claim Payment Amount to Beneficiary",
            ),
            Cents(0),
        ),
        (
            (
                "nch_carr_clm_sbmtd_chrg_amt",
                "NCH Carrier Claim Submitted Charge Amount (sum of all line-level submitted charges)",
            ),
            sum(body, |amounts| amounts.submitted),
        ),
        (
            (
                "nch_carr_clm_alowd_amt",
                "NCH Carrier Claim Allowed Charge Amount (sum of all line-level allowed charges)",
            ),
            sum(body, |amounts| amounts.allowed),
        ),
    ]
}

fn sum(body: &Carrier, of: impl Fn(&LineAmounts) -> Cents) -> Cents {
    body.lines.iter().map(|line| of(&line.amounts)).sum()
}

fn balance(a: &mut Arr<'_>, version: Version, body: &Carrier) {
    a.object(|o| {
        concept(o, "category", |a| {
            coding(a, [THO, "ex-benefitcategory"], ("1", "Medical Care"))
        });
        o.array("financial", |a| {
            for (variable, amount) in claim_amounts(body) {
                a.object(|o| {
                    concept(o, "type", |a| {
                        variable_as_code(a, "benefit-balance", variable)
                    });
                    money(o, version, "usedMoney", amount);
                });
            }
        });
    });
}

fn kind(o: &mut Obj<'_>, version: Version, form: &Form, claim: &Claim) {
    concept(o, "type", |a| {
        variable_coding(a, "nch_clm_type_cd", form.claim_type);
        coding(a, [CODESYSTEM, "eob-type"], (claim.key.kind.code(), ""));
        match version {
            Version::V1 => {
                if let Some(code) = form.stu3_type {
                    coding(a, ["http://hl7.org/fhir/ex-claimtype", ""], code);
                }
                variable_coding(a, "nch_near_line_rec_ident_cd", form.near_line);
            }
            Version::V2 => coding(a, [THO, "claim-type"], form.r4_type),
        }
    });
}

/// R4 names whoever bills: the practice, or for equipment the supplier as a practitioner.
fn provider(o: &mut Obj<'_>, form: &Form, body: &Carrier) {
    if form.equipment {
        o.text("type", "Practitioner");
    }
    o.object("identifier", |o| {
        if form.equipment {
            o.text("system", NPI);
        } else {
            o.parts("system", &[VARIABLES, "carr_clm_blg_npi_num"]);
        }
        o.text("value", &body.practice.npi);
    });
    if form.equipment {
        o.text("display", &body.practice.name);
    }
}

fn facts(a: &mut Arr<'_>, version: Version, claim: &Claim, body: &Carrier) {
    let mut facts = Facts::new(version, a);
    let loaded = claim.dates.loaded.to_string();
    facts.add(
        carin_info("clmrecvddate", "Claim Received Date"),
        Some(("nch_wkly_proc_dt", "NCH Weekly Claim Processing Date")),
        |o| o.text("timingDate", &loaded),
    );
    if version == Version::V2 {
        for line in body.lines.iter().filter(|line| line.hemoglobin.is_some()) {
            facts.add(
                INFO,
                Some((
                    "line_hct_hgb_rslt_num",
                    "Hematocrit / Hemoglobin Test Results",
                )),
                |o| {
                    o.object("valueReference", |o| {
                        o.parts("reference", &["#", &observation(version, line)])
                    })
                },
            );
        }
    }
}
