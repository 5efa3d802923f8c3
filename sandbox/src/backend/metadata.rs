//! The CapabilityStatement.

use super::{Call, Found};
use crate::date::Day;
use crate::fhir::Version;
use crate::fhir::json::{self, Arr};

/// The day this description was last changed.
const CHANGED: Day = Day::of(2026, 11, 20);

const RESOURCES: [(&str, &[(&str, &str)]); 3] = [
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

pub(super) fn document(call: &Call<'_>) -> Found {
    let stu3 = call.version == Version::V1;
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
                o.array("resource", |a| resources(a, stu3));
            });
        });
    });
    Found {
        json: out,
        updated: CHANGED,
        location: None,
    }
}

fn resources(a: &mut Arr<'_>, stu3: bool) {
    for (kind, params) in RESOURCES {
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
                for (name, kind) in params {
                    a.object(|o| {
                        o.text("name", name);
                        o.text("type", kind);
                    });
                }
            });
        });
    }
}
