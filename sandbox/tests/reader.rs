//! What the sandbox writes, read with the types that the gateway and the browser library read it with.
//!
//! Nothing may be left unread, and a claim must say the same in all versions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use axum::Router;
use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::claims::id::ClaimKey;
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
                (
                    one.patient_responsibility,
                    one.paid_by_patient,
                    &one.unknown
                ),
                (
                    two.patient_responsibility,
                    two.paid_by_patient,
                    &two.unknown
                ),
                "{}",
                one.id
            );
            assert!(one.unknown.is_empty(), "{}", one.id);
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

/// v3 has other ids, no texts of diagnoses and drugs, and no word on what the person owes where v2 has none either.
#[test]
fn v3_says_of_each_claim_what_v2_says() {
    let mut site = site();
    for person in people() {
        let search =
            |version: &str, id: i64| format!("{version}/fhir/ExplanationOfBenefit?patient={id}");
        let r4 = bundle(&mut site, &search("v2", person.patient_id()));
        let v3 = bundle(&mut site, &search("v3", person.v3_id()));
        assert_eq!(r4.entries.len(), v3.entries.len());
        let v3: std::collections::HashMap<String, &Claim> = claims(&v3)
            .into_iter()
            .map(|claim| (claim.id.clone(), claim))
            .collect();
        for old in claims(&r4) {
            let key = ClaimKey::parse(&old.id).unwrap();
            let new = v3[&key.v3_number().to_string()];
            let at = &old.id;
            // Where v2 says nothing of what the person owes, v3 says zero.
            let owed = |row: &fhir::ClaimRow| row.patient_responsibility.unwrap_or_default();
            let patient = person.v3_id().to_string();
            assert_eq!(new.patient_id.as_deref(), Some(patient.as_str()));
            let (two, three) = (old.row(), new.row());
            assert_eq!(two.claim_type, three.claim_type, "{at}");
            assert_eq!(
                (&two.status, &two.start, &two.end, two.lines),
                (&three.status, &three.start, &three.end, three.lines),
                "{at}"
            );
            assert_eq!(
                (two.paid, two.charged, owed(&two)),
                (three.paid, three.charged, owed(&three)),
                "{at}"
            );
            // v3 says of other claims as well what the person paid.
            if two.paid_by_patient.is_some() {
                assert_eq!(two.paid_by_patient, three.paid_by_patient, "{at}");
            }
            assert!(three.unknown.is_empty(), "{at} {:?}", three.unknown);
            assert_eq!(two.npi, three.npi, "{at}");
            // Who bills in their own name has it in parts, without title and degree.
            let name = two.provider.as_deref().unwrap_or("");
            let part = three.provider.as_deref().unwrap_or("?");
            assert!(name.contains(part), "{at}: {name}, {part}");
            let diagnosis = |row: &fhir::ClaimRow| {
                let code = row.diagnosis.as_ref();
                code.map(|code| code.code.to_string())
            };
            assert_eq!(diagnosis(&two), diagnosis(&three), "{at}");
            let (two, three) = (old, new);
            assert_eq!(two.drg, three.drg, "{at}");
            assert_eq!(two.admission_period, three.admission_period, "{at}");
            let drug = |claim: &Claim| {
                claim.drug.as_ref().map(|drug| {
                    (
                        drug.ndc.clone(),
                        drug.quantity.clone(),
                        drug.days_supply.clone(),
                        drug.fill_number.clone(),
                        drug.rx_number.clone(),
                    )
                })
            };
            assert_eq!(drug(two), drug(three), "{at}");
            for (two, three) in two.lines.iter().zip(&three.lines) {
                assert_eq!(two.totals.charged, three.totals.charged, "{at}");
                // Lines of stays say what was paid for them in v3 only.
                if two.totals.paid.is_some() {
                    assert_eq!(two.totals.paid, three.totals.paid, "{at}");
                }
            }
        }
    }
}

#[test]
fn people_and_coverages_are_read_whole() {
    let mut site = site();
    for person in people() {
        for version in ["v1", "v2", "v3"] {
            let id = match version {
                "v3" => person.v3_id(),
                _ => person.patient_id(),
            };
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

/// What the months say of people with and without a plan, and of people who died, in each version.
#[test]
fn enrollment_is_what_the_person_has() {
    use bluegate_sandbox::people::Person;
    let mut site = site();
    let mut seen = std::collections::BTreeSet::new();
    for number in PersonNumber::all().skip(20_000).step_by(97).take(60) {
        let person = Person::of(number);
        for version in ["v1", "v2", "v3"] {
            let id = match version {
                "v3" => number.v3_id(),
                _ => number.patient_id(),
            };
            let path = format!("{version}/fhir/Coverage?beneficiary={id}");
            for entry in bundle(&mut site, &path).entries {
                let Resource::Coverage(coverage) = entry.resource else {
                    panic!("{path}")
                };
                let state = coverage.enrollment.state;
                if coverage.part == Some(fhir::Part::C) && version != "v3" {
                    seen.insert((state == fhir::Enrolled::Enrolled, person.death.is_some()));
                }
                // Whoever died is enrolled in nothing after the month of it.
                let dead = person.death.is_some();
                let said = coverage.enrollment.as_of.is_some();
                if dead && version != "v3" && said {
                    let after = person.death.map(|day| day.civil().1);
                    let months = &coverage.enrollment.months;
                    let last = months.last().map(|month| i32::from(*month));
                    assert!(last <= after, "{path} {last:?} {after:?}");
                }
            }
        }
    }
    assert!(
        seen.contains(&(true, false)) && seen.contains(&(false, false)),
        "{seen:?}"
    );
}
