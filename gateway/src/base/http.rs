//! HTTP as every part of the gateway sees it: one request read whole, one whole answer.

pub(crate) mod browser;
pub mod compression;
pub(crate) mod cookies;
pub(crate) mod door;
pub(crate) mod reply;
pub mod trace;

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};

use crate::base::address::Address;
use crate::base::ports::UnixMillis;
use crate::oauth::parameters::Parameters;

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

impl Request {
    /// The parameters of the query.
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters::parse(self.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// The fields of a form of our own pages.
    pub(crate) fn form(&self) -> Parameters {
        Parameters::parse(&self.body)
    }
}

/// An answer with its whole body. The outer layer adds `X-Request-ID`, `Content-Length`, compression and CORS.
pub type Reply = Response<Bytes>;
