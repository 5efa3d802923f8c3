//! The stories that `docs/sandbox-people.md` tells, step by step, as a client sees them in each version.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use axum::Router;
use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::claims::ClaimType;
use bluegate_sandbox::claims::id::ClaimKey;
use bluegate_sandbox::claims::stories::{self, Given, Step};
use bluegate_sandbox::config::Config;
use bluegate_sandbox::people::{Person, PersonNumber};
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower_service::Service as _;

const TOLD: &str = include_str!("../../docs/sandbox-people.md");

fn site() -> Router {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    app::router(config, || 1_795_262_400)
}

fn get(site: &mut Router, path: &str) -> Value {
    let request = Request::get(format!("/sandbox/claims/{path}"))
        .body(Body::empty())
        .unwrap();
    let response = futures_executor::block_on(site.call(request)).unwrap();
    assert!(
        response.status().is_success(),
        "{path}: {}",
        response.status()
    );
    let body = futures_executor::block_on(response.into_body().collect()).unwrap();
    serde_json::from_slice(&body.to_bytes()).unwrap()
}

/// The ids of a claim in v1 and v2, and in v3.
fn ids(key: ClaimKey) -> (String, String) {
    (key.to_string(), key.v3_number().to_string())
}

/// Every code that stands in an array of codings somewhere below.
fn codes(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                if name == "code"
                    && let Value::String(code) = inner
                {
                    found.push(code.replace('.', ""));
                }
                codes(inner, found);
            }
        }
        Value::Array(members) => members.iter().for_each(|inner| codes(inner, found)),
        _ => {}
    }
}

fn check(site: &mut Router, key: ClaimKey, step: &Step) {
    let (older, newer) = ids(key);
    for path in [
        format!("v1/fhir/ExplanationOfBenefit/{older}"),
        format!("v2/fhir/ExplanationOfBenefit/{older}"),
        format!("v3/fhir/ExplanationOfBenefit/{newer}"),
    ] {
        let claim = get(site, &path);
        assert_eq!(claim["status"], "active", "{path}");
        assert_eq!(
            (
                &claim["billablePeriod"]["start"],
                &claim["billablePeriod"]["end"]
            ),
            (
                &Value::from(step.start.to_string()),
                &Value::from(step.end.to_string())
            ),
            "{path}"
        );
        let mut given = Vec::new();
        codes(&claim["item"], &mut given);
        let mut reasons = Vec::new();
        codes(&claim["diagnosis"], &mut reasons);
        for diagnosis in step.diagnoses {
            assert!(reasons.contains(&diagnosis.code.to_owned()), "{path}");
        }
        match &step.given {
            Given::Doctor(_, services) | Given::Hospital(services) => {
                assert_eq!(claim["item"].as_array().unwrap().len(), services.len());
                for service in *services {
                    assert!(given.contains(&service.hcpcs.to_owned()), "{path}");
                }
            }
            Given::Drug(name, _, _) if !path.starts_with("v3") => {
                // v3 has the number of the drug alone.
                assert!(claim["item"].to_string().contains(name), "{path}");
            }
            Given::Drug(..) => assert_eq!(given.iter().filter(|c| c.len() == 11).count(), 2),
        }
    }
}

/// The row of the table that tells a step.
fn row(key: ClaimKey, step: &Step) -> String {
    let (older, newer) = ids(key);
    format!("| {} | {} | `{older}` | `{newer}` |", step.start, step.told)
}

fn story(number: PersonNumber, account: &str, steps: usize) {
    let mut site = site();
    let person = Person::of(number);
    let claims: Vec<_> = stories::claims(number).collect();
    assert_eq!(claims.len(), steps);
    assert!(claims.is_sorted_by_key(|(_, step)| step.start));
    // Nothing but the story is there, in each version.
    for (version, id) in [
        ("v1", number.patient_id()),
        ("v2", number.patient_id()),
        ("v3", number.v3_id()),
    ] {
        let bundle = get(
            &mut site,
            &format!("{version}/fhir/ExplanationOfBenefit?patient={id}"),
        );
        assert_eq!(bundle["total"], steps, "{version}");
    }
    let told: Vec<String> = claims.iter().map(|(key, step)| row(*key, step)).collect();
    let heading = format!(
        "{}, `{account}`, Patient `{}`, in v3 `{}`",
        person.given,
        number.patient_id(),
        number.v3_id()
    );
    assert!(
        TOLD.contains(&heading),
        "docs/sandbox-people.md lacks: {heading}"
    );
    assert!(
        TOLD.contains(&told.join("\n")),
        "docs/sandbox-people.md has other rows than:\n{}",
        told.join("\n")
    );
    for (key, step) in claims {
        check(&mut site, key, step);
    }
}

#[test]
fn lucille_is_found_to_have_cancer_of_the_lung_and_is_treated() {
    story(PersonNumber::LUCILLE, "BBUser00100", 21);
    let when = |code: &str| {
        let (_, step) = stories::claims(PersonNumber::LUCILLE)
            .find(|(_, step)| match &step.given {
                Given::Doctor(_, services) | Given::Hospital(services) => {
                    services.iter().any(|service| service.hcpcs == code)
                }
                Given::Drug(name, ..) => *name == code,
            })
            .unwrap_or_else(|| panic!("{code} was not done"));
        step.start
    };
    // Visit, scan, biopsy, pathology, radiation, chemotherapy with its drugs.
    let order = ["99214", "71260", "32408", "88305", "G6015", "J9045"].map(when);
    assert!(order.is_sorted(), "{order:?}");
    let count = |kind| {
        stories::claims(PersonNumber::LUCILLE)
            .filter(|(key, _)| key.kind == kind)
            .count()
    };
    assert_eq!(count(ClaimType::Outpatient), 8);
}

#[test]
fn jack_changes_from_metformin_to_glimepiride() {
    story(PersonNumber::JACK, "BBUser00101", 14);
    let fills = |drug: &str| -> Vec<_> {
        stories::claims(PersonNumber::JACK)
            .filter(|(_, step)| matches!(&step.given, Given::Drug(name, ..) if *name == drug))
            .map(|(_, step)| step.start)
            .collect()
    };
    let (first, second) = (fills("Metformin Hydrochloride"), fills("Glimepiride"));
    assert_eq!((first.len(), second.len()), (4, 4));
    assert!(first.last() < second.first());
}
