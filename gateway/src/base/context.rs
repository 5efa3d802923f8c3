//! What one instance of the gateway has: what it stands on, and what it counts and remembers.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::base::claims_backend::breaker::Breaker;
use crate::base::config::Config;
use crate::base::dependencies::Dependencies;
use crate::base::drain::Drain;
use crate::base::heads::Heads;
use crate::base::limits::rate::RateLimiter;
use crate::base::ports::{Clock, Database, Entropy, Log, Upstream};

/// Configuration, ports, and what an instance counts. One for each instance, shared by its requests; holds
/// nothing of any request.
#[non_exhaustive]
#[derive(Clone)]
pub struct App {
    /// What it stands on; its parts are reached through this type as well.
    pub dependencies: Dependencies,
    /// Requests counted for the rate limits.
    pub limiter: RateLimiter,
    /// Calls counted for the circuit breaker.
    pub breaker: Breaker,
    /// When work that is no part of an answer was done last.
    pub drain: Drain,
    /// The end of the audit's chain, as it was seen last.
    pub heads: Heads,
}

impl App {
    /// An instance that has counted nothing yet.
    #[must_use]
    pub fn new(
        config: Config,
        database: Arc<dyn Database>,
        upstream: Arc<dyn Upstream>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        log: Arc<dyn Log>,
    ) -> Self {
        Self {
            dependencies: Dependencies {
                config: Arc::new(config),
                database,
                upstream,
                clock,
                entropy,
                log,
            },
            limiter: RateLimiter::default(),
            breaker: Breaker::default(),
            drain: Drain::default(),
            heads: Heads::default(),
        }
    }
}

impl Deref for App {
    type Target = Dependencies;

    fn deref(&self) -> &Dependencies {
        &self.dependencies
    }
}

impl DerefMut for App {
    fn deref_mut(&mut self) -> &mut Dependencies {
        &mut self.dependencies
    }
}
