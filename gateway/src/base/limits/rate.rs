//! Rate limits: how a bucket's requests of a minute are counted (docs/contract/02-authorize.md and 07-fhir.md, 7.5).
//! Which requests count in which bucket is the matter of [`crate::base::limits`].
//!
//! An instance leases a block of the window from the store by one statement and spends it without asking
//! again, so that a limit holds across instances. Instances are many and short-lived, and what one leased and did
//! not spend is lost when it goes. The store counts what instances hold: a block is a five-hundredth of the limit
//! while they hold little, then a tenth of what the instance has spent already of this window, then one request
//! ([`lease`]). Whatever instances come and go, no more than a tenth of the limit is lost. A window that is used up
//! stays so, and the store is not asked again.
//!
//! A FHIR call counts for its application and for its person there. What persons used travels with the lease of their
//! application, and comes back with the read that every call makes: no statement is made for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::HeaderMap;
use http::{HeaderName, HeaderValue};

use crate::base::dependencies::Dependencies;
use crate::base::limits::statements::{self as store, Granted, Wish, lease, person_key};
use crate::base::limits::{AUDITED, Bucket, Surface};
use crate::base::ports::UnixMillis;
use crate::base::store::StoreError;

/// What one instance leased and counted. Cheap to clone.
#[derive(Clone, Default)]
pub struct RateLimiter(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    leases: HashMap<String, Lease>,
    persons: HashMap<Caller, Calls>,
}

/// A person at an application, by their row ids.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Caller {
    /// The application.
    pub application_id: i64,
    /// The person.
    pub identity_id: i64,
}

/// Calls of a person in this instance.
#[derive(Clone, Copy, Default)]
struct Calls {
    window: i64,
    /// Not yet reported to the store.
    held: i64,
    /// It is written down that the limit was reached.
    told: bool,
}

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
    /// Whether a refusal of this request has a row of its own in the audit: those of a flood have none.
    #[must_use]
    pub const fn is_audited(&self) -> bool {
        self.limit - self.remaining <= AUDITED
    }

    /// What is told after [`Limited::Wait`].
    #[must_use]
    pub const fn used_up(limit: i64, reset_s: i64) -> Self {
        Self {
            limit,
            remaining: 0,
            reset_s,
        }
    }

    /// Of two limits, the one that is reached first.
    const fn or(self, other: Self) -> Self {
        if other.remaining <= self.remaining {
            other
        } else {
            self
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
#[derive(Debug, thiserror::Error)]
pub enum Limited {
    /// The window is used up.
    #[error("too many requests; wait {seconds} seconds")]
    Wait {
        /// Seconds until it ends, 1 to 60.
        seconds: i64,
        /// Requests a minute.
        limit: i64,
        /// Whether it is the first such request of the window, on all instances: the one that the audit tells of. The
        /// store may not say.
        first: Result<bool, StoreError>,
    },
    /// The store did not say.
    #[error("the store cannot be asked")]
    Unavailable(#[source] StoreError),
}

impl RateLimiter {
    /// Counts one request.
    ///
    /// # Errors
    ///
    /// [`Limited`] where the window is used up.
    pub async fn take(
        &self,
        app: &Dependencies,
        bucket: &Bucket<'_>,
    ) -> Result<Allowance, Limited> {
        let window = Window::of(app);
        let (who, limit) = (bucket.key(&app.config), bucket.limit(&app.config));
        match self.spend(&who, window.number, limit) {
            Spent::One { remaining } => Ok(window.allows(limit, remaining)),
            Spent::UsedUp => Err(window.used_up(limit, Ok(false))),
            Spent::NeedsLease(wish) => self.lease(app, &who, window, wish, limit, &[]).await,
        }
    }

    /// Counts one FHIR call, for its person and then for its application: what one person makes too many is not
    /// used up for the others. `used` is what the store says that the person used of this window.
    ///
    /// # Errors
    ///
    /// [`Limited`] where the window of either is used up.
    pub async fn take_call(
        &self,
        app: &Dependencies,
        caller: Caller,
        used: i64,
    ) -> Result<Allowance, Limited> {
        let window = Window::of(app);
        let config = &app.config;
        let bucket = Bucket::Application(Surface::Fhir, caller.application_id);
        let (who, limit) = (bucket.key(config), bucket.limit(config));
        let own_limit = config.person_limit_per_minute;
        let own = match self.call(caller, used, window.number, own_limit) {
            Ok(remaining) => window.allows(own_limit, remaining),
            Err(Told(told)) => {
                let first = match told {
                    true => Ok(false),
                    false => tell(app, &person_key(caller), window.number).await,
                };
                return Err(window.used_up(own_limit, first));
            }
        };
        let wish = match self.spend(&who, window.number, limit) {
            Spent::UsedUp => return Err(window.used_up(limit, Ok(false))),
            Spent::One { remaining } if !self.holds_much(caller, own_limit) => {
                return Ok(own.or(window.allows(limit, remaining)));
            }
            // Of one person much is not reported: another lease takes it along.
            Spent::One { .. } => Wish::ONE,
            Spent::NeedsLease(wish) => wish,
        };
        let reports = self.reports(window.number);
        let allowance = self.lease(app, &who, window, wish, limit, &reports).await?;
        Ok(own.or(allowance))
    }

    async fn lease(
        &self,
        app: &Dependencies,
        who: &str,
        window: Window,
        wish: Wish,
        limit: i64,
        reports: &[(Caller, i64)],
    ) -> Result<Allowance, Limited> {
        let number = window.number;
        let granted = lease(app.database.as_ref(), who, number, wish, limit, reports).await;
        let granted = self.leased(who, number, wish, limit, granted);
        match granted {
            Ok(Some(remaining)) => Ok(window.allows(limit, remaining)),
            Ok(None) => Err(window.used_up(limit, tell(app, who, number).await)),
            Err(cause) => Err(Limited::Unavailable(cause)),
        }
    }

    /// Keeps what was leased. What is left of the window, where one request may go on.
    fn leased(
        &self,
        who: &str,
        window: i64,
        wish: Wish,
        limit: i64,
        granted: Result<Option<Granted>, StoreError>,
    ) -> Result<Option<i64>, StoreError> {
        let mut counts = self.lock();
        // Another window may have begun meanwhile; what was leased for the former one is spent by this request.
        let mut former = Lease::default();
        let lease = counts
            .leases
            .get_mut(who)
            .filter(|lease| lease.window == window)
            .unwrap_or(&mut former);
        lease.leasing = false;
        let Some(granted) = granted? else {
            lease.used_up = true;
            return Ok(None);
        };
        lease.left += granted.block - 1;
        lease.held += granted.block - 1 - wish.spent;
        lease.spent += 1;
        lease.beyond = limit - granted.used;
        Ok(Some(lease.left + lease.beyond))
    }

    /// Counts a call of a person; what is left of the window.
    fn call(&self, caller: Caller, used: i64, window: i64, limit: i64) -> Result<i64, Told> {
        let mut counts = self.lock();
        if counts.persons.len() > MOST_KEYS {
            counts.persons.retain(|_, calls| calls.window == window);
        }
        let calls = counts.persons.entry(caller).or_default();
        if calls.window != window {
            *calls = Calls {
                window,
                ..Calls::default()
            };
        }
        let remaining = limit - used - calls.held;
        if remaining <= 0 {
            return Err(Told(std::mem::replace(&mut calls.told, true)));
        }
        calls.held += 1;
        Ok(remaining - 1)
    }

    /// Whether a tenth of a person's limit is held back.
    fn holds_much(&self, caller: Caller, limit: i64) -> bool {
        let counts = self.lock();
        let held = counts.persons.get(&caller).map_or(0, |calls| calls.held);
        held * 10 >= limit && held > 1
    }

    /// Everything that persons used and that was not reported yet.
    fn reports(&self, window: i64) -> Vec<(Caller, i64)> {
        let mut counts = self.lock();
        counts
            .persons
            .iter_mut()
            .filter(|(_, calls)| calls.window == window && calls.held > 0)
            .map(|(caller, calls)| (*caller, std::mem::take(&mut calls.held)))
            .collect()
    }

    fn spend(&self, who: &str, window: i64, limit: i64) -> Spent {
        let leases = &mut self.lock().leases;
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
            return Spent::NeedsLease(Wish::ONE);
        }
        let share = (lease.spent / SHARE).min(limit / 100).max(1);
        Spent::NeedsLease(Wish {
            ample: (limit / BLOCKS).min(LARGEST).max(share),
            share,
            spent: lease.held,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
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

/// Whether it was written down before that a person's limit was reached.
struct Told(bool);

/// The minute that counts now.
#[derive(Clone, Copy)]
struct Window {
    number: i64,
    reset_s: i64,
}

impl Window {
    fn of(app: &Dependencies) -> Self {
        let now = app.clock.now();
        Self {
            number: window(now),
            reset_s: seconds_left(now),
        }
    }

    const fn allows(self, limit: i64, remaining: i64) -> Allowance {
        Allowance {
            limit,
            remaining,
            reset_s: self.reset_s,
        }
    }

    const fn used_up(self, limit: i64, first: Result<bool, StoreError>) -> Limited {
        Limited::Wait {
            seconds: self.reset_s,
            limit,
            first,
        }
    }
}

/// The number of the minute.
pub(crate) const fn window(now: UnixMillis) -> i64 {
    now.0.div_euclid(WINDOW_MS)
}

/// Whether nobody said before that this window is used up.
async fn tell(app: &Dependencies, who: &str, window: i64) -> Result<bool, StoreError> {
    store::tell(app.database.as_ref(), who, window).await
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
    use crate::base::adapters::native::{ManualClock, app};
    use crate::base::context::App;

    const A: Bucket<'_> = Bucket::Application(Surface::Token, 1);
    const B: Bucket<'_> = Bucket::Application(Surface::Token, 2);

    fn spend(limiter: &RateLimiter, app: &App, times: i64) -> i64 {
        (0..times)
            .filter(|_| block_on(limiter.take(app, &A)).is_ok())
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
            block_on(limiter.take(&app, &A)),
            Err(Limited::Wait {
                seconds: 1..=60,
                ..
            })
        ));
        assert!(block_on(limiter.take(&app, &B)).is_ok());
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
            .map(|_| block_on(limiter.take(&app, &A)).unwrap().remaining)
            .collect();
        assert_eq!(told, [2, 1, 0]);
    }
}
