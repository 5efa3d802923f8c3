//! What time does: codes, transactions, tokens and grants at the edges of their lives.

use super::*;

#[test]
fn a_code_lives_60_seconds() {
    let world = World::new();
    let client = world.app("App");
    let in_time = world.code(&client, &anne(), SCOPE);
    world.advance(59);
    assert_eq!(world.exchange(&client, &in_time).status, 200);
    let late = world.code(&client, &anne(), SCOPE);
    world.advance(60);
    world
        .exchange(&client, &late)
        .is_refused(400, "invalid_grant");
    assert_eq!(
        world.audited(0),
        ["token.code", "refused", "code_unusable", "info"]
    );
    assert_eq!(world.count("token_chain"), 1);
}

#[test]
fn an_expired_code_ends_nothing() {
    let world = World::new();
    let client = world.app("App");
    let code = world.code(&client, &anne(), SCOPE);
    let tokens = world.connect(&client, &anne());
    world.advance(61);
    world
        .exchange(&client, &code)
        .is_refused(400, "invalid_grant");
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn a_transaction_lives_10_minutes_at_the_callback() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let started = world.authorize(&browser, &client, &[]);
    world.advance(599);
    assert_eq!(world.sign_in(&browser, &started, &anne()).status, 303);
    let started = world.authorize(&browser, &client, &[]);
    world.advance(600);
    world
        .sign_in(&browser, &started, &anne())
        .is_page(400, "transaction_expired");
}

#[test]
fn a_transaction_lives_10_minutes_at_the_decision() {
    let world = World::new();
    let client = world.app("App");
    let browser = Browser::default();
    let page = world.consent_page(&browser, &client, &anne(), SCOPE);
    world.advance(600);
    let answer = world.decide(&browser, &page, "allow", "share");
    browser
        .get(&world, answer.location())
        .is_page(400, "transaction_expired");
    assert_eq!(world.count("authorization_code"), 0);
}

#[test]
fn an_access_token_lives_as_long_as_the_variable_says() {
    for (ttl, variables) in [(3600, &[][..]), (60, &[("access_token_ttl_s", "60")])] {
        let world = World::with(variables);
        let client = world.app("App");
        let answer = world.exchange(&client, &world.code(&client, &anne(), SCOPE));
        assert_eq!(answer.json()["expires_in"], ttl);
        let access = answer.tokens().access;
        world.advance(ttl - 1);
        assert_eq!(world.claims(&access).status, 200);
        assert_eq!(
            world.about_token("introspect", &client, &access).json()["active"],
            true
        );
        world.advance(1);
        world.claims(&access).is_refused(401, "invalid_token");
        world.userinfo(&access).is_refused(401, "invalid_token");
        assert_eq!(
            world.about_token("introspect", &client, &access).json(),
            json!({ "active": false })
        );
    }
}

#[test]
fn a_repeat_of_the_previous_refresh_token_agrees_for_60_seconds() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    world.advance(59);
    let again = world.refresh(&client, &first.refresh).tokens();
    assert_eq!(again.refresh, next.refresh);
    assert_ne!(again.access, next.access);
    for access in [&first.access, &next.access, &again.access] {
        assert_eq!(world.claims(access).status, 200);
    }
    assert_eq!(world.count("token_chain WHERE generation = 1"), 1);
    // And the successor is good for the next step.
    world.refresh(&client, &again.refresh).tokens();
}

#[test]
fn after_60_seconds_the_previous_refresh_token_is_reuse() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    world.advance(61);
    world
        .refresh(&client, &first.refresh)
        .is_refused(400, "invalid_grant");
    assert_eq!(
        world.audited(0),
        ["token.refresh", "refused", "refresh_reused", "critical"]
    );
    world
        .refresh(&client, &next.refresh)
        .is_refused(400, "invalid_grant");
    world.claims(&next.access).is_refused(401, "invalid_token");
}

#[test]
fn once_the_successor_was_used_the_grace_is_over() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let second = world.refresh(&client, &first.refresh).tokens();
    let third = world.refresh(&client, &second.refresh).tokens();
    world
        .refresh(&client, &first.refresh)
        .is_refused(400, "invalid_grant");
    world.claims(&third.access).is_refused(401, "invalid_token");
    world
        .refresh(&client, &third.refresh)
        .is_refused(400, "invalid_grant");
}

/// docs/contract/06-token-refresh.md: "as long as its successor was never presented at the token endpoint".
#[test]
fn a_successor_presented_in_vain_ends_the_grace_too() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    let next = world.refresh(&client, &first.refresh).tokens();
    let fields = [
        &refresh_form(&next.refresh)[..],
        &[("scope", "patient/Coverage.rs")],
    ]
    .concat();
    world
        .token(&client, &fields)
        .is_refused(400, "invalid_scope");
    world
        .refresh(&client, &first.refresh)
        .is_refused(400, "invalid_grant");
}

#[test]
fn a_grant_ends_after_13_months_at_refresh_and_at_the_data() {
    let world = World::new();
    let client = world.app("App");
    let answer = world.exchange(&client, &world.code(&client, &anne(), SCOPE));
    // The clock stands at 2026-11-21T12:00:00Z.
    assert_eq!(
        answer.json()["access_grant_expiration"],
        "2027-12-21T12:00:00Z"
    );
    let first = answer.tokens();
    world.at("2027-12-21T11:59:59Z");
    let last = world.refresh(&client, &first.refresh).tokens();
    assert_eq!(world.claims(&last.access).status, 200);
    world.at("2027-12-21T12:00:00Z");
    let refused = world.refresh(&client, &last.refresh);
    refused.is_refused(401, "invalid_grant");
    assert!(!refused.header("www-authenticate").is_empty());
    let text = refused.json()["error_description"].to_string();
    assert!(text.contains("User access has timed out."), "{text}");
    world.claims(&last.access).is_refused(401, "grant_expired");
    world
        .userinfo(&last.access)
        .is_refused(401, "grant_expired");
    assert_eq!(
        world
            .about_token("introspect", &client, &last.refresh)
            .json(),
        json!({ "active": false })
    );
}

#[test]
fn a_new_consent_gives_13_months_again() {
    let world = World::new();
    let client = world.app("App");
    let first = world.connect(&client, &anne());
    world.at("2027-06-01T00:00:00Z");
    let answer = world.exchange(&client, &world.code(&client, &anne(), SCOPE));
    assert_eq!(
        answer.json()["access_grant_expiration"],
        "2028-07-01T00:00:00Z"
    );
    world.at("2028-06-30T23:59:59Z");
    // The person's other device goes with it.
    world.refresh(&client, &first.refresh).tokens();
}

/// docs/contract/06-token-refresh.md: a grant past its end means that the person must consent again; tokens that died
/// with it stay dead.
#[test]
fn tokens_of_a_grant_past_its_end_do_not_come_back_with_the_next_consent() {
    let world = World::new();
    let client = world.app("App");
    let old = world.connect(&client, &anne());
    world.at("2028-01-01T00:00:00Z");
    world
        .refresh(&client, &old.refresh)
        .is_refused(401, "invalid_grant");
    world.connect(&client, &anne());
    assert_ne!(world.refresh(&client, &old.refresh).status, 200);
}

#[test]
fn a_token_of_a_grant_past_its_end_is_told_so_even_after_the_next_consent() {
    let world = World::new();
    let client = world.app("App");
    let old = world.connect(&client, &anne());
    world.at("2028-01-01T00:00:00Z");
    world.connect(&client, &anne());
    let refused = world.refresh(&client, &old.refresh);
    refused.is_refused(401, "invalid_grant");
    assert!(refused.text().contains("User access has timed out."));
}

#[test]
fn months_that_are_shorter_end_on_their_last_day() {
    for (consented, end) in [
        ("2027-01-31T10:00:00Z", "2028-02-29T10:00:00Z"),
        ("2028-01-31T10:00:00Z", "2029-02-28T10:00:00Z"),
        ("2027-08-31T23:59:59Z", "2028-09-30T23:59:59Z"),
        ("2028-02-29T00:00:00Z", "2029-03-29T00:00:00Z"),
    ] {
        let world = World::new();
        let client = world.app("App");
        world.at(consented);
        let answer = world.exchange(&client, &world.code(&client, &anne(), SCOPE));
        assert_eq!(answer.json()["access_grant_expiration"], end, "{consented}");
    }
}

#[test]
fn one_time_access_ends_with_its_access_token() {
    let world = World::new();
    let client = world.register("App", json!({ "data_access_type": "ONE_TIME" }));
    let code = world.code(&client, &anne(), SCOPE);
    world.advance(30);
    let answer = world.exchange(&client, &code);
    let body = answer.json();
    assert!(body.get("refresh_token").is_none());
    assert_eq!(body["access_grant_expiration"], "2026-11-21T13:00:30Z");
    let access = answer.tokens().access;
    world
        .refresh(&client, &access)
        .is_refused(403, "invalid_grant");
    world
        .refresh(&client, "never-issued")
        .is_refused(403, "invalid_grant");
    world.advance(3599);
    assert_eq!(world.claims(&access).status, 200);
    world.advance(1);
    assert_eq!(world.claims(&access).status, 401);
    assert_eq!(
        world.count(
            "consent_grant WHERE expires_at > strftime('%s', '2026-11-21T13:00:30Z') * 1000"
        ),
        0
    );
}

#[test]
fn research_access_has_no_end() {
    let world = World::new();
    let client = world.register("App", json!({ "data_access_type": "RESEARCH_STUDY" }));
    let answer = world.exchange(&client, &world.code(&client, &anne(), SCOPE));
    assert_eq!(answer.json()["access_grant_expiration"], "");
    world.at("2050-01-01T00:00:00Z");
    let next = world.refresh(&client, &answer.tokens().refresh);
    assert_eq!(next.json()["access_grant_expiration"], "");
    assert_eq!(world.claims(&next.tokens().access).status, 200);
}
