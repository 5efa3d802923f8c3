//! The module `fhir` in a real browser.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)] // clippy does not know that these are tests

use bluegate_web_client::fhir::{Page, canonical, parse_resource};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const PAGE: &str = r##"{
  "resourceType": "Bundle", "type": "searchset", "total": 148,
  "link": [{"relation": "next", "url": "https://gateway.example/v2/fhir/ExplanationOfBenefit?startIndex=2"}],
  "entry": [
    {"resource": {"resourceType": "ExplanationOfBenefit", "id": "pde-89", "note": [{"text": "größer \u00e4"}]}},
    {"resource": {"resourceType": "Basic", "id": "x"}}
  ]
}"##;

fn page(text: &str) -> Page {
    Page::parse(text.as_bytes().to_vec()).ok().unwrap()
}

#[wasm_bindgen_test]
fn page_tells_its_size_and_where_to_go_on() {
    let page = page(PAGE);
    assert_eq!(page.length(), 2);
    assert_eq!(page.total(), Some(148.0));
    assert!(page.next().unwrap().ends_with("?startIndex=2"));
}

#[wasm_bindgen_test]
fn rows_are_claims_only() {
    let rows = page(PAGE).rows().ok().unwrap();
    assert!(rows.starts_with(r#"[{"id":"pde-89","#), "{rows}");
    assert!(rows.contains(r#""index":0"#), "{rows}");
    assert!(!rows.contains(r#""index":1"#), "{rows}");
}

#[wasm_bindgen_test]
fn raw_is_the_servers_text_to_the_byte() {
    let page = page(PAGE);
    let raw = page.raw(0).unwrap();
    assert!(PAGE.contains(&raw));
    assert!(
        raw.starts_with('{') && raw.ends_with('}') && raw.contains("größer \\u00e4"),
        "{raw}"
    );
    assert_eq!(page.raw(2), None);
}

#[wasm_bindgen_test]
fn what_is_no_bundle_is_an_error_and_no_trap() {
    for bad in [
        "",
        "{",
        "[]",
        "null",
        "\u{1}",
        r#"{"resourceType":"Patient"}"#,
        "{\"entry\":[{\"resource\":",
    ] {
        assert!(Page::parse(bad.as_bytes().to_vec()).is_err(), "{bad}");
    }
    assert!(Page::parse(vec![0xff, 0xfe]).is_err());
}

#[wasm_bindgen_test]
fn resource_alone_is_read_too() {
    let entry = parse_resource(br#"{"resourceType":"Patient","id":"-20140000008325"}"#)
        .ok()
        .unwrap();
    assert!(entry.contains(r#""kind":"patient""#), "{entry}");
    assert!(parse_resource(b"[]").is_err());
}

#[wasm_bindgen_test]
fn canonical_reads_bundles_and_resources() {
    let canonical = |text: &str| canonical(text.as_bytes());
    let page = canonical(PAGE).ok().unwrap();
    assert!(page.starts_with("[{\"span\":{\"start\":"), "{page}");
    assert_eq!(page.matches("\"span\"").count(), 2);
    let patient = canonical(r#"{"resourceType":"Patient"}"#).ok().unwrap();
    assert!(patient.starts_with("{\"span\":{\"start\":0,"), "{patient}");
    assert!(canonical("nothing").is_err());
}

#[wasm_bindgen_test]
fn numbers_are_fourteen_for_each_claim() {
    let numbers = page(PAGE).numbers().ok().unwrap();
    assert_eq!(numbers.len(), 14);
    assert_eq!(numbers[..2], [0.0, 7.0]);
    assert!(numbers[9..].iter().all(|cents| cents.is_nan()));
}

#[wasm_bindgen_test]
fn what_is_not_json_in_an_entry_costs_that_entry_alone() {
    let text = PAGE.replace(r#""id": "x""#, r#""id": x"#);
    let page = page(&text);
    assert_eq!(page.length(), 2);
    assert!(page.rows().ok().unwrap().contains("pde-89"));
    let entry = page.entry(1).ok().unwrap().unwrap();
    assert!(entry.contains(r#""reason":"notJson""#), "{entry}");
}
