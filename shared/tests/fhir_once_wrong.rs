//! Small pages of other people that were once read wrongly, read where they are. What each is a case of
//! has tests with inputs of its own: `fhir_amounts.rs`, `fhir_standing.rs` and `fhir_errors.rs`.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, outside of a test function"
)]

mod fhir_support;

use bluegate_shared::fhir::claim::{LeftOut, Total};
use bluegate_shared::fhir::{
    Claim, ClaimType, Entry, ParseErrorKind, Reason, Resource, Unknown, parse_bundle,
};

use fhir_support::once_wrong;

/// The entries of such a page.
fn entries(number: &str) -> Option<Vec<Entry>> {
    Some(parse_bundle(&once_wrong(number)?).unwrap().entries)
}

/// Its first claim.
fn claim(number: &str) -> Option<Claim> {
    match entries(number)?.into_iter().next().unwrap().resource {
        Resource::Claim(claim) => Some(*claim),
        other => panic!("not a claim: {other:?}"),
    }
}

#[test]
fn what_is_owed_is_known_or_unknown() {
    for (number, owed, paid, why) in [
        ("01", Some(12_500), Some(0), None),
        ("02", None, None, Some(Unknown::PartMissing)),
        ("03", None, None, Some(Unknown::NoValue)),
        ("04", None, None, Some(Unknown::Unreadable)),
        ("16", None, None, Some(Unknown::PartMissing)),
    ] {
        let Some(claim) = claim(number) else { return };
        let totals = claim.totals;
        assert_eq!(totals.patient_responsibility, owed, "{number}");
        assert_eq!(totals.paid_by_patient, paid, "{number}");
        assert_eq!(totals.unknown.of(Total::Responsibility), why, "{number}");
        let row = claim.row();
        assert_eq!(
            (
                row.patient_responsibility,
                row.unknown.of(Total::Responsibility)
            ),
            (owed, why)
        );
    }
    assert_eq!(claim("04").unwrap().totals.coinsurance, None);
    assert_eq!(claim("16").unwrap().totals.coinsurance, Some(5021));
}

#[test]
fn yen_are_no_dollars() {
    let Some(claim) = claim("05") else { return };
    assert_eq!(claim.totals.paid, None);
    assert_eq!(
        claim.totals.unknown.of(Total::Paid),
        Some(Unknown::OtherCurrency)
    );
    let notes = entries("05").unwrap().remove(0).notes;
    assert_eq!(notes.len(), 1);
    assert_eq!(
        (notes[0].path.as_str(), notes[0].reason),
        ("payment.amount.currency", Reason::OtherCurrency)
    );
}

#[test]
fn a_rate_of_a_line_is_not_its_charge() {
    let Some(claim) = claim("06") else { return };
    assert_eq!(
        (claim.totals.charged, claim.lines[0].totals.charged),
        (None, None)
    );
}

#[test]
fn a_net_price_is_read() {
    let Some(claim) = claim("14") else { return };
    assert_eq!(claim.lines[0].totals.charged, Some(1250));
}

#[test]
fn two_totals_of_one_kind_are_not_the_first_of_them() {
    let Some(claim) = claim("15") else { return };
    assert_eq!(claim.totals.paid, None);
    assert_eq!(
        claim.totals.unknown.of(Total::Paid),
        Some(Unknown::Ambiguous)
    );
}

#[test]
fn a_cancelled_claim_does_not_count() {
    let Some(entries) = entries("07") else { return };
    let left_out = entries.iter().map(|entry| match &entry.resource {
        Resource::Claim(claim) => claim.row().left_out,
        other => panic!("not a claim: {other:?}"),
    });
    assert_eq!(
        left_out.collect::<Vec<_>>(),
        [Some(LeftOut::Cancelled), None]
    );
}

#[test]
fn a_byte_of_another_encoding_costs_its_entry() {
    let Some(entries) = entries("08") else { return };
    assert!(matches!(entries[0].resource, Resource::Claim(_)));
    assert!(matches!(entries[1].resource, Resource::Other { .. }));
    assert_eq!(entries[1].notes[0].reason, Reason::NotUtf8);
}

#[test]
fn a_byte_order_mark_costs_nothing() {
    let Some(claim) = claim("09") else { return };
    assert_eq!(claim.totals.paid, Some(100));
}

#[test]
fn an_object_in_the_place_of_the_entries_is_an_error() {
    let Some(page) = once_wrong("10") else { return };
    assert_eq!(
        parse_bundle(&page).unwrap_err().kind,
        ParseErrorKind::Entries
    );
}

#[test]
fn a_pharmacy_of_another_payer_sells_drugs() {
    let Some(claim) = claim("13") else { return };
    assert_eq!(claim.claim_type, ClaimType::Pde);
    assert_eq!(
        claim.drug.as_ref().unwrap().ndc.as_deref(),
        Some("00777310502")
    );
    assert_eq!(claim.row().drug.unwrap().code, "00777310502");
}
