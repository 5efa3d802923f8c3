//! When an instance did the work that is no part of an answer. The work itself is in `maintenance`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::ports::UnixMillis;

/// When an instance drained last. Cheap to clone.
#[derive(Clone, Default)]
pub struct Drain(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    last: Option<UnixMillis>,
    running: bool,
    urgent: bool,
}

impl Drain {
    /// Something critical happened: the next answer drains at once.
    pub fn wake(&self) {
        self.lock().urgent = true;
    }

    /// Whether to drain after this answer; then nobody else of this instance does until it is done.
    #[must_use]
    pub fn begin(&self, now: UnixMillis) -> Option<Turn> {
        let mut state = self.lock();
        let due = state.urgent || state.last.is_none_or(|last| now.0 - last.0 >= EVERY_MS);
        if state.running || !due {
            return None;
        }
        let turn = if state.urgent {
            Turn::Urgent
        } else {
            Turn::Due
        };
        *state = State {
            last: Some(now),
            running: true,
            urgent: false,
        };
        Some(turn)
    }

    /// It is done.
    pub fn end(&self) {
        self.lock().running = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an instance drains.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn {
    /// It has not for a second. Another instance may have, and then there is nothing to do: instances are many and
    /// short-lived, and each begins knowing nothing.
    Due,
    /// Something critical happened.
    Urgent,
}

/// An instance drains once a second, if there is traffic at all.
pub(crate) const EVERY_MS: i64 = 1_000;
