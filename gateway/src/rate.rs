//! Rate limits: so many requests a minute for each application and for each address (wire contract, sections
//! 2 and 7.5).
//!
//! An instance leases a block of the window from the store by one statement and spends it without asking
//! again, so that a limit holds across instances. Instances are many and short-lived, and what one leased and did
//! not spend is lost when it goes. The store counts what instances hold: a block is a five-hundredth of the limit
//! while they hold little, then a tenth of what the instance has spent already of this window, then one request
//! ([`lease`]). Whatever instances come and go, no more than a tenth of the limit is lost. A window that is used up
//! stays so, and the store is not asked again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};

use crate::app::App;
use crate::ports::UnixMillis;
use crate::store::StoreError;
use crate::store::rate::{Wish, lease};

/// The leases of one instance. Cheap to clone.
#[derive(Clone, Default)]
pub struct RateLimiter(Arc<Mutex<HashMap<String, Lease>>>);

/// A request that may go on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// Requests a minute.
    pub limit: i64,
    /// What is left in this window, as far as this instance knows.
    pub remaining: i64,
    /// Seconds until the window ends, 1 to 60.
    pub reset_s: i64,
}

impl Allowance {
    /// What is told after [`Limited::Wait`].
    #[must_use]
    pub const fn used_up(limit: i64, reset_s: i64) -> Self {
        Self {
            limit,
            remaining: 0,
            reset_s,
        }
    }

    /// Tells the client, by the names of the Internet draft and by the older ones with `X-`.
    pub fn tell(&self, headers: &mut HeaderMap) {
        for (name, older, value) in [
            (
                HeaderName::from_static("ratelimit-limit"),
                HeaderName::from_static("x-ratelimit-limit"),
                self.limit,
            ),
            (
                HeaderName::from_static("ratelimit-remaining"),
                HeaderName::from_static("x-ratelimit-remaining"),
                self.remaining,
            ),
            (
                HeaderName::from_static("ratelimit-reset"),
                HeaderName::from_static("x-ratelimit-reset"),
                self.reset_s,
            ),
        ] {
            headers.insert(name, HeaderValue::from(value));
            headers.insert(older, HeaderValue::from(value));
        }
    }
}

/// A request that must wait.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Limited {
    /// Seconds until the window ends, 1 to 60.
    #[error("too many requests; wait {0} seconds")]
    Wait(i64),
    /// The store did not say.
    #[error("the store cannot be asked")]
    Unavailable,
}

impl RateLimiter {
    /// Counts one request of `who` (an application or an address).
    ///
    /// # Errors
    ///
    /// [`Limited`] where the window is used up.
    pub async fn take(&self, app: &App, who: &str) -> Result<Allowance, Limited> {
        let limit = app.config.rate_limit_per_minute;
        let now = app.clock.now();
        let window = now.0.div_euclid(WINDOW_MS);
        let reset_s = seconds_left(now);
        let wish = match self.spend(who, window, limit) {
            Spent::One { remaining } => {
                return Ok(Allowance {
                    limit,
                    remaining,
                    reset_s,
                });
            }
            Spent::UsedUp => return Err(Limited::Wait(reset_s)),
            Spent::NeedsLease(wish) => wish,
        };
        let granted = lease(app.database.as_ref(), who, window, wish, limit).await;
        let mut leases = self.lock();
        // Another window may have begun meanwhile; what was leased for the former one is spent by this request.
        let mut former = Lease::default();
        let lease = leases
            .get_mut(who)
            .filter(|lease| lease.window == window)
            .unwrap_or(&mut former);
        lease.leasing = false;
        let granted = granted.map_err(|error: StoreError| {
            app.log.object(&serde_json::json!({
                "event": "store.error", "level": "warning", "action": "rate_limit", "error": error.to_string(),
            }));
            Limited::Unavailable
        })?;
        let Some(granted) = granted else {
            lease.used_up = true;
            return Err(Limited::Wait(reset_s));
        };
        lease.left += granted.block - 1;
        lease.held += granted.block - 1 - wish.spent;
        lease.spent += 1;
        lease.beyond = limit - granted.used;
        Ok(Allowance {
            limit,
            remaining: lease.left + lease.beyond,
            reset_s,
        })
    }

    fn spend(&self, who: &str, window: i64, limit: i64) -> Spent {
        let mut leases = self.lock();
        if leases.len() > MOST_KEYS {
            leases.retain(|_, lease| lease.window == window);
        }
        let lease = leases.entry(who.to_owned()).or_default();
        if lease.window != window {
            *lease = Lease {
                window,
                ..Lease::default()
            };
        }
        if lease.left > 0 {
            lease.left -= 1;
            lease.spent += 1;
            return Spent::One {
                remaining: lease.left + lease.beyond,
            };
        }
        if lease.used_up {
            return Spent::UsedUp;
        }
        // Where statements can overlap, one request leases for all that follow; the others only for themselves.
        if std::mem::replace(&mut lease.leasing, true) {
            return Spent::NeedsLease(Wish {
                ample: 1,
                share: 1,
                spent: 0,
            });
        }
        let share = (lease.spent / SHARE).min(limit / 100).max(1);
        Spent::NeedsLease(Wish {
            ample: (limit / BLOCKS).min(LARGEST).max(share),
            share,
            spent: lease.held,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Lease {
    window: i64,
    /// Of the leased blocks.
    left: i64,
    /// As the store counts it: the leased blocks without the request that each was leased for.
    held: i64,
    /// Of the window, when the last block was leased.
    beyond: i64,
    /// By this instance, in this window.
    spent: i64,
    /// Somebody is asking the store.
    leasing: bool,
    /// The store had nothing left to lease.
    used_up: bool,
}

enum Spent {
    NeedsLease(Wish),
    One { remaining: i64 },
    UsedUp,
}

fn seconds_left(now: UnixMillis) -> i64 {
    (WINDOW_MS - now.0.rem_euclid(WINDOW_MS) + 999) / 1000
}

const WINDOW_MS: i64 = 60_000;
/// An ample block is a five-hundredth of the limit,
const BLOCKS: i64 = 500;
/// and no more than an instance of Spin serves.
const LARGEST: i64 = 128;
/// A share is a tenth of what the instance has spent.
const SHARE: i64 = 10;
/// More keys than this in one instance, and those of earlier windows are forgotten.
const MOST_KEYS: usize = 4096;

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::adapters::native::{ManualClock, app};

    fn spend(limiter: &RateLimiter, app: &App, times: i64) -> i64 {
        (0..times)
            .filter(|_| block_on(limiter.take(app, "a")).is_ok())
            .count()
            .try_into()
            .unwrap()
    }

    #[test]
    fn the_limit_holds_in_one_instance_and_is_new_in_the_next_window() {
        let clock = Arc::new(ManualClock::new());
        let app = app(&[("rate_limit_per_minute", "250")], clock.clone());
        let limiter = RateLimiter::default();
        assert_eq!(spend(&limiter, &app, 400), 250);
        assert!(matches!(
            block_on(limiter.take(&app, "a")),
            Err(Limited::Wait(1..=60))
        ));
        assert!(block_on(limiter.take(&app, "b")).is_ok());
        clock.advance_seconds(60);
        assert_eq!(spend(&limiter, &app, 10), 10);
    }

    #[test]
    fn eight_instances_stay_within_ten_percent_below_the_limit_and_never_above() {
        let app = app(
            &[("rate_limit_per_minute", "1000")],
            Arc::new(ManualClock::new()),
        );
        let instances: Vec<_> = (0..8).map(|_| RateLimiter::default()).collect();
        let accepted: i64 = (0..2000).map(|n| spend(&instances[n % 8], &app, 1)).sum();
        assert!((900..=1000).contains(&accepted), "{accepted}");
    }

    #[test]
    fn instances_that_come_and_go_lose_no_more_than_a_tenth_of_the_limit() {
        for requests_of_each in [1, 3, 8, 50, 77, 128] {
            let app = app(
                &[("rate_limit_per_minute", "6000")],
                Arc::new(ManualClock::new()),
            );
            let mut accepted = 0;
            loop {
                let served = spend(&RateLimiter::default(), &app, requests_of_each);
                accepted += served;
                if served < requests_of_each {
                    break;
                }
            }
            assert!(
                (5400..=6000).contains(&accepted),
                "{requests_of_each}: {accepted}"
            );
        }
    }

    /// Instances of every length of life, several at once, in an order that no rule has.
    #[test]
    fn whatever_instances_do_a_tenth_is_lost_at_most_and_nothing_is_given_twice() {
        for limit in [10, 99, 640, 6_000] {
            let app = app(
                &[("rate_limit_per_minute", limit.to_string().as_str())],
                Arc::new(ManualClock::new()),
            );
            let mut random: u32 = 2019;
            let mut below = |n: u32| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 16) % n
            };
            let mut instances: Vec<_> = (0..7).map(|_| RateLimiter::default()).collect();
            let mut accepted: i64 = 0;
            let mut refused = 0;
            while refused < 50 {
                let one = below(7) as usize;
                match spend(&instances[one], &app, 1) {
                    1 => accepted += 1,
                    _ => refused += 1,
                }
                if below(9) == 0 {
                    instances[one] = RateLimiter::default();
                }
            }
            assert!(
                (limit - limit / 10..=limit).contains(&accepted),
                "{accepted} of {limit}"
            );
        }
    }

    #[test]
    fn what_remains_is_told() {
        let app = app(
            &[("rate_limit_per_minute", "3")],
            Arc::new(ManualClock::new()),
        );
        let limiter = RateLimiter::default();
        let told: Vec<_> = (0..3)
            .map(|_| block_on(limiter.take(&app, "a")).unwrap().remaining)
            .collect();
        assert_eq!(told, [2, 1, 0]);
    }
}
