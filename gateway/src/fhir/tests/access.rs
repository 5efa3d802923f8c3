//! docs/contract/07-fhir.md, 7.1 and 7.2: the order of checks, tokens and scopes.

use super::*;

fn patient_is_there() -> World {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    world
}

#[test]
fn a_live_token_reads_the_persons_data() {
    let world = patient_is_there();
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["id"], OWN);
}

#[test]
fn no_credentials_get_a_challenge_without_error() {
    let world = patient_is_there();
    for call in [
        read(PATIENT, OWN).without_token(),
        read(PATIENT, OWN).header("authorization", "Basic YTpi"),
    ] {
        let answer = world.call(call);
        assert_eq!(answer.refusal(), (401, "no_credentials".to_owned()));
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(!answer.header("www-authenticate").contains("error"));
    }
    assert!(world.asked().is_empty());
}

#[test]
fn unknown_expired_and_ended_tokens_are_invalid() {
    let invalid = |world: &World, call: Call| {
        let answer = world.call(call);
        assert_eq!(answer.refusal(), (401, "invalid_token".to_owned()));
        assert!(
            answer
                .header("www-authenticate")
                .contains(r#"error="invalid_token""#)
        );
        assert!(world.asked().is_empty());
    };
    let world = patient_is_there();
    for token in [
        "unknown",
        "",
        " ",
        "a b",
        "ä",
        &"x".repeat(2000),
        &TOKEN[1..],
    ] {
        invalid(&world, read(PATIENT, OWN).token(token));
    }
    let mut twice = read(PATIENT, OWN);
    twice
        .headers
        .append("authorization", HeaderValue::from_static("Bearer other"));
    invalid(&world, twice);

    let world = patient_is_there();
    world.clock.advance_seconds(3600);
    world.sql("UPDATE consent_grant SET expires_at = NULL");
    invalid(&world, read(PATIENT, OWN));

    let world = patient_is_there();
    world.sql("UPDATE token_chain SET ended_at = 1, end_reason = 'reuse'");
    invalid(&world, read(PATIENT, OWN));
}

#[test]
fn the_scheme_is_read_in_any_case() {
    let world = patient_is_there();
    let call = read(PATIENT, OWN).header("authorization", &format!("bEARER  {TOKEN}"));
    assert_eq!(world.call(call).status, 200);
}

#[test]
fn an_inactive_application_is_refused_with_the_text() {
    for status in ["suspended", "pending"] {
        let world = patient_is_there();
        world.sql(&format!("UPDATE application SET status = '{status}'"));
        let answer = world.read(PATIENT, OWN);
        assert_eq!(answer.refusal(), (401, "application_inactive".to_owned()));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with("This application, Säule App, is temporarily inactive."));
    }
}

#[test]
fn a_grant_past_its_end_is_expired() {
    let world = patient_is_there();
    world.clock.advance_seconds(1000);
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.refusal(), (401, "grant_expired".to_owned()));
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[test]
fn a_revoked_grant_is_told_from_an_ended_chain() {
    let world = patient_is_there();
    world.sql("UPDATE consent_grant SET ended_at = 5, end_reason = 'revoked'");
    let ended = world.sql("SELECT ended_at FROM token_chain");
    assert_eq!(ended, [[Value::Integer(5)]], "the trigger ends the chain");
    assert_eq!(
        world.read(PATIENT, OWN).refusal(),
        (403, "grant_revoked".to_owned())
    );
}

#[test]
fn lock_down_comes_first() {
    for (kind, target) in [("all", ""), ("application", CLIENT), ("version", "v2")] {
        let world = patient_is_there();
        world.lock_down(kind, target);
        world.sql("UPDATE application SET status = 'suspended'");
        let answer = world.read(PATIENT, OWN);
        assert_eq!(answer.refusal(), (503, "locked_down".to_owned()), "{kind}");
        assert_eq!(answer.json()["detail"], INTERNAL);
        assert!(!answer.header("retry-after").is_empty());
        assert!(world.asked().is_empty());
    }
    let world = patient_is_there();
    world.lock_down("all", "");
    let answer = world.call(read(PATIENT, OWN).without_token());
    assert_eq!(answer.status, 503, "also before the bearer is looked at");
}

#[test]
fn a_lock_down_of_something_else_or_lifted_does_not_hold() {
    let world = patient_is_there();
    world.lock_down("version", "v1");
    world.lock_down("application", &"x".repeat(40));
    world.lock_down("all", "");
    world.sql("UPDATE lock_down SET lifted_at = 2, lift_reason = 'over', lifted_by = 'op' WHERE kind = 'all'");
    assert_eq!(world.read(PATIENT, OWN).status, 200);
    let answer = world.call(read(PATIENT, OWN).version(Version::V1));
    assert_eq!(answer.status, 503);
}

#[test]
fn a_token_in_query_or_form_is_refused() {
    let world = patient_is_there();
    for call in [
        read(PATIENT, OWN).query(&format!("access_token={TOKEN}")),
        read(PATIENT, OWN)
            .without_token()
            .query(&format!("access_token={TOKEN}")),
        search(EOB, "access%5Ftoken=x"),
        search(EOB, "").form(&format!("access_token={TOKEN}")),
    ] {
        let answer = world.call(call);
        assert_eq!(answer.refusal(), (400, "token_in_query".to_owned()));
        answer.tells_nothing_of(TOKEN);
    }
}

/// docs/contract/07-fhir.md, 7.2: which scope opens which route.
#[test]
fn each_scope_opens_its_routes_and_no_other() {
    let world = World::new();
    world.backend(|request| {
        let kind = ResourceType::ALL
            .into_iter()
            .find(|kind| request.url.contains(&format!("/fhir/{}", kind.name())))
            .unwrap();
        let body = if request.url.contains('?') {
            bundle(kind, 0, &[], &[])
        } else {
            resource(kind, "x", OWN)
        };
        Ok(ok(Bytes::from(body.to_string())))
    });
    let letters = ["r", "s", "rs", "read"];
    for (number, scope_type) in ["Patient", "Coverage", "ExplanationOfBenefit", "*"]
        .iter()
        .enumerate()
    {
        for letter in letters {
            if *scope_type == "*" && letter.len() == 1 {
                continue;
            }
            let token = format!("token-{number}-{letter}");
            world.issue(&token, &format!("openid patient/{scope_type}.{letter}"));
            for kind in ResourceType::ALL {
                let covered = *scope_type == "*" || *scope_type == kind.name();
                let id = if kind == PATIENT { OWN } else { "x" };
                let read = world.call(read(kind, id).token(&token));
                let search = world.call(search(kind, "").token(&token));
                let reads = covered && letter != "s";
                let searches = covered && letter != "r";
                assert_eq!(
                    read.status,
                    if reads { 200 } else { 403 },
                    "{scope_type}.{letter} {kind:?}"
                );
                assert_eq!(
                    search.status,
                    if searches { 200 } else { 403 },
                    "{scope_type}.{letter} {kind:?}"
                );
            }
        }
    }
    world.issue("none", "openid profile launch/patient offline_access");
    for kind in ResourceType::ALL {
        assert_eq!(world.call(search(kind, "").token("none")).status, 403);
    }
}

#[test]
fn insufficient_scope_names_the_scope() {
    let world = patient_is_there();
    world.issue("narrow", "patient/Coverage.read");
    let answer = world.call(read(PATIENT, OWN).token("narrow"));
    assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()));
    assert_eq!(
        answer.header("www-authenticate"),
        r#"Bearer realm="bluegate", error="insufficient_scope", scope="patient/Patient.read""#
    );
    assert!(world.asked().is_empty());
}

#[test]
fn a_token_allows_no_more_than_its_grant() {
    let world = patient_is_there();
    let coverage = ScopeSet::parse("patient/Coverage.read")
        .unwrap()
        .permissions()
        .bits();
    world.sql(&format!("UPDATE consent_grant SET scope_bits = {coverage}"));
    assert_eq!(world.read(PATIENT, OWN).status, 403);
}

#[test]
fn scope_comes_before_parameters() {
    let world = patient_is_there();
    world.issue("narrow", "patient/Coverage.read");
    assert_eq!(
        world.call(search(EOB, "_count=99").token("narrow")).status,
        403
    );
    assert_eq!(world.search(EOB, "_count=99").status, 400);
}

#[test]
fn v3_is_off_until_switched_on() {
    let world = patient_is_there();
    let answer = world.call(read(PATIENT, OWN).version(Version::V3));
    assert_eq!(answer.status, 404);
    let json = answer.json();
    assert_eq!(json["resourceType"], "OperationOutcome");
    assert_eq!(
        json["issue"][0]["details"]["coding"][0]["code"],
        "version_off"
    );
}

/// The ids of v1 and v2 mean other people on v3.
#[test]
fn an_id_of_one_space_is_never_used_in_the_other() {
    let world = World::with(&[("v3_enabled", "true")]);
    world.answers(resource(PATIENT, "", OWN).to_string());
    let answer = world.call(read(PATIENT, OWN).version(Version::V3));
    assert_eq!(answer.status, 403);
    let json = answer.json();
    assert_eq!(
        json["issue"][0]["details"]["coding"][0]["code"],
        "no_patient_in_version"
    );
    assert!(world.asked().is_empty());
}

#[test]
fn a_store_that_does_not_answer_releases_nothing() {
    let world = patient_is_there();
    *world.database.fails_on.lock().unwrap() = Some("access_token");
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.refusal(), (503, "store_unavailable".to_owned()));
    assert!(world.asked().is_empty());
}

#[test]
fn authenticate_gives_what_userinfo_needs() {
    let world = World::new();
    let request = read(PATIENT, OWN).request(&world);
    let places = crate::fhir::access::Places::Header;
    let found = crate::fhir::access::authenticate(&world.app, &request, Version::V2, places);
    let token = block_on(found).unwrap();
    assert_eq!(token.client_id(), CLIENT);
    assert_eq!(token.client_name(), "Säule App");
    assert_eq!(token.patients().shared().as_str(), OWN);
    assert_eq!(token.flow_id(), "flow-1");
    assert_eq!(
        (token.chain_id(), token.grant_id(), token.identity_id()),
        (1, 1, 1)
    );
}

/// docs/contract/07-fhir.md, 7.1: each fault is told only when all before it are mended.
#[test]
fn of_several_faults_the_first_in_the_order_of_the_contract_is_told() {
    for version in [Version::V1, Version::V2, Version::V3] {
        let world = World::with(&[("rate_limit_per_minute", "2"), ("v3_enabled", "true")]);
        world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN}'"));
        world.issue("narrow", "patient/Coverage.read");
        world.lock_down("all", "");
        world.sql("UPDATE application SET status = 'suspended'");
        world.sql("UPDATE consent_grant SET ended_at = 5, end_reason = 'revoked'");
        // Uses the limit up for everybody but the store's own row of it.
        let call = |token: &str| {
            search(EOB, "_count=51&_format=xml&patient=7")
                .version(version)
                .token(token)
        };
        let is = |token: &str, status: u16, code: &str| {
            let answer = world.call(call(token));
            assert_eq!(answer.refusal(), (status, code.to_owned()), "{version:?}");
        };
        is("unknown", 503, "locked_down");
        world.sql("UPDATE lock_down SET lifted_at = 2, lift_reason = 'over', lifted_by = 'op'");
        is("unknown", 401, "invalid_token");
        is("narrow", 401, "application_inactive");
        world.sql("UPDATE application SET status = 'active'");
        is("narrow", 403, "grant_revoked");

        // A grant never lives again, so another world.
        let world = World::with(&[("rate_limit_per_minute", "2"), ("v3_enabled", "true")]);
        world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN}'"));
        world.issue("narrow", "patient/Coverage.read");
        let is = |call: Call, status: u16, code: &str| {
            let answer = world.call(call.version(version));
            assert_eq!(answer.refusal(), (status, code.to_owned()), "{version:?}");
        };
        world.answers(bundle(EOB, 0, &[], &[]).to_string());
        is(call("narrow"), 403, "insufficient_scope");
        is(call(TOKEN), 400, "invalid_parameter");
        is(search(EOB, "_format=xml&patient=7"), 406, "not_acceptable");
        // Both calls of this minute are used up: what is wrong with the parameters is no longer told.
        is(call(TOKEN), 429, "rate_limited");
        assert!(world.asked().is_empty(), "nothing of all this is asked");
        world.clock.advance_seconds(60);
        is(search(EOB, "patient=7"), 403, "other_person");
        // The backend, then the guard, then the permit.
        let foreign = json!({
            "resourceType": "Bundle", "type": "searchset", "total": 1,
            "entry": [{ "resource": resource(EOB, "x", OTHER) }],
        });
        let (database, text) = (world.database.clone(), foreign.to_string());
        world.backend(move |_| {
            database.run("UPDATE consent_grant SET ended_at = 5, end_reason = 'revoked'");
            Ok(ok(Bytes::from(text.clone())))
        });
        is(search(EOB, ""), 502, "release_guard");
    }
}
