//! Professional claims.

use super::Version;
use super::common::{
    BENEFIT, CARIN, CODESYSTEM, COINSURANCE, DEDUCTIBLE, ELIGIBLE, Facts, INFO, NDC, NPI,
    PAID_TO_PATIENT, PAID_TO_PROVIDER, PRIOR_PAYER, SUBMITTED, THO, VARIABLES, adjudication,
    adjudication_category, billable_period, carin_info, coding, coding_fields, concept,
    created_and_insurer, diagnosis_concept, ext_code, ext_identifier, ext_money, ext_quantity,
    head, identifiers, insurance, money, npi_identifier, patient, period, variable_as_code,
    variable_coding,
};
use super::json::{Arr, Obj};
use crate::claims::model::{Carrier, CarrierLine, Cents, Claim, LineAmounts};

const NEAR_LINE: (&str, &str) = (
    "O",
    "Part B physician/supplier claim record (processed by local carriers; can include DMEPOS services)",
);
const CLAIM_TYPE: (&str, &str) = (
    "71",
    "Local carrier non-durable medical equipment, prosthetics, orthotics, and supplies (DMEPOS) claim",
);

pub(super) fn write(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Carrier) {
    head(o, version, claim, "Professional-NonClinician");
    contained(o, version, claim, body);
    o.array("extension", |a| extensions(a, version, body));
    identifiers(o, version, claim, "clm_id", &[]);
    kind(o, version);
    patient(o, version, claim);
    billable_period(o, claim, None);
    created_and_insurer(o, version, claim);
    if version == Version::V2 {
        o.object("provider", |o| {
            o.object("identifier", |o| {
                o.parts("system", &[VARIABLES, "carr_clm_blg_npi_num"]);
                o.text("value", &body.practice.npi);
            });
        });
    }
    if let Some(referring) = &body.referring {
        o.object("referral", |o| match version {
            Version::V1 => o.text("reference", "#1"),
            Version::V2 => npi_identifier(o, &referring.npi),
        });
    }
    if version == Version::V2 {
        o.text("outcome", "complete");
    }
    o.text("disposition", "1");
    match version {
        Version::V1 => {
            o.array("information", |a| facts(a, version, claim, body));
            o.array("careTeam", |a| care_team_stu3(a, body));
        }
        Version::V2 => {
            o.array("careTeam", |a| care_team_r4(a, body));
            o.array("supportingInfo", |a| facts(a, version, claim, body));
        }
    }
    o.array("diagnosis", |a| diagnoses(a, version, body));
    insurance(o, version, claim, "part-b", None);
    o.array("item", |a| {
        for line in &body.lines {
            a.object(|o| item(o, version, claim, body, line));
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
fn contained(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Carrier) {
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
                    variable_coding(a, "line_hct_hgb_type_cd", ("R1", "Hemoglobin Test"))
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

fn extensions(a: &mut Arr<'_>, version: Version, body: &Carrier) {
    let contractor = body.control_number.to_string();
    match version {
        Version::V1 => ext_money(a, version, "prpayamt", Cents(0)),
        Version::V2 => ext_code(a, "nch_near_line_rec_ident_cd", NEAR_LINE),
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
    if version == Version::V2 {
        ext_code(
            a,
            "carr_clm_entry_cd",
            (
                "1",
                "Original debit; void of original debit (If CLM_DISP_CD = 3, code 1 means voided original debit)",
            ),
        );
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

fn kind(o: &mut Obj<'_>, version: Version) {
    concept(o, "type", |a| {
        variable_coding(a, "nch_clm_type_cd", CLAIM_TYPE);
        coding(a, [CODESYSTEM, "eob-type"], ("CARRIER", ""));
        match version {
            Version::V1 => {
                coding(
                    a,
                    ["http://hl7.org/fhir/ex-claimtype", ""],
                    ("professional", "Professional"),
                );
                variable_coding(a, "nch_near_line_rec_ident_cd", NEAR_LINE);
            }
            Version::V2 => coding(a, [THO, "claim-type"], ("professional", "Professional")),
        }
    });
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

/// In STU3 the sequence of care team members begins at 2, and the practice is an extension of the performer.
fn care_team_stu3(a: &mut Arr<'_>, body: &Carrier) {
    a.object(|o| {
        o.array("extension", |a| {
            performer_extensions(a);
            a.object(|o| {
                o.text("url", NPI);
                o.object("valueCoding", |o| {
                    coding_fields(o, [NPI, ""], (&body.practice.npi, &body.practice.name))
                });
            });
        });
        o.int("sequence", 2);
        o.object("provider", |o| {
            o.object("identifier", |o| {
                o.text("system", NPI);
                o.text("value", &body.performing.npi);
            });
            o.text("display", &body.performing.name);
        });
        o.bool("responsible", true);
        concept(o, "role", |a| {
            coding(
                a,
                ["http://hl7.org/fhir/claimcareteamrole", ""],
                ("primary", "Primary provider"),
            );
        });
        concept(o, "qualification", |a| {
            variable_coding(
                a,
                "prvdr_spclty",
                (body.specialty.code, body.specialty.display),
            );
        });
    });
}

fn performer_extensions(a: &mut Arr<'_>) {
    ext_code(a, "carr_line_prvdr_type_cd", ("1", ""));
    ext_code(a, "prtcptng_ind_cd", ("1", "Participating"));
}

fn care_team_r4(a: &mut Arr<'_>, body: &Carrier) {
    if let Some(referring) = &body.referring {
        a.object(|o| {
            o.int("sequence", 3);
            o.object("provider", |o| {
                npi_identifier(o, &referring.npi);
                o.text("display", &referring.name);
            });
            concept(o, "role", |a| {
                coding(
                    a,
                    [CARIN, "C4BBClaimCareTeamRole"],
                    ("referring", "Referring"),
                )
            });
        });
    }
    a.object(|o| {
        o.array("extension", performer_extensions);
        o.int("sequence", PERFORMER);
        o.object("provider", |o| {
            npi_identifier(o, &body.performing.npi);
            o.text("display", &body.performing.name);
        });
        o.bool("responsible", true);
        concept(o, "role", |a| {
            coding(
                a,
                [CARIN, "C4BBClaimCareTeamRole"],
                ("performing", "Performing provider"),
            );
        });
        concept(o, "qualification", |a| {
            let specialty = body.specialty;
            coding(
                a,
                ["http://nucc.org/provider-taxonomy", ""],
                (specialty.taxonomy, specialty.taxonomy_display),
            );
            variable_coding(a, "prvdr_spclty", (specialty.code, specialty.display));
        });
    });
    a.object(|o| {
        o.int("sequence", PRACTICE);
        o.object("provider", |o| {
            npi_identifier(o, &body.practice.npi);
            o.text("display", &body.practice.name);
        });
        concept(o, "role", |a| {
            coding(
                a,
                [THO, "claimcareteamrole"],
                ("primary", "Primary provider"),
            )
        });
    });
}

/// R4 care team sequences of those that lines point to.
const PERFORMER: i64 = 1;
const PRACTICE: i64 = 2;

fn diagnoses(a: &mut Arr<'_>, version: Version, body: &Carrier) {
    for (sequence, diagnosis) in (1..).zip(&body.diagnoses) {
        a.object(|o| {
            o.int("sequence", sequence);
            diagnosis_concept(o, version, diagnosis);
            let (system, code) = match (version, sequence) {
                (Version::V1, 1) => (
                    [CODESYSTEM, "diagnosis-type"],
                    (
                        "principal",
                        "The single medical diagnosis that is most relevant to the patient's chief complaint or need for treatment.",
                    ),
                ),
                (Version::V1, _) => return,
                (Version::V2, 1) => ([THO, "ex-diagnosistype"], ("principal", "principal")),
                (Version::V2, _) => ([CARIN, "C4BBClaimDiagnosisType"], ("secondary", "Secondary")),
            };
            o.array("type", |a| a.object(|o| o.array("coding", |a| coding(a, system, code))));
        });
    }
}

fn item(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Carrier, line: &CarrierLine) {
    o.array("extension", |a| line_extensions(a, version, line));
    o.int("sequence", i64::from(line.number));
    match version {
        Version::V1 => {
            o.array("careTeamLinkId", |a| a.int(2));
            o.array("diagnosisLinkId", |a| a.int(diagnosis_number(line)));
        }
        Version::V2 => {
            o.array("careTeamSequence", |a| {
                a.int(PERFORMER);
                a.int(PRACTICE);
            });
            o.array("diagnosisSequence", |a| a.int(diagnosis_number(line)));
            if line.hemoglobin.is_some() {
                // The received date is fact 1; test results follow in the order of their lines.
                let earlier = body
                    .lines
                    .iter()
                    .filter(|other| other.hemoglobin.is_some() && other.number < line.number);
                let place = i64::try_from(earlier.count()).unwrap_or(0) + 2;
                o.array("informationSequence", |a| a.int(place));
            }
        }
    }
    concept(o, "category", |a| {
        variable_coding(a, "line_cms_type_srvc_cd", line.service_type)
    });
    service(o, version, line);
    if let Some(modifier) = line.modifier {
        o.array("modifier", |a| {
            a.object(|o| {
                o.array("coding", |a| {
                    a.object(|o| {
                        o.parts("system", &[CODESYSTEM, "hcpcs"]);
                        o.text("version", hcpcs_year(claim));
                        o.text("code", modifier);
                    });
                });
            });
        });
    }
    o.object("servicedPeriod", |o| {
        period(o, claim.dates.start, claim.dates.end)
    });
    o.object("locationCodeableConcept", |o| {
        o.array("extension", |a| {
            ext_code(a, "prvdr_state_cd", (body.state, ""));
            ext_code(a, "carr_line_prcng_lclty_cd", ("99", ""));
        });
        o.array("coding", |a| {
            variable_coding(a, "line_place_of_srvc_cd", line.place)
        });
    });
    o.object("quantity", |o| {
        o.hundredths("value", i64::from(line.units) * 100)
    });
    o.array("adjudication", |a| adjudications(a, version, line));
}

fn diagnosis_number(line: &CarrierLine) -> i64 {
    i64::try_from(line.diagnosis).unwrap_or(0) + 1
}

/// HCPCS versions are the last digit of the year.
fn hcpcs_year(claim: &Claim) -> &'static str {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    DIGITS[usize::try_from(claim.dates.start.year().rem_euclid(10)).unwrap_or(0)]
}

fn line_extensions(a: &mut Arr<'_>, version: Version, line: &CarrierLine) {
    let units = i64::from(line.units);
    if version == Version::V2 {
        ext_quantity(a, "carr_line_mtus_cnt", units);
    }
    ext_code(a, "carr_line_mtus_cd", ("3", "Services"));
    if version == Version::V1 {
        ext_quantity(a, "carr_line_mtus_cnt", units);
    }
    ext_code(a, "betos_cd", line.betos);
    if version == Version::V2 {
        ext_code(a, "line_prcsg_ind_cd", processing(line));
    }
    let free = line.amounts.coinsurance == Cents(0) && line.amounts.deductible == Cents(0);
    ext_code(
        a,
        "line_service_deductible",
        if free {
            ("1", "Service Not Subject to Deductible")
        } else {
            ("0", "Service Subject to Deductible")
        },
    );
    if version == Version::V1 {
        if line.hemoglobin.is_some() {
            a.object(|o| {
                o.parts("url", &[VARIABLES, "line_hct_hgb_rslt_num"]);
                o.object("valueReference", |o| {
                    o.parts("reference", &["#", &observation(version, line)])
                });
            });
        }
        drug_extension(a, line);
    }
}

fn drug_extension(a: &mut Arr<'_>, line: &CarrierLine) {
    if let Some(drug) = line.drug {
        a.object(|o| {
            o.text("url", NDC);
            let display = format!("{} - {}", drug.name, drug.substance);
            o.object("valueCoding", |o| {
                coding_fields(o, [NDC, ""], (drug.ndc, &display))
            });
        });
    }
}

fn service(o: &mut Obj<'_>, version: Version, line: &CarrierLine) {
    let system = [CODESYSTEM, "hcpcs"];
    match version {
        Version::V1 => concept(o, "service", |a| coding(a, system, (line.hcpcs, ""))),
        Version::V2 => o.object("productOrService", |o| {
            if line.drug.is_some() {
                o.array("extension", |a| drug_extension(a, line));
            }
            o.array("coding", |a| coding(a, system, (line.hcpcs, "")));
        }),
    }
}

const fn processing(line: &CarrierLine) -> (&'static str, &'static str) {
    if line.allowed {
        ("A", "Allowed")
    } else {
        ("C", "Noncovered care")
    }
}

fn adjudications(a: &mut Arr<'_>, version: Version, line: &CarrierLine) {
    let amounts = &line.amounts;
    a.object(|o| {
        let percent = if amounts.coinsurance == Cents(0) {
            ("1", "100%")
        } else {
            ("0", "80%")
        };
        o.array("extension", |a| ext_code(a, "line_pmt_80_100_cd", percent));
        adjudication_category(
            o,
            version,
            BENEFIT,
            ("line_nch_pmt_amt", "Line NCH Medicare Payment Amount"),
        );
        money(o, version, "amount", amounts.paid);
    });
    for (category, variable, amount) in [
        (
            PAID_TO_PATIENT,
            ("line_bene_pmt_amt", "Line Payment Amount to Beneficiary"),
            Cents(0),
        ),
        (
            PAID_TO_PROVIDER,
            ("line_prvdr_pmt_amt", "Line Provider Payment Amount"),
            amounts.paid,
        ),
        (
            DEDUCTIBLE,
            (
                "line_bene_ptb_ddctbl_amt",
                "Line Beneficiary Part B Deductible Amount",
            ),
            amounts.deductible,
        ),
        (
            PRIOR_PAYER,
            (
                "line_bene_prmry_pyr_pd_amt",
                "Line Primary Payer (if not Medicare) Paid Amount",
            ),
            Cents(0),
        ),
        (
            COINSURANCE,
            ("line_coinsrnc_amt", "Line Beneficiary Coinsurance Amount"),
            amounts.coinsurance,
        ),
        (
            SUBMITTED,
            ("line_sbmtd_chrg_amt", "Line Submitted Charge Amount"),
            amounts.submitted,
        ),
        (
            ELIGIBLE,
            ("line_alowd_chrg_amt", "Line Allowed Charge Amount"),
            amounts.allowed,
        ),
    ] {
        adjudication(a, version, category, variable, amount);
    }
    if version == Version::V1 {
        a.object(|o| {
            concept(o, "category", |a| {
                variable_as_code(
                    a,
                    "adjudication",
                    ("line_prcsg_ind_cd", "Line Processing Indicator Code"),
                );
            });
            concept(o, "reason", |a| {
                variable_coding(a, "line_prcsg_ind_cd", processing(line))
            });
        });
    }
}
