//! Sections 7.1 and 7.5: the rate limit of an application.

use super::*;

const LIMIT: (&str, &str) = ("rate_limit_per_minute", "3");

/// Limit, remaining and reset, by both names.
fn told(answer: &Answer) -> [String; 3] {
    ["limit", "remaining", "reset"].map(|name| {
        let value = answer.header(&format!("ratelimit-{name}")).to_owned();
        assert_eq!(answer.header(&format!("x-ratelimit-{name}")), value);
        value
    })
}

fn world() -> World {
    let world = World::with(&[LIMIT]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    world
}

#[test]
fn beyond_the_limit_is_429_without_a_call_of_the_backend() {
    let world = world();
    world.clock.advance_seconds(20);
    for left in ["2", "1", "0"] {
        let answer = world.read(PATIENT, OWN);
        assert_eq!(answer.status, 200);
        assert_eq!(told(&answer), ["3", left, "40"]);
        assert!(answer.header("retry-after").is_empty());
    }
    for call in [
        read(PATIENT, OWN),
        search(EOB, ""),
        search(EOB, "_count=99"),
    ] {
        let answer = world.call(call);
        assert_eq!(answer.refusal(), (429, "rate_limited".to_owned()));
        assert_eq!(told(&answer), ["3", "0", "40"]);
        assert_eq!(answer.header("retry-after"), "40");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(world.audited()[1..], ["refused", "rate_limited", "info"]);
    }
    assert_eq!(world.asked().len(), 3);
}

#[test]
fn the_next_minute_is_a_new_one() {
    let world = world();
    for _ in 0..4 {
        world.read(PATIENT, OWN);
    }
    world.clock.advance_seconds(59);
    let answer = world.read(PATIENT, OWN);
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
    world.clock.advance_seconds(1);
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.status, 200);
    assert_eq!(told(&answer), ["3", "2", "60"]);
}

#[test]
fn whatever_is_refused_before_it_does_not_count_and_whatever_comes_after_does() {
    let world = world();
    world.issue("narrow", "patient/Coverage.read");
    for call in [
        read(PATIENT, OWN).without_token(),
        read(PATIENT, OWN).token("unknown"),
        read(PATIENT, OWN).token("narrow"),
        read(PATIENT, OWN).query("access_token=x"),
        read(PATIENT, OWN).version(Version::V3),
    ] {
        for _ in 0..4 {
            let answer = world.call(call.clone());
            assert_ne!(answer.status, 429);
            assert!(answer.header("ratelimit-limit").is_empty());
        }
    }
    for (call, status) in [
        (search(EOB, "_count=99"), 400),
        (read(PATIENT, OTHER), 404),
        (search(EOB, &format!("patient={OTHER}")), 403),
        (read(PATIENT, OWN), 429),
    ] {
        let answer = world.call(call);
        assert_eq!(answer.status, status);
        assert_eq!(told(&answer)[0], "3");
    }
    // Scope comes first, so an application at its limit still hears that its token does not allow this.
    assert_eq!(
        world.call(read(PATIENT, OWN).token("narrow")).refusal(),
        (403, "insufficient_scope".to_owned())
    );
    // So does a lock-down.
    world.lock_down("all", "");
    assert_eq!(world.read(PATIENT, OWN).status, 503);
}

#[test]
fn a_read_that_is_not_modified_is_told_too() {
    let world = world();
    let first = world.read(PATIENT, OWN);
    let etag = first.header("etag").to_owned();
    let answer = world.call(read(PATIENT, OWN).header("if-none-match", &etag));
    assert_eq!(answer.status, 304);
    assert_eq!(told(&answer), ["3", "1", "60"]);
}

#[test]
fn each_application_has_a_limit_of_its_own() {
    let world = world();
    for _ in 0..4 {
        world.read(PATIENT, OWN);
    }
    world.sql(
        "INSERT INTO application (id, client_id, client_name, client_name_key, token_endpoint_auth_method,
            redirect_uris, scope, scope_bits, data_access_type, requires_demographics, metadata, status,
            created_at, updated_at, request_id)
         SELECT 2, 'Bbcdefghij' || substr(client_id, 11), 'b', 'b', token_endpoint_auth_method, redirect_uris, scope, scope_bits,
            data_access_type, requires_demographics, metadata, status, 1, 1, 'r' FROM application",
    );
    world.sql(
        "INSERT INTO consent_grant (id, identity_id, application_id, scope, scope_bits, data_access_type,
            created_at, consented_at, expires_at, request_id)
         SELECT 2, identity_id, 2, scope, scope_bits, data_access_type, 1, 1, expires_at, 'r' FROM consent_grant",
    );
    world.sql(
        "INSERT INTO token_chain (id, code_id, grant_id, application_id, scope, scope_bits, flow_id,
            created_at, request_id)
         VALUES (2, 2, 2, 2, '', 1023, 'flow-2', 1, 'r')",
    );
    world.issue("of_the_other", "patient/*.read");
    let hash = SecretHash::of("of_the_other").hex();
    world.sql(&format!(
        "UPDATE access_token SET chain_id = 2 WHERE token_hash = x'{hash}'"
    ));
    let status = |token| world.call(read(PATIENT, OWN).token(token)).status;
    assert_eq!(status("of_the_other"), 200);
    assert_eq!(status(TOKEN), 429);
}

#[test]
fn instances_share_the_limit() {
    let world = World::with(&[("rate_limit_per_minute", "1000")]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    let mut instances: Vec<_> = (0..4).map(|_| world.app.clone()).collect();
    for instance in &mut instances {
        instance.limiter = RateLimiter::default();
    }
    let call = read(PATIENT, OWN);
    let accepted = (0..1200)
        .filter(|number| {
            let reply = block_on(serve(
                &instances[number % 4],
                &call.request(&world),
                call.target.clone(),
            ));
            reply.status() == StatusCode::OK
        })
        .count();
    assert!((900..=1000).contains(&accepted), "{accepted}");
}

#[test]
fn a_limit_that_is_used_up_costs_the_store_nothing() {
    let world = world();
    for _ in 0..4 {
        world.read(PATIENT, OWN);
    }
    *world.database.fails_on.lock().unwrap() = Some("rate_window");
    assert_eq!(world.read(PATIENT, OWN).status, 429);
    world.clock.advance_seconds(60);
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.refusal(), (503, "store_unavailable".to_owned()));
    answer.tells_nothing_of("Doe");
}

#[test]
fn on_v3_it_is_an_operation_outcome() {
    use crate::fhir::refusal::Refusal;
    let reply = Answer::from(Refusal::RateLimited(9).reply(Version::V3));
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "9");
    let issue = &reply.json()["issue"][0];
    assert_eq!(issue["code"], "throttled");
    assert_eq!(issue["details"]["coding"][0]["code"], "rate_limited");
}

/// Where the plan of a statement may depend on the value of a parameter, SQLite compiles it again at each use,
/// which costs more than all the rest of a read. In the hot statements a `+` stands before such parameters.
#[test]
fn no_statement_of_a_call_is_compiled_again() {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    for _ in 0..2 {
        world.read(PATIENT, OWN);
    }
    world.database.inner.recompiled();
    for _ in 0..100 {
        assert_eq!(world.read(PATIENT, OWN).status, 200);
    }
    assert_eq!(world.database.inner.recompiled(), [""; 0]);
}
