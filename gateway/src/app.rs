//! What every handler has: configuration and ports of one instance, and facts of one request.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use crate::config::Config;
use crate::drain::Drain;
use crate::fhir::breaker::Breaker;
use crate::heads::Heads;
use crate::limits::address::Address;
use crate::ports::{Clock, Database, Entropy, Log, UnixMillis, Upstream};
use crate::rate::RateLimiter;

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

/// A client's body on its way.
pub trait Body {
    /// Reads it to its end.
    ///
    /// # Errors
    ///
    /// [`BodyError`] where there is no end, or none within `limit` bytes.
    fn read(self, limit: usize) -> impl Future<Output = Result<Bytes, BodyError>>;
}

/// A body that is here already.
impl Body for Bytes {
    async fn read(self, limit: usize) -> Result<Self, BodyError> {
        if self.len() > limit {
            Err(BodyError::TooLarge)
        } else {
            Ok(self)
        }
    }
}

/// Why there is no whole body.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyError {
    /// It broke off.
    Broken,
    /// It is larger than the limit.
    TooLarge,
}

/// Why the head of a request cannot be read.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HeadError {
    /// It is no HTTP.
    Malformed,
    /// Its target is too long.
    TargetTooLong,
    /// It has too many header fields.
    TooLarge,
}

/// One request, read whole (bodies are limited before they come here).
#[non_exhaustive]
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, HEAD, POST, PUT or DELETE.
    pub method: Method,
    /// The query without `?`, as received.
    pub query: Option<String>,
    /// All headers of the client.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whose requests it counts with where it proves nothing.
    pub client_address: Address,
    /// Our id of this request: 32 hexadecimal digits. Sent back as `X-Request-ID`.
    pub request_id: String,
    /// When it arrived.
    pub started_at: UnixMillis,
}

/// An answer with its whole body. The outer layer adds `X-Request-ID`, `Content-Length`, compression and CORS.
pub type Reply = Response<Bytes>;
