//! Which mutants are tried: a fixed number of all, drawn by a seed. Each has a name that does not change with lines that
//! come or go above it, so that what is drawn and what is explained stay the same.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// One fault that can be planted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mutant {
    /// Index of its area.
    pub(super) area: usize,
    /// File and what is replaced by what, in which function; the second of the same words ends with ` #2`.
    pub(super) key: String,
    /// As cargo-mutants calls it, with line and column.
    pub(super) name: String,
}

/// Names as they are listed, in the order of the files.
pub(super) fn named(names: Vec<String>, area: usize) -> Vec<Mutant> {
    let mut seen = BTreeMap::new();
    names
        .into_iter()
        .map(|name| {
            let mut key = without_place(&name);
            let count = seen.entry(key.clone()).or_insert(0);
            *count += 1;
            if *count > 1 {
                key = format!("{key} #{count}");
            }
            Mutant { area, key, name }
        })
        .collect()
}

/// The first `count` in the order of what the seed makes of their names, sorted by area and name.
pub(super) fn drawn(seed: &str, count: usize, mut all: Vec<Mutant>) -> Vec<Mutant> {
    all.sort_by_cached_key(|mutant| {
        let mut hash = Sha256::new();
        hash.update(seed.as_bytes());
        hash.update([0]);
        hash.update(mutant.key.as_bytes());
        <[u8; 32]>::from(hash.finalize())
    });
    all.truncate(count);
    all.sort_by(|one, other| (one.area, &one.key).cmp(&(other.area, &other.key)));
    all
}

/// A regular expression for exactly this name.
pub(super) fn pattern(name: &str) -> String {
    let mut pattern = "^".to_owned();
    for char in name.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(char) {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('$');
    pattern
}

/// `shared/src/scope.rs:10:5: replace …` without the two numbers.
fn without_place(name: &str) -> String {
    let parts: Vec<_> = name.splitn(4, ':').collect();
    match parts.as_slice() {
        [file, _, _, what] => format!("{file}:{what}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(lines: &[&str]) -> Vec<Mutant> {
        named(lines.iter().map(|line| (*line).to_owned()).collect(), 0)
    }

    #[test]
    fn a_name_stays_where_lines_move() {
        let before = names(&[
            "a.rs:10:5: replace f -> bool with true",
            "a.rs:12:9: replace == with != in f",
            "a.rs:13:9: replace == with != in f",
        ]);
        let keys: Vec<_> = before.iter().map(|mutant| mutant.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "a.rs: replace f -> bool with true",
                "a.rs: replace == with != in f",
                "a.rs: replace == with != in f #2",
            ]
        );
        let after = names(&["a.rs:20:1: replace f -> bool with true"]);
        assert_eq!(after[0].key, before[0].key);
    }

    #[test]
    fn the_same_seed_draws_the_same_whatever_the_order() {
        let lines: Vec<_> = (0..100)
            .map(|n| format!("a.rs:{n}:1: replace f{n}"))
            .collect();
        let mut turned = lines.clone();
        turned.reverse();
        let draw = |lines: &[String], seed| {
            let drawn = drawn(seed, 10, named(lines.to_vec(), 0));
            drawn
                .into_iter()
                .map(|mutant| mutant.key)
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(&lines, "s").len(), 10);
        assert_eq!(draw(&lines, "s"), draw(&turned, "s"));
        assert_ne!(draw(&lines, "s"), draw(&lines, "t"));
    }

    #[test]
    fn a_pattern_means_its_name_alone() {
        assert_eq!(
            pattern("a.rs:1:2: replace f -> Option<&str> with Some(\"x\")"),
            "^a\\.rs:1:2: replace f \\-> Option<\\&str> with Some\\(\"x\"\\)$"
        );
    }
}
