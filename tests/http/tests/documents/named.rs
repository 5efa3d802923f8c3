//! What pages name between backticks, and what comments cite.

use std::fs;
use std::path::Path;

use super::reading::{anchors_of, root};

/// What a code span names.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Named {
    /// A file or folder.
    Path,
    /// A function `name()`, type or constant of the file before it.
    Item,
    /// After a file of SQL what the schema has; else a test, by a name of four words or more.
    Schema,
}

impl Named {
    pub(crate) fn of(span: &str) -> Option<Self> {
        let path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let extension = Path::new(span).extension().and_then(|text| text.to_str());
        let file = matches!(
            extension,
            Some("css" | "html" | "json" | "md" | "mjs" | "rs" | "sql" | "toml" | "ts" | "yml")
        );
        // A name alone is a file of the root, or one that each folder has.
        let in_root = matches!(extension, Some("md" | "toml"));
        if span.chars().all(path)
            && !span.starts_with(['/', '.'])
            && (span.ends_with('/') || (file && (in_root || span.contains('/'))))
        {
            return Some(Self::Path);
        }
        let name = span.strip_suffix("()").unwrap_or(span);
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        if name != span || name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Some(Self::Item);
        }
        span.contains('_').then_some(Self::Schema)
    }
}

/// Whether a file declares a function `name()`, a type or a constant.
pub(crate) fn declares(text: &str, name: &str) -> bool {
    let (kinds, name): (&[&str], _) = match name.strip_suffix("()") {
        Some(name) => (&["fn", "function"], name),
        None => (
            &[
                "struct", "enum", "trait", "type", "const", "static", "TABLE", "TRIGGER", "VIEW",
            ],
            name,
        ),
    };
    kinds.iter().any(|kind| {
        text.split(&format!("{kind} {name}"))
            .skip(1)
            .any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// A document as a comment cites it.
#[derive(Debug)]
pub(crate) struct Cited<'a> {
    path: String,
    /// After `#`, or nothing.
    anchor: &'a str,
    /// The part of the contract (`7.4`), or nothing.
    part: &'a str,
}

impl Cited<'_> {
    pub(crate) fn is_there(&self, contract: &str) -> bool {
        // An older spelling, "contract, section 7.4": its file is the one that the table of the contract has.
        let path = match self.path.as_str() {
            "" => {
                let section = self.part.split('.').next().unwrap_or_default();
                let row = contract
                    .lines()
                    .find(|line| line.starts_with(&format!("| {section} |")));
                let Some(file) = row.and_then(|row| row.split(['(', ')']).rev().nth(1)) else {
                    return false;
                };
                format!("docs/contract/{file}")
            }
            path => path.to_owned(),
        };
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            return false;
        };
        let heading = format!("# {}", self.part);
        let has_part = text.lines().any(|line| {
            line.split_once(&heading).is_some_and(|(before, rest)| {
                before.trim_matches('#').is_empty() && rest.starts_with([' ', '.'])
            })
        });
        (self.part.is_empty() || has_part)
            && (self.anchor.is_empty() || anchors_of(&text).contains(self.anchor))
    }
}

/// The lines that are comments, as one text: a citation may go on over two of them.
pub(crate) fn comments(text: &str) -> String {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("//") || line.starts_with("--") || line.starts_with('#'))
        .map(|line| format!("{} ", line.trim_start_matches(['/', '!', '-', '#']).trim()))
        .collect()
}

pub(crate) fn citations(text: &str) -> Vec<Cited<'_>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut found = Vec::new();
    for (at, _) in text.match_indices(".md") {
        let start = text[..at]
            .rfind(|c: char| !is_name(c) && !matches!(c, '/' | '_'))
            .map_or(0, |before| {
                before + text[before..].chars().next().map_or(1, char::len_utf8)
            });
        let (path, rest) = (&text[start..at + 3], &text[at + 3..]);
        let numbered = path.as_bytes().get(2) == Some(&b'-') && path[..2].parse::<u8>().is_ok();
        let path = if numbered {
            format!("docs/contract/{path}")
        } else {
            path.to_owned()
        };
        if !path.starts_with("docs/") {
            continue;
        }
        let anchor = rest.strip_prefix('#').unwrap_or_default();
        let anchor = &anchor[..anchor.find(|c| !is_name(c)).unwrap_or(anchor.len())];
        let part = rest
            .strip_prefix(", ")
            .filter(|_| path.starts_with("docs/contract/"));
        found.push(Cited {
            anchor,
            part: part.map_or("", number),
            path,
        });
    }
    for (at, matched) in text.match_indices("contract, section ") {
        let part = number(&text[at + matched.len()..]);
        found.push(Cited {
            path: String::new(),
            anchor: "",
            part,
        });
    }
    found
}

/// The number of a section at the start of a text: `7.4`, or nothing.
fn number(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    // The next file, as in "02-authorize.md, 05-token-exchange.md".
    let is_file = text[end..].starts_with('-');
    if is_file {
        ""
    } else {
        text[..end].trim_end_matches('.')
    }
}
