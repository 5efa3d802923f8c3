//! Section 7.4: a rogue backend on every route and both versions. Nothing foreign leaves in any byte.

use super::*;

/// What a rogue backend may put into one resource. The second value tells whether the body parses and
/// names another owner: the only thing that an application can cause itself, by guessing an id.
fn rogue(kind: ResourceType) -> Vec<(&'static str, Vec<u8>, bool)> {
    let own = resource(kind, "x", OWN);
    let text = own.to_string();
    let with = |name: &str, value: Json| {
        let mut changed = own.clone();
        changed[name] = value;
        changed.to_string().into_bytes()
    };
    let without = |name: &str| {
        let mut changed = own.clone();
        changed.as_object_mut().unwrap().shift_remove(name);
        changed.to_string().into_bytes()
    };
    let (owner, duplicate) = match kind {
        ResourceType::Patient => ("id", format!(r#""id":"{OTHER}","#)),
        ResourceType::Coverage => (
            "beneficiary",
            format!(r#""beneficiary":{{"reference":"Patient/{OTHER}"}},"#),
        ),
        ResourceType::ExplanationOfBenefit => (
            "patient",
            format!(r#""patient":{{"reference":"Patient/{OTHER}"}},"#),
        ),
    };
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let mut invalid_utf8 = with("note", json!("@"));
    let at = invalid_utf8.iter().position(|byte| *byte == b'@').unwrap();
    invalid_utf8[at] = 0xff;
    let mut cases = vec![
        (
            "another person's resource",
            resource(kind, "x", OTHER).to_string().into_bytes(),
            true,
        ),
        (
            "an id that is a prefix",
            resource(kind, "x", &OWN[..OWN.len() - 1])
                .to_string()
                .into_bytes(),
            true,
        ),
        (
            "an id that is longer",
            resource(kind, "x", &format!("{OWN}0"))
                .to_string()
                .into_bytes(),
            true,
        ),
        ("no owner", without(owner), false),
        (
            "a duplicate owner",
            text.replacen('{', &format!("{{{duplicate}"), 1)
                .into_bytes(),
            false,
        ),
        (
            "a foreign id in contained",
            with(
                "contained",
                json!([{ "resourceType": "Patient", "id": OTHER }]),
            ),
            false,
        ),
        (
            "a foreign reference in contained",
            with(
                "contained",
                json!([{ "resourceType": "Group", "member": { "reference": format!("Patient/{OTHER}") } }]),
            ),
            false,
        ),
        (
            "a foreign reference with escapes",
            text.replacen(
                '{',
                &format!(r#"{{"x":{{"reference":"\u0050atient\/{OTHER}"}},"#),
                1,
            )
            .into_bytes(),
            false,
        ),
        (
            "an unexpected type",
            with("resourceType", json!("Claim")),
            false,
        ),
        (
            "an OperationOutcome",
            br#"{"resourceType":"OperationOutcome"}"#.to_vec(),
            false,
        ),
        ("no type", without("resourceType"), false),
        (
            "truncated JSON",
            text.as_bytes()[..text.len() - 1].to_vec(),
            false,
        ),
        ("trailing garbage", format!("{text}x").into_bytes(), false),
        (
            "a second document",
            format!("{text}{}", resource(kind, "x", OTHER)).into_bytes(),
            false,
        ),
        (
            "deep nesting",
            text.replacen('{', &format!(r#"{{"deep":{deep},"#), 1)
                .into_bytes(),
            false,
        ),
        ("invalid UTF-8", invalid_utf8, false),
        (
            "a byte order mark",
            format!("\u{feff}{text}").into_bytes(),
            false,
        ),
        ("nothing", Vec::new(), false),
        ("HTML", b"<html></html>".to_vec(), false),
        ("null", b"null".to_vec(), false),
    ];
    if kind != PATIENT {
        for (name, reference) in [
            (
                "an owner at a third host",
                format!("https://third.example/v2/fhir/Patient/{OWN}"),
            ),
            (
                "an owner at a third host, foreign",
                format!("https://third.example/v2/fhir/Patient/{OTHER}"),
            ),
            ("an owner without type", OWN.to_owned()),
        ] {
            cases.push((name, with(owner, json!({ "reference": reference })), false));
        }
    }
    cases
}

#[test]
fn on_a_read_foreign_is_404_like_unknown_and_the_rest_is_502() {
    for version in [Version::V1, Version::V2] {
        for kind in ResourceType::ALL {
            let world = World::new();
            for (calls, (name, body, foreign)) in rogue(kind).into_iter().enumerate() {
                world.answers(body);
                let id = if kind == PATIENT { OWN } else { "x" };
                let answer = world.call(read(kind, id).version(version));
                answer.tells_nothing_of(OTHER);
                assert_eq!(world.audit().len(), calls + 1, "{kind:?} {name}");
                if foreign {
                    assert_eq!(
                        answer.refusal(),
                        (404, "not_found".to_owned()),
                        "{kind:?} {name}"
                    );
                    assert_eq!(
                        world.audited(),
                        ["fhir.read", "refused", "release_guard_foreign", "warning"],
                        "{kind:?} {name}"
                    );
                } else {
                    assert_eq!(
                        answer.refusal(),
                        (502, "release_guard".to_owned()),
                        "{kind:?} {name}"
                    );
                    assert_eq!(answer.json()["detail"], INTERNAL);
                    assert_eq!(
                        world.audited(),
                        ["fhir.read", "failed", "release_guard", "critical"],
                        "{kind:?} {name}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_foreign_read_looks_exactly_like_an_unknown_id() {
    let world = World::new();
    world.answers(resource(EOB, "x", OTHER).to_string());
    let mut foreign = world.read(EOB, "x");
    world.answers_with(404, &[], "");
    let mut unknown = world.read(EOB, "x");
    // Each call is one less, whatever it was.
    for (answer, left) in [(&mut foreign, "5999"), (&mut unknown, "5998")] {
        for name in ["ratelimit-remaining", "x-ratelimit-remaining"] {
            assert_eq!(answer.headers.remove(name).unwrap(), left);
        }
    }
    assert_eq!(
        (foreign.status, &foreign.body, &foreign.headers),
        (unknown.status, &unknown.body, &unknown.headers)
    );
}

#[test]
fn on_a_search_everything_unproved_is_502_and_critical() {
    for version in [Version::V1, Version::V2] {
        for kind in ResourceType::ALL {
            let world = World::new();
            for (name, body, _) in rogue(kind) {
                for whole_body in [false, true] {
                    let page = if whole_body {
                        body.clone()
                    } else {
                        in_a_page_of_50(kind, &body)
                    };
                    world.answers(page);
                    let answer = world.call(search(kind, "_count=50").version(version));
                    assert_eq!(
                        answer.refusal(),
                        (502, "release_guard".to_owned()),
                        "{kind:?} {name}"
                    );
                    answer.tells_nothing_of(OTHER);
                    assert_eq!(
                        world.audited(),
                        ["fhir.search", "failed", "release_guard", "critical"],
                        "{kind:?} {name}"
                    );
                    assert!(
                        !world
                            .log
                            .0
                            .lock()
                            .unwrap()
                            .iter()
                            .any(|line| line.contains(OTHER) || line.contains(OWN))
                    );
                }
            }
        }
    }
}

/// 49 entries of the person and one that is not, in the middle.
fn in_a_page_of_50(kind: ResourceType, rogue: &[u8]) -> Vec<u8> {
    let entry = json!({ "resource": resource(kind, "x", OWN) }).to_string();
    let mut page = br#"{"resourceType":"Bundle","type":"searchset","total":50,"entry":["#.to_vec();
    for index in 0..50 {
        if index > 0 {
            page.push(b',');
        }
        if index == 25 {
            page.extend_from_slice(br#"{"resource":"#);
            page.extend_from_slice(rogue);
            page.push(b'}');
        } else {
            page.extend_from_slice(entry.as_bytes());
        }
    }
    page.extend_from_slice(b"]}");
    page
}

#[test]
fn the_guard_reads_gzip_bodies_too() {
    let world = World::new();
    let body = gzip(resource(EOB, "x", OTHER).to_string().as_bytes());
    world.backend(move |_| {
        let mut response = ok(Bytes::from(body.clone()));
        response
            .headers
            .insert("content-encoding", "gzip".parse().unwrap());
        Ok(response)
    });
    let answer = world.call(read(EOB, "x").header("accept-encoding", "gzip"));
    assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
    assert!(answer.header("content-encoding").is_empty());
}

#[test]
fn the_count_and_the_page_past_the_end_are_guarded_too() {
    let foreign = json!({
        "resourceType": "Bundle", "type": "searchset", "total": 1,
        "entry": [{ "resource": resource(EOB, "x", OTHER) }],
    });
    let world = World::new();
    world.answers(foreign.to_string());
    assert_eq!(
        world.search(EOB, "_count=0").refusal(),
        (502, "release_guard".to_owned())
    );
    let outcome = r#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"startIndex"}]}"#;
    world.backend(move |request| {
        if request.url.contains("startIndex") {
            let mut response = ok(Bytes::from_static(outcome.as_bytes()));
            response.status = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
        Ok(ok(Bytes::from(foreign.to_string())))
    });
    assert_eq!(
        world.search(EOB, "startIndex=9").refusal(),
        (502, "release_guard".to_owned())
    );
}

#[test]
fn the_backends_headers_are_not_passed_on() {
    let world = World::new();
    let body = resource(PATIENT, "", OWN).to_string();
    world.answers_with(
        200,
        &[
            ("x-secret", OTHER),
            ("set-cookie", "a=b"),
            ("etag", "W/\"9\""),
            ("content-location", "http://backend/x"),
        ],
        &body,
    );
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.status, 200);
    answer.tells_nothing_of(OTHER);
    let mut names: Vec<_> = answer.headers.keys().map(HeaderName::as_str).collect();
    names.retain(|name| !name.contains("ratelimit"));
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "content-type", "etag", "vary"]);
}
