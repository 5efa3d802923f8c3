//! docs/contract/07-fhir.md, 7.5: links, counts, conditional reads and compression of what is released.

use super::*;

const PUBLIC: &str = "https://api.example.com/v2/fhir/ExplanationOfBenefit";

fn links(answer: &Answer) -> Vec<(String, String)> {
    answer.json()["link"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| {
            (
                link["relation"].as_str().unwrap().to_owned(),
                link["url"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

fn link(answer: &Answer, relation: &str) -> Option<String> {
    links(answer)
        .into_iter()
        .find(|(name, _)| name == relation)
        .map(|(_, url)| url)
}

/// A backend with `total` claims that pages like the real one, with links on `base`.
fn paging(world: &World, total: u64, base: &'static str) {
    world.backend(move |request| {
        let (_, query) = request.url.split_once('?').unwrap();
        let parameter = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.parse::<u64>().unwrap())
        };
        let start = parameter("startIndex").unwrap_or(0);
        let count = parameter("_count").unwrap();
        assert!(count > 0, "the real backend refuses a page of none");
        if start > 0 && start >= total && total > 0 {
            let mut response = ok(Bytes::from_static(
                br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"startIndex too large"}]}"#,
            ));
            response.status = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
        let ids: Vec<_> = (start..total.min(start + count)).map(|number| format!("carrier-{number}")).collect();
        let url = |start: i64| format!("{base}?patient={OWN}&startIndex={start}&_count={count}");
        let mut pages = vec![("first", url(0))];
        if start + count < total {
            pages.push(("next", url((start + count).cast_signed())));
        }
        if start > 0 {
            pages.push(("previous", url(start.saturating_sub(count).cast_signed())));
        }
        // The real backend's arithmetic: -1 where there is nothing.
        let last = if total == 0 { -1 } else { ((total - 1) / count * count).cast_signed() };
        pages.push(("last", url(last)));
        pages.push(("self", format!("{base}/?{query}")));
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let pages: Vec<_> = pages.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
        Ok(ok(Bytes::from(bundle(EOB, total, &ids, &pages).to_string())))
    });
}

const BASES: [&str; 7] = [
    "http://backend:8080/claims/v2/fhir/ExplanationOfBenefit",
    "http://10.0.0.1/another/prefix/ExplanationOfBenefit",
    "https://localhost:1234/v2/fhir/ExplanationOfBenefit/_search",
    "http://backend:8080/v1/fhir/ExplanationOfBenefit/",
    "/v2/fhir/ExplanationOfBenefit",
    "ExplanationOfBenefit",
    PUBLIC,
];

#[test]
fn following_next_reaches_every_entry_exactly_once_whatever_base_the_backend_used() {
    for base in BASES {
        let world = World::new();
        paging(&world, 23, base);
        let mut seen = Vec::new();
        let mut query = "_count=5".to_owned();
        loop {
            let answer = world.search(EOB, &query);
            assert_eq!(answer.status, 200);
            let json = answer.json();
            seen.extend(
                json["entry"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()),
            );
            let Some(next) = link(&answer, "next") else {
                break;
            };
            query = next.strip_prefix(&format!("{PUBLIC}?")).unwrap().to_owned();
        }
        let wanted: Vec<_> = (0..23).map(|number| format!("carrier-{number}")).collect();
        assert_eq!(seen, wanted, "{base}");
        assert_eq!(world.asked().len(), 5);
    }
}

#[test]
fn every_link_is_on_the_public_base_with_the_clients_parameters() {
    let world = World::new();
    paging(&world, 23, BASES[0]);
    let system = "https%3A%2F%2Fbluebutton.cms.gov%2Fresources%2Fcodesystem%2Feob-type%7Cpde";
    let answer = world.search(
        EOB,
        &format!("type={system}&startIndex=10&_count=5&unknown=1"),
    );
    let url = |start: u64| format!("{PUBLIC}?type={system}&startIndex={start}&_count=5");
    assert_eq!(
        links(&answer),
        [
            ("first", 0),
            ("next", 15),
            ("previous", 5),
            ("last", 20),
            ("self", 10)
        ]
        .map(|(relation, start)| (relation.to_owned(), url(start)))
    );
    answer.tells_nothing_of("backend:8080");
}

#[test]
fn a_pager_that_repeats_its_query_on_top_of_a_link_gets_the_page() {
    for base in BASES {
        let world = World::new();
        paging(&world, 23, base);
        let first = world.search(EOB, "_count=5&_lastUpdated=ge2020");
        let next = link(&first, "next").unwrap();
        let query = next.split_once('?').unwrap().1;
        let answer = world.search(EOB, &format!("{query}&_count=5&_lastUpdated=ge2020"));
        assert_eq!(answer.json()["entry"][0]["resource"]["id"], "carrier-5");
    }
}

#[test]
fn a_post_search_has_get_links() {
    let world = World::new();
    paging(&world, 23, BASES[2]);
    let answer = world.call(search(EOB, "").form("_count=5"));
    assert_eq!(
        link(&answer, "next").unwrap(),
        format!("{PUBLIC}?startIndex=5&_count=5")
    );
}

#[test]
fn links_that_are_public_already_are_left_byte_for_byte() {
    let world = World::new();
    let links = [
        (
            "next",
            format!("{PUBLIC}?patient={OWN}&startIndex=1&_count=1"),
        ),
        ("self", format!("{PUBLIC}/?_count=1&patient={OWN}")),
    ];
    let links: Vec<_> = links
        .iter()
        .map(|(relation, url)| (*relation, url.as_str()))
        .collect();
    let body = bundle(EOB, 9, &["a"], &links)
        .to_string()
        .replace(":9,", ": 9 ,");
    world.answers(body.clone());
    assert_eq!(world.search(EOB, "_count=1").body, body);
    // The same links under a request that they do not repeat are built again.
    assert_ne!(world.search(EOB, "_count=1&_format=json").body, body);
}

#[test]
fn only_what_must_change_is_changed() {
    let world = World::new();
    let body = format!(
        "{{\"resourceType\":\"Bundle\" , \"total\":1,\n \"entry\":[{{\"resource\":{}}}],\"link\" : [ ] }}",
        json!({ "resourceType": "ExplanationOfBenefit", "id": "a", "amount": 1.0, "patient": { "reference": format!("Patient/{OWN}") } })
    );
    world.answers(body.replace("1.0", "1.50e0"));
    let answer = world.search(EOB, "");
    let wanted = body.replace("1.0", "1.50e0").replace(
        "[ ]",
        &format!("[{{\"relation\":\"self\",\"url\":\"{PUBLIC}?startIndex=0&_count=10\"}}]"),
    );
    assert_eq!(answer.body, wanted);
}

#[test]
fn a_bundle_without_links_gets_one() {
    let world = World::new();
    world.answers(r#" {"resourceType":"Bundle","total":0}"#);
    let answer = world.search(EOB, "");
    assert_eq!(
        links(&answer),
        [(
            "self".to_owned(),
            format!("{PUBLIC}?startIndex=0&_count=10")
        )]
    );
    assert_eq!(answer.json()["total"], 0);
}

#[test]
fn full_urls_are_on_the_public_base() {
    let world = World::new();
    let entry = |id: &str, url: &str| json!({ "fullUrl": url, "resource": resource(EOB, id, OWN) });
    world.answers(
        json!({
            "resourceType": "Bundle", "total": 3, "type": "searchset",
            "entry": [
                entry("a", "http://backend:8080/claims/v2/fhir/ExplanationOfBenefit/a"),
                entry("b", &format!("{PUBLIC}/b")),
                entry("c", "urn:uuid:1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0"),
            ],
            "link": [],
        })
        .to_string(),
    );
    let json = world.search(EOB, "").json();
    for (index, id) in ["a", "b", "c"].iter().enumerate() {
        assert_eq!(json["entry"][index]["fullUrl"], format!("{PUBLIC}/{id}"));
    }
}

#[test]
fn no_last_link_when_the_total_is_0() {
    let world = World::new();
    paging(&world, 0, BASES[0]);
    let answer = world.search(EOB, "_count=1");
    assert_eq!(link(&answer, "last"), None);
    assert_eq!(link(&answer, "next"), None);
    assert!(link(&answer, "self").is_some());
}

#[test]
fn a_next_link_that_does_not_go_on_is_dropped() {
    let world = World::new();
    for (start, total) in [("0", 9), ("3", 9), ("9", 9), ("x", 9)] {
        let next = format!("http://b/?startIndex={start}");
        world.answers(bundle(EOB, total, &[], &[("next", &next)]).to_string());
        assert_eq!(
            link(&world.search(EOB, "startIndex=3"), "next"),
            None,
            "{start}"
        );
    }
}

#[test]
fn count_0_and_summary_count_give_the_total_only() {
    for query in [
        "_count=0",
        "_summary=count",
        "_summary=count&_count=5",
        "_count=0&startIndex=99",
    ] {
        let world = World::new();
        paging(&world, 148, BASES[0]);
        let answer = world.search(EOB, query);
        assert_eq!(answer.status, 200);
        let json = answer.json();
        assert_eq!(json["total"], 148, "{query}");
        assert_eq!(json["type"], "searchset");
        assert!(json.get("entry").is_none());
        assert_eq!(links(&answer).len(), 1);
        assert!(
            world.asked()[0].ends_with("&_count=1"),
            "the backend is asked with 1"
        );
    }
}

#[test]
fn at_or_past_the_end_is_an_empty_page() {
    for start in [148, 149, 5000] {
        let world = World::new();
        paging(&world, 148, BASES[0]);
        let answer = world.search(EOB, &format!("startIndex={start}&_count=10"));
        assert_eq!(answer.status, 200, "{start}");
        let json = answer.json();
        assert_eq!(json["total"], 148);
        assert!(json.get("entry").is_none());
        assert_eq!(link(&answer, "next"), None);
        assert_eq!(
            link(&answer, "last").unwrap(),
            format!("{PUBLIC}?startIndex=140&_count=10")
        );
        assert_eq!(
            link(&answer, "self").unwrap(),
            format!("{PUBLIC}?startIndex={start}&_count=10")
        );
    }
    let world = World::new();
    paging(&world, 0, BASES[0]);
    let answer = world.search(EOB, "startIndex=7");
    assert_eq!(
        (answer.status, answer.json()["total"].clone()),
        (200, json!(0))
    );
    assert_eq!(link(&answer, "last"), None);
}

#[test]
fn another_objection_of_the_backend_stands() {
    let world = World::new();
    let page = bundle(EOB, 148, &[], &[]).to_string();
    world.backend(move |request| {
        if request.url.contains("startIndex") {
            let mut response = ok(Bytes::from_static(
                br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"something else"}]}"#,
            ));
            response.status = StatusCode::BAD_REQUEST;
            return Ok(response);
        }
        Ok(ok(Bytes::from(page.clone())))
    });
    let answer = world.search(EOB, "startIndex=7");
    assert_eq!(answer.refusal(), (400, "backend_rejected".to_owned()));
}

#[test]
fn elements_are_applied_at_the_gateway() {
    let world = World::new();
    paging(&world, 2, BASES[0]);
    let answer = world.search(EOB, "_elements=total");
    assert!(!world.asked()[0].contains("_elements"));
    let resource = &answer.json()["entry"][0]["resource"];
    assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
    assert_eq!(resource["patient"]["reference"], format!("Patient/{OWN}"));
    assert!(link(&answer, "self").unwrap().contains("_elements=total"));

    let world = World::new();
    world.answers(resource_with_more().to_string());
    let answer = world.call(read(PATIENT, OWN).query("_elements=gender"));
    let json = answer.json();
    assert_eq!(
        (&json["id"], &json["gender"]),
        (&json!(OWN), &json!("unknown"))
    );
    assert!(json.get("name").is_none());
}

#[test]
fn elements_and_summary_of_a_form_are_applied_too() {
    for version in [Version::V1, Version::V2] {
        let world = World::new();
        world.answers(bundle(EOB, 2, &["a", "b"], &[]).to_string());
        let answer = world.call(
            search(EOB, "")
                .version(version)
                .form("_elements=type&_count=5"),
        );
        let resource = &answer.json()["entry"][1]["resource"];
        assert_eq!(resource["meta"]["tag"][0]["code"], "SUBSETTED");
        assert_eq!(resource["patient"]["reference"], format!("Patient/{OWN}"));
        // v1 demands nothing of a status (STU3), v2 does (R4).
        assert_eq!(resource.get("status").is_some(), version == Version::V2);
        assert!(link(&answer, "self").unwrap().contains("_elements=type"));
        let total = world.call(search(EOB, "").version(version).form("_summary=count"));
        assert_eq!(total.json()["total"], 2);
        assert!(total.json().get("entry").is_none());
        let strict = search(EOB, "")
            .version(version)
            .form("_elements=type&unknown=1")
            .header("prefer", "handling=strict");
        assert_eq!(
            world.call(strict).refusal(),
            (400, "invalid_parameter".to_owned())
        );
    }
}

fn resource_with_more() -> Json {
    let mut patient = resource(PATIENT, "", OWN);
    patient["gender"] = json!("unknown");
    patient
}

#[test]
fn success_is_private_and_tagged() {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    let answer = world.read(PATIENT, OWN);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    assert!(answer.header("etag").starts_with("W/\""));
    assert_eq!(answer.header("content-type"), "application/fhir+json");
}

#[test]
fn if_none_match_spares_the_body_of_a_read() {
    let world = World::new();
    world.answers(resource(PATIENT, "", OWN).to_string());
    let etag = world.read(PATIENT, OWN).header("etag").to_owned();
    let answer = world.call(read(PATIENT, OWN).header("if-none-match", &etag));
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    assert_eq!(answer.header("etag"), etag);
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(
        world.audit()[1]["code"],
        Value::Text("not_modified".to_owned())
    );

    world.answers(resource_with_more().to_string());
    let answer = world.call(read(PATIENT, OWN).header("if-none-match", &etag));
    assert_eq!(answer.status, 200);
}

#[test]
fn if_none_match_is_no_way_to_learn_about_others() {
    let world = World::new();
    world.answers(resource(EOB, "x", OTHER).to_string());
    let answer = world.call(read(EOB, "x").header("if-none-match", "*"));
    assert_eq!(answer.status, 404);
}

/// A body of the person over the threshold, served as gzip.
fn gzip_backend(world: &World, body: &str) -> Vec<u8> {
    let compressed = gzip(body.as_bytes());
    let bytes = Bytes::from(compressed.clone());
    world.backend(move |_| {
        let mut response = ok(bytes.clone());
        response
            .headers
            .insert("content-encoding", "gzip".parse().unwrap());
        Ok(response)
    });
    compressed
}

#[test]
fn a_gzip_body_without_changes_is_passed_on_as_it_came() {
    let world = World::new();
    let mut patient = resource(PATIENT, "", OWN);
    patient["text"] = json!("x".repeat(2000));
    let compressed = gzip_backend(&world, &patient.to_string());
    let answer = world.call(read(PATIENT, OWN).header("accept-encoding", "gzip"));
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.body, compressed);
    let plain = world.read(PATIENT, OWN);
    assert_eq!(plain.header("content-encoding"), "");
    assert_eq!(plain.json(), patient);
    assert_eq!(
        plain.header("etag"),
        answer.header("etag"),
        "one tag for both"
    );
    assert_eq!(gunzip(&answer.body), plain.body);
}

#[test]
fn a_small_gzip_body_goes_as_it_is() {
    let world = World::new();
    gzip_backend(&world, &resource(PATIENT, "", OWN).to_string());
    let answer = world.call(read(PATIENT, OWN).header("accept-encoding", "gzip"));
    assert_eq!(answer.header("content-encoding"), "");
    assert_eq!(answer.json()["id"], OWN);
}

#[test]
fn a_gzip_body_with_changes_is_not_passed_on() {
    let world = World::new();
    let mut page = bundle(EOB, 1, &["a"], &[("self", "http://backend:8080/x")]);
    page["entry"][0]["resource"]["note"] = json!("x".repeat(2000));
    gzip_backend(&world, &page.to_string());
    let answer = world.call(search(EOB, "").header("accept-encoding", "gzip"));
    assert_eq!(
        answer.header("content-encoding"),
        "",
        "the outer layer compresses"
    );
    assert!(link(&answer, "self").unwrap().starts_with(PUBLIC));
}

#[test]
fn a_gzip_header_with_a_comment_is_not_passed_on() {
    use std::io::Write as _;
    let world = World::new();
    let mut patient = resource(PATIENT, "", OWN);
    patient["text"] = json!("x".repeat(2000));
    let mut encoder = flate2::GzBuilder::new()
        .comment(OTHER)
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(patient.to_string().as_bytes()).unwrap();
    let body = Bytes::from(encoder.finish().unwrap());
    world.backend(move |_| {
        let mut response = ok(body.clone());
        response
            .headers
            .insert("content-encoding", "gzip".parse().unwrap());
        Ok(response)
    });
    let answer = world.call(read(PATIENT, OWN).header("accept-encoding", "gzip"));
    assert_eq!(answer.status, 200);
    answer.tells_nothing_of(OTHER);
    assert_eq!(answer.json(), patient);
}
