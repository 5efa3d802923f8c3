//! What the sandbox does on request: faults of its claims backend, another day, another signing key.

use std::time::{Duration, Instant};

use bluegate_http_tests::{Answer, Browser, Flow, Stack, password, post_sign_in};
use http::Method;
use serde_json::Value;

use crate::support::{assert_problem, entries, pages, public, tokens_of, works};

const USER: &str = "BBUser28324";
const PATIENT: &str = "-20140000008325";
const CLAIMS: &str = "/v2/fhir/ExplanationOfBenefit?_count=2";

/// Asks for a fault.
fn fault(stack: &Stack, form: &[(&str, &str)]) -> Answer {
    stack.browser().post("/sandbox/faults", form).expect(200)
}

fn no_faults(stack: &Stack) {
    let answer = stack
        .browser()
        .send(Method::DELETE, "/sandbox/faults", &[], Vec::new());
    assert_eq!(
        answer.expect(200).json()["faults"],
        Value::Array(Vec::new())
    );
}

#[test]
fn the_release_guard_catches_a_backend_that_answers_for_the_wrong_person() {
    let stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let get = |url: &str| stack.browser().get_as(&tokens.access, url);
    let claims = get(CLAIMS).expect(200).json();
    let claim = entries(&claims)[0]["id"].as_str().expect("id").to_owned();
    fault(&stack, &[("kind", "wrong-person"), ("patient", USER)]);
    for version in ["v1", "v2"] {
        for search in ["Patient", "Coverage", "ExplanationOfBenefit"] {
            let answer = get(&format!("/{version}/fhir/{search}"));
            assert_problem(&answer, 502, "release_guard");
        }
        for read in [
            format!("Patient/{PATIENT}"),
            format!("Coverage/part-a-{PATIENT}"),
            format!("ExplanationOfBenefit/{claim}"),
        ] {
            let answer = get(&format!("/{version}/fhir/{read}"));
            assert_problem(&answer, 404, "not_found");
        }
    }
    for search in ["Patient", "Coverage", "ExplanationOfBenefit"] {
        let answer = get(&format!("/v3/fhir/{search}")).expect(502);
        assert!(answer.text().contains("release_guard"), "{search}");
    }
    // Nobody else is met, and nothing stays.
    let other = tokens_of(&stack, "BBUser20023");
    assert!(works(&stack, &other.access));
    no_faults(&stack);
    assert_eq!(get(CLAIMS).expect(200).json()["entry"], claims["entry"]);
    let log = stack.log();
    let alerts = log
        .lines()
        .filter(|line| line.contains("\"level\":\"critical\"") && line.contains("release_guard"));
    assert_eq!(alerts.count(), 9);
}

#[test]
fn a_failing_cut_or_empty_backend_is_what_the_contract_says() {
    let stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let get = |url: &str| stack.browser().get_as(&tokens.access, url);
    for (form, status, code) in [
        (&[("kind", "fail")][..], 502, "backend_error"),
        (&[("kind", "fail"), ("status", "503")], 502, "backend_error"),
        (&[("kind", "fail"), ("status", "429")], 503, "backend_busy"),
        (&[("kind", "fail"), ("status", "404")], 404, "not_found"),
        (&[("kind", "cut")], 502, "backend_error"),
    ] {
        fault(&stack, form);
        assert_problem(&get(CLAIMS), status, code);
    }
    fault(&stack, &[("kind", "empty")]);
    let found = get(CLAIMS).expect(200).json();
    assert_eq!(
        (&found["total"], found.get("entry")),
        (&Value::from(0), None)
    );
    assert_eq!(
        get(&format!("/v2/fhir/Patient/{PATIENT}")).status.as_u16(),
        404
    );
    no_faults(&stack);
    get(CLAIMS).expect(200);
}

#[test]
fn a_slow_backend_delays_its_own_person_only() {
    let stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    let other = tokens_of(&stack, "BBUser20023");
    fault(
        &stack,
        &[("kind", "slow"), ("ms", "2500"), ("patient", PATIENT)],
    );
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| {
            let began = Instant::now();
            stack.browser().get_as(&tokens.access, CLAIMS).expect(200);
            began.elapsed()
        });
        // While it waits, others are served: 20 calls one after the other.
        for _ in 0..20 {
            assert!(works(&stack, &other.access));
        }
        assert!(slow.join().expect("an answer") >= Duration::from_millis(2500));
    });
}

#[test]
fn a_fault_at_sign_in_is_a_page_in_words() {
    let stack = Stack::start();
    let app = public(&stack);
    fault(&stack, &[("kind", "fail"), ("resource", "Patient")]);
    let sign_in = || {
        let mut browser = stack.browser();
        let flow = Flow::new("v2");
        let secret = password(USER);
        let signed_in = flow.sign_in(&mut browser, &app, USER, &secret).expect(303);
        browser.get(signed_in.header("location"))
    };
    assert_eq!(sign_in().expect(503).page_code(), "backend_unavailable");
    fault(&stack, &[("kind", "empty"), ("resource", "Patient")]);
    assert_eq!(sign_in().expect(404).page_code(), "not_found");
    // Nobody is ever linked to the wrong person by a fault.
    fault(&stack, &[("kind", "wrong-person"), ("resource", "Patient")]);
    sign_in().expect(303);
    no_faults(&stack);
    assert!(works(&stack, &tokens_of(&stack, USER).access));
}

#[test]
fn faults_of_the_variable_hold_from_the_start() {
    let stack = Stack::with(&[(
        "sandbox_faults",
        "fail;status=503;patient=BBUser20023;resource=ExplanationOfBenefit, slow;ms=1",
    )]);
    let tokens = tokens_of(&stack, "BBUser20023");
    let get = |url: &str| stack.browser().get_as(&tokens.access, url);
    assert_problem(&get(CLAIMS), 502, "backend_error");
    assert!(works(&stack, &tokens.access));
    assert!(works(&stack, &tokens_of(&stack, USER).access));
    let listed = stack.browser().get("/sandbox/faults").expect(200).json();
    assert_eq!(listed["faults"][0]["from"], "sandbox_faults");
}

/// Claims load on Fridays: what a client that keeps up asks for, and what it finds.
#[test]
fn another_day_brings_new_claims_to_a_client_that_asks_for_what_changed() {
    let sync = "/v2/fhir/ExplanationOfBenefit?_count=50&_lastUpdated=gt";
    let ids = |stack: &Stack, token: &str, url: &str| {
        let mut ids: Vec<_> = pages(stack, token, url)
            .iter()
            .flat_map(entries)
            .map(|claim| claim["id"].as_str().expect("id").to_owned())
            .collect();
        ids.sort();
        ids
    };
    let mut stack = Stack::with(&[("sandbox_today", "2026-09-04")]);
    let tokens = tokens_of(&stack, "BBUser00042");
    let all = "/v2/fhir/ExplanationOfBenefit?_count=50";
    let mut known = ids(&stack, &tokens.access, all);
    assert!(!known.is_empty());
    let mut since = "2026-09-04".to_owned();
    let mut found = 0;
    for today in ["2026-09-04", "2026-10-09", "2026-11-20"] {
        stack.restart(&[("sandbox_today", today)]);
        let new = ids(&stack, &tokens.access, &format!("{sync}{since}"));
        assert!(new.iter().all(|id| !known.contains(id)), "{today}");
        found += new.len();
        known.extend(new);
        known.sort();
        assert_eq!(known, ids(&stack, &tokens.access, all), "{today}");
        since = today.to_owned();
    }
    assert!(found > 0, "nothing new in eleven weeks");
}

fn rotate(stack: &Stack, form: &[(&str, &str)]) -> String {
    let answer = stack.browser().post("/sandbox/idp/keys/rotate", form);
    answer.expect(200).json()["signs_with"]
        .as_str()
        .expect("a key id")
        .to_owned()
}

/// Signs in again; the status of the callback.
fn callback(stack: &Stack) -> u16 {
    let app = public(stack);
    let mut browser = stack.browser();
    let signed_in = Flow::new("v2").sign_in(&mut browser, &app, USER, &password(USER));
    let back = signed_in.expect(303).header("location").to_owned();
    browser.get(&back).status.as_u16()
}

#[test]
fn the_gateway_follows_the_providers_keys_announced_or_not() {
    // One instance for all requests, so that it keeps the keys that it fetched.
    let options = [
        "--idle-instance-timeout",
        "600s",
        "--max-instance-reuse-count",
        "100000",
    ];
    let stack = Stack::with_options(&[], &options);
    assert_eq!(callback(&stack), 303);
    let first = rotate(&stack, &[]);
    assert_eq!(callback(&stack), 303, "the key was announced");
    let second = rotate(&stack, &[("unannounced", "true")]);
    assert_ne!(first, second);
    // The gateway asks for keys again, though not within ten seconds of the last time that one was not known.
    let waited = Instant::now();
    while callback(&stack) != 303 {
        assert!(waited.elapsed() < Duration::from_secs(60), "never");
        std::thread::sleep(Duration::from_millis(500));
    }
    rotate(&stack, &[]);
    assert_eq!(callback(&stack), 303);
}

#[test]
fn a_code_of_the_provider_counts_once() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2");
    let mut browser = stack.browser();
    let secret = password(USER);
    let signed_in = flow.sign_in(&mut browser, &app, USER, &secret).expect(303);
    let back = signed_in.header("location").to_owned();
    browser.get(&back).expect(303);
    assert_eq!(browser.get(&back).page_code(), "signin_refused");
}

#[test]
fn wrong_passwords_and_both_languages_are_pages_of_the_provider() {
    let stack = Stack::shared();
    let app = public(&stack);
    for (language, word, refused) in [
        ("en", "Sign in", "do not belong together"),
        ("es", "Iniciar sesión", "no coinciden"),
    ] {
        let mut browser = Browser::new(stack.base());
        let url = format!("{}&lang={language}", Flow::new("v2").authorize_url(&app));
        let start = browser.get(&url).expect(303);
        let form = browser.get(start.header("location")).expect(200);
        assert!(form.text().contains(word), "{language}");
        assert_eq!(form.header("content-language"), language);
        let wrong = post_sign_in(&mut browser, &form, "BBUser00017", "wrong").expect(401);
        assert!(wrong.text().contains(refused), "{language}");
        post_sign_in(&mut browser, &wrong, "BBUser00017", "PW00017!").expect(303);
    }
}
