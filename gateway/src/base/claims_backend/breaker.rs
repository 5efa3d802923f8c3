//! The circuit breaker: while the backend fails, it is left alone (docs/contract/07-fhir.md, 7.5).
//!
//! It opens at 20 failures or more that are at least half of the calls within 10 seconds, and that were drawn by two
//! people or more: whom a backend has no answer for stops nobody else. 5 seconds later one
//! request may try, and the breaker closes when that goes well. The store decides, for all instances together;
//! its state comes with the read that every call makes anyway. An instance counts its calls in memory and
//! reports them when a call fails. Calls that go well are reported only while failures are on record, so that
//! traffic without failures writes nothing. Instances are many and short-lived, and what one holds back is lost
//! when it goes: so it reports its first call alone, and then whenever it holds a tenth of what it has reported,
//! ten calls at most. What went well before the first failure may be lost; that makes the breaker quicker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::base::claims_backend::statements::{self as store, State, Tally};
use crate::base::dependencies::Dependencies;
use crate::base::failure;
use crate::base::ports::UnixMillis;

/// What one instance has counted and not yet reported. Cheap to clone.
#[derive(Clone, Default)]
pub struct Breaker(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    /// Calls that went well, by the second in which they ended.
    well: BTreeMap<i64, i64>,
    /// How many of them were reported so far.
    reported: i64,
    /// The opening that was last written to the log.
    announced: Option<UnixMillis>,
}

/// Leave to call the backend, for one request.
pub(crate) enum BreakerPermit {
    /// The breaker is closed.
    Free {
        /// Whether failures are on record.
        failing: bool,
    },
    /// The breaker is open, and this request alone tries, until the instant.
    Probe(UnixMillis),
}

/// Why there is no leave to call the backend.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum BreakerRefusal {
    /// The breaker is open, for so many seconds.
    #[error("the circuit breaker is open for {0} seconds")]
    Open(u32),
    /// The store did not say who may try. Written down already.
    #[error("the circuit breaker cannot be asked")]
    Unknown,
}

impl BreakerPermit {
    /// Asks the breaker, by what the store was found to say.
    ///
    /// # Errors
    ///
    /// [`BreakerRefusal`].
    pub(crate) async fn ask(
        app: &Dependencies,
        breaker: &Breaker,
        request_id: &str,
        state: &State,
    ) -> Result<Self, BreakerRefusal> {
        let State {
            open,
            failing_second,
        } = *state;
        let now = app.clock.now();
        let Some(open) = open else {
            let failing = failing_second.is_some_and(|second| second >= first_second(now));
            return Ok(Self::Free { failing });
        };
        breaker.announce(app, open.since);
        if now >= open.probe_at {
            let until = UnixMillis(now.0.saturating_add(probe_ms(app)));
            match store::begin_probe(&*app.database, now, until, request_id).await {
                Ok(true) => return Ok(Self::Probe(until)),
                Ok(false) => {}
                Err(error) => {
                    failure::note(app.log.as_ref(), request_id, "backend.breaker", &error);
                    return Err(BreakerRefusal::Unknown);
                }
            }
        }
        let wait = open.probe_at.0.saturating_sub(now.0).clamp(1, PAUSE_MS);
        Err(BreakerRefusal::Open(
            u32::try_from((wait + 999) / 1000).unwrap_or(1),
        ))
    }

    /// Counts a call that was made for `who` and has ended. A report that the store does not take is lost: that makes the breaker
    /// slower, and refuses nobody.
    pub(crate) async fn ended(
        &mut self,
        app: &Dependencies,
        breaker: &Breaker,
        request_id: &str,
        who: &[u8],
        began_at: UnixMillis,
        failed: bool,
    ) {
        let now = app.clock.now();
        let (database, id) = (&*app.database, request_id);
        let probe_at = UnixMillis(now.0.saturating_add(PAUSE_MS));
        let result = match *self {
            Self::Probe(until) if failed => store::keep_open(database, until, probe_at, id).await,
            Self::Probe(until) => {
                *self = Self::Free { failing: false };
                store::close(database, until, now, id).await
            }
            Self::Free { failing } => {
                let tallies = breaker.count(now, began_at, failed, failing);
                if tallies.is_empty() {
                    return;
                }
                store::report(
                    database,
                    &tallies,
                    who,
                    first_second(now),
                    now,
                    probe_at,
                    id,
                )
                .await
            }
        };
        if let Err(error) = result {
            failure::note(app.log.as_ref(), request_id, "backend.breaker", &error);
        }
    }
}

impl Breaker {
    /// Counts one call, and gives what is to be reported now.
    fn count(
        &self,
        now: UnixMillis,
        began_at: UnixMillis,
        failed: bool,
        failing: bool,
    ) -> Vec<Tally> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first_second(now);
        counts.well.retain(|second, _| *second >= first);
        if !failed {
            *counts.well.entry(now.seconds()).or_default() += 1;
        }
        let held_back: i64 = counts.well.values().sum();
        let batch = (counts.reported / SHARE).clamp(1, MOST_HELD_BACK);
        if !failed && (!failing || held_back < batch) {
            return Vec::new();
        }
        counts.reported += held_back;
        let well = std::mem::take(&mut counts.well);
        let mut tallies: Vec<_> = well
            .into_iter()
            .map(|(second, calls)| Tally {
                second,
                calls,
                failures: 0,
                began_at: UnixMillis(second.saturating_mul(1000).saturating_add(999)),
            })
            .collect();
        // Last, so that it meets everything that went well in the same time.
        if failed {
            tallies.push(Tally {
                second: now.seconds(),
                calls: 1,
                failures: 1,
                began_at,
            });
        }
        tallies
    }

    /// Says once in the log of each instance that the breaker is open. The alert is its audit row.
    fn announce(&self, app: &Dependencies, since: UnixMillis) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.announced == Some(since) {
            return;
        }
        counts.announced = Some(since);
        app.log
            .object(&json!({ "event": "breaker.open", "level": "critical", "opened_at": since.0 }));
    }
}

/// How long a try may take before somebody else may begin one: longer than the backend is waited for, and
/// soon enough where an instance died in it.
fn probe_ms(app: &Dependencies) -> i64 {
    app.config.claims_backend_timeout_ms() + PAUSE_MS
}

/// The first second that counts: with the present one, ten.
const fn first_second(now: UnixMillis) -> i64 {
    now.seconds() - 9
}

/// From opening, or from a try that failed, to the next try.
const PAUSE_MS: i64 = 5_000;
/// While calls fail, an instance holds back at most a tenth of what it has reported,
const SHARE: i64 = 10;
/// and so many calls that went well.
const MOST_HELD_BACK: i64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> UnixMillis {
        UnixMillis(second * 1000)
    }

    #[test]
    fn calls_that_go_well_are_kept_in_memory() {
        let breaker = Breaker::default();
        for _ in 0..1000 {
            assert!(breaker.count(at(100), at(99), false, false).is_empty());
        }
    }

    #[test]
    fn a_failure_takes_along_what_went_well_within_ten_seconds() {
        let breaker = Breaker::default();
        for second in 90..=100 {
            breaker.count(at(second), at(second), false, false);
        }
        let tallies = breaker.count(at(100), at(70), true, false);
        let seconds: Vec<_> = tallies.iter().map(|tally| tally.second).collect();
        assert_eq!(seconds, [91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 100]);
        assert_eq!(tallies.iter().map(|tally| tally.calls).sum::<i64>(), 11);
        assert_eq!(
            tallies.last(),
            Some(&Tally {
                second: 100,
                calls: 1,
                failures: 1,
                began_at: at(70),
            })
        );
        assert_eq!(breaker.count(at(100), at(70), true, false).len(), 1);
    }

    #[test]
    fn while_failures_are_on_record_no_more_than_a_tenth_is_held_back() {
        let breaker = Breaker::default();
        let (mut reported, mut reports) = (0, 0);
        for ended in 1..=1000 {
            let tallies = breaker.count(at(100), at(99), false, true);
            assert!(tallies.iter().all(|tally| tally.failures == 0));
            reports += i64::from(!tallies.is_empty());
            reported += tallies.iter().map(|tally| tally.calls).sum::<i64>();
            assert!((ended - reported) * 10 <= ended && ended - reported < 10);
        }
        assert!(reports < 150, "{reports}");
    }
}
