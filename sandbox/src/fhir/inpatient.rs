//! Hospital stays.

use super::Version;
use super::common::{
    CARIN, CODESYSTEM, Facts, INFO, NONCOVERED, NPI, SUBMITTED, THO, VARIABLES, adjudication,
    billable_period, carin_info, coding, concept, created_and_insurer, diagnosis_concept, ext_code,
    ext_identifier, ext_money, head, identifiers, insurance, money, npi_identifier, patient,
    period, variable_as_code, variable_coding,
};
use super::json::{Arr, Obj};
use crate::claims::model::{Cents, Claim, Inpatient, RevenueLine};

const NEAR_LINE: (&str, &str) = (
    "V",
    "Part A institutional claim record (inpatient [IP], skilled nursing facility [SNF], hospice [HOS], or home health agency [HHA])",
);

pub(super) fn write(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Inpatient) {
    head(o, version, claim, "Inpatient-Institutional");
    if version == Version::V2 {
        o.array("contained", |a| a.object(|o| organization(o, body)));
    }
    o.array("extension", |a| extensions(a, version, claim, body));
    identifiers(o, version, claim, "clm_id", &[]);
    kind(o, version);
    patient(o, version, claim);
    billable_period(o, claim, Some(("3", "Final bill")));
    created_and_insurer(o, version, claim);
    providers(o, version, body);
    if version == Version::V2 {
        o.text("outcome", "complete");
    }
    match version {
        Version::V1 => {
            o.array("information", |a| facts(a, version, claim, body));
            o.array("careTeam", |a| care_team(a, version, body));
        }
        Version::V2 => {
            o.array("careTeam", |a| care_team(a, version, body));
            o.array("supportingInfo", |a| facts(a, version, claim, body));
        }
    }
    o.array("diagnosis", |a| diagnoses(a, version, body));
    if !body.procedures.is_empty() {
        o.array("procedure", |a| procedures(a, version, body));
    }
    insurance(o, version, claim, "part-a", None);
    if version == Version::V1 {
        o.object("hospitalization", |o| {
            period(o, claim.dates.start, claim.dates.end)
        });
    }
    o.array("item", |a| {
        for line in &body.lines {
            a.object(|o| item(o, version, body, line));
        }
    });
    match version {
        Version::V1 => money(o, version, "totalCost", body.total_charge()),
        Version::V2 => o.array("total", |a| {
            let variable = ("clm_tot_chrg_amt", "Claim Total Charge Amount");
            adjudication(a, version, SUBMITTED, variable, body.total_charge());
        }),
    }
    o.object("payment", |o| money(o, version, "amount", body.paid));
    o.array("benefitBalance", |a| {
        a.object(|o| balance(o, version, body))
    });
}

fn organization(o: &mut Obj<'_>, body: &Inpatient) {
    o.text("resourceType", "Organization");
    o.text("id", "provider-org");
    o.object("meta", |o| {
        o.array("profile", |a| {
            a.text("http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-Organization")
        });
    });
    o.array("identifier", |a| {
        a.object(|o| {
            concept(o, "type", |a| coding(a, [THO, "v2-0203"], ("PRN", "")));
            o.text("value", &body.certification);
        });
        a.object(|o| {
            concept(o, "type", |a| {
                coding(a, [CARIN, "C4BBIdentifierType"], ("npi", ""))
            });
            o.text("system", NPI);
            o.text("value", &body.hospital.npi);
        });
    });
    o.bool("active", true);
    o.text("name", &body.hospital.name);
}

fn extensions(a: &mut Arr<'_>, version: Version, claim: &Claim, body: &Inpatient) {
    let control = body.control_number.to_string();
    match version {
        Version::V1 => {
            for ((name, _), amount) in amounts(body) {
                ext_money(a, version, name, amount);
            }
            ext_identifier(a, "fi_num", FISCAL_INTERMEDIARY);
            ext_identifier(a, "fi_doc_clm_cntl_num", &control);
        }
        Version::V2 => {
            ext_code(a, "nch_near_line_rec_ident_cd", NEAR_LINE);
            ext_code(
                a,
                "fi_clm_actn_cd",
                (
                    "1",
                    "Original debit action (always a 1 for all regular bills)",
                ),
            );
            ext_money(a, version, "ime_op_clm_val_amt", Cents(0));
            ext_money(a, version, "dsh_op_clm_val_amt", Cents(0));
            ext_identifier(a, "fi_doc_clm_cntl_num", &control);
            a.object(|o| {
                o.parts("url", &[VARIABLES, "fi_clm_proc_dt"]);
                o.text(
                    "valueDate",
                    &claim.dates.loaded.plus(-7).max(claim.dates.end).to_string(),
                );
            });
            ext_code(a, "clm_srvc_clsfctn_type_cd", ("1", ""));
            ext_code(a, "fi_num", (FISCAL_INTERMEDIARY, ""));
        }
    }
}

const FISCAL_INTERMEDIARY: &str = "52280";

/// The amounts that STU3 has as extensions and R4 in the benefit balance.
fn amounts(body: &Inpatient) -> [((&'static str, &'static str), Cents); 12] {
    let capital = Cents(body.paid.0 / 12);
    [
        (
            (
                "clm_pass_thru_per_diem_amt",
                "Claim Pass Thru Per Diem Amount",
            ),
            Cents(0),
        ),
        (
            (
                "nch_profnl_cmpnt_chrg_amt",
                "Professional Component Charge Amount",
            ),
            Cents(0),
        ),
        (
            ("clm_tot_pps_cptl_amt", "Claim Total PPS Capital Amount"),
            capital,
        ),
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
            Cents(0),
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
            body.deductible,
        ),
        (
            (
                "clm_pps_cptl_dsprprtnt_shr_amt",
                "Claim PPS Capital Disproportionate Share Amount",
            ),
            Cents(0),
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
                "nch_drg_outlier_aprvd_pmt_amt",
                "NCH DRG Outlier Approved Payment Amount",
            ),
            Cents(0),
        ),
        (
            (
                "nch_bene_blood_ddctbl_lblty_am",
                "NCH Beneficiary Blood Deductible Liability Amount",
            ),
            Cents(0),
        ),
        (
            (
                "prpayamt",
                "NCH Primary Payer (if not Medicare) Claim Paid Amount",
            ),
            Cents(0),
        ),
    ]
}

fn kind(o: &mut Obj<'_>, version: Version) {
    concept(o, "type", |a| {
        variable_coding(a, "nch_clm_type_cd", ("60", "Inpatient claim"));
        coding(a, [CODESYSTEM, "eob-type"], ("INPATIENT", ""));
        match version {
            Version::V1 => {
                coding(
                    a,
                    ["http://hl7.org/fhir/ex-claimtype", ""],
                    ("institutional", "Institutional"),
                );
                variable_coding(a, "nch_near_line_rec_ident_cd", NEAR_LINE);
                variable_coding(a, "clm_srvc_clsfctn_type_cd", ("1", ""));
            }
            Version::V2 => coding(a, [THO, "claim-type"], ("institutional", "Institutional")),
        }
    });
    if version == Version::V2 {
        o.object("subType", |o| {
            o.array("coding", |a| {
                coding(
                    a,
                    [CARIN, "C4BBInstitutionalClaimSubType"],
                    ("inpatient", ""),
                )
            });
            o.text("text", "Inpatient");
        });
    }
}

fn providers(o: &mut Obj<'_>, version: Version, body: &Inpatient) {
    let facility = |o: &mut Obj<'_>| {
        o.array("extension", |a| {
            ext_code(a, "clm_fac_type_cd", ("1", "Hospital"))
        })
    };
    let hospital = |o: &mut Obj<'_>| {
        o.object("identifier", |o| {
            o.text("system", NPI);
            o.text("value", &body.hospital.npi);
        });
        o.text("display", &body.hospital.name);
    };
    match version {
        Version::V1 => {
            o.object("provider", |o| {
                o.object("identifier", |o| {
                    o.parts("system", &[VARIABLES, "prvdr_num"]);
                    o.text("value", &body.certification);
                });
            });
            o.object("organization", hospital);
            o.object("facility", |o| {
                facility(o);
                hospital(o);
            });
        }
        Version::V2 => {
            o.object("provider", |o| o.text("reference", "#provider-org"));
            o.object("facility", facility);
        }
    }
}

fn facts(a: &mut Arr<'_>, version: Version, claim: &Claim, body: &Inpatient) {
    let mut facts = Facts::new(version, a);
    let loaded = claim.dates.loaded.to_string();
    let received = |facts: &mut Facts<'_, '_>| {
        facts.add(
            carin_info("clmrecvddate", "Claim Received Date"),
            Some(("nch_wkly_proc_dt", "NCH Weekly Claim Processing Date")),
            |o| o.text("timingDate", &loaded),
        );
    };
    if version == Version::V1 {
        received(&mut facts);
    }
    facts.code(
        INFO,
        ("nch_ptnt_stus_ind_cd", "NCH Patient Status Indicator Code"),
        status(body),
    );
    if version == Version::V2 {
        facts.add(
            carin_info("admissionperiod", "Admission Period"),
            None,
            |o| {
                o.object("timingPeriod", |o| {
                    period(o, claim.dates.start, claim.dates.end)
                });
            },
        );
    }
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
                    body.admission,
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
        (body.source, ""),
    );
    if version == Version::V2 {
        facts.code(
            INFO,
            (
                "clm_drg_cd",
                "Claim Diagnosis Related Group Code (or MS-DRG Code)",
            ),
            (body.drg, ""),
        );
    }
    facts.code(
        INFO,
        ("clm_mco_pd_sw", "Claim MCO Paid Switch"),
        ("0", "No managed care organization (MCO) payment"),
    );
    let frequency = ("1", "Admit thru discharge claim");
    let discharge = (body.discharge.0, body.discharge.1);
    match version {
        Version::V1 => {
            facts.code(INFO, ("clm_freq_cd", "Claim Frequency Code"), frequency);
            facts.code(
                INFO,
                ("ptnt_dschrg_stus_cd", "Patient Discharge Status Code"),
                discharge,
            );
        }
        Version::V2 => {
            facts.add(carin_info("typeofbill", "Type of Bill"), None, |o| {
                concept(o, "code", |a| variable_coding(a, "clm_freq_cd", frequency));
            });
            facts.add(
                carin_info("discharge-status", "Discharge Status"),
                None,
                |o| {
                    concept(o, "code", |a| {
                        variable_coding(a, "ptnt_dschrg_stus_cd", discharge)
                    });
                },
            );
            received(&mut facts);
        }
    }
}

fn status(body: &Inpatient) -> (&'static str, &'static str) {
    if body.discharge.0 == "20" {
        ("B", "Died")
    } else {
        ("A", "Discharged")
    }
}

/// The physicians. STU3 begins its sequence at 2 and knows three roles; the last entry is who the lines name.
fn care_team(a: &mut Arr<'_>, version: Version, body: &Inpatient) {
    let members = [
        (
            Some(&body.attending),
            ("attending", "Attending"),
            ("primary", "Primary provider"),
        ),
        (
            body.operating.as_ref(),
            ("operating", "Operating"),
            ("assist", "Assisting Provider"),
        ),
        (
            body.other.as_ref(),
            ("otheroperating", "Other Operating"),
            ("other", "Other"),
        ),
    ];
    let first = if version == Version::V1 { 2 } else { 1 };
    let present = members
        .into_iter()
        .filter_map(|(member, r4, stu3)| Some((member?, r4, stu3)));
    for (sequence, (provider, r4, stu3)) in (first..).zip(present) {
        a.object(|o| {
            o.int("sequence", sequence);
            o.object("provider", |o| {
                match version {
                    Version::V1 => o.object("identifier", |o| {
                        o.text("system", NPI);
                        o.text("value", &provider.npi);
                    }),
                    Version::V2 => npi_identifier(o, &provider.npi),
                }
                o.text("display", &provider.name);
            });
            concept(o, "role", |a| match version {
                Version::V1 => coding(a, ["http://hl7.org/fhir/claimcareteamrole", ""], stu3),
                Version::V2 => coding(a, [CARIN, "C4BBClaimCareTeamRole"], r4),
            });
        });
    }
}

fn diagnoses(a: &mut Arr<'_>, version: Version, body: &Inpatient) {
    a.object(|o| {
        o.int("sequence", 1);
        diagnosis_concept(o, version, body.admitting);
        diagnosis_type(
            o,
            match version {
                Version::V1 => (
                    [CODESYSTEM, "diagnosis-type"],
                    (
                        "admitting",
                        "The diagnosis given as the reason why the patient was admitted to the hospital.",
                    ),
                ),
                Version::V2 => ([THO, "ex-diagnosistype"], ("admitting", "Admitting Diagnosis")),
            },
        );
    });
    for (place, (diagnosis, present)) in (1..).zip(&body.diagnoses) {
        a.object(|o| {
            let present = if *present {
                ("Y", "Diagnosis was present at the time of admission (POA)")
            } else {
                ("N", "Diagnosis was not present at the time of admission")
            };
            o.array("extension", |a| {
                ext_code(a, &format!("clm_poa_ind_sw{place}"), present)
            });
            o.int("sequence", place + 1);
            diagnosis_concept(o, version, diagnosis);
            diagnosis_type(o, role(version, place));
            if version == Version::V1 && place == 1 {
                // The real backend puts the group into an entry without a diagnosis, which STU3 forbids.
                concept(o, "packageCode", |a| {
                    variable_coding(a, "clm_drg_cd", (body.drg, ""))
                });
            }
        });
    }
}

type Role = ([&'static str; 2], (&'static str, &'static str));

const fn role(version: Version, place: i64) -> Role {
    match (version, place) {
        (Version::V1, 1) => (
            [CODESYSTEM, "diagnosis-type"],
            (
                "principal",
                "The single medical diagnosis that is most relevant to the patient's chief complaint or need for treatment.",
            ),
        ),
        (Version::V1, _) => (
            [CODESYSTEM, "diagnosis-type"],
            (
                "other",
                "Required when other conditions coexist or develop subsequently during the treatment",
            ),
        ),
        (Version::V2, 1) => (
            [THO, "ex-diagnosistype"],
            ("principal", "Principal Diagnosis"),
        ),
        (Version::V2, _) => ([CARIN, "C4BBClaimDiagnosisType"], ("other", "Other")),
    }
}

fn diagnosis_type(o: &mut Obj<'_>, (system, code): Role) {
    o.array("type", |a| {
        a.object(|o| o.array("coding", |a| coding(a, system, code)))
    });
}

fn procedures(a: &mut Arr<'_>, version: Version, body: &Inpatient) {
    for (sequence, (procedure, day)) in (1..).zip(&body.procedures) {
        a.object(|o| {
            o.int("sequence", sequence);
            o.parts("date", &[&day.to_string(), "T00:00:00+00:00"]);
            concept(o, "procedureCodeableConcept", |a| {
                let code = (procedure.code, procedure.display);
                if version == Version::V2 {
                    coding(a, ["http://www.cms.gov/Medicare/Coding/ICD10", ""], code);
                }
                coding(a, ["http://hl7.org/fhir/sid/icd-10", ""], code);
            });
        });
    }
}

fn item(o: &mut Obj<'_>, version: Version, body: &Inpatient, line: &RevenueLine) {
    o.int("sequence", i64::from(line.number));
    match version {
        Version::V1 => o.array("careTeamLinkId", |a| a.int(2)),
        Version::V2 => o.array("careTeamSequence", |a| a.int(1)),
    }
    concept(o, "revenue", |a| {
        variable_coding(a, "rev_cntr", (line.revenue, ""))
    });
    let system = [CODESYSTEM, "hcpcs"];
    match (version, line.hcpcs) {
        (Version::V1, Some(code)) => concept(o, "service", |a| coding(a, system, (code, ""))),
        (Version::V1, None) => {}
        (Version::V2, Some(code)) => concept(o, "productOrService", |a| {
            coding(a, [VARIABLES, "hcpcs_cd"], (code, ""));
            coding(a, system, (code, ""));
        }),
        // R4 wants a product or service on every line.
        (Version::V2, None) => concept(o, "productOrService", |a| {
            coding(
                a,
                [THO, "data-absent-reason"],
                ("not-applicable", "Not Applicable"),
            );
        }),
    }
    o.object("locationAddress", |o| o.text("state", body.state));
    o.object("quantity", |o| o.int("value", i64::from(line.units)));
    o.array("adjudication", |a| {
        for (category, variable, amount) in [
            (
                SUBMITTED,
                ("rev_cntr_rate_amt", "Revenue Center Rate Amount"),
                line.rate,
            ),
            (
                SUBMITTED,
                (
                    "rev_cntr_tot_chrg_amt",
                    "Revenue Center Total Charge Amount",
                ),
                line.charge,
            ),
            (
                NONCOVERED,
                (
                    "rev_cntr_ncvrd_chrg_amt",
                    "Revenue Center Non-Covered Charge Amount",
                ),
                line.noncovered,
            ),
        ] {
            adjudication(a, version, category, variable, amount);
        }
    });
}

fn balance(o: &mut Obj<'_>, version: Version, body: &Inpatient) {
    concept(o, "category", |a| match version {
        Version::V1 => coding(
            a,
            ["http://hl7.org/fhir/benefit-category", ""],
            ("medical", "Medical Health Coverage"),
        ),
        Version::V2 => coding(a, [THO, "ex-benefitcategory"], ("1", "Medical Care")),
    });
    o.array("financial", |a| {
        if version == Version::V2 {
            for (variable, amount) in amounts(body) {
                a.object(|o| {
                    concept(o, "type", |a| {
                        variable_as_code(a, "benefit-balance", variable)
                    });
                    money(o, version, "usedMoney", amount);
                });
            }
        }
        for (variable, count) in [
            (
                (
                    "bene_tot_coinsrnc_days_cnt",
                    "Beneficiary Total Coinsurance Days Count",
                ),
                0,
            ),
            (
                (
                    "clm_non_utlztn_days_cnt",
                    "Claim Medicare Non Utilization Days Count",
                ),
                0,
            ),
            (
                ("clm_utlztn_day_cnt", "Claim Medicare Utilization Day Count"),
                i64::from(body.covered_days),
            ),
        ] {
            a.object(|o| {
                concept(o, "type", |a| {
                    variable_as_code(a, "benefit-balance", variable)
                });
                o.int("usedUnsignedInt", count);
            });
        }
    });
}
