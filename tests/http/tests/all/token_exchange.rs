//! Exchanges of a code that are refused (docs/contract/05-token-exchange.md).

use bluegate_http_tests::{
    Answer, Application, Consent, Flow, Stack, Tokens, basic, pairs, verifier,
};

use crate::support::{assert_oauth_error, confidential, public, works};

const USER: &str = "BBUser28324";

/// A code and what an app needs to redeem it.
fn code(stack: &Stack, app: &Application) -> (Flow, String) {
    let flow = Flow::new("v2");
    let code = flow.code(stack, app, USER, Consent::ALLOW);
    (flow, code)
}

/// The exchange with some fields set to another value or (nothing) left out.
fn exchange(
    stack: &Stack,
    app: &Application,
    (flow, code): &(Flow, String),
    headers: &[(&str, &str)],
    changes: &[(&'static str, Option<&str>)],
) -> Answer {
    let mut form = flow.exchange_form(app, code);
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.extend(value.map(|value| (*name, value.to_owned())));
    }
    stack
        .browser()
        .post_with(&flow.token_url(), headers, &pairs(&form))
}

#[test]
fn a_wrong_verifier_is_invalid_grant_and_the_right_one_still_works() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    let wrong = exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("code_verifier", Some(&verifier()))],
    );
    assert_oauth_error(&wrong, 400, "invalid_grant");
    let tokens = Tokens::read(&walk.0.exchange(&stack, &app, &walk.1).expect(200));
    assert!(works(&stack, &tokens.access));
}

#[test]
fn a_missing_or_malformed_verifier_is_invalid_request_and_the_code_still_works() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    let (short, long) = ("a".repeat(42), "a".repeat(129));
    for bad in [
        None,
        Some("short"),
        Some(&*short),
        Some(&*long),
        Some("spaces are not allowed in a verifier, whatever its length"),
    ] {
        let answer = exchange(&stack, &app, &walk, &[], &[("code_verifier", bad)]);
        assert_oauth_error(&answer, 400, "invalid_request");
    }
    walk.0.exchange(&stack, &app, &walk.1).expect(200);
}

#[test]
fn a_code_that_is_used_again_is_invalid_grant_and_ends_what_it_gave() {
    let stack = Stack::shared();
    let app = public(&stack);
    let (flow, code) = code(&stack, &app);
    let tokens = Tokens::read(&flow.exchange(&stack, &app, &code).expect(200));
    assert!(works(&stack, &tokens.access));
    assert_oauth_error(&flow.exchange(&stack, &app, &code), 400, "invalid_grant");
    assert!(
        !works(&stack, &tokens.access),
        "the access token of the chain"
    );
    let refresh = flow.refresh(&stack, &app, &tokens.refresh, None);
    assert_oauth_error(&refresh, 400, "invalid_grant");
}

#[test]
fn a_used_code_with_a_wrong_verifier_or_of_another_client_ends_nothing() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    let tokens = Tokens::read(&walk.0.exchange(&stack, &app, &walk.1).expect(200));
    let wrong = exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("code_verifier", Some(&verifier()))],
    );
    assert_oauth_error(&wrong, 400, "invalid_grant");
    assert_oauth_error(
        &exchange(&stack, &public(&stack), &walk, &[], &[]),
        400,
        "invalid_grant",
    );
    assert!(works(&stack, &tokens.access));
}

#[test]
fn a_code_of_another_client_is_invalid_grant_and_still_works_for_its_own() {
    let stack = Stack::shared();
    let (app, other) = (public(&stack), public(&stack));
    let walk = code(&stack, &app);
    assert_oauth_error(
        &exchange(&stack, &other, &walk, &[], &[]),
        400,
        "invalid_grant",
    );
    walk.0.exchange(&stack, &app, &walk.1).expect(200);
}

#[test]
fn every_refused_exchange_is_audited() {
    let stack = Stack::start();
    let app = confidential(&stack);
    let walk = code(&stack, &app);
    let store = rusqlite::Connection::open_with_flags(
        stack.database(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .expect("the store");
    for changes in [
        ("code_verifier", Some("v".repeat(43))),
        ("code", Some("unknown".to_owned())),
        ("client_secret", Some("wrong".to_owned())),
        ("redirect_uri", Some("https://evil.example".to_owned())),
        ("grant_type", Some("password".to_owned())),
    ] {
        let answer = exchange(
            &stack,
            &app,
            &walk,
            &[],
            &[(changes.0, changes.1.as_deref())],
        );
        let (outcome, code): (String, String) = store
            .query_row(
                "SELECT outcome, code FROM audit WHERE request_id = ?1",
                [answer.header("x-request-id")],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap_or_else(|error| panic!("{}: {error}", changes.0));
        assert_eq!(outcome, "refused");
        assert!(!code.is_empty());
    }
}

#[test]
fn an_unknown_code_is_invalid_grant() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2");
    for code in [
        verifier(),
        "x".to_owned(),
        "'; DROP TABLE application; --".to_owned(),
    ] {
        assert_oauth_error(&flow.exchange(&stack, &app, &code), 400, "invalid_grant");
    }
}

#[test]
fn a_redirect_uri_that_differs_is_invalid_grant_and_the_code_still_works() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    for other in [
        Some("http://127.0.0.1:10/callback"),
        Some("https://evil.example"),
        None,
    ] {
        let answer = exchange(&stack, &app, &walk, &[], &[("redirect_uri", other)]);
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
    walk.0.exchange(&stack, &app, &walk.1).expect(200);
}

#[test]
fn a_code_lives_60_seconds() {
    let mut stack = Stack::start();
    let app = public(&stack);
    let (in_time, early) = code(&stack, &app);
    let (flow, late) = code(&stack, &app);
    // Another start of the application alone ends no code.
    stack.restart(&[("clock_offset_s", "1")]);
    in_time.exchange(&stack, &app, &early).expect(200);
    stack.restart(&[("clock_offset_s", "61")]);
    assert_oauth_error(&flow.exchange(&stack, &app, &late), 400, "invalid_grant");
}

#[test]
fn an_unknown_client_is_401_with_a_challenge() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    let unknown = "B".repeat(40);
    for client_id in [Some(unknown.as_str()), Some("x"), None] {
        let answer = exchange(&stack, &app, &walk, &[], &[("client_id", client_id)]);
        assert_refused_client(&answer);
    }
    let header = basic(&unknown, "secret");
    let answer = exchange(
        &stack,
        &app,
        &walk,
        &[("authorization", &header)],
        &[("client_id", None)],
    );
    assert_refused_client(&answer);
}

#[test]
fn a_wrong_secret_is_401_with_a_challenge_and_the_code_still_works() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let walk = code(&stack, &app);
    assert_refused_client(&exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("client_secret", Some("wrong"))],
    ));
    assert_refused_client(&exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("client_secret", Some(""))],
    ));
    let header = basic(&app.client_id, "wrong");
    let answer = exchange(
        &stack,
        &app,
        &walk,
        &[("authorization", &header)],
        &[("client_secret", None), ("client_id", None)],
    );
    assert_refused_client(&answer);
    walk.0.exchange(&stack, &app, &walk.1).expect(200);
}

#[test]
fn a_confidential_client_without_its_secret_is_401_with_a_challenge() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let walk = code(&stack, &app);
    assert_refused_client(&exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("client_secret", None)],
    ));
    walk.0.exchange(&stack, &app, &walk.1).expect(200);
}

#[test]
fn a_public_client_that_sends_a_secret_is_refused() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    assert_refused_client(&exchange(
        &stack,
        &app,
        &walk,
        &[],
        &[("client_secret", Some("any"))],
    ));
}

#[test]
fn a_public_client_may_send_basic_with_an_empty_secret_and_a_confidential_one_may_not() {
    let stack = Stack::shared();
    for (app, status) in [(public(&stack), 200), (confidential(&stack), 401)] {
        let walk = code(&stack, &app);
        let header = basic(&app.client_id, "");
        let headers = [("authorization", header.as_str())];
        exchange(&stack, &app, &walk, &headers, &[("client_secret", None)]).expect(status);
    }
}

#[test]
fn a_confidential_client_may_use_basic_or_the_body_but_not_both() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let header = app.basic();
    let headers = [("authorization", header.as_str())];
    let walk = code(&stack, &app);
    let both = exchange(&stack, &app, &walk, &headers, &[]);
    assert_oauth_error(&both, 400, "invalid_request");
    // Basic together with the same client_id in the body is one method (5.1).
    exchange(&stack, &app, &walk, &headers, &[("client_secret", None)]).expect(200);
    let again = code(&stack, &app);
    exchange(
        &stack,
        &app,
        &again,
        &headers,
        &[("client_secret", None), ("client_id", None)],
    )
    .expect(200);
    // And what it used at the exchange need not be what it uses at the refresh.
    let walk = code(&stack, &app);
    let tokens = Tokens::read(&exchange(&stack, &app, &walk, &[], &[]).expect(200));
    stack
        .browser()
        .post_with(
            "/v2/o/token/",
            &headers,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", &tokens.refresh),
            ],
        )
        .expect(200);
}

#[test]
fn a_stray_bearer_header_at_the_token_endpoint_is_ignored() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    exchange(
        &stack,
        &app,
        &walk,
        &[("authorization", "Bearer stray")],
        &[],
    )
    .expect(200);
}

#[test]
fn a_verifier_with_padding_is_hashed_as_received() {
    let stack = Stack::shared();
    let app = public(&stack);
    let mut flow = Flow::new("v2");
    flow.verifier.push('=');
    let code = flow.code(&stack, &app, USER, Consent::ALLOW);
    flow.exchange(&stack, &app, &code).expect(200);
}

#[test]
fn a_missing_grant_type_is_invalid_request_and_another_is_unsupported() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = (Flow::new("v2"), verifier());
    let missing = exchange(&stack, &app, &walk, &[], &[("grant_type", None)]);
    assert_oauth_error(&missing, 400, "invalid_request");
    for other in [
        "password",
        "client_credentials",
        "implicit",
        "Authorization_Code",
    ] {
        let answer = exchange(&stack, &app, &walk, &[], &[("grant_type", Some(other))]);
        assert_oauth_error(&answer, 400, "unsupported_grant_type");
    }
}

#[test]
fn a_missing_code_or_a_repeated_parameter_is_invalid_request() {
    let stack = Stack::shared();
    let app = public(&stack);
    let walk = code(&stack, &app);
    let missing = exchange(&stack, &app, &walk, &[], &[("code", None)]);
    assert_oauth_error(&missing, 400, "invalid_request");
    let mut form = walk.0.exchange_form(&app, &walk.1);
    form.push(("code", "another".to_owned()));
    let answer = stack.browser().post("/v2/o/token/", &pairs(&form));
    assert_oauth_error(&answer, 400, "invalid_request");
}

#[test]
fn a_token_request_that_is_no_form_is_invalid_request() {
    let stack = Stack::shared();
    let answer = stack.browser().send(
        http::Method::POST,
        "/v2/o/token/",
        &[("content-type", "application/json")],
        br#"{"grant_type":"authorization_code"}"#.to_vec(),
    );
    assert_oauth_error(&answer, 400, "invalid_request");
    let answer = stack.browser().send(
        http::Method::POST,
        "/v2/o/token/?grant_type=authorization_code",
        &[("content-type", "application/x-www-form-urlencoded")],
        Vec::new(),
    );
    assert_oauth_error(&answer, 400, "invalid_request");
}

#[track_caller]
fn assert_refused_client(answer: &Answer) {
    assert_oauth_error(answer, 401, "invalid_client");
    assert!(
        answer.header("www-authenticate").starts_with("Basic"),
        "{}",
        answer.header("www-authenticate")
    );
}
