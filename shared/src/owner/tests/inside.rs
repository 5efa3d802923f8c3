//! Patients and references to Patients anywhere below the owner.

use super::*;

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
fn what_says_that_it_is_a_patient_must_say_which() {
    for (reference, wanted) in [
        (r#""reference":"Patient/-20140","#, Verdict::Proved),
        (r##""reference":"#own","##, Verdict::Proved),
        ("", Verdict::No(Reason::UnprovableReference)),
        (
            r#""reference":null,"#,
            Verdict::No(Reason::UnprovableReference),
        ),
        (
            r#""reference":"Person/7","#,
            Verdict::No(Reason::UnprovableReference),
        ),
        (
            r#""reference":"","#,
            Verdict::No(Reason::UnprovableReference),
        ),
    ] {
        let body = eob(&format!(
            r#","enterer":{{{reference}"type":"Patient","identifier":{{"value":"x"}}}}"#
        ));
        assert_eq!(verdict(&body, EOB), wanted, "{body}");
    }
}

#[test]
fn an_owner_may_say_that_it_is_a_patient() {
    for (owner, wanted) in [
        (r#""reference":"Patient/-20140""#, Verdict::Proved),
        (r#""reference":"Patient/7""#, Verdict::Foreign),
        (
            r#""identifier":{"value":"x"}"#,
            Verdict::No(Reason::OwnerMissing),
        ),
    ] {
        for body in [
            eob_of(&format!(r#"{{{owner},"type":"Patient"}}"#)),
            eob_of(&format!(r#"{{"type":"Patient",{owner}}}"#)),
        ] {
            assert_eq!(verdict(&body, EOB), wanted, "{body}");
        }
    }
}

#[test]
fn a_type_that_mentions_somebody_else_is_not_proved() {
    assert_eq!(
        verdict(
            eob(r#","contained":[{"resourceType":"see Patient/7"}]"#),
            EOB
        ),
        Verdict::No(Reason::ForeignReference)
    );
}

#[test]
fn a_bundle_and_its_entries_refer_to_nobody_else() {
    let own = eob("");
    for (body, wanted) in [
        (
            format!(
                r#"{{"resourceType":"Bundle","reference":"%50atient/7","entry":[{{"resource":{own}}}]}}"#
            ),
            Reason::UnprovableReference,
        ),
        (
            format!(
                r#"{{"resourceType":"Bundle","entry":[{{"reference":"Patient/7","resource":{own}}}]}}"#
            ),
            Reason::ForeignReference,
        ),
    ] {
        assert_eq!(verdict(&body, EOBS), Verdict::No(wanted), "{body}");
    }
}
