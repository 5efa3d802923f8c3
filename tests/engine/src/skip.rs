//! Tests that cannot run on an engine. Rust's test harness has no word for that, so each is written down in
//! a file, and whoever runs the suite counts it as skipped and not as passed.

use std::fs::OpenOptions;
use std::io::Write as _;

/// The file; without it a skipped test only says so.
pub const SKIPPED: &str = "BLUEGATE_SKIPPED";

/// Notes that the test of this thread is skipped, and why.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let line = format!("{}: {why}", thread.name().unwrap_or("a test"));
    println!("skipped: {line}");
    let Some(file) = std::env::var_os(SKIPPED) else {
        return;
    };
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        // One write, so that lines of several tests do not mix.
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("{SKIPPED}: {error}");
    }
}
