//! One test for each rule of the guard; then the real fixtures, and a slow reference implementation.

use super::*;

mod fixtures;
mod oracle;

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
fn duplicate_members_that_matter_are_not_proved() {
    let own = r#"{"reference":"Patient/-20140"}"#;
    for body in [
        format!(r#"{{"resourceType":"ExplanationOfBenefit","patient":{own},"patient":{own}}}"#),
        format!(
            r#"{{"resourceType":"ExplanationOfBenefit","patient":{{"reference":"Patient/7"}},"patient":{own}}}"#
        ),
        format!(
            r#"{{"resourceType":"ExplanationOfBenefit","patient":{own},"pati\u0065nt":{own}}}"#
        ),
        format!(
            r#"{{"resourceType":"ExplanationOfBenefit","resourceType":"ExplanationOfBenefit","patient":{own}}}"#
        ),
        format!(r#"{{"resourceType":"ExplanationOfBenefit","id":"1","id":"2","patient":{own}}}"#),
        eob_of(r#"{"reference":"Patient/7","reference":"Patient/-20140"}"#),
        eob(r#","provider":{"reference":"Organization/1","reference":"Organization/2"}"#),
        eob(r#","contained":[{"resourceType":"Organization","resourceType":"Patient"}]"#),
        eob(r#","contained":[{"resourceType":"Organization","id":"1","id":"2"}]"#),
    ] {
        assert_eq!(
            verdict(&body, EOB),
            Verdict::No(Reason::DuplicateMember),
            "{body}"
        );
    }
    let entry = format!(r#"{{"resource":{}}}"#, eob(""));
    for body in [
        format!(r#"{{"resourceType":"Bundle","entry":[{entry}],"entry":[]}}"#),
        r#"{"resourceType":"Bundle","resourceType":"Bundle"}"#.to_owned(),
        r#"{"resourceType":"Bundle","total":1,"total":2}"#.to_owned(),
        r#"{"resourceType":"Bundle","link":[],"link":[]}"#.to_owned(),
        format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{0},"resource":{0}}}]}}"#,
            eob("")
        ),
        format!(
            r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"a","fullUrl":"b","resource":{}}}]}}"#,
            eob("")
        ),
    ] {
        assert_eq!(
            verdict(&body, EOBS),
            Verdict::No(Reason::DuplicateMember),
            "{body}"
        );
    }
}

#[test]
fn duplicate_members_that_decide_nothing_are_all_looked_at() {
    assert_eq!(
        verdict(eob(r#","status":"active","status":"cancelled""#), EOB),
        Verdict::Proved
    );
    assert_eq!(
        verdict(eob(r#","note":"x","note":"Patient/7""#), EOB),
        Verdict::No(Reason::ForeignReference)
    );
}

#[test]
fn escapes_are_decoded_before_anything_is_compared() {
    assert_eq!(
        verdict(eob_of(r#"{"reference":"\u0050atient\/-20140"}"#), EOB),
        Verdict::Proved
    );
    assert_eq!(
        verdict(eob_of(r#"{"ref\u0065rence":"Patient\/\u0037"}"#), EOB),
        Verdict::Foreign
    );
    assert_eq!(
        verdict(eob(r#","provider":{"reference":"\u0050atient\/7"}"#), EOB),
        Verdict::No(Reason::ForeignReference)
    );
    assert_eq!(
        verdict(
            eob(r#","contained":[{"resourceTyp\u0065":"Pati\u0065nt","id":"7"}]"#),
            EOB
        ),
        Verdict::No(Reason::ForeignReference)
    );
    assert_eq!(
        verdict(eob_of(r#"{"reference":"Patient/-20140\u0000"}"#), EOB),
        Verdict::No(Reason::OwnerMalformed)
    );
}

#[test]
fn a_patient_anywhere_inside_must_be_the_person() {
    for (id, wanted) in [
        (r#""id":"-20140""#, Verdict::Proved),
        (r#""id":"7""#, Verdict::No(Reason::ForeignReference)),
        (
            r#""id":"patient""#,
            Verdict::No(Reason::UnprovableReference),
        ),
        (r#""id":null"#, Verdict::No(Reason::UnprovableReference)),
        (r#""active":true"#, Verdict::No(Reason::UnprovableReference)),
    ] {
        for body in [
            eob(&format!(
                r#","contained":[{{"resourceType":"Patient",{id}}}]"#
            )),
            eob(&format!(
                r#","contained":[{{{id},"resourceType":"Patient"}}]"#
            )),
            eob(&format!(
                r#","contained":[{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Patient",{id}}}}}]}}]"#
            )),
            eob(&format!(
                r#","a":[[{{"b":{{"resourceType":"Patient",{id}}}}}]]"#
            )),
        ] {
            assert_eq!(verdict(&body, EOB), wanted, "{body}");
        }
    }
    assert_eq!(
        verdict(
            eob(r#","contained":[{"resourceType":"PATIENT","id":"7"}]"#),
            EOB
        ),
        Verdict::No(Reason::ForeignReference)
    );
}

#[test]
fn other_contained_types_may_be_there() {
    assert_eq!(
        verdict(
            eob(
                r##","contained":[{"resourceType":"Organization","id":"provider-org"}],"provider":{"reference":"#provider-org"}"##
            ),
            EOB
        ),
        Verdict::Proved
    );
}

#[test]
fn a_reference_to_a_patient_anywhere_inside_must_be_the_persons() {
    for (reference, wanted) in [
        ("Patient/-20140", Verdict::Proved),
        (
            "https://api.example.com/v2/fhir/Patient/-20140",
            Verdict::Proved,
        ),
        ("Patient/7", Verdict::No(Reason::ForeignReference)),
        (
            "http://backend:8080/fhir/v2/fhir/Patient/7",
            Verdict::No(Reason::ForeignReference),
        ),
        (
            "https://third.example/Patient/-20140",
            Verdict::No(Reason::UnprovableReference),
        ),
        (
            "Patient?identifier=1",
            Verdict::No(Reason::UnprovableReference),
        ),
        ("Patient%2F7", Verdict::No(Reason::UnprovableReference)),
    ] {
        for body in [
            eob(&format!(r#","provider":{{"reference":"{reference}"}}"#)),
            eob(&format!(
                r#","item":[{{"extension":[{{"url":"x","valueReference":{{"reference":"{reference}"}}}}]}}]"#
            )),
            eob(&format!(
                r#","contained":[{{"resourceType":"ReferralRequest","subject":{{"reference":"{reference}"}}}}]"#
            )),
            eob(&format!(r#","reference":"{reference}""#)),
        ] {
            assert_eq!(verdict(&body, EOB), wanted, "{body}");
        }
    }
}

#[test]
fn text_of_the_form_of_a_reference_counts_under_any_key() {
    for body in [
        eob(r#","note":"Patient/7""#),
        eob(r#","valueUri":"https://third.example/x/Patient/7""#),
        eob(r#","text":{"div":"<div><a href=\"Patient/7\">x</a></div>"}"#),
        eob(r#","a":{"Patient/7":1}"#),
        eob(r#","id_":["x",["Patient/7/_history/1"]]"#),
        eob(r#","x":{"id":"Patient/7"}"#),
        eob(r#","x":{"type":"Patient/7"}"#),
        eob_of(r#"{"reference":"Patient/-20140","display":"Patient/7"}"#),
    ] {
        assert_eq!(
            verdict(&body, EOB),
            Verdict::No(Reason::ForeignReference),
            "{body}"
        );
    }
    assert_eq!(
        verdict(
            eob(r#","display":"Patient/caregiver training, Inpatient/1""#),
            EOB
        ),
        Verdict::Proved
    );
}

#[test]
fn a_logical_reference_to_a_patient_is_not_proved() {
    assert_eq!(
        verdict(
            eob(r#","x":{"type":"Patient","identifier":{"value":"1S00E00GA03"}}"#),
            EOB
        ),
        Verdict::No(Reason::UnprovableReference)
    );
    assert_eq!(
        verdict(
            eob(r#","x":{"type":"Patient","reference":"Patient/-20140"}"#),
            EOB
        ),
        Verdict::Proved
    );
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
        r#"{"resourceType":"Bundle","total":-1}"#,
        r#"{"resourceType":"Bundle","total":"8"}"#,
    ] {
        assert_eq!(verdict(body, EOBS), Verdict::No(Reason::Shape), "{body}");
    }
}

#[test]
fn truncated_json_is_not_proved() {
    for (whole, expected) in [
        (eob(r#","a":[1,{"b":"c"}]"#), EOB),
        (bundle(&[eob(""), eob("")]), EOBS),
    ] {
        for end in 0..whole.len() {
            assert_eq!(
                verdict(&whole[..end], expected),
                Verdict::No(Reason::Json),
                "{end}"
            );
        }
    }
}

#[test]
fn truncated_foreign_json_is_not_even_called_foreign() {
    let whole = eob_of(r#"{"reference":"Patient/7"}"#);
    assert_eq!(
        verdict(&whole[..whole.len() - 1], EOB),
        Verdict::No(Reason::Json)
    );
}

#[test]
fn trailing_bytes_are_not_proved() {
    for tail in ["x", "{}", "\0", "]", ",", "/**/", "\u{feff}"] {
        assert_eq!(
            verdict(format!("{}{tail}", eob("")), EOB),
            Verdict::No(Reason::Json),
            "{tail:?}"
        );
    }
    assert_eq!(
        verdict(format!(" \r\n{}\t\n", eob("")), EOB),
        Verdict::Proved
    );
}

#[test]
fn what_only_lenient_parsers_read_is_not_proved() {
    for body in [
        eob(","),
        eob(r#","a":[1,]"#),
        eob(r#","a":NaN"#),
        eob(r#","a":'x'"#),
        eob(r#","a":01"#),
        eob(r#","a":1e999"#),
        eob(r#","a":"\ud800""#),
        eob(r#","a":"\x""#),
        eob(",\"a\":\"\n\""),
        eob(r#",a:1"#),
        eob(" // x\n"),
    ] {
        assert_eq!(verdict(&body, EOB), Verdict::No(Reason::Json), "{body}");
    }
}

#[test]
fn a_byte_order_mark_is_not_proved() {
    assert_eq!(
        verdict(format!("\u{feff}{}", eob("")), EOB),
        Verdict::No(Reason::Json)
    );
    let utf16: Vec<u8> = eob("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(verdict(utf16, EOB), Verdict::No(Reason::Json));
}

#[test]
fn invalid_utf8_is_not_proved() {
    let mut body = eob(r#","a":"x""#).into_bytes();
    let at = body.len() - 3;
    body[at] = 0xff;
    assert_eq!(verdict(&body, EOB), Verdict::No(Reason::Utf8));
    // An overlong slash.
    let body = [br#"{"a":"Patient"#.as_slice(), &[0xc0, 0xaf], br#"7"}"#].concat();
    assert_eq!(verdict(body, EOB), Verdict::No(Reason::Utf8));
}

#[test]
fn deep_nesting_is_not_proved() {
    for depth in [200, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(
            verdict(eob(&format!(r#","a":{deep}"#)), EOB),
            Verdict::No(Reason::Json)
        );
        let deep = format!(r#"{}1{}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert_eq!(
            verdict(eob(&format!(r#","a":{deep}"#)), EOB),
            Verdict::No(Reason::Json)
        );
    }
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(
        verdict(eob(&format!(r#","a":{deep}"#)), EOB),
        Verdict::Proved
    );
}

#[test]
fn a_patient_with_links_to_other_records_is_not_proved() {
    let body = r#"{"resourceType":"Patient","id":"-20140","link":[{"type":"replaced-by","other":{"reference":"Patient/7"}}]}"#;
    assert_eq!(verdict(body, PATIENT), Verdict::No(Reason::LinkedPatient));
    let body = r#"{"resourceType":"Patient","id":"7","link":[{"type":"replaced-by","other":{"reference":"Patient/-20140"}}]}"#;
    assert_eq!(verdict(body, PATIENT), Verdict::Foreign);
}

#[test]
fn links_and_full_urls_may_not_name_another_person() {
    let body = r#"{"resourceType":"Bundle","link":[{"relation":"self","url":"http://b/v2/fhir/Patient/7"}]}"#;
    assert_eq!(verdict(body, EOBS), Verdict::No(Reason::ForeignReference));
    let body = r#"{"resourceType":"Bundle","entry":[{"fullUrl":"http://b/Patient/7","resource":{"resourceType":"Patient","id":"-20140"}}]}"#;
    assert_eq!(
        verdict(body, Expected::Searchset(ResourceType::Patient)),
        Verdict::No(Reason::ForeignReference)
    );
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
