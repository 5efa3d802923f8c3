//! The end of the audit's chain as an instance saw it last. What is made of it is in `maintenance`.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::ports::UnixMillis;

/// The last link that an instance saw. Cheap to clone.
#[derive(Clone, Default)]
pub struct Heads(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    link: Option<(i64, [u8; 32])>,
    /// When it looked last whether the webhook is due.
    looked_at: Option<UnixMillis>,
    /// When it looked last at the schema.
    schema_at: Option<UnixMillis>,
}

impl Heads {
    pub(crate) fn link(&self) -> Option<(i64, [u8; 32])> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).link
    }

    pub(crate) fn saw(&self, link: Option<(i64, [u8; 32])>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.link = link;
    }

    /// Whether to look if the webhook is due: from time to time.
    pub(crate) fn looks(&self, now: UnixMillis) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        is_due(&mut seen.looked_at, now)
    }

    /// Whether to look at the schema: as often.
    pub(crate) fn looks_at_schema(&self, now: UnixMillis) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        is_due(&mut seen.schema_at, now)
    }
}

fn is_due(last: &mut Option<UnixMillis>, now: UnixMillis) -> bool {
    let due = last.is_none_or(|at| now.0.abs_diff(at.0) >= LOOK_MS);
    if due {
        *last = Some(now);
    }
    due
}

/// A quarter of an hour.
const LOOK_MS: u64 = 900_000;
