//! What the resources of v3 share.

use crate::fhir::common::{THO, coding, concept};
use crate::fhir::json::Obj;

/// `meta` with the profiles of both guides.
pub(super) fn meta(o: &mut Obj<'_>, updated: &str, carin: &str, us_core: &str) {
    o.object("meta", |o| {
        o.text("lastUpdated", updated);
        profiles(o, carin, us_core);
    });
}

pub(super) fn profiles(o: &mut Obj<'_>, carin: &str, us_core: &str) {
    o.array("profile", |a| {
        a.parts(&[
            "http://hl7.org/fhir/us/carin-bb/StructureDefinition/",
            carin,
            "|2.2.0",
        ]);
        if !us_core.is_empty() {
            a.parts(&[
                "http://hl7.org/fhir/us/core/StructureDefinition/",
                us_core,
                "|7.0.0",
            ]);
        }
    });
}

/// The type of a Medicare number.
pub(super) fn member_number(o: &mut Obj<'_>) {
    concept(o, "type", |a| coding(a, [THO, "v2-0203"], ("MB", "")));
}

/// An instant at midnight, as v3 writes days that came from timestamps.
pub(super) fn midnight(o: &mut Obj<'_>, key: &str, day: crate::date::Day) {
    o.parts(key, &[&day.to_string(), "T00:00:00+00:00"]);
}
