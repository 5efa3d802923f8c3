//! What names a person otherwise than as a Patient: Coverages, types, identifiers, and what is contained.

use super::*;

const FOREIGN: Verdict = Verdict::No(Reason::ForeignReference);
const UNPROVABLE: Verdict = Verdict::No(Reason::UnprovableReference);

fn coverage(more: &str) -> String {
    format!(
        r#"{{"resourceType":"Coverage","id":"part-a--20140","beneficiary":{{"reference":"Patient/-20140"}}{more}}}"#
    )
}

fn patient(more: &str) -> String {
    format!(r#"{{"resourceType":"Patient","id":"-20140"{more}}}"#)
}

#[test]
fn a_coverage_anywhere_must_be_the_persons() {
    for (reference, wanted) in [
        ("Coverage/part-a--20140", Verdict::Proved),
        ("Coverage/part-c--20140-H1234-003", Verdict::Proved),
        ("Coverage/c4dic-part-a--20140", Verdict::Proved),
        ("Coverage/part-a-7", FOREIGN),
        ("Coverage/part-d-20140", FOREIGN),
        ("Coverage/dual-7", FOREIGN),
        ("Coverage/c4dic-part-a-7", FOREIGN),
        ("Coverage/17", UNPROVABLE),
        ("Coverage%2Fpart-a--20140", UNPROVABLE),
    ] {
        let body = eob(&format!(
            r#","insurance":[{{"coverage":{{"reference":"{reference}"}}}}]"#
        ));
        assert_eq!(verdict(&body, EOB), wanted, "{body}");
    }
    for id in ["part-a-7", "dual-7", "PART-B--201400", "c4dic-part-a-7"] {
        let body = coverage("").replace("part-a--20140", id);
        assert_eq!(verdict(&body, COVERAGE), FOREIGN, "{body}");
        let body = eob(&format!(
            r#","contained":[{{"resourceType":"Organization","id":"{id}"}}],"x":{{"display":"{id}"}}"#
        ));
        assert_eq!(verdict(&body, EOB), FOREIGN, "{body}");
    }
}

#[test]
fn a_contained_resource_must_name_the_person_where_its_type_demands_an_owner() {
    for (kind, member) in [
        ("Coverage", "beneficiary"),
        ("ExplanationOfBenefit", "patient"),
        ("Claim", "patient"),
        ("ClaimResponse", "patient"),
        ("RelatedPerson", "patient"),
        ("Condition", "subject"),
        ("ReferralRequest", "subject"),
        ("ServiceRequest", "subject"),
    ] {
        for (members, wanted) in [
            (
                format!(r#","{member}":{{"reference":"Patient/-20140"}}"#),
                Verdict::Proved,
            ),
            (
                format!(r#","{member}":{{"reference":"Patient/7"}}"#),
                FOREIGN,
            ),
            (
                format!(r#","{member}":{{"reference":"Patient/-20140/_history/1"}}"#),
                UNPROVABLE,
            ),
            (
                format!(r##","{member}":{{"reference":"#patient"}}"##),
                UNPROVABLE,
            ),
            (
                format!(r#","{member}":{{"identifier":{{"value":"1S00E00AA00"}}}}"#),
                UNPROVABLE,
            ),
            (format!(r#","{member}":{{}}"#), UNPROVABLE),
            (format!(r#","{member}":"Patient/-20140""#), UNPROVABLE),
            (
                format!(r#","{member}":[{{"reference":"Patient/-20140"}}]"#),
                UNPROVABLE,
            ),
            (
                format!(r#","{member}":null,"x":{{"reference":"Patient/-20140"}}"#),
                UNPROVABLE,
            ),
            (
                format!(
                    r#","{member}":{{"reference":"Patient/-20140"}},"{member}":{{"display":"x"}}"#
                ),
                UNPROVABLE,
            ),
            (
                r#","individual":{"reference":"Patient/-20140"}"#.to_owned(),
                UNPROVABLE,
            ),
            (String::new(), UNPROVABLE),
        ] {
            for body in [
                eob(&format!(
                    r#","contained":[{{"resourceType":"{kind}"{members}}}]"#
                )),
                eob(&format!(
                    r#","a":{{"b":[{{"id":"1"{members},"resourceType":"{kind}"}}]}}"#
                )),
            ] {
                assert_eq!(verdict(&body, EOB), wanted, "{body}");
            }
        }
    }
}

#[test]
fn what_need_not_be_about_anybody_is_about_nobody_else() {
    for kind in ["Observation", "Organization", "Practitioner", "Encounter"] {
        for (members, wanted) in [
            ("", Verdict::Proved),
            (
                r#","subject":{"reference":"Patient/-20140"}"#,
                Verdict::Proved,
            ),
            (r#","subject":{"reference":"Patient/7"}"#, FOREIGN),
            (r#","subject":{"display":"Jane Doe"}"#, UNPROVABLE),
            (r#","patient":{"reference":"Group/7"}"#, UNPROVABLE),
        ] {
            let body = eob(&format!(
                r#","contained":[{{"resourceType":"{kind}","id":"o"{members}}}]"#
            ));
            assert_eq!(verdict(&body, EOB), wanted, "{body}");
        }
    }
}

#[test]
fn a_contained_resource_of_a_type_that_cannot_be_proved_is_not() {
    for kind in [
        "Person",
        "Group",
        "Appointment",
        "AuditEvent",
        "coverage",
        "Coverages",
        "Organization ",
        "",
    ] {
        let own = r#""patient":{"reference":"Patient/-20140"},"subject":{"reference":"Patient/-20140"},"beneficiary":{"reference":"Patient/-20140"}"#;
        let body = eob(&format!(
            r#","contained":[{{"resourceType":"{kind}",{own}}}]"#
        ));
        assert_eq!(verdict(&body, EOB), UNPROVABLE, "{body}");
    }
    // STU3 `ExplanationOfBenefit.payee.resourceType` is a Coding.
    assert_eq!(
        verdict(
            eob(r#","payee":{"resourceType":{"code":"organization"}}"#),
            EOB
        ),
        Verdict::Proved
    );
}

#[test]
fn a_type_of_people_must_say_which_however_it_is_written() {
    for kind in [
        "Patient",
        "patient",
        "Patient|4.0.1",
        "http://hl7.org/fhir/StructureDefinition/Patient|4.0.1",
        "RelatedPerson",
        "Person",
        "Group",
        "Coverage",
    ] {
        for (reference, wanted) in [
            (
                r#""reference":"Patient/-20140","#.to_owned(),
                Verdict::Proved,
            ),
            (
                r#""reference":"Coverage/part-a--20140","#.to_owned(),
                Verdict::Proved,
            ),
            (r##""reference":"#x","##.to_owned(), Verdict::Proved),
            (String::new(), UNPROVABLE),
            (r#""reference":"Organization/1","#.to_owned(), UNPROVABLE),
        ] {
            let body = eob(&format!(
                r#","payee":{{"party":{{{reference}"type":"{kind}","display":"x"}}}}"#
            ));
            assert_eq!(verdict(&body, EOB), wanted, "{body}");
        }
    }
}

#[test]
fn an_id_of_a_patient_is_the_persons_wherever_it_is_an_identifier() {
    let system = "https://bluebutton.cms.gov/resources/variables/bene_id";
    for (members, wanted) in [
        (
            format!(r#""system":"{system}","value":"-20140""#),
            Verdict::Proved,
        ),
        (format!(r#""system":"{system}","value":"7""#), FOREIGN),
        (format!(r#""value":"7","system":"{system}""#), FOREIGN),
        (
            format!(r#""value":"-20140","system":"{system}","value":"7""#),
            FOREIGN,
        ),
        (format!(r#""system":"{system}","code":"7""#), UNPROVABLE),
        (format!(r#""system":"{system}","value":7"#), UNPROVABLE),
        (format!(r#""url":"{system}","valueString":"7""#), UNPROVABLE),
        (
            r#""system":"https:\/\/x\/bene\u005fid","value":"7""#.to_owned(),
            FOREIGN,
        ),
    ] {
        for (body, kind) in [
            (eob(&format!(r#","identifier":[{{{members}}}]"#)), EOB),
            (
                eob(&format!(
                    r#","payee":{{"party":{{"identifier":{{{members}}}}}}}"#
                )),
                EOB,
            ),
            (
                eob(&format!(
                    r#","extension":[{{"valueIdentifier":{{{members}}}}}]"#
                )),
                EOB,
            ),
            (
                patient(&format!(r#","identifier":[{{{members}}}]"#)),
                PATIENT,
            ),
            (
                coverage(&format!(r#","identifier":[{{{members}}}]"#)),
                COVERAGE,
            ),
        ] {
            assert_eq!(verdict(&body, kind), wanted, "{body}");
        }
    }
}

#[test]
fn numbers_that_cannot_be_compared_stand_in_the_persons_record_only() {
    for system in [
        "http://hl7.org/fhir/sid/us-mbi",
        "http://hl7.org/fhir/sid/us-medicare",
        "http://hl7.org/fhir/sid/us-ssn",
        "https://bluebutton.cms.gov/resources/identifier/mbi-hash",
        "https://bluebutton.cms.gov/resources/identifier/hicn-hash",
        "http://bluebutton.cms.hhs.gov/identifier#hicnHash",
        "urn:oid:2.16.840.1.113883.4.927",
    ] {
        let identifier = format!(r#"{{"system":"{system}","value":"1S00E00AA00"}}"#);
        for (body, kind, wanted) in [
            (
                patient(&format!(r#","identifier":[{identifier}]"#)),
                PATIENT,
                Verdict::Proved,
            ),
            (
                coverage(&format!(r#","identifier":[{identifier}]"#)),
                COVERAGE,
                Verdict::Proved,
            ),
            (
                patient(&format!(r#","identifier":{identifier}"#)),
                PATIENT,
                UNPROVABLE,
            ),
            (
                patient(&format!(
                    r#","identifier":[{{"assigner":{{"identifier":{identifier}}}}}]"#
                )),
                PATIENT,
                UNPROVABLE,
            ),
            (
                patient(&format!(r#","contact":[{{"identifier":{identifier}}}]"#)),
                PATIENT,
                UNPROVABLE,
            ),
            (
                coverage(&format!(r#","payor":[{{"identifier":{identifier}}}]"#)),
                COVERAGE,
                UNPROVABLE,
            ),
            (
                eob(&format!(r#","identifier":[{identifier}]"#)),
                EOB,
                UNPROVABLE,
            ),
            (
                eob_of(&format!(
                    r#"{{"reference":"Patient/-20140","identifier":{identifier}}}"#
                )),
                EOB,
                UNPROVABLE,
            ),
            (
                eob(&format!(
                    r#","contained":[{{"resourceType":"Organization","identifier":[{identifier}]}}]"#
                )),
                EOB,
                UNPROVABLE,
            ),
        ] {
            assert_eq!(verdict(&body, kind), wanted, "{body}");
        }
    }
    assert_eq!(
        verdict(
            eob(
                r#","identifier":[{"system":"https://bluebutton.cms.gov/resources/variables/clm_id","value":"7"}]"#
            ),
            EOB
        ),
        Verdict::Proved
    );
}

#[test]
fn whoever_subscribes_to_a_coverage_is_the_person_or_contained() {
    for (subscriber, wanted) in [
        (r#"{"reference":"Patient/-20140"}"#, Verdict::Proved),
        (r##"{"reference":"#relative"}"##, Verdict::Proved),
        (r#"{"reference":"Patient/7"}"#, FOREIGN),
        (r#"{"reference":"RelatedPerson/7"}"#, UNPROVABLE),
        (r#"{"reference":"Organization/7"}"#, UNPROVABLE),
        (r#"{"identifier":{"value":"1S00E00AA00"}}"#, UNPROVABLE),
        (r#"{"display":"Jane Doe"}"#, UNPROVABLE),
        ("null", UNPROVABLE),
        (r#""x""#, UNPROVABLE),
    ] {
        let body = coverage(&format!(r#","subscriber":{subscriber}"#));
        assert_eq!(verdict(&body, COVERAGE), wanted, "{body}");
    }
}

#[test]
fn a_link_says_what_was_asked_and_asks_for_nobody_else() {
    for (url, wanted) in [
        (
            "https://b/v3/fhir/Coverage?beneficiary=Patient%2F-20140",
            Verdict::Proved,
        ),
        ("https://b/v3/fhir/Coverage?beneficiary=7", FOREIGN),
        ("https://b/v2/fhir/ExplanationOfBenefit?patient=7", FOREIGN),
        ("https://b/v2/fhir/Patient?_id=7", FOREIGN),
    ] {
        let body =
            format!(r#"{{"resourceType":"Bundle","link":[{{"relation":"self","url":"{url}"}}]}}"#);
        assert_eq!(verdict(&body, EOBS), wanted, "{body}");
    }
}
