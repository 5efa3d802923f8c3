//! Care team and diagnoses of professional claims.

use super::Form;
use crate::claims::model::Carrier;
use crate::fhir::Version;
use crate::fhir::common::{
    CARIN, CODESYSTEM, NPI, THO, coding, coding_fields, concept, diagnosis_concept, ext_code,
    npi_identifier, variable_coding,
};
use crate::fhir::json::Arr;

/// In STU3 the sequence of care team members begins at 2, and the practice is an extension of the performer.
pub(super) fn stu3(a: &mut Arr<'_>, form: &Form, body: &Carrier) {
    a.object(|o| {
        o.array("extension", |a| {
            performer_extensions(a, form);
            if form.equipment {
                return;
            }
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

fn performer_extensions(a: &mut Arr<'_>, form: &Form) {
    if !form.equipment {
        ext_code(a, "carr_line_prvdr_type_cd", ("1", ""));
    }
    ext_code(a, "prtcptng_ind_cd", ("1", "Participating"));
}

pub(super) fn r4(a: &mut Arr<'_>, form: &Form, body: &Carrier) {
    if let Some(referring) = &body.referring {
        a.object(|o| {
            o.int("sequence", 1);
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
            if form.equipment {
                concept(o, "qualification", |a| {
                    let taxonomy = ("207R00000X", "Internal Medicine Physician");
                    coding(a, ["http://nucc.org/provider-taxonomy", ""], taxonomy);
                });
            }
        });
    }
    a.object(|o| {
        o.array("extension", |a| performer_extensions(a, form));
        o.int("sequence", performer(body));
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
    if form.equipment {
        return;
    }
    a.object(|o| {
        o.int("sequence", performer(body) + 1);
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

/// The R4 sequence of whoever did the work; a practice comes next.
pub(super) fn performer(body: &Carrier) -> i64 {
    1 + i64::from(body.referring.is_some())
}

pub(super) fn diagnoses(a: &mut Arr<'_>, version: Version, form: &Form, body: &Carrier) {
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
                (Version::V2, 1) if form.equipment => {
                    ([THO, "ex-diagnosistype"], ("principal", "Principal Diagnosis"))
                }
                (Version::V2, _) if form.equipment => ([CARIN, "C4BBClaimDiagnosisType"], ("other", "Other")),
                (Version::V2, 1) => ([THO, "ex-diagnosistype"], ("principal", "principal")),
                (Version::V2, _) => ([CARIN, "C4BBClaimDiagnosisType"], ("secondary", "Secondary")),
            };
            o.array("type", |a| a.object(|o| o.array("coding", |a| coding(a, system, code))));
        });
    }
}
