//! How long an engine is waited for. Compiling the components takes seconds on an idle machine and minutes
//! on a busy one, so what counts is not the clock but whether it works.

use std::time::{Duration, Instant};

use crate::process::processor_time;

/// Waits for an engine for as long as it takes processor time.
#[derive(Debug)]
pub struct Patience {
    process: u32,
    begun: Instant,
    /// The processor time that was seen last, and when it was another one.
    seen: Option<u64>,
    moved: Instant,
    said: Instant,
}

impl Patience {
    /// Begins to wait for what this process, or what it starts, does.
    #[must_use]
    pub fn new(process: u32) -> Self {
        let now = Instant::now();
        Self {
            process,
            begun: now,
            seen: processor_time(process),
            moved: now,
            said: now,
        }
    }

    /// To be asked again and again. Something to tell people comes now and then; an error ends the waiting.
    ///
    /// # Errors
    ///
    /// Where the engine did nothing for a minute; where the system does not tell, after ten minutes.
    pub fn ask(&mut self) -> Result<Option<String>, String> {
        let seen = processor_time(self.process);
        if seen != self.seen {
            self.seen = seen;
            self.moved = Instant::now();
        }
        let limit = if seen.is_some() { IDLE } else { BLIND };
        if self.moved.elapsed() > limit {
            return Err(format!(
                "it is not ready after {} s, of which it did nothing for the last {}",
                self.begun.elapsed().as_secs(),
                self.moved.elapsed().as_secs()
            ));
        }
        if self.said.elapsed() < SAY {
            return Ok(None);
        }
        self.said = Instant::now();
        Ok(Some(format!(
            "still at work after {} s: compiling the components",
            self.begun.elapsed().as_secs()
        )))
    }
}

const BLIND: Duration = Duration::from_secs(600);
const IDLE: Duration = Duration::from_secs(60);
const SAY: Duration = Duration::from_secs(15);

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[allow(clippy::expect_used, reason = "a helper of tests fails by panicking")]
    fn long_ago(by: Duration) -> Instant {
        Instant::now()
            .checked_sub(by)
            .expect("a machine that is up for long enough")
    }

    #[test]
    fn who_works_is_waited_for_and_said_to_work() {
        let mut patience = Patience::new(std::process::id());
        patience.begun = long_ago(Duration::from_secs(100));
        patience.moved = long_ago(Duration::from_secs(100));
        patience.said = patience.moved;
        patience.seen = Some(0);
        // This process has taken some processor time.
        while processor_time(patience.process) == Some(0) {
            std::hint::spin_loop();
        }
        let said = patience.ask().expect("patience").expect("something to say");
        assert!(said.contains("still at work after 100 s"), "{said}");
        assert_eq!(patience.ask(), Ok(None), "not again at once");
    }

    #[test]
    fn who_does_nothing_for_a_minute_is_not() {
        let mut sleeping = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("a program that does nothing");
        let mut patience = Patience::new(sleeping.id());
        assert_eq!(patience.ask(), Ok(None));
        patience.moved = long_ago(IDLE + Duration::from_secs(1));
        patience.seen = processor_time(sleeping.id());
        let error = patience.ask().expect_err("the end of it");
        let _ = sleeping.kill();
        let _ = sleeping.wait();
        assert!(error.contains("did nothing for the last 61"), "{error}");
    }
}
