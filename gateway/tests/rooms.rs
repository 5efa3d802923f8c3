//! Dependencies go one way: `rooms.toml` lists rooms and floors, and no import of `src` leads up or sideways.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is a test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

#[test]
fn every_arrow_leads_down() {
    let house = House::read(&text("rooms.toml"));
    let files = files(&root().join("src"));
    assert!(files.len() > 100, "the sources are not where they were");
    let wrong = house.wrong(&files);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_list_is_there() {
    let house = House::read(&text("rooms.toml"));
    for room in house.floors.keys() {
        let path = format!("src/{}.rs", room.replace("::", "/"));
        assert!(root().join(&path).exists(), "{path} is listed and missing");
    }
}

#[test]
fn the_architecture_shows_the_list() {
    let page = text("../docs/architecture.md");
    let (_, rest) = page.split_once("<!-- rooms -->\n").unwrap();
    let (shown, _) = rest.split_once("<!-- /rooms -->").unwrap();
    let table = table(&text("rooms.toml"));
    assert!(
        shown.trim() == table.trim(),
        "docs/architecture.md, between the marks, should be:\n{table}"
    );
}

#[test]
fn an_arrow_up_a_circle_and_a_stranger_are_found() {
    let house = House::read(
        "[[floor]]\nhas = \"\"\nrooms = [\"base::low\"]\n\
         [[floor]]\nhas = \"\"\nrooms = [\"left\", \"right\"]\n\
         [[floor]]\nhas = \"\"\nrooms = [\"top\"]\n",
    );
    let wrong = |files: &[(&str, &str)]| {
        let files: BTreeMap<_, _> = files
            .iter()
            .map(|(module, text)| ((*module).to_owned(), (*text).to_owned()))
            .collect();
        house.wrong(&files)
    };
    let fine = [
        ("base", "pub mod low;"),
        (
            "base::low",
            "use std::fmt; /* crate::top */ const A: &str = \"crate::top::B\";",
        ),
        (
            "left",
            "use crate::base::low::{self, Thing}; use self::part::A; #[cfg(test)] mod tests { use crate::top::X; }",
        ),
        (
            "left::part",
            "fn a() { super::b(); crate::base::low::c(); }",
        ),
        (
            "right",
            "#[cfg(test)] mod harness; #[cfg(test)] use crate::top::T;",
        ),
        ("right::harness", "use crate::top::X;"),
        ("top", "use crate::{left, right::{a, b as c}};"),
    ];
    assert_eq!(wrong(&fine), Vec::<String>::new());
    for (module, text, expected) in [
        // Up: in a tree, in a full path, by `super`, in a macro, by a glob.
        ("base::low", "use crate::{left::A};", "base::low uses left"),
        (
            "base::low",
            "fn a() { crate::top::b() }",
            "base::low uses top",
        ),
        ("left::part", "use super::super::top::b;", "left uses top"),
        (
            "left",
            "fn a() { json!({ \"a\": crate::top::b() }) }",
            "left uses top",
        ),
        ("left", "pub use crate::top::*;", "left uses top"),
        // Half of a circle: both stand on one floor.
        ("left", "use crate::right::A;", "left uses right"),
        // Only what is compiled into tests alone is left out.
        (
            "left",
            "#[cfg(not(test))] use crate::top::A;",
            "left uses top",
        ),
        (
            "left",
            "#[cfg(test)] mod tests; use crate::top::A;",
            "left uses top",
        ),
        ("stranger", "", "stranger is in no room"),
        ("base::unknown", "", "base::unknown is in no room"),
    ] {
        let found = wrong(&[(module, text)]);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{text}: {found:?}"
        );
    }
}

/// Rooms and the floors that they stand on.
struct House {
    floors: BTreeMap<String, usize>,
}

impl House {
    fn read(list: &str) -> Self {
        let mut floors = BTreeMap::new();
        for (number, (_, rooms)) in listed(list).into_iter().enumerate() {
            for room in rooms {
                let former = floors.insert(room, number);
                assert!(former.is_none(), "a room stands on two floors");
            }
        }
        Self { floors }
    }

    /// The room of a module, or of an item in it.
    fn room(&self, path: &str) -> Option<(&str, usize)> {
        self.floors
            .iter()
            .filter(|(room, _)| is_in(path, room))
            .max_by_key(|(room, _)| room.len())
            .map(|(room, floor)| (room.as_str(), *floor))
    }

    /// What is against the list, in words. `files` are the texts of modules by their path.
    fn wrong(&self, files: &BTreeMap<String, String>) -> Vec<String> {
        let read: Vec<_> = files
            .iter()
            .map(|(module, text)| (module, Reader::of(module, text)))
            .collect();
        let tests: Vec<_> = read.iter().flat_map(|(_, reader)| &reader.tests).collect();
        let mut wrong = Vec::new();
        for (module, reader) in &read {
            // `lib.rs` names all rooms, and `base` those in it. What is compiled into tests may reach up.
            if ["", "base"].contains(&module.as_str())
                || tests.iter().any(|test| is_in(module, test))
            {
                continue;
            }
            let Some((room, floor)) = self.room(module) else {
                wrong.push(format!("{module} is in no room of rooms.toml"));
                continue;
            };
            for used in &reader.uses {
                if let Some((other, below)) = self.room(used)
                    && other != room
                    && below >= floor
                {
                    wrong.push(format!(
                        "{module}: {room} uses {other} ({used}), which stands no lower"
                    ));
                }
            }
        }
        wrong
    }
}

/// What one module imports, and which of its children are compiled into tests only.
struct Reader {
    module: Vec<String>,
    uses: BTreeSet<String>,
    tests: BTreeSet<String>,
}

impl Reader {
    fn of(module: &str, text: &str) -> Self {
        let parts = module.split("::").filter(|part| !part.is_empty());
        let mut reader = Self {
            module: parts.map(str::to_owned).collect(),
            uses: BTreeSet::new(),
            tests: BTreeSet::new(),
        };
        let tokens = TokenStream::from_str(text).expect("a source file can be read");
        reader.tokens(&all(tokens));
        reader
    }

    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            if is_test_only(&tokens[at..]) {
                let item = &tokens[at + 2..];
                let item = &item[..length(item)];
                if let Some(child) = module_in_a_file(item) {
                    let path: Vec<_> = self.module.iter().cloned().chain([child]).collect();
                    self.tests.insert(path.join("::"));
                }
                at += 2 + item.len();
                continue;
            }
            match &tokens[at] {
                TokenTree::Ident(word)
                    if *word == "crate" || *word == "super" || *word == "self" =>
                {
                    at += self.path(Vec::new(), &tokens[at..]);
                }
                TokenTree::Group(group) => {
                    self.tokens(&all(group.stream()));
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// Follows a path, and all branches of a tree. Gives how many tokens belong to it.
    fn path(&mut self, mut path: Vec<String>, tokens: &[TokenTree]) -> usize {
        let mut at = 0;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => path.push(word.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    for branch in all(group.stream()).split(|token| is(Some(token), ',')) {
                        self.path(path.clone(), branch);
                    }
                    return at + 1;
                }
                _ => break,
            }
            at += 1;
            if !(is(tokens.get(at), ':') && is(tokens.get(at + 1), ':')) {
                break;
            }
            at += 2;
        }
        if path.len() > 1 {
            self.uses.insert(self.absolute(&path));
        }
        at.max(1)
    }

    /// The path from the root of the crate.
    fn absolute(&self, path: &[String]) -> String {
        let mut whole = self.module.clone();
        let mut parts = path.iter().map(String::as_str).peekable();
        if parts.next_if_eq(&"crate").is_some() {
            whole.clear();
        }
        while parts.next_if_eq(&"super").is_some() {
            whole.pop();
        }
        whole.extend(parts.filter(|part| *part != "self").map(str::to_owned));
        whole.join("::")
    }
}

/// Whether `#[cfg(test)]` begins here.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(attribute), ..] if is(Some(hash), '#') => {
            attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

/// Of an item: up to its semicolon, or to the end of its block.
fn length(item: &[TokenTree]) -> usize {
    let is_use = item
        .iter()
        .take_while(|token| !is(Some(token), ';'))
        .any(|token| matches!(token, TokenTree::Ident(word) if *word == "use"));
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
        token => is(Some(token), ';'),
    };
    item.iter().position(ends).map_or(item.len(), |end| end + 1)
}

/// Its name, where the item is a module in a file of its own.
fn module_in_a_file(item: &[TokenTree]) -> Option<String> {
    let at = item
        .iter()
        .position(|token| matches!(token, TokenTree::Ident(word) if *word == "mod"))?;
    is(item.get(at + 2), ';').then(|| item[at + 1].to_string())
}

fn all(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

fn is(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Whether a path is a module or something in it.
fn is_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What each floor has, and its rooms.
fn listed(list: &str) -> Vec<(String, Vec<String>)> {
    let list: toml::Table = list.parse().expect("rooms.toml can be read");
    let floors = list["floor"].as_array().expect("floors");
    let text = |value: &toml::Value| value.as_str().expect("a text").to_owned();
    floors
        .iter()
        .map(|floor| {
            let rooms = floor["rooms"].as_array().expect("rooms");
            (text(&floor["has"]), rooms.iter().map(text).collect())
        })
        .collect()
}

/// The list as a page shows it, the top floor first.
fn table(list: &str) -> String {
    let mut table = "| Floor | What stands there | Rooms |\n|---|---|---|\n".to_owned();
    for (number, (has, rooms)) in listed(list).iter().enumerate().rev() {
        let rooms: Vec<_> = rooms.iter().map(|room| format!("`{room}`")).collect();
        table.push_str(&format!("| {number} | {has} | {} |\n", rooms.join(", ")));
    }
    table
}

/// The texts of all modules below a folder, by their path.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).expect("below").with_extension("");
                let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
                let module = parts.join("::");
                let module = if module == "lib" {
                    String::new()
                } else {
                    module
                };
                found.insert(module, fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
