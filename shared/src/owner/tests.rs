//! One test for each rule of the guard; then the real fixtures. `tests/fuzz` compares the scan with two slow
//! reference implementations.

use super::*;

mod card;
mod fixtures;
mod inside;
mod json;
mod people;

const BASES: &[&str] = &[
    "https://api.example.com/v2/fhir",
    "http://backend:8080/fhir/v2/fhir",
];
const EOB: Expected = Expected::Resource(ResourceType::ExplanationOfBenefit);
const EOBS: Expected = Expected::Searchset(ResourceType::ExplanationOfBenefit);
const PATIENT: Expected = Expected::Resource(ResourceType::Patient);
const COVERAGE: Expected = Expected::Resource(ResourceType::Coverage);

#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    Proved,
    Foreign,
    No(Reason),
}

fn verdict(body: impl AsRef<[u8]>, expected: Expected) -> Verdict {
    let id = PatientId::parse("-20140").unwrap();
    match scan(body.as_ref(), expected, &Person::new(&id, BASES)) {
        Outcome::Proved(_) => Verdict::Proved,
        Outcome::ForeignOwner => Verdict::Foreign,
        Outcome::NotProved(reason) => Verdict::No(reason),
    }
}

fn eob(more: &str) -> String {
    format!(
        r#"{{"resourceType":"ExplanationOfBenefit","id":"pde-1","patient":{{"reference":"Patient/-20140"}}{more}}}"#
    )
}

fn eob_of(patient: &str) -> String {
    format!(r#"{{"resourceType":"ExplanationOfBenefit","id":"pde-1","patient":{patient}}}"#)
}

fn bundle(entries: &[String]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|resource| format!(r#"{{"resource":{resource}}}"#))
        .collect();
    format!(
        r#"{{"resourceType":"Bundle","type":"searchset","total":{},"entry":[{}]}}"#,
        entries.len(),
        entries.join(",")
    )
}

#[test]
fn each_type_is_proved_by_its_own_owner_member() {
    assert_eq!(
        verdict(r#"{"resourceType":"Patient","id":"-20140"}"#, PATIENT),
        Verdict::Proved
    );
    assert_eq!(
        verdict(
            r#"{"resourceType":"Coverage","id":"part-a--20140","beneficiary":{"reference":"Patient/-20140"}}"#,
            COVERAGE
        ),
        Verdict::Proved
    );
    assert_eq!(verdict(eob(""), EOB), Verdict::Proved);
    assert_eq!(verdict(bundle(&[eob(""), eob("")]), EOBS), Verdict::Proved);
}

#[test]
fn members_may_come_in_any_order() {
    assert_eq!(
        verdict(
            r#"{"patient":{"display":"x","reference":"Patient/-20140"},"id":"1","resourceType":"ExplanationOfBenefit"}"#,
            EOB
        ),
        Verdict::Proved
    );
    assert_eq!(
        verdict(
            format!(
                r#"{{"entry":[{{"resource":{}}}],"resourceType":"Bundle"}}"#,
                eob("")
            ),
            EOBS
        ),
        Verdict::Proved
    );
}

#[test]
fn another_persons_resource_is_foreign() {
    assert_eq!(
        verdict(r#"{"resourceType":"Patient","id":"7"}"#, PATIENT),
        Verdict::Foreign
    );
    assert_eq!(
        verdict(
            r#"{"resourceType":"Coverage","id":"part-a-7","beneficiary":{"reference":"Patient/7"}}"#,
            COVERAGE
        ),
        Verdict::Foreign
    );
    assert_eq!(
        verdict(eob_of(r#"{"reference":"Patient/7"}"#), EOB),
        Verdict::Foreign
    );
}

#[test]
fn a_foreign_resource_stays_foreign_whatever_else_it_refers_to() {
    let body = r##"{"resourceType":"Coverage","id":"part-a-7","subscriber":{"reference":"Patient/7"},
        "contained":[{"resourceType":"Organization","id":"o"}],"payor":[{"reference":"#o"}],
        "beneficiary":{"reference":"Patient/7"}}"##;
    assert_eq!(verdict(body, COVERAGE), Verdict::Foreign);
}

#[test]
fn one_foreign_entry_among_fifty_is_foreign() {
    for position in [0, 24, 49] {
        let mut entries = vec![eob(""); 50];
        entries[position] = eob_of(r#"{"reference":"Patient/7"}"#);
        assert_eq!(verdict(bundle(&entries), EOBS), Verdict::Foreign);
    }
}

#[test]
fn ids_that_are_prefixes_of_each_other_are_different_people() {
    for other in ["-2014", "-201400", "20140", "-020140"] {
        assert_eq!(
            verdict(
                format!(r#"{{"resourceType":"Patient","id":"{other}"}}"#),
                PATIENT
            ),
            Verdict::Foreign,
            "{other}"
        );
        assert_eq!(
            verdict(
                eob_of(&format!(r#"{{"reference":"Patient/{other}"}}"#)),
                EOB
            ),
            Verdict::Foreign,
            "{other}"
        );
    }
}

#[test]
fn an_owner_may_be_absolute_with_our_base_or_the_backends() {
    for base in BASES {
        assert_eq!(
            verdict(
                eob_of(&format!(r#"{{"reference":"{base}/Patient/-20140"}}"#)),
                EOB
            ),
            Verdict::Proved
        );
        assert_eq!(
            verdict(
                eob_of(&format!(r#"{{"reference":"{base}/Patient/7"}}"#)),
                EOB
            ),
            Verdict::Foreign
        );
    }
}

#[test]
fn an_owner_at_a_third_host_is_not_proved() {
    for id in ["-20140", "7"] {
        assert_eq!(
            verdict(
                eob_of(&format!(
                    r#"{{"reference":"https://third.example/v2/fhir/Patient/{id}"}}"#
                )),
                EOB
            ),
            Verdict::No(Reason::OwnerMalformed)
        );
    }
}

#[test]
fn a_missing_owner_is_not_proved() {
    for body in [
        r#"{"resourceType":"ExplanationOfBenefit","id":"pde-1"}"#.to_owned(),
        eob_of("{}"),
        eob_of(r#"{"display":"x"}"#),
    ] {
        assert_eq!(
            verdict(&body, EOB),
            Verdict::No(Reason::OwnerMissing),
            "{body}"
        );
    }
    assert_eq!(
        verdict(r#"{"resourceType":"Patient"}"#, PATIENT),
        Verdict::No(Reason::OwnerMissing)
    );
    assert_eq!(
        verdict(
            r#"{"resourceType":"Coverage","id":"part-a--20140"}"#,
            COVERAGE
        ),
        Verdict::No(Reason::OwnerMissing)
    );
}

#[test]
fn an_entry_without_owner_is_not_proved() {
    let body = bundle(&[
        eob(""),
        r#"{"resourceType":"ExplanationOfBenefit","id":"pde-2"}"#.to_owned(),
    ]);
    assert_eq!(verdict(body, EOBS), Verdict::No(Reason::OwnerMissing));
}

#[test]
fn a_malformed_owner_is_not_proved() {
    for patient in [
        "null",
        "7",
        "-1.5",
        "true",
        r#""Patient/-20140""#,
        r#"[{"reference":"Patient/-20140"}]"#,
        r#"{"reference":null}"#,
        r#"{"reference":7}"#,
        r#"{"reference":["Patient/-20140"]}"#,
        r##"{"reference":"#patient"}"##,
        r#"{"reference":"-20140"}"#,
        r#"{"reference":"Group/-20140"}"#,
        r#"{"reference":"Coverage/part-a--20140"}"#,
        r#"{"reference":"Coverage/part-a-7"}"#,
        r#"{"reference":"urn:uuid:1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0"}"#,
        r#"{"reference":"Patient/-20140/_history/2"}"#,
        r#"{"reference":"patient/-20140"}"#,
        r#"{"reference":"Patient/ -20140"}"#,
        r#"{"reference":""}"#,
    ] {
        assert_eq!(
            verdict(eob_of(patient), EOB),
            Verdict::No(Reason::OwnerMalformed),
            "{patient}"
        );
    }
    for id in ["-20140", "null", "[]", r#""x""#, r#""""#] {
        assert_eq!(
            verdict(
                format!(r#"{{"resourceType":"Patient","id":{id}}}"#),
                PATIENT
            ),
            Verdict::No(Reason::OwnerMalformed),
            "{id}"
        );
    }
}

#[test]
fn an_unexpected_resource_type_is_not_proved() {
    let own = r#""id":"-20140","patient":{"reference":"Patient/-20140"},"beneficiary":{"reference":"Patient/-20140"}"#;
    for kind in [
        r#""resourceType":"OperationOutcome","#,
        r#""resourceType":"Claim","#,
        r#""resourceType":"Bundle","#,
        r#""resourceType":"explanationofbenefit","#,
        r#""resourceType":null,"#,
        r#""resourceType":["ExplanationOfBenefit"],"#,
        "",
    ] {
        let body = format!("{{{kind}{own}}}");
        for expected in [PATIENT, COVERAGE, EOB] {
            assert_eq!(
                verdict(&body, expected),
                Verdict::No(Reason::UnexpectedType),
                "{body}"
            );
        }
        assert_eq!(
            verdict(bundle(&[eob(""), body]), EOBS),
            Verdict::No(Reason::UnexpectedType)
        );
    }
    assert_eq!(
        verdict(bundle(&[]), EOB),
        Verdict::No(Reason::UnexpectedType)
    );
    assert_eq!(verdict(eob(""), EOBS), Verdict::No(Reason::UnexpectedType));
    assert_eq!(
        verdict(r#"{"resourceType":"Bundle","type":"batch-response"}"#, EOBS),
        Verdict::No(Reason::UnexpectedType)
    );
}

#[test]
fn an_entry_without_resource_is_not_proved() {
    let body = r#"{"resourceType":"Bundle","entry":[{"search":{"mode":"match"}}]}"#;
    assert_eq!(
        verdict(body, EOBS),
        Verdict::No(Reason::EntryWithoutResource)
    );
}

#[test]
fn a_body_of_another_shape_is_not_proved() {
    for body in ["null", "[]", "7", r#""x""#, "true"] {
        assert_eq!(verdict(body, EOB), Verdict::No(Reason::Shape), "{body}");
        assert_eq!(verdict(body, EOBS), Verdict::No(Reason::Shape), "{body}");
    }
    for body in [
        r#"{"resourceType":"Bundle","entry":{}}"#,
        r#"{"resourceType":"Bundle","entry":[null]}"#,
        r#"{"resourceType":"Bundle","entry":[[]]}"#,
        r#"{"resourceType":"Bundle","entry":[{"resource":null}]}"#,
        r#"{"resourceType":"Bundle","entry":[{"resource":"x"}]}"#,
        r#"{"resourceType":"Bundle","link":{}}"#,
        r#"{"resourceType":"Bundle","link":[{"url":"a","url":"b"}]}"#,
        r#"{"resourceType":"Bundle","link":[{"url":"","url":"b"}]}"#,
        r#"{"resourceType":"Bundle","link":[{"relation":"","relation":"next"}]}"#,
        r#"{"resourceType":"Bundle","total":-1}"#,
        r#"{"resourceType":"Bundle","total":"8"}"#,
    ] {
        assert_eq!(verdict(body, EOBS), Verdict::No(Reason::Shape), "{body}");
    }
}

#[test]
fn spans_show_what_to_rewrite() {
    let id = PatientId::parse("-20140").unwrap();
    let text = r#" {"resourceType":"Bundle","id":"b\/1","meta":{"lastUpdated":"2020"},"type":"searchset","total":12,
        "link":[{"relation":"next","url":"http:\/\/b\/?startIndex=2"},{"relation":"self","url":"s"}],
        "entry":[{"fullUrl":"http:\/\/b/x/pde-1","resource":{"resourceType":"ExplanationOfBenefit","id":"pde-1","patient":{"reference":"Patient/-20140"}}},
                 {"resource":{"resourceType":"ExplanationOfBenefit","patient":{"reference":"Patient/-20140"}}},
                 {"resource":{"resourceType":"ExplanationOfBenefit","id":"carrier--9","patient":{"reference":"Patient/-20140"}},"fullUrl":"u"}]}"#;
    let Outcome::Proved(proved) = scan(text.as_bytes(), EOBS, &Person::new(&id, BASES)) else {
        panic!("not proved");
    };
    assert_eq!(proved.text(), text);
    let bundle = proved.bundle().unwrap();
    assert_eq!((bundle.total, bundle.entries), (Some(12), 3));
    assert_eq!(&text[bundle.id_span.clone().unwrap()], r#""b\/1""#);
    assert_eq!(
        &text[bundle.meta_span.clone().unwrap()],
        r#"{"lastUpdated":"2020"}"#
    );
    let link_span = bundle.link_span.clone().unwrap();
    assert!(
        text[link_span.clone()].starts_with(r#"[{"relation":"next""#)
            && text[link_span].ends_with(r#""url":"s"}]"#)
    );
    assert_eq!(bundle.links[0].url, "http://b/?startIndex=2");
    assert_eq!(bundle.links[1].relation, "self");
    let full_urls: Vec<_> = bundle
        .full_urls
        .iter()
        .map(|full_url| (&text[full_url.span.clone()], &*full_url.url, &*full_url.id))
        .collect();
    assert_eq!(
        full_urls,
        [
            (r#""http:\/\/b/x/pde-1""#, "http://b/x/pde-1", "pde-1"),
            (r#""u""#, "u", "carrier--9")
        ]
    );
}

#[test]
fn an_entry_with_full_url_needs_an_id_to_build_the_public_one() {
    for id in [
        "",
        r#""id":"","#,
        r#""id":"a/b","#,
        r#""id":"a\"b","#,
        r#""id":7,"#,
    ] {
        let body = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"u","resource":{{{id}"resourceType":"ExplanationOfBenefit","patient":{{"reference":"Patient/-20140"}}}}}}]}}"#
        );
        assert_eq!(verdict(&body, EOBS), Verdict::No(Reason::Shape), "{body}");
    }
}
