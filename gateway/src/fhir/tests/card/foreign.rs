//! A foreign person, number or resource in each element of a card (section 7.4).

use super::*;

/// Everything on the card that may be somebody else's, by the pointer to what is replaced or added.
fn foreign() -> Vec<(String, Json)> {
    let (patient, payer, part_a, part_c) = (
        "/entry/0/resource",
        "/entry/1/resource",
        "/entry/2/resource",
        "/entry/3/resource",
    );
    let other = json!({ "reference": format!("Patient/{OTHER_V3}") });
    let mut all = Vec::new();
    let mut plant =
        |at: &str, member: &str, value: Json| all.push((format!("{at}/{member}"), value));
    // The Patient: other facts than the record's, in each member, and more than it says.
    for (member, value) in [
        (
            "name",
            json!([{ "family": "Smith", "given": ["Jane", "X"] }]),
        ),
        ("name/0/given/0", json!("Janet")),
        ("name/0/text", json!("Janet Smith")),
        ("birthDate", json!("1950-06-01")),
        ("gender", json!("male")),
        ("deceasedDateTime", json!("2020-01-01")),
        ("address/0/postalCode", json!("10001")),
        ("extension/0/valueCode", json!("248153007")),
        (
            "identifier",
            json!([{ "system": MBI, "value": OTHER_NUMBER }]),
        ),
        ("identifier", json!([{ "value": OTHER_V3 }])),
        (
            "telecom",
            json!([{ "system": "phone", "value": "555-0100" }]),
        ),
        ("contact", json!([{ "name": { "family": "Smith" } }])),
        ("link", json!([{ "other": other, "type": "seealso" }])),
        ("managingOrganization", other.clone()),
        (
            "contained",
            json!([{ "resourceType": "Patient", "id": OTHER_V3 }]),
        ),
        ("id", json!(OTHER_V3)),
        ("id", json!("x")),
        ("id", json!(7)),
    ] {
        plant(patient, member, value);
    }
    for coverage in [part_a, part_c] {
        for (member, value) in [
            ("beneficiary", other.clone()),
            ("beneficiary/reference", json!(format!("Patient/{PAYER}"))),
            ("beneficiary", json!({ "display": "Doe" })),
            ("subscriber", other.clone()),
            (
                "subscriber",
                json!({ "identifier": { "value": OTHER_NUMBER } }),
            ),
            ("policyHolder", other.clone()),
            ("payor/0", other.clone()),
            ("payor/0/reference", json!(format!("RelatedPerson/{PAYER}"))),
            (
                "contract",
                json!([{ "reference": format!("Coverage/part-a-{OTHER_V3}") }]),
            ),
            ("subscriberId", json!(OTHER_NUMBER)),
            ("subscriberId", json!(null)),
            ("identifier/0/value", json!(OTHER_NUMBER)),
            ("identifier/0/assigner", other.clone()),
            (
                "identifier/1",
                json!({ "system": MBI, "value": OTHER_NUMBER }),
            ),
            // A number without a system is known by its form.
            ("identifier/1", json!({ "value": OTHER_NUMBER })),
            ("identifier/1", json!({ "value": "1S00-E00-AA99" })),
            ("class/0/value", json!(OTHER_NUMBER)),
            ("class/0/name", json!(format!("of {OTHER_NUMBER}"))),
            ("dependent", json!(OTHER_NUMBER.to_lowercase())),
            ("id", json!(format!("part-c-{OTHER_V3}-H1234-003"))),
            (
                "extension/1",
                json!({ "url": format!("{C4DIC}PlanBeneficiaries-extension"),
                "extension": [{ "url": "name", "valueHumanName": { "family": "Smith" } }] }),
            ),
            (
                "extension/1",
                json!({ "url": "http://x/y", "valueReference": other }),
            ),
            (
                "contained",
                json!([{ "resourceType": "Patient", "id": OTHER_V3 }]),
            ),
            (
                "contained",
                json!([{ "resourceType": "Coverage", "id": "c", "beneficiary": other }]),
            ),
            (
                "contained",
                json!([{ "resourceType": "RelatedPerson", "id": "r", "patient": other }]),
            ),
            (
                "contained",
                json!([{ "resourceType": "Person", "id": "p" }]),
            ),
        ] {
            plant(coverage, member, value);
        }
    }
    for (member, value) in [
        ("name", json!(format!("Plan of Patient/{OTHER_V3}"))),
        ("alias", json!([OTHER_NUMBER])),
        ("partOf", other.clone()),
        ("identifier", json!([{ "system": MBI, "value": NUMBER }])),
        (
            "identifier",
            json!([{ "system": "urn:x:bene_id", "value": OTHER_V3 }]),
        ),
        (
            "extension",
            json!([{ "url": "http://x/y", "valueReference": other }]),
        ),
        (
            "contained",
            json!([{ "resourceType": "Patient", "id": OTHER_V3 }]),
        ),
        ("endpoint", json!([{ "type": "Patient" }])),
    ] {
        plant(payer, member, value);
    }
    for (member, value) in [
        ("id", json!(format!("part-a-{OTHER_V3}"))),
        ("type", json!("searchset")),
        (
            "link",
            json!([{ "relation": "self", "url": format!("http://b/v3/fhir/Coverage?beneficiary={OTHER_V3}") }]),
        ),
        (
            "entry/0/fullUrl",
            json!(format!("http://b/v3/fhir/Patient/{OTHER_V3}")),
        ),
        (
            "entry/3/fullUrl",
            json!(format!("urn:uuid:part-c-{OTHER_V3}-H1234-003")),
        ),
        (
            "entry/2/search",
            json!({ "extension": [{ "url": "x", "valueReference": other }] }),
        ),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "Patient", "id": OTHER_V3 } }),
        ),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "Patient", "id": PAYER, "name": [{ "family": "Smith" }] } }),
        ),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "Coverage", "id": "c", "beneficiary": other } }),
        ),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "ExplanationOfBenefit", "patient": { "reference": format!("Patient/{ON_CARD}") } } }),
        ),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "RelatedPerson", "patient": { "reference": format!("Patient/{ON_CARD}") } } }),
        ),
        ("entry/4", json!({ "resource": { "id": "x" } })),
        ("entry/4", json!({ "response": { "status": "200" } })),
        (
            "entry/4",
            json!({ "resource": { "resourceType": "OperationOutcome" } }),
        ),
    ] {
        plant("", member, value);
    }
    all
}

#[test]
fn a_foreign_person_in_any_element_of_a_card_is_502_and_critical() {
    let world = world();
    for (pointer, value) in foreign() {
        let mut body = card();
        put(&mut body, &pointer, value.clone());
        assert_eq!(
            refused(&world, &record(), &body.to_string()),
            guarded(),
            "{pointer} {value}"
        );
        assert_eq!(
            world.audited(),
            ["fhir.card", "failed", "release_guard", "critical"]
        );
    }
    let log = world.log.0.lock().unwrap().concat();
    for secret in [OTHER_V3, OTHER_NUMBER, NUMBER, OWN_V3] {
        assert!(!log.contains(secret), "{secret}");
    }
}
