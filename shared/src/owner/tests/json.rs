//! Bodies that are no JSON, and JSON that two parsers could read differently.

use super::*;

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
        eob(r#","reference":"a","reference":"b""#),
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
            r#"{{"resourceType":"Bundle","entry":[{{"id":"a","id":"b","resource":{}}}]}}"#,
            eob("")
        ),
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
