//! docs/contract/11-sandbox.md: `POST /sandbox/try/…`, and what the next requests then meet.

use super::*;

fn attempt(world: &World, what: &str, token: &str) -> Answer {
    world.send(Call::post(&format!("/sandbox/try/{what}")).bearer(token))
}

#[test]
fn an_expired_token_is_refreshed() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let told = attempt(&world, "expire-token", &tokens.access);
    assert_eq!(told.json()["from_now_on"]["fhir"], "401 invalid_token");
    assert_eq!(world.audited(0)[..2], ["try.expire_token", "ok"]);
    world
        .claims(&tokens.access)
        .is_refused(401, "invalid_token");
    let tokens = world.refresh(&client, &tokens.refresh).tokens();
    assert_eq!(world.claims(&tokens.access).status, 200);
}

#[test]
fn an_expired_grant_needs_a_new_consent() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    let other = world.connect(&client, &bert());
    assert_eq!(attempt(&world, "expire-grant", &tokens.access).status, 200);
    world
        .claims(&tokens.access)
        .is_refused(401, "grant_expired");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(401, "invalid_grant");
    assert_eq!(world.claims(&other.access).status, 200);
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.claims(&tokens.access).status, 200);
}

/// A grant without an end gets one, and an end is never put off.
#[test]
fn an_end_only_ever_moves_towards_now() {
    let world = World::new();
    let client = world.register("App", json!({ "data_access_type": "RESEARCH_STUDY" }));
    let tokens = world.connect(&client, &anne());
    assert_eq!(world.count("consent_grant WHERE expires_at IS NULL"), 1);
    assert_eq!(attempt(&world, "expire-grant", &tokens.access).status, 200);
    let end = world.sql("SELECT expires_at FROM consent_grant");
    world.advance(100);
    for what in ["expire-grant", "expire-token"] {
        assert_eq!(attempt(&world, what, &tokens.access).status, 200);
    }
    assert_eq!(world.sql("SELECT expires_at FROM consent_grant"), end);
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(401, "invalid_grant");
}

#[test]
fn a_revoked_grant_is_as_if_the_person_had_done_it() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    assert_eq!(attempt(&world, "revoke", &tokens.refresh).status, 200);
    world
        .claims(&tokens.access)
        .is_refused(403, "grant_revoked");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(403, "invalid_grant");
    for what in ["revoke", "expire-grant"] {
        attempt(&world, what, &tokens.access).is_refused(409, "already_ended");
    }
    assert_eq!(world.count("consent_grant WHERE end_reason = 'revoked'"), 1);
}

#[test]
fn a_suspended_application_is_inactive_until_it_is_resumed() {
    let world = World::new();
    let client = world.app("App");
    let tokens = world.connect(&client, &anne());
    assert_eq!(attempt(&world, "suspend", &tokens.access).status, 200);
    let refused = world.claims(&tokens.access);
    refused.is_refused(401, "application_inactive");
    world
        .refresh(&client, &tokens.refresh)
        .is_refused(403, "invalid_client");
    assert_eq!(attempt(&world, "resume", &tokens.access).status, 200);
    assert_eq!(world.claims(&tokens.access).status, 200);
    // With the credentials of the application, too.
    for (what, status) in [("suspend", 401), ("resume", 200)] {
        let call = Call::post(&format!("/sandbox/try/{what}/")).client(&client, &[]);
        assert_eq!(world.send(call).status, 200);
        assert_eq!(world.claims(&tokens.access).status, status);
    }
}

#[test]
fn credentials_name_the_connection_by_a_token_of_their_own() {
    let world = World::new();
    let (client, other) = (world.app("App"), world.app("Other"));
    let tokens = world.connect(&client, &anne());
    let try_as = |client: &Client, fields: &[(&str, &str)]| {
        world.send(Call::post("/sandbox/try/expire-token").client(client, fields))
    };
    try_as(&client, &[]).is_refused(400, "invalid_request");
    try_as(&other, &[("token", &tokens.access)]).is_refused(403, "invalid_grant");
    try_as(&client, &[("token", "unknown")]).is_refused(401, "invalid_token");
    let wrong = Client {
        secret: "wrong".to_owned(),
        ..client.clone()
    };
    try_as(&wrong, &[("token", &tokens.access)]).is_refused(401, "invalid_client");
    assert_eq!(world.claims(&tokens.access).status, 200);
    assert_eq!(try_as(&client, &[("token", &tokens.refresh)]).status, 200);
    world
        .claims(&tokens.access)
        .is_refused(401, "invalid_token");
}

#[test]
fn nobody_tries_without_credentials_or_something_else() {
    let world = World::new();
    world
        .send(Call::post("/sandbox/try/revoke"))
        .is_refused(401, "invalid_token");
    attempt(&world, "revoke", "unknown").is_refused(401, "invalid_token");
    for what in ["", "delete", "expire"] {
        assert_eq!(attempt(&world, what, "unknown").status, 404, "{what}");
    }
    let answer = world.send(Call::get("/sandbox/try/revoke"));
    assert_eq!(answer.status, 405);
}

#[test]
fn a_store_that_fails_confirms_nothing() {
    for what in ["expire-token", "expire-grant", "revoke", "suspend"] {
        let world = World::new();
        let client = world.app("App");
        let tokens = world.connect(&client, &anne());
        faults::each_fault(
            &world,
            &faults::FAILS,
            || attempt(&world, what, &tokens.access),
            |answer, failed| {
                if answer.status != 200 {
                    let again = attempt(&world, what, &tokens.access).status;
                    assert!([200, 409].contains(&again), "{what}, {failed}: {again}");
                }
                assert_ne!(world.claims(&tokens.access).status, 200, "{what}, {failed}");
            },
        );
    }
}
