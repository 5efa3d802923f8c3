//! Counting: what a runner's closing lines say, and the table at the end. A run that says nothing, or
//! that fails without naming a test, counts as one failure: nothing passes by being silent.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use crate::say;

/// Tests counted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) failed: u32,
    pub(crate) ignored: u32,
    pub(crate) passed: u32,
}

impl Tally {
    /// One check that passed or failed as a whole.
    pub(crate) fn check(passed: bool) -> Self {
        Self {
            failed: u32::from(!passed),
            passed: u32::from(passed),
            ..Self::default()
        }
    }

    /// Adds another count.
    pub(crate) fn add(&mut self, other: Self) {
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.passed += other.passed;
    }

    /// So many of those that passed were skipped, which their runner has no word for.
    pub(crate) fn skip(&mut self, count: u32) {
        let count = count.min(self.passed);
        self.passed -= count;
        self.ignored += count;
    }
}

/// Reads a runner's output line by line.
#[derive(Default)]
pub(crate) struct Listener {
    failed: BTreeSet<String>,
    heard: bool,
    tally: Tally,
}

impl Listener {
    /// Takes one line: Rust's and wasm-bindgen's `test result: …`, or Node's `# pass N`.
    pub(crate) fn line(&mut self, line: &str) {
        let line = plain(line);
        self.failed.extend(failed_test(&line).map(str::to_owned));
        let found = libtest(&line)
            .or_else(|| node(&line))
            .or_else(|| closing(&line));
        if let Some(tally) = found {
            self.heard = true;
            self.tally.add(tally);
        }
    }

    /// The tests that were said to have failed, by name.
    pub(crate) fn failed(&self) -> BTreeSet<String> {
        self.failed.clone()
    }

    /// The count, given whether the program ended with success.
    pub(crate) fn finish(self, success: bool) -> (Tally, Option<&'static str>) {
        let mut tally = self.tally;
        if !self.heard {
            tally.failed += 1;
            return (tally, Some("did not get as far as its closing line"));
        }
        if !success && tally.failed == 0 {
            tally.failed += 1;
            return (tally, Some("ended with an error after its tests"));
        }
        (tally, None)
    }
}

/// One line of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    pub(crate) tally: Tally,
    pub(crate) time: Duration,
}

/// All that was run.
#[derive(Default)]
pub(crate) struct Report {
    failed: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Tests of a suite that failed, for the list above the last line.
    pub(crate) fn push_failed(&mut self, suite: &str, tests: BTreeSet<String>) {
        let named = tests.into_iter().map(|test| format!("{suite}: {test}"));
        self.failed.extend(named);
    }

    pub(crate) fn total(&self) -> Tally {
        let mut total = Tally::default();
        for row in &self.rows {
            total.add(row.tally);
        }
        total
    }

    /// The table, the tests that failed by name, and as its last line `N passed, N failed`.
    pub(crate) fn text(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.len()).max();
        let width = width.unwrap_or_default().max("suite".len());
        let mut text = format!(
            "{:<width$}  {:>6}  {:>6}  {:>7}  {:>12}\n",
            "suite", "passed", "failed", "ignored", "time"
        );
        for row in &self.rows {
            let Tally {
                failed,
                ignored,
                passed,
            } = row.tally;
            let time = say::seconds(row.time);
            let note = row.note.as_deref().unwrap_or_default();
            let line = format!(
                "{:<width$}  {passed:>6}  {failed:>6}  {ignored:>7}  {time:>12}  {note}",
                row.name
            );
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        if !self.failed.is_empty() {
            text.push('\n');
        }
        for test in &self.failed {
            let _ = writeln!(text, "FAILED {test}");
        }
        let total = self.total();
        let _ = write!(text, "\n{} passed, {} failed", total.passed, total.failed);
        text
    }
}

/// The name in `test NAME ... FAILED` (Rust), `✖ NAME (3.1ms)` and `not ok 1 - NAME` (Node), and `FAILED NAME` (pytest and
/// the runners of our own).
fn failed_test(line: &str) -> Option<&str> {
    let line = line.trim();
    if let Some(test) = line.strip_prefix("test ") {
        return test.strip_suffix(" ... FAILED");
    }
    if let Some(test) = line.strip_prefix("not ok ") {
        return test.split_once(" - ").map(|(_, name)| name);
    }
    if let Some(test) = line.strip_prefix("✖ ") {
        return test
            .ends_with(')')
            .then(|| test.rsplit_once(" (").map(|(name, _)| name))?;
    }
    line.strip_prefix("FAILED ")
}

/// `N passed, N failed` alone on a line: the last line of a runner of our own.
fn closing(line: &str) -> Option<Tally> {
    let (passed, failed) = line.split_once(" passed, ")?;
    Some(Tally {
        passed: passed.parse().ok()?,
        failed: failed.strip_suffix(" failed")?.parse().ok()?,
        ..Tally::default()
    })
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
fn libtest(line: &str) -> Option<Tally> {
    let counts = line.trim_start().strip_prefix("test result: ")?;
    let (_, counts) = counts.split_once(". ")?;
    let count = |what: &str| {
        counts.split(';').find_map(|part| {
            let (number, name) = part.trim().split_once(' ')?;
            (name == what).then(|| number.parse().ok())?
        })
    };
    Some(Tally {
        failed: count("failed")?,
        ignored: count("ignored").unwrap_or_default(),
        passed: count("passed")?,
    })
}

/// `# pass 3` (TAP) or `ℹ pass 3` (spec), one line for each count.
fn node(line: &str) -> Option<Tally> {
    let count = line.strip_prefix("# ").or(line.strip_prefix("ℹ "))?;
    let (name, number) = count.split_once(' ')?;
    let number = number.parse().ok()?;
    let mut tally = Tally::default();
    match name {
        "cancelled" | "fail" => tally.failed = number,
        "pass" => tally.passed = number,
        "skipped" | "todo" => tally.ignored = number,
        _ => return None,
    }
    Some(tally)
}

/// The line without terminal colours.
fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = escape
            .split_once(|c: char| c.is_ascii_alphabetic())
            .map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(lines: &[&str], success: bool) -> (u32, u32, u32) {
        let mut listener = Listener::default();
        for line in lines {
            listener.line(line);
        }
        let (tally, _) = listener.finish(success);
        (tally.passed, tally.failed, tally.ignored)
    }

    #[test]
    fn rust_s_closing_lines_are_added_up() {
        let lines = [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
             finished in 0.01s",
            "test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out; \
             finished in 1.01s",
        ];
        assert_eq!(count(&lines, false), (3, 2, 1));
    }

    #[test]
    fn colours_do_not_hide_a_closing_line() {
        let line = "test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 1 passed; 1 failed; 0 ignored";
        assert_eq!(count(&[line], false), (1, 1, 0));
        assert_eq!(count(&["\u{1b}[34mℹ pass 2\u{1b}[39m"], true), (2, 0, 0));
    }

    #[test]
    fn node_s_closing_lines_in_both_forms() {
        let tap = [
            "# tests 4",
            "# pass 2",
            "# fail 1",
            "# cancelled 1",
            "# skipped 1",
        ];
        assert_eq!(count(&tap, false), (2, 2, 1));
        let spec = [
            "ℹ tests 2",
            "ℹ suites 0",
            "ℹ pass 2",
            "ℹ fail 0",
            "ℹ todo 0",
        ];
        assert_eq!(count(&spec, true), (2, 0, 0));
    }

    #[test]
    fn a_test_that_prints_something_similar_is_not_counted() {
        let lines = [
            "the test result: 5 passed",
            "    # pass 7",
            "# password 3",
            "# pass many",
            "test result: ok. 1 passed; 0 failed; 0 ignored",
        ];
        assert_eq!(count(&lines, true), (1, 0, 0));
    }

    #[test]
    fn silence_and_an_unexplained_error_are_failures() {
        assert_eq!(count(&[], true), (0, 1, 0));
        assert_eq!(count(&["error: could not compile"], false), (0, 1, 0));
        let ok = "test result: ok. 2 passed; 0 failed; 0 ignored";
        assert_eq!(count(&[ok], false), (2, 1, 0));
    }

    #[test]
    fn the_closing_line_of_a_runner_of_our_own_counts() {
        let lines = [
            "authlib.py: 3 passed, 0 failed",
            "    3 passed, 0 failed",
            "7 passed, 2 failed",
        ];
        assert_eq!(count(&lines, false), (7, 2, 0));
    }

    #[test]
    fn tests_that_failed_are_named_above_the_last_line() {
        let mut listener = Listener::default();
        for line in [
            "test guard::a_page ... FAILED",
            "test guard::a_page_that_is_fine ... ok",
            "  ✖ signs in (12.5ms)",
            "✖ signs in (12.5ms)",
            "✖ failing tests:",
            "✔ signs out (1ms)",
            "not ok 3 - reads",
            "    FAILED test_authlib.py::test_refresh[2] - assert 400 == 200",
            "FAILED fhirclient.test.mjs: refreshes",
            "test result: FAILED. 1 passed; 5 failed; 0 ignored",
        ] {
            listener.line(line);
        }
        let mut report = Report::default();
        report.push_failed("one", listener.failed());
        let text = report.text();
        let lines: Vec<_> = text.lines().skip(1).collect();
        let expected = [
            "",
            "FAILED one: fhirclient.test.mjs: refreshes",
            "FAILED one: guard::a_page",
            "FAILED one: reads",
            "FAILED one: signs in",
            "FAILED one: test_authlib.py::test_refresh[2] - assert 400 == 200",
            "",
            "0 passed, 0 failed",
        ];
        assert_eq!(lines, expected, "{text}");
    }

    #[test]
    fn what_was_skipped_did_not_pass() {
        let mut tally = Tally {
            passed: 5,
            ..Tally::default()
        };
        tally.skip(2);
        assert_eq!((tally.passed, tally.ignored, tally.failed), (3, 2, 0));
        tally.skip(9);
        assert_eq!((tally.passed, tally.ignored), (0, 5));
    }

    #[test]
    fn the_last_line_of_the_report_is_the_sum() {
        let mut report = Report::default();
        for (name, passed) in [("gateway", true), ("clippy", false)] {
            report.push(Row {
                name: name.to_owned(),
                note: None,
                tally: Tally::check(passed),
                time: Duration::from_secs(1),
            });
        }
        let text = report.text();
        assert_eq!(text.lines().last(), Some("1 passed, 1 failed"), "{text}");
        assert_eq!(
            Report::default().text().lines().last(),
            Some("0 passed, 0 failed")
        );
    }
}
