//! Real answers of the claims backend, read in place.

use std::path::PathBuf;

use super::*;

fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("BLUEGATE_FIXTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures"),
        PathBuf::from,
    );
    let folder = root.join("bfd");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Every Patient, Coverage and ExplanationOfBenefit answer: proved for its owner, never for anybody else.
#[test]
fn every_fixture_is_proved_for_its_owner_only() {
    let Some(folder) = folder() else { return };
    let mut proved = 0;
    for version in ["v1", "v2", "v3"] {
        for file in std::fs::read_dir(folder.join(version)).unwrap() {
            let path = file.unwrap().path();
            let body = std::fs::read(&path).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let Some((expected, owner)) = expectation(&json) else {
                continue;
            };
            let owner = PatientId::parse(&owner).unwrap();
            let outcome = scan(&body, expected, &Person::new(&owner, BASES));
            let name = path.file_name().unwrap().to_str().unwrap();
            if MERGED.contains(&name) {
                assert!(
                    matches!(outcome, Outcome::NotProved(Reason::LinkedPatient)),
                    "{path:?}: {outcome:?}"
                );
            } else {
                assert!(
                    matches!(outcome, Outcome::Proved(_)),
                    "{path:?}: {outcome:?}"
                );
                proved += 1;
            }
            for other in ["1", "-1", &format!("{}0", owner.as_str())] {
                let other = PatientId::parse(other).unwrap();
                let outcome = scan(&body, expected, &Person::new(&other, BASES));
                assert!(!matches!(outcome, Outcome::Proved(_)), "{path:?}");
            }
        }
    }
    assert!(proved > 60, "{proved} fixtures");
}

/// v3 records that were merged: they refer to another Patient id.
const MERGED: [&str; 6] = [
    "patient-read-merged-bene.json",
    "patient-search-merged-bene.json",
    "patient-read-with-historic-benes.json",
    "patient-search-by-historical-mbi.json",
    "patient-search-by-mbi.json",
    "patient-search-multiple-links.json",
];

fn expectation(json: &serde_json::Value) -> Option<(Expected, String)> {
    let resource = |value: &serde_json::Value| {
        let kind = ResourceType::parse(value["resourceType"].as_str()?)?;
        let owner = match kind {
            ResourceType::Patient => value["id"].as_str()?.to_owned(),
            ResourceType::Coverage => value["beneficiary"]["reference"]
                .as_str()?
                .strip_prefix("Patient/")?
                .to_owned(),
            ResourceType::ExplanationOfBenefit => value["patient"]["reference"]
                .as_str()?
                .strip_prefix("Patient/")?
                .to_owned(),
        };
        Some((kind, owner))
    };
    if json["resourceType"] != "Bundle" {
        return resource(json).map(|(kind, owner)| (Expected::Resource(kind), owner));
    }
    // Collections and rosters of several people are no answers of the routes that the gateway serves.
    let entries = json["entry"].as_array()?;
    let facts: Option<Vec<_>> = entries
        .iter()
        .map(|entry| resource(&entry["resource"]))
        .collect();
    let facts = facts?;
    let first = facts.first()?.clone();
    (json["type"] == "searchset" && facts.iter().all(|fact| *fact == first))
        .then_some((Expected::Searchset(first.0), first.1))
}
