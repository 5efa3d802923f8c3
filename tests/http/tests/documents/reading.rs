//! Pages and sources, read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Targets of the links of a page, without those in code.
pub(crate) fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in outside_fences(text) {
        for (at, _) in line.match_indices("](") {
            if line[..at].matches('`').count() % 2 == 1 {
                continue;
            }
            let target = line[at + 2..].split([')', ' ']).next().unwrap_or_default();
            found.push(target);
        }
    }
    found
}

/// What `#…` may lead to, as GitHub makes it of headings, and what says its id itself.
pub(crate) fn anchors_of(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in outside_fences(text) {
        for rest in line.split("<a id=\"").skip(1) {
            found.insert(rest.split('"').next().unwrap_or_default().to_owned());
        }
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let slug: String = heading
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let again = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone())
            .chain(again)
            .find(|slug| !found.contains(slug));
        found.extend(free);
    }
    found
}

fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    })
}

pub(crate) fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// The code spans in the first cells of the table with this header.
pub(crate) fn first_cells(page: &str, header: &str) -> BTreeSet<String> {
    let text = read(page);
    let rows = text.lines().skip_while(|line| !line.starts_with(header));
    rows.skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(code_spans)
        .map(str::to_owned)
        .collect()
}

/// Names of functions with `#[test]`.
pub(crate) fn tests_of_rust() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files("rs") {
        for rest in read(&path).split("#[test]").skip(1) {
            let name = rest
                .split_once("fn ")
                .and_then(|(_, rest)| rest.split_once('('));
            found.extend(name.map(|(name, _)| name.to_owned()));
        }
    }
    found
}

/// Every file of the repository whose name ends so, from its root.
pub(crate) fn files(extension: &str) -> Vec<PathBuf> {
    const NOT_OURS: [&str; 3] = ["target", "node_modules", "dist"];
    let mut folders = vec![PathBuf::new()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            if entry.file_type().expect("a kind").is_dir() {
                if !NOT_OURS.contains(&name.as_str()) && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|text| text == extension) {
                found.push(path);
            }
        }
    }
    found
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
