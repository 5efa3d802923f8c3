//! Refresh tokens: rotation, repeats and reuse (docs/contract/06-token-refresh.md).

use bluegate_http_tests::{Consent, Flow, Stack, Tokens, verifier};
use rusqlite::{Connection, OpenFlags};

use crate::support::{assert_oauth_error, confidential, public, works};

const USER: &str = "BBUser28324";

#[test]
fn a_refresh_rotates_the_refresh_token() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let mut tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let mut seen = vec![tokens.refresh.clone()];
    for _ in 0..4 {
        tokens = Tokens::read(
            &flow
                .refresh(&stack, &app, &tokens.refresh, None)
                .expect(200),
        );
        assert!(!seen.contains(&tokens.refresh));
        seen.push(tokens.refresh.clone());
        assert!(works(&stack, &tokens.access));
    }
}

#[test]
fn a_repeat_within_60_seconds_gets_the_same_refresh_token_and_a_fresh_access_token() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let repeat = || {
        Tokens::read(
            &flow
                .refresh(&stack, &app, &tokens.refresh, None)
                .expect(200),
        )
    };
    let (first, second, third) = (repeat(), repeat(), repeat());
    assert_eq!(
        (&first.refresh, &second.refresh),
        (&second.refresh, &third.refresh)
    );
    assert!(first.access != second.access && second.access != third.access);
    assert!(works(&stack, &third.access));
    // The successor that they agree on works.
    flow.refresh(&stack, &app, &third.refresh, None).expect(200);
}

#[test]
fn a_repeat_after_60_seconds_is_reuse_and_ends_the_chain() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let next = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    stack.restart(&[("clock_offset_s", "61")]);
    assert!(works(&stack, &next.access));
    let reused = flow.refresh(&stack, &app, &tokens.refresh, None);
    assert_oauth_error(&reused, 400, "invalid_grant");
    assert!(!works(&stack, &next.access));
    assert_oauth_error(
        &flow.refresh(&stack, &app, &next.refresh, None),
        400,
        "invalid_grant",
    );
}

#[test]
fn reuse_after_the_successor_was_used_ends_the_chain_and_is_a_critical_event() {
    let stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let first = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let other_device = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let second = Tokens::read(&flow.refresh(&stack, &app, &first.refresh, None).expect(200));
    let third = Tokens::read(
        &flow
            .refresh(&stack, &app, &second.refresh, None)
            .expect(200),
    );
    let reused = flow.refresh(&stack, &app, &first.refresh, None);
    assert_oauth_error(&reused, 400, "invalid_grant");
    for ended in [&first, &second, &third] {
        assert!(!works(&stack, &ended.access));
    }
    for token in [&second.refresh, &third.refresh, &first.refresh] {
        assert_oauth_error(
            &flow.refresh(&stack, &app, token, None),
            400,
            "invalid_grant",
        );
    }
    assert!(
        works(&stack, &other_device.access),
        "another chain of the same grant goes on"
    );
    let store = Connection::open_with_flags(stack.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .expect("the store");
    let events: i64 = store
        .query_row(
            "SELECT count(*) FROM audit WHERE action = 'token.refresh' AND level = 'critical'",
            [],
            |row| row.get(0),
        )
        .expect("the audit");
    assert!(events >= 1);
}

#[test]
fn any_ancestor_however_old_is_reuse() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let first = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let mut last = first.clone();
    for _ in 0..6 {
        last = Tokens::read(&flow.refresh(&stack, &app, &last.refresh, None).expect(200));
    }
    assert_oauth_error(
        &flow.refresh(&stack, &app, &first.refresh, None),
        400,
        "invalid_grant",
    );
    assert!(!works(&stack, &last.access));
}

#[test]
fn scopes_may_narrow_for_good_but_never_widen() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2").with_scope("patient/Coverage.rs patient/Patient.rs");
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    for wider in [
        "patient/ExplanationOfBenefit.rs",
        "patient/Coverage.rs patient/Patient.rs profile",
        "patient/*.rs",
        "admin",
    ] {
        let answer = flow.refresh(&stack, &app, &tokens.refresh, Some(wider));
        assert_oauth_error(&answer, 400, "invalid_scope");
    }
    let narrow = flow
        .refresh(&stack, &app, &tokens.refresh, Some("patient/Coverage.s"))
        .expect(200);
    assert_eq!(narrow.field("scope"), "patient/Coverage.s");
    let narrow = Tokens::read(&narrow);
    assert!(works(&stack, &narrow.access));
    let read = stack
        .browser()
        .get_as(&narrow.access, "/v2/fhir/Coverage/part-a--20140000008325");
    assert_eq!(read.status.as_u16(), 403);
    for wider in [
        "patient/Coverage.rs",
        "patient/Coverage.r",
        "patient/Patient.s",
    ] {
        let answer = flow.refresh(&stack, &app, &narrow.refresh, Some(wider));
        assert_oauth_error(&answer, 400, "invalid_scope");
    }
    let kept = flow
        .refresh(&stack, &app, &narrow.refresh, None)
        .expect(200);
    assert_eq!(kept.field("scope"), "patient/Coverage.s", "for good");
}

#[test]
fn a_refused_widening_uses_nothing_up() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v2").with_scope("patient/Coverage.rs");
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let answer = flow.refresh(&stack, &app, &tokens.refresh, Some("profile"));
    assert_oauth_error(&answer, 400, "invalid_scope");
    assert!(works(&stack, &tokens.access));
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn a_public_client_may_refresh_without_naming_itself() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let answer = stack
        .browser()
        .post(
            "/v1/o/token/",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", &tokens.refresh),
            ],
        )
        .expect(200);
    assert!(works(&stack, &answer.field("access_token")));
}

#[test]
fn a_confidential_client_must_authenticate_to_refresh() {
    let stack = Stack::shared();
    let (app, flow) = (confidential(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let (grant, token) = (
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
    );
    for form in [
        vec![grant, token],
        vec![grant, token, ("client_id", &app.client_id)],
        vec![
            grant,
            token,
            ("client_id", &app.client_id),
            ("client_secret", "wrong"),
        ],
    ] {
        let answer = stack.browser().post("/v2/o/token/", &form);
        assert_oauth_error(&answer, 401, "invalid_client");
        assert!(answer.header("www-authenticate").starts_with("Basic"));
    }
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn a_refresh_token_of_another_client_is_invalid_grant_and_untouched() {
    let stack = Stack::shared();
    let (app, other, third, flow) = (
        public(&stack),
        public(&stack),
        confidential(&stack),
        Flow::new("v2"),
    );
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    for thief in [&other, &third] {
        let answer = flow.refresh(&stack, thief, &tokens.refresh, None);
        assert_oauth_error(&answer, 400, "invalid_grant");
    }
    assert!(works(&stack, &tokens.access));
    flow.refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn an_unknown_refresh_token_is_invalid_grant() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let access = flow.tokens(&stack, &app, USER, Consent::ALLOW).access;
    for token in [verifier().as_str(), "x", access.as_str()] {
        assert_oauth_error(
            &flow.refresh(&stack, &app, token, None),
            400,
            "invalid_grant",
        );
    }
    let missing = flow.refresh(&stack, &app, "", None);
    assert_oauth_error(&missing, 400, "invalid_request");
}

#[test]
fn a_refresh_of_a_revoked_grant_is_403_invalid_grant() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    app.send_token(&stack, "/v2/o/revoke/", &tokens.refresh)
        .expect(200);
    let answer = flow.refresh(&stack, &app, &tokens.refresh, None);
    assert_oauth_error(&answer, 403, "invalid_grant");
    assert!(
        answer
            .field("error_description")
            .starts_with("User access cannot be found.")
    );
}

#[test]
fn an_access_token_lives_on_after_a_refresh_until_it_expires() {
    let mut stack = Stack::start();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let next = Tokens::read(
        &flow
            .refresh(&stack, &app, &tokens.refresh, None)
            .expect(200),
    );
    assert!(works(&stack, &next.access));
    stack.restart(&[("clock_offset_s", "3601")]);
    assert!(!works(&stack, &tokens.access) && !works(&stack, &next.access));
    let late = flow.refresh(&stack, &app, &next.refresh, None).expect(200);
    assert!(works(&stack, &late.field("access_token")));
}
