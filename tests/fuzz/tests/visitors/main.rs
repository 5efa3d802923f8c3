//! The scan against the visitors, fact by fact and reason by reason: on written answers, on the committed corpus and
//! on the backend's own answers where they are there, all of them as they are and damaged.
//!
//! `BLUEGATE_GUARD_CASES` says how many are written and damaged, where more are wanted than in every run.

mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bluegate_fuzz::guard::agreed;
use bluegate_fuzz::resource;
use bluegate_fuzz::visitors::Verdict;
use bluegate_gateway::base::version::Version;
use bluegate_shared::owner::Expected;
use bluegate_shared::scope::ResourceType;

use self::writer::Writer;

fn cases() -> u64 {
    let cases = std::env::var("BLUEGATE_GUARD_CASES").ok();
    cases.map_or(20_000, |cases| cases.parse().expect("a number of cases"))
}

/// What is asked of a body: a few of the questions that there are.
fn asked(body: &[u8], choice: usize) {
    let kind = resource(choice as u8);
    let version = Version::ALL[choice / 3 % Version::ALL.len()];
    agreed(body, Expected::Resource(kind), version);
    agreed(body, Expected::Searchset(kind), version);
}

#[test]
fn the_scan_agrees_with_the_visitors_on_what_is_written() {
    let mut said = BTreeMap::new();
    for case in 0..cases() {
        let mut writer = Writer::new(case);
        let kind = ResourceType::ALL[writer.below(3)];
        let expected = if writer.one_in(3) {
            writer.resource(kind);
            Expected::Resource(kind)
        } else {
            writer.bundle(kind);
            Expected::Searchset(kind)
        };
        let mut body = writer.body();
        *said
            .entry(name(&agreed(&body, expected, Version::V2)))
            .or_insert(0) += 1;
        writer.damaged(&mut body);
        *said
            .entry(name(&agreed(&body, expected, Version::V2)))
            .or_insert(0) += 1;
    }
    println!("{said:?}");
    // Everything that a scan may say was said often.
    assert_eq!(said.len(), 14, "{said:?}");
    assert!(
        said.values().all(|times| *times >= cases() / 1000),
        "{said:?}"
    );
}

fn name(verdict: &Verdict<'_>) -> String {
    match verdict {
        Verdict::Proved(None) => "a resource".to_owned(),
        Verdict::Proved(Some(_)) => "a bundle".to_owned(),
        Verdict::ForeignOwner => "foreign".to_owned(),
        Verdict::NotProved(reason) => format!("{reason:?}"),
    }
}

#[test]
fn the_scan_agrees_with_the_visitors_on_the_corpus_and_its_damages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/guard");
    let bodies: Vec<_> = files(&folder)
        .iter()
        .map(|file| std::fs::read(file).unwrap().split_off(1))
        .collect();
    assert!(bodies.len() > 40);
    damaged(&bodies, cases() / 2);
}

#[test]
fn the_scan_agrees_with_the_visitors_on_the_backends_answers() {
    let root = std::env::var_os("BLUEGATE_FIXTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"),
        PathBuf::from,
    );
    if !root.join("bfd").is_dir() {
        println!("skipped: {} is not there", root.join("bfd").display());
        return;
    }
    let bodies: Vec<_> = ["v1", "v2", "v3"]
        .iter()
        .flat_map(|version| files(&root.join("bfd").join(version)))
        // Of larger ones there are enough.
        .filter(|file| std::fs::metadata(file).unwrap().len() < 30_000 || cases() > 20_000)
        .map(|file| {
            // The person of the tests in the place of those in the answers.
            let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
            let owner = text.split("Patient/").nth(1).unwrap_or_default();
            let length = owner.find(|c: char| c != '-' && !c.is_ascii_digit());
            let owner = owner[..length.unwrap_or(0)].to_owned();
            if owner.is_empty() {
                text
            } else {
                text.replace(&owner, bluegate_fuzz::OWN)
            }
            .into_bytes()
        })
        .collect();
    assert!(bodies.len() > 20);
    damaged(&bodies, cases() / 100);
}

fn damaged(bodies: &[Vec<u8>], cases: u64) {
    for body in bodies {
        for choice in 0..9 {
            asked(body, choice);
        }
    }
    for case in 0..cases {
        let mut writer = Writer::new(case);
        let choice = writer.below(bodies.len());
        let mut body = bodies[choice].clone();
        writer.damaged(&mut body);
        asked(&body, writer.below(9));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}
