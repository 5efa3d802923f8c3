//! Authorization requests that are refused (docs/contract/02-authorize.md).

use bluegate_http_tests::{Answer, Application, Flow, Stack, verifier};
use serde_json::json;

use crate::support::{REDIRECT, assert_redirected_error, public, public_with};

/// The answer to an authorization request with some parameters set to another value, added or (nothing) left out.
fn ask(stack: &Stack, app: &Application, changes: &[(&'static str, Option<&str>)]) -> Answer {
    let flow = Flow::new("v2");
    let mut parameters = flow.parameters(app);
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.extend(value.map(|value| (*name, value.to_owned())));
    }
    stack.browser().get(&flow.url_of(&parameters))
}

/// Sent back to the application, with its state.
#[track_caller]
fn assert_sent_back(changes: &[(&'static str, Option<&str>)], error: &str) {
    let stack = Stack::shared();
    let answer = ask(&stack, &public(&stack), changes);
    let state = Flow::new("v2").state;
    assert_redirected_error(&stack, &answer, error, Some(&state));
}

/// A page, and no redirect to anywhere.
#[track_caller]
fn assert_page(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        answer.status.as_u16(),
        status,
        "{}",
        answer.header("location")
    );
    assert_eq!(answer.header("location"), "");
    assert_eq!(answer.page_code(), code);
    assert!(answer.header("content-type").starts_with("text/html"));
    let id = answer.header("x-request-id");
    assert!(
        !id.is_empty() && answer.text().contains(id),
        "a request id on the page"
    );
}

#[test]
fn an_unknown_client_is_a_page_and_never_a_redirect() {
    let stack = Stack::shared();
    let app = public(&stack);
    for client_id in [
        Some("A".repeat(40)),
        Some("short".to_owned()),
        Some(String::new()),
        None,
    ] {
        let answer = ask(&stack, &app, &[("client_id", client_id.as_deref())]);
        assert_page(&answer, 400, "invalid_client");
    }
}

#[test]
fn a_repeated_client_id_is_a_page_and_never_a_redirect() {
    let stack = Stack::shared();
    let app = public(&stack);
    let url = format!(
        "{}&client_id={}",
        Flow::new("v2").authorize_url(&app),
        app.client_id
    );
    assert_page(&stack.browser().get(&url), 400, "invalid_client");
}

#[test]
fn a_redirect_uri_that_is_not_registered_is_a_page_and_never_a_redirect() {
    let stack = Stack::shared();
    let app = public(&stack);
    for other in [
        "https://evil.example/callback",
        "http://127.0.0.1:9/callback/",
        "http://127.0.0.1:9/callback?more=1",
        "http://127.0.0.1:9/CALLBACK",
        "http://127.0.0.1:9@evil.example/callback",
        "http://127.0.0.1.evil.example:9/callback",
        "http://localhost:9/callback",
    ] {
        let answer = ask(&stack, &app, &[("redirect_uri", Some(other))]);
        assert_page(&answer, 400, "invalid_redirect_uri");
    }
    let twice = format!(
        "{}&redirect_uri={REDIRECT}",
        Flow::new("v2").authorize_url(&app)
    );
    assert_page(&stack.browser().get(&twice), 400, "invalid_redirect_uri");
}

#[test]
fn a_redirect_uri_may_be_left_out_only_where_one_is_registered() {
    let stack = Stack::shared();
    let one = public(&stack);
    ask(&stack, &one, &[("redirect_uri", None)]).expect(303);
    let two = public_with(
        &stack,
        &json!({ "redirect_uris": ["https://a.example/callback", "https://b.example/callback"] }),
    );
    assert_page(
        &ask(&stack, &two, &[("redirect_uri", None)]),
        400,
        "invalid_redirect_uri",
    );
}

#[test]
fn a_loopback_redirect_uri_may_have_any_port() {
    let stack = Stack::shared();
    let app = public(&stack);
    let answer = ask(
        &stack,
        &app,
        &[("redirect_uri", Some("http://127.0.0.1:54321/callback"))],
    );
    assert!(
        answer
            .expect(303)
            .header("location")
            .contains("/sandbox/idp/authorize")
    );
}

#[test]
fn a_missing_state_or_one_under_16_characters_is_sent_back_as_invalid_request() {
    let stack = Stack::shared();
    let app = public(&stack);
    let missing = ask(&stack, &app, &[("state", None)]);
    assert_redirected_error(&stack, &missing, "invalid_request", None);
    let short = ask(&stack, &app, &[("state", Some("fifteen-letters"))]);
    assert_redirected_error(&stack, &short, "invalid_request", Some("fifteen-letters"));
    ask(&stack, &app, &[("state", Some("sixteen--letters"))]).expect(303);
}

#[test]
fn a_request_without_pkce_is_sent_back_as_invalid_request() {
    assert_sent_back(&[("code_challenge", None)], "invalid_request");
    assert_sent_back(&[("code_challenge_method", None)], "invalid_request");
    assert_sent_back(&[("code_challenge", Some("too-short"))], "invalid_request");
    assert_sent_back(
        &[("code_challenge", Some(&"!".repeat(43)))],
        "invalid_request",
    );
}

#[test]
fn a_plain_challenge_is_sent_back_as_invalid_request() {
    assert_sent_back(
        &[
            ("code_challenge", Some(&verifier())),
            ("code_challenge_method", Some("plain")),
        ],
        "invalid_request",
    );
}

#[test]
fn an_unknown_scope_is_sent_back_as_invalid_scope() {
    for scope in [
        "patient/Coverage.write",
        "openid admin",
        "user/Patient.read",
        "patient/Claim.read",
    ] {
        assert_sent_back(&[("scope", Some(scope))], "invalid_scope");
    }
}

#[test]
fn a_scope_that_the_application_may_not_ask_for_is_sent_back_as_invalid_scope() {
    let stack = Stack::shared();
    let app = public_with(&stack, &json!({ "requires_demographics": false }));
    for scope in [
        "profile",
        "patient/Patient.read",
        "patient/Patient.rs patient/Coverage.rs",
    ] {
        let answer = ask(&stack, &app, &[("scope", Some(scope))]);
        assert_redirected_error(
            &stack,
            &answer,
            "invalid_scope",
            Some(&Flow::new("v2").state),
        );
    }
    ask(&stack, &app, &[("scope", Some("patient/Coverage.rs"))]).expect(303);
    let narrow = public_with(&stack, &json!({ "scope": "patient/Coverage.read" }));
    let answer = ask(
        &stack,
        &narrow,
        &[("scope", Some("patient/ExplanationOfBenefit.read"))],
    );
    assert_redirected_error(
        &stack,
        &answer,
        "invalid_scope",
        Some(&Flow::new("v2").state),
    );
}

#[test]
fn response_type_token_is_sent_back_as_unsupported() {
    for other in ["token", "id_token", "code token", "none"] {
        assert_sent_back(
            &[("response_type", Some(other))],
            "unsupported_response_type",
        );
    }
}

#[test]
fn a_repeated_parameter_is_sent_back_as_invalid_request() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2");
    for repeated in [
        "scope=openid&scope=openid",
        "response_type=code",
        "code_challenge_method=S256",
        "unknown=1&unknown=2",
    ] {
        let answer = stack
            .browser()
            .get(&format!("{}&{repeated}", flow.authorize_url(&app)));
        assert_redirected_error(&stack, &answer, "invalid_request", Some(&flow.state));
    }
    let answer = stack.browser().get(&format!(
        "{}&state={}",
        flow.authorize_url(&app),
        flow.state
    ));
    assert_eq!(
        answer.redirected("error").as_deref(),
        Some("invalid_request")
    );
}

#[test]
fn a_client_secret_or_a_request_object_is_sent_back_as_invalid_request() {
    assert_sent_back(&[("client_secret", Some("leaked"))], "invalid_request");
    assert_sent_back(
        &[("request", Some("eyJhbGciOiJub25lIn0.e30."))],
        "invalid_request",
    );
}

#[test]
fn an_aud_that_is_not_the_fhir_base_is_sent_back_as_invalid_request() {
    let stack = Stack::shared();
    let app = public(&stack);
    for good in ["/v1/fhir", "/v2/fhir", "/v2/fhir/", "/v3/fhir"] {
        let aud = format!("{}{good}", stack.base());
        let answer = ask(&stack, &app, &[("aud", Some(&aud))]).expect(303);
        assert_eq!(answer.redirected("error"), None, "{good}");
    }
    let other = format!("{}/v4/fhir", stack.base());
    for bad in [
        "https://other.example/v2/fhir",
        stack.base(),
        other.as_str(),
    ] {
        let answer = ask(&stack, &app, &[("aud", Some(bad))]);
        assert_redirected_error(
            &stack,
            &answer,
            "invalid_request",
            Some(&Flow::new("v2").state),
        );
    }
}

#[test]
fn errors_are_sent_back_with_the_query_of_the_redirect_uri_kept() {
    let stack = Stack::shared();
    let uri = "https://app.example/callback?tenant=7";
    let app = public_with(&stack, &json!({ "redirect_uris": [uri] }));
    let answer = ask(&stack, &app, &[("response_type", Some("token"))]).expect(303);
    assert!(
        answer
            .header("location")
            .starts_with(&format!("{uri}&error="))
    );
}

#[test]
fn a_refused_request_leaves_no_cookie() {
    let stack = Stack::shared();
    let answer = ask(&stack, &public(&stack), &[("state", None)]);
    assert_eq!(answer.header("set-cookie"), "");
}

#[test]
fn an_authorization_request_may_be_a_form() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v1");
    let parameters = flow.parameters(&app);
    let url = "/v1/o/authorize/";
    let answer = stack
        .browser()
        .post(url, &bluegate_http_tests::pairs(&parameters))
        .expect(303);
    assert!(answer.header("location").contains("/sandbox/idp/authorize"));
    let mut without = parameters;
    without.retain(|(name, _)| *name != "code_challenge");
    let answer = stack
        .browser()
        .post(url, &bluegate_http_tests::pairs(&without));
    assert_redirected_error(&stack, &answer, "invalid_request", Some(&flow.state));
}

#[test]
fn a_challenge_may_end_in_padding_and_a_redirect_uri_need_not_be_encoded() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2");
    let challenge = bluegate_http_tests::challenge(&flow.verifier);
    let url = format!(
        "/v2/o/authorize/?response_type=code&client_id={}&redirect_uri={REDIRECT}&state={}&code_challenge={challenge}=&code_challenge_method=S256",
        app.client_id, flow.state
    );
    let answer = stack.browser().get(&url).expect(303);
    assert_eq!(answer.redirected("error"), None);
}

#[test]
fn prompt_login_asks_the_provider_to_sign_in_anew() {
    let stack = Stack::shared();
    let app = public(&stack);
    let plain = ask(&stack, &app, &[]).expect(303);
    assert_eq!(plain.redirected("prompt"), None);
    let anew = ask(&stack, &app, &[("prompt", Some("login"))]).expect(303);
    assert_eq!(anew.redirected("prompt").as_deref(), Some("login"));
}

#[test]
fn the_gateway_is_a_client_with_pkce_state_and_nonce_that_differ_each_time() {
    let stack = Stack::shared();
    let app = public(&stack);
    let (one, two) = (
        ask(&stack, &app, &[]).expect(303),
        ask(&stack, &app, &[]).expect(303),
    );
    for name in ["state", "nonce", "code_challenge"] {
        let (one, two) = (one.redirected(name), two.redirected(name));
        assert!(
            one.as_deref().is_some_and(|value| value.len() >= 43),
            "{name}"
        );
        assert_ne!(one, two, "{name}");
    }
    assert_eq!(
        one.redirected("code_challenge_method").as_deref(),
        Some("S256")
    );
    assert_eq!(one.redirected("response_type").as_deref(), Some("code"));
    assert_eq!(
        one.redirected("redirect_uri").as_deref(),
        Some(format!("{}/signin/callback", stack.base()).as_str())
    );
    assert_ne!(
        one.redirected("state").as_deref(),
        Some(Flow::new("v2").state.as_str())
    );
}

#[test]
fn a_wrong_password_is_a_401_page_of_the_provider_that_can_be_tried_again() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let page = flow
        .sign_in(&mut browser, &app, "BBUser28324", "PW28325!")
        .expect(401);
    assert_eq!(page.header("location"), "");
    let answer = bluegate_http_tests::post_sign_in(&mut browser, &page, "BBUser28324", "PW28324!")
        .expect(303);
    let callback = browser.get(answer.header("location")).expect(303);
    browser.get(callback.header("location")).expect(200);
}

#[test]
fn a_callback_with_a_state_that_nobody_sent_is_a_page() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let answer = flow
        .sign_in(&mut browser, &app, "BBUser28324", "PW28324!")
        .expect(303);
    let code = answer.redirected("code").expect("a code");
    for state in ["x".repeat(43), String::new()] {
        let page = browser.get(&format!("/signin/callback?code={code}&state={state}"));
        assert_page(&page, 400, "transaction_expired");
    }
    assert_page(&browser.get("/signin/callback"), 400, "transaction_expired");
}

#[test]
fn a_provider_code_of_another_sign_in_is_refused() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let (mut victim, mut attacker) = (stack.browser(), stack.browser());
    let of_victim = flow
        .sign_in(&mut victim, &app, "BBUser28324", "PW28324!")
        .expect(303);
    let of_attacker = flow
        .sign_in(&mut attacker, &app, "BBUser00001", "PW00001!")
        .expect(303);
    // The code is bound to the verifier and nonce of its own transaction.
    let mixed = format!(
        "/signin/callback?code={}&state={}",
        of_attacker.redirected("code").expect("a code"),
        of_victim.redirected("state").expect("a state"),
    );
    let page = victim.get(&mixed);
    assert!(
        page.status.is_client_error() || page.status.is_server_error(),
        "{}",
        page.status
    );
    assert!(!page.page_code().is_empty());
}

#[test]
fn who_cancels_at_the_provider_gets_a_page_with_a_way_back() {
    let stack = Stack::shared();
    let (app, flow, mut browser) = (public(&stack), Flow::new("v2"), stack.browser());
    let start = browser.get(&flow.authorize_url(&app)).expect(303);
    let form = browser.get(start.header("location")).expect(200);
    let request = form.hidden("request");
    let denied = browser
        .post(
            "/sandbox/idp/signin",
            &[("request", &request), ("cancel", "yes")],
        )
        .expect(303);
    let page = browser.get(denied.header("location"));
    assert!(page.status.is_client_error(), "{}", page.status);
    assert!(!page.page_code().is_empty());
    let again = page.link_containing("another=1");
    let answer = flow
        .sign_in_at(&mut browser, &again, "BBUser28324", "PW28324!")
        .expect(303);
    browser.get(answer.header("location")).expect(303);
}
