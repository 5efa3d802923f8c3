//! What the sandbox writes, read with the types that the gateway and the browser library read it with.
//!
//! Nothing may be left unread, and a claim must say the same in both versions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use axum::Router;
use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::claims::{ClaimType, counts};
use bluegate_sandbox::config::Config;
use bluegate_sandbox::people::PersonNumber;
use bluegate_shared::fhir::{self, Claim, Resource};
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

fn site() -> Router {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    app::router(config, || 1_795_262_400)
}

fn bundle(site: &mut Router, path: &str) -> fhir::Bundle {
    let request = Request::get(format!("/sandbox/claims/{path}"))
        .body(Body::empty())
        .unwrap();
    let response = futures_executor::block_on(site.call(request)).unwrap();
    let bytes = futures_executor::block_on(response.into_body().collect())
        .unwrap()
        .to_bytes();
    fhir::parse_bundle(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documented people, the hard cases, one with home health, and some others.
fn people() -> impl Iterator<Item = PersonNumber> {
    let with_home_health = PersonNumber::all()
        .skip(1)
        .find(|person| counts::of(*person).of_type(ClaimType::Hha) > 0);
    PersonNumber::all()
        .filter(|person| {
            let number = person.get();
            matches!(number, 0 | 20_023 | 28_324 | 29_999 | 30_000..) || number % 1_999 == 5
        })
        .chain(with_home_health)
}

fn claims(bundle: &fhir::Bundle) -> Vec<&Claim> {
    bundle
        .entries
        .iter()
        .map(|entry| match &entry.resource {
            Resource::Claim(claim) => {
                assert_eq!(entry.notes, [], "{}", claim.id);
                &**claim
            }
            other => panic!("not a claim: {other:?}"),
        })
        .collect()
}

#[test]
fn every_claim_is_read_whole_and_says_the_same_in_both_versions() {
    let mut site = site();
    let mut kinds = std::collections::BTreeSet::new();
    for person in people() {
        let search = |version: &str| {
            format!(
                "{version}/fhir/ExplanationOfBenefit?patient={}",
                person.patient_id()
            )
        };
        let (stu3, r4) = (
            bundle(&mut site, &search("v1")),
            bundle(&mut site, &search("v2")),
        );
        assert_eq!(stu3.total, r4.total);
        for (stu3, r4) in claims(&stu3).into_iter().zip(claims(&r4)) {
            let patient = person.patient_id().to_string();
            assert_eq!(stu3.patient_id.as_deref(), Some(patient.as_str()));
            let (one, two) = (stu3.row(), r4.row());
            assert_eq!((&one.id, one.claim_type), (&two.id, two.claim_type));
            assert_eq!(
                (&one.status, &one.start, &one.end),
                (&two.status, &two.start, &two.end)
            );
            assert_eq!(
                (one.paid, one.charged),
                (two.paid, two.charged),
                "{}",
                one.id
            );
            assert_eq!(
                one.patient_responsibility, two.patient_responsibility,
                "{}",
                one.id
            );
            assert_eq!(one.lines, two.lines);
            assert_eq!(
                (&one.diagnosis, &one.drug),
                (&two.diagnosis, &two.drug),
                "{}",
                one.id
            );
            assert_eq!(stu3.drg, r4.drg, "{}", one.id);
            assert_eq!(stu3.admission_period, r4.admission_period, "{}", one.id);
            kinds.insert(format!("{:?}", one.claim_type));
        }
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
}

#[test]
fn people_and_coverages_are_read_whole() {
    let mut site = site();
    for person in people() {
        for version in ["v1", "v2"] {
            let id = person.patient_id();
            for path in [
                format!("Patient?_id={id}"),
                format!("Coverage?beneficiary={id}"),
            ] {
                for entry in bundle(&mut site, &format!("{version}/fhir/{path}")).entries {
                    assert_eq!(entry.notes, [], "{version} {path}");
                    assert!(matches!(
                        entry.resource,
                        Resource::Patient(_) | Resource::Coverage(_)
                    ));
                }
            }
        }
    }
}
