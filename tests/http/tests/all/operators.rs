//! Operators approve, suspend and resume applications; it acts on the very next request
//! (docs/contract/01-routes.md, 02-authorize.md and 09-applications.md).

use std::sync::LazyLock;

use base64::Engine as _;
use bluegate_http_tests::{Answer, Application, Consent, Flow, Stack, challenge};
use http::Method;
use serde_json::json;

use crate::support::{assert_oauth_error, assert_problem, public, works};

const USER: &str = "BBUser00013";

/// A stack with one operator of each role; the token is the name.
pub(crate) fn operated() -> Stack {
    Stack::with(&[("operators", &OPERATORS)])
}

/// One operator of each role.
pub(crate) static OPERATORS: LazyLock<String> = LazyLock::new(|| {
    [
        ("reader", "read"),
        ("approver", "approve"),
        ("locker", "lock"),
    ]
    .map(|(name, role)| format!("{name}:{role}:{}", sha256(name)))
    .join(",")
});

/// SHA-256 in hexadecimal.
fn sha256(text: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(challenge(text))
        .expect("base64url")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn act(stack: &Stack, token: &str, app: &Application, verb: &str) -> Answer {
    let bearer = format!("Bearer {token}");
    stack.browser().send(
        Method::POST,
        &format!("/ops/applications/{}/{verb}", app.client_id),
        &[
            ("authorization", &bearer),
            ("content-type", "application/json"),
        ],
        json!({ "reason": "a test" }).to_string().into_bytes(),
    )
}

fn inactive(app: &Application) -> String {
    let name = app.metadata["client_name"].as_str().expect("its name");
    format!(
        "This application, {name}, is temporarily inactive. If you are the app maintainer, please contact the API team. If you are a Medicare Beneficiary and need assistance, please contact the support team for the application you are trying to access."
    )
}

#[test]
fn a_suspended_application_is_stopped_at_every_door_by_the_next_request() {
    let stack = operated();
    let (app, other, flow) = (public(&stack), public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let bystander = flow.tokens(&stack, &other, USER, Consent::ALLOW);
    let code = flow.code(&stack, &app, USER, Consent::ALLOW);
    let mut browser = stack.browser();
    let open = flow.to_consent(&mut browser, &app, USER);
    act(&stack, "approver", &app, "suspend").expect(200);

    let page = stack.browser().get(&flow.authorize_url(&app)).expect(403);
    assert_eq!(page.page_code(), "application_inactive");
    assert!(page.text().contains(&inactive(&app)), "{}", page.text());
    for refused in [
        flow.exchange(&stack, &app, &code),
        flow.refresh(&stack, &app, &tokens.refresh, None),
    ] {
        assert_oauth_error(&refused, 403, "invalid_client");
        assert_eq!(refused.field("error_description"), inactive(&app));
    }
    for url in [
        "/v2/fhir/Coverage",
        "/v1/fhir/Patient",
        "/v2/connect/userinfo",
    ] {
        let refused = stack.browser().get_as(&tokens.access, url);
        assert_problem(&refused, 401, "application_inactive");
        assert_eq!(refused.field("detail"), inactive(&app));
    }
    assert_eq!(
        flow.decide(&mut browser, &open, Consent::ALLOW)
            .redirected("code"),
        None
    );
    assert!(works(&stack, &bystander.access));

    act(&stack, "approver", &app, "resume").expect(200);
    assert!(works(&stack, &tokens.access));
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn only_operators_of_the_role_may_act() {
    let stack = operated();
    let app = public(&stack);
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let registration = app.metadata["registration_access_token"]
        .as_str()
        .expect("a token");
    for nobody in [
        "",
        "x",
        "operator",
        registration,
        &tokens.access,
        &sha256("approver"),
    ] {
        let answer = act(&stack, nobody, &app, "suspend");
        assert_problem(&answer, 401, "operator_unknown");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        let list = stack.browser().get_as(nobody, "/ops/applications");
        assert_problem(&list, 401, "operator_unknown");
    }
    assert_problem(&act(&stack, "reader", &app, "suspend"), 403, "role_missing");
    assert!(works(&stack, &tokens.access));
    let list = stack
        .browser()
        .get_as("reader", "/ops/applications?status=active")
        .expect(200);
    assert!(list.text().contains(&app.client_id));
    act(&stack, "locker", &app, "suspend").expect(200);
    assert!(
        !works(&stack, &tokens.access),
        "each role includes the ones before"
    );
}

#[test]
fn an_action_needs_a_reason_and_a_status_that_allows_it() {
    let stack = operated();
    let app = public(&stack);
    let url = format!("/ops/applications/{}/suspend", app.client_id);
    for body in ["", "{}", "{\"reason\":\"  \"}"] {
        let answer = stack.browser().send(
            Method::POST,
            &url,
            &[
                ("authorization", "Bearer approver"),
                ("content-type", "application/json"),
            ],
            body.as_bytes().to_vec(),
        );
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    }
    assert_eq!(
        act(&stack, "approver", &app, "approve").status.as_u16(),
        409
    );
    assert_eq!(
        act(&stack, "approver", &app, "destroy").status.as_u16(),
        404
    );
}

#[test]
fn without_operators_nobody_is_one() {
    let stack = Stack::shared();
    for token in ["", "x", "operator"] {
        let answer = stack.browser().get_as(token, "/ops/applications");
        assert_problem(&answer, 401, "operator_unknown");
    }
}
