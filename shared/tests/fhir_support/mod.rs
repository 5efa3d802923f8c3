//! The claims backend's golden files, for the tests that read them. The folder is found by
//! `BLUEGATE_FIXTURES`, else beside the repository; without it the tests say so and pass.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "helpers of tests, outside of a test function; not every test uses all of them"
)]

use std::path::PathBuf;

use bluegate_shared::fhir::{Claim, Entry, ParseErrorKind, Resource, parse_bundle, parse_resource};

fn root() -> PathBuf {
    std::env::var_os("BLUEGATE_FIXTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures"),
        PathBuf::from,
    )
}

/// A small page that was once read wrongly, by the number that its name begins with.
pub fn once_wrong(number: &str) -> Option<Vec<u8>> {
    let folder = root().join("failing");
    let files = std::fs::read_dir(&folder).ok();
    let mut names = files.into_iter().flatten().map(|file| file.unwrap().path());
    let found = names.find(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.split('-').next() == Some(number)
    });
    if found.is_none() {
        println!("skipped: no page {number} in {}", folder.display());
    }
    Some(std::fs::read(found?).unwrap())
}

/// The JSON files of one version, by name; `None` if there is no such folder.
pub fn fixtures(version: &str) -> Vec<(String, String)> {
    let folder = root().join("bfd").join(version);
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: no fixtures in {}", folder.display());
        return Vec::new();
    };
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    files.iter().map(read).collect()
}

/// One file of a version.
pub fn fixture(version: &str, name: &str) -> Option<String> {
    let mut files = fixtures(version).into_iter();
    files.find(|(file, _)| file == name).map(|(_, text)| text)
}

/// The upstream tests put a placeholder where values change; any instant will do.
pub fn without_placeholders(text: &str) -> String {
    ["lastUpdated", "created", "date"]
        .iter()
        .fold(text.to_owned(), |text, name| {
            text.replace(
                &format!("\"{name}\" : \"IGNORED_FIELD\""),
                &format!("\"{name}\" : \"2021-02-03T04:05:06.789+00:00\""),
            )
            .replace(
                &format!("\"{name}\": \"IGNORED_FIELD\""),
                &format!("\"{name}\": \"2021-02-03T04:05:06.789+00:00\""),
            )
        })
}

/// The entries of a bundle, or the one resource.
pub fn entries(text: &str) -> Vec<Entry> {
    match parse_bundle(text.as_bytes()) {
        Ok(bundle) => bundle.entries,
        Err(error) => {
            assert_eq!(error.kind, ParseErrorKind::WrongType);
            vec![parse_resource(text.as_bytes()).unwrap()]
        }
    }
}

/// The claims among the entries.
pub fn claims(text: &str) -> Vec<Claim> {
    let claim = |entry: Entry| match entry.resource {
        Resource::Claim(claim) => Some(*claim),
        _ => None,
    };
    entries(text).into_iter().filter_map(claim).collect()
}
