//! Claims of other payers than Medicare: CARIN Blue Button 1.1, 2.0 and 2.1, a collection of `urn:uuid:`
//! references as generators of synthetic people write it, and a Da Vinci prior authorization. The files of
//! `payers` were written for these tests from the profiles.

#![allow(clippy::unwrap_used)]

use bluegate_shared::fhir::claim::LeftOut;
use bluegate_shared::fhir::page::{Listed, Page};
use bluegate_shared::fhir::{Claim, ClaimRow, ClaimType, Entry, Reason, Resource, Unknown};

const CARIN: &str = include_str!("payers/carin.json");
const COLLECTION: &str = include_str!("payers/collection.json");

fn page(json: &str) -> Page {
    Page::read(json.as_bytes().to_vec()).unwrap()
}

/// An entry by the id of its claim.
fn entry(json: &str, id: &str) -> (Claim, Vec<(String, Reason)>) {
    let page = page(json);
    let mut all = (0..page.len()).filter_map(|at| page.entry(at));
    let found = all.find_map(
        |Entry {
             resource, notes, ..
         }| match resource {
            Resource::Claim(claim) if claim.id == id => Some((*claim, notes)),
            _ => None,
        },
    );
    let (claim, notes) = found.unwrap();
    let notes = notes.into_iter().map(|note| (note.path, note.reason));
    (claim, notes.collect())
}

/// What the list makes of each claim.
fn rows(json: &str, mut each: impl FnMut(&ClaimRow<'_>, bool)) {
    page(json).list(&mut |_, listed| {
        if let Listed::Row(row, incomplete) = listed {
            each(row, *incomplete);
        }
    });
}

#[test]
fn types_are_those_of_the_profiles() {
    for (id, expected) in [
        ("stay", ClaimType::Inpatient),
        ("clinic", ClaimType::Outpatient),
        ("visit", ClaimType::Professional),
        ("tooth", ClaimType::Oral),
        ("pills", ClaimType::Pde),
        ("basis", ClaimType::Professional),
    ] {
        assert_eq!(entry(CARIN, id).0.claim_type, expected, "{id}");
    }
}

#[test]
fn references_are_resolved_within_the_page() {
    let (stay, notes) = entry(CARIN, "stay");
    assert_eq!(notes, []);
    let billing = stay.billing.unwrap();
    assert_eq!(billing.name.as_deref(), Some("Lakeside Hospital"));
    assert_eq!(billing.npi.as_deref(), Some("1679576722"));
    let facility = stay.facility.unwrap().name;
    assert_eq!(facility.as_deref(), Some("Lakeside Hospital, Ward 4"));
    // A role is that of a person, who is one step further.
    let referring = stay.referring.unwrap();
    assert_eq!(referring.name.as_deref(), Some("Ben C. Brandt"));
    assert_eq!(referring.npi.as_deref(), Some("1457352338"));
    let hip = &stay.diagnoses[0];
    assert_eq!(hip.code, "M1611");
    let label = "Unilateral primary osteoarthritis, right hip";
    assert_eq!(hip.display.as_deref(), Some(label));
    assert_eq!(hip.present_on_admission.as_deref(), Some("Y"));
    let imaging = &stay.procedures[1];
    assert_eq!(imaging.code, "73700");
    assert_eq!(imaging.date.unwrap().to_string(), "2025-11-03");
    // The coverage that decided, not the first one.
    let coverage = stay.coverage.unwrap();
    assert_eq!(coverage.id.as_deref(), Some("gold"));
    assert_eq!(coverage.payer.as_deref(), Some("Lakeland Health Plan"));
    assert_eq!(coverage.plan.as_deref(), Some("GOLD-26"));
    assert_eq!(coverage.plan_name.as_deref(), Some("Gold HMO 2026"));
    assert_eq!(stay.drg.as_deref(), Some("470"));
    assert_eq!(stay.claim_id.as_deref(), Some("Nstay"));

    // By an absolute address, too.
    let (clinic, notes) = entry(CARIN, "clinic");
    assert_eq!(notes, []);
    let member = &clinic.care_team[0].provider;
    assert_eq!(member.name.as_deref(), Some("Ana Adler"));
}

#[test]
fn references_are_resolved_within_the_claim() {
    let (visit, _) = entry(CARIN, "visit");
    let friend = visit.referring.unwrap();
    assert_eq!(friend.name.as_deref(), Some("Dr. Fay Friend"));
    assert_eq!(friend.npi.as_deref(), Some("1093817465"));
    let (visit, _) = entry(COLLECTION, "00000010-1111-4222-8333-444455556666");
    let coverage = visit.coverage.unwrap();
    assert_eq!(coverage.id.as_deref(), Some("coverage"));
    assert_eq!(coverage.payer.as_deref(), Some("Humana"));
}

#[test]
fn references_by_uuid_and_by_number_are_followed() {
    let (visit, notes) = entry(COLLECTION, "00000010-1111-4222-8333-444455556666");
    assert_eq!(notes, []);
    assert_eq!(visit.billing.unwrap().name.as_deref(), Some("Elm Street"));
    assert_eq!(visit.diagnoses[0].code, "10509002");
    // The request that the claim contains says who made it.
    let referring = visit.referring.unwrap();
    assert_eq!(referring.name.as_deref(), Some("Olga Ottis"));
    // A search in the place of an id says the number; a practitioner is no organization.
    let member = &visit.care_team[0].provider;
    assert_eq!(member.npi.as_deref(), Some("9999988899"));
    assert_eq!(visit.organization.unwrap().npi, None);
    let patient = "00000001-1111-4222-8333-444455556666";
    assert_eq!(visit.patient_id.as_deref(), Some(patient));
}

#[test]
fn what_cannot_be_resolved_is_noted() {
    let unresolved = |path: &str| (path.to_owned(), Reason::Unresolved);
    let (visit, notes) = entry(CARIN, "visit");
    assert_eq!(visit.diagnoses.len(), 1);
    assert_eq!(notes, [unresolved("diagnosis[1].diagnosisReference")]);
    let (_, notes) = entry(CARIN, "basis");
    assert_eq!(notes, [unresolved("provider")]);
    let (_, notes) = entry(COLLECTION, "auth");
    let expected = [unresolved("insurer"), unresolved("insurance[0].coverage")];
    assert_eq!(notes, expected);
    rows(CARIN, |row, incomplete| {
        assert_eq!(
            incomplete,
            matches!(row.id, "visit" | "basis"),
            "{}",
            row.id
        );
    });
}

#[test]
fn rows_say_what_claims_in_full_say() {
    for json in [CARIN, COLLECTION] {
        rows(json, |row, _| {
            let (claim, _) = entry(json, row.id);
            assert_eq!(*row, claim.row(), "{}", row.id);
        });
    }
}

#[test]
fn drugs_are_read_from_their_ndc() {
    let (pills, notes) = entry(CARIN, "pills");
    assert_eq!(notes, []);
    let drug = pills.drug.unwrap();
    assert_eq!(drug.ndc.as_deref(), Some("00093721410"));
    // The concept's own text, where its coding has no label.
    assert_eq!(drug.name.as_deref(), Some("Metformin 500 mg"));
    let number =
        |number: Option<bluegate_shared::fhir::Decimal>| number.unwrap().as_str().to_owned();
    assert_eq!(number(drug.days_supply), "30");
    assert_eq!(number(drug.fill_number), "2");
    let (compound, _) = entry(CARIN, "compound");
    let drug = compound.drug.as_ref().unwrap();
    assert_eq!(drug.ndc, None);
    assert_eq!(drug.ingredients.len(), 2);
    assert_eq!(compound.row().drug.unwrap().code, "38779253001");
}

#[test]
fn amounts_are_those_that_are_said() {
    let (stay, _) = entry(CARIN, "stay");
    assert_eq!(stay.totals.charged, Some(2_420_050));
    assert_eq!(stay.totals.paid, Some(1_500_000));
    assert_eq!(stay.totals.patient_responsibility, Some(100_000));
    // Neither a total nor `submitted`: the net prices of the lines.
    let (clinic, _) = entry(CARIN, "clinic");
    assert_eq!(clinic.totals.charged, Some(31_025));
    assert_eq!(clinic.totals.copay, Some(4000));
    // A copayment alone is not what is owed.
    assert_eq!(clinic.totals.patient_responsibility, None);
    let owed = clinic
        .totals
        .unknown
        .of(bluegate_shared::fhir::claim::Total::Responsibility);
    assert_eq!(owed, Some(Unknown::PartMissing));
    let (visit, _) = entry(CARIN, "visit");
    assert_eq!(visit.totals.patient_responsibility, Some(2500));
    assert_eq!(visit.totals.paid_by_patient, Some(2500));
}

#[test]
fn authorizations_are_no_claims() {
    let (asked, _) = entry(COLLECTION, "auth");
    assert_eq!(asked.purpose, "preauthorization");
    assert_eq!(asked.left_out, Some(LeftOut::NotAClaim));
    assert_eq!(asked.control_number.as_deref(), Some("PA-2026-7"));
    assert_eq!(entry(CARIN, "basis").0.left_out, Some(LeftOut::Cancelled));
}

/// A page with one claim, whose provider is this reference, and what else is in it.
fn provider(reference: &str, others: &str) -> (Option<String>, bool) {
    let json = format!(
        r#"{{"resourceType":"Bundle","entry":[{{"fullUrl":"https://a.example/fhir/ExplanationOfBenefit/1","resource":{{
        "resourceType":"ExplanationOfBenefit","id":"1","status":"active","provider":{{"reference":"{reference}"}}}}}}{others}]}}"#
    );
    let mut found = (None, false);
    rows(&json, |row, incomplete| {
        found = (row.provider.as_deref().map(str::to_owned), incomplete);
    });
    found
}

#[test]
fn references_mean_one_resource_or_none() {
    let entry = |url: &str, id: &str, name: &str| {
        let url = if url.is_empty() {
            String::new()
        } else {
            format!(r#""fullUrl":"{url}","#)
        };
        format!(
            r#",{{{url}"resource":{{"resourceType":"Organization","id":"{id}","name":"{name}"}}}}"#
        )
    };
    let a = entry("https://a.example/fhir/Organization/o1", "o1", "A");
    let escaped = entry(r"https:\/\/a.example\/fhir\/Organization\/o1", "o1", "A");
    let b = entry("https://b.example/fhir/Organization/o1", "o1", "B");
    let bare = entry("", "o1", "A");
    let uuid = "8a1f3c52-0d1e-4b7e-9c1a-3f0a52d6e7b1";
    let known = (Some("A".to_owned()), false);
    for (reference, others) in [
        ("Organization/o1", a.clone()),
        ("Organization/o1/_history/3", a.clone()),
        ("https://a.example/fhir/Organization/o1", format!("{b}{a}")),
        ("https://a.example/fhir/Organization/o1", escaped),
        ("https://a.example/fhir/Organization/o1", bare.clone()),
        ("Organization/o1", bare),
        // The same resource twice is the same.
        ("Organization/o1", format!("{a}{a}")),
        (&format!("urn:uuid:{uuid}"), entry("", uuid, "A")),
        (
            &format!("urn:uuid:{uuid}"),
            entry(&format!("urn:uuid:{uuid}"), "7", "A"),
        ),
    ] {
        assert_eq!(provider(reference, &others), known, "{reference} {others}");
    }
    for (reference, others) in [
        // Two that it could mean.
        ("Organization/o1", format!("{a}{b}")),
        // Another server's, another type's, another's whose id ends alike.
        ("https://c.example/fhir/Organization/o1", a.clone()),
        ("Practitioner/o1", a.clone()),
        ("Organization/1", a.clone()),
        ("organization/o1", a.clone()),
        ("#o1", a.clone()),
        // A claim is nobody's provider, and a resource that is no JSON is not read.
        ("ExplanationOfBenefit/1", a),
        (
            "Organization/o1",
            r#",{"resource":{"resourceType":"Organization","id":"o1","name":"A",}}"#.to_owned(),
        ),
    ] {
        assert_eq!(
            provider(reference, &others),
            (None, true),
            "{reference} {others}"
        );
    }
}

#[test]
fn circles_of_references_end() {
    let role = r#",{"resource":{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"PractitionerRole/r"}}}"#;
    assert_eq!(provider("PractitionerRole/r", role), (None, false));
}

#[test]
fn losses_in_what_is_referred_to_say_the_way_there() {
    let json = r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"ExplanationOfBenefit","id":"1",
        "procedure":[{"sequence":1,"procedureReference":{"reference":"Procedure/p"}}]}},
        {"resource":{"resourceType":"Procedure","id":"p","code":{"text":"no code"},"performedDateTime":"soon"}}]}"#;
    let (claim, notes) = entry(json, "1");
    assert_eq!(claim.procedures, []);
    let path = "procedure[0].procedureReference.resolve().code.coding";
    assert_eq!(notes, [(path.to_owned(), Reason::Missing)]);
}
