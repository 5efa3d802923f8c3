//! The table of sample people, against what the backend answers.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use axum::body::Body;
use bluegate_sandbox::config::Config;
use bluegate_sandbox::{app, samples};
use http::Request;
use http_body_util::BodyExt as _;
use tower_service::Service as _;

const FILE: &str = include_str!("../../docs/sample-people.csv");

#[test]
fn the_file_is_what_the_command_prints() {
    assert_eq!(
        FILE,
        samples::csv(),
        "write it anew: cargo xtask samples > docs/sample-people.csv"
    );
    assert_eq!(FILE.lines().count(), samples::COUNT + 1);
}

#[test]
fn the_counts_are_those_that_a_search_finds() {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
    ]);
    let mut site = app::router(config, || 1_795_262_400);
    let mut lines = FILE.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    for line in lines.step_by(9) {
        let row: Vec<&str> = line.split(',').collect();
        let number: usize = row[0].strip_prefix("BBUser").unwrap().parse().unwrap();
        assert_eq!(row[1], format!("PW{number:05}!"));
        let types = header.iter().zip(&row).skip(7);
        for (kind, count) in types {
            let kind = if *kind == "total" {
                String::new()
            } else {
                format!("&type={kind}")
            };
            let uri = format!(
                "/sandbox/claims/v2/fhir/ExplanationOfBenefit?patient={}&_lastUpdated=lt{}&_count=1{kind}",
                row[2],
                samples::BEFORE
            );
            let request = Request::get(&uri).body(Body::empty()).unwrap();
            let response = futures_executor::block_on(site.call(request)).unwrap();
            let body = futures_executor::block_on(response.into_body().collect()).unwrap();
            let bundle: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
            assert_eq!(bundle["total"].to_string(), **count, "{uri}");
        }
    }
}
