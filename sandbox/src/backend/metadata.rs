//! The CapabilityStatement.

use super::{Api, Call, Found};
use crate::date::Day;
use crate::fhir::Version;
use crate::fhir::json::{self, Arr};

/// The day this description was last changed.
const CHANGED: Day = Day::of(2026, 11, 20);

/// A resource with its search parameters and their types.
type Offered = (&'static str, &'static [(&'static str, &'static str)]);

const V3: [Offered; 3] = [
    (
        "Coverage",
        &[
            ("_id", "token"),
            ("beneficiary", "reference"),
            ("class-value", "token"),
            ("_lastUpdated", "date"),
        ],
    ),
    (
        "ExplanationOfBenefit",
        &[
            ("_id", "token"),
            ("patient", "reference"),
            ("_count", "string"),
            ("_lastUpdated", "date"),
            ("_offset", "string"),
            ("_security", "token"),
            ("_source", "string"),
            ("_tag", "token"),
            ("outcome", "token"),
            ("service-date", "date"),
            ("startIndex", "string"),
            ("type", "token"),
        ],
    ),
    (
        "Patient",
        &[
            ("_id", "token"),
            ("identifier", "token"),
            ("_lastUpdated", "date"),
        ],
    ),
];

const OLDER: [Offered; 3] = [
    (
        "Coverage",
        &[
            ("beneficiary", "reference"),
            ("_count", "string"),
            ("_lastUpdated", "date"),
            ("startIndex", "string"),
        ],
    ),
    (
        "ExplanationOfBenefit",
        &[
            ("patient", "reference"),
            ("_count", "string"),
            ("_lastUpdated", "date"),
            ("excludeSAMHSA", "string"),
            ("includeTaxNumbers", "string"),
            ("service-date", "date"),
            ("startIndex", "string"),
            ("type", "token"),
        ],
    ),
    (
        "Patient",
        &[
            ("_id", "token"),
            ("identifier", "token"),
            ("_count", "string"),
            ("_lastUpdated", "date"),
            ("startIndex", "string"),
        ],
    ),
];

pub(super) fn document(call: &Call<'_>, api: Api) -> Found {
    let stu3 = api == Api::Older(Version::V1);
    let offered = if api == Api::V3 { &V3 } else { &OLDER };
    let mut out = Vec::with_capacity(4_000);
    json::object(&mut out, |o| {
        o.text("resourceType", "CapabilityStatement");
        o.text("name", "RestServer");
        o.text("status", "active");
        o.text("date", &CHANGED.instant());
        o.text("publisher", "Centers for Medicare & Medicaid Services");
        o.text("kind", "instance");
        o.object("software", |o| {
            o.text("name", "Blue Button API: Direct");
            o.text("version", concat!("sandbox ", env!("CARGO_PKG_VERSION")));
        });
        o.object("implementation", |o| {
            o.text("description", "gov.cms.bfd:bfd-server-war");
            o.text("url", &call.base);
        });
        o.text("fhirVersion", if stu3 { "3.0.2" } else { "4.0.1" });
        if stu3 {
            o.text("acceptUnknown", "extensions");
        }
        o.array("format", |a| {
            a.text("application/fhir+json");
            a.text("json");
        });
        o.array("rest", |a| {
            a.object(|o| {
                o.text("mode", "server");
                o.array("resource", |a| resources(a, stu3, offered));
            });
        });
    });
    Found {
        json: out,
        updated: CHANGED,
        location: None,
    }
}

fn resources(a: &mut Arr<'_>, stu3: bool, offered: &[Offered]) {
    for (kind, params) in offered {
        a.object(|o| {
            o.text("type", kind);
            if stu3 {
                o.object("profile", |o| {
                    o.parts("reference", &["http://hl7.org/fhir/Profile/", kind])
                });
            } else {
                o.parts(
                    "profile",
                    &["http://hl7.org/fhir/StructureDefinition/", kind],
                );
            }
            o.array("interaction", |a| {
                for code in ["read", "search-type"] {
                    a.object(|o| o.text("code", code));
                }
            });
            o.array("searchParam", |a| {
                for (name, kind) in *params {
                    a.object(|o| {
                        o.text("name", name);
                        o.text("type", kind);
                    });
                }
            });
        });
    }
}
