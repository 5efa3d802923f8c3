//! Revocation and introspection (docs/contract/01-routes.md and 06-token-refresh.md).

use bluegate_http_tests::{Application, Consent, Flow, Stack, Tokens, pairs, verifier};
use serde_json::json;

use crate::support::{assert_oauth_error, confidential, public, works};

const USER: &str = "BBUser28324";
const ROUTES: [&str; 2] = ["/v2/o/revoke_token/", "/v1/o/revoke/"];

fn two_devices(stack: &Stack, app: &Application) -> (Tokens, Tokens) {
    let flow = Flow::new("v2");
    let one = flow.tokens(stack, app, USER, Consent::ALLOW);
    let two = Flow::new("v2").tokens(stack, app, USER, Consent::ALLOW);
    (one, two)
}

#[test]
fn revoke_token_ends_one_chain_and_revoke_ends_the_whole_grant() {
    let stack = Stack::shared();
    let flow = Flow::new("v2");
    for kind in ["access", "refresh"] {
        let app = public(&stack);
        let (laptop, phone) = two_devices(&stack, &app);
        let token = |tokens: &Tokens| match kind {
            "access" => tokens.access.clone(),
            _ => tokens.refresh.clone(),
        };
        app.send_token(&stack, "/v2/o/revoke_token/", &token(&laptop))
            .expect(200);
        assert!(!works(&stack, &laptop.access), "{kind}");
        assert_oauth_error(
            &flow.refresh(&stack, &app, &laptop.refresh, None),
            400,
            "invalid_grant",
        );
        assert!(works(&stack, &phone.access), "{kind}");

        let (tablet, _) = two_devices(&stack, &app);
        app.send_token(&stack, "/v2/o/revoke/", &token(&phone))
            .expect(200);
        for ended in [&phone, &tablet] {
            assert!(!works(&stack, &ended.access), "{kind}");
            assert!(
                flow.refresh(&stack, &app, &ended.refresh, None)
                    .status
                    .is_client_error()
            );
        }
    }
}

#[test]
fn revoking_an_access_token_that_a_refresh_followed_ends_the_chain_too() {
    let stack = Stack::shared();
    let (app, flow) = (public(&stack), Flow::new("v2"));
    let first = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let second = Tokens::read(&flow.refresh(&stack, &app, &first.refresh, None).expect(200));
    app.send_token(&stack, "/v2/o/revoke_token/", &first.access)
        .expect(200);
    assert!(!works(&stack, &second.access));
}

#[test]
fn an_unknown_token_is_200() {
    let stack = Stack::shared();
    let (open, closed) = (public(&stack), confidential(&stack));
    for route in ROUTES {
        for app in [&open, &closed] {
            for token in [verifier().as_str(), "x"] {
                let answer = app.send_token(&stack, route, token).expect(200);
                assert_eq!(answer.header("cache-control"), "no-store");
            }
        }
    }
}

#[test]
fn a_token_that_ended_already_is_200() {
    let stack = Stack::shared();
    for route in ROUTES {
        let app = public(&stack);
        let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
        for _ in 0..2 {
            app.send_token(&stack, route, &tokens.access).expect(200);
            app.send_token(&stack, route, &tokens.refresh).expect(200);
        }
    }
}

#[test]
fn another_clients_token_is_403_and_untouched() {
    let stack = Stack::shared();
    let (app, open, closed) = (public(&stack), public(&stack), confidential(&stack));
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    for route in ROUTES {
        for thief in [&open, &closed] {
            for token in [&tokens.access, &tokens.refresh] {
                let answer = thief.send_token(&stack, route, token);
                assert_eq!(answer.status.as_u16(), 403, "{}", answer.text());
                assert!(!answer.field("error").is_empty());
            }
        }
    }
    assert!(works(&stack, &tokens.access));
    Flow::new("v2")
        .refresh(&stack, &app, &tokens.refresh, None)
        .expect(200);
}

#[test]
fn the_client_authenticates_first_always() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let unknown = "C".repeat(40);
    for route in [ROUTES[0], ROUTES[1], "/v2/o/introspect/"] {
        for form in [
            vec![],
            vec![("client_id", app.client_id.clone())],
            vec![
                ("client_id", app.client_id.clone()),
                ("client_secret", "wrong".to_owned()),
            ],
            vec![("client_id", unknown.clone())],
        ] {
            for token in [tokens.access.as_str(), "unknown"] {
                let mut form = form.clone();
                form.push(("token", token.to_owned()));
                let answer = stack.browser().post(route, &pairs(&form));
                assert_oauth_error(&answer, 401, "invalid_client");
                assert!(answer.header("www-authenticate").starts_with("Basic"));
            }
        }
    }
    assert!(works(&stack, &tokens.access));
}

#[test]
fn a_request_without_token_is_invalid_request() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    for route in [ROUTES[0], ROUTES[1], "/v2/o/introspect/"] {
        let answer = stack.browser().post(route, &pairs(&app.credentials()));
        assert_oauth_error(&answer, 400, "invalid_request");
    }
}

#[test]
fn introspection_shows_a_confidential_client_its_own_live_tokens() {
    let stack = Stack::shared();
    let app = confidential(&stack);
    let flow = Flow::new("v2").with_scope("patient/Coverage.rs profile");
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let answer = app
        .send_token(&stack, "/v2/o/introspect/", &tokens.access)
        .expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    assert_eq!(body["active"], true);
    assert_eq!(body["scope"], tokens.body["scope"]);
    assert_eq!(body["client_id"], app.client_id);
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["patient"], "-20140000008325");
    let (exp, iat) = (
        body["exp"].as_i64().expect("exp"),
        body["iat"].as_i64().expect("iat"),
    );
    assert_eq!(exp - iat, 3600);
    let refresh = app
        .send_token(&stack, "/v2/o/introspect/", &tokens.refresh)
        .expect(200)
        .json();
    assert_eq!(refresh["active"], true);

    let header = app.basic();
    let basic = stack
        .browser()
        .post_with(
            "/v1/o/introspect/",
            &[("authorization", &header)],
            &[("token", &tokens.access)],
        )
        .expect(200);
    assert_eq!(basic.json(), body);
}

#[test]
fn introspection_says_only_inactive_of_unknown_foreign_or_ended_tokens() {
    let stack = Stack::shared();
    let (app, other, open) = (confidential(&stack), confidential(&stack), public(&stack));
    let flow = Flow::new("v2");
    let foreign = flow.tokens(&stack, &other, USER, Consent::ALLOW);
    let of_public = flow.tokens(&stack, &open, USER, Consent::ALLOW);
    let ended = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    app.send_token(&stack, "/v2/o/revoke_token/", &ended.access)
        .expect(200);
    let unknown = verifier();
    for token in [
        &unknown,
        &foreign.access,
        &foreign.refresh,
        &of_public.access,
        &ended.access,
        &ended.refresh,
    ] {
        let answer = app
            .send_token(&stack, "/v2/o/introspect/", token)
            .expect(200);
        assert_eq!(answer.json(), json!({ "active": false }));
    }
}

#[test]
fn a_public_client_at_introspection_is_401() {
    let stack = Stack::shared();
    let app = public(&stack);
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    let answer = app.send_token(&stack, "/v2/o/introspect/", &tokens.access);
    assert_oauth_error(&answer, 401, "invalid_client");
    assert!(answer.header("www-authenticate").starts_with("Basic"));
}

#[test]
fn revocation_by_one_application_leaves_another_ones_grant_alone() {
    let stack = Stack::shared();
    let (one, two) = (public(&stack), public(&stack));
    let flow = Flow::new("v2");
    let (mine, theirs) = (
        flow.tokens(&stack, &one, USER, Consent::ALLOW),
        flow.tokens(&stack, &two, USER, Consent::ALLOW),
    );
    one.send_token(&stack, "/v2/o/revoke/", &mine.access)
        .expect(200);
    assert!(works(&stack, &theirs.access));
    // A new consent gives access again.
    let again = flow.tokens(&stack, &one, USER, Consent::ALLOW);
    assert!(works(&stack, &again.access));
    assert!(
        !works(&stack, &mine.access),
        "but nothing that ended comes back"
    );
}
