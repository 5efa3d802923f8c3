//! docs/contract/07-fhir.md, 7.4: a rogue backend on every route of every version. Nothing foreign leaves in any byte.

use super::*;

/// The person of the token, in the id space of v3.
const OWN_IN_V3: &str = "400000000077";

/// Whose data a rogue backend mixes into whose.
#[derive(Clone, Copy)]
struct People {
    own: &'static str,
    /// Somebody else. On v3 it is the very person's id in the other id space, which there is a stranger's.
    other: &'static str,
}

impl People {
    const fn of(version: Version) -> Self {
        match version {
            Version::V1 | Version::V2 => Self {
                own: OWN,
                other: OTHER,
            },
            Version::V3 => Self {
                own: OWN_IN_V3,
                other: OWN,
            },
        }
    }
}

/// One thing that a rogue backend may put into a resource.
struct Rogue {
    name: &'static str,
    body: Vec<u8>,
    /// The body parses and names another owner: the only thing that an application can cause itself, by
    /// guessing an id.
    foreign: bool,
}

impl Rogue {
    fn foreign(name: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            body: body.into(),
            foreign: true,
        }
    }

    fn unproved(name: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            body: body.into(),
            foreign: false,
        }
    }

    /// All of them, for a resource type.
    fn all(kind: ResourceType, People { own, other }: People) -> Vec<Self> {
        let mine = resource(kind, "x", own);
        let text = mine.to_string();
        let with = |name: &str, value: Json| {
            let mut changed = mine.clone();
            changed[name] = value;
            changed.to_string()
        };
        let first = |members: &str| text.replacen('{', &format!("{{{members},"), 1);
        let last = |members: &str| format!("{},{members}}}", &text[..text.len() - 1]);
        let (owner, foreign_owner, escaped_owner) = match kind {
            PATIENT => (
                "id",
                format!(r#""id":"{other}""#),
                format!(r#""id":"\u00{:02x}{}""#, other.as_bytes()[0], &other[1..]),
            ),
            COVERAGE => (
                "beneficiary",
                format!(r#""beneficiary":{{"reference":"Patient/{other}"}}"#),
                format!(r#""beneficiary":{{"reference":"\u0050atient\/{other}"}}"#),
            ),
            EOB => (
                "patient",
                format!(r#""patient":{{"reference":"Patient/{other}"}}"#),
                format!(r#""patient":{{"refer\u0065nce":"Pati\u0065nt\/{other}"}}"#),
            ),
        };
        let mut ownerless = mine.clone();
        ownerless.as_object_mut().unwrap().shift_remove(owner);
        // More than v3 says of a part of Medicare that the person does not have.
        ownerless["status"] = json!("active");
        let ownerless = ownerless.to_string();
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        let mut invalid_utf8 = with("note", json!("@")).into_bytes();
        let at = invalid_utf8.iter().position(|byte| *byte == b'@').unwrap();
        invalid_utf8[at] = 0xff;
        let escaped = format!("{},{escaped_owner}}}", &ownerless[..ownerless.len() - 1]);
        let mut all = vec![
            Self::foreign(
                "another person's resource",
                resource(kind, "x", other).to_string(),
            ),
            Self::foreign(
                "an id that is a prefix",
                resource(kind, "x", &own[..own.len() - 1]).to_string(),
            ),
            Self::foreign(
                "an id that is longer",
                resource(kind, "x", &format!("{own}0")).to_string(),
            ),
            Self::foreign("an owner with escaped characters", escaped),
            Self::unproved("no owner", ownerless),
            Self::unproved("a duplicate owner, the other first", first(&foreign_owner)),
            Self::unproved("a duplicate owner, the other last", last(&foreign_owner)),
            Self::unproved("a duplicate owner, escaped", last(&escaped_owner)),
            Self::unproved(
                "a foreign id in contained",
                with(
                    "contained",
                    json!([{ "resourceType": "Patient", "id": other }]),
                ),
            ),
            Self::unproved(
                "a foreign reference in contained",
                with(
                    "contained",
                    json!([{ "resourceType": "Group", "member": { "reference": format!("Patient/{other}") } }]),
                ),
            ),
            Self::unproved(
                "a foreign reference with escapes",
                first(&format!(r#""x":{{"reference":"\u0050atient\/{other}"}}"#)),
            ),
            Self::unproved("an unexpected type", with("resourceType", json!("Claim"))),
            Self::unproved(
                "an OperationOutcome",
                r#"{"resourceType":"OperationOutcome"}"#,
            ),
            Self::unproved("truncated JSON", &text.as_bytes()[..text.len() - 1]),
            Self::unproved("trailing garbage", format!("{text}x")),
            Self::unproved(
                "a second document",
                format!("{text}{}", resource(kind, "x", other)),
            ),
            Self::unproved("deep nesting", first(&format!(r#""deep":{deep}"#))),
            Self::unproved("invalid UTF-8", invalid_utf8),
            Self::unproved("a byte order mark", format!("\u{feff}{text}")),
            Self::unproved("nothing", ""),
            Self::unproved("HTML", "<html></html>"),
            Self::unproved("null", "null"),
        ];
        if kind != PATIENT {
            for (name, reference) in [
                (
                    "an owner at a third host",
                    format!("https://third.example/v2/fhir/Patient/{own}"),
                ),
                (
                    "an owner at a third host, foreign",
                    format!("https://third.example/v2/fhir/Patient/{other}"),
                ),
                ("an owner without type", own.to_owned()),
            ] {
                let body = with(owner, json!({ "reference": reference }));
                all.push(Self::unproved(name, body));
            }
        }
        all
    }
}

/// A person who has an id in each id space, and no limit that these calls would meet.
fn world() -> World {
    let world = World::with(&[("v3_enabled", "true"), ("rate_limit_per_minute", "1000000")]);
    world.sql(&format!(
        "UPDATE identity SET patient_id_v3 = '{OWN_IN_V3}'"
    ));
    world
}

/// The routes of a read.
fn reads(kind: ResourceType, version: Version) -> Vec<(&'static str, Call)> {
    let id = if kind == PATIENT {
        People::of(version).own
    } else {
        "x"
    };
    let call = || read(kind, id).version(version);
    let mut head = call();
    head.method = Method::HEAD;
    vec![
        ("GET", call()),
        ("HEAD", head),
        ("_elements", call().query("_elements=id")),
        ("If-None-Match", call().header("if-none-match", "*")),
        ("gzip", call().header("accept-encoding", "gzip")),
    ]
}

/// The routes of a search.
fn searches(kind: ResourceType, version: Version) -> Vec<(&'static str, Call)> {
    let call = |query: &str| search(kind, query).version(version);
    let mut head = call("");
    head.method = Method::HEAD;
    vec![
        ("GET", call("_count=50")),
        ("HEAD", head),
        ("POST _search", call("").form("_count=50")),
        ("_elements", call("_elements=id")),
        ("_summary=count", call("_summary=count")),
        ("past the end", call("startIndex=70")),
    ]
}

const VERSIONS: [Version; 3] = Version::ALL;

#[test]
fn on_a_read_foreign_is_404_like_unknown_and_the_rest_is_502() {
    for version in VERSIONS {
        let people = People::of(version);
        for kind in ResourceType::ALL {
            let world = world();
            let mut calls = 0;
            for rogue in Rogue::all(kind, people) {
                world.answers(rogue.body);
                for (route, call) in reads(kind, version) {
                    let what = format!("{version:?} {kind:?} {route}: {}", rogue.name);
                    let answer = world.call(call);
                    answer.tells_nothing_of(people.other);
                    calls += 1;
                    assert_eq!(world.audit().len(), calls, "{what}");
                    let (refusal, audited) = if rogue.foreign {
                        (
                            (404, "not_found"),
                            ["refused", "release_guard_foreign", "warning"],
                        )
                    } else {
                        (
                            (502, "release_guard"),
                            ["failed", "release_guard", "critical"],
                        )
                    };
                    assert_eq!(
                        answer.refusal(),
                        (refusal.0, refusal.1.to_owned()),
                        "{what}"
                    );
                    if !rogue.foreign {
                        assert_eq!(answer.problem(), INTERNAL, "{what}");
                    }
                    let newest = world.audited();
                    assert_eq!(newest[0], "fhir.read", "{what}");
                    assert_eq!(newest[1..], audited, "{what}");
                }
            }
            world.log_names_nobody();
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
    for version in VERSIONS {
        let people = People::of(version);
        for kind in ResourceType::ALL {
            let world = world();
            for rogue in Rogue::all(kind, people) {
                for whole_body in [false, true] {
                    let page = if whole_body {
                        rogue.body.clone()
                    } else {
                        in_a_page_of_50(kind, people.own, &rogue.body)
                    };
                    world.answers_past_the_end_with(page);
                    for (route, call) in searches(kind, version) {
                        let what = format!("{version:?} {kind:?} {route}: {}", rogue.name);
                        let answer = world.call(call);
                        let wanted = (502, "release_guard".to_owned());
                        assert_eq!(answer.refusal(), wanted, "{what}");
                        assert_eq!(answer.problem(), INTERNAL, "{what}");
                        answer.tells_nothing_of(people.other);
                        assert_eq!(
                            world.audited(),
                            ["fhir.search", "failed", "release_guard", "critical"],
                            "{what}"
                        );
                    }
                }
            }
            world.log_names_nobody();
        }
    }
}

/// What is the person's is released on every one of these routes, so that the tests above refuse for the
/// right reason.
#[test]
fn the_same_routes_release_what_is_the_persons() {
    for version in VERSIONS {
        let own = People::of(version).own;
        for kind in ResourceType::ALL {
            let world = world();
            let mine = resource(kind, "x", own).to_string();
            world.answers(mine.clone());
            for (route, call) in reads(kind, version) {
                let status = if route == "If-None-Match" { 304 } else { 200 };
                assert_eq!(
                    world.call(call).status,
                    status,
                    "{version:?} {kind:?} {route}"
                );
            }
            world.answers_past_the_end_with(in_a_page_of_50(kind, own, mine.as_bytes()));
            for (route, call) in searches(kind, version) {
                assert_eq!(world.call(call).status, 200, "{version:?} {kind:?} {route}");
            }
        }
    }
}

#[test]
fn a_gzip_bomb_or_an_endless_body_is_502_on_every_route() {
    let bomb = Bytes::from(gzip(&vec![b' '; 64 * 1024 * 1024 + 1]));
    for version in VERSIONS {
        for kind in ResourceType::ALL {
            let world = world();
            for call in [
                reads(kind, version).remove(0).1,
                searches(kind, version).remove(0).1,
            ] {
                let bomb = bomb.clone();
                world.backend(move |_| {
                    let mut response = ok(bomb.clone());
                    response
                        .headers
                        .insert("content-encoding", "gzip".parse().unwrap());
                    Ok(response)
                });
                let wanted = (502, "backend_error".to_owned());
                assert_eq!(world.call(call.clone()).refusal(), wanted);
                // The adapter stops reading at the limit that the call names.
                world.backend(|request| {
                    assert_eq!(request.body_limit, 64 * 1024 * 1024);
                    Err(UpstreamError::TooLarge)
                });
                assert_eq!(world.call(call).refusal(), wanted);
                assert_eq!(world.audited()[1..3], ["failed", "backend_error"]);
            }
        }
    }
}

impl World {
    /// Refuses to begin past the end, as the real backend does, and answers everything else with this page.
    fn answers_past_the_end_with(&self, page: Vec<u8>) {
        let page = Bytes::from(page);
        let outcome =
            br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"startIndex"}]}"#;
        self.backend(move |request| {
            if !request.url.contains("startIndex=70") {
                return Ok(ok(page.clone()));
            }
            let mut response = ok(Bytes::from_static(outcome));
            response.status = StatusCode::BAD_REQUEST;
            Ok(response)
        });
    }

    /// Neither the person nor anybody else is in the log.
    fn log_names_nobody(&self) {
        for line in self.log.0.lock().unwrap().iter() {
            for id in [OWN, OTHER, OWN_IN_V3] {
                assert!(!line.contains(id), "{line}");
            }
        }
    }
}

/// 49 entries of the person and one that is not, in the middle.
fn in_a_page_of_50(kind: ResourceType, own: &str, rogue: &[u8]) -> Vec<u8> {
    let entry = json!({ "resource": resource(kind, "x", own) }).to_string();
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
