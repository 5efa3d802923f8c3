//! The reader against what real servers send: the claims backend's own golden files of all three
//! versions.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

mod fhir_support;

use std::collections::BTreeSet;

use bluegate_shared::fhir::claim::Line;
use bluegate_shared::fhir::write::to_json;
use bluegate_shared::fhir::{
    Bundle, Claim, ClaimType, Entry, Page, ParseErrorKind, Reason, Resource, parse_bundle,
};
use serde_json::Value;

use fhir_support::{claims, entries, fixture, fixtures, without_placeholders};

#[test]
fn every_fixture_is_read_whole() {
    // Ids that the upstream test serializer or sample maker left out.
    let no_id = |version: &str, name: &str| {
        version == "v3"
            && (name == "coverage-generate-insurance-card.json"
                || name.starts_with("mapping-sample-explanation-of-benefit-"))
    };
    for (version, expected) in [("v1", [29, 6, 7]), ("v2", [29, 9, 7]), ("v3", [30, 26, 11])] {
        let mut found = [0; 3];
        let files = fixtures(version);
        for (name, text) in &files {
            for entry in entries(&without_placeholders(text)) {
                let known = match &entry.resource {
                    Resource::Claim(_) => Some(0),
                    Resource::Coverage(_) => Some(1),
                    Resource::Patient(_) => Some(2),
                    Resource::Other { resource_type } => {
                        assert_ne!(resource_type, "", "{version} {name}");
                        None
                    }
                };
                if let Some(known) = known {
                    found[known] += 1;
                }
                for note in &entry.notes {
                    let missing_id = note.path == "id" && note.reason == Reason::Missing;
                    assert!(
                        missing_id && no_id(version, name),
                        "{version} {name} {note:?}"
                    );
                }
            }
        }
        if !files.is_empty() {
            assert_eq!(found, expected, "{version}: claims, coverages, patients");
        }
    }
}

#[test]
fn placeholders_are_noted_and_nothing_else_is() {
    for version in ["v1", "v2"] {
        for (name, text) in fixtures(version) {
            for note in entries(&text).iter().flat_map(|entry| &entry.notes) {
                let placeholder = matches!(note.path.as_str(), "meta.lastUpdated" | "created");
                assert!(
                    placeholder && note.reason == Reason::NotADate,
                    "{name} {note:?}"
                );
            }
        }
    }
}

#[test]
fn spans_give_the_untouched_text() {
    for version in ["v1", "v2", "v3"] {
        for (name, text) in fixtures(version) {
            let Ok(Bundle { entries, .. }) = parse_bundle(text.as_bytes()) else {
                continue;
            };
            let whole: Value = serde_json::from_str(&text).unwrap();
            for (index, entry) in entries.iter().enumerate() {
                let resource: Value = serde_json::from_str(&text[entry.span.clone()]).unwrap();
                assert_eq!(
                    resource, whole["entry"][index]["resource"],
                    "{name} {index}"
                );
            }
        }
    }
}

#[test]
fn white_space_and_the_order_of_members_do_not_matter() {
    for version in ["v1", "v2", "v3"] {
        for (name, text) in fixtures(version) {
            // A `Value` sorts its members.
            let sorted: Value = serde_json::from_str(&text).unwrap();
            let sorted = entries(&sorted.to_string());
            let resources = |entries: Vec<Entry>| {
                let resource = |entry: Entry| entry.resource;
                entries.into_iter().map(resource).collect::<Vec<_>>()
            };
            assert_eq!(
                resources(entries(&text)),
                resources(sorted),
                "{version} {name}"
            );
        }
    }
}

/// Every amount that stands in the JSON, read in another way: name and cents.
fn amounts_of(adjudications: &Value) -> BTreeSet<(String, i64)> {
    let list = adjudications.as_array().map_or(&[][..], Vec::as_slice);
    let amounts = list.iter().filter_map(|adjudication| {
        let amount = adjudication["amount"]["value"].as_f64()?;
        let codings = adjudication["category"]["coding"].as_array()?;
        let cms = codings.iter().find(|coding| {
            let system = coding["system"].as_str().unwrap_or("");
            system.starts_with("https://bluebutton.cms.gov/")
        });
        let code = cms.unwrap_or(&codings[0])["code"].as_str()?;
        let name = code.rsplit('/').next()?.to_ascii_lowercase();
        #[expect(clippy::cast_possible_truncation, reason = "test data is small")]
        let cents = (amount * 100.0).round() as i64;
        Some((name, cents))
    });
    amounts.collect()
}

#[test]
fn every_amount_of_every_line_is_there() {
    let mut compared = 0;
    for version in ["v1", "v2", "v3"] {
        for (name, text) in fixtures(version) {
            let whole: Value = serde_json::from_str(&text).unwrap();
            for entry in entries(&text) {
                let Resource::Claim(claim) = &entry.resource else {
                    continue;
                };
                let json: Value = serde_json::from_str(&text[entry.span.clone()]).unwrap();
                let items = json["item"].as_array().map_or(&[][..], Vec::as_slice);
                assert_eq!(items.len(), claim.lines.len(), "{name}");
                for item in items {
                    let sequence = item["sequence"].as_u64().unwrap();
                    let line = |line: &&Line| u64::from(line.sequence) == sequence;
                    let line = claim.lines.iter().find(line).unwrap();
                    let read = line.amounts.iter();
                    let read = read.map(|amount| (amount.name.clone(), amount.cents));
                    assert_eq!(
                        read.collect::<BTreeSet<_>>(),
                        amounts_of(&item["adjudication"])
                    );
                    compared += 1;
                }
                // Of the claim as a whole: all totals and adjudications, and more.
                let read = claim.amounts.iter();
                let read: BTreeSet<_> = read
                    .map(|amount| (amount.name.clone(), amount.cents))
                    .collect();
                let mut expected = amounts_of(&json["adjudication"]);
                expected.extend(amounts_of(&json["total"]));
                // See `Ledger::add`: v2 files the primary payer's amount under the total charge.
                let renamed = ("clm_tot_chrg_amt".to_owned(), 0);
                if version == "v2" && expected.remove(&renamed) {
                    expected.insert(("prpayamt".to_owned(), 0));
                }
                assert!(expected.is_subset(&read), "{name} {expected:?} {read:?}");
            }
            assert!(whole.is_object());
        }
    }
    assert!(compared == 0 || compared > 150, "{compared}");
}

#[test]
fn rows_of_the_golden_page() {
    let Some(text) = fixture("v2", "eob-by-patient-id-all.json") else {
        return;
    };
    let claims = claims(&text);
    let mut rows: Vec<_> = claims.iter().map(Claim::row).collect();
    rows.sort_by(|a, b| a.newest_first(b));
    let shown = rows.iter().map(|row| {
        let end = row.end.map_or_else(String::new, |end| end.to_string());
        let amounts = [
            row.charged,
            row.paid,
            row.patient_responsibility,
            row.paid_by_patient,
        ];
        (row.claim_type.name(), end, amounts)
    });
    let expected = [
        (
            "inpatient",
            "2016-01-27",
            [Some(8_499_937), Some(769_948), Some(1400), None],
        ),
        (
            "hha",
            "2015-06-23",
            [Some(19_999), Some(18_800), None, None],
        ),
        (
            "pde",
            "2015-05-12",
            [Some(55_000), Some(12_699), None, Some(23_585)],
        ),
        // Deductible 777.00 and coinsurance 20.20 of its line.
        (
            "dme",
            "2014-02-03",
            [Some(175_275), Some(77_775), Some(79_720), None],
        ),
        (
            "hospice",
            "2014-01-30",
            [Some(19_999), Some(13_032), None, None],
        ),
        (
            "snf",
            "2013-12-18",
            [Some(555_503), Some(333_333), Some(1400), None],
        ),
        // Deductible 112.00 and coinsurance 175.73.
        (
            "outpatient",
            "2011-01-24",
            [Some(888_885), Some(69_311), Some(28_773), None],
        ),
        (
            "carrier",
            "1999-10-27",
            [Some(24_504), Some(19_999), Some(78_657), None],
        ),
    ];
    let expected = expected.map(|(name, end, amounts)| (name, end.to_owned(), amounts));
    assert_eq!(shown.collect::<Vec<_>>(), expected);

    let pde = rows
        .iter()
        .find(|row| row.claim_type == ClaimType::Pde)
        .unwrap();
    assert_eq!(pde.drug.as_ref().unwrap().code, "000000000");
    assert_eq!(
        pde.provider.as_deref(),
        Some("ADVANTAGE HOME HEALTH CARE, INC.")
    );
    let inpatient = &rows[0];
    assert_eq!(inpatient.diagnosis.as_ref().unwrap().code, "A40");
    assert_eq!((inpatient.lines, inpatient.status), (1, Some("active")));
}

#[test]
fn a_v3_claim_in_full() {
    let Some(text) = fixture("v3", "eob-read-carrier.json") else {
        return;
    };
    let claims = claims(&text);
    let claim = &claims[0];
    assert_eq!(claim.claim_type, ClaimType::Carrier);
    assert_eq!(claim.id, "3351266481402");
    assert_eq!(claim.claim_id.as_deref(), Some("3351266481402"));
    assert_eq!(claim.control_number.as_deref(), Some("28977596005798RIF"));
    assert_eq!(claim.patient_id.as_deref(), Some("178083966"));
    assert_eq!(claim.totals.charged, Some(8_490_915));
    assert_eq!(claim.totals.allowed, Some(3030));
    assert_eq!(claim.totals.paid, Some(44_847_181));
    assert_eq!(claim.totals.deductible, Some(92_467));
    // Coinsurance is reported as nothing.
    assert_eq!(claim.totals.patient_responsibility, Some(92_467));
    assert_eq!(claim.totals.paid_by_patient, Some(1223));
    let codes = claim
        .diagnoses
        .iter()
        .map(|diagnosis| diagnosis.code.as_str());
    assert_eq!(codes.collect::<Vec<_>>(), ["30495", "R465", "V970"]);
    let billing = claim.billing.as_ref().unwrap();
    assert_eq!(billing.npi.as_deref(), Some("1003488552"));
    let roles = claim
        .care_team
        .iter()
        .map(|member| member.role.as_deref().unwrap());
    assert_eq!(roles.collect::<Vec<_>>(), ["rendering", "referring"]);
    assert_eq!(claim.care_team[0].specialty.as_ref().unwrap().code, "61");
    assert_eq!(
        claim.care_team[0].taxonomy.as_ref().unwrap().code,
        "251V00000X"
    );
    assert_eq!(
        claim.referring.as_ref().unwrap().name.as_deref(),
        Some("Stark, Tony")
    );
    let line = &claim.lines[0];
    assert_eq!(line.service.as_ref().unwrap().code, "J2270");
    assert_eq!(line.modifiers, ["PC", "23"]);
    assert_eq!(line.place_of_service.as_ref().unwrap().code, "68");
    assert_eq!(line.quantity.as_ref().unwrap().as_str(), "4.75");
    assert_eq!(
        line.period.unwrap().start.unwrap().to_string(),
        "2021-12-21"
    );
    assert_eq!(line.totals.paid, Some(268));
    assert_eq!(line.amounts.get("clm_line_prfnl_intrst_amt"), Some(965_003));
    assert_eq!(
        claim.info("clm_clncl_tril_num").unwrap().text.as_deref(),
        Some("5201")
    );
}

#[test]
fn pages_have_their_links() {
    let Some(text) = fixture("v2", "eob-read-by-patient-with-samhsa.json") else {
        return;
    };
    let bundle = parse_bundle(text.as_bytes()).unwrap();
    assert_eq!(bundle.total, Some(4462));
    assert!(bundle.links.next.unwrap().contains("startIndex=2"));
    assert!(bundle.links.last.unwrap().contains("startIndex=4460"));
    assert!(bundle.links.this.is_some() && bundle.links.first.is_some());
    assert_eq!(bundle.links.previous, None);
}

#[test]
fn a_page_cut_anywhere_is_an_error() {
    let Some(text) = fixture("v2", "eob-by-patient-id-all.json") else {
        return;
    };
    for end in (0..text.len()).step_by(997) {
        let error = parse_bundle(&text.as_bytes()[..end]).unwrap_err();
        assert_ne!(error.kind, ParseErrorKind::WrongType);
        assert!(error.position <= end);
    }
}

/// The rows of a page are read from the text by a pass of its own.
#[test]
fn rows_from_the_text_are_the_rows_of_the_claims() {
    let mut compared = 0;
    for version in ["v1", "v2", "v3"] {
        for (name, text) in fixtures(version) {
            let page = if text.contains("\"Bundle\"") {
                text
            } else {
                format!(r#"{{"resourceType":"Bundle","entry":[{{"resource":{text}}}]}}"#)
            };
            let Ok(page) = Page::read(page.into_bytes()) else {
                continue;
            };
            let mut places = Vec::new();
            page.rows(|place, row| {
                let entry = page.entry(place).unwrap();
                let Resource::Claim(claim) = &entry.resource else {
                    panic!("{name} {place}")
                };
                assert_eq!(*row, claim.row(), "{version} {name} {place}");
                places.push(place);
            });
            compared += places.len();
            let claims = (0..page.len())
                .filter(|place| matches!(page.entry(*place).unwrap().resource, Resource::Claim(_)));
            assert_eq!(claims.collect::<Vec<_>>(), places, "{version} {name}");
        }
    }
    assert!(compared == 0 || compared > 80, "{compared}");
}

/// The same of claims that lost a part, or have another in its place.
#[test]
fn rows_of_claims_without_a_part_are_the_same_too() {
    for (version, name) in [
        ("v1", "eob-by-patient-id-all.json"),
        ("v2", "eob-by-patient-id-all.json"),
        ("v3", "eob-read-carrier.json"),
        ("v3", "eob-read-pde.json"),
        ("v3", "eob-read-snf.json"),
    ] {
        let Some(text) = fixture(version, name) else {
            return;
        };
        let whole: Value = serde_json::from_str(&text).unwrap();
        let claims = match whole["entry"].as_array() {
            Some(entries) => entries
                .iter()
                .map(|entry| entry["resource"].clone())
                .collect(),
            None => vec![whole],
        };
        for claim in claims {
            let mut places = Vec::new();
            pointers(&claim, "", &mut places);
            // A prime, so that the places are of all kinds.
            let places = places.iter().step_by(places.len() / 37 + 1);
            let cut = places.flat_map(|place| {
                let mut without = claim.clone();
                *without.pointer_mut(place).unwrap() = Value::Null;
                let mut other = claim.clone();
                *other.pointer_mut(place).unwrap() = Value::from("x");
                [without, other]
            });
            let cut = cut.filter(|cut| cut["resourceType"] == "ExplanationOfBenefit");
            let entries: Vec<_> = cut
                .map(|cut| serde_json::json!({ "resource": cut }))
                .collect();
            let bundle = serde_json::json!({ "resourceType": "Bundle", "entry": entries });
            let page = Page::read(serde_json::to_vec(&bundle).unwrap()).unwrap();
            let mut compared = 0;
            page.rows(|place, row| {
                compared += 1;
                let entry = page.entry(place).unwrap();
                let Resource::Claim(claim) = &entry.resource else {
                    panic!("{name} {place}")
                };
                assert_eq!(*row, claim.row(), "{}", page.json(place).unwrap());
            });
            assert_eq!(compared, page.len());
            assert!(compared > 40, "{compared}");
        }
    }
}

/// The JSON pointers of everything in a value.
fn pointers(value: &Value, path: &str, into: &mut Vec<String>) {
    let mut step = |name: &str, value: &Value| {
        let path = format!("{path}/{name}");
        into.push(path.clone());
        pointers(value, &path, into);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| step(name, value)),
        Value::Array(list) => {
            let list = list.iter().enumerate();
            list.for_each(|(place, value)| step(&place.to_string(), value));
        }
        _ => {}
    }
}

/// The writer for the browser is a second one beside serde_json, whose text it must give.
#[test]
fn the_browsers_writer_writes_what_serde_json_does() {
    for version in ["v1", "v2", "v3"] {
        for (name, text) in fixtures(version) {
            for entry in entries(&text) {
                let expected = serde_json::to_string(&entry).unwrap();
                assert_eq!(to_json(&entry), Some(expected), "{version} {name}");
            }
        }
    }
}
