//! Registration of applications (docs/contract/09-applications.md).

use bluegate_http_tests::{Answer, Consent, Flow, Stack, Tokens};
use http::Method;
use serde_json::{Value, json};

use crate::support::{REDIRECT, assert_oauth_error, confidential, name, public_with, works};

fn register(stack: &Stack, body: impl Into<Vec<u8>>) -> Answer {
    stack.browser().send(
        Method::POST,
        "/o/register",
        &[("content-type", "application/json")],
        body.into(),
    )
}

/// A registration with more metadata than the least.
fn register_with(stack: &Stack, more: &Value) -> Answer {
    let mut metadata = json!({ "client_name": name(), "redirect_uris": [REDIRECT] });
    for (key, value) in more.as_object().expect("an object") {
        metadata[key] = value.clone();
    }
    register(stack, metadata.to_string())
}

#[test]
fn a_registration_is_answered_by_201_with_id_secret_and_registration_token() {
    let stack = Stack::shared();
    let answer = register_with(&stack, &json!({})).expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let text = |name: &str| body[name].as_str().expect("a text").to_owned();
    let id = text("client_id");
    assert_eq!(id.len(), 40);
    assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(text("client_secret").len() >= 43, "256 bits");
    assert_eq!(body["client_secret_expires_at"], 0);
    assert!(text("registration_access_token").len() >= 43);
    assert_eq!(
        text("registration_client_uri"),
        format!("{}/o/register/{id}", stack.base())
    );
    assert_eq!(body["redirect_uris"], json!([REDIRECT]));
    assert_eq!(text("token_endpoint_auth_method"), "client_secret_basic");
    assert_eq!(text("data_access_type"), "THIRTEEN_MONTH");
    assert_eq!(body["requires_demographics"], true);
    assert_eq!(body["response_types"], json!(["code"]));
    assert!(text("scope").contains("patient/ExplanationOfBenefit"));
}

/// Whoever registers chooses neither id nor secrets: they would be somebody else's, or known to somebody else.
#[test]
fn nobody_chooses_the_id_or_the_secrets_of_a_registration() {
    let stack = Stack::shared();
    let other = confidential(&stack);
    let demo = "BluegateDemoPublicClientForSandbox000001";
    for wanted in [demo, other.client_id.as_str(), "mine"] {
        let more = json!({
            "client_id": wanted,
            "client_secret": "a-secret-that-somebody-else-knows-as-well-123",
            "registration_access_token": "a-token-that-somebody-else-knows-as-well-1234",
            "client_secret_expires_at": 1,
            "status": "active",
        });
        let made = register_with(&stack, &more).expect(201).json();
        assert_ne!(made["client_id"], wanted);
        for secret in ["client_secret", "registration_access_token"] {
            assert_ne!(made[secret], more[secret]);
        }
        assert_eq!(made["client_secret_expires_at"], 0);
    }
    let tokens = Flow::new("v2").tokens(&stack, &other, "BBUser00005", Consent::ALLOW);
    assert!(works(&stack, &tokens.access), "the other one is as it was");
}

#[test]
fn a_public_application_gets_no_secret_and_works_at_once_in_the_sandbox() {
    let stack = Stack::shared();
    let app = public_with(&stack, &json!({}));
    assert_eq!(app.secret, None);
    assert!(app.metadata.get("client_secret").is_none());
    let tokens = Flow::new("v2").tokens(&stack, &app, "BBUser00005", Consent::ALLOW);
    assert!(works(&stack, &tokens.access));
}

#[test]
fn a_confidential_application_works_with_its_secret() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let tokens = Flow::new("v1").tokens(&stack, &app, "BBUser00005", Consent::ALLOW);
    assert!(works(&stack, &tokens.access));
}

#[test]
fn malformed_json_is_400_invalid_client_metadata() {
    let stack = Stack::shared();
    for body in [
        "",
        "{",
        "[]",
        "null",
        "client_name=x",
        "{\"client_name\":7}",
        "{} {}",
    ] {
        assert_oauth_error(&register(&stack, body), 400, "invalid_client_metadata");
    }
    let not_utf8 = register(&stack, b"{\"client_name\":\"\xff\"}".to_vec());
    assert_oauth_error(&not_utf8, 400, "invalid_client_metadata");
}

#[test]
fn a_name_that_is_taken_is_400_whatever_its_case() {
    let stack = Stack::shared();
    let name = format!("{} Ärzte", name());
    let with_name = |name: &str| register_with(&stack, &json!({ "client_name": name }));
    with_name(&name).expect(201);
    for taken in [name.clone(), name.to_uppercase(), name.to_lowercase()] {
        assert_oauth_error(&with_name(&taken), 400, "invalid_client_metadata");
    }
}

#[test]
fn a_name_must_be_1_to_255_printable_characters() {
    let stack = Stack::shared();
    let with_name = |name: &str| register_with(&stack, &json!({ "client_name": name }));
    for bad in [
        String::new(),
        "  ".to_owned(),
        "x".repeat(256),
        "a\u{7}b".to_owned(),
        "a\nb".to_owned(),
        "a\u{200b}b".to_owned(),
        "a\u{202e}b".to_owned(),
        "a\u{3164}b".to_owned(),
        "Medic\u{430}re".to_owned(),
    ] {
        assert_oauth_error(&with_name(&bad), 400, "invalid_client_metadata");
    }
    let longest = format!("{:x<255}", name());
    with_name(&longest).expect(201);
}

#[test]
fn a_redirect_uri_that_could_do_harm_is_400_invalid_redirect_uri() {
    let stack = Stack::shared();
    for bad in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "about:blank",
        "blob:https://a.example/x",
        "https://*.example/callback",
        "https://a.example/callback#fragment",
        "/callback",
        "a.example/callback",
        "https://user:password@a.example/callback",
        "myapp:/callback",
        "",
        " https://a.example/callback",
        "https:/a.example/callback",
        "https:a.example/callback",
        r"https://a.example\@b.example/callback",
        "https://a.example/<callback>",
        "https://a.example/%zz",
        "https://a.example:0/callback",
        "https://a.example./callback",
        "https://a.example/callback?code=x&state=y",
        &format!("{}/account/", stack.base()),
    ] {
        let answer = register_with(&stack, &json!({ "redirect_uris": [bad] }));
        assert_oauth_error(&answer, 400, "invalid_redirect_uri");
        // One bad apple among good ones is refused as well.
        let answer = register_with(
            &stack,
            &json!({ "redirect_uris": ["https://a.example/cb", bad] }),
        );
        assert_oauth_error(&answer, 400, "invalid_redirect_uri");
    }
    for missing in [
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": null }),
    ] {
        let answer = register_with(&stack, &missing);
        assert_oauth_error(&answer, 400, "invalid_redirect_uri");
    }
}

#[test]
fn https_http_in_the_sandbox_and_reverse_domain_schemes_may_be_registered() {
    let stack = Stack::shared();
    for good in [
        "https://app.example/callback?tenant=1",
        "http://app.example/callback",
        "http://127.0.0.1:3001/callback",
        "http://[::1]:3001/callback",
        "gov.cms.bluebutton.oauthtester:/callback",
    ] {
        register_with(&stack, &json!({ "redirect_uris": [good] })).expect(201);
    }
}

#[test]
fn other_wrong_metadata_is_400_invalid_client_metadata() {
    let stack = Stack::shared();
    for bad in [
        json!({ "token_endpoint_auth_method": "magic" }),
        json!({ "scope": "admin" }),
        json!({ "grant_types": ["implicit"] }),
        json!({ "contacts": ["a".repeat(255), "b".repeat(256)] }),
        json!({ "response_types": ["token"] }),
        json!({ "data_access_type": "FOREVER" }),
        json!({ "description": "<script>alert(1)</script>" }),
        json!({ "description": "x".repeat(1001) }),
        json!({ "jwks_uri": "https://a.example/jwks" }),
        json!({ "policy_uri": "javascript:alert(1)" }),
        json!({ "requires_demographics": false, "scope": "profile" }),
    ] {
        assert_oauth_error(&register_with(&stack, &bad), 400, "invalid_client_metadata");
    }
}

#[test]
fn a_name_with_markup_is_shown_as_text() {
    let stack = Stack::shared();
    let app = public_with(
        &stack,
        &json!({ "client_name": "<img src=x onerror=alert(1)>\"'&" }),
    );
    let page = Flow::new("v2").to_consent(&mut stack.browser(), &app, "BBUser00005");
    assert!(!page.text().contains("<img"));
    assert!(page.text().contains("onerror"), "it is shown, escaped");
}

#[test]
fn an_application_without_demographics_gets_no_demographic_scope() {
    let stack = Stack::shared();
    let app = public_with(&stack, &json!({ "requires_demographics": false }));
    let flow = Flow::new("v2");
    let page = flow.to_consent(&mut stack.browser(), &app, "BBUser00005");
    assert!(
        !page.text().contains("name=\"demographics\""),
        "no choice on the page"
    );
    let code = flow.code(&stack, &app, "BBUser00005", Consent::ALLOW);
    let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
    let scope = tokens.body["scope"].as_str().expect("scope");
    assert!(
        !scope.contains("patient/Patient") && !scope.contains("profile"),
        "{scope}"
    );
    let wildcard = Flow::new("v2").with_scope("patient/*.rs").tokens(
        &stack,
        &app,
        "BBUser00005",
        Consent::ALLOW,
    );
    let read = stack.browser().get_as(&wildcard.access, "/v2/fhir/Patient");
    assert_eq!(read.status.as_u16(), 403);
    stack
        .browser()
        .get_as(&wildcard.access, "/v2/fhir/Coverage")
        .expect(200);
}

#[test]
fn a_body_that_is_too_large_is_413() {
    let stack = Stack::shared();
    let answer = register_with(&stack, &json!({ "description": "x".repeat(300 * 1024) }));
    assert_oauth_error(&answer, 413, "invalid_request");
    assert_eq!(answer.field("code"), "body_too_large");
}
