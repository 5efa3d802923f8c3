//! Sends requests to the router, for tests.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower_service::Service as _;

use crate::app;
use crate::config::Config;

/// The clock of all tests: Saturday, 2026-11-21, 12:00 UTC.
pub(crate) const NOW: i64 = 1_795_262_400;

pub(crate) const ORIGIN: &str = "http://127.0.0.1:3000";

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn config() -> Config {
    Config::from_variables(&[
        ("environment", "sandbox".to_owned()),
        ("public_base_url", ORIGIN.to_owned()),
        ("idp_client_id", "bluegate-sandbox".to_owned()),
        (
            "idp_client_secret",
            "a secret: with signs & spaces".to_owned(),
        ),
    ])
}

pub(crate) fn site() -> Router {
    app::router(config(), || NOW)
}

pub(crate) fn send(router: &mut Router, request: Request<Body>) -> Answer {
    let response = futures_executor::block_on(router.call(request)).unwrap();
    let (parts, body) = response.into_parts();
    let bytes = futures_executor::block_on(body.collect())
        .unwrap()
        .to_bytes()
        .to_vec();
    Answer {
        status: parts.status,
        headers: parts.headers,
        bytes,
    }
}

pub(crate) fn get(path: &str) -> Answer {
    send(&mut site(), Request::get(path).body(Body::empty()).unwrap())
}

pub(crate) fn post(path: &str, form: &[(&str, &str)]) -> Answer {
    send(&mut site(), posting(path, form))
}

pub(crate) fn posting(path: &str, form: &[(&str, &str)]) -> Request<Body> {
    Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(encode(form)))
        .unwrap()
}

pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
