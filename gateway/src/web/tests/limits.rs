//! Sections 7.1 and 7.5: calls with an access token count for the application, FHIR and userinfo together.

use super::*;

#[test]
fn userinfo_counts_with_fhir() {
    let world = World::with(&[("rate_limit_per_minute", "30")]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for left in (0..30).rev().step_by(2) {
        assert_eq!(world.claims(&tokens.access).status, 200);
        let answer = world.userinfo(&tokens.access);
        assert_eq!(answer.status, 200);
        for prefix in ["", "x-"] {
            let name = |name: &str| answer.headers[format!("{prefix}ratelimit-{name}")].clone();
            assert_eq!(name("limit"), "30");
            assert_eq!(name("remaining"), (left - 1).to_string().as_str());
            assert_eq!(name("reset"), "60");
        }
    }
    for answer in [
        world.userinfo(&tokens.access),
        world.claims(&tokens.access),
        world.userinfo(&tokens.access),
    ] {
        assert_eq!(answer.status, 429);
        assert_eq!(answer.json()["code"], "rate_limited");
        assert_eq!(answer.headers["retry-after"], "60");
        assert_eq!(answer.headers["ratelimit-remaining"], "0");
    }
    assert_eq!(
        world.audited(0),
        ["userinfo", "refused", "rate_limited", "info"]
    );
    world.clock.advance_seconds(60);
    assert_eq!(world.userinfo(&tokens.access).status, 200);
}

#[test]
fn another_instance_counts_on() {
    let world = World::with(&[("rate_limit_per_minute", "20")]);
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    for _ in 0..20 {
        assert_eq!(world.userinfo(&tokens.access).status, 200);
        world.restart();
    }
    assert_eq!(world.userinfo(&tokens.access).status, 429);
}

#[test]
fn userinfo_is_refused_for_its_scope_first() {
    let world = World::with(&[("rate_limit_per_minute", "20")]);
    let client = world.app("App");
    let code = world.code(&client, &anne(), "patient/Patient.rs");
    let tokens = world.exchange(&client, &code).tokens();
    for _ in 0..25 {
        let answer = world.userinfo(&tokens.access);
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("ratelimit-limit"));
    }
}
