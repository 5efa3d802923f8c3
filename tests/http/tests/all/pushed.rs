//! Pushed authorization requests (RFC 9126; docs/contract/02-authorize.md).

use bluegate_http_tests::{Answer, Application, Browser, Consent, Flow, Stack, Tokens, pairs};
use serde_json::json;

use crate::support::{
    assert_oauth_error, assert_redirected_error, confidential, public, public_with, works,
};

const USER: &str = "BBUser28324";

/// Pushes an authorization request with some parameters set to another value, added or (nothing) left out.
fn push(
    stack: &Stack,
    app: &Application,
    flow: &Flow,
    changes: &[(&'static str, Option<&str>)],
) -> Answer {
    let mut form = flow.parameters(app);
    form.extend(app.secret.clone().map(|secret| ("client_secret", secret)));
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.extend(value.map(|value| (*name, value.to_owned())));
    }
    stack
        .browser()
        .post(&format!("/{}/o/par", flow.version), &pairs(&form))
}

fn pushed(stack: &Stack, app: &Application, flow: &Flow) -> String {
    push(stack, app, flow, &[]).expect(201).field("request_uri")
}

fn authorize(browser: &mut Browser, app: &Application, request_uri: &str, more: &str) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &app.client_id)
        .append_pair("request_uri", request_uri)
        .finish();
    browser.get(&format!("/v2/o/authorize/?{query}{more}"))
}

#[track_caller]
fn assert_page(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 400, "{}", answer.header("location"));
    assert!(!answer.page_code().is_empty());
}

#[test]
fn a_pushed_request_leads_through_the_whole_flow() {
    let stack = Stack::shared();
    for app in [public(&stack), confidential(&stack)] {
        let flow = Flow::new("v2");
        let answer = push(&stack, &app, &flow, &[]).expect(201);
        assert_eq!(answer.json()["expires_in"], 90);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let uri = answer.field("request_uri");
        assert!(
            uri.starts_with("urn:ietf:params:oauth:request_uri:"),
            "{uri}"
        );

        let mut browser = stack.browser();
        let start = authorize(&mut browser, &app, &uri, "").expect(303);
        let form = browser.get(start.header("location")).expect(200);
        let signed_in =
            bluegate_http_tests::post_sign_in(&mut browser, &form, USER, "PW28324!").expect(303);
        let callback = browser.get(signed_in.header("location")).expect(303);
        let page = browser.get(callback.header("location")).expect(200);
        let decided = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
        assert_eq!(
            decided.redirected("state").as_deref(),
            Some(flow.state.as_str())
        );
        let code = decided.redirected("code").expect("a code");
        let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
        assert!(works(&stack, &tokens.access));
    }
}

#[test]
fn only_client_id_is_read_beside_a_pushed_request() {
    let stack = Stack::shared();
    let (app, mut flow) = (public(&stack), Flow::new("v2"));
    flow.scope = Some("patient/Coverage.rs");
    let uri = pushed(&stack, &app, &flow);
    let mut browser = stack.browser();
    let more = "&scope=profile&state=another-state-of-16-characters&redirect_uri=https://evil.example&response_type=token";
    let start = authorize(&mut browser, &app, &uri, more).expect(303);
    assert_eq!(start.redirected("error"), None);
    let form = browser.get(start.header("location")).expect(200);
    let signed_in =
        bluegate_http_tests::post_sign_in(&mut browser, &form, USER, "PW28324!").expect(303);
    let callback = browser.get(signed_in.header("location")).expect(303);
    let page = browser.get(callback.header("location")).expect(200);
    let decided = flow.decide(&mut browser, &page, Consent::ALLOW).expect(303);
    assert_eq!(
        decided.redirected("state").as_deref(),
        Some(flow.state.as_str())
    );
    let code = decided.redirected("code").expect("a code");
    let tokens = flow.exchange(&stack, &app, &code).expect(200);
    assert_eq!(tokens.field("scope"), "patient/Coverage.rs");
}

#[test]
fn a_request_uri_is_used_once() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let uri = pushed(&stack, &app, &flow);
    authorize(&mut stack.browser(), &app, &uri, "").expect(303);
    assert_page(&authorize(&mut stack.browser(), &app, &uri, ""));
}

#[test]
fn a_request_uri_of_another_client_or_an_unknown_one_is_a_page() {
    let stack = Stack::shared();
    let (app, other, flow) = (public(&stack), public(&stack), Flow::new("v2"));
    let uri = pushed(&stack, &app, &flow);
    assert_page(&authorize(&mut stack.browser(), &other, &uri, ""));
    for unknown in [
        "urn:ietf:params:oauth:request_uri:unknown",
        "https://evil.example/request",
        "x",
    ] {
        assert_page(&authorize(&mut stack.browser(), &app, unknown, ""));
    }
    // The attempt of the other client did not use it up.
    authorize(&mut stack.browser(), &app, &uri, "").expect(303);
}

#[test]
fn a_request_uri_lives_90_seconds() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let (early, late) = (pushed(&stack, &app, &flow), pushed(&stack, &app, &flow));
    stack.restart(&[("clock_offset_s", "80")]);
    authorize(&mut stack.browser(), &app, &early, "").expect(303);
    stack.restart(&[("clock_offset_s", "91")]);
    assert_page(&authorize(&mut stack.browser(), &app, &late, ""));
}

#[test]
fn the_client_authenticates_before_it_pushes() {
    let stack = Stack::shared();
    let (app, flow) = (confidential(&stack), Flow::new("v2"));
    for secret in [None, Some("wrong")] {
        let answer = push(&stack, &app, &flow, &[("client_secret", secret)]);
        assert_oauth_error(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    let unknown = "D".repeat(40);
    let answer = push(
        &stack,
        &public(&stack),
        &flow,
        &[("client_id", Some(&unknown))],
    );
    assert_oauth_error(&answer, 401, "invalid_client");
}

#[test]
fn what_authorize_refuses_is_refused_as_json_when_pushed() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    for (name, value, error) in [
        (
            "redirect_uri",
            Some("https://evil.example/"),
            "invalid_request",
        ),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("state", Some("short"), "invalid_request"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("scope", Some("admin"), "invalid_scope"),
        (
            "request_uri",
            Some("urn:ietf:params:oauth:request_uri:x"),
            "invalid_request",
        ),
    ] {
        let answer = push(&stack, &app, &flow, &[(name, value)]);
        assert_oauth_error(&answer, 400, error);
    }
}

#[test]
fn an_application_that_must_push_may_not_ask_directly() {
    let stack = Stack::shared();
    let app = public_with(
        &stack,
        &json!({ "require_pushed_authorization_requests": true }),
    );
    let flow = Flow::new("v2");
    let answer = stack.browser().get(&flow.authorize_url(&app));
    assert_redirected_error(&stack, &answer, "invalid_request", Some(&flow.state));
    let uri = pushed(&stack, &app, &flow);
    let start = authorize(&mut stack.browser(), &app, &uri, "").expect(303);
    assert_eq!(start.redirected("error"), None);
}
