//! Wrong passwords slow an account down (docs/contract/02-authorize.md).
//!
//! After a few wrong passwords each further one doubles the wait, up to a minute; a quarter of an hour without
//! one forgets them all, and so does the right password. The count is kept for the account, not for the address, so
//! that many addresses guessing at one account wait together.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use crate::notes::Later;

/// The wrong passwords of an account.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Guesses {
    /// How many since the last right one.
    pub failures: i64,
    /// Seconds since 1970 of the last one.
    pub last_at: i64,
}

impl Guesses {
    /// Seconds to wait before the next attempt; `None` if it may be made now.
    #[must_use]
    pub fn wait(self, now: i64) -> Option<i64> {
        if self.forgotten(now) || self.failures < FREE {
            return None;
        }
        let pause = 1_i64
            .checked_shl(u32::try_from(self.failures - FREE).unwrap_or(u32::MAX))
            .unwrap_or(LONGEST_S);
        let wait = self.last_at + pause.clamp(1, LONGEST_S) - now;
        (wait > 0).then_some(wait)
    }

    /// The count after one more.
    #[must_use]
    pub const fn one_more(self, now: i64) -> Self {
        let failures = if self.forgotten(now) {
            1
        } else {
            self.failures.saturating_add(1)
        };
        Self {
            failures,
            last_at: now,
        }
    }

    const fn forgotten(self, now: i64) -> bool {
        now - self.last_at > FORGET_S
    }
}

/// Where the counts are kept.
pub trait GuessStore: Debug + Send + Sync {
    /// The count of an account. A store that cannot be asked knows of none: the sandbox goes on.
    fn read<'a>(&'a self, username: &'a str) -> Later<'a, Guesses>;
    /// Counts one more wrong password, in one step whatever the concurrency.
    fn wrong<'a>(&'a self, username: &'a str, now: i64) -> Later<'a, ()>;
    /// Forgets the wrong passwords of an account.
    fn right<'a>(&'a self, username: &'a str) -> Later<'a, ()>;
}

/// In the memory of this process: for native runs. A component's memory is too short-lived for it.
#[derive(Debug, Default)]
pub struct InMemory(Mutex<HashMap<String, Guesses>>);

impl GuessStore for InMemory {
    fn read<'a>(&'a self, username: &'a str) -> Later<'a, Guesses> {
        let found = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(username)
            .copied();
        Box::pin(async move { found.unwrap_or_default() })
    }

    fn wrong<'a>(&'a self, username: &'a str, now: i64) -> Later<'a, ()> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(username.to_owned()).or_default();
        *count = count.one_more(now);
        Box::pin(async {})
    }

    fn right<'a>(&'a self, username: &'a str) -> Later<'a, ()> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(username);
        Box::pin(async {})
    }
}

/// Wrong passwords that cost nothing.
const FREE: i64 = 5;
const LONGEST_S: i64 = 60;
/// Seconds after which wrong passwords are forgotten.
pub const FORGET_S: i64 = 900;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_passwords_are_free_then_each_doubles_the_wait_up_to_a_minute() {
        let mut guesses = Guesses::default();
        let mut waits = Vec::new();
        for _ in 0..14 {
            guesses = guesses.one_more(1_000_000);
            waits.push(guesses.wait(1_000_000).unwrap_or(0));
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(guesses.wait(1_000_059), Some(1));
        assert_eq!(guesses.wait(1_000_060), None);
    }

    #[test]
    fn a_quarter_of_an_hour_forgets() {
        let guesses = Guesses {
            failures: 40,
            last_at: 1_000,
        };
        assert_eq!(guesses.wait(1_901), None);
        assert_eq!(guesses.one_more(1_901).failures, 1);
        assert_eq!(guesses.one_more(1_900).failures, 41);
    }
}
