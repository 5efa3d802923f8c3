//! A backend in trouble (docs/contract/07-fhir.md, 7.5).

use std::thread;
use std::time::{Duration, Instant};

use bluegate_http_tests::{Answer, Backend, Scripted, Stack, Tokens};
use serde_json::json;

use crate::support::{INTERNAL_ISSUE, assert_problem, tokens_of};

const USER: &str = "BBUser28324";
const ANOTHER_USER: &str = "BBUser00001";
const SEARCH: &str = "/v2/fhir/Coverage";
const READ: &str = "/v1/fhir/Coverage/part-a--20140000008325";

fn troubled() -> (Stack, Tokens, Backend) {
    let mut stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let backend = Backend::start(Scripted::fhir(404, "{}"));
    stack.restart(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
    ]);
    (stack, tokens, backend)
}

fn outcome(diagnostics: &str) -> String {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": "processing", "diagnostics": diagnostics }],
    })
    .to_string()
}

#[track_caller]
fn assert_internal_issue(answer: &Answer, status: u16) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text());
    assert_eq!(answer.field("detail"), INTERNAL_ISSUE);
    for internal in ["127.0.0.1", "secret-of-the-backend"] {
        assert!(!answer.text().contains(internal), "{}", answer.text());
    }
}

#[test]
fn an_answer_that_is_no_use_is_502_with_the_text_of_the_internal_issue() {
    let (stack, tokens, backend) = troubled();
    let html = "Content-Type: text/html\r\n";
    let moved = "Location: http://127.0.0.1:1/secret-of-the-backend\r\n";
    let whole = json!({ "resourceType": "Bundle", "total": 0, "entry": [] }).to_string();
    for answer in [
        Scripted::fhir(401, outcome("secret-of-the-backend")),
        Scripted::fhir(403, outcome("secret-of-the-backend")),
        Scripted::with_headers(301, moved, ""),
        Scripted::with_headers(307, moved, ""),
        Scripted::fhir(500, outcome("secret-of-the-backend")),
        Scripted::with_headers(502, html, "<html>secret-of-the-backend</html>"),
        Scripted::fhir(503, ""),
        Scripted::with_headers(200, html, "<html>secret-of-the-backend</html>"),
        Scripted::fhir(200, ""),
        Scripted::fhir(200, whole.clone()).cut(),
        Scripted::fhir(204, ""),
    ] {
        backend.answers(answer.clone());
        for url in [SEARCH, READ] {
            let refused = stack.browser().get_as(&tokens.access, url);
            assert_internal_issue(&refused, 502);
            assert_eq!(refused.header("location"), "");
            assert_eq!(backend.seen().len(), 1, "asked once: {answer:?}");
        }
    }
    backend.answers(Scripted::fhir(200, whole));
    stack.browser().get_as(&tokens.access, SEARCH).expect(200);
}

#[test]
fn a_404_of_the_backend_is_404() {
    let (stack, tokens, backend) = troubled();
    backend.answers(Scripted::fhir(
        404,
        outcome("Resource Coverage/part-a--20140000008325 is not known"),
    ));
    let answer = stack.browser().get_as(&tokens.access, READ);
    assert_problem(&answer, 404, "not_found");
}

#[test]
fn another_4xx_with_diagnostics_is_400_without_a_word_of_them() {
    let (stack, tokens, backend) = troubled();
    for status in [400, 409, 422] {
        for secret in [
            "Patient/-20140000008325",
            "1S00-E00-AA00",
            "123-45-6789",
            "Jane Doe",
        ] {
            let text = format!("Invalid argument for {secret}: offset is too large");
            backend.answers(Scripted::fhir(status, outcome(&text)));
            let answer = stack.browser().get_as(&tokens.access, SEARCH);
            assert_problem(&answer, 400, "backend_rejected");
            let detail = answer.field("detail");
            assert!(
                detail.contains("Check the id and the parameters"),
                "{detail}"
            );
            assert!(
                !detail.contains(secret) && !detail.contains("offset"),
                "{detail}"
            );
        }
    }
    backend.answers(Scripted::with_headers(
        400,
        "Content-Type: text/html\r\n",
        "<h1>secret-of-the-backend</h1>",
    ));
    assert_internal_issue(&stack.browser().get_as(&tokens.access, SEARCH), 502);
}

#[test]
fn a_429_of_the_backend_is_503_with_retry_after() {
    let (stack, tokens, backend) = troubled();
    for headers in ["Retry-After: 7\r\n", ""] {
        backend.answers(Scripted::with_headers(429, headers, ""));
        let answer = stack.browser().get_as(&tokens.access, SEARCH);
        assert_internal_issue(&answer, 503);
        let seconds: u32 = answer.header("retry-after").parse().expect("Retry-After");
        assert!(
            if headers.is_empty() {
                seconds > 0
            } else {
                seconds == 7
            },
            "{seconds}"
        );
    }
}

#[test]
fn a_slow_call_does_not_hold_up_the_others() {
    let (stack, tokens, backend) = troubled();
    let whole = json!({ "resourceType": "Bundle", "total": 0, "entry": [] }).to_string();
    backend.answers_by(move |seen| {
        let quick = Scripted::fhir(200, whole.clone());
        if seen.target.contains("_count=7") {
            quick.after(Duration::from_secs(4))
        } else {
            quick
        }
    });
    let started = Instant::now();
    thread::scope(|scope| {
        let slow = scope.spawn(|| {
            stack
                .browser()
                .get_as(&tokens.access, "/v2/fhir/Coverage?_count=7")
        });
        thread::sleep(Duration::from_millis(200));
        for _ in 0..5 {
            stack.browser().get_as(&tokens.access, SEARCH).expect(200);
        }
        assert!(
            started.elapsed() < Duration::from_millis(3800),
            "{:?}",
            started.elapsed()
        );
        slow.join().expect("an answer").expect(200);
    });
}

/// Instances that serve one request each: what they know of each other is in the store.
const ALONE: [&str; 2] = ["--max-instance-reuse-count", "1"];

#[test]
fn twenty_failures_open_the_breaker_for_all_instances_and_a_probe_closes_it() {
    for options in [&[][..], &ALONE] {
        let mut stack = Stack::with_options(&[], options);
        let tokens = tokens_of(&stack, USER);
        let others = tokens_of(&stack, ANOTHER_USER);
        let backend = Backend::start(Scripted::fhir(500, ""));
        stack.restart(&[
            ("claims_backend_origin", backend.base()),
            ("claims_backend_path", ""),
        ]);
        let get = || stack.browser().get_as(&tokens.access, SEARCH);
        let mut failed = 0;
        let open = loop {
            let access = [&tokens.access, &others.access][failed % 2];
            let answer = stack.browser().get_as(access, SEARCH);
            if answer.status == 503 {
                break answer;
            }
            assert_internal_issue(&answer, 502);
            failed += 1;
            assert!(failed < 40, "it does not open");
        };
        assert!(failed >= 20, "opened after {failed}");
        assert_problem(&open, 503, "backend_busy");
        assert_internal_issue(&open, 503);
        let seconds: u32 = open.header("retry-after").parse().expect("Retry-After");
        assert!((1..=10).contains(&seconds), "{seconds}");
        backend.seen();
        for _ in 0..10 {
            get().expect(503);
        }
        assert!(backend.seen().is_empty(), "an open breaker asks nobody");
        stack
            .browser()
            .get_as(&tokens.access, "/v2/connect/userinfo")
            .expect(200);
        let whole = json!({ "resourceType": "Bundle", "total": 0, "entry": [] }).to_string();
        backend.answers(Scripted::fhir(200, whole));
        let again = Instant::now();
        while get().status != 200 {
            assert!(
                again.elapsed() < Duration::from_secs(8),
                "it does not close"
            );
            thread::sleep(Duration::from_millis(200));
        }
        for _ in 0..10 {
            get().expect(200);
        }
    }
}

#[test]
fn what_is_no_failure_of_the_backend_opens_no_breaker() {
    let (stack, tokens, backend) = troubled();
    for answer in [
        Scripted::fhir(404, ""),
        Scripted::fhir(400, outcome("no")),
        Scripted::fhir(401, ""),
    ] {
        backend.answers(answer);
        for _ in 0..25 {
            let status = stack.browser().get_as(&tokens.access, READ).status.as_u16();
            assert_ne!(status, 503);
        }
    }
    assert_eq!(backend.seen().len(), 75);
}
