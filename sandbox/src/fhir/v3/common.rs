//! What the resources of v3 share.

use crate::fhir::common::{NPI, THO, coding, concept};
use crate::fhir::json::Obj;
use crate::people::Person;

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

/// `meta` of a resource on an insurance card.
pub(super) fn card_meta(o: &mut Obj<'_>, person: &Person, profile: &str) {
    o.object("meta", |o| {
        o.text("lastUpdated", &person.updated().instant());
        o.array("profile", |a| a.parts(&[C4DIC, profile]));
    });
}

/// Where the guide for digital insurance cards has its definitions.
pub(super) const C4DIC: &str = "http://hl7.org/fhir/us/insurance-card/StructureDefinition/";

/// The type of a Medicare number.
pub(super) fn member_number(o: &mut Obj<'_>) {
    concept(o, "type", |a| coding(a, [THO, "v2-0203"], ("MB", "")));
}

/// An instant at midnight, as v3 writes days that came from timestamps.
pub(super) fn midnight(o: &mut Obj<'_>, key: &str, day: crate::date::Day) {
    o.parts(key, &[&day.to_string(), "T00:00:00+00:00"]);
}

/// Where the lists of codes have their names.
pub(super) const SYSTEM: &str = "https://bluebutton.cms.gov/fhir/CodeSystem/";

/// A contained organization, up to its name.
pub(super) fn organization(
    o: &mut Obj<'_>,
    id: &str,
    us_core: &str,
    npi: Option<&str>,
    name: &str,
) {
    o.text("resourceType", "Organization");
    o.text("id", id);
    o.object("meta", |o| profiles(o, "C4BB-Organization", us_core));
    if let Some(npi) = npi {
        o.array("identifier", |a| a.object(|o| npi_fields(o, npi)));
    }
    o.bool("active", true);
    o.text("name", name);
}

/// A National Provider Identifier with its type and system.
pub(super) fn npi_fields(o: &mut Obj<'_>, npi: &str) {
    concept(o, "type", |a| {
        coding(a, [THO, "v2-0203"], ("NPI", "National provider identifier"))
    });
    o.text("system", NPI);
    o.text("value", npi);
}
