//! docs/contract/07-fhir.md, 7.3: what is asked of the backend, and with which headers.

use super::*;

fn empty() -> World {
    let world = World::new();
    world.answers(bundle(EOB, 0, &[], &[]).to_string());
    world
}

#[test]
fn reads_and_searches_go_to_their_backend_addresses() {
    let base = "http://backend:8080/claims";
    for (call, url) in [
        (read(PATIENT, OWN), format!("{base}/v2/fhir/Patient/{OWN}")),
        (
            read(EOB, "carrier--1").version(Version::V1),
            format!("{base}/v1/fhir/ExplanationOfBenefit/carrier--1"),
        ),
        (
            search(PATIENT, ""),
            format!("{base}/v2/fhir/Patient?_id={OWN}&_count=10"),
        ),
        (
            search(COVERAGE, "_count=4"),
            format!("{base}/v2/fhir/Coverage?beneficiary=Patient%2F{OWN}&_count=4"),
        ),
        (
            search(
                EOB,
                "startIndex=10&type=pde&_lastUpdated=ge2020&service-date=lt2021&x=y",
            ),
            format!(
                "{base}/v2/fhir/ExplanationOfBenefit?patient={OWN}&_lastUpdated=ge2020&service-date=lt2021\
                 &type=pde&startIndex=10&_count=10"
            ),
        ),
    ] {
        let world = empty();
        world.call(call);
        assert_eq!(world.asked()[0], url);
        assert_eq!(
            world.backend.requests.lock().unwrap()[0].method,
            Method::GET
        );
    }
}

#[test]
fn exactly_the_listed_headers_are_sent_and_none_of_the_clients() {
    let world = empty();
    let call = search(EOB, "")
        .header("includeaddressfields", "true")
        .header("includeidentifiers", "hicn,mbi")
        .header("includetaxnumbers", "true")
        .header("x-forwarded-for", "203.0.113.9")
        .header(
            "traceparent",
            "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01",
        )
        .header("cookie", "bg=x")
        .header("accept", "application/json");
    world.call(call);
    let requests = world.backend.requests.lock().unwrap();
    let mut headers: Vec<_> = requests[0]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            ("accept", "application/fhir+json"),
            ("accept-encoding", "gzip"),
            ("bluebutton-application", "S?ule App"),
            ("bluebutton-applicationid", CLIENT),
            ("bluebutton-beneficiaryid", &format!("patientId:{OWN}")),
            (
                "bluebutton-originalqueryid",
                "0123456789abcdef0123456789abcdef"
            ),
            ("bluebutton-originalquerytimestamp", "2026-11-21T12:00:00Z"),
            (
                "traceparent",
                "00-ffffffffffffffffffffffffffffffff-0123456789abcdef-01"
            ),
            ("x-forwarded-host", "api.example.com"),
            ("x-forwarded-prefix", ""),
            ("x-forwarded-proto", "https"),
            ("x-request-id", "0123456789abcdef0123456789abcdef"),
        ]
    );
}

#[test]
fn the_call_is_a_child_of_the_clients_trace_or_of_a_trace_of_its_own() {
    for (sent, child, trace_id) in [
        (
            Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
            "00-0af7651916cd43dd8448eb211c80319c-0123456789abcdef-00",
            "0af7651916cd43dd8448eb211c80319c",
        ),
        (
            None,
            "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
            "0123456789abcdef0123456789abcdef",
        ),
        (
            Some("00-patient-20140000008325-01"),
            "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01",
            "0123456789abcdef0123456789abcdef",
        ),
    ] {
        let world = empty();
        let mut call = search(EOB, "");
        if let Some(sent) = sent {
            call = call.header("traceparent", sent);
        }
        world.call(call);
        let requests = world.backend.requests.lock().unwrap();
        assert_eq!(requests[0].headers["traceparent"], child);
        for line in world.log.0.lock().unwrap().iter() {
            let line: Json = serde_json::from_str(line).unwrap();
            assert_eq!(line["trace_id"], trace_id);
        }
    }
}

#[test]
fn the_backend_authorization_is_sent_where_set() {
    let world = World::with(&[("claims_backend_authorization", "Bearer backend-secret")]);
    world.answers(bundle(EOB, 0, &[], &[]).to_string());
    world.search(EOB, "");
    let requests = world.backend.requests.lock().unwrap();
    let value = &requests[0].headers["authorization"];
    assert_eq!(value, "Bearer backend-secret");
    assert!(value.is_sensitive());
    assert!(
        !world
            .log
            .0
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("backend-secret"))
    );
}

#[test]
fn the_call_has_30_seconds_and_64_mebibytes() {
    let world = empty();
    world.search(EOB, "");
    let requests = world.backend.requests.lock().unwrap();
    assert_eq!(requests[0].timeout.as_secs(), 30);
    assert_eq!(requests[0].body_limit, 64 * 1024 * 1024);
}

#[test]
fn the_own_id_may_be_named_bare_or_as_a_reference() {
    let world = empty();
    for query in [
        format!("patient={OWN}"),
        format!("patient=Patient/{OWN}"),
        format!("beneficiary=Patient%2F{OWN}"),
        format!("patient={OWN}&patient={OWN}"),
    ] {
        assert_eq!(world.search(EOB, &query).status, 200, "{query}");
    }
}

#[test]
fn naming_another_person_is_403_on_a_search_and_asks_nobody() {
    let world = empty();
    for call in [
        search(EOB, &format!("patient={OTHER}")),
        search(EOB, &format!("patient=Patient/{OTHER}&patient={OWN}")),
        search(EOB, &format!("patient={}", &OWN[..OWN.len() - 1])),
        search(COVERAGE, &format!("beneficiary=Patient/{OTHER}")),
        search(PATIENT, &format!("_id={OTHER}")),
        search(EOB, "").form(&format!("patient={OTHER}")),
    ] {
        let answer = world.call(call);
        assert_eq!(answer.refusal(), (403, "other_person".to_owned()));
        answer.tells_nothing_of(OTHER);
    }
    assert!(world.asked().is_empty());
}

#[test]
fn naming_another_person_is_404_on_a_read_and_asks_nobody() {
    let world = empty();
    for (kind, id) in [
        (PATIENT, OTHER.to_owned()),
        (COVERAGE, format!("part-a-{OTHER}")),
    ] {
        let answer = world.read(kind, &id);
        assert_eq!(answer.refusal(), (404, "not_found".to_owned()));
        answer.tells_nothing_of(OTHER);
    }
    assert!(world.asked().is_empty());
}

#[test]
fn wrong_parameters_are_400_and_ask_nobody() {
    let world = empty();
    for query in [
        "_count=51",
        "_count=-1",
        "startIndex=-1",
        "_lastUpdated=2020-01-01",
        "_lastUpdated=ge2020-13-01",
        "service-date=eq2020",
        "type=dental",
        "type=PDE",
        "patient=abc",
        "_count=5&_count=6",
        "_elements=a/b",
        "_summary=x",
    ] {
        assert_eq!(
            world.search(EOB, query).refusal(),
            (400, "invalid_parameter".to_owned()),
            "{query}"
        );
    }
    let answer = world.search(EOB, "type=CARRIER");
    assert_eq!(answer.json()["detail"], "not a valid value");
    assert!(world.asked().is_empty());
}

#[test]
fn unknown_parameters_are_ignored_or_refused_when_handling_is_strict() {
    let world = empty();
    assert_eq!(world.search(EOB, "foo=bar").status, 200);
    let strict = search(EOB, "foo=bar").header("prefer", "handling=strict");
    assert_eq!(
        world.call(strict).refusal(),
        (400, "invalid_parameter".to_owned())
    );
    let strict = read(EOB, "x")
        .query("_count=5")
        .header("prefer", "handling=strict");
    assert_eq!(world.call(strict).status, 400);
}

#[test]
fn formats_other_than_json_are_not_acceptable() {
    let world = empty();
    assert_eq!(
        world.search(EOB, "_format=xml").refusal(),
        (406, "not_acceptable".to_owned())
    );
    let call = search(EOB, "").header("accept", "application/fhir+xml");
    assert_eq!(
        world.call(call).refusal(),
        (406, "not_acceptable".to_owned())
    );
    assert!(world.asked().is_empty());
    let call = search(EOB, "_format=json").header("accept", "application/fhir+xml");
    assert_eq!(world.call(call).status, 200);
}

#[test]
fn content_type_follows_accept() {
    let world = empty();
    for (accept, media) in [
        ("*/*", "application/fhir+json"),
        ("application/fhir+json", "application/fhir+json"),
        ("application/json", "application/json"),
    ] {
        let answer = world.call(search(EOB, "").header("accept", accept));
        assert_eq!(answer.header("content-type"), media, "{accept}");
    }
    assert_eq!(
        world.search(EOB, "").header("content-type"),
        "application/fhir+json"
    );
}

#[test]
fn a_post_search_reads_form_and_query() {
    let world = empty();
    assert_eq!(
        world
            .call(search(EOB, "_count=3").form("type=pde&_count=3"))
            .status,
        200
    );
    assert!(world.asked()[0].ends_with(&format!("patient={OWN}&type=pde&_count=3")));
    assert_eq!(
        world.call(search(EOB, "_count=3").form("_count=4")).status,
        400
    );
    let mut call = search(EOB, "");
    call.method = Method::POST;
    assert_eq!(
        world.call(call.clone()).status,
        200,
        "an empty body needs no type"
    );
    call.body = "{}".to_owned();
    let answer = world.call(call.header("content-type", "application/json"));
    assert_eq!(answer.refusal(), (415, "unsupported_media_type".to_owned()));
}

#[test]
fn a_stray_content_type_on_get_is_ignored() {
    let world = empty();
    let call = search(EOB, "").header("content-type", "application/json");
    assert_eq!(world.call(call).status, 200);
}

#[test]
fn head_is_answered_like_get() {
    let world = empty();
    let mut call = search(EOB, "");
    let get = world.call(call.clone());
    call.method = Method::HEAD;
    let head = world.call(call);
    assert_eq!((get.status, &get.body), (head.status, &head.body));
}
