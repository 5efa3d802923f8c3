//! One exchange with the claims backend under the rules of docs/contract/07-fhir.md, 7.5, for every caller:
//! so long in all, and once more where no connection came about. The sign-in's patient lookup keeps them like
//! a FHIR call does; both ask the circuit breaker ([`super::breaker`]) for leave before, and tell it after.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::base::dependencies::Dependencies;
use crate::base::ports::{UpstreamError, UpstreamRequest, UpstreamResponse};

/// What is sent.
pub(crate) struct BackendRequest {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Largest answer, over the wire.
    pub(crate) body_limit: usize,
}

/// Sends it. The time is from the first try to the last byte of the answer.
pub(crate) async fn send(
    app: &Dependencies,
    request_id: &str,
    backend_request: &BackendRequest,
) -> Result<UpstreamResponse, UpstreamError> {
    let deadline = app
        .clock
        .now()
        .0
        .saturating_add(app.config.claims_backend_timeout_ms());
    let mut retried = false;
    loop {
        let left = deadline.saturating_sub(app.clock.now().0);
        let Some(timeout) = u64::try_from(left).ok().filter(|left| *left > 0) else {
            return Err(UpstreamError::Timeout);
        };
        let sent = app
            .upstream
            .send(UpstreamRequest {
                method: backend_request.method.clone(),
                url: backend_request.url.clone(),
                headers: backend_request.headers.clone(),
                body: backend_request.body.clone(),
                timeout: Duration::from_millis(timeout),
                body_limit: backend_request.body_limit,
            })
            .await;
        match sent {
            // Nothing was sent, so a second try can do no harm; once, because a backend that is down needs no crowd.
            Err(UpstreamError::Connect) if !retried => retried = true,
            Err(error) => {
                app.log.object(&serde_json::json!({
                    "event": "backend.error",
                    "request_id": request_id,
                    "error": error.to_string(),
                }));
                return Err(error);
            }
            Ok(response) => return Ok(response),
        }
    }
}

/// Whether the circuit breaker counts it as a failure: no connection, no answer in time, 5xx. Whatever else
/// there is, the backend is there.
pub(crate) fn is_failure(result: &Result<UpstreamResponse, UpstreamError>) -> bool {
    match result {
        Ok(response) => response.status.is_server_error(),
        Err(error) => matches!(error, UpstreamError::Connect | UpstreamError::Timeout),
    }
}
