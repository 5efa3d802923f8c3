//! The same bytes on every run and on every machine: digests of a handful of answers, which `tests/bench` compares with
//! those of the built component.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

use axum::body::Body;
use bluegate_sandbox::app;
use bluegate_sandbox::config::Config;
use http::Request;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tower_service::Service as _;

/// `digest path`, a line each; the links of bundles name `golden.example`.
const GOLDEN: &str = include_str!("golden.txt");

#[test]
fn the_answers_have_the_bytes_that_they_always_had() {
    let config = Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", "http://127.0.0.1:3000".to_owned()),
        ("sandbox_today", "2026-11-20".to_owned()),
    ]);
    let mut site = app::router(config, || 1_795_262_400);
    let mut found = String::new();
    for line in GOLDEN.lines() {
        let (_, path) = line.split_once(' ').unwrap();
        let request = Request::get(format!("/sandbox/claims/{path}"))
            .header("x-forwarded-host", "golden.example")
            .body(Body::empty())
            .unwrap();
        let response = futures_executor::block_on(site.call(request)).unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let body = futures_executor::block_on(response.into_body().collect()).unwrap();
        let digest = Sha256::digest(body.to_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        found.push_str(&format!("{digest} {path}\n"));
    }
    // Who changes the data on purpose writes these lines into sandbox/tests/golden.txt.
    assert_eq!(found, GOLDEN, "\n{found}");
}
