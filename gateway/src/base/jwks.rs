//! JSON documents and key sets of other servers: the identity provider's, and those of applications that
//! registered a `jwks_uri`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jsonwebtoken::jwk::JwkSet;
use serde::de::DeserializeOwned;

use crate::base::dependencies::Dependencies;
use crate::base::errors::Misread;
use crate::base::ports::{UnixMillis, UpstreamError, UpstreamRequest};

/// Key sets by their address, kept for a while in the instance. Cheap to clone.
#[derive(Clone, Default)]
pub struct KeyCache(Arc<Mutex<HashMap<String, KeptKeys>>>);

struct KeptKeys {
    keys: Kept<JwkSet>,
    /// When they were last asked for because of a key id that was not there.
    anew_at: Option<UnixMillis>,
}

impl KeyCache {
    /// The key set of an address. `anew` asks the server again, for a key id that is not in the set, but that not
    /// more than once in ten seconds, however lately it was asked otherwise.
    ///
    /// # Errors
    ///
    /// [`FetchError`] where it is unavailable.
    pub async fn get(
        &self,
        app: &Dependencies,
        url: &str,
        anew: bool,
    ) -> Result<Arc<JwkSet>, FetchError> {
        let now = app.clock.now();
        let mut anew_at = None;
        if let Some(kept) = self.lock().get(url) {
            anew_at = kept.anew_at;
            let recent = anew_at.is_some_and(|at| now.0 - at.0 < ASK_AGAIN_MS);
            if let Some(keys) = kept.keys.fresh(now).filter(|_| !anew || recent) {
                return Ok(keys);
            }
        }
        let keys: Arc<JwkSet> =
            Arc::new(fetch(app, Method::GET, url, HeaderMap::new(), Bytes::new()).await?);
        let mut cache = self.lock();
        if cache.len() >= MOST_SETS {
            cache.clear();
        }
        cache.insert(
            url.to_owned(),
            KeptKeys {
                keys: Kept {
                    at: now,
                    document: keys.clone(),
                },
                anew_at: if anew { Some(now) } else { anew_at },
            },
        );
        Ok(keys)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, KeptKeys>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A document and when it came.
pub(crate) struct Kept<T> {
    pub(crate) at: UnixMillis,
    pub(crate) document: Arc<T>,
}

impl<T> Kept<T> {
    /// The document, where it is not older than ten minutes.
    pub(crate) fn fresh(&self, now: UnixMillis) -> Option<Arc<T>> {
        (now.0 - self.at.0 < DOCUMENT_TTL_MS).then(|| self.document.clone())
    }
}

/// Why a document is unavailable.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FetchError {
    /// An answer with another status than 200.
    #[error("it answered with {0}")]
    Status(StatusCode),
    /// No answer.
    #[error("it does not answer")]
    Unanswered(#[source] UpstreamError),
    /// An answer that is not the document.
    #[error("its answer cannot be read")]
    Unreadable(#[source] Misread),
}

/// Asks for a JSON document.
///
/// # Errors
///
/// [`FetchError`].
pub async fn fetch<T: DeserializeOwned>(
    app: &Dependencies,
    method: Method,
    url: &str,
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<T, FetchError> {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let request = UpstreamRequest {
        method,
        url: url.to_owned(),
        headers,
        body,
        timeout: TIMEOUT,
        body_limit: 1024 * 1024,
    };
    let answer = app
        .upstream
        .send(request)
        .await
        .map_err(FetchError::Unanswered)?;
    if answer.status != StatusCode::OK {
        return Err(FetchError::Status(answer.status));
    }
    serde_json::from_slice(&answer.body).map_err(|error| FetchError::Unreadable(error.into()))
}

const ASK_AGAIN_MS: i64 = 10_000;
const DOCUMENT_TTL_MS: i64 = 600_000;
const MOST_SETS: usize = 256;
const TIMEOUT: Duration = Duration::from_secs(10);
