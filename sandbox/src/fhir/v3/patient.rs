//! Patient.

use super::common::{card_meta, member_number, meta, midnight};
use crate::date::Day;
use crate::fhir::common::{THO, coding, coding_fields, concept};
use crate::fhir::json::{Arr, Obj};
use crate::people::{Mbi, Person, PersonNumber, Sex};

/// The day Medicare sent out numbers of the present form.
const MBI_SINCE: Day = Day::of(2018, 4, 1);

/// The day the second records were merged away.
const MERGED: Day = Day::of(2024, 12, 31);

/// The list of races and ethnicities that US Core names.
const CDC_RACE: &str = "urn:oid:2.16.840.1.113883.6.238";

pub(super) fn write(o: &mut Obj<'_>, person: &Person) {
    o.text("resourceType", "Patient");
    o.text("id", &person.number.v3_id().to_string());
    meta(
        o,
        &person.updated().instant(),
        "C4BB-Patient",
        "us-core-patient",
    );
    extensions(o, person);
    o.array("identifier", |a| {
        let mut number = |mbi: Mbi, end: Option<Day>| {
            a.object(|o| {
                member_number(o);
                o.text("system", "http://hl7.org/fhir/sid/us-mbi");
                o.text("value", mbi.as_str());
                o.object("period", |o| {
                    midnight(o, "start", MBI_SINCE.max(person.enrolled));
                    if let Some(end) = end {
                        midnight(o, "end", end);
                    }
                });
            });
        };
        if let Some(former) = Mbi::former(person.number) {
            let start = MBI_SINCE.max(person.enrolled);
            number(former, Some(start.max(MERGED)));
        }
        number(person.mbi, None);
    });
    facts(o, person);
    if let Some(former) = person.number.former_v3_id() {
        link(o, former, "replaces");
    }
}

/// The same person as an insurance card shows them: without numbers, by an id that no other answer has.
pub(super) fn on_card(o: &mut Obj<'_>, person: &Person, id: &str) {
    o.text("resourceType", "Patient");
    o.text("id", id);
    card_meta(o, person, "C4DIC-Patient");
    extensions(o, person);
    facts(o, person);
}

fn extensions(o: &mut Obj<'_>, person: &Person) {
    o.array("extension", |a| {
        sex(a, person);
        race(a, person);
    });
}

/// Name, birth, death, address and language.
fn facts(o: &mut Obj<'_>, person: &Person) {
    o.array("name", |a| {
        a.object(|o| {
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
    if let Some(day) = person.death {
        o.text("deceasedDateTime", &day.to_string());
    }
    o.array("address", |a| {
        a.object(|o| {
            o.text("state", person.state);
            o.text("postalCode", &person.zip);
        });
    });
    o.array("communication", |a| {
        a.object(|o| {
            concept(o, "language", |a| {
                coding(a, ["urn:ietf:bcp:47", ""], (person.locale, ""))
            })
        });
    });
}

/// The record that was merged away: nothing but where it went.
pub(super) fn merged(o: &mut Obj<'_>, former: i64, person: PersonNumber) {
    o.text("resourceType", "Patient");
    o.text("id", &former.to_string());
    link(o, person.v3_id(), "replaced-by");
}

fn link(o: &mut Obj<'_>, other: i64, kind: &str) {
    let id = other.to_string();
    o.array("link", |a| {
        a.object(|o| {
            o.object("other", |o| {
                o.parts("reference", &["Patient/", &id]);
                o.text("display", &id);
            });
            o.text("type", kind);
        });
    });
}

fn sex(a: &mut Arr<'_>, person: &Person) {
    let code = match person.sex {
        Sex::Female => "248152002",
        Sex::Male => "248153007",
        Sex::Unknown => return,
    };
    a.object(|o| {
        o.text(
            "url",
            "http://hl7.org/fhir/us/core/StructureDefinition/us-core-sex",
        );
        o.text("valueCode", code);
    });
}

/// Medicare's race code in the words of US Core, which counts one of them as an ethnicity.
fn race(a: &mut Arr<'_>, person: &Person) {
    let (code, display) = match person.race.code {
        "1" => ("2106-3", "White"),
        "2" => ("2054-5", "Black or African American"),
        "3" => ("2131-1", "Other Race"),
        "4" => ("2028-9", "Asian"),
        "5" => ("2135-2", "Hispanic or Latino"),
        "6" => ("1002-5", "American Indian or Alaska Native"),
        _ => ("UNK", "Unknown"),
    };
    let kind = if code == "2135-2" {
        "us-core-ethnicity"
    } else {
        "us-core-race"
    };
    let system = if code == "UNK" {
        [THO, "v3-NullFlavor"]
    } else {
        [CDC_RACE, ""]
    };
    a.object(|o| {
        o.parts(
            "url",
            &["http://hl7.org/fhir/us/core/StructureDefinition/", kind],
        );
        o.array("extension", |a| {
            a.object(|o| {
                o.text("url", "ombCategory");
                o.object("valueCoding", |o| coding_fields(o, system, (code, display)));
            });
            a.object(|o| {
                o.text("url", "text");
                o.text("valueString", display);
            });
        });
    });
}
