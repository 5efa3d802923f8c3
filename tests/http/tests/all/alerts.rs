//! Alerts of a running gateway reach a webhook, signed, without ticks and with them (docs/contract/10-audit.md).

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bluegate_http_tests::{Backend, Consent, Flow, Scripted, Seen, Stack, Tokens};
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::operators::OPERATORS;
use crate::support::public;

const SECRET: &[u8] = b"a secret of the tests, 32 bytes!";
const LIMIT: Duration = Duration::from_secs(5);

/// A person who is signed in, a backend that gives everybody somebody else's claims, and a webhook.
struct World {
    stack: Stack,
    tokens: Tokens,
    webhook: Backend,
    _backend: Backend,
}

impl World {
    fn start(webhook: Scripted) -> Self {
        let mut stack = Stack::start();
        let app = public(&stack);
        let tokens = Flow::new("v2").tokens(&stack, &app, "BBUser28324", Consent::ALLOW);
        let foreign = json!({
            "resourceType": "Bundle", "id": "b", "type": "searchset", "total": 1,
            "entry": [{ "resource": {
                "resourceType": "Coverage", "id": "part-a--7", "beneficiary": { "reference": "Patient/-7" },
            }}],
        });
        let backend = Backend::start(Scripted::fhir(200, foreign.to_string()));
        let webhook = Backend::start(webhook);
        let secret = format!("whsec_{}", STANDARD.encode(SECRET));
        stack.restart(&[
            ("claims_backend_origin", backend.base()),
            ("claims_backend_path", ""),
            ("operators", &OPERATORS),
            ("alert_origin", webhook.base()),
            ("alert_path", "/alerts"),
            ("alert_secret", &secret),
        ]);
        Self {
            stack,
            tokens,
            webhook,
            _backend: backend,
        }
    }

    /// A call that the guard refuses.
    fn offend(&self) {
        let mut browser = self.stack.browser();
        browser
            .get_as(&self.tokens.access, "/v2/fhir/Coverage")
            .expect(502);
    }

    fn tick(&self) {
        let headers = [("authorization", "Bearer reader")];
        let mut browser = self.stack.browser();
        browser
            .send(Method::POST, "/ops/tick", &headers, Vec::new())
            .expect(200);
    }

    /// What the webhook gets within the limit.
    #[track_caller]
    fn delivered(&self) -> Seen {
        let begun = Instant::now();
        loop {
            if let Some(seen) = self.webhook.seen().into_iter().next() {
                return seen;
            }
            assert!(begun.elapsed() < LIMIT, "no alert within five seconds");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// HMAC-SHA-256 of RFC 2104, written here once more.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| -> Vec<u8> {
        (0..64)
            .map(|at| key.get(at).copied().unwrap_or(0) ^ with)
            .collect()
    };
    let inner = Sha256::digest([padded(0x36).as_slice(), message].concat());
    Sha256::digest([padded(0x5c).as_slice(), inner.as_slice()].concat()).to_vec()
}

#[test]
fn an_alert_reaches_the_webhook_signed_after_the_answer_that_raised_it_without_any_tick() {
    let world = World::start(Scripted::with_headers(204, "", ""));
    world.offend();
    let seen = world.delivered();
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/alerts")
    );
    assert_eq!(seen.header("content-length"), seen.body.len().to_string());
    let body: Value = serde_json::from_str(&seen.body).expect("JSON");
    assert_eq!(body["type"], "alert.release_guard");
    assert_eq!(body["data"]["gateway"], world.stack.base());
    let (id, at) = (seen.header("webhook-id"), seen.header("webhook-timestamp"));
    let signed = format!("{id}.{at}.{}", seen.body);
    let signature = STANDARD.encode(hmac(SECRET, signed.as_bytes()));
    assert_eq!(seen.header("webhook-signature"), format!("v1,{signature}"));
    for secret in ["-20140000008325", &world.tokens.access, "Patient/"] {
        assert!(!seen.body.contains(secret), "{}", seen.body);
    }
}

#[test]
fn what_a_webhook_refused_or_a_killed_gateway_kept_comes_with_a_tick() {
    let mut world = World::start(Scripted::with_headers(500, "", ""));
    world.offend();
    let first = world.delivered();
    world.webhook.answers(Scripted::with_headers(204, "", ""));
    // The process is killed and started again; the store has what is to be sent.
    let secret = format!("whsec_{}", STANDARD.encode(SECRET));
    let webhook = world.webhook.base().to_owned();
    world.stack.restart(&[
        ("operators", &OPERATORS),
        ("alert_origin", &webhook),
        ("alert_path", "/alerts"),
        ("alert_secret", &secret),
    ]);
    let begun = Instant::now();
    let again = loop {
        world.tick();
        if let Some(seen) = world.webhook.seen().into_iter().next() {
            break seen;
        }
        // A lease of 15 seconds, where the kill came in the middle of sending.
        assert!(begun.elapsed() < Duration::from_secs(25), "it never came");
        thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    world.tick();
    assert_eq!(world.webhook.seen().len(), 0, "once is enough");
}
