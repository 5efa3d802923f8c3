//! Claims of institutions: inpatient, outpatient, skilled nursing, home health, hospice.
//!
//! The five types share their shape; [`Form`] holds what is fixed for each, with the real backend's own
//! contradictions (v2 calls home health professional and inpatient at once).

mod facts;
mod items;
mod sums;
mod team;

use super::Version;
use super::common::{
    CARIN, CODESYSTEM, NPI, SUBMITTED, THO, VARIABLES, adjudication, billable_period, coding,
    concept, created_and_insurer, ext_code, ext_identifier, ext_money, ext_quantity, head,
    identifiers, insurance, money, patient, variable_coding,
};
use super::json::{Arr, Obj};
use crate::claims::ClaimType;
use crate::claims::model::{Cents, Claim, Coded, Institutional};

/// What is fixed for a type of claim.
struct Form {
    kind: ClaimType,
    profile: &'static str,
    /// NCH claim type code and its text.
    claim_type: Coded,
    near_line: Coded,
    /// FHIR claim type in STU3, which home health lacks, and in R4.
    stu3_type: Option<Coded>,
    r4_type: Coded,
    /// CARIN subtype and its text.
    subtype: Coded,
    part: &'static str,
    facility: Coded,
    service_class: &'static str,
}

const PART_A: Coded = (
    "V",
    "Part A institutional claim record (inpatient [IP], skilled nursing facility [SNF], hospice [HOS], or home health agency [HHA])",
);
const PART_B: Coded = (
    "W",
    "Part B institutional claim record (outpatient [HOP], HHA)",
);
const INSTITUTIONAL: Coded = ("institutional", "Institutional");
const PROFESSIONAL: Coded = ("professional", "Professional");

impl Form {
    const fn of(kind: ClaimType) -> Self {
        let inpatient = Self {
            kind,
            profile: "Inpatient-Institutional",
            claim_type: ("60", "Inpatient claim"),
            near_line: PART_A,
            stu3_type: Some(INSTITUTIONAL),
            r4_type: INSTITUTIONAL,
            subtype: ("inpatient", "Inpatient"),
            part: "part-a",
            facility: ("1", "Hospital"),
            service_class: "1",
        };
        match kind {
            ClaimType::Snf => Self {
                claim_type: ("20", "Non swing bed Skilled Nursing Facility (SNF) claim"),
                facility: ("2", "Skilled Nursing Facility (SNF)"),
                ..inpatient
            },
            ClaimType::Hospice => Self {
                claim_type: ("50", "Hospice claim"),
                facility: (
                    "8",
                    "Ambulatory Surgery Center (ASC) or other special facility (e.g. hospice)",
                ),
                ..inpatient
            },
            ClaimType::Outpatient => Self {
                profile: "Outpatient-Institutional",
                claim_type: ("40", "Hospital Outpatient claim"),
                near_line: PART_B,
                stu3_type: Some(PROFESSIONAL),
                subtype: ("outpatient", "Outpatient"),
                part: "part-b",
                service_class: "3",
                ..inpatient
            },
            ClaimType::Hha => Self {
                profile: "Professional-NonClinician",
                claim_type: ("10", "Home Health Agency (HHA) claim"),
                near_line: PART_B,
                stu3_type: None,
                r4_type: PROFESSIONAL,
                part: "part-b",
                facility: ("3", "Home Health Agency (HHA)"),
                service_class: "2",
                ..inpatient
            },
            _ => inpatient,
        }
    }
}

pub(super) fn write(o: &mut Obj<'_>, version: Version, claim: &Claim, body: &Institutional) {
    let form = Form::of(claim.key.kind);
    head(o, version, claim, form.profile);
    if version == Version::V2 {
        o.array("contained", |a| a.object(|o| organization(o, body)));
    }
    o.array("extension", |a| extensions(a, version, &form, claim, body));
    identifiers(o, version, claim, "clm_id", &[]);
    kind(o, version, &form);
    patient(o, version, claim);
    let queried =
        version == Version::V2 || !matches!(form.kind, ClaimType::Hha | ClaimType::Hospice);
    let query = if claim.refunds.is_some() {
        ("0", "Credit adjustment")
    } else {
        ("3", "Final bill")
    };
    billable_period(o, claim, queried.then_some(query));
    created_and_insurer(o, version, claim);
    providers(o, version, &form, body);
    match version {
        Version::V1 => {
            o.array("information", |a| {
                facts::write(a, version, &form, claim, body)
            });
            o.array("careTeam", |a| team::write(a, version, body));
        }
        Version::V2 => {
            o.text("outcome", "complete");
            o.array("careTeam", |a| team::write(a, version, body));
            o.array("supportingInfo", |a| {
                facts::write(a, version, &form, claim, body)
            });
        }
    }
    o.array("diagnosis", |a| team::diagnoses(a, version, &form, body));
    if !body.procedures.is_empty() {
        o.array("procedure", |a| team::procedures(a, version, body));
    }
    insurance(o, version, claim, form.part, None);
    if version == Version::V1 {
        hospitalization(o, body);
    }
    o.array("item", |a| {
        for line in &body.lines {
            a.object(|o| items::write(o, version, &form, body, line));
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
    sums::benefit_balance(o, version, &form, body);
}

fn organization(o: &mut Obj<'_>, body: &Institutional) {
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
            o.text("value", &body.provider.npi);
        });
    });
    o.bool("active", true);
    o.text("name", &body.provider.name);
}

/// The contractor that all institutions send their claims to.
pub(super) const CONTRACTOR: &str = "52280";

fn extensions(a: &mut Arr<'_>, version: Version, form: &Form, claim: &Claim, body: &Institutional) {
    let control = body.control_number.to_string();
    let primary = Cents(0);
    match version {
        Version::V1 => {
            for (name, amount) in sums::operating(form, body) {
                ext_money(a, version, name, amount);
            }
            for ((name, _), amount) in sums::amounts(form, body) {
                ext_money(a, version, name, amount);
            }
            nonpayment(a, body);
            ext_money(a, version, "prpayamt", primary);
            ext_identifier(a, "fi_num", CONTRACTOR);
            ext_identifier(a, "fi_doc_clm_cntl_num", &control);
            ext_identifier(a, "fi_orig_clm_cntl_num", &control);
        }
        Version::V2 => {
            ext_code(a, "nch_near_line_rec_ident_cd", form.near_line);
            if matches!(form.kind, ClaimType::Inpatient | ClaimType::Snf) {
                ext_code(
                    a,
                    "fi_clm_actn_cd",
                    (
                        "1",
                        "Original debit action (always a 1 for all regular bills)",
                    ),
                );
            }
            for (name, amount) in sums::operating(form, body).into_iter().skip(1) {
                ext_money(a, version, name, amount);
            }
            ext_identifier(a, "fi_doc_clm_cntl_num", &control);
            a.object(|o| {
                o.parts("url", &[VARIABLES, "fi_clm_proc_dt"]);
                o.text(
                    "valueDate",
                    &claim.dates.loaded.plus(-7).max(claim.dates.end).to_string(),
                );
            });
            nonpayment(a, body);
            ext_code(a, "clm_srvc_clsfctn_type_cd", (form.service_class, ""));
            ext_code(a, "fi_num", (CONTRACTOR, ""));
            if let Some(periods) = body.hospice_periods {
                ext_quantity(a, "bene_hospc_prd_cnt", i64::from(periods));
            }
        }
    }
}

fn nonpayment(a: &mut Arr<'_>, body: &Institutional) {
    if let Some(code) = body.nonpayment {
        ext_code(a, "clm_mdcr_non_pmt_rsn_cd", code);
    }
}

fn kind(o: &mut Obj<'_>, version: Version, form: &Form) {
    concept(o, "type", |a| {
        variable_coding(a, "nch_clm_type_cd", form.claim_type);
        coding(a, [CODESYSTEM, "eob-type"], (form.kind.code(), ""));
        match version {
            Version::V1 => {
                if let Some(code) = form.stu3_type {
                    coding(a, ["http://hl7.org/fhir/ex-claimtype", ""], code);
                }
                variable_coding(a, "nch_near_line_rec_ident_cd", form.near_line);
                variable_coding(a, "clm_srvc_clsfctn_type_cd", (form.service_class, ""));
            }
            Version::V2 => coding(a, [THO, "claim-type"], form.r4_type),
        }
    });
    if version == Version::V2 {
        o.object("subType", |o| {
            o.array("coding", |a| {
                coding(
                    a,
                    [CARIN, "C4BBInstitutionalClaimSubType"],
                    (form.subtype.0, ""),
                )
            });
            o.text("text", form.subtype.1);
        });
    }
}

fn providers(o: &mut Obj<'_>, version: Version, form: &Form, body: &Institutional) {
    let facility = |o: &mut Obj<'_>| {
        o.array("extension", |a| {
            ext_code(a, "clm_fac_type_cd", form.facility)
        })
    };
    let institution = |o: &mut Obj<'_>| {
        o.object("identifier", |o| {
            o.text("system", NPI);
            o.text("value", &body.provider.npi);
        });
        o.text("display", &body.provider.name);
    };
    match version {
        Version::V1 => {
            o.object("provider", |o| {
                o.object("identifier", |o| {
                    o.parts("system", &[VARIABLES, "prvdr_num"]);
                    o.text("value", &body.certification);
                });
            });
            o.object("organization", institution);
            o.object("facility", |o| {
                facility(o);
                institution(o);
            });
        }
        Version::V2 => {
            o.object("provider", |o| o.text("reference", "#provider-org"));
            o.object("facility", facility);
        }
    }
}

fn hospitalization(o: &mut Obj<'_>, body: &Institutional) {
    let Some((start, end)) = body.stay else {
        return;
    };
    o.object("hospitalization", |o| {
        if let Some(periods) = body.hospice_periods {
            o.array("extension", |a| {
                ext_quantity(a, "bene_hospc_prd_cnt", i64::from(periods))
            });
        }
        o.text("start", &start.to_string());
        if let Some(end) = end {
            o.text("end", &end.to_string());
        }
    });
}
