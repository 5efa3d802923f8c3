//! The gateway's own CapabilityStatement for each version, built from the tables that the routes are built
//! from. Public, and the same for everybody.

use bluegate_shared::scope::ResourceType;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use super::card::OPERATION;
use super::media;
use super::refusal::Refusal;
use crate::base::context::App;
use crate::base::http::{Reply, Request};
use crate::base::version::Version;
use crate::oauth::parameters::pairs;

/// `GET /vN/fhir/metadata`.
pub(super) fn reply(app: &App, request: &Request, version: Version) -> Reply {
    if version == Version::V3 && !app.config.v3_enabled {
        return Refusal::VersionOff.reply(version);
    }
    let format = request
        .query
        .as_deref()
        .map(|query| pairs(query.as_bytes()))
        .map(|parameters| {
            bluegate_shared::search::Shape::parse(
                parameters.filter(|(name, _)| name == "_format"),
                bluegate_shared::search::Handling::Lenient,
            )
        })
        .transpose()
        .map_err(Refusal::InvalidParameter)
        .and_then(|shape| {
            media::negotiate(&request.headers, shape.and_then(|shape| shape.format()))
        });
    let format = match format {
        Ok(format) => format,
        Err(refusal) => return refusal.reply(version),
    };
    let document = document(&app.config.public_base_url, version);
    let mut reply = Response::new(Bytes::from(document.to_string()));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, media::content_type(format));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    reply
}

fn document(base: &str, version: Version) -> Value {
    let (fhir_version, formats) = match version {
        Version::V1 => ("3.0.2", ["application/fhir+json", "json"]),
        Version::V2 | Version::V3 => ("4.0.1", ["application/fhir+json", "json"]),
    };
    let segment = version.segment();
    let resources: Vec<_> = ResourceType::ALL
        .into_iter()
        .map(|resource| {
            let mut described = json!({
                "type": resource.name(),
                "interaction": [{ "code": "read" }, { "code": "search-type" }],
                "searchParam": parameters(resource, version)
                    .map(|(name, kind)| json!({ "name": name, "type": kind }))
                    .collect::<Vec<_>>(),
            });
            if resource == ResourceType::Patient && version == Version::V3 {
                let name = OPERATION.trim_start_matches('$');
                let definition = format!("#{name}");
                described["operation"] = json!([{ "name": name, "definition": definition }]);
            }
            described
        })
        .collect();
    let mut document = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "publisher": "Bluegate",
        "kind": "instance",
        "software": { "name": "Bluegate", "version": env!("CARGO_PKG_VERSION") },
        "implementation": {
            "description": "Medicare claims of one person, released by that person",
            "url": format!("{base}/{segment}/fhir"),
        },
        "fhirVersion": fhir_version,
        "format": formats,
        "rest": [{
            "mode": "server",
            "security": {
                "cors": true,
                "service": [{
                    "coding": [{
                        "system": match version {
                            Version::V1 => "http://hl7.org/fhir/restful-security-service",
                            Version::V2 | Version::V3 =>
                                "http://terminology.hl7.org/CodeSystem/restful-security-service",
                        },
                        "code": "OAuth",
                    }],
                    "text": "OAuth 2.0 with PKCE (SMART App Launch)",
                }],
                "extension": [{
                    "url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
                    "extension": [
                        { "url": "authorize", "valueUri": format!("{base}/{segment}/o/authorize/") },
                        { "url": "token", "valueUri": format!("{base}/{segment}/o/token/") },
                        { "url": "revoke", "valueUri": format!("{base}/{segment}/o/revoke_token/") },
                        { "url": "introspect", "valueUri": format!("{base}/{segment}/o/introspect/") },
                        { "url": "register", "valueUri": format!("{base}/o/register") },
                    ],
                }],
            },
            "resource": resources,
        }],
    });
    if version == Version::V3 {
        document["contained"] = json!([card_definition()]);
    }
    if version == Version::V1 {
        // Mandatory in STU3, gone in R4.
        document["acceptUnknown"] = json!("extensions");
    }
    document
}

/// The definition of the insurance card, which nobody has published: whose card it is, the token says.
fn card_definition() -> Value {
    let code = OPERATION.trim_start_matches('$');
    json!({
        "resourceType": "OperationDefinition",
        "id": code,
        "name": "GenerateInsuranceCard",
        "status": "active",
        "kind": "operation",
        "affectsState": false,
        "code": code,
        "comment": "By GET; needs patient/Patient.r and patient/Coverage.s.",
        "resource": ["Patient"],
        "system": false,
        "type": true,
        "instance": false,
        "parameter": [{
            "name": "return",
            "use": "out",
            "min": 1,
            "max": "1",
            "documentation": "The token's person as a digital insurance card (C4DIC): a collection of Patient, \
                              Organizations and Coverages.",
            "type": "Bundle",
        }],
    })
}

fn parameters(
    resource: ResourceType,
    version: Version,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let all: &[_] = match resource {
        ResourceType::Patient => &[("_id", "token"), ("_lastUpdated", "date")],
        ResourceType::Coverage => &[
            ("_id", "token"),
            ("beneficiary", "reference"),
            ("_lastUpdated", "date"),
        ],
        ResourceType::ExplanationOfBenefit => &[
            ("_id", "token"),
            ("patient", "reference"),
            ("_lastUpdated", "date"),
            ("service-date", "date"),
            ("type", "token"),
        ],
    };
    let claims = resource == ResourceType::ExplanationOfBenefit;
    let of_v3: &[_] = if claims && version == Version::V3 {
        &[("_tag", "token"), ("_source", "uri")]
    } else {
        &[]
    };
    all.iter().chain(of_v3).copied()
}
