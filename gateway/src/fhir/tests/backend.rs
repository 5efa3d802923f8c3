//! docs/contract/07-fhir.md, 7.5: what the backend's answers and failures become.

use super::*;

fn detail(answer: &Answer) -> String {
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[test]
fn unknown_is_404() {
    let world = World::new();
    world.answers_with(
        404,
        &[],
        r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"HAPI-0971: Resource ExplanationOfBenefit/carrier-9 is not known"}]}"#,
    );
    let answer = world.read(EOB, "carrier-9");
    assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
    answer.tells_nothing_of("HAPI");
}

#[test]
fn other_4xx_with_diagnostics_are_400_without_a_word_of_them() {
    let world = World::new();
    let known = detail_of(&world, 400, "Invalid pageSize '0'");
    let unknown = detail_of(&world, 400, "words");
    assert_ne!(known, unknown);
    for status in [400, 405, 409, 410, 422] {
        for secret in [
            "Patient/-20140000008326",
            "1S00-E00-AA00",
            "123-45-6789",
            "Jane Doe, 1941-02-03",
        ] {
            assert_eq!(
                detail_of(&world, status, &format!("Failed: {secret} is odd")),
                unknown
            );
            assert_eq!(
                detail_of(&world, status, &format!("Invalid pageSize '{secret}'")),
                known
            );
        }
    }
}

/// What a client is told where the backend says so.
fn detail_of(world: &World, status: u16, diagnostics: &str) -> String {
    let issue = json!([{ "severity": "error", "code": "processing", "diagnostics": diagnostics }]);
    let outcome = json!({ "resourceType": "OperationOutcome", "issue": issue });
    world.answers_with(status, &[], &outcome.to_string());
    let answer = world.search(EOB, "");
    assert_eq!(answer.refusal(), (400, "backend_rejected".to_owned()));
    detail(&answer)
}

#[test]
fn other_4xx_without_diagnostics_are_502() {
    let world = World::new();
    for body in [
        "",
        "<html>no</html>",
        "{}",
        r#"{"resourceType":"OperationOutcome"}"#,
    ] {
        world.answers_with(400, &[], body);
        let answer = world.search(EOB, "");
        assert_eq!(answer.refusal(), (502, "backend_error".to_owned()));
        assert_eq!(detail(&answer), INTERNAL);
    }
}

#[test]
fn our_own_wrong_credentials_redirects_and_5xx_are_502() {
    let world = World::new();
    for status in [
        401, 403, 301, 302, 304, 307, 500, 501, 502, 503, 504, 201, 204, 206,
    ] {
        world.answers_with(status, &[("location", "http://inside:1/")], "secret text");
        let answer = world.search(EOB, "");
        assert_eq!(
            answer.refusal(),
            (502, "backend_error".to_owned()),
            "{status}"
        );
        assert_eq!(detail(&answer), INTERNAL);
        answer.tells_nothing_of("secret");
        answer.tells_nothing_of("inside");
        assert!(answer.header("www-authenticate").is_empty());
    }
    assert_eq!(world.asked().len(), 14, "none of them is retried");
}

#[test]
fn wrong_credentials_of_ours_are_told_apart_in_the_audit() {
    let world = World::new();
    world.answers_with(401, &[], "");
    world.search(EOB, "");
    assert_eq!(
        world.audited(),
        ["fhir.search", "failed", "backend_credentials", "info"]
    );
    assert_eq!(world.audit()[0]["backend_status"], Value::Integer(401));
}

#[test]
fn a_busy_backend_is_503_with_retry_after() {
    let world = World::new();
    for (value, wanted) in [
        ("7", "7"),
        ("x", "5"),
        ("0", "5"),
        ("999999", "5"),
        ("Wed, 21 Oct 2026 07:28:00 GMT", "5"),
    ] {
        world.answers_with(429, &[("retry-after", value)], "");
        let answer = world.search(EOB, "");
        assert_eq!(answer.refusal(), (503, "backend_busy".to_owned()));
        assert_eq!(answer.header("retry-after"), wanted);
        assert_eq!(detail(&answer), INTERNAL);
    }
}

#[test]
fn failures_of_the_connection_have_their_status() {
    for (error, status, code, tries) in [
        (UpstreamError::Connect, 502, "backend_unreachable", 2),
        (UpstreamError::Denied, 502, "backend_unreachable", 1),
        (UpstreamError::Timeout, 504, "backend_timeout", 1),
        (UpstreamError::Broken, 502, "backend_error", 1),
        (UpstreamError::TooLarge, 502, "backend_error", 1),
    ] {
        let world = World::new();
        world.backend(move |_| Err(error));
        let answer = world.search(EOB, "");
        assert_eq!(answer.refusal(), (status, code.to_owned()));
        assert_eq!(detail(&answer), INTERNAL);
        assert_eq!(world.asked().len(), tries, "{error}");
        // The operator is told which it was; the client is not.
        let lines = world.log.0.lock().unwrap();
        assert!(lines.iter().any(|line| line.contains(&error.to_string())));
    }
}

#[test]
fn a_failed_connection_is_retried_once() {
    let world = World::new();
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let body = Bytes::from(bundle(EOB, 0, &[], &[]).to_string());
    world.backend(move |_| {
        if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            Err(UpstreamError::Connect)
        } else {
            Ok(ok(body.clone()))
        }
    });
    assert_eq!(world.search(EOB, "").status, 200);
    assert_eq!(world.asked().len(), 2);
}

#[test]
fn the_retry_has_only_what_is_left_of_the_time() {
    let world = World::new();
    let clock = world.clock.clone();
    world.backend(move |_| {
        clock.advance_seconds(20);
        Err(UpstreamError::Connect)
    });
    assert_eq!(world.search(EOB, "").status, 502);
    assert_eq!(
        world.backend.requests.lock().unwrap()[1].timeout.as_secs(),
        10
    );

    let world = World::new();
    let clock = world.clock.clone();
    world.backend(move |_| {
        clock.advance_seconds(31);
        Err(UpstreamError::Connect)
    });
    assert_eq!(world.search(EOB, "").status, 504);
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn a_gzip_answer_is_inflated_and_read() {
    let world = World::new();
    let body = gzip(resource(PATIENT, "", OWN).to_string().as_bytes());
    world.backend(move |_| {
        let mut response = ok(Bytes::from(body.clone()));
        response
            .headers
            .insert("content-encoding", "gzip".parse().unwrap());
        Ok(response)
    });
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.json()["id"], OWN);
    assert!(answer.header("content-encoding").is_empty());
}

#[test]
fn broken_or_unknown_encodings_and_bombs_are_502() {
    let whole = gzip(resource(PATIENT, "", OWN).to_string().as_bytes());
    for (encoding, body) in [
        ("gzip", b"plain".to_vec()),
        ("gzip", whole[..whole.len() - 1].to_vec()),
        ("gzip", [&whole[..], &whole[..]].concat()),
        ("gzip", [&whole[..], b"Patient/7"].concat()),
        ("gzip", gzip(&vec![b' '; 64 * 1024 * 1024 + 1])),
        ("br", whole.clone()),
        ("gzip, gzip", whole.clone()),
        ("", whole.clone()),
    ] {
        let world = World::new();
        world.backend(move |_| {
            let mut response = ok(Bytes::from(body.clone()));
            response
                .headers
                .insert("content-encoding", encoding.parse().unwrap());
            Ok(response)
        });
        assert_eq!(
            world.read(PATIENT, OWN).refusal(),
            (502, "backend_error".to_owned()),
            "{encoding}"
        );
    }
}

#[test]
fn errors_on_v3_are_operation_outcomes() {
    use crate::fhir::refusal::Refusal;
    let reply = Answer::from(Refusal::BackendBusy(9).reply(Version::V3));
    assert_eq!(reply.status, 503);
    assert_eq!(reply.header("content-type"), "application/fhir+json");
    assert_eq!(reply.header("retry-after"), "9");
    let json = reply.json();
    assert_eq!(json["resourceType"], "OperationOutcome");
    assert_eq!(json["issue"][0]["severity"], "error");
    assert_eq!(
        json["issue"][0]["details"]["coding"][0]["code"],
        "backend_busy"
    );
    assert_eq!(json["issue"][0]["diagnostics"], INTERNAL);
}

#[test]
fn errors_on_v1_and_v2_are_detail_and_code_and_are_not_cached() {
    for version in [Version::V1, Version::V2] {
        let world = World::new();
        let answer = world.call(search(EOB, "").version(version));
        assert_eq!(
            answer.json(),
            json!({ "detail": INTERNAL, "code": "backend_unreachable" })
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}
