//! What the user sees of long work: numbered steps on standard error (where cargo writes too), each
//! with the seconds it took. Standard output keeps the results alone.

use std::time::{Duration, Instant};

use anyhow::Result;

/// Steps that will be done, numbered as they start.
pub(crate) struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Does one step; says what it is before, and how long it took after.
    pub(crate) fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let label = format!("[{}/{}] {what}", self.done, self.total);
        eprintln!("{label} …");
        let start = Instant::now();
        let result = work();
        match &result {
            // Quick steps would only repeat themselves.
            Ok(_) if start.elapsed() < QUICK => {}
            Ok(_) => eprintln!("{label}: {}", seconds(start.elapsed())),
            Err(_) => eprintln!("{label}: failed after {}", seconds(start.elapsed())),
        }
        result
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_said_in_minutes() {
        assert_eq!(seconds(Duration::from_millis(440)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(75)), "75.0 s");
        assert_eq!(seconds(Duration::from_secs(725)), "12 min 5 s");
    }
}
