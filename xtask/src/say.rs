//! What the user sees of long work: numbered steps on standard error (where cargo writes too), each
//! with the seconds it took, and how far a build is. Standard output keeps the results alone.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Steps that will be done, numbered as they start; several can be under way.
pub(crate) struct Steps {
    done: AtomicUsize,
    total: usize,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            done: AtomicUsize::new(0),
            total,
        }
    }

    /// Does one step; says what it is before, and how long it took after.
    pub(crate) fn step<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Progress) -> Result<T>,
    ) -> Result<T> {
        let number = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let label = format!("[{number}/{}] {what}", self.total);
        eprintln!("{label} …");
        let progress = Progress::new(label);
        let result = work(&progress);
        let (label, time) = (&progress.label, progress.start.elapsed());
        match &result {
            // Quick steps would only repeat themselves.
            Ok(_) if time < QUICK => {}
            Ok(_) => eprintln!("{label}: {}", seconds(time)),
            Err(_) => eprintln!("{label}: failed after {}", seconds(time)),
        }
        result
    }
}

/// How far a step is that compiles: other steps write beside it, so it tells a line now and then.
pub(crate) struct Progress {
    compiled: Mutex<(u32, Instant)>,
    label: String,
    start: Instant,
}

impl Progress {
    fn new(label: String) -> Self {
        let start = Instant::now();
        Self {
            compiled: Mutex::new((0, start)),
            label,
            start,
        }
    }

    /// Takes a line of cargo's standard error: what is compiled is counted, what is wrong is shown.
    pub(crate) fn cargo(&self, line: &str) {
        match said(line) {
            Said::Compiles => {
                let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
                let (count, told) = &mut *compiled;
                *count += 1;
                if told.elapsed() >= TELL {
                    *told = Instant::now();
                    let time = seconds(self.start.elapsed());
                    eprintln!("{}: {count} crates begun, {time}", self.label);
                }
            }
            Said::Nothing => {}
            Said::Words => eprintln!("{line}"),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Said {
    Compiles,
    /// What a quiet cargo would not say.
    Nothing,
    Words,
}

fn said(line: &str) -> Said {
    match line.trim_start().split(' ').next() {
        Some("Compiling" | "Checking") if line.starts_with("  ") => Said::Compiles,
        Some(
            "Adding" | "Blocking" | "Downloaded" | "Downloading" | "Finished" | "Locking"
            | "Updating",
        ) if line.starts_with("  ") => Said::Nothing,
        _ => Said::Words,
    }
}

/// A time as people read it: `0.4 s`, `75.2 s`, `12 min 5 s`.
pub(crate) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

const QUICK: Duration = Duration::from_secs(1);
const TELL: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_said_in_minutes() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(75)), "75.0 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 5 s");
    }

    #[test]
    fn what_compiles_is_counted_and_what_is_wrong_is_shown() {
        for (line, expected) in [
            ("   Compiling http v1.4.0", Said::Compiles),
            ("    Checking http v1.4.0", Said::Compiles),
            (
                "    Finished `release` profile [optimized] target(s) in 3s",
                Said::Nothing,
            ),
            (
                "    Blocking waiting for file lock on build directory",
                Said::Nothing,
            ),
            ("error[E0308]: mismatched types", Said::Words),
            ("warning: unused variable: `x`", Said::Words),
            ("12 |     Compiling(usize),", Said::Words),
            ("", Said::Words),
        ] {
            assert_eq!(said(line), expected, "{line}");
        }
    }
}
