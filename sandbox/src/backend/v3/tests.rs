//! v3 over its HTTP interface.

use http::StatusCode;
use serde_json::Value;

use crate::people::{Mbi, Person, PersonNumber};
use crate::testing::{Answer, encode, get, post};

const DOE: &str = "-398429691";

fn v3(path: &str) -> Answer {
    get(&format!("/sandbox/claims/v3/fhir/{path}"))
}

fn found(path: &str) -> Value {
    let answer = v3(path);
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer.json()
}

fn refused(path: &str, status: u16, diagnostics: &str) {
    let answer = v3(path);
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    assert_eq!(
        answer.json()["issue"][0]["diagnostics"],
        diagnostics,
        "{path}"
    );
}

fn ids(bundle: &Value) -> Vec<&str> {
    bundle["entry"]
        .as_array()
        .map(|entries| {
            entries
                .iter()
                .map(|entry| entry["resource"]["id"].as_str().unwrap())
                .collect()
        })
        .unwrap_or_default()
}

#[test]
fn a_patient_has_an_id_of_v3_and_the_same_medicare_number_as_elsewhere() {
    let patient = found(&format!("Patient/{DOE}"));
    assert_eq!(patient["id"], DOE);
    let person = Person::of(PersonNumber::DOE);
    assert_eq!(patient["identifier"][0]["value"], person.mbi.as_str());
    assert_eq!(patient["name"][0]["family"], "Doe");
    let older = get(&format!(
        "/sandbox/claims/v2/fhir/Patient/{}",
        person.number.patient_id()
    ))
    .json();
    for key in ["gender", "birthDate", "address"] {
        assert_eq!(patient[key], older[key], "{key}");
    }
    // The ids of one space lead nowhere in the other.
    let id = person.number.patient_id();
    refused(
        &format!("Patient/{id}"),
        404,
        &format!("HAPI-0971: Resource Patient/{id} is not known"),
    );
    assert_eq!(
        get(&format!("/sandbox/claims/v2/fhir/Patient/{DOE}")).status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn a_medicare_number_finds_its_owner_by_post_and_by_get() {
    let token = |person| format!("http://hl7.org/fhir/sid/us-mbi|{}", Mbi::of(person));
    let form = token(PersonNumber::DOE);
    let posted = post(
        "/sandbox/claims/v3/fhir/Patient/_search",
        &[("identifier", &form)],
    )
    .json();
    assert_eq!((ids(&posted), &posted["total"]), (vec![DOE], &1.into()));
    let query = encode(&[("identifier", &form)]);
    assert_eq!(ids(&found(&format!("Patient?{query}"))), [DOE]);
    // Two patients have this number.
    let pair = encode(&[("identifier", &token(PersonNumber::new(30_003).unwrap()))]);
    assert_eq!(found(&format!("Patient?{pair}"))["total"], 2);
}

#[test]
fn an_empty_bundle_has_no_total() {
    let bundle = found("Patient?_id=-999");
    assert!(bundle.get("total").is_none() && bundle.get("entry").is_none());
    assert_eq!(bundle["type"], "searchset");
    assert_eq!(
        bundle["link"],
        serde_json::json!([{
            "relation": "self",
            "url": "http://127.0.0.1:3000/sandbox/claims/v3/fhir/Patient?_id=-999"
        }])
    );
}

#[test]
fn refusals_of_patient_have_the_words_of_v3() {
    refused("Patient/abc", 400, "ID is not a valid number");
    refused(
        "Patient/999",
        404,
        "HAPI-0971: Resource Patient/999 is not known",
    );
    refused(
        "Patient?identifier=9AB2WW3GR44",
        400,
        "Invalid or missing system",
    );
}
