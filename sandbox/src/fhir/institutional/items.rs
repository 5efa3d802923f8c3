//! Revenue center lines.

use super::{Form, team};
use crate::claims::ClaimType;
use crate::claims::model::{Cents, Institutional, RevenueLine};
use crate::fhir::Version;
use crate::fhir::common::{
    CARIN, CODESYSTEM, COINSURANCE, DEDUCTIBLE, NDC, NONCOVERED, PAID_BY_PATIENT, PAID_TO_PATIENT,
    PAID_TO_PROVIDER, PRIOR_PAYER, SUBMITTED, THO, VARIABLES, Variable, adjudication, coding,
    coding_fields, concept, ext_code, ext_quantity, variable_as_code, variable_coding,
};
use crate::fhir::json::{Arr, Obj};

const UCUM: [&str; 2] = ["http://unitsofmeasure.org", ""];

pub(super) fn write(
    o: &mut Obj<'_>,
    version: Version,
    form: &Form,
    body: &Institutional,
    line: &RevenueLine,
) {
    extensions(o, version, form, line);
    o.int("sequence", i64::from(line.number));
    let member = team::rendering(version, body);
    match version {
        Version::V1 => o.array("careTeamLinkId", |a| a.int(member)),
        Version::V2 => o.array("careTeamSequence", |a| a.int(member)),
    }
    revenue(o, version, form, line);
    service(o, version, form, line);
    modifiers(o, version, line);
    if let Some(day) = line.day {
        o.text("servicedDate", &day.to_string());
    }
    o.object("locationAddress", |o| o.text("state", body.state));
    o.object("quantity", |o| o.int("value", i64::from(line.units)));
    o.array("adjudication", |a| adjudications(a, version, form, line));
}

fn extensions(o: &mut Obj<'_>, version: Version, form: &Form, line: &RevenueLine) {
    match version {
        Version::V1 => {
            if let Some((_, units)) = line.drug {
                o.array("extension", |a| {
                    a.object(|o| {
                        o.parts("url", &[VARIABLES, "rev_cntr_ndc_qty"]);
                        o.object("valueQuantity", |o| {
                            o.int("value", i64::from(units));
                            o.text("unit", "Milliliter");
                            o.text("system", UCUM[0]);
                            o.text("code", "ML");
                        });
                    });
                });
            }
        }
        Version::V2 => {
            if !matches!(form.kind, ClaimType::Inpatient | ClaimType::Hospice) {
                o.array("extension", |a| {
                    ext_quantity(a, "rev_cntr_unit_cnt", i64::from(line.units))
                });
            }
        }
    }
}

/// The revenue center. In R4 the deductible code follows, once under the system of revenue codes, as the real
/// backend has it.
fn revenue(o: &mut Obj<'_>, version: Version, form: &Form, line: &RevenueLine) {
    o.object("revenue", |o| {
        let deductible = line
            .deductible_code
            .filter(|_| version == Version::V1 && form.kind != ClaimType::Outpatient);
        if line.payment_status.is_some() || deductible.is_some() {
            o.array("extension", |a| {
                if let Some(status) = line.payment_status {
                    ext_code(a, "rev_cntr_stus_ind_cd", status);
                }
                if let Some(code) = deductible {
                    ext_code(
                        a,
                        "rev_cntr_ddctbl_coinsrnc_cd",
                        (code, deductible_text(code)),
                    );
                }
            });
        }
        o.array("coding", |a| {
            variable_coding(a, "rev_cntr", (line.revenue, ""));
            let deductible = line.deductible_code.filter(|_| version == Version::V2);
            if let Some(code) = deductible.filter(|_| form.kind != ClaimType::Outpatient) {
                coding(
                    a,
                    ["https://www.nubc.org/CodeSystem/RevenueCodes", ""],
                    (code, ""),
                );
                variable_coding(
                    a,
                    "rev_cntr_ddctbl_coinsrnc_cd",
                    (code, deductible_text(code)),
                );
            }
        });
    });
}

fn deductible_text(code: &str) -> &'static str {
    if code == "0" {
        "Charges are subject to deductible and coinsurance"
    } else {
        ""
    }
}

fn service(o: &mut Obj<'_>, version: Version, form: &Form, line: &RevenueLine) {
    let system = [CODESYSTEM, "hcpcs"];
    let key = if version == Version::V1 {
        "service"
    } else {
        "productOrService"
    };
    let Some(code) = line.hcpcs else {
        // R4 wants a product or service on every line, STU3 does not.
        if version == Version::V2 {
            concept(o, key, |a| {
                coding(
                    a,
                    [THO, "data-absent-reason"],
                    ("not-applicable", "Not Applicable"),
                );
            });
        }
        return;
    };
    o.object(key, |o| {
        if let (Some((drug, _)), ClaimType::Outpatient) = (line.drug, form.kind) {
            let display = format!("{} - {}", drug.name, drug.substance);
            o.array("extension", |a| match version {
                Version::V1 => ext_code(a, "rev_cntr_ide_ndc_upc_num", (drug.ndc, &display)),
                Version::V2 => a.object(|o| {
                    o.text("url", NDC);
                    o.object("valueCoding", |o| {
                        coding_fields(o, [NDC, ""], (drug.ndc, &display))
                    });
                }),
            });
        }
        o.array("coding", |a| {
            if version == Version::V2 && form.kind == ClaimType::Inpatient {
                coding(a, [VARIABLES, "hcpcs_cd"], (code, ""));
            }
            coding(a, system, (code, ""));
        });
    });
}

/// In R4 the unit of a drug is one more modifier, as the real backend has it.
fn modifiers(o: &mut Obj<'_>, version: Version, line: &RevenueLine) {
    let unit = line.drug.filter(|_| version == Version::V2);
    if line.modifier.is_none() && unit.is_none() {
        return;
    }
    o.array("modifier", |a| {
        if let Some(modifier) = line.modifier {
            a.object(|o| {
                o.array("coding", |a| {
                    coding(a, [CODESYSTEM, "hcpcs"], (modifier, ""))
                })
            });
        }
        if unit.is_some() {
            a.object(|o| o.array("coding", |a| coding(a, UCUM, ("ML", "Milliliter"))));
        }
    });
}

fn adjudications(a: &mut Arr<'_>, version: Version, form: &Form, line: &RevenueLine) {
    if let Some(code) = line.adjustment {
        let variable = ("rev_cntr_1st_ansi_cd", "Revenue Center 1st ANSI Code");
        a.object(|o| {
            concept(o, "category", |a| match version {
                Version::V1 => variable_as_code(a, "adjudication", variable),
                Version::V2 => {
                    coding(
                        a,
                        [CARIN, "C4BBAdjudicationDiscriminator"],
                        ("denialreason", "Denial Reason"),
                    );
                }
            });
            concept(o, "reason", |a| variable_coding(a, variable.0, (code, "")));
        });
    }
    let charges = [
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
    ];
    let payments = payments(form, line);
    let total = [(
        SUBMITTED,
        (
            "rev_cntr_pmt_amt_amt",
            "Revenue Center (Medicare) Payment Amount",
        ),
        line.paid,
    )];
    // The order differs between the versions, and in STU3 between the types.
    let mut all: Vec<Entry> = Vec::with_capacity(16);
    match (version, form.kind) {
        (_, ClaimType::Inpatient | ClaimType::Snf) => all.extend(charges),
        (Version::V1, ClaimType::Outpatient) => {
            all.extend(payments);
            all.extend(total);
            all.extend(charges);
        }
        (Version::V1, _) => {
            all.extend(payments);
            all.extend(charges);
            all.extend(total);
        }
        (Version::V2, _) => {
            all.extend(charges);
            all.extend(payments);
            all.extend(total);
        }
    }
    for (category, variable, amount) in all {
        adjudication(a, version, category, variable, amount);
    }
}

type Entry = (
    ([&'static str; 2], (&'static str, &'static str)),
    Variable,
    Cents,
);

fn payments(form: &Form, line: &RevenueLine) -> Vec<Entry> {
    let none = Cents(0);
    let to_provider = (
        PAID_TO_PROVIDER,
        (
            "rev_cntr_prvdr_pmt_amt",
            "Revenue Center (Medicare) Provider Payment Amount",
        ),
        line.paid,
    );
    let to_person = (
        PAID_TO_PATIENT,
        (
            "rev_cntr_bene_pmt_amt",
            "Revenue Center Payment Amount to Beneficiary",
        ),
        none,
    );
    match form.kind {
        ClaimType::Hospice => vec![to_provider, to_person],
        ClaimType::Outpatient => vec![
            (
                DEDUCTIBLE,
                (
                    "rev_cntr_blood_ddctbl_amt",
                    "Revenue Center Blood Deductible Amount",
                ),
                none,
            ),
            (
                DEDUCTIBLE,
                (
                    "rev_cntr_cash_ddctbl_amt",
                    "Revenue Center Cash Deductible Amount",
                ),
                line.deductible,
            ),
            (
                COINSURANCE,
                (
                    "rev_cntr_coinsrnc_wge_adjstd_c",
                    "Revenue Center Coinsurance/Wage Adjusted Coinsurance Amount",
                ),
                line.coinsurance,
            ),
            (
                COINSURANCE,
                (
                    "rev_cntr_rdcd_coinsrnc_amt",
                    "Revenue Center Reduced Coinsurance Amount",
                ),
                none,
            ),
            (
                PRIOR_PAYER,
                (
                    "rev_cntr_1st_msp_pd_amt",
                    "Revenue Center 1st Medicare Secondary Payer (MSP) Paid Amount",
                ),
                none,
            ),
            (
                PRIOR_PAYER,
                (
                    "rev_cntr_2nd_msp_pd_amt",
                    "Revenue Center 2nd Medicare Secondary Payer (MSP) Paid Amount",
                ),
                none,
            ),
            to_provider,
            to_person,
            (
                PAID_BY_PATIENT,
                (
                    "rev_cntr_ptnt_rspnsblty_pmt",
                    "Revenue Center Patient Responsibility Payment Amount",
                ),
                Cents(line.deductible.0 + line.coinsurance.0),
            ),
        ],
        _ => Vec::new(),
    }
}
