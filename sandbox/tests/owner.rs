//! Everything that the sandbox answers about a person passes the gateway's owner scan for that person and for nobody else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use axum::Router;
use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::config::Config;
use bluegate_sandbox::people::PersonNumber;
use bluegate_shared::id::PatientId;
use bluegate_shared::owner::{Expected, Outcome, Person, scan};
use bluegate_shared::scope::ResourceType;
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

fn body(site: &mut Router, path: &str) -> Vec<u8> {
    let request = Request::get(format!("/sandbox/claims/{path}"))
        .body(Body::empty())
        .unwrap();
    let response = futures_executor::block_on(site.call(request)).unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let body = futures_executor::block_on(response.into_body().collect()).unwrap();
    body.to_bytes().to_vec()
}

fn proved(body: &[u8], kind: ResourceType, id: &str) -> bool {
    let id = PatientId::parse(id).unwrap();
    let outcome = scan(body, Expected::Searchset(kind), &Person::new(&id, &[]));
    matches!(outcome, Outcome::Proved(_))
}

#[test]
fn every_answer_is_proved_to_be_its_owners() {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    let mut site = app::router(config, || 1_795_262_400);
    let stranger = PersonNumber::LAST;
    let mut refunds = 0;
    // Some of everybody: 61 and its like once had a second record.
    for person in PersonNumber::all().step_by(97 * 31).chain(
        [61, 158, 20_023, 28_324]
            .into_iter()
            .filter_map(PersonNumber::new),
    ) {
        for version in ["v1", "v2", "v3"] {
            let id = |person: PersonNumber| match version {
                "v3" => person.v3_id().to_string(),
                _ => person.patient_id().to_string(),
            };
            let (own, other) = (id(person), id(stranger));
            for (resource, parameter, kind) in [
                ("Patient", "_id", ResourceType::Patient),
                ("Coverage", "beneficiary", ResourceType::Coverage),
                (
                    "ExplanationOfBenefit",
                    "patient",
                    ResourceType::ExplanationOfBenefit,
                ),
            ] {
                let path = format!("{version}/fhir/{resource}?{parameter}={own}");
                let answer = body(&mut site, &path);
                let text = String::from_utf8_lossy(&answer);
                if !text.contains("\"entry\"") {
                    continue;
                }
                refunds += usize::from(version == "v3" && text.contains("\"related\""));
                // The gateway takes the link to a former record out before it looks.
                if version == "v3" && resource == "Patient" && person.is_merged() {
                    assert!(!proved(&answer, kind, &own), "{path}");
                    continue;
                }
                assert!(proved(&answer, kind, &own), "{path}");
                assert!(!proved(&answer, kind, &other), "{path}");
            }
        }
    }
    assert!(refunds > 0, "{refunds}");
}
