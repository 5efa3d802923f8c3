//! `cargo xtask commits`: which commits of a branch a reviewer could not review. It tells, and stops nobody: what came of
//! 128-bit ids in 2019 was one change too large to be read, without its reason beside it.
//!
//! A commit has its problem (the reason), its solution (the intention), and how it was checked (the proof). A consequence
//! is asked for where the commit changes what others rely on: the contract, the store's schema, or the manifests. What
//! was moved is not counted as changed.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// A commit as git tells it.
struct Commit {
    id: String,
    message: String,
    /// Changed lines and path of each file; lines that were moved with their file are not in it.
    files: Vec<(usize, String)>,
}

/// Prints each commit of the range with what it lacks, and at the end how many there are.
pub(crate) fn run(workspace: &Workspace, range: Option<&str>) -> Result<ExitCode> {
    let range = range.unwrap_or("main..HEAD");
    let mut git = workspace.command("git");
    git.args(["log", "--no-merges", "--reverse", "--numstat", "-M30%"])
        .args(["--format=%x01%h%x00%B%x00", range, "--"]);
    let (status, text) = process::output(&mut git)?;
    if !status.success() {
        bail!("git knows no commits `{range}`; a range is FROM..TO");
    }
    let commits = parse(&text)?;
    let mut lacking = 0;
    for commit in &commits {
        let lacks = commit.lacks();
        if lacks.is_empty() {
            continue;
        }
        lacking += 1;
        let subject = commit.message.lines().next().unwrap_or_default();
        println!("{} {subject}", commit.id);
        for lack in lacks {
            println!("    {lack}");
        }
    }
    println!("{} commits in {range}, {lacking} to look at", commits.len());
    Ok(ExitCode::SUCCESS)
}

impl Commit {
    fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        let subject = self.message.lines().next().unwrap_or_default();
        if subject.chars().count() > SUBJECT {
            lacks.push(format!("its subject has more than {SUBJECT} characters"));
        }
        for (label, what) in [
            ("Problem:", "no problem: why it is"),
            (
                "Solution:",
                "no solution: what it does about it, and why this way",
            ),
            ("Checked:", "no proof: what was run and seen"),
        ] {
            if !self.says(label) {
                lacks.push(format!("{what} (`{label} …`)"));
            }
        }
        let promise = self.files.iter().find(|(_, path)| is_promise(path));
        if let Some((_, path)) = promise
            && !self.says("Consequence:")
        {
            lacks.push(format!(
                "no consequence (`Consequence: …`), and it changes {path}, on which others rely"
            ));
        }
        let lines: usize = self
            .files
            .iter()
            .filter(|(_, path)| !is_generated(path))
            .map(|(lines, _)| lines)
            .sum();
        if lines > LINES {
            lacks.push(format!(
                "{lines} changed lines that are no move; more than {LINES} are not read"
            ));
        }
        lacks
    }

    /// Whether a paragraph begins with the label and says something.
    fn says(&self, label: &str) -> bool {
        let mut lines = self.message.lines();
        lines.any(|line| {
            line.strip_prefix(label)
                .is_some_and(|rest| !rest.trim().is_empty())
        })
    }
}

/// What others rely on.
fn is_promise(path: &str) -> bool {
    path.starts_with("docs/contract/")
        || path.ends_with("schema.sql")
        || path.ends_with("spin.toml")
}

/// What a program wrote.
fn is_generated(path: &str) -> bool {
    ["Cargo.lock", "package-lock.json"]
        .iter()
        .any(|name| path.ends_with(name))
}

fn parse(log: &str) -> Result<Vec<Commit>> {
    log.split('\u{1}')
        .skip(1)
        .map(|commit| {
            let mut parts = commit.split('\0');
            let (id, message, files) = (parts.next(), parts.next(), parts.next());
            let files = files.context("git told no files of a commit")?;
            Ok(Commit {
                id: id.unwrap_or_default().to_owned(),
                message: message.unwrap_or_default().trim().to_owned(),
                files: files.lines().filter_map(file).collect(),
            })
        })
        .collect()
}

/// A line of `--numstat`; a binary file has no lines.
fn file(line: &str) -> Option<(usize, String)> {
    let mut parts = line.splitn(3, '\t');
    let (added, removed, path) = (parts.next()?, parts.next()?, parts.next()?);
    let count = |text: &str| text.parse::<usize>().unwrap_or(0);
    Some((count(added) + count(removed), path.to_owned()))
}

const SUBJECT: usize = 60;
const LINES: usize = 600;

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "Say it\n\nProblem: a\nSolution: b\nConsequence: c\nChecked: d\n";

    fn lacks(message: &str, numstat: &str) -> Vec<String> {
        let log = format!("\u{1}abc\0{message}\0\n{numstat}");
        let commits = parse(&log).unwrap();
        assert_eq!(commits.len(), 1);
        commits[0].lacks()
    }

    #[test]
    fn a_commit_that_can_be_read_lacks_nothing() {
        let none: Vec<String> = Vec::new();
        assert_eq!(lacks(WHOLE, "400\t200\ta.rs\n"), none);
        let without_consequence = WHOLE.replace("Consequence: c\n", "");
        assert_eq!(lacks(&without_consequence, "1\t1\ta.rs\n"), none);
        // Moves are told with the few lines that changed; pictures and lock files are not read.
        let numstat = "3\t3\ta/{b => c}/d.rs\n-\t-\tx.png\n900\t900\tCargo.lock\n";
        assert_eq!(lacks(WHOLE, numstat), none);
    }

    #[test]
    fn what_is_missing_is_named() {
        for (label, named) in [
            ("Problem:", "no problem"),
            ("Solution:", "no solution"),
            ("Checked:", "no proof"),
        ] {
            for without in [label.to_lowercase(), format!("The {label}"), String::new()] {
                let told = lacks(&WHOLE.replace(label, &without), "1\t1\ta.rs\n");
                assert!(told.len() == 1 && told[0].starts_with(named), "{told:?}");
            }
        }
        let empty = WHOLE.replace("Checked: d", "Checked:   ");
        assert_eq!(lacks(&empty, "").len(), 1);
        assert_eq!(lacks("wip", "").len(), 3);
        let long = WHOLE.replace("Say it", &"x".repeat(61));
        assert!(lacks(&long, "")[0].contains("60 characters"));
    }

    #[test]
    fn a_change_of_a_promise_says_what_follows() {
        let without = WHOLE.replace("Consequence: c\n", "");
        for path in [
            "docs/contract/token.md",
            "gateway/src/base/store/schema.sql",
            "deploy/spin.toml",
        ] {
            let told = lacks(&without, &format!("1\t0\t{path}\n"));
            assert!(told.len() == 1 && told[0].contains(path), "{told:?}");
        }
    }

    #[test]
    fn six_hundred_lines_are_the_most_over_all_files() {
        assert!(lacks(WHOLE, "300\t0\ta.rs\n0\t300\tb.rs\n").is_empty());
        let told = lacks(WHOLE, "300\t1\ta.rs\n0\t300\tb.rs\n");
        assert!(told[0].starts_with("601 changed lines"), "{told:?}");
    }
}
