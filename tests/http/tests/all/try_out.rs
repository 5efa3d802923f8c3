//! `POST /sandbox/try/…` and the variable `clock_offset_s`: what a developer can let happen
//! (docs/contract/11-sandbox.md).

use bluegate_http_tests::{Application, Consent, Flow, Stack, Tokens};
use http::Method;
use serde_json::json;

use crate::support::{
    assert_oauth_error, assert_problem, confidential, public, public_with, tokens_of, works,
};

const USER: &str = "BBUser28324";
const CLAIMS: &str = "/v2/fhir/ExplanationOfBenefit?_count=1";

struct Connection {
    stack: std::sync::Arc<Stack>,
    app: Application,
    tokens: Tokens,
}

impl Connection {
    fn new() -> Self {
        let stack = Stack::shared();
        let app = confidential(&stack);
        let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
        Self { stack, app, tokens }
    }

    /// With the access token, as `curl -X POST -H "Authorization: Bearer …"` does it: no body, no type.
    fn attempt(&self, what: &str) -> bluegate_http_tests::Answer {
        let bearer = format!("Bearer {}", self.tokens.access);
        self.stack.browser().send(
            Method::POST,
            &format!("/sandbox/try/{what}"),
            &[("authorization", &bearer)],
            Vec::new(),
        )
    }

    fn claims(&self) -> bluegate_http_tests::Answer {
        self.stack.browser().get_as(&self.tokens.access, CLAIMS)
    }

    fn refresh(&self) -> bluegate_http_tests::Answer {
        Flow::new("v2").refresh(&self.stack, &self.app, &self.tokens.refresh, None)
    }
}

#[test]
fn an_expired_token_is_401_until_it_is_refreshed() {
    let mut connection = Connection::new();
    let told = connection.attempt("expire-token").expect(200).json();
    assert_eq!(told["from_now_on"]["fhir"], "401 invalid_token");
    assert_problem(&connection.claims(), 401, "invalid_token");
    connection.tokens = Tokens::read(&connection.refresh().expect(200));
    connection.claims().expect(200);
}

#[test]
fn an_expired_grant_is_401_everywhere_until_the_person_consents_again() {
    let connection = Connection::new();
    connection.attempt("expire-grant").expect(200);
    assert_problem(&connection.claims(), 401, "grant_expired");
    assert_oauth_error(&connection.refresh(), 401, "invalid_grant");
    let about = connection.app.send_token(
        &connection.stack,
        "/v2/o/introspect/",
        &connection.tokens.access,
    );
    assert_eq!(about.expect(200).json(), json!({ "active": false }));
    let again = Flow::new("v2").tokens(&connection.stack, &connection.app, USER, Consent::ALLOW);
    assert!(works(&connection.stack, &again.access));
    assert!(!works(&connection.stack, &connection.tokens.access));
}

#[test]
fn a_revoked_grant_is_403() {
    let connection = Connection::new();
    connection.attempt("revoke").expect(200);
    assert_problem(&connection.claims(), 403, "grant_revoked");
    assert_oauth_error(&connection.refresh(), 403, "invalid_grant");
    assert_problem(&connection.attempt("expire-grant"), 409, "already_ended");
}

#[test]
fn a_suspended_application_gets_the_inactive_text_until_it_is_resumed() {
    let connection = Connection::new();
    connection.attempt("suspend").expect(200);
    let refused = connection.claims();
    assert_problem(&refused, 401, "application_inactive");
    assert!(refused.field("detail").contains("inactive"));
    let refused = connection.refresh();
    assert_oauth_error(&refused, 403, "invalid_client");
    assert!(refused.field("error_description").contains("inactive"));
    let page = connection
        .stack
        .browser()
        .get(&Flow::new("v2").authorize_url(&connection.app))
        .expect(403);
    assert!(page.text().contains("inactive"));
    connection.attempt("resume").expect(200);
    connection.claims().expect(200);
}

#[test]
fn credentials_and_a_token_do_as_well_as_a_bearer_token() {
    let connection = Connection::new();
    let token = &connection.tokens.refresh;
    let url = "/sandbox/try/expire-token/";
    // Another application's credentials do not.
    let other = confidential(&connection.stack);
    assert_oauth_error(
        &other.send_token(&connection.stack, url, token),
        403,
        "invalid_grant",
    );
    connection.claims().expect(200);
    connection
        .app
        .send_token(&connection.stack, url, token)
        .expect(200);
    assert_problem(&connection.claims(), 401, "invalid_token");

    // A public application has no credentials but its tokens.
    let stack = &connection.stack;
    let app = public(stack);
    let tokens = Flow::new("v2").tokens(stack, &app, USER, Consent::ALLOW);
    app.send_token(stack, url, &tokens.access).expect(200);
    assert!(!works(stack, &tokens.access));
}

#[test]
fn who_presents_nothing_is_refused() {
    let stack = Stack::shared();
    for what in [
        "expire-grant",
        "expire-token",
        "revoke",
        "suspend",
        "resume",
    ] {
        let url = format!("/sandbox/try/{what}");
        let answer = stack.browser().post(&url, &[]);
        assert_problem(&answer, 401, "invalid_token");
        assert!(!answer.header("www-authenticate").is_empty());
        stack.browser().get(&url).expect(405);
    }
    stack.browser().post("/sandbox/try/other", &[]).expect(404);
}

/// Thirteen months in one restart. What a moved clock does to codes, forms and windows has tests beside theirs.
#[test]
fn a_moved_clock_ends_tokens_and_grants_of_itself() {
    let mut stack = Stack::start();
    let app = confidential(&stack);
    let endless = public_with(&stack, &json!({ "data_access_type": "RESEARCH_STUDY" }));
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let research = Flow::new("v2").tokens(&stack, &endless, "BBUser20023", Consent::ALLOW);
    let refresh = |stack: &Stack, app: &Application, tokens: &Tokens| {
        Flow::new("v2").refresh(stack, app, &tokens.refresh, None)
    };
    stack.restart(&[("clock_offset_s", "3601")]);
    assert!(!works(&stack, &tokens.access));
    let tokens = Tokens::read(&refresh(&stack, &app, &tokens).expect(200));
    assert!(works(&stack, &tokens.access));
    // 400 days.
    stack.restart(&[("clock_offset_s", "34560000")]);
    assert_problem(
        &stack.browser().get_as(&tokens.access, CLAIMS),
        401,
        "invalid_token",
    );
    assert_oauth_error(&refresh(&stack, &app, &tokens), 401, "invalid_grant");
    let research = Tokens::read(&refresh(&stack, &endless, &research).expect(200));
    assert!(works(&stack, &research.access));
    assert!(works(&stack, &tokens_of(&stack, USER).access));
}
