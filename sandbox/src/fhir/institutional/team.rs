//! Care team, diagnoses and procedures.

use super::Form;
use crate::claims::ClaimType;
use crate::claims::model::{Institutional, Member};
use crate::fhir::Version;
use crate::fhir::common::{
    CARIN, CODESYSTEM, NPI, THO, coding, concept, diagnosis_concept, ext_code, npi_identifier,
    variable_coding,
};
use crate::fhir::json::{Arr, Obj};

type Code = (&'static str, &'static str);

/// The members in a version's order, with their roles; whoever gave the services of the lines is last.
fn members(version: Version, body: &Institutional) -> Vec<(&Member, Code)> {
    let attending = (
        Some(&body.attending),
        ("attending", "Attending"),
        ("primary", "Primary provider"),
    );
    let operating = (
        body.operating.as_ref(),
        ("operating", "Operating"),
        ("assist", "Assisting Provider"),
    );
    let other = (
        body.other.as_ref(),
        ("otheroperating", "Other Operating"),
        ("other", "Other"),
    );
    let rendering = (
        Some(&body.rendering),
        ("performing", "Performing provider"),
        ("primary", "Primary provider"),
    );
    let order = match version {
        Version::V1 => [operating, other, attending, rendering],
        Version::V2 => [attending, operating, other, rendering],
    };
    order
        .into_iter()
        .filter_map(|(member, r4, stu3)| {
            Some((member?, if version == Version::V1 { stu3 } else { r4 }))
        })
        .collect()
}

/// STU3 begins its sequence at 2.
const fn first(version: Version) -> i64 {
    match version {
        Version::V1 => 2,
        Version::V2 => 1,
    }
}

/// The sequence of whoever gave the services of the lines.
pub(super) fn rendering(version: Version, body: &Institutional) -> i64 {
    first(version) + i64::try_from(members(version, body).len()).unwrap_or(1) - 1
}

pub(super) fn write(a: &mut Arr<'_>, version: Version, body: &Institutional) {
    for (sequence, ((provider, specialty), role)) in (first(version)..).zip(members(version, body))
    {
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
                Version::V1 => coding(a, ["http://hl7.org/fhir/claimcareteamrole", ""], role),
                Version::V2 => coding(a, [CARIN, "C4BBClaimCareTeamRole"], role),
            });
            if version == Version::V2 {
                concept(o, "qualification", |a| {
                    let code = (specialty.taxonomy, specialty.taxonomy_display);
                    coding(a, ["http://nucc.org/provider-taxonomy", ""], code);
                });
            }
        });
    }
}

/// System and code of a diagnosis type.
type Role = ([&'static str; 2], Code);

const STU3: [&str; 2] = [CODESYSTEM, "diagnosis-type"];
const PRINCIPAL_TEXT: &str = "The single medical diagnosis that is most relevant to the patient's chief complaint or need for treatment.";

pub(super) fn diagnoses(a: &mut Arr<'_>, version: Version, form: &Form, body: &Institutional) {
    let mut sequence = 0;
    let mut number = || {
        sequence += 1;
        sequence
    };
    if let Some(admitting) = body.admitting {
        a.object(|o| {
            o.int("sequence", number());
            diagnosis_concept(o, version, admitting);
            kind(o, Some(admitting_role(version, form)));
        });
    }
    for (place, (diagnosis, present)) in (1..).zip(&body.diagnoses) {
        a.object(|o| {
            present_on_admission(o, form, &format!("clm_poa_ind_sw{place}"), *present);
            o.int("sequence", number());
            diagnosis_concept(o, version, diagnosis);
            kind(o, role(version, form, place));
            if let (Version::V1, 1, Some((drg, _))) = (version, place, body.drg) {
                // The real backend puts the group into an entry without a diagnosis, which STU3 forbids.
                concept(o, "packageCode", |a| {
                    variable_coding(a, "clm_drg_cd", (drg, ""))
                });
            }
        });
    }
    if let Some(external) = body.external {
        a.object(|o| {
            present_on_admission(o, form, "clm_e_poa_ind_sw1", true);
            o.int("sequence", number());
            diagnosis_concept(o, version, external);
            kind(
                o,
                Some(match version {
                    Version::V1 => (
                        STU3,
                        (
                            "external-first",
                            "The code used to identify the 1st external cause of injury, poisoning, or other adverse effect.",
                        ),
                    ),
                    Version::V2 => (
                        [CARIN, "C4BBClaimDiagnosisType"],
                        ("externalcauseofinjury", "External Cause of Injury"),
                    ),
                }),
            );
        });
    }
    if let Some(reason) = body.reason {
        a.object(|o| {
            o.int("sequence", number());
            diagnosis_concept(o, version, reason);
            kind(
                o,
                Some(match version {
                    Version::V1 => (
                        STU3,
                        (
                            "reason-for-visit",
                            "A diagnosis code used to identify the patient's reason for the visit.",
                        ),
                    ),
                    Version::V2 => (
                        [CARIN, "C4BBClaimDiagnosisType"],
                        ("patientreasonforvisit", "Patient Reason for Visit"),
                    ),
                }),
            );
        });
    }
}

/// Only inpatient claims tell whether a diagnosis was there before.
fn present_on_admission(o: &mut Obj<'_>, form: &Form, variable: &str, present: bool) {
    if form.kind == ClaimType::Inpatient {
        let code = if present {
            ("Y", "Diagnosis was present at the time of admission (POA)")
        } else {
            ("N", "Diagnosis was not present at the time of admission")
        };
        o.array("extension", |a| ext_code(a, variable, code));
    }
}

fn admitting_role(version: Version, form: &Form) -> Role {
    match version {
        Version::V1 => (
            STU3,
            (
                "admitting",
                "The diagnosis given as the reason why the patient was admitted to the hospital.",
            ),
        ),
        // In R4 a skilled nursing claim calls it "other".
        Version::V2 if form.kind == ClaimType::Snf => {
            ([CARIN, "C4BBClaimDiagnosisType"], ("other", "Other"))
        }
        Version::V2 => (
            [THO, "ex-diagnosistype"],
            ("admitting", "Admitting Diagnosis"),
        ),
    }
}

fn role(version: Version, form: &Form, place: i64) -> Option<Role> {
    Some(match (version, form.kind, place) {
        (Version::V1, _, 1) => (STU3, ("principal", PRINCIPAL_TEXT)),
        (Version::V1, ClaimType::Inpatient, _) => (
            STU3,
            (
                "other",
                "Required when other conditions coexist or develop subsequently during the treatment",
            ),
        ),
        (Version::V1, _, _) => return None,
        (Version::V2, ClaimType::Hha, 1) => ([THO, "ex-diagnosistype"], ("principal", "principal")),
        (Version::V2, _, 1) => (
            [THO, "ex-diagnosistype"],
            ("principal", "Principal Diagnosis"),
        ),
        (Version::V2, ClaimType::Hha, _) => (
            [CARIN, "C4BBClaimDiagnosisType"],
            ("secondary", "Secondary"),
        ),
        (Version::V2, _, _) => ([CARIN, "C4BBClaimDiagnosisType"], ("other", "Other")),
    })
}

fn kind(o: &mut Obj<'_>, role: Option<Role>) {
    if let Some((system, code)) = role {
        o.array("type", |a| {
            a.object(|o| o.array("coding", |a| coding(a, system, code)))
        });
    }
}

pub(super) fn procedures(a: &mut Arr<'_>, version: Version, body: &Institutional) {
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
