//! What is not as it should be: text that ends early, garbage, and resources of which a part has
//! the wrong shape. The first two are errors with a position; the last never costs more than the
//! part, and is noted.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

use bluegate_shared::fhir::page::Listed;
use bluegate_shared::fhir::{
    Claim, Entry, Note, Page, ParseErrorKind, Reason, Resource, parse_bundle, parse_resource,
};

const PAGE: &str = r#"{"resourceType":"Bundle","id":"b","type":"searchset","total":3,
 "link":[{"relation":"self","url":"http://x/1"},{"relation":"next","url":"http://x/2"}],
 "entry":[
  {"resource": {"resourceType":"Patient","id":"-1","name":[{"family":"Doe \"é\" \u00e9","given":["J"]}],"birthDate":"2014-06-01"}},
  {"fullUrl":"urn:x","resource":
{"id":"carrier-1","item":[{"sequence":1,"quantity":{"value":1.50},"adjudication":[{"category":{"coding":[{"code":"x"}]},"amount":{"value":-12.34}}]}],"resourceType":"ExplanationOfBenefit"}  },
  {"resource":{"resourceType":"Organization","name":"CMS"}}
 ]}"#;

fn claim(entry: &Entry) -> &Claim {
    match &entry.resource {
        Resource::Claim(claim) => claim,
        other => panic!("not a claim: {other:?}"),
    }
}

fn note(path: &str, reason: Reason) -> Note {
    Note {
        path: path.to_owned(),
        reason,
    }
}

#[test]
fn a_page_is_read_with_the_spans_of_its_entries() {
    let bundle = parse_bundle(PAGE.as_bytes()).unwrap();
    assert_eq!(bundle.total, Some(3));
    assert_eq!(bundle.links.next.as_deref(), Some("http://x/2"));
    assert_eq!(bundle.entries.len(), 3);
    for entry in &bundle.entries {
        let text = &PAGE[entry.span.clone()];
        assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
        // The untouched text reads to the same entry.
        let again = parse_resource(text.as_bytes()).unwrap();
        assert_eq!(again.span, 0..text.len());
        assert_eq!(again.resource, entry.resource);
        assert_eq!(entry.notes, []);
    }
    let line = &claim(&bundle.entries[1]).lines[0];
    assert_eq!(line.quantity.as_ref().unwrap().as_str(), "1.5");
    assert_eq!(line.amounts.get("x"), Some(-1234));
    let Resource::Patient(patient) = &bundle.entries[0].resource else {
        panic!("not a patient")
    };
    let family = patient.name.as_ref().unwrap().family.as_deref();
    assert_eq!(family, Some("Doe \"é\" é"));
    let other = Resource::Other {
        resource_type: "Organization".to_owned(),
    };
    assert_eq!(bundle.entries[2].resource, other);
}

#[test]
fn a_resource_may_have_white_space_around_it() {
    let text = " \n{\"resourceType\":\"Patient\",\"id\":\"1\"} \n";
    let entry = parse_resource(text.as_bytes()).unwrap();
    assert_eq!(&text[entry.span], text.trim());
}

#[test]
fn text_cut_anywhere_is_an_error_with_its_position() {
    for end in 0..PAGE.len() {
        let cut = &PAGE.as_bytes()[..end];
        let errors = [
            parse_bundle(cut).unwrap_err(),
            parse_resource(cut).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind, ParseErrorKind::Truncated, "{end}");
            // At the end, or at most before an unfinished character of four bytes.
            assert!(
                (end.saturating_sub(4)..=end).contains(&error.position),
                "{end} {error:?}"
            );
        }
    }
}

#[test]
fn garbage_anywhere_never_panics() {
    for at in 0..PAGE.len() {
        for byte in [0, b'"', b'{', b']', b'9', b',', 0xff] {
            let mut text = PAGE.as_bytes().to_vec();
            text[at] = byte;
            let errors = [parse_bundle(&text).err(), parse_resource(&text).err()];
            // What is no UTF-8 costs a resource, or the entry that it stands in.
            assert!(byte != 0xff || errors[1].is_some(), "{at}");
            for error in errors.into_iter().flatten() {
                assert!(error.position <= text.len(), "{at} {byte} {error:?}");
            }
        }
    }
}

#[test]
fn errors_tell_where_and_nothing_of_the_text() {
    let json = b"{\n \"resourceType\": \"Bundle\",\n \"secret\" 1}";
    let error = parse_bundle(json).unwrap_err();
    assert_eq!(error.kind, ParseErrorKind::Syntax);
    // The byte where a colon was expected.
    assert_eq!(json[error.position], b'1');
    assert_eq!(
        error.to_string(),
        format!("not JSON, at byte {}", error.position)
    );

    for text in ["", " ", "{", "[1,", "\"x", "tru"] {
        let error = parse_resource(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::Truncated, "{text:?}");
    }
    for text in ["[]", "null", "\"Bundle\"", "1"] {
        let error = parse_bundle(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::WrongType, "{text}");
        let error = parse_resource(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::WrongType, "{text}");
    }
    for text in [
        "{}",
        r#"{"resourceType":"OperationOutcome"}"#,
        r#"{"resourceType":1}"#,
    ] {
        let error = parse_bundle(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::WrongType, "{text}");
    }
    for text in ["{} x", "{}{}", "nil", "{'a':1}", "{\"a\":01}", "{}\u{feff}"] {
        let error = parse_resource(text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::Syntax, "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let list = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let extensions = format!(
        "{}{}",
        "{\"extension\":[".repeat(100_000),
        "]}".repeat(100_000)
    );
    for nested in [list, extensions] {
        for name in ["extension", "name", "unknown"] {
            let resource = format!(r#"{{"resourceType":"Patient","id":"1","{name}":[{nested}]}}"#);
            let entry = parse_resource(resource.as_bytes()).unwrap();
            assert!(matches!(entry.resource, Resource::Patient(_)), "{name}");
            // What nobody reads is skipped without looking into it.
            assert_eq!(entry.notes.is_empty(), name == "unknown", "{name}");
            let page =
                format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{resource}}}]}}"#);
            let bundle = parse_bundle(page.as_bytes()).unwrap();
            assert_eq!(bundle.entries[0].resource, entry.resource);
        }
    }
}

#[test]
fn one_bad_entry_does_not_cost_the_page() {
    let page = r#"{"resourceType":"Bundle","entry":[
        {"resource":{"resourceType":"Patient","id":"1"}},
        {"resource":{"resourceType":"Patient","id":{"no":"string"},"gender":"male"}},
        {"resource":7},
        {"resource":{"resourceType":5}},
        {"resource":{"resourceType":"AuditEvent","period":"x","type":7}},
        {"search":{"mode":"match"}},
        {"resource":{"resourceType":"Patient","id":"2"}}]}"#;
    let bundle = parse_bundle(page.as_bytes()).unwrap();
    let kinds = bundle.entries.iter().map(|entry| match &entry.resource {
        Resource::Patient(patient) => format!("Patient {}", patient.id),
        Resource::Other { resource_type } => resource_type.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [
            "Patient 1",
            "Patient ",
            "",
            "",
            "AuditEvent",
            "",
            "Patient 2"
        ]
    );
    let expected: [&[Note]; 7] = [
        &[],
        &[note("id", Reason::Missing), note("id", Reason::WrongShape)],
        &[note("resource", Reason::WrongShape)],
        &[
            note("resourceType", Reason::Missing),
            note("resourceType", Reason::WrongShape),
        ],
        &[],
        &[note("resource", Reason::Missing)],
        &[],
    ];
    for (entry, expected) in bundle.entries.iter().zip(expected) {
        assert_eq!(entry.notes, expected);
    }
}

#[test]
fn a_page_with_a_bad_part_is_read_without_it() {
    let page = r#"{"resourceType":"Bundle","total":"3","link":{"relation":"self"},
        "entry":["x",{"resource":{"resourceType":"Patient","id":"1"}},null]}"#;
    let bundle = parse_bundle(page.as_bytes()).unwrap();
    assert_eq!(bundle.total, Some(3));
    assert_eq!(bundle.links, Default::default());
    assert_eq!(bundle.entries.len(), 3);
    let good = &bundle.entries[1];
    assert_eq!(
        &page[good.span.clone()],
        r#"{"resourceType":"Patient","id":"1"}"#
    );
    assert_eq!(good.notes, []);
    for bad in [0, 2] {
        assert_eq!(
            bundle.entries[bad].notes,
            [note("resource", Reason::Missing)]
        );
    }
}

#[test]
fn a_bad_part_costs_no_more_than_itself() {
    let json = r#"{"resourceType":"ExplanationOfBenefit","id":"carrier-1","status":["active"],
        "billablePeriod":{"start":"2016-13-01","end":"2016-01-27"},
        "item":[{"sequence":1,"servicedDate":5,"quantity":{"value":2}},
                "line",
                {"sequence":3,"modifier":[{"coding":[{"code":"LT"},{"code":{}}]}]}],
        "payment":{"amount":{"value":"lots"}},
        "totalCost":{"value":1.005},
        "careTeam":{"sequence":1},
        "status":"active"}"#;
    let entry = parse_resource(json.as_bytes()).unwrap();
    let claim = claim(&entry);
    assert_eq!(claim.status, None);
    let end = claim.billable_period.unwrap().end.unwrap();
    assert_eq!(end.to_string(), "2016-01-27");
    assert_eq!(claim.lines.len(), 2);
    assert_eq!(claim.lines[0].quantity.as_ref().unwrap().as_str(), "2");
    assert_eq!(claim.lines[1].modifiers, ["LT"]);
    assert_eq!(claim.totals.charged, Some(101));
    let mut notes = entry.notes.clone();
    notes.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(
        notes,
        [
            note("billablePeriod.start", Reason::NotADate),
            note("careTeam", Reason::WrongShape),
            note("item[0].servicedDate", Reason::WrongShape),
            note("item[1]", Reason::WrongShape),
            note("item[2].modifier[0].coding[1].code", Reason::WrongShape),
            note("payment.amount.value", Reason::NotANumber),
            note("status", Reason::WrongShape),
            note("status", Reason::Duplicate),
            note("totalCost.value", Reason::Rounded),
        ]
    );
}

#[test]
fn null_is_absent() {
    let json = r#"{"resourceType":"ExplanationOfBenefit","id":"carrier-1","status":null,
        "billablePeriod":null,"item":null,"careTeam":[null],"payment":{"amount":{"value":null}}}"#;
    let entry = parse_resource(json.as_bytes()).unwrap();
    assert_eq!(claim(&entry).status, None);
    assert_eq!(claim(&entry).billable_period, None);
    assert_eq!(claim(&entry).lines, []);
    // But an element of a list is something, and `null` is no object.
    assert_eq!(entry.notes, [note("careTeam[0]", Reason::WrongShape)]);
}

#[test]
fn notes_hold_no_values() {
    let json =
        r#"{"resourceType":"Patient","id":"1","birthDate":"SECRET","gender":{"code":"SECRET"}}"#;
    let entry = parse_resource(json.as_bytes()).unwrap();
    assert_eq!(entry.notes.len(), 2);
    assert!(!format!("{:?}", entry.notes).contains("SECRET"));
}

/// Entries are skipped 64 bytes at a time, so every kind of byte has to stand at every place of a block.
#[test]
fn spans_are_right_wherever_quotes_and_escapes_stand() {
    for text in [
        r#"{"a":"\\","b":"}\"]","c":["{","[\\\"{"]}"#,
        r#"{"\"":"\\\\\\\"}","x":{"y":[[{"z":"]"}]]}}"#,
        r#"{"u":"\u0022}","e":"é]{","n":-1.5e3,"t":[true,null]}"#,
        r#"{"a":"}}}}","b":[[],[{}],"[[[["]}"#,
    ] {
        for pad in 0..140 {
            let filler = " ".repeat(pad);
            let name = "x".repeat(pad);
            let page = format!(
                r#"{{"resourceType":"Bundle","{name}":[{text}],"entry":[{filler}{{"resource":{text}}},{{"{name}":{text},"resource":{text}{filler}}}]}}"#
            );
            let bundle = parse_bundle(page.as_bytes()).unwrap();
            assert_eq!(bundle.entries.len(), 2, "{page}");
            for entry in &bundle.entries {
                assert_eq!(&page[entry.span.clone()], text, "{page}");
            }
            let whole: serde_json::Value = serde_json::from_str(&page).unwrap();
            assert!(whole.is_object());
        }
    }
}

/// Ids of rows and whether they are incomplete.
type Rows = Vec<(String, bool)>;

/// What a list of a page says: its rows and the problems.
fn list(page: &[u8]) -> (Rows, Vec<(usize, Note)>) {
    let (mut rows, mut problems) = (Vec::new(), Vec::new());
    let page = Page::read(page.to_vec()).unwrap();
    page.list(&mut |number, listed| match listed {
        Listed::Row(row, incomplete) => rows.push((row.id.to_owned(), *incomplete)),
        Listed::Problem(note) => problems.push((number, note.clone())),
    });
    (rows, problems)
}

/// A page with these bytes in the place of the second of three entries.
fn with_entry(entry: &[u8]) -> Vec<u8> {
    let good = |id: &str| {
        format!(
            r#"{{"fullUrl":"urn:{id}","resource":{{"resourceType":"ExplanationOfBenefit","id":"{id}","payment":{{"amount":{{"value":1}}}}}}}}"#
        )
    };
    let mut page = br#"{"resourceType":"Bundle","entry":["#.to_vec();
    page.extend(good("carrier-1").as_bytes());
    page.push(b',');
    page.extend(entry);
    page.push(b',');
    page.extend(good("carrier-3").as_bytes());
    page.extend(b"],\"total\":3}");
    page
}

#[test]
fn a_broken_entry_costs_itself_and_is_told() {
    let latin1 = b"{\"resource\":{\"resourceType\":\"ExplanationOfBenefit\",\"id\":\"x\",\"provider\":{\"display\":\"Jos\xe9\"}}}";
    let latin1_before = b"{\"fullUrl\":\"\xfc\",\"resource\":{\"resourceType\":\"ExplanationOfBenefit\",\"id\":\"x\"}}";
    let cut = b"{\"resource\":{\"resourceType\":\"ExplanationOfBenefit\",\"id\":\"\xe2\x82\"}}";
    let surrogate =
        b"{\"resource\":{\"resourceType\":\"ExplanationOfBenefit\",\"id\":\"\xed\xa0\x80\"}}";
    for (entry, path, reason) in [
        (&latin1[..], "resource", Reason::NotUtf8),
        (latin1_before, "resource", Reason::NotUtf8),
        (cut, "resource", Reason::NotUtf8),
        (surrogate, "resource", Reason::NotUtf8),
        (b"\"\xff\"", "resource", Reason::NotUtf8),
        (
            br#"{"resource":{"resourceType":"ExplanationOfBenefit","id":nil}}"#,
            "resource",
            Reason::NotJson,
        ),
        (
            br#"{"resource":{"resourceType" "ExplanationOfBenefit"}}"#,
            "resource",
            Reason::NotJson,
        ),
        (
            br#"{"resource":"ExplanationOfBenefit/1"}"#,
            "resource",
            Reason::WrongShape,
        ),
        (br#"{"resource":[{}]}"#, "resource", Reason::WrongShape),
        (br#"{"fullUrl":"urn:x"}"#, "resource", Reason::Missing),
        (b"7", "resource", Reason::Missing),
        (b"null", "resource", Reason::Missing),
        // Not JSON beside the resource, or in its place.
        (br#"{"resource":NaN}"#, "resource", Reason::NotJson),
        (
            br#"{"fullUrl":undefined,"resource":{"resourceType":"ExplanationOfBenefit","id":"x"}}"#,
            "resource",
            Reason::NotJson,
        ),
        (
            br#"{"resource":{"resourceType":"ExplanationOfBenefit","id":"x"} "search":{}}"#,
            "resource",
            Reason::NotJson,
        ),
        (
            b"{\"fullUrl\":\"two\nlines\",\"resource\":{}}",
            "resource",
            Reason::NotJson,
        ),
        (br#"{resource:{"id":"}"}}"#, "resource", Reason::NotJson),
        (b"None", "resource", Reason::NotJson),
        (br#"{"resource":{}}"#, "resourceType", Reason::Missing),
        (
            br#"{"resource":{"resourceType":5}}"#,
            "resourceType",
            Reason::WrongShape,
        ),
    ] {
        let shown = String::from_utf8_lossy(entry);
        let page = with_entry(entry);
        let (rows, problems) = list(&page);
        let whole = |id: &str| (id.to_owned(), false);
        assert_eq!(rows, [whole("carrier-1"), whole("carrier-3")], "{shown}");
        assert_eq!(problems, [(1, note(path, reason))], "{shown}");
        let bundle = parse_bundle(&page).unwrap();
        assert!(matches!(bundle.entries[1].resource, Resource::Other { .. }));
        assert!(
            bundle.entries[1].notes.contains(&note(path, reason)),
            "{shown}"
        );
        // Spans are those of the input.
        let third = &page[bundle.entries[2].span.clone()];
        assert!(third.starts_with(b"{\"resourceType\"") && third.ends_with(b"}"));
    }
    // Resources of other types are neither rows nor problems.
    let (rows, problems) = list(&with_entry(
        br#"{"resource":{"resourceType":"OperationOutcome"}}"#,
    ));
    assert_eq!((rows.len(), problems.len()), (2, 0));
    // Outside of the entries there is nothing to leave out.
    for (from, to) in [
        (&b"\"total\""[..], &b"\"\xfftal\""[..]),
        (b"Bundle", b"B\xffndle"),
    ] {
        let page = with_entry(b"{}");
        let at = page
            .windows(from.len())
            .position(|part| part == from)
            .unwrap();
        let page = [&page[..at], to, &page[at + from.len()..]].concat();
        assert_eq!(
            parse_bundle(&page).unwrap_err().kind,
            ParseErrorKind::Syntax
        );
    }
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let page = [&b"\xef\xbb\xbf"[..], PAGE.as_bytes()].concat();
    let (plain, marked) = (
        parse_bundle(PAGE.as_bytes()).unwrap(),
        parse_bundle(&page).unwrap(),
    );
    for (plain, marked) in plain.entries.iter().zip(&marked.entries) {
        assert_eq!(plain.resource, marked.resource);
        assert_eq!(
            PAGE.as_bytes()[plain.span.clone()],
            page[marked.span.clone()]
        );
    }
    let resource = "\u{feff} {\"resourceType\":\"Patient\",\"id\":\"1\"}\n";
    let entry = parse_resource(resource.as_bytes()).unwrap();
    assert!(resource[entry.span].starts_with('{'));
}

#[test]
fn entries_that_are_no_list_are_an_error() {
    for entries in [
        "{}",
        r#"{"resource":{"resourceType":"Patient"}}"#,
        "\"x\"",
        "7",
        "true",
    ] {
        let page = format!(r#"{{"resourceType":"Bundle","total":1,"entry":{entries}}}"#);
        let error = parse_bundle(page.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ParseErrorKind::Entries, "{entries}");
        assert!(
            error
                .to_string()
                .starts_with("the entries of the bundle are not a list, at byte ")
        );
    }
    for none in [r#","entry":null"#, r#","entry":[]"#, ""] {
        let page = format!(r#"{{"resourceType":"Bundle"{none}}}"#);
        assert_eq!(parse_bundle(page.as_bytes()).unwrap().entries.len(), 0);
    }
}

/// A row says so where a part of what it is made of was lost, or cannot be told.
#[test]
fn rows_that_lost_something_say_so() {
    let row = |rest: &str| {
        let entry =
            format!(r#"{{"resource":{{"resourceType":"ExplanationOfBenefit","id":"x"{rest}}}}}"#);
        let (rows, problems) = list(&with_entry(entry.as_bytes()));
        assert_eq!((rows.len(), problems.len()), (3, 0), "{rest}");
        rows[1].1
    };
    for lost in [
        r#","item":[{"sequence":1,"adjudication":[{"category":{"coding":[{"code":"coinsurance"}]},"amount":{"value":"N/A"}}]}]"#,
        r#","item":[{"sequence":1},"line"]"#,
        r#","item":{"sequence":1}"#,
        r#","total":[{"category":{"coding":[{"code":"benefit"}]},"amount":{"value":1,"currency":"EUR"}}]"#,
        r#","total":[{"category":{"coding":[{"code":"benefit"}]},"amount":{"currency":"USD"}}]"#,
        r#","payment":7"#,
        r#","billablePeriod":{"end":"yesterday"}"#,
        r#","status":["active"]"#,
    ] {
        assert!(row(lost), "{lost}");
    }
    for whole in [
        "",
        r#","payment":{"amount":{"value":1.005}}"#,
        r#","total":[{"category":{"coding":[{"code":"deductible"}]},"amount":{"value":1}}]"#,
        r#","payment":null"#,
    ] {
        assert!(!row(whole), "{whole}");
    }
}
