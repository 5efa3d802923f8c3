//! `docs/conformance.md` names, for each rule, the tests that show it. Here: each of them exists and is not
//! ignored, no row is without one, and no section of the documents is left out. Needs no running server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The list at the end of the page: what is not so, or has no test.
const NOT_SHOWN: &str = "Not shown yet";

/// Tables of the page, by heading, and the sections that each must have, or the list at the end.
const SECTIONS: [(&str, &[&str]); 4] = [
    (
        "Wire contract",
        &["1", "2", "3", "4", "5", "5.1", "6", "7.1", "7.4", "8", "9"],
    ),
    (
        "RFC 9700, section 2",
        &["2.1", "2.1.1", "2.1.2", "2.2.2", "2.3", "2.4", "2.5", "2.6"],
    ),
    (
        "OWASP ASVS 5.0, V10.4",
        &[
            "10.4.1", "10.4.2", "10.4.3", "10.4.4", "10.4.5", "10.4.6", "10.4.7", "10.4.8",
            "10.4.9", "10.4.10", "10.4.11",
        ],
    ),
    (
        "SMART App Launch 2.2",
        &[
            "App launch",
            "Scopes",
            "Conformance",
            "Client authentication",
            "Token introspection",
        ],
    ),
];

/// Requirements of levels 1 and 2 of ASVS 5.0, V1 to V4 and V6 to V16 without V10.4.
const ASVS: [(&str, &[u8]); 67] = [
    ("1.1", &[1, 2]),
    ("1.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("1.3", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("1.4", &[1, 2, 3]),
    ("1.5", &[1, 2]),
    ("2.1", &[1, 2, 3]),
    ("2.2", &[1, 2, 3]),
    ("2.3", &[1, 2, 3, 4]),
    ("2.4", &[1]),
    ("3.2", &[1, 2]),
    ("3.3", &[1, 2, 3, 4]),
    ("3.4", &[1, 2, 3, 4, 5, 6]),
    ("3.5", &[1, 2, 3, 4, 5]),
    ("3.7", &[1, 2]),
    ("4.1", &[1, 2, 3]),
    ("4.2", &[1]),
    ("4.3", &[1, 2]),
    ("4.4", &[1, 2, 3, 4]),
    ("6.1", &[1, 2, 3]),
    ("6.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("6.3", &[1, 2, 3, 4]),
    ("6.4", &[1, 2, 3, 4]),
    ("6.5", &[1, 2, 3, 4, 5]),
    ("6.6", &[1, 2, 3]),
    ("6.8", &[1, 2, 3, 4]),
    ("7.1", &[1, 2, 3]),
    ("7.2", &[1, 2, 3, 4]),
    ("7.3", &[1, 2]),
    ("7.4", &[1, 2, 3, 4, 5]),
    ("7.5", &[1, 2]),
    ("7.6", &[1, 2]),
    ("8.1", &[1, 2]),
    ("8.2", &[1, 2, 3]),
    ("8.3", &[1]),
    ("8.4", &[1]),
    ("9.1", &[1, 2, 3]),
    ("9.2", &[1, 2, 3, 4]),
    ("10.1", &[1, 2]),
    ("10.2", &[1, 2]),
    ("10.3", &[1, 2, 3, 4]),
    ("10.5", &[1, 2, 3, 4, 5]),
    ("10.6", &[1, 2]),
    ("10.7", &[1, 2, 3]),
    ("11.1", &[1, 2]),
    ("11.2", &[1, 2, 3]),
    ("11.3", &[1, 2, 3]),
    ("11.4", &[1, 2, 3, 4]),
    ("11.5", &[1]),
    ("11.6", &[1]),
    ("12.1", &[1, 2, 3]),
    ("12.2", &[1, 2]),
    ("12.3", &[1, 2, 3, 4]),
    ("13.1", &[1]),
    ("13.2", &[1, 2, 3, 4, 5]),
    ("13.3", &[1, 2]),
    ("13.4", &[1, 2, 3, 4, 5]),
    ("14.1", &[1, 2]),
    ("14.2", &[1, 2, 3, 4]),
    ("14.3", &[1, 2, 3]),
    ("15.1", &[1, 2, 3]),
    ("15.2", &[1, 2, 3]),
    ("15.3", &[1, 2, 3, 4, 5, 6, 7]),
    ("16.1", &[1]),
    ("16.2", &[1, 2, 3, 4, 5]),
    ("16.3", &[1, 2, 3, 4]),
    ("16.4", &[1, 2, 3]),
    ("16.5", &[1, 2, 3]),
];

/// One row of a table.
struct Row {
    table: String,
    section: String,
    rule: String,
    /// File and name of each test.
    tests: Vec<(String, String)>,
}

#[test]
fn every_named_test_exists_and_runs() {
    let mut known = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in shown() {
        for (file, name) in row.tests {
            let tests = known.entry(file.clone()).or_insert_with(|| tests_in(&file));
            let problem = match tests {
                None => "there is no such file",
                Some(tests) if !tests.contains_key(&name) => "there is no such test",
                Some(tests) if !tests[&name] => "it is ignored",
                Some(_) => continue,
            };
            wrong.push(format!(
                "{} {}: {file} `{name}`: {problem}",
                row.table, row.section
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_row_names_a_rule_and_a_test() {
    let rows = shown();
    assert!(!rows.is_empty(), "no table was read");
    let bare: Vec<_> = rows
        .iter()
        .filter(|row| row.rule.is_empty() || row.tests.is_empty())
        .map(|row| format!("{} {}: {}", row.table, row.section, row.rule))
        .collect();
    assert!(bare.is_empty(), "\n{}\n", bare.join("\n"));
}

#[test]
fn every_section_has_a_row() {
    let mut there: BTreeSet<_> = shown()
        .into_iter()
        .map(|row| (row.table, row.section))
        .collect();
    for row in rows() {
        // "ASVS 10.4.9" in the list at the end.
        if let Some(section) = row.section.strip_prefix("ASVS ") {
            there.insert(("OWASP ASVS 5.0, V10.4".to_owned(), section.to_owned()));
        }
    }
    let missing: Vec<_> = SECTIONS
        .into_iter()
        .flat_map(|(table, sections)| sections.iter().map(move |section| (table, *section)))
        .filter(|(table, section)| !there.contains(&((*table).to_owned(), (*section).to_owned())))
        .map(|(table, section)| format!("{table}: section {section} has no row"))
        .collect();
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

/// `docs/security.md` and `docs/asvs.md` name tests without their files, in the last column of their tables.
#[test]
fn every_test_named_by_the_pages_on_security_exists_and_runs() {
    let known = all_tests();
    let mut wrong = Vec::new();
    for (page, least) in [("docs/security.md", 80), ("docs/asvs.md", 200)] {
        let mut seen = 0;
        for cells in tables(page) {
            for span in cells.last().into_iter().flat_map(|cell| code_spans(cell)) {
                seen += 1;
                let runs = known.get(span).copied();
                if runs != Some(true) && !root().join(span).is_file() {
                    wrong.push(format!("{page}, {}: `{span}`", cells[0]));
                }
            }
        }
        assert!(seen >= least, "{page} names {seen} only");
    }
    assert!(
        wrong.is_empty(),
        "missing or ignored:\n{}\n",
        wrong.join("\n")
    );
}

#[test]
fn every_requirement_of_the_asvs_has_a_row_with_a_standing() {
    let mut rows = BTreeMap::new();
    for cells in tables("docs/asvs.md") {
        let [id, _, standing, _, shown] = cells.as_slice() else {
            continue;
        };
        if !id.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        assert!(
            ["met", "partly", "not met", "operator", "absent"].contains(&standing.as_str()),
            "{id}: {standing}"
        );
        assert!(
            standing != "met" || !shown.is_empty(),
            "{id} is met: by what?"
        );
        assert!(
            rows.insert(id.clone(), standing.clone()).is_none(),
            "{id} twice"
        );
    }
    let wanted: BTreeSet<_> = ASVS
        .into_iter()
        .flat_map(|(section, numbers)| {
            numbers
                .iter()
                .map(move |number| format!("{section}.{number}"))
        })
        .collect();
    let there: BTreeSet<_> = rows.into_keys().collect();
    assert_eq!(
        (
            wanted.difference(&there).collect::<Vec<_>>(),
            there.difference(&wanted).collect::<Vec<_>>()
        ),
        (Vec::new(), Vec::new()),
        "missing, and not of level 2"
    );
}

#[test]
fn the_reader_tells_tests_from_what_only_looks_like_them() {
    let rust = "#[test]\nfn one() {}\nfn helper() {}\n    #[test]\n    #[ignore = \"later\"]\n    fn two() {}\n";
    assert_eq!(
        rust_tests(rust),
        BTreeMap::from([("one".to_owned(), true), ("two".to_owned(), false)])
    );
    let node = "test(\"a b\", async () => {\n  test.skip(\"c\", f);\n  test(`${x}: d`, f);\n  test(name, f);\n  walk(field, \"e\", f);\n";
    assert_eq!(
        node_tests(node),
        BTreeMap::from([
            ("a b".to_owned(), true),
            ("c".to_owned(), false),
            ("${x}: d".to_owned(), true),
            ("e".to_owned(), true)
        ])
    );
    assert_eq!(
        cell_tests("`a/b.rs`: `one`, `two`;<br>`c/d.py`: `three`"),
        [("a/b.rs", "one"), ("a/b.rs", "two"), ("c/d.py", "three")]
            .map(|(file, name)| (file.to_owned(), name.to_owned()))
    );
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The rows of the tables of rules.
fn shown() -> Vec<Row> {
    let mut rows = rows();
    rows.retain(|row| row.table != NOT_SHOWN);
    rows
}

/// The rows of all tables. Their header and ruler are left out.
fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/conformance.md")).expect("the page");
    let mut table = String::new();
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.clone_into(&mut table);
        }
        let Some(inner) = line
            .strip_prefix("| ")
            .and_then(|rest| rest.strip_suffix(" |"))
        else {
            continue;
        };
        let cells: Vec<_> = inner.split(" | ").collect();
        let [section, rule, shown_by] = cells.as_slice() else {
            panic!("not three cells: {line}");
        };
        if matches!(*section, "Section" | "Where") {
            continue;
        }
        // "2, step 1" and "10.4.1 (L1)" belong to sections 2 and 10.4.1.
        let number = section.split([',', '(']).next().unwrap_or_default().trim();
        rows.push(Row {
            table: table.clone(),
            section: number.to_owned(),
            rule: (*rule).to_owned(),
            tests: cell_tests(shown_by),
        });
    }
    rows
}

/// The rows of every table of a page, without headers and rulers.
fn tables(page: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(root().join(page)).expect(page);
    let mut lines = text.lines().peekable();
    let mut rows = Vec::new();
    while let Some(line) = lines.next() {
        let is_header = lines.peek().is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !is_header {
            let inner = line
                .strip_prefix('|')
                .and_then(|line| line.strip_suffix('|'));
            let cells = inner.expect("a whole row").split('|');
            rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
    }
    rows
}

fn code_spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Every test of the repository, with whether it runs wherever it is.
fn all_tests() -> BTreeMap<String, bool> {
    const NOT_OURS: [&str; 5] = ["target", "node_modules", ".git", ".work", "dist"];
    let mut folders: Vec<_> = [
        "gateway",
        "shared",
        "sandbox",
        "tests",
        "web-client",
        "xtask",
    ]
    .map(PathBuf::from)
    .into();
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = folder.join(&name);
            if entry.file_type().expect("a kind").is_dir() {
                if !NOT_OURS.contains(&name.as_str()) {
                    folders.push(path);
                }
                continue;
            }
            let extension = path.extension().and_then(|text| text.to_str());
            if matches!(extension, Some("rs" | "mjs" | "py")) {
                for (test, runs) in tests_in(path.to_str().expect("a path"))
                    .into_iter()
                    .flatten()
                {
                    *found.entry(test).or_insert(true) &= runs;
                }
            }
        }
    }
    found
}

/// Code spans of a cell: a path, and the tests in that file up to the next path.
fn cell_tests(cell: &str) -> Vec<(String, String)> {
    let mut file = "";
    let mut tests = Vec::new();
    for span in cell.split('`').skip(1).step_by(2) {
        let extension = Path::new(span).extension().and_then(|text| text.to_str());
        if span.contains('/') && matches!(extension, Some("rs" | "mjs" | "py")) {
            file = span;
        } else {
            tests.push((file.to_owned(), span.to_owned()));
        }
    }
    tests
}

/// The tests of a file, each with whether it runs; `None` if there is no such file.
fn tests_in(file: &str) -> Option<BTreeMap<String, bool>> {
    let text = fs::read_to_string(root().join(file)).ok()?;
    Some(match Path::new(file).extension()?.to_str()? {
        "rs" => rust_tests(&text),
        "mjs" => node_tests(&text),
        _ => python_tests(&text),
    })
}

/// Functions with the attribute `#[test]`.
fn rust_tests(text: &str) -> BTreeMap<String, bool> {
    let (mut is_test, mut runs) = (false, true);
    let mut tests = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line == "#[test]";
            runs &= !line.starts_with("#[ignore");
            continue;
        }
        if let Some((name, _)) = line
            .strip_prefix("fn ")
            .and_then(|rest| rest.split_once('('))
            && is_test
        {
            tests.insert(name.to_owned(), runs);
        }
        (is_test, runs) = (false, true);
    }
    tests
}

/// Titles of `test("…"` and ``test(`…` ``; a template's title is its text, unexpanded.
fn node_tests(text: &str) -> BTreeMap<String, bool> {
    let mut tests = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        for (call, runs) in [
            ("test(", true),
            // tests/field: each walk is a test, in whichever environment.
            ("walk(field, ", true),
            ("test.skip(", false),
            ("test.todo(", false),
        ] {
            let Some(rest) = line.strip_prefix(call) else {
                continue;
            };
            let title = ['"', '`'].into_iter().find_map(|quote| {
                let (title, _) = rest.strip_prefix(quote)?.split_once(quote)?;
                Some(title)
            });
            if let Some(title) = title {
                tests.insert(title.to_owned(), runs);
            }
        }
    }
    tests
}

/// Functions of a module whose name begins with `test_`.
fn python_tests(text: &str) -> BTreeMap<String, bool> {
    let mut runs = true;
    let mut tests = BTreeMap::new();
    for line in text.lines() {
        if line.starts_with('@') {
            runs &= !line.starts_with("@pytest.mark.skip");
            continue;
        }
        if let Some((name, _)) = line
            .strip_prefix("def ")
            .and_then(|rest| rest.split_once('('))
            && name.starts_with("test_")
        {
            tests.insert(name.to_owned(), runs);
        }
        runs = true;
    }
    tests
}
