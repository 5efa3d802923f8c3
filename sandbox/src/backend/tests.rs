//! The claims backend over its HTTP interface.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;

use axum::body::Body;
use flate2::read::GzDecoder;
use http::{Request, StatusCode};
use serde_json::Value;

use crate::people::{Mbi, Person, PersonNumber};
use crate::testing::{Answer, encode, get, post, send, site};

const DOE: &str = "-20140000008325";
const MANY: &str = "-20140000000024";

fn fhir(path: &str) -> Answer {
    get(&format!("/sandbox/claims/{path}"))
}

fn found(path: &str) -> Value {
    let answer = fhir(path);
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

fn ids(bundle: &Value) -> Vec<String> {
    bundle["entry"]
        .as_array()
        .map(|entries| {
            entries
                .iter()
                .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
                .collect()
        })
        .unwrap_or_default()
}

fn relations(bundle: &Value) -> Vec<&str> {
    bundle["link"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["relation"].as_str().unwrap())
        .collect()
}

fn url<'b>(bundle: &'b Value, relation: &str) -> &'b str {
    let links = bundle["link"].as_array().unwrap();
    links
        .iter()
        .find(|link| link["relation"] == relation)
        .map_or("", |link| link["url"].as_str().unwrap())
}

fn refused(path: &str, status: u16, diagnostics: &str) {
    let answer = fhir(path);
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    let outcome = answer.json();
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let text = outcome["issue"][0]["diagnostics"].as_str().unwrap();
    assert!(
        text == diagnostics
            || (diagnostics.ends_with('…') && text.starts_with(diagnostics.trim_end_matches('…'))),
        "{path}: {text}"
    );
}

#[test]
fn the_first_documented_person_has_32_claims_and_140_lines() {
    for version in ["v1", "v2"] {
        let patient = found(&format!("{version}/fhir/Patient/{DOE}"));
        assert_eq!(patient["name"][0]["family"], "Doe");
        assert_eq!(
            (&patient["gender"], &patient["birthDate"]),
            (&Value::from("unknown"), &Value::from("2014-06-01"))
        );
        assert_eq!(patient["address"][0]["state"], "15");
        assert_eq!(patient["address"][0]["postalCode"], "99999");
        assert!(
            patient["extension"]
                .as_array()
                .unwrap()
                .iter()
                .any(|e| e["valueCoding"]["display"] == "White")
        );
        let bundle = found(&format!(
            "{version}/fhir/ExplanationOfBenefit?patient={DOE}"
        ));
        assert_eq!(bundle["total"], 32);
        let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
        for entry in bundle["entry"].as_array().unwrap() {
            let resource = &entry["resource"];
            let kind = resource["id"]
                .as_str()
                .unwrap()
                .split('-')
                .next()
                .unwrap()
                .to_owned();
            let (claims, lines) = counts.entry(kind).or_default();
            *claims += 1;
            *lines += resource["item"].as_array().unwrap().len();
        }
        assert_eq!(counts["carrier"], (25, 110));
        assert_eq!(counts["inpatient"], (2, 25));
        assert_eq!(counts["pde"], (5, 5));
        assert_eq!(counts.len(), 3);
    }
}

#[test]
fn the_second_documented_person_has_148_claims_in_pages_of_10() {
    for version in ["v1", "v2"] {
        let mut path = format!("{version}/fhir/ExplanationOfBenefit?patient={MANY}&_count=10");
        let mut seen = Vec::new();
        loop {
            let bundle = found(&path);
            assert_eq!(bundle["total"], 148);
            seen.extend(ids(&bundle));
            let next = url(&bundle, "next");
            if next.is_empty() {
                break;
            }
            path = next
                .strip_prefix("http://127.0.0.1:3000/sandbox/claims/")
                .unwrap()
                .to_owned();
        }
        let kinds = |name: &str| seen.iter().filter(|id| id.starts_with(name)).count();
        assert_eq!(
            (kinds("carrier-"), kinds("inpatient-"), kinds("pde-")),
            (44, 1, 103)
        );
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 148);
    }
}

#[test]
fn every_claim_of_a_search_can_be_read() {
    for version in ["v1", "v2"] {
        let bundle = found(&format!(
            "{version}/fhir/ExplanationOfBenefit?patient={DOE}"
        ));
        for entry in bundle["entry"].as_array().unwrap() {
            let id = entry["resource"]["id"].as_str().unwrap();
            let answer = fhir(&format!("{version}/fhir/ExplanationOfBenefit/{id}"));
            assert_eq!(answer.json(), entry["resource"]);
            assert_eq!(
                answer.header("content-location"),
                format!(
                    "http://127.0.0.1:3000/sandbox/claims/{version}/fhir/ExplanationOfBenefit/{id}"
                )
            );
        }
    }
}

#[test]
fn both_versions_tell_the_same_claims() {
    let [first, second] = ["v1", "v2"].map(|version| {
        found(&format!(
            "{version}/fhir/ExplanationOfBenefit?patient={MANY}"
        ))
    });
    assert_eq!(ids(&first), ids(&second));
    for (stu3, r4) in first["entry"]
        .as_array()
        .unwrap()
        .iter()
        .zip(second["entry"].as_array().unwrap())
    {
        let (stu3, r4) = (&stu3["resource"], &r4["resource"]);
        for field in ["billablePeriod", "status", "patient"] {
            assert_eq!(stu3[field], r4[field]);
        }
        assert_eq!(
            stu3["payment"]["amount"]["value"],
            r4["payment"]["amount"]["value"]
        );
        assert_eq!(
            stu3["item"].as_array().unwrap().len(),
            r4["item"].as_array().unwrap().len()
        );
        assert_eq!(
            stu3["insurance"]["coverage"]["reference"],
            r4["insurance"][0]["coverage"]["reference"]
        );
    }
}

#[test]
fn the_same_request_has_the_same_bytes() {
    let path = format!("v2/fhir/ExplanationOfBenefit?patient={MANY}&_count=20");
    assert_eq!(fhir(&path).bytes, fhir(&path).bytes);
}

#[test]
fn bundles_have_the_real_order_of_keys() {
    let answer = fhir(&format!(
        "v2/fhir/ExplanationOfBenefit?patient={DOE}&_count=2"
    ));
    let text = answer.text();
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}"));
    let keys = [
        "{\"resourceType\":\"Bundle\"",
        "\"id\":",
        "\"meta\":{\"lastUpdated\":",
        "\"type\":\"searchset\"",
        "\"total\":",
        "\"link\":",
        "\"entry\":[{\"resource\":{",
    ];
    assert!(keys.map(place).is_sorted());
    assert!(!text.contains("fullUrl") && !text.contains("\"search\""));
    assert_eq!(
        answer.header("content-type"),
        "application/fhir+json;charset=utf-8"
    );
    assert!(answer.header("etag").is_empty());
    // The Friday before the tests' Saturday.
    assert_eq!(
        answer.header("last-modified"),
        "Fri, 20 Nov 2026 00:00:00 GMT"
    );
}

#[test]
fn links_follow_the_real_rules() {
    let search = |rest: &str| {
        found(&format!(
            "v2/fhir/ExplanationOfBenefit/?patient={DOE}{rest}"
        ))
    };
    assert_eq!(relations(&search("")), ["self"]);
    let first = search("&_count=10");
    assert_eq!(relations(&first), ["first", "next", "last", "self"]);
    assert_eq!(ids(&first).len(), 10);
    let middle = search("&_count=10&startIndex=10");
    assert_eq!(
        relations(&middle),
        ["first", "next", "previous", "last", "self"]
    );
    let last = search("&_count=10&startIndex=30");
    assert_eq!(
        (relations(&last), ids(&last).len()),
        (vec!["first", "previous", "last", "self"], 2)
    );
    let base = "http://127.0.0.1:3000/sandbox/claims/v2/fhir/ExplanationOfBenefit";
    assert_eq!(
        url(&first, "self"),
        format!("{base}/?patient={DOE}&_count=10")
    );
    assert_eq!(
        url(&first, "next"),
        format!("{base}?patient={DOE}&startIndex=10&_count=10")
    );
    assert_eq!(
        url(&middle, "previous"),
        format!("{base}?patient={DOE}&startIndex=0&_count=10")
    );
    assert_eq!(
        url(&middle, "last"),
        format!("{base}?patient={DOE}&startIndex=30&_count=10")
    );
    assert_eq!(
        url(&search("&_count=20&startIndex=5"), "previous"),
        format!("{base}?patient={DOE}&startIndex=0&_count=20")
    );
    // Only a start: pages of ten.
    assert_eq!(ids(&search("&startIndex=4")).len(), 10);
    assert_eq!(relations(&search("&_count=50")), ["first", "last", "self"]);
    // An unknown parameter with an underscore is carried along.
    assert!(url(&search("&_count=10&_page=6"), "next").contains("_page=6"));
    let empty = found("v2/fhir/ExplanationOfBenefit?patient=1&_count=1");
    assert!(url(&empty, "last").ends_with("startIndex=-1&_count=1"));
}

#[test]
fn links_name_the_gateway_that_forwards() {
    let request = Request::get(format!(
        "/sandbox/claims/v1/fhir/ExplanationOfBenefit?patient={DOE}&_count=5"
    ))
    .header("x-forwarded-host", "bluegate.example")
    .header("x-forwarded-proto", "https")
    .body(Body::empty())
    .unwrap();
    let bundle = send(&mut site(), request).json();
    for link in bundle["link"].as_array().unwrap() {
        let url = link["url"].as_str().unwrap();
        assert!(
            url.starts_with("https://bluegate.example/v1/fhir/ExplanationOfBenefit?"),
            "{url}"
        );
    }
}

#[test]
fn claims_are_ordered_by_number_as_text() {
    let bundle = found(&format!("v2/fhir/ExplanationOfBenefit?patient={MANY}"));
    let numbers: Vec<String> = ids(&bundle)
        .iter()
        .map(|id| id.split_once('-').unwrap().1.to_owned())
        .collect();
    assert!(numbers.is_sorted());
}

#[test]
fn type_selects_as_the_real_backend_does() {
    let total = |rest: &str| {
        found(&format!(
            "v2/fhir/ExplanationOfBenefit?patient={DOE}&{rest}"
        ))["total"]
            .as_i64()
            .unwrap()
    };
    let system = "https://bluebutton.cms.gov/resources/codesystem/eob-type";
    for (query, expected) in [
        ("type=carrier".to_owned(), 25),
        ("type=CARRIER".to_owned(), 25),
        ("type=pde,inpatient".to_owned(), 7),
        ("type=pde&type=inpatient".to_owned(), 0),
        ("type=pde,carrier&type=carrier".to_owned(), 25),
        ("type=dental".to_owned(), 0),
        ("type=dental,pde".to_owned(), 5),
        (format!("type={system}|PDE"), 5),
        // The quirk: an unknown name in the right system selects everything.
        (format!("type={system}|dental"), 32),
        (format!("type={system}|"), 32),
        ("type=urn:x|pde".to_owned(), 0),
    ] {
        assert_eq!(total(&query), expected, "{query}");
    }
    refused(
        &format!("v2/fhir/ExplanationOfBenefit?patient={DOE}&type:not=carrier"),
        500,
        "HAPI-0389…",
    );
}

#[test]
fn dates_select() {
    let all = found(&format!("v2/fhir/ExplanationOfBenefit?patient={MANY}"));
    let mut ends: Vec<String> = all["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            entry["resource"]["billablePeriod"]["end"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    ends.sort();
    let middle = ends[74].clone();
    let expected = ends.iter().filter(|end| **end >= middle).count();
    let total = |query: &str| {
        found(&format!(
            "v2/fhir/ExplanationOfBenefit?patient={MANY}&{query}"
        ))["total"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total(&format!("service-date=ge{middle}")), expected as u64);
    assert_eq!(
        total(&format!("service-date=lt{middle}")),
        148 - expected as u64
    );
    assert_eq!(
        total(&format!(
            "service-date=ge{}&service-date=le{}",
            ends[0], ends[147]
        )),
        148
    );
    assert_eq!(total("service-date=gt2027"), 0);
    assert_eq!(total("_lastUpdated=lt2030-01-01"), 148);
    let updated = all["entry"][0]["resource"]["meta"]["lastUpdated"]
        .as_str()
        .unwrap();
    let at = encode(&[("_lastUpdated", &format!("ge{updated}"))]);
    assert!((1..148).contains(&total(&at)));
    // Equality is refused for people, and comes out as nothing for claims.
    assert_eq!(total("_lastUpdated=2020-01-01"), 0);
    refused(
        &format!("v2/fhir/Patient?_id={MANY}&_lastUpdated=2020-01-01"),
        400,
        "Unsupported prefix…",
    );
    refused(
        &format!("v2/fhir/ExplanationOfBenefit?patient={MANY}&service-date=ge2020-13-40"),
        400,
        "Invalid date/time format…",
    );
}

#[test]
fn refusals_have_the_documented_texts() {
    let known = "Invalid request: The FHIR endpoint on this server does not know how to handle GET operation[…";
    for version in ["v1", "v2"] {
        for (path, status, text) in [
            (
                "ExplanationOfBenefit/carrier-9999999999",
                404,
                "HAPI-0971: Resource ExplanationOfBenefit/carrier-9999999999 is not known",
            ),
            (
                "ExplanationOfBenefit/carrier--9999999999",
                404,
                "HAPI-0971: Resource ExplanationOfBenefit/carrier--9999999999 is not known",
            ),
            (
                "ExplanationOfBenefit/junk",
                400,
                "ExplanationOfBenefit ID pattern: 'junk' does not match expected pattern: {alphaString}-{idNumber}",
            ),
            (
                "ExplanationOfBenefit/dental-1",
                404,
                "HAPI-0971: Resource ExplanationOfBenefit/dental-1 is not known",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&_count=-10",
                400,
                "Value for pageSize cannot be negative: -10",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&startIndex=-1",
                400,
                "Value for startIndex cannot be negative: -1",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&_count=0",
                400,
                "Invalid pageSize '0'",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&_count=abc",
                400,
                "Failed to parse value for _count as a number.",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&_count=2&startIndex=32",
                400,
                "Value for startIndex (32) must be less than than result size (32)",
            ),
            (
                "ExplanationOfBenefit?patient=abc",
                400,
                "Failed to parse value for Patient ID as a number.",
            ),
            (
                "ExplanationOfBenefit?patient=-20140000008325&unknownParam=124",
                400,
                known,
            ),
            ("ExplanationOfBenefit", 400, known),
            ("ExplanationOfBenefit?_id=carrier-1", 400, known),
            ("Patient/abc", 400, "Patient ID must be a number"),
            (
                "Patient/999999999999",
                404,
                "HAPI-0971: Resource Patient/999999999999 is not known",
            ),
            (
                "Patient?_id=abc",
                400,
                "Failed to parse value for Patient ID as a number.",
            ),
            (
                "Patient?_id=-20140000008325&_count=2&startIndex=12",
                400,
                "Value for startIndex (12) must be less than than result size (1)",
            ),
            (
                "Patient?identifier=http://hl7.org/fhir/sid/us-mbi|9AB2WW3GR44",
                400,
                "Search query by 'http://hl7.org/fhir/sid/us-mbi' is only supported in POST request",
            ),
            (
                "Patient?identifier=urn:x|1",
                400,
                "Unsupported identifier system: urn:x",
            ),
            (
                "Coverage/part-d-9999999",
                404,
                "HAPI-0971: Resource Beneficiary/9999999 is not known",
            ),
            (
                "Coverage/part-d--9999999",
                404,
                "HAPI-0971: Resource Beneficiary/-9999999 is not known",
            ),
            (
                "Coverage?beneficiary=abc",
                400,
                "Failed to parse value for Beneficiary ID as a number.",
            ),
            (
                "Coverage?beneficiary=-20140000008325&_count=2&startIndex=4",
                400,
                "Value for startIndex (4) must be less than than result size (4)",
            ),
            (
                "Observation/1",
                404,
                "HAPI-0302: Unknown resource type 'Observation'…",
            ),
        ] {
            refused(&format!("{version}/fhir/{path}"), status, text);
        }
    }
    refused(
        "v1/fhir/Coverage/bad-format",
        400,
        "Coverage ID pattern: 'bad-format' does not match expected pattern: {alphaNumericString}-{singleCharacter}-{idNumber}",
    );
    refused(
        "v2/fhir/Coverage/bad-format",
        400,
        "Coverage ID pattern: 'bad-format' does not match expected patterns: {alphaNumericString}?-{alphaNumericString}-{idNumber} or {alphaNumericString}?-{alphaNumericString}?-{alphaNumericString}-{idNumber}",
    );
    refused(
        &format!("v2/fhir/ExplanationOfBenefit?patient={DOE}&_elements=extension.url"),
        400,
        "_elements tag is only supported via POST request",
    );
}

#[test]
fn headers_are_checked_as_the_real_backend_does() {
    let with = |path: &str, name: &str, value: &str| {
        let request = Request::get(format!("/sandbox/claims/{path}"))
            .header(name, value)
            .body(Body::empty())
            .unwrap();
        send(&mut site(), request)
    };
    let answer = with(
        "v1/fhir/ExplanationOfBenefit/carrier-1",
        "IncludeTaxNumbers",
        "maybe",
    );
    assert_eq!(
        answer.json()["issue"][0]["diagnostics"],
        "Unsupported IncludeTaxNumbers header value: [maybe]"
    );
    let path = format!("v1/fhir/Patient/{DOE}");
    let answer = with(&path, "IncludeIdentifiers", "mbi,invalid-identifier-value");
    assert_eq!(
        answer.json()["issue"][0]["diagnostics"],
        "Unsupported IncludeIdentifiers Header Value: |invalid-identifier-value|, mbi,invalid-identifier-value"
    );
    let identifiers = |answer: &Answer| answer.json()["identifier"].as_array().unwrap().len();
    assert_eq!(identifiers(&with(&path, "IncludeIdentifiers", "false")), 2);
    assert_eq!(identifiers(&with(&path, "IncludeIdentifiers", "[mbi]")), 3);
    assert!(
        with(&path, "IncludeAddressFields", "true").json()["address"][0]
            .get("city")
            .is_some()
    );
    assert!(fhir(&path).json()["address"][0].get("city").is_none());
}

#[test]
fn an_unknown_person_has_an_empty_result() {
    for path in [
        "ExplanationOfBenefit?patient=999",
        "Coverage?beneficiary=999",
        "Patient?_id=999",
    ] {
        let bundle = found(&format!("v2/fhir/{path}"));
        assert_eq!(bundle["total"], 0);
        assert!(bundle.get("entry").is_none());
    }
}

#[test]
fn a_medicare_number_finds_its_owner_by_post_only() {
    let search = |value: &str| {
        let token = format!("http://hl7.org/fhir/sid/us-mbi|{value}");
        let answer = post(
            "/sandbox/claims/v2/fhir/Patient/_search",
            &[("identifier", &token)],
        );
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    };
    let person = Person::of(PersonNumber::DOE);
    let bundle = search(person.mbi.as_str());
    assert_eq!(ids(&bundle), [DOE]);
    assert_eq!(
        url(&bundle, "self"),
        "http://127.0.0.1:3000/sandbox/claims/v2/fhir/Patient/_search"
    );
    let pair = Mbi::of(PersonNumber::new(30_003).unwrap());
    assert_eq!(search(pair.as_str())["total"], 2);
    assert_eq!(search(Mbi::unknown().as_str())["total"], 0);
    let hash = encode(&[(
        "identifier",
        &format!(
            "https://bluebutton.cms.gov/resources/identifier/mbi-hash|{}",
            person.mbi.hash()
        ),
    )]);
    assert_eq!(ids(&found(&format!("v2/fhir/Patient?{hash}"))), [DOE]);
    let ambiguous = encode(&[(
        "identifier",
        &format!(
            "https://bluebutton.cms.gov/resources/identifier/mbi-hash|{}",
            pair.hash()
        ),
    )]);
    refused(
        &format!("v2/fhir/Patient?{ambiguous}"),
        404,
        "By hash query found more than one distinct BENE_ID: 2…",
    );
}

#[test]
fn a_search_has_four_forms() {
    let expected = ids(&found(&format!(
        "v2/fhir/ExplanationOfBenefit?patient={DOE}&_count=5"
    )));
    for path in ["ExplanationOfBenefit/", "ExplanationOfBenefit/_search"] {
        assert_eq!(
            ids(&found(&format!(
                "v2/fhir/{path}?patient=Patient/{DOE}&_count=5"
            ))),
            expected
        );
    }
    let posted = post(
        "/sandbox/claims/v2/fhir/ExplanationOfBenefit/_search",
        &[("patient", DOE), ("_count", "5")],
    )
    .json();
    assert_eq!(ids(&posted), expected);
    // Page links of a POST are GET URLs with everything in the query.
    assert!(url(&posted, "next").ends_with(&format!(
        "/ExplanationOfBenefit?patient={DOE}&startIndex=5&_count=5"
    )));
    assert_eq!(
        post("/sandbox/claims/v2/fhir/ExplanationOfBenefit", &[]).status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[test]
fn everyone_has_four_coverages() {
    for version in ["v1", "v2"] {
        let bundle = found(&format!("{version}/fhir/Coverage?beneficiary={DOE}"));
        assert_eq!(bundle["total"], 4);
        assert_eq!(
            ids(&bundle),
            ["a", "b", "c", "d"].map(|part| format!("part-{part}-{DOE}"))
        );
        for entry in bundle["entry"].as_array().unwrap() {
            let id = entry["resource"]["id"].as_str().unwrap();
            assert_eq!(
                found(&format!("{version}/fhir/Coverage/{id}")),
                entry["resource"]
            );
        }
    }
}

#[test]
fn the_metadata_tells_the_version() {
    for (version, fhir) in [("v1", "3.0.2"), ("v2", "4.0.1")] {
        let document = found(&format!("{version}/fhir/metadata"));
        assert_eq!(document["fhirVersion"], fhir);
        assert_eq!(
            document["implementation"]["url"],
            format!("http://127.0.0.1:3000/sandbox/claims/{version}/fhir")
        );
    }
}

#[test]
fn large_answers_are_compressed_on_request() {
    let path = format!("/sandbox/claims/v2/fhir/ExplanationOfBenefit?patient={DOE}&_count=10");
    let request = Request::get(&path)
        .header("accept-encoding", "gzip")
        .body(Body::empty())
        .unwrap();
    let answer = send(&mut site(), request);
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(
        answer.header("content-length"),
        answer.bytes.len().to_string()
    );
    let mut plain = Vec::new();
    GzDecoder::new(&answer.bytes[..])
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain, get(&path).bytes);
}

#[test]
fn other_methods_and_versions_are_refused() {
    let request = Request::delete(format!("/sandbox/claims/v2/fhir/Patient/{DOE}"))
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        send(&mut site(), request).status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    for path in ["v4/fhir/metadata", "v9/fhir/metadata", "v2/fhir/"] {
        assert_eq!(fhir(path).status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn odd_input_is_answered_and_never_panics() {
    const PIECES: [&str; 40] = [
        "Patient",
        "Coverage",
        "ExplanationOfBenefit",
        "metadata",
        "_search",
        "_history",
        "/",
        "//",
        "?",
        "&",
        "=",
        "_id",
        "patient",
        "beneficiary",
        "identifier",
        "type",
        "service-date",
        "_lastUpdated",
        "_count",
        "startIndex",
        ":not",
        "-20140000008325",
        "part-a-",
        "carrier-",
        "pde--10000280403792",
        "|",
        ",",
        "ge",
        "2020",
        "-02-30",
        "T24:00",
        "%00",
        "%FF",
        "%C3%BC",
        "+",
        "9999999999999999999999",
        "-0",
        "-",
        "0",
        "Patient/",
    ];
    let mut rng = crate::rng::Rng::of(9, 0, 0, 0);
    let mut router = site();
    for _ in 0..4_000 {
        let tail: String = (0..rng.between(1, 9)).map(|_| *rng.pick(&PIECES)).collect();
        let version = if rng.percent(50) { "v1" } else { "v2" };
        let path = format!("/sandbox/claims/{version}/fhir/{tail}");
        let Ok(request) = Request::get(&path).body(Body::empty()) else {
            continue;
        };
        let answer = send(&mut router, request);
        let status = answer.status.as_u16();
        assert!(matches!(status, 200 | 400 | 404 | 500), "{path}: {status}");
        // The one documented failure: a modifier on `type`.
        assert!(status != 500 || path.contains("type:not"), "{path}");
        if status != 404 {
            assert!(!answer.json()["resourceType"].is_null(), "{path}");
        }
    }
}
