//! What the documents say is there: links and anchors, files and functions, tables, alerts, commands. Needs no
//! running server.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

mod named;
mod reading;

use named::{Named, citations, comments, declares};
use reading::{anchors_of, code_spans, files, first_cells, links, read, root, tests_of_rust};

/// Pages that name files and what is in them: a path, then names of that file on the same line.
const NAMING: [(&str, usize); 2] = [("docs/development.md", 120), ("docs/claims-backend.md", 60)];

#[test]
fn every_link_leads_somewhere() {
    let mut anchors: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in files("md") {
        let text = read(&page);
        for target in links(&text) {
            if target.contains(':') {
                continue;
            }
            seen += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match path {
                "" => page.clone(),
                path => page.parent().expect("a folder").join(path),
            };
            if !root().join(&path).exists() {
                wrong.push(format!("{}: {target}", page.display()));
            } else if !anchor.is_empty() {
                let known = anchors
                    .entry(path.clone())
                    .or_insert_with(|| anchors_of(&read(&path)));
                if !known.contains(anchor) {
                    wrong.push(format!("{}: {target} (no such heading)", page.display()));
                }
            }
        }
    }
    assert!(seen > 150, "only {seen} links were read");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_file_and_name_of_the_pages_for_developers_is_there() {
    let tests = tests_of_rust();
    let mut wrong = Vec::new();
    for (page, least) in NAMING {
        let mut seen = 0;
        for line in read(page).lines() {
            let mut file = String::new();
            for span in code_spans(line) {
                let there = match Named::of(span) {
                    Some(Named::Item | Named::Schema) if !root().join(&file).exists() => false,
                    None => continue,
                    Some(Named::Path) => {
                        if !span.ends_with('/') {
                            span.clone_into(&mut file);
                        }
                        root().join(span).exists()
                    }
                    Some(Named::Schema) if file.ends_with(".sql") => declares(&read(&file), span),
                    Some(Named::Schema) if span.matches('_').count() >= 3 => tests.contains(span),
                    Some(Named::Schema) => continue,
                    Some(Named::Item) if file.is_empty() => continue,
                    Some(Named::Item) => declares(&read(&file), span),
                };
                seen += 1;
                if !there {
                    wrong.push(format!("{page}: `{span}` {file}"));
                }
            }
        }
        assert!(seen >= least, "{page} names {seen} only");
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Comments cite `docs/contract/07-fhir.md, 7.4`, or a heading of another page as `docs/guard.md#the-rules`.
#[test]
fn every_document_that_the_code_cites_is_there() {
    let contract = read("docs/contract/README.md");
    let (mut seen, mut wrong) = (0, Vec::new());
    for extension in ["rs", "sql", "ts", "mjs", "toml"] {
        for path in files(extension) {
            let text = comments(&read(&path));
            for cited in citations(&text) {
                seen += 1;
                if !cited.is_there(&contract) {
                    wrong.push(format!("{}: {cited:?}", path.display()));
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} citations were read");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_table_of_the_store_is_described() {
    let schema =
        read("gateway/src/base/store/schema.sql") + &read("gateway/src/maintenance/watch.sql");
    let made: BTreeSet<_> = schema
        .lines()
        .filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    let described = first_cells("docs/storage.md", "| Table |");
    assert!(made.len() > 30, "{made:?}");
    assert_eq!(
        made, described,
        "schema.sql and watch.sql, and docs/storage.md"
    );
}

#[test]
fn every_room_of_the_gateway_is_explained() {
    let list = read("gateway/rooms.toml");
    let lists = list.lines().filter(|line| line.starts_with("rooms = "));
    let rooms: BTreeSet<_> = lists
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert!(rooms.len() > 30, "{rooms:?}");
    assert_eq!(rooms, first_cells("docs/development.md", "| Room |"));
}

#[test]
fn every_kind_of_alert_is_explained() {
    let rules = read("gateway/src/base/config/rule.rs");
    let (_, list) = rules.split_once("pub const KINDS").expect("the list");
    let (list, _) = list.split_once("];\n\nimpl").expect("its end");
    // Each kind and what it tells are two texts in turn.
    let kinds: BTreeSet<_> = list
        .split('"')
        .skip(1)
        .step_by(4)
        .map(str::to_owned)
        .collect();
    assert!(kinds.len() > 10, "{kinds:?}");
    assert_eq!(kinds, first_cells("docs/operations.md", "| Kind |"));
}

#[test]
fn every_command_of_xtask_that_is_named_is_one() {
    let known = read("xtask/src/args.rs");
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in files("md") {
        let text = read(&page);
        for rest in text.split("cargo xtask ").skip(1) {
            let word: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            if word.is_empty() || word.starts_with('-') {
                continue;
            }
            seen += 1;
            if !known.contains(&format!("\"{word}\"")) {
                wrong.push(format!("{}: cargo xtask {word}", page.display()));
            }
        }
    }
    assert!(seen > 50, "only {seen} commands were read");
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_readers_read_what_they_should() {
    let page = "# A `b`: c, d!\n[x](y.md#z) `[no](way)` ![i](p.png \"t\")\n```\n[no](code)\n```\n# A `b`: c, d!\n<a id=\"w\"></a>";
    assert_eq!(links(page), ["y.md#z", "p.png"]);
    let anchors = anchors_of(page);
    assert_eq!(
        anchors.iter().map(String::as_str).collect::<Vec<_>>(),
        ["a-b-c-d", "a-b-c-d-1", "w"]
    );
    for (span, named) in [
        ("gateway/src/fhir/", Some(Named::Path)),
        ("spin.toml", Some(Named::Path)),
        ("find()", Some(Named::Item)),
        ("LiveToken", Some(Named::Item)),
        ("MOST", Some(Named::Item)),
        ("each_of_these_is_one", Some(Named::Schema)),
        ("statements.rs", None),
        ("/v2/fhir", None),
        ("cargo xtask test", None),
    ] {
        assert_eq!(Named::of(span), named, "{span}");
    }
    let code = "pub(crate) async fn find<T>() {}\nstruct LiveToken;\npub const MOST: u8 = 1;";
    for (name, there) in [
        ("find()", true),
        ("fin()", false),
        ("LiveToken", true),
        ("Live", false),
        ("MOST", true),
    ] {
        assert_eq!(declares(code, name), there, "{name}");
    }
    let cited =
        "see docs/contract/07-fhir.md, 7.4 and 10-audit.md; docs/guard.md#x, contract, section 7.9";
    let contract = read("docs/contract/README.md");
    let there: Vec<_> = citations(cited)
        .iter()
        .map(|cited| cited.is_there(&contract))
        .collect();
    assert_eq!(there, [true, true, false, false]);
}
