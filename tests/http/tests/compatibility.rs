//! `docs/compatibility.md` says what was tried, by version and with which tests. Here: a version that it names is
//! the one that is installed for the tests, and the files are there. Needs no running server.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[test]
fn the_versions_named_are_those_that_the_tests_install() {
    let installed = installed();
    let mut seen = 0;
    for row in rows() {
        let Some((registry, name)) = package(&row[0]) else {
            continue;
        };
        let version = row[1].trim();
        assert!(
            installed.contains(&(registry, name.to_owned(), version.to_owned())),
            "docs/compatibility.md names {registry} {name} {version}; installed are {:?}",
            installed
                .iter()
                .filter(|(_, other, _)| other == name)
                .collect::<Vec<_>>()
        );
        seen += 1;
    }
    assert!(seen >= 9, "only {seen} packages were read from the page");
}

#[test]
fn the_tests_named_are_there() {
    let mut seen = 0;
    for path in rows().iter().flatten().flat_map(|cell| quoted(cell)) {
        let is_file = ["tests/", "web-client/", "gateway/", "docs/"]
            .iter()
            .any(|folder| path.starts_with(folder));
        if is_file {
            assert!(root().join(path).exists(), "there is no {path}");
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} paths were read from the page");
}

/// The cells of every row of every table.
fn rows() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/compatibility.md")).expect("the page");
    page.lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("|---"))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// "npm `name`" or "PyPI `name`".
fn package(cell: &str) -> Option<(&'static str, &str)> {
    let registry = ["npm", "PyPI"]
        .into_iter()
        .find(|registry| cell.starts_with(&format!("{registry} `")))?;
    Some((registry, quoted(cell).first()?))
}

fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Registry, name and exact version of what the tests ask for.
fn installed() -> Vec<(&'static str, String, String)> {
    let mut found = Vec::new();
    for file in [
        "tests/interop/package.json",
        "tests/field/package.json",
        "web-client/package.json",
        "web-client/test/package/package.json",
    ] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        let manifest: Value = serde_json::from_str(&text).expect(file);
        for kind in ["dependencies", "devDependencies"] {
            for (name, version) in manifest[kind].as_object().into_iter().flatten() {
                let version = version.as_str().unwrap_or_default();
                found.push(("npm", name.clone(), version.to_owned()));
            }
        }
    }
    let python = fs::read_to_string(root().join("tests/interop/requirements.txt"))
        .expect("requirements.txt");
    for line in python.lines() {
        let requirement = line.split([' ', ';', '\\']).next().unwrap_or_default();
        if let Some((name, version)) = requirement.split_once("==") {
            found.push(("PyPI", name.to_owned(), version.to_owned()));
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
