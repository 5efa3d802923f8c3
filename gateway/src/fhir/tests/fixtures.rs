//! Real answers of the claims backend, read in place, through the whole chain.

use std::path::PathBuf;

use super::*;

/// The person of the fixtures.
const SAMPLE: &str = "567834";

pub(super) fn folder() -> Option<PathBuf> {
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

/// Each fixture of the person, with what it is an answer to.
fn each(mut check: impl FnMut(&str, Call, Vec<u8>)) {
    let Some(folder) = folder() else { return };
    let mut checked = 0;
    for version in [Version::V1, Version::V2] {
        for file in std::fs::read_dir(folder.join(version.segment())).unwrap() {
            let path = file.unwrap().path();
            let body = std::fs::read(&path).unwrap();
            let json: Json = serde_json::from_slice(&body).unwrap();
            let entry = if json["resourceType"] == "Bundle" {
                &json["entry"][0]["resource"]
            } else {
                &json
            };
            let Some(kind) = entry["resourceType"].as_str().and_then(ResourceType::parse) else {
                continue;
            };
            let owner = match kind {
                ResourceType::Patient => format!("Patient/{}", entry["id"].as_str().unwrap()),
                ResourceType::Coverage => entry["beneficiary"]["reference"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
                ResourceType::ExplanationOfBenefit => {
                    entry["patient"]["reference"].as_str().unwrap().to_owned()
                }
            };
            if owner != format!("Patient/{SAMPLE}") {
                continue;
            }
            let call = if json["resourceType"] == "Bundle" {
                search(kind, "_count=8")
            } else {
                read(kind, json["id"].as_str().unwrap())
            };
            check(&path.display().to_string(), call.version(version), body);
            checked += 1;
        }
    }
    assert!(checked > 40, "{checked} fixtures");
}

#[test]
fn reads_are_released_byte_for_byte_and_searches_change_in_their_links_only() {
    let world = World::of(SAMPLE, &[]);
    each(|name, call, body| {
        world.answers(body.clone());
        let version = call.target.version.segment();
        let is_search = call.target.interaction == Interaction::Search;
        let answer = world.call(call);
        assert_eq!(answer.status, 200, "{name}");
        if !is_search {
            assert_eq!(answer.body, body, "{name}");
            return;
        }
        let mut before: Json = serde_json::from_slice(&body).unwrap();
        let mut after = answer.json();
        let links = after["link"].take();
        before["link"].take();
        assert_eq!(after, before, "{name}");
        for link in links.as_array().unwrap() {
            let url = link["url"].as_str().unwrap();
            assert!(
                url.starts_with(&format!("https://api.example.com/{version}/fhir/")),
                "{url}"
            );
        }
    });
}

#[test]
fn nobody_else_gets_them() {
    let world = World::of("56783", &[]);
    each(|name, mut call, body| {
        world.answers(body);
        // An id that could be the other person's, so that the backend is asked.
        if let Interaction::Read { id } = &mut call.target.interaction {
            *id = id.replace(SAMPLE, "56783");
        }
        let is_search = call.target.interaction == Interaction::Search;
        let answer = world.call(call);
        assert_eq!(answer.status, if is_search { 502 } else { 404 }, "{name}");
        answer.tells_nothing_of(SAMPLE);
        assert_eq!(
            world.audited()[3],
            if is_search { "critical" } else { "warning" },
            "{name}"
        );
    });
    let asked = world.asked().len();
    assert_eq!(
        asked,
        world.audit().len(),
        "the backend was asked each time"
    );
}

#[test]
fn elements_of_real_claims_keep_the_owner_and_what_was_asked_for() {
    let world = World::of(SAMPLE, &[]);
    each(|name, call, body| {
        if call.target.resource != EOB {
            return;
        }
        world.answers(body.clone());
        let answer = world.call(call.query("_elements=item&_count=8"));
        assert_eq!(answer.status, 200, "{name}");
        let before: Json = serde_json::from_slice(&body).unwrap();
        let after = answer.json();
        let pairs: Vec<_> = match before["entry"].as_array() {
            Some(entries) => entries
                .iter()
                .zip(after["entry"].as_array().unwrap())
                .map(|(before, after)| (before["resource"].clone(), after["resource"].clone()))
                .collect(),
            None => vec![(before, after)],
        };
        for (before, after) in pairs {
            for member in ["id", "item", "patient", "resourceType"] {
                assert_eq!(before[member], after[member], "{name} {member}");
            }
            assert!(after.get("identifier").is_none(), "{name}");
        }
    });
}
