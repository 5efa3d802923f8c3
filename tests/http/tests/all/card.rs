//! The insurance card of v3, through the whole product.

use bluegate_http_tests::{Backend, Consent, Flow, Scripted, Stack};
use serde_json::Value;

use crate::support::public;

const USER: &str = "BBUser28324";
const CARD: &str = "/v3/fhir/Patient/$generate-insurance-card";
const SCOPE: &str = "patient/Patient.r patient/Coverage.s profile";

fn of_type(card: &Value, kind: &str) -> Vec<Value> {
    let entries = card["entry"].as_array().expect("entries");
    entries
        .iter()
        .map(|entry| entry["resource"].clone())
        .filter(|resource| resource["resourceType"] == kind)
        .collect()
}

#[test]
fn the_card_is_that_of_the_tokens_person() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v3").with_scope(SCOPE);
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let get = |url: &str| stack.browser().get_as(&tokens.access, url);
    let answer = get(CARD).expect(200);
    assert!(
        answer
            .header("content-type")
            .starts_with("application/fhir+json")
    );
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let card = answer.json();
    assert_eq!(
        (&card["resourceType"], &card["type"]),
        (&"Bundle".into(), &"collection".into())
    );
    let own = get(&format!("/v3/fhir/Patient/{}", tokens.patient))
        .expect(200)
        .json();
    let patients = of_type(&card, "Patient");
    assert_eq!(patients.len(), 1);
    assert_eq!(patients[0]["name"], own["name"]);
    let coverages = of_type(&card, "Coverage");
    assert!(coverages.len() >= 2);
    for coverage in &coverages {
        assert_eq!(coverage["subscriberId"], own["identifier"][0]["value"]);
    }
    assert!(!of_type(&card, "Organization").is_empty());

    // With a slash, as HEAD, and as clients write it that escape every sign.
    assert_eq!(get(&format!("{CARD}/")).expect(200).json(), card);
    assert_eq!(
        get("/v3/fhir/Patient/%24generate-insurance-card")
            .expect(200)
            .json(),
        card
    );
    let bearer = format!("Bearer {}", tokens.access);
    let header = [("authorization", bearer.as_str())];
    let head = stack
        .browser()
        .send(http::Method::HEAD, CARD, &header, Vec::new());
    assert!(head.expect(200).text().is_empty());
    let posted = stack
        .browser()
        .send(http::Method::POST, CARD, &header, Vec::new());
    posted.expect(405);
    stack.browser().get(CARD).expect(401);
    // Of the person of the token, whoever is named.
    get("/v3/fhir/Patient/-963158574/$generate-insurance-card").expect(404);
}

#[test]
fn on_v1_and_v2_the_card_is_an_unknown_route() {
    let stack = Stack::shared();
    let app = public(&stack);
    let tokens = Flow::new("v2").tokens(&stack, &app, USER, Consent::ALLOW);
    for version in ["v1", "v2"] {
        let get = |path: &str| {
            let answer = stack
                .browser()
                .get_as(&tokens.access, &format!("/{version}/{path}"));
            (answer.status.as_u16(), answer.json())
        };
        let card = get("fhir/Patient/$generate-insurance-card");
        assert_eq!(card.0, 404);
        assert_eq!(
            card,
            get("fhir/Nothing/$generate-insurance-card"),
            "{version}"
        );
    }
}

#[test]
fn who_withholds_name_and_address_has_no_card() {
    let stack = Stack::shared();
    let app = public(&stack);
    let flow = Flow::new("v3").with_scope("patient/*.rs profile");
    let tokens = flow.tokens(&stack, &app, "BBUser20023", Consent::WITHHOLD);
    let answer = stack.browser().get_as(&tokens.access, CARD).expect(403);
    let code = &answer.json()["issue"][0]["details"]["coding"][0]["code"];
    assert_eq!(code, "insufficient_scope");
    assert!(
        answer
            .header("www-authenticate")
            .contains("patient/Patient.read")
    );
}

/// A backend that mixes two people up: somebody else's number in one Coverage.
#[test]
fn a_foreign_person_on_the_card_is_stopped_and_alarms() {
    let mut stack = Stack::start();
    let app = public(&stack);
    let flow = Flow::new("v3").with_scope(SCOPE);
    let tokens = flow.tokens(&stack, &app, USER, Consent::ALLOW);
    let own = stack.browser().get_as(
        &tokens.access,
        &format!("/v3/fhir/Patient/{}", tokens.patient),
    );
    let own = own.expect(200).json();
    let card = stack
        .browser()
        .get_as(&tokens.access, CARD)
        .expect(200)
        .text();
    let number = own["identifier"][0]["value"]
        .as_str()
        .expect("a number")
        .to_owned();
    let mixed = card.replacen(&number, "1S00E00AA99", 1);
    assert_ne!(mixed, card);
    let sandbox = stack.base().to_owned();
    let backend = Backend::start(Scripted::fhir(404, ""));
    backend.answers_by(move |seen| {
        let body = if seen.target.contains("$generate") {
            mixed.clone()
        } else {
            own.to_string()
        };
        Scripted::fhir(200, body)
    });
    stack.restart(&[
        ("claims_backend_origin", backend.base()),
        ("claims_backend_path", ""),
        ("idp_origin", &sandbox),
    ]);
    let answer = stack.browser().get_as(&tokens.access, CARD).expect(502);
    assert!(!answer.text().contains("1S00E00AA99"));
    let code = &answer.json()["issue"][0]["details"]["coding"][0]["code"];
    assert_eq!(code, "release_guard");
}
