//! Patient.

use super::Version;
use super::common::{CODESYSTEM, THO, VARIABLES, coding, coding_fields, concept, ext_code, meta};
use super::json::{Arr, Obj};
use crate::date::Day;
use crate::people::{Mbi, Person, Sex};

/// What request headers add to a Patient.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Extras {
    /// `IncludeIdentifiers` names the Medicare number (v1; v2 has it always).
    pub mbi: bool,
    /// `IncludeAddressFields: true`: street and city.
    pub address: bool,
}

/// The day Medicare sent out numbers of the present form.
const MBI_SINCE: Day = Day::of(2018, 4, 1);

pub(super) fn write(o: &mut Obj<'_>, version: Version, person: &Person, extras: Extras) {
    o.text("resourceType", "Patient");
    o.text("id", &person.number.patient_id().to_string());
    meta(o, version, &person.updated().instant(), &["C4BB-Patient"]);
    o.array("extension", |a| extensions(a, version, person));
    o.array("identifier", |a| match version {
        Version::V1 => identifiers_stu3(a, person, extras),
        Version::V2 => identifiers_r4(a, person),
    });
    o.array("name", |a| {
        a.object(|o| {
            o.text("use", "usual");
            o.text("family", person.family);
            o.array("given", |a| {
                a.text(person.given);
                if let Some(middle) = person.middle {
                    a.text(middle);
                }
            });
        });
    });
    o.text(
        "gender",
        match person.sex {
            Sex::Female => "female",
            Sex::Male => "male",
            Sex::Unknown => "unknown",
        },
    );
    o.text("birthDate", &person.birth.to_string());
    match person.death {
        Some(day) => o.text("deceasedDateTime", &day.to_string()),
        None if version == Version::V2 => o.bool("deceasedBoolean", false),
        None => {}
    }
    o.array("address", |a| {
        a.object(|o| {
            if extras.address {
                o.array("line", |a| a.text(&person.street));
                o.text("city", person.city);
            }
            o.text("state", person.state);
            o.text("postalCode", &person.zip);
        });
    });
}

fn extensions(a: &mut Arr<'_>, version: Version, person: &Person) {
    let sex = match person.sex {
        Sex::Female => Some("248152002"),
        Sex::Male => Some("248153007"),
        Sex::Unknown => None,
    };
    if let Some(code) = sex {
        a.object(|o| {
            o.text(
                "url",
                "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex",
            );
            o.text("valueCode", code);
        });
    }
    ext_code(a, "race", (person.race.code, person.race.display));
    if version == Version::V2 {
        a.object(|o| {
            o.text(
                "url",
                "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            );
            o.array("extension", |a| {
                a.object(|o| {
                    o.text("url", "ombCategory");
                    o.object("valueCoding", |o| {
                        coding_fields(o, [THO, "v3-NullFlavor"], ("UNK", "Unknown"))
                    });
                });
                a.object(|o| {
                    o.text("url", "text");
                    o.text("valueString", "Unknown");
                });
            });
        });
    }
    reference_year(a, person);
}

/// Reference year and dual status of each month; both absent where there is no enrollment data.
pub(super) fn reference_year(a: &mut Arr<'_>, person: &Person) {
    let Some(year) = person.reference_year else {
        return;
    };
    a.object(|o| {
        o.parts("url", &[VARIABLES, "rfrnc_yr"]);
        o.text("valueDate", &year.to_string());
    });
    for month in 1..=12 {
        ext_code(
            a,
            &format!("dual_{month:02}"),
            (person.dual, dual_display(person.dual)),
        );
    }
}

fn dual_display(code: &str) -> &'static str {
    match code {
        "01" => "Qualified Medicare Beneficiary (QMB)-only",
        "02" => "QMB and full Medicaid coverage, including prescription drugs",
        "03" => "Specified Low-Income Medicare Beneficiary (SLMB)-only",
        "08" => {
            "Other dual eligible (not QMB, SLMB, QWDI, or QI) with full Medicaid coverage, including prescription Drugs"
        }
        _ => "Non-Medicaid",
    }
}

fn currency(o: &mut Obj<'_>, current: bool) {
    let code = if current {
        ("current", "Current")
    } else {
        ("historic", "Historic")
    };
    o.array("extension", |a| {
        a.object(|o| {
            o.parts("url", &[CODESYSTEM, "identifier-currency"]);
            o.object("valueCoding", |o| {
                coding_fields(o, [CODESYSTEM, "identifier-currency"], code);
            });
        });
    });
}

/// The person's Medicare numbers, with whether each is the present one.
fn numbers(person: &Person) -> Vec<(Mbi, bool)> {
    Mbi::former(person.number)
        .map(|former| (former, false))
        .into_iter()
        .chain([(person.mbi, true)])
        .collect()
}

fn identifiers_stu3(a: &mut Arr<'_>, person: &Person, extras: Extras) {
    for (mbi, current) in numbers(person).into_iter().filter(|_| extras.mbi) {
        a.object(|o| {
            currency(o, current);
            o.text("system", "http://hl7.org/fhir/sid/us-mbi");
            o.text("value", mbi.as_str());
        });
    }
    a.object(|o| {
        o.text(
            "system",
            "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
        );
        o.text("value", &person.mbi.hash());
        o.object("period", |o| {
            o.text("start", &MBI_SINCE.max(person.enrolled).to_string())
        });
    });
    a.object(|o| {
        o.parts("system", &[VARIABLES, "bene_id"]);
        o.text("value", &person.number.patient_id().to_string());
    });
}

fn identifiers_r4(a: &mut Arr<'_>, person: &Person) {
    for (mbi, current) in numbers(person) {
        a.object(|o| {
            concept(o, "type", |a| {
                a.object(|o| {
                    currency(o, current);
                    coding_fields(o, [THO, "v2-0203"], ("MC", "Patient's Medicare number"));
                });
            });
            o.text("system", "http://hl7.org/fhir/sid/us-mbi");
            o.text("value", mbi.as_str());
            if current {
                o.object("period", |o| {
                    o.text("start", &MBI_SINCE.max(person.enrolled).to_string())
                });
            }
        });
    }
    a.object(|o| {
        concept(o, "type", |a| {
            coding(a, [THO, "v2-0203"], ("MB", "Member Number"))
        });
        o.parts("system", &[VARIABLES, "bene_id"]);
        o.text("value", &person.number.patient_id().to_string());
    });
}
