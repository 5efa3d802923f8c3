//! The person that the browser package's gateway for tests has is one of the sandbox's.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::config::Config;
use http::Request;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower_service::Service as _;

/// A resource a line.
const PERSON: &str = include_str!("../../web-client/ts/testing/person.ts");

#[test]
fn the_packages_person_is_what_the_sandbox_answers() {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    // The day that `examples/dump.rs` has.
    let mut site = app::router(config, || 1_790_000_000);
    let mut seen = 0;
    for line in PERSON.lines().map(str::trim) {
        let Some(line) = line.strip_suffix(',').filter(|line| line.starts_with('{')) else {
            continue;
        };
        let mut written: Value = serde_json::from_str(line).unwrap();
        let name = |member: &str| written[member].as_str().unwrap();
        let path = format!("v2/fhir/{}/{}", name("resourceType"), name("id"));
        let request = Request::get(format!("/sandbox/claims/{path}"));
        let response =
            futures_executor::block_on(site.call(request.body(Body::empty()).unwrap())).unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let body = futures_executor::block_on(response.into_body().collect()).unwrap();
        let mut answered: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
        for value in [&mut answered, &mut written] {
            numbers(value);
        }
        assert_eq!(
            answered, written,
            "{path}: node web-client/testing/generate.mjs"
        );
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

/// Makes numbers what they are to JavaScript, which writes `12.0` as `12`.
fn numbers(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(list) => list.iter_mut().for_each(numbers),
        Value::Object(members) => members.values_mut().for_each(numbers),
        _ => {}
    }
}
