//! What every handler has: configuration and ports of one instance, and facts of one request.

use std::sync::Arc;

use crate::base::claims_backend::breaker::Breaker;
use crate::base::config::Config;
use crate::base::drain::Drain;
use crate::base::heads::Heads;
use crate::base::limits::rate::RateLimiter;
use crate::base::ports::{Clock, Database, Entropy, Log, Upstream};

/// Configuration, ports, and what an instance counts. One for each instance, shared by its requests; holds
/// nothing of any request.
#[non_exhaustive]
#[derive(Clone)]
pub struct App {
    /// Typed configuration.
    pub config: Arc<Config>,
    /// The store.
    pub database: Arc<dyn Database>,
    /// Claims backend and identity provider.
    pub upstream: Arc<dyn Upstream>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Log lines.
    pub log: Arc<dyn Log>,
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
            config: Arc::new(config),
            database,
            upstream,
            clock,
            entropy,
            log,
            limiter: RateLimiter::default(),
            breaker: Breaker::default(),
            drain: Drain::default(),
            heads: Heads::default(),
        }
    }
}
