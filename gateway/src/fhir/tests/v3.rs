//! What the v3 backend does otherwise, each deviation handled on purpose (docs/claims-backend.md).

use super::*;

/// The person of the token in the id space of v3.
const OWN_V3: &str = "405764107";

fn world() -> World {
    let world = World::with(&[("v3_enabled", "true")]);
    world.sql(&format!("UPDATE identity SET patient_id_v3 = '{OWN_V3}'"));
    world
}

fn v3_read(world: &World, kind: ResourceType, id: &str) -> Answer {
    world.call(read(kind, id).version(Version::V3))
}

fn v3_search(world: &World, kind: ResourceType, query: &str) -> Answer {
    world.call(search(kind, query).version(Version::V3))
}

fn code(answer: &Answer) -> (u16, String) {
    let json = answer.json();
    assert_eq!(json["resourceType"], "OperationOutcome");
    let code = &json["issue"][0]["details"]["coding"][0]["code"];
    (answer.status, code.as_str().unwrap().to_owned())
}

/// A Bundle as v3 writes it: no `total` where there is a further page, or nothing.
fn page(kind: ResourceType, ids: &[&str], links: &[(&str, &str)]) -> Json {
    let mut bundle = bundle(kind, ids.len() as u64, &[], links);
    let entries: Vec<_> = ids
        .iter()
        .map(|id| json!({ "resource": resource(kind, id, OWN_V3) }))
        .collect();
    let members = bundle.as_object_mut().unwrap();
    members.remove("entry");
    if !entries.is_empty() {
        members.insert("entry".to_owned(), json!(entries));
    }
    if entries.is_empty() || links.iter().any(|(relation, _)| *relation == "next") {
        members.remove("total");
    }
    bundle
}

fn coverages(count: usize) -> Json {
    let parts =
        ["part-a", "part-b", "part-c", "part-d", "dual"].map(|part| format!("{part}-{OWN_V3}"));
    let ids: Vec<_> = parts.iter().take(count).map(String::as_str).collect();
    page(
        COVERAGE,
        &ids,
        &[("self", "http://backend:8080/v3/fhir/Coverage?beneficiary=x")],
    )
}

fn ids(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["entry"].as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
        .collect()
}

fn link(answer: &Answer, relation: &str) -> Option<String> {
    let json = answer.json();
    let links = json["link"].as_array().unwrap();
    let found = links.iter().find(|link| link["relation"] == relation)?;
    Some(found["url"].as_str().unwrap().to_owned())
}

#[test]
fn the_routes_of_v3_ask_with_the_id_of_v3() {
    let world = world();
    world.backend(|request| {
        let kind = match &request.url {
            url if url.contains("Coverage") => COVERAGE,
            url if url.contains("Explanation") => EOB,
            _ => PATIENT,
        };
        Ok(ok(page(kind, &["1"], &[]).to_string().into()))
    });
    for (kind, query) in [
        (PATIENT, "_id=405764107&_count=10"),
        (COVERAGE, "beneficiary=Patient%2F405764107&_count=10"),
        (EOB, "patient=405764107&_count=10"),
    ] {
        assert_eq!(v3_search(&world, kind, "").status, 200);
        let url = format!("http://backend:8080/claims/v3/fhir/{}?{query}", kind.name());
        assert_eq!(world.asked().pop().unwrap(), url);
    }
    let requests = world.backend.requests.lock().unwrap();
    assert_eq!(
        requests[0].headers["bluebutton-beneficiaryid"],
        "patientId:405764107"
    );
}

/// `_offset` is what v3 calls `startIndex`; an offset of 0 is left out, and there are neither first nor last.
#[test]
fn pages_of_claims_follow_the_offset_and_need_no_total() {
    let world = world();
    world.backend(|request| {
        let url = url::Url::parse(&request.url).unwrap();
        let start = url.query_pairs().find(|(name, _)| name == "startIndex");
        let (ids, links): (&[&str], Vec<(&str, &str)>) =
            match start.as_ref().map(|(_, value)| &**value) {
                None => (
                    &["1", "2"],
                    vec![(
                        "next",
                        "http://b/v3/fhir/ExplanationOfBenefit?_offset=2&_count=2",
                    )],
                ),
                Some("2") => (
                    &["3", "4"],
                    vec![
                        (
                            "next",
                            "http://b/v3/fhir/ExplanationOfBenefit?_offset=4&_count=2",
                        ),
                        ("previous", "http://b/v3/fhir/ExplanationOfBenefit?_count=2"),
                    ],
                ),
                _ => (
                    &["5"],
                    vec![(
                        "previous",
                        "http://b/v3/fhir/ExplanationOfBenefit?_count=2&_offset=2",
                    )],
                ),
            };
        Ok(ok(page(EOB, ids, &links).to_string().into()))
    });
    let mut seen = Vec::new();
    let mut query = "_count=2".to_owned();
    loop {
        let answer = v3_search(&world, EOB, &query);
        assert_eq!(answer.status, 200);
        seen.extend(ids(&answer));
        assert_eq!(answer.json().get("total").is_some(), seen.len() == 5);
        let Some(next) = link(&answer, "next") else {
            let previous = link(&answer, "previous").unwrap();
            assert!(previous.ends_with("startIndex=2&_count=2"), "{previous}");
            break;
        };
        let base = "https://api.example.com/v3/fhir/ExplanationOfBenefit?";
        next.strip_prefix(base).unwrap().clone_into(&mut query);
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
}

#[test]
fn an_application_may_say_offset() {
    let world = world();
    world.answers(page(EOB, &["3"], &[]).to_string());
    assert_eq!(v3_search(&world, EOB, "_count=2&_offset=2").status, 200);
    assert!(world.asked()[0].ends_with("startIndex=2&_count=2"));
    assert_eq!(
        code(&v3_search(&world, EOB, "_offset=2&startIndex=4")),
        (400, "invalid_parameter".to_owned())
    );
    assert_eq!(
        code(&v3_search(&world, EOB, "_offset=-1")),
        (400, "invalid_parameter".to_owned())
    );
}

#[test]
fn a_search_without_a_match_has_neither_total_nor_entries() {
    let world = world();
    world.answers(page(EOB, &[], &[]).to_string());
    let answer = v3_search(&world, EOB, "");
    assert_eq!(answer.status, 200);
    assert!(ids(&answer).is_empty());
    assert!(link(&answer, "self").is_some());
    assert_eq!(link(&answer, "next"), None);
}

/// v3 does not answer a page of none, and tells no total beside a further page: all that matches is counted,
/// of each claim no more than its owner.
#[test]
fn the_count_alone_is_counted_from_the_whole_answer() {
    let world = world();
    world.answers(page(EOB, &["1", "2", "3"], &[]).to_string());
    for query in ["_count=0", "_summary=count&type=pde"] {
        let answer = v3_search(&world, EOB, query);
        assert_eq!(
            (answer.status, answer.json()["total"].clone()),
            (200, json!(3))
        );
        assert!(ids(&answer).is_empty());
    }
    assert!(world.asked()[0].ends_with("?patient=405764107&_elements=patient"));
    world.answers(page(EOB, &[], &[]).to_string());
    assert_eq!(v3_search(&world, EOB, "_count=0").json()["total"], 0);
    // More than the backend shows on one page: rather no number than a wrong one.
    world.answers(page(EOB, &["1"], &[("next", "http://b/?_offset=5000")]).to_string());
    assert_eq!(
        code(&v3_search(&world, EOB, "_count=0")),
        (502, "backend_error".to_owned())
    );
}

#[test]
fn patient_and_coverage_come_on_one_page_that_is_cut_here() {
    let world = world();
    world.answers(coverages(5).to_string());
    let whole = v3_search(&world, COVERAGE, "");
    assert_eq!(ids(&whole).len(), 5);
    assert_eq!(whole.json()["total"], 5);
    assert!(!world.asked()[0].contains("startIndex"));

    let mut seen = Vec::new();
    let mut query = "_count=2".to_owned();
    loop {
        let answer = v3_search(&world, COVERAGE, &query);
        assert_eq!(answer.json()["total"], 5);
        seen.extend(ids(&answer));
        let last = link(&answer, "last").unwrap();
        assert!(last.ends_with("startIndex=4&_count=2"), "{last}");
        let Some(next) = link(&answer, "next") else {
            break;
        };
        let base = "https://api.example.com/v3/fhir/Coverage?";
        next.strip_prefix(base).unwrap().clone_into(&mut query);
    }
    assert_eq!(seen, ids(&whole));

    let past = v3_search(&world, COVERAGE, "_count=2&startIndex=6");
    assert_eq!((past.status, ids(&past).len()), (200, 0));
    assert_eq!(past.json()["total"], 5);
    assert!(past.json().get("entry").is_none());
    assert!(
        link(&past, "previous")
            .unwrap()
            .ends_with("startIndex=4&_count=2")
    );
}

/// A foreign entry does not get out by being on another page than the one that is shown.
#[test]
fn all_of_the_one_page_is_proved_whatever_is_shown_of_it() {
    let world = world();
    let mut bundle = coverages(3);
    bundle["entry"][0]["resource"]["beneficiary"]["reference"] = json!("Patient/7");
    world.answers(bundle.to_string());
    for query in ["_count=1", "_count=1&startIndex=1", "_count=0"] {
        assert_eq!(
            code(&v3_search(&world, COVERAGE, query)),
            (502, "release_guard".to_owned()),
            "{query}"
        );
        assert_eq!(world.audited()[3], "critical");
    }
}

#[test]
fn coverage_ids_of_v3_have_contract_and_plan() {
    let world = world();
    for id in [
        "part-c-405764107-H1234-003",
        "PART-A-405764107",
        "dual-405764107",
    ] {
        world.answers(resource(COVERAGE, id, OWN_V3).to_string());
        assert_eq!(v3_read(&world, COVERAGE, id).status, 200, "{id}");
    }
    let asked = world.asked().len();
    for id in ["part-c-405764108-H1234-003", "part-a-7", "dual-40576410"] {
        assert_eq!(
            code(&v3_read(&world, COVERAGE, id)),
            (404, "not_found".to_owned()),
            "{id}"
        );
    }
    assert_eq!(world.asked().len(), asked);
}

/// The backend answers 200 with the id alone.
#[test]
fn a_part_that_the_person_does_not_have_is_404_and_no_alert() {
    let world = world();
    world.answers(r#"{"resourceType":"Coverage","id":"part-a-405764107"}"#);
    assert_eq!(
        code(&v3_read(&world, COVERAGE, "part-a-405764107")),
        (404, "not_found".to_owned())
    );
    assert_eq!(world.audited()[3], "info");
    // Anything more, or another id, is for the guard.
    for body in [
        r#"{"resourceType":"Coverage","id":"part-b-405764107"}"#,
        r#"{"resourceType":"Coverage","id":"part-a-405764107","status":"active"}"#,
        r#"{"resourceType":"Patient","id":"part-a-405764107"}"#,
    ] {
        world.answers(body);
        let answer = v3_read(&world, COVERAGE, "part-a-405764107");
        assert_eq!(code(&answer), (502, "release_guard".to_owned()), "{body}");
    }
    // Other versions do not answer so, and are not believed to.
    world.answers(format!(
        r#"{{"resourceType":"Coverage","id":"part-a-{OWN}"}}"#
    ));
    let answer = world.read(COVERAGE, &format!("part-a-{OWN}"));
    assert_eq!(answer.refusal(), (502, "release_guard".to_owned()));
}

fn merged(kind: &str) -> Json {
    json!({ "resourceType": "Patient", "id": OWN_V3, "name": [{ "family": "Doe" }],
            "link": [{ "other": { "reference": "Patient/178083966" }, "type": kind }] })
}

/// The links name Patients that cannot be proved to be the person.
#[test]
fn a_record_that_replaces_others_is_shown_without_its_links() {
    let world = world();
    world.answers(merged("replaces").to_string());
    let answer = v3_read(&world, PATIENT, OWN_V3);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["name"][0]["family"], "Doe");
    answer.tells_nothing_of("178083966");

    let mut bundle = page(PATIENT, &["1"], &[]);
    bundle["entry"][0]["resource"] = merged("replaces");
    world.answers(bundle.to_string());
    for query in ["", "_count=0", "_elements=name"] {
        let answer = v3_search(&world, PATIENT, query);
        assert_eq!(answer.status, 200, "{query}");
        assert_eq!(answer.json()["total"], 1);
        answer.tells_nothing_of("178083966");
    }
    // On the other versions there is no such thing: the guard decides.
    let mut other = merged("replaces");
    other["id"] = json!(OWN);
    world.answers(other.to_string());
    assert_eq!(
        world.read(PATIENT, OWN).refusal(),
        (502, "release_guard".to_owned())
    );
}

#[test]
fn a_record_that_was_replaced_is_no_record_of_this_version() {
    let world = world();
    world.answers(merged("replaced-by").to_string());
    let answer = v3_read(&world, PATIENT, OWN_V3);
    assert_eq!(code(&answer), (403, "no_patient_in_version".to_owned()));
    answer.tells_nothing_of("178083966");
    let mut bundle = page(PATIENT, &["1"], &[]);
    bundle["entry"][0]["resource"] = merged("replaced-by");
    world.answers(bundle.to_string());
    assert_eq!(
        code(&v3_search(&world, PATIENT, "")),
        (403, "no_patient_in_version".to_owned())
    );
}

/// Leaving links out proves nothing.
#[test]
fn another_persons_record_with_links_is_still_refused() {
    let world = world();
    for kind in ["replaces", "replaced-by"] {
        let mut other = merged(kind);
        other["id"] = json!("178083966");
        let mut bundle = page(PATIENT, &["1"], &[]);
        bundle["entry"][0]["resource"] = other.clone();
        world.answers(bundle.to_string());
        assert_eq!(
            code(&v3_search(&world, PATIENT, "")),
            (502, "release_guard".to_owned()),
            "{kind}"
        );
        world.answers(other.to_string());
        let answer = v3_read(&world, PATIENT, OWN_V3);
        assert_eq!(code(&answer), (404, "not_found".to_owned()), "{kind}");
        answer.tells_nothing_of("178083966");
    }
}

#[test]
fn an_internal_error_in_plain_text_is_502() {
    let world = world();
    world.answers_with(
        500,
        &[("content-type", "text/plain")],
        "an unknown error occurred",
    );
    for answer in [
        v3_search(&world, EOB, ""),
        v3_read(&world, EOB, "17"),
        v3_search(&world, PATIENT, ""),
    ] {
        assert_eq!(code(&answer), (502, "backend_error".to_owned()));
        answer.tells_nothing_of("unknown error");
    }
}

/// v3 takes `*`, repeats and other names its own way, and answers 500 to what it does not know: only the eight
/// names get there.
#[test]
fn types_are_the_eight_names_on_v3_too() {
    let world = world();
    world.answers(page(EOB, &[], &[]).to_string());
    let answer = v3_search(&world, EOB, "type=pde,snf");
    assert_eq!(answer.status, 200);
    assert!(world.asked()[0].contains("type=pde%2Csnf"));
    for query in ["type=*", "type=dental", "type=PDE", "type=pde&type=snf"] {
        assert_eq!(
            code(&v3_search(&world, EOB, query)),
            (400, "invalid_parameter".to_owned()),
            "{query}"
        );
    }
    assert_eq!(world.asked().len(), 1);
}

#[test]
fn the_capability_statement_of_v3_is_r4() {
    let world = world();
    let request = search(PATIENT, "").version(Version::V3).request(&world);
    let reply = Answer::from(block_on(super::super::metadata(
        &world.app,
        &request,
        Version::V3,
    )));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["fhirVersion"], "4.0.1");
    assert_eq!(
        reply.json()["implementation"]["url"],
        "https://api.example.com/v3/fhir"
    );
    let operation = &reply.json()["rest"][0]["resource"][0]["operation"][0];
    assert_eq!(operation["name"], "generate-insurance-card");
}
