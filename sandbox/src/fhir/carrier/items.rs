//! Lines of professional claims.

use super::{Form, observation, team};
use crate::claims::model::{Carrier, CarrierLine, Cents, Claim, Equipment};
use crate::fhir::Version;
use crate::fhir::common::{
    BENEFIT, CARIN, CODESYSTEM, COINSURANCE, DEDUCTIBLE, ELIGIBLE, NDC, PAID_TO_PATIENT,
    PAID_TO_PROVIDER, PRIOR_PAYER, SUBMITTED, VARIABLES, adjudication, adjudication_category,
    coding, coding_fields, concept, ext_code, ext_identifier, ext_quantity, money, period,
    variable_as_code, variable_coding,
};
use crate::fhir::json::{Arr, Obj};

pub(super) fn write(
    o: &mut Obj<'_>,
    version: Version,
    form: &Form,
    claim: &Claim,
    body: &Carrier,
    line: &CarrierLine,
) {
    o.array("extension", |a| line_extensions(a, version, body, line));
    o.int("sequence", i64::from(line.number));
    match version {
        Version::V1 => {
            o.array("careTeamLinkId", |a| a.int(2));
            o.array("diagnosisLinkId", |a| a.int(diagnosis_number(line)));
        }
        Version::V2 => {
            o.array("careTeamSequence", |a| {
                a.int(team::performer(body));
                if !form.equipment {
                    a.int(team::performer(body) + 1);
                }
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
    service(o, version, claim, line);
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
            if form.equipment {
                if version == Version::V1 {
                    supplier_extensions(a, body);
                }
            } else {
                ext_code(a, "prvdr_zip", (&body.zip, ""));
                ext_code(a, "carr_line_prcng_lclty_cd", ("99", ""));
            }
            if let Some(laboratory) = line.laboratory {
                ext_identifier(a, "carr_line_clia_lab_num", laboratory);
            }
        });
        o.array("coding", |a| {
            variable_coding(a, "line_place_of_srvc_cd", line.place)
        });
    });
    o.object("quantity", |o| match form.equipment {
        true => o.int("value", i64::from(line.units)),
        false => o.hundredths("value", i64::from(line.units) * 100),
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

fn line_extensions(a: &mut Arr<'_>, version: Version, body: &Carrier, line: &CarrierLine) {
    match &line.equipment {
        Some(equipment) => equipment_extensions(a, version, body, line, equipment),
        None => unit_extensions(a, version, i64::from(line.units)),
    }
    ext_code(a, "betos_cd", line.betos);
    if let Some(payer) = line.primary_payer {
        ext_code(a, "line_bene_prmry_pyr_cd", payer);
    }
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

fn unit_extensions(a: &mut Arr<'_>, version: Version, units: i64) {
    if version == Version::V2 {
        ext_quantity(a, "carr_line_mtus_cnt", units);
    }
    ext_code(a, "carr_line_mtus_cd", ("3", "Services"));
    if version == Version::V1 {
        ext_quantity(a, "carr_line_mtus_cnt", units);
    }
}

fn equipment_extensions(
    a: &mut Arr<'_>,
    version: Version,
    body: &Carrier,
    line: &CarrierLine,
    equipment: &Equipment,
) {
    ext_identifier(a, "suplrnum", &equipment.supplier);
    a.object(|o| {
        o.parts("url", &[VARIABLES, "dmerc_line_scrn_svgs_amt"]);
        o.object("valueQuantity", |o| o.hundredths("value", 0));
    });
    a.object(|o| {
        o.parts("url", &[VARIABLES, "dmerc_line_mtus_cnt"]);
        o.object("valueQuantity", |o| {
            o.int("value", i64::from(line.units));
            o.text("unit", "Number of services");
            o.parts("system", &[VARIABLES, "dmerc_line_mtus_cd"]);
            o.text("code", "3");
        });
    });
    if version == Version::V2 {
        supplier_extensions(a, body);
    }
}

/// Where the price comes from and who sells: on the place in STU3, on the line in R4.
fn supplier_extensions(a: &mut Arr<'_>, body: &Carrier) {
    ext_code(a, "dmerc_line_prcng_state_cd", (body.state, ""));
    ext_code(
        a,
        "dmerc_line_supplr_type_cd",
        (
            "3",
            "Suppliers (other than sole proprietorship) for whom employer identification (EI) numbers are used in coding the ID field.",
        ),
    );
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

fn service(o: &mut Obj<'_>, version: Version, claim: &Claim, line: &CarrierLine) {
    let system = [CODESYSTEM, "hcpcs"];
    match version {
        Version::V1 => concept(o, "service", |a| {
            a.object(|o| {
                o.parts("system", &system);
                o.text("version", hcpcs_year(claim));
                o.text("code", line.hcpcs);
            });
        }),
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
    match &line.equipment {
        Some(equipment) => purchase(a, version, line, equipment),
        None => reduction(a, version),
    }
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
            amounts.primary,
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

fn reduction(a: &mut Arr<'_>, version: Version) {
    let reduced = (
        "carr_line_rdcd_pmt_phys_astn_c",
        "Carrier Line Reduced Payment Physician Assistant Code",
    );
    a.object(|o| {
        concept(o, "category", |a| match version {
            Version::V1 => variable_as_code(a, "adjudication", reduced),
            Version::V2 => {
                coding(
                    a,
                    [CARIN, "C4BBAdjudicationDiscriminator"],
                    ("denialreason", "Denial Reason"),
                );
            }
        });
        concept(o, "reason", |a| variable_coding(a, reduced.0, ("0", "N/A")));
    });
}

fn purchase(a: &mut Arr<'_>, version: Version, line: &CarrierLine, equipment: &Equipment) {
    if version == Version::V2 {
        // The real backend adds this amount under the name of a revenue center.
        adjudication(
            a,
            version,
            PAID_TO_PROVIDER,
            (
                "rev_cntr_prvdr_pmt_amt",
                "Revenue Center (Medicare) Provider Payment Amount",
            ),
            line.amounts.paid,
        );
    }
    for (category, variable, amount) in [
        (
            ELIGIBLE,
            (
                "line_prmry_alowd_chrg_amt",
                "Line Primary Payer Allowed Charge Amount",
            ),
            Cents(0),
        ),
        (
            SUBMITTED,
            ("line_dme_prchs_price_amt", "Line DME Purchase Price Amount"),
            equipment.purchase_price,
        ),
    ] {
        adjudication(a, version, category, variable, amount);
    }
}
