//! What the gateway needs from the world outside, as small traits.
//!
//! Features see only these; the adapters for Spin live in `app::spin`, those for native tests in
//! `base::adapters::native`. A fault-injecting adapter wraps any of them, because each state change is
//! one call.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;

/// A boxed future of a port.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which of the two shared connections carries a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// `synchronous=FULL`: identity and the life cycle of grants. The commit is on disk before the answer.
    Durable,
    /// `synchronous=NORMAL`: FHIR audit rows and leases. A power cut may lose the last of them, a killed
    /// process does not.
    Relaxed,
}

/// One SQLite value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Bytes.
    Blob(Vec<u8>),
    /// A signed 64-bit integer.
    Integer(i64),
    /// NULL.
    Null,
    /// A floating point number.
    Real(f64),
    /// UTF-8 text.
    Text(String),
}

/// All rows of one statement, values in the order of its columns.
pub type Rows = Vec<Vec<Value>>;

/// Runs one SQL statement, whole: it was applied and its rows are here, or there is an error.
///
/// After an error nothing is known about whether the statement was applied.
pub trait Database: Send + Sync {
    /// Runs `sql` with `parameters` for its `?` marks.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] with the store's own words; classify by a following read, not by the text.
    fn execute<'a>(
        &'a self,
        durability: Durability,
        sql: &'a str,
        parameters: Vec<Value>,
    ) -> PortFuture<'a, Result<Rows, DatabaseError>>;
}

/// The store did not answer, or refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("store: {0}")]
pub struct DatabaseError(pub String);

/// One request to the claims backend or the identity provider.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// GET or POST.
    pub method: Method,
    /// Absolute URL.
    pub url: String,
    /// Exactly the headers to send; nothing is added but `Host` and [`UpstreamRequest::length`].
    pub headers: HeaderMap,
    /// The body; empty for GET.
    pub body: Bytes,
    /// From here to the last byte of the answer.
    pub timeout: Duration,
    /// Largest accepted body in bytes, as it comes over the wire.
    pub body_limit: usize,
}

impl UpstreamRequest {
    /// What `Content-Length` says. Without it hosts send a body in chunks, which servers that go by the length read
    /// as an empty one; and RFC 9110, section 8.6, wants it where a method foresees a body and there is none.
    #[must_use]
    pub fn length(&self) -> Option<HeaderValue> {
        let foreseen = matches!(self.method, Method::POST | Method::PUT | Method::PATCH);
        (foreseen || !self.body.is_empty()).then(|| HeaderValue::from(self.body.len()))
    }
}

/// A whole answer: a body that broke off is an error, never a shorter body.
#[derive(Clone, Debug)]
pub struct UpstreamResponse {
    /// Status; 3xx is returned, not followed.
    pub status: StatusCode,
    /// Headers as received.
    pub headers: HeaderMap,
    /// Body as received (still compressed where `Content-Encoding` says so).
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UpstreamError {
    /// The body broke off, or what came is not HTTP.
    #[error("the answer broke off")]
    Broken,
    /// No connection; nothing was sent, so a retry is safe.
    #[error("no connection")]
    Connect,
    /// The manifest does not allow this host.
    #[error("the host is not in allowed_outbound_hosts")]
    Denied,
    /// The body is larger than `body_limit`.
    #[error("the answer is too large")]
    TooLarge,
    /// Not complete within `timeout`.
    #[error("no complete answer in time")]
    Timeout,
}

/// Sends requests to other servers.
pub trait Upstream: Send + Sync {
    /// Sends one request and reads the whole answer.
    fn send(
        &self,
        request: UpstreamRequest,
    ) -> PortFuture<'_, Result<UpstreamResponse, UpstreamError>>;
}

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This instant plus `seconds`.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl From<UnixMillis> for Value {
    fn from(instant: UnixMillis) -> Self {
        Self::Integer(instant.0)
    }
}

/// The time of day. The only place the gateway reads a clock.
pub trait Clock: Send + Sync {
    /// Now, with the sandbox variable `clock_offset_s` already added.
    fn now(&self) -> UnixMillis;

    /// Waits while others go on.
    fn sleep(&self, time: Duration) -> PortFuture<'_, ()>;
}

/// Random bytes from the platform's cryptographic source.
pub trait Entropy: Send + Sync {
    /// 256 fresh random bits.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] where the platform has none; nothing may be issued then.
    fn bytes32(&self) -> Result<[u8; 32], EntropyError>;
}

/// The platform gave no random bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("no random bytes from the platform")]
pub struct EntropyError;

/// Where log lines go: one JSON object each, on standard output.
pub trait Log: Send + Sync {
    /// Writes one line.
    fn line(&self, json: &str);
}

impl dyn Log {
    /// Writes a line that has a form of its own.
    pub fn object(&self, line: &impl Serialize) {
        // Only maps whose keys are no texts fail.
        if let Ok(json) = serde_json::to_string(line) {
            self.line(&json);
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Integer(i64::from(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_a_length_where_its_method_foresees_a_body() {
        for (method, body, length) in [
            (Method::POST, "abc", Some("3")),
            (Method::POST, "", Some("0")),
            (Method::PUT, "", Some("0")),
            (Method::GET, "", None),
            (Method::DELETE, "", None),
        ] {
            let request = UpstreamRequest {
                method,
                url: String::new(),
                headers: HeaderMap::new(),
                body: Bytes::from_static(body.as_bytes()),
                timeout: Duration::ZERO,
                body_limit: 0,
            };
            let told = request.length();
            let told = told.as_ref().map(|value| value.to_str().unwrap());
            assert_eq!(told, length, "{}", request.method);
        }
    }
}
