//! Backend or identity provider down, and what cannot be reached at all.

use std::net::TcpListener;

use bluegate_http_tests::{Answer, Consent, Flow, Stack};

use crate::support::{INTERNAL_ISSUE, REDIRECT, assert_problem, public, tokens_of, works};

const USER: &str = "BBUser28324";

/// An address where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("its address"))
}

#[track_caller]
fn assert_page_in_words(page: &Answer, status: u16) {
    assert_eq!(page.status.as_u16(), status, "{}", page.text());
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text().contains("<h1>"));
    assert!(!page.page_code().is_empty());
    assert!(page.text().contains(page.header("x-request-id")));
    // The way back to the application is an address of its own, which it registered.
    let words = page.text().replace(REDIRECT, "");
    for internal in [
        "127.0.0.1:",
        "panicked",
        "Error(",
        "sqlite",
        "HttpRequestDenied",
    ] {
        assert!(!words.contains(internal), "{internal} in {}", page.text());
    }
}

#[test]
fn with_the_backend_down_a_sign_in_ends_with_a_page_in_words() {
    let stack = Stack::with(&[("claims_backend_origin", &nobody())]);
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let signed_in = flow
        .sign_in(&mut browser, &app, USER, "PW28324!")
        .expect(303);
    let page = browser.get(signed_in.header("location"));
    assert_page_in_words(&page, 503);
}

#[test]
fn with_the_backend_down_a_fhir_call_is_502_with_the_text_of_the_internal_issue() {
    let mut stack = Stack::start();
    let tokens = tokens_of(&stack, USER);
    stack.restart(&[("claims_backend_origin", &nobody())]);
    for url in [
        "/v1/fhir/Patient/-20140000008325",
        "/v2/fhir/Patient",
        "/v2/fhir/Coverage",
        "/v1/fhir/ExplanationOfBenefit?_count=2",
        "/v2/fhir/ExplanationOfBenefit/carrier-1",
    ] {
        let answer = stack.browser().get_as(&tokens.access, url);
        assert_problem(&answer, 502, "backend_unreachable");
        assert_eq!(answer.field("detail"), INTERNAL_ISSUE);
    }
    // What needs no backend goes on: userinfo, refresh, discovery.
    stack
        .browser()
        .get_as(&tokens.access, "/v2/connect/userinfo")
        .expect(200);
    stack.restart(&[]);
    assert!(works(&stack, &tokens.access), "and it comes back by itself");
}

#[test]
fn with_the_backend_down_a_refresh_still_works() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    stack.restart(&[
        ("claims_backend_origin", &nobody()),
        ("idp_origin", &nobody()),
    ]);
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn with_the_provider_down_authorize_is_a_page_in_words_and_its_link_works_after() {
    let mut stack = Stack::with(&[("idp_origin", &nobody())]);
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = browser.get(&flow.authorize_url(&app));
    assert_page_in_words(&page, 503);
    let again = page.link_containing("transaction=");
    assert_page_in_words(&browser.get(&again), 503);

    stack.restart(&[]);
    let signed_in = flow
        .sign_in_at(&mut browser, &again, USER, "PW28324!")
        .expect(303);
    let callback = browser.get(signed_in.header("location")).expect(303);
    let consent = browser.get(callback.header("location")).expect(200);
    let decided = flow
        .decide(&mut browser, &consent, Consent::ALLOW)
        .expect(303);
    let code = decided.redirected("code").expect("a code");
    flow.exchange(&stack, &app, &code).expect(200);
}

#[test]
fn readiness_says_which_part_is_down_and_nothing_more() {
    let mut stack = Stack::start();
    let up = stack.browser().get("/health/ready").expect(200).json();
    assert_eq!(
        (&up["store"], &up["backend"], &up["provider"]),
        (&"ok".into(), &"ok".into(), &"ok".into())
    );
    stack.restart(&[("claims_backend_origin", &nobody())]);
    let answer = stack.browser().get("/health/ready").expect(503);
    assert_eq!(answer.json()["backend"], "unavailable");
    assert_eq!(answer.json()["provider"], "ok");
    assert!(!answer.text().contains("127.0.0.1"), "no internals");
    stack.browser().get("/health").expect(200);
    stack.restart(&[("idp_origin", &nobody())]);
    let answer = stack.browser().get("/health/ready").expect(503);
    assert_eq!(answer.json()["provider"], "unavailable");
    assert_eq!(answer.json()["backend"], "ok");
}

#[test]
fn the_store_outlives_a_restart() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    stack.restart(&[]);
    assert!(works(&stack, &tokens.access));
    let refreshed = flow
        .refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
    stack.restart(&[]);
    assert!(works(&stack, &refreshed.field("access_token")));
}
