//! docs/contract/02-authorize.md, 07-fhir.md, 7.1 and 7.5: what FHIR calls count for.

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
    let mut host = 0;
    world.issue("narrow", "patient/Coverage.read");
    for call in [
        read(PATIENT, OWN).without_token(),
        read(PATIENT, OWN).token("unknown"),
        read(PATIENT, OWN).token("narrow"),
        read(PATIENT, OWN).query("access_token=x"),
        read(PATIENT, OWN).version(Version::V3),
    ] {
        for _ in 0..4 {
            host += 1;
            let answer = world.call(call.clone().from(&format!("203.0.113.{host}")));
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
    *world.database.fails_on.lock().unwrap() = Some("INTO rate_window");
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

/// A second person at the same application, with a token of its own.
fn second_person(world: &World) -> &'static str {
    world.sql(
        "INSERT INTO identity (id, issuer, subject, subject_length, patient_id, created_at, request_id)
         SELECT 77, issuer, x'7777', 2, patient_id || '77', 1, 'r' FROM identity WHERE id = 1",
    );
    world.sql(
        "INSERT INTO consent_grant (id, identity_id, application_id, scope, scope_bits, data_access_type,
            created_at, consented_at, expires_at, request_id)
         SELECT 77, 77, application_id, scope, scope_bits, data_access_type, 1, 1, expires_at, 'r' FROM consent_grant WHERE id = 1",
    );
    world.sql(
        "INSERT INTO token_chain (id, code_id, grant_id, application_id, scope, scope_bits, flow_id,
            created_at, request_id)
         SELECT 77, 77, 77, application_id, '', 1023, 'flow-77', 1, 'r' FROM token_chain WHERE id = 1",
    );
    world.issue("of_another_person", "patient/*.read");
    let hash = SecretHash::of("of_another_person").hex();
    world.sql(&format!(
        "UPDATE access_token SET chain_id = 77 WHERE token_hash = x'{hash}'"
    ));
    "of_another_person"
}

#[test]
fn one_persons_calls_do_not_use_up_what_others_may() {
    for limit in ["20", "6000"] {
        let world = World::with(&[
            ("rate_limit_per_minute", limit),
            ("person_limit_per_minute", "5"),
        ]);
        world.answers(resource(PATIENT, "", OWN).to_string());
        let other = second_person(&world);
        let status = |token| world.call(search(EOB, "_count=99").token(token)).status;
        let statuses: Vec<_> = (0..30).map(|_| status(TOKEN)).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 5);
        assert_eq!(statuses[5..], [429; 25]);
        assert_eq!(world.audited()[1..], ["refused", "rate_limited", "info"]);
        assert_eq!(world.audit().len(), 6, "one row of what was too much");
        assert_eq!([(); 5].map(|()| status(other)), [400; 5]);
        assert_eq!(status(other), 429);
        world.clock.advance_seconds(60);
        assert_eq!((status(TOKEN), status(other)), (400, 400));
    }
}

#[test]
fn a_persons_limit_holds_across_instances_and_is_told() {
    let world = World::with(&[("person_limit_per_minute", "50")]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    assert_eq!(told(&world.read(PATIENT, OWN)), ["50", "49", "60"]);
    let mut instances: Vec<_> = (0..3).map(|_| world.app.clone()).collect();
    for instance in &mut instances {
        instance.limiter = RateLimiter::default();
    }
    let call = read(PATIENT, OWN);
    let accepted = (0..300)
        .filter(|number| {
            // Each instance serves 20 calls, and another one takes its place.
            if number % 20 == 0 {
                instances[(number / 20) % 3].limiter = RateLimiter::default();
            }
            let instance = &instances[(number / 20) % 3];
            let reply = block_on(serve(instance, &call.request(&world), call.target.clone()));
            reply.status() == StatusCode::OK
        })
        .count();
    // What instances held back when they went, a tenth of the limit each, comes on top.
    assert!((49..=74).contains(&accepted), "{accepted}");
}

#[test]
fn a_call_costs_one_read_and_one_write_whatever_persons_used() {
    let world = World::with(&[("person_limit_per_minute", "600")]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    world.read(PATIENT, OWN);
    *world.database.fails_on.lock().unwrap() = Some("INTO rate_window");
    for _ in 0..11 {
        assert_eq!(world.read(PATIENT, OWN).status, 200);
    }
}

#[test]
fn without_a_token_calls_count_for_their_address_and_leave_few_rows() {
    let world = World::with(&[("rate_limit_per_minute", "200")]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    let calls = [
        read(PATIENT, OWN).without_token(),
        read(PATIENT, OWN).token("unknown"),
        read(PATIENT, OWN).token("not a token!"),
        read(PATIENT, OWN).without_token().query("access_token=x"),
        search(EOB, "").version(Version::V3).without_token(),
    ];
    for number in 0..2000 {
        let answer = world.call(calls[number % 5].clone());
        assert_eq!(answer.status == 429, number >= 200, "{number}");
        if number >= 200 {
            assert_eq!(answer.refusal().1, "rate_limited");
            assert_eq!(answer.header("retry-after"), "60");
        }
    }
    assert_eq!(world.audit().len(), 61);
    // Others are not concerned: neither another address nor whoever has a token here.
    let another = read(PATIENT, OWN).without_token().from("192.0.2.2");
    assert_eq!(world.call(another).status, 401);
    assert_eq!(world.read(PATIENT, OWN).status, 200);
    assert_eq!(world.audit().len(), 63);
    // Another instance leaves no second row of the same minute.
    let mut instance = world.app.clone();
    instance.limiter = RateLimiter::default();
    let reply = block_on(serve(
        &instance,
        &calls[0].request(&world),
        calls[0].target.clone(),
    ));
    assert_eq!(reply.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(world.audit().len(), 63);
    world.clock.advance_seconds(60);
    assert_eq!(world.call(calls[0].clone()).status, 401);
    assert_eq!(world.audit().len(), 64);
}

#[test]
fn a_token_that_ran_out_is_its_applications_and_no_strangers() {
    let world = World::with(&[("rate_limit_per_minute", "3")]);
    world.sql("UPDATE access_token SET expires_at = 1");
    for _ in 0..5 {
        assert_eq!(world.read(PATIENT, OWN).status, 401);
    }
    let stranger = read(PATIENT, OWN).without_token();
    assert_eq!(
        [(); 3].map(|()| world.call(stranger.clone()).status),
        [401; 3]
    );
    assert_eq!(world.call(stranger).status, 429);
}
