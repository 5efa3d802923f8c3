//! Each refusal of the real backend that is known, against the sandbox: status, text and shape of the body. The facts
//! are read in place from `bfd/derived/error-cases.json` of the fixtures.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]

use std::path::Path;

use axum::Router;
use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::claims::{counts, index};
use bluegate_sandbox::config::Config;
use bluegate_sandbox::date::Day;
use bluegate_sandbox::people::{Mbi, Person, PersonNumber};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower_service::Service as _;

/// What the sandbox does not offer, so that it answers otherwise: partially adjudicated claims and patient matching,
/// which Blue Button does not expose, and client certificates, which the network would have to check.
const NOT_OFFERED: [&str; 3] = ["/Claim/", "$idi-match", "certificate header"];

#[test]
fn refusals_are_those_of_the_real_backend() {
    let folder = std::env::var("BLUEGATE_FIXTURES").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures"),
        Into::into,
    );
    let file = folder.join("bfd/derived/error-cases.json");
    let Ok(text) = std::fs::read(&file) else {
        println!("skipped: there are no error cases; BLUEGATE_FIXTURES can say where they are");
        return;
    };
    let cases: Value = serde_json::from_slice(&text).unwrap();
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    let mut site = app::router(config, || 1_795_262_400);
    let person = person();
    let mut tried = 0;
    for case in cases["cases"].as_array().unwrap() {
        let about = case.to_string();
        if NOT_OFFERED.iter().any(|words| about.contains(words)) {
            continue;
        }
        for version in case["versions"].as_array().unwrap() {
            check(&mut site, &person, case, version.as_str().unwrap());
            tried += 1;
        }
    }
    assert!(tried > 70, "{tried}");
}

/// Somebody with eight claims, as the real sample person has.
fn person() -> Person {
    let early = Day::of(2025, 1, 1);
    PersonNumber::all()
        .filter(|number| counts::of(*number).total() == 8)
        .map(Person::of)
        .find(|person| {
            let claims = index::all(person);
            claims.iter().all(|entry| entry.dates.loaded < early)
        })
        .unwrap()
}

fn check(site: &mut Router, person: &Person, case: &Value, version: &str) {
    let v3 = version == "v3";
    let bene = if v3 {
        person.number.v3_id()
    } else {
        person.number.patient_id()
    };
    // Everybody here has part A; what nobody has at all is told in the same way.
    let without = PersonNumber::all()
        .map(Person::of)
        .find(|person| person.dual == "NA")
        .unwrap();
    let ambiguous = Mbi::of(PersonNumber::new(30_003).unwrap());
    let path = case["path"]
        .as_str()
        .unwrap()
        .replace(
            "part-a-{beneWithoutPartA}",
            &format!("dual-{}", without.number.v3_id()),
        )
        .replace("{bene}", &bene.to_string())
        .replace("{unknownBene}", "-999")
        .replace("{101 ids}", &vec!["1"; 101].join(","))
        .replace(
            "{mbi-hash-system}",
            "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
        )
        .replace("{ambiguous}", &ambiguous.hash())
        .replace("{sys}", "https://bluebutton.cms.gov/resources/variables")
        .replace('|', "%7C");
    let uri = format!("/sandbox/claims/{version}/fhir{path}");
    let method: Method = case["method"].as_str().unwrap().parse().unwrap();
    let mut request = Request::builder().method(method).uri(&uri);
    for (name, value) in case["requestHeaders"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap());
    }
    let request = request.body(Body::empty()).unwrap();
    let response = futures_executor::block_on(site.call(request)).unwrap();
    let status = response.status().as_u16();
    let body = futures_executor::block_on(response.into_body().collect()).unwrap();
    let body = body.to_bytes();
    let at = format!("{version} {path}: {}", String::from_utf8_lossy(&body));
    assert_eq!(Value::from(status), case["status"], "{at}");
    match status {
        200 => {
            let found: Value = serde_json::from_slice(&body).unwrap();
            if found["resourceType"] == "Bundle" {
                assert!(found.get("entry").is_none(), "{at}");
            } else {
                assert_eq!(found.as_object().unwrap().len(), 2, "{at}");
            }
        }
        500 if v3 => assert_eq!(&body[..], b"an unknown error occurred"),
        _ => {
            let outcome: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(outcome["resourceType"], "OperationOutcome", "{at}");
            let issues = outcome["issue"].as_array().unwrap();
            assert_eq!(issues.len(), 1, "{at}");
            assert_eq!(
                (&issues[0]["severity"], &issues[0]["code"]),
                (&"error".into(), &"processing".into())
            );
            if let Some(expected) = case["diagnostics"].as_str() {
                let told = issues[0]["diagnostics"].as_str().unwrap();
                // The ids in one text are those of the real sample.
                let expected = expected.split("DistinctBeneIdsList").next().unwrap();
                assert!(told.starts_with(expected), "{at}\nexpected {expected}");
            }
        }
    }
}
