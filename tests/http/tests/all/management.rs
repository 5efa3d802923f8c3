//! A registered application looked at, changed and deleted with its registration token (RFC 7592;
//! docs/contract/09-applications.md).

use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack, Tokens};
use http::Method;
use serde_json::{Value, json};

use crate::support::{REDIRECT, assert_oauth_error, confidential, name, public, works};

fn send(
    stack: &Stack,
    method: Method,
    app: &Application,
    token: &str,
    body: Option<&Value>,
) -> Answer {
    let bearer = format!("Bearer {token}");
    let body = body.map(Value::to_string).unwrap_or_default().into_bytes();
    stack.browser().send(
        method,
        &format!("/o/register/{}", app.client_id),
        &[
            ("authorization", &bearer),
            ("content-type", "application/json"),
        ],
        body,
    )
}

fn token(app: &Application) -> &str {
    app.metadata["registration_access_token"]
        .as_str()
        .expect("a registration token")
}

/// The metadata that replaces the present one, changed.
fn changed(app: &Application, more: &Value) -> Value {
    let mut body = json!({
        "client_id": app.client_id,
        "client_name": app.metadata["client_name"],
        "redirect_uris": [REDIRECT],
        "token_endpoint_auth_method": app.metadata["token_endpoint_auth_method"],
    });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

#[test]
fn the_registration_can_be_read_with_its_token_but_shows_no_secret_again() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let answer = send(&stack, Method::GET, &app, token(&app), None).expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["client_id"], app.client_id);
    assert_eq!(body["client_name"], app.metadata["client_name"]);
    assert_eq!(body["redirect_uris"], json!([REDIRECT]));
    assert!(
        !answer
            .text()
            .contains(app.secret.as_deref().expect("a secret")),
        "shown once"
    );
}

#[test]
fn without_its_registration_token_nothing_can_be_read_changed_or_deleted() {
    let stack = Stack::shared();
    let (app, other) = (confidential(&stack), confidential(&stack));
    let access = Flow::new("v2")
        .tokens(&stack, &app, "BBUser00009", Consent::ALLOW)
        .access;
    let secret = app.secret.clone().expect("a secret");
    for wrong in [token(&other), "x", "", &access, &secret] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = changed(&app, &json!({}));
            let answer = send(&stack, method, &app, wrong, Some(&body));
            assert_oauth_error(&answer, 401, "invalid_token");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
    }
    let unknown = Application {
        client_id: "E".repeat(40),
        ..app.clone()
    };
    let answer = send(&stack, Method::GET, &unknown, token(&app), None);
    assert_oauth_error(&answer, 401, "invalid_token");
    assert!(works(&stack, &access));
}

#[test]
fn a_change_acts_on_the_very_next_request() {
    let stack = Stack::shared();
    let app = public(&stack);
    let body = changed(
        &app,
        &json!({ "redirect_uris": ["https://new.example/callback"], "client_name": name() }),
    );
    let answer = send(&stack, Method::PUT, &app, token(&app), Some(&body))
        .expect(200)
        .json();
    assert_eq!(
        answer["redirect_uris"],
        json!(["https://new.example/callback"])
    );
    assert_eq!(answer["client_name"], body["client_name"]);
    let old = stack.browser().get(&Flow::new("v2").authorize_url(&app));
    assert_eq!(
        (old.status.as_u16(), old.page_code().as_str()),
        (400, "invalid_redirect_uri")
    );
    let new = Application {
        redirect_uri: "https://new.example/callback".to_owned(),
        ..app
    };
    stack
        .browser()
        .get(&Flow::new("v2").authorize_url(&new))
        .expect(303);
}

#[test]
fn a_wrong_change_is_refused_and_changes_nothing() {
    let stack = Stack::shared();
    let (app, other) = (public(&stack), public(&stack));
    for (more, error) in [
        (
            json!({ "redirect_uris": ["javascript:alert(1)"] }),
            "invalid_redirect_uri",
        ),
        (
            json!({ "client_id": other.client_id }),
            "invalid_client_metadata",
        ),
        (json!({ "client_id": null }), "invalid_client_metadata"),
        (
            json!({ "client_name": other.metadata["client_name"] }),
            "invalid_client_metadata",
        ),
        (json!({ "scope": "admin" }), "invalid_client_metadata"),
        (
            json!({ "client_secret": "wrong" }),
            "invalid_client_metadata",
        ),
    ] {
        let answer = send(
            &stack,
            Method::PUT,
            &app,
            token(&app),
            Some(&changed(&app, &more)),
        );
        assert_oauth_error(&answer, 400, error);
    }
    let now = send(&stack, Method::GET, &app, token(&app), None)
        .expect(200)
        .json();
    assert_eq!(now["client_name"], app.metadata["client_name"]);
    assert_eq!(now["redirect_uris"], json!([REDIRECT]));
}

#[test]
fn a_rotated_secret_replaces_the_former_one_at_once() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let flow = Flow::new("v2");
    let tokens = flow.tokens(&stack, &app, "BBUser00009", Consent::ALLOW);
    let body = changed(&app, &json!({ "rotate_client_secret": true }));
    let answer = send(&stack, Method::PUT, &app, token(&app), Some(&body)).expect(200);
    let rotated = Application {
        secret: Some(answer.field("client_secret")),
        ..app.clone()
    };
    assert_ne!(rotated.secret, app.secret);
    assert_oauth_error(
        &flow.refresh(&stack, &app, &tokens.refresh, None),
        401,
        "invalid_client",
    );
    flow.refresh(&stack, &rotated, &tokens.refresh, None)
        .expect(200);
    // A change without rotation shows and changes no secret.
    let answer = send(
        &stack,
        Method::PUT,
        &app,
        token(&app),
        Some(&changed(&app, &json!({}))),
    )
    .expect(200);
    assert!(answer.json().get("client_secret").is_none());
    rotated
        .send_token(&stack, "/v2/o/revoke_token/", "x")
        .expect(200);
}

#[test]
fn deletion_ends_everything_that_the_application_was_given() {
    let stack = Stack::shared();
    let (app, bystander) = (public(&stack), public(&stack));
    let flow = Flow::new("v2");
    let tokens = flow.tokens(&stack, &app, "BBUser00009", Consent::ALLOW);
    let other = flow.tokens(&stack, &bystander, "BBUser00009", Consent::ALLOW);
    let code = flow.code(&stack, &app, "BBUser00009", Consent::ALLOW);
    let answer = send(&stack, Method::DELETE, &app, token(&app), None).expect(204);
    assert!(answer.body.is_empty());
    assert!(!works(&stack, &tokens.access));
    for refused in [
        flow.refresh(&stack, &app, &tokens.refresh, None),
        flow.exchange(&stack, &app, &code),
    ] {
        assert!(
            matches!(refused.status.as_u16(), 400 | 401 | 403),
            "{}",
            refused.text()
        );
    }
    let page = stack.browser().get(&flow.authorize_url(&app));
    assert!(matches!(page.status.as_u16(), 400 | 403), "{}", page.status);
    let again = send(&stack, Method::GET, &app, token(&app), None);
    assert_oauth_error(&again, 401, "invalid_token");
    assert!(works(&stack, &other.access), "another application goes on");
}

#[test]
fn a_scope_that_was_taken_away_is_not_granted_any_more() {
    let stack = Stack::shared();
    let app = public(&stack);
    let body = changed(&app, &json!({ "scope": "patient/Coverage.read" }));
    send(&stack, Method::PUT, &app, token(&app), Some(&body)).expect(200);
    let flow = Flow::new("v2");
    let code = flow.code(&stack, &app, "BBUser00009", Consent::ALLOW);
    let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
    assert_eq!(tokens.body["scope"], "patient/Coverage.read");
}
