//! Insurance cards: three types in one collection, and one person under two ids.

use super::*;
use crate::owner::scan_card;

const ALIAS: &str = "3f0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f";

fn card_verdict(body: &str) -> Verdict {
    let id = PatientId::parse("-20140").unwrap();
    let person = Person::new(&id, BASES).known_as(ALIAS);
    match scan_card(body.as_bytes(), &person) {
        Outcome::Proved(_) => Verdict::Proved,
        Outcome::ForeignOwner => Verdict::Foreign,
        Outcome::NotProved(reason) => Verdict::No(reason),
    }
}

fn collection(entries: &[&str]) -> String {
    format!(
        r#"{{"entry":[{}],"resourceType":"Bundle","type":"collection"}}"#,
        entries.join(",")
    )
}

fn patient() -> String {
    format!(r#"{{"resource":{{"id":"{ALIAS}","resourceType":"Patient"}}}}"#)
}

fn coverage(reference: &str) -> String {
    format!(
        r#"{{"resource":{{"beneficiary":{{"reference":"{reference}"}},"resourceType":"Coverage"}}}}"#
    )
}

#[test]
fn a_card_may_call_its_person_by_two_ids_and_no_third() {
    for own in [
        format!("Patient/{ALIAS}"),
        format!("urn:uuid:{ALIAS}"),
        format!("{}/Patient/{ALIAS}", BASES[0]),
        "Patient/-20140".to_owned(),
    ] {
        let body = collection(&[&patient(), &coverage(&own)]);
        assert_eq!(card_verdict(&body), Verdict::Proved, "{own}");
    }
    let other = collection(&[&patient(), &coverage("Patient/7")]);
    assert_eq!(card_verdict(&other), Verdict::Foreign);
    for unknown in [
        "Patient/9a0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f",
        "urn:uuid:9a0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f",
        "https://third.example/Patient/3f0c1a2b-1a2b-4c3d-8ef5-6a1b2c3d4e5f",
        "#patient",
    ] {
        let body = collection(&[&patient(), &coverage(unknown)]);
        assert_eq!(
            card_verdict(&body),
            Verdict::No(Reason::OwnerMalformed),
            "{unknown}"
        );
    }
    // Anywhere else the second id is nobody's.
    let body = eob_of(&format!(r#"{{"reference":"Patient/{ALIAS}"}}"#));
    assert_eq!(verdict(body, EOB), Verdict::No(Reason::OwnerMalformed));
}

#[test]
fn a_card_is_a_collection_of_three_types() {
    let organization = r#"{"resource":{"resourceType":"Organization","id":"o"}}"#;
    assert_eq!(
        card_verdict(&collection(&[&patient(), organization])),
        Verdict::Proved
    );
    // Whose id is the name of its entry.
    let unnamed = r#"{"fullUrl":"urn:uuid:x","resource":{"resourceType":"Patient"}}"#;
    assert_eq!(card_verdict(&collection(&[unnamed])), Verdict::Proved);
    for (entry, reason) in [
        (
            r#"{"resource":{"resourceType":"Practitioner"}}"#,
            Reason::UnexpectedType,
        ),
        (r#"{"resource":{"id":"o"}}"#, Reason::UnexpectedType),
        (
            r#"{"resource":{"resourceType":"Organization","resourceType":"Patient","id":"7"}}"#,
            Reason::DuplicateMember,
        ),
        (
            r#"{"resource":{"resourceType":"Coverage"}}"#,
            Reason::OwnerMissing,
        ),
        (r#"{"fullUrl":"x"}"#, Reason::EntryWithoutResource),
        (
            r#"{"fullUrl":"Patient/7","resource":{"resourceType":"Organization"}}"#,
            Reason::ForeignReference,
        ),
        (
            r#"{"resource":{"resourceType":"Organization","partOf":{"reference":"Patient/7"}}}"#,
            Reason::ForeignReference,
        ),
    ] {
        let body = collection(&[&patient(), entry]);
        assert_eq!(card_verdict(&body), Verdict::No(reason), "{entry}");
    }
    for body in [
        collection(&[&patient()]).replace("collection", "searchset"),
        collection(&[&patient()]).replace("Bundle", "Parameters"),
    ] {
        assert_eq!(card_verdict(&body), Verdict::No(Reason::UnexpectedType));
    }
}
