//! The call to the claims backend: what is sent, and what its answer means
//! (docs/contract/07-fhir.md, 7.3 and 7.5). An answer that comes out of here is whole and inflated, and nobody has
//! looked at whose it is.

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::access::Authorized;
use super::refusal::Refusal;
use super::rejection::Rejection;
use super::trail::Trail;
use crate::base::claims_backend::breaker::BreakerPermit;
use crate::base::claims_backend::exchange::{self, BackendRequest};
use crate::base::context::App;
use crate::base::http::trace::Trace;
use crate::base::http::{Request, compression};
use crate::base::ports::{UpstreamError, UpstreamResponse};

/// Largest answer, both over the wire and inflated.
pub(super) const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// Where the backend asks to wait and does not say how long.
const BUSY_SECONDS: u32 = 5;

/// A whole answer with status 200.
pub(super) struct Answer {
    /// The body, inflated.
    pub(super) identity: Bytes,
    /// The body as it came, where it came compressed and may be passed on like that.
    pub(super) gzip: Option<Bytes>,
    /// Of a v3 record that was merged into another: once it is proved to be the person's, this is refused.
    pub(super) replaced: bool,
}

impl Answer {
    /// A body that was made here.
    pub(super) const fn plain(identity: Bytes) -> Self {
        Self {
            identity,
            gzip: None,
            replaced: false,
        }
    }
}

/// Asks the circuit breaker for leave to call the backend. From here the audit measures its time.
pub(super) async fn begin<I>(
    app: &App,
    request: &Request,
    authorized: &Authorized<I>,
    trail: &mut Trail<'_>,
) -> Result<BreakerPermit, Refusal> {
    let state = authorized.token().breaker();
    let permit = BreakerPermit::ask(app, &app.breaker, &request.request_id, state).await?;
    trail.before_backend();
    Ok(permit)
}

/// Sends `path_and_query` below the FHIR base of the version, with leave of the circuit breaker, and notes for the
/// audit what came of it.
pub(super) async fn get<I>(
    app: &App,
    request: &Request,
    authorized: &Authorized<I>,
    breaker_permit: &mut BreakerPermit,
    path_and_query: &str,
    trail: &mut Trail<'_>,
) -> Result<Answer, Refusal> {
    let began_at = app.clock.now();
    let id = &request.request_id;
    let backend_request = BackendRequest {
        method: Method::GET,
        url: format!(
            "{}/{}/fhir/{path_and_query}",
            app.config.claims_backend_base,
            authorized.version().segment()
        ),
        headers: headers(app, request, authorized),
        body: Bytes::new(),
        body_limit: BODY_LIMIT,
    };
    let sent = exchange::send(app, id, &backend_request).await;
    let failed = exchange::is_failure(&sent);
    let who = authorized.token().who();
    breaker_permit
        .ended(app, &app.breaker, id, &who, began_at, failed)
        .await;
    let status = sent.as_ref().ok().map(|response| response.status);
    let result = sent.map_err(refusal).and_then(|response| answer(&response));
    trail.backend_answered(status);
    result
}

/// Exactly the headers of docs/contract/07-fhir.md, 7.3: no header of the client is among them, and of its
/// `traceparent` the id alone.
fn headers<I>(app: &App, request: &Request, authorized: &Authorized<I>) -> HeaderMap {
    let token = authorized.token();
    let (proto, host) = app
        .config
        .public_base_url
        .split_once("://")
        .unwrap_or(("https", &app.config.public_base_url));
    let request_id = request.request_id.as_str();
    let timestamp = jiff::Timestamp::from_millisecond(request.started_at.0)
        .map(|instant| instant.to_string())
        .unwrap_or_default();
    let mut headers = HeaderMap::with_capacity(14);
    headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+json"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    for (name, value) in [
        ("x-request-id", request_id),
        ("traceparent", &Trace::of(request).header()),
        ("x-forwarded-host", host),
        ("x-forwarded-proto", proto),
        // Public addresses begin with /vN/fhir right after the host.
        ("x-forwarded-prefix", ""),
        ("bluebutton-originalqueryid", request_id),
        ("bluebutton-originalquerytimestamp", &timestamp),
        (
            "bluebutton-beneficiaryid",
            &format!("patientId:{}", authorized.patient_id().as_str()),
        ),
        ("bluebutton-application", &printable(token.client_name())),
        ("bluebutton-applicationid", token.client_id()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if let Some(secret) = &app.config.claims_backend_authorization
        && let Ok(mut value) = HeaderValue::from_str(secret.expose())
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// A name may hold any character; a header may not.
fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if matches!(c, ' '..='~') { c } else { '?' })
        .collect()
}

fn refusal(error: UpstreamError) -> Refusal {
    match error {
        UpstreamError::Timeout => Refusal::BackendTimeout,
        UpstreamError::Connect | UpstreamError::Denied => Refusal::BackendUnreachable,
        // A body that broke off, one that is too large, and whatever else there may be.
        _ => Refusal::BackendBroken,
    }
}

/// The table of docs/contract/07-fhir.md, 7.5.
fn answer(response: &UpstreamResponse) -> Result<Answer, Refusal> {
    match response.status {
        StatusCode::OK => inflated(response),
        StatusCode::NOT_FOUND => Err(Refusal::NotFound),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Refusal::BackendCredentials),
        StatusCode::TOO_MANY_REQUESTS => Err(Refusal::BackendBusy(
            response
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.parse().ok())
                .filter(|seconds| (1..=3600).contains(seconds))
                .unwrap_or(BUSY_SECONDS),
        )),
        status if status.is_client_error() => Err(inflated(response)
            .ok()
            .and_then(|answer| Rejection::read(&answer.identity))
            .map_or(Refusal::BackendBroken, Refusal::BackendRejected)),
        _ => Err(Refusal::BackendBroken),
    }
}

fn inflated(response: &UpstreamResponse) -> Result<Answer, Refusal> {
    let mut encodings = response.headers.get_all(CONTENT_ENCODING).iter();
    let encoding = encodings
        .next()
        .map_or(&b"identity"[..], HeaderValue::as_bytes);
    if encodings.next().is_some() {
        return Err(Refusal::BackendBroken);
    }
    if encoding.eq_ignore_ascii_case(b"identity") {
        if response.body.len() > BODY_LIMIT {
            return Err(Refusal::BackendBroken);
        }
        return Ok(Answer {
            identity: response.body.clone(),
            gzip: None,
            replaced: false,
        });
    }
    if !encoding.eq_ignore_ascii_case(b"gzip") && !encoding.eq_ignore_ascii_case(b"x-gzip") {
        return Err(Refusal::BackendBroken);
    }
    let body = &response.body;
    let identity = gunzip(body).ok_or(Refusal::BackendBroken)?;
    Ok(Answer {
        identity: identity.into(),
        gzip: has_plain_header(body).then(|| body.clone()),
        replaced: false,
    })
}

fn gunzip(body: &[u8]) -> Option<Vec<u8>> {
    compression::inflate(body, BODY_LIMIT)
}

/// Whether the gzip header has no optional field: a file name or a comment there could carry anything past
/// the guard (RFC 1952, section 2.3.1).
fn has_plain_header(body: &[u8]) -> bool {
    body.get(3).is_some_and(|flags| flags & !1 == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn one_whole_gzip_member_is_inflated() {
        assert_eq!(gunzip(&gzip(b"abc")).unwrap(), b"abc");
        assert_eq!(gunzip(&gzip(b"")).unwrap(), b"");
        let large = vec![b'x'; 300_000];
        assert_eq!(gunzip(&gzip(&large)).unwrap(), large);
    }

    #[test]
    fn bytes_after_the_gzip_member_are_refused() {
        let mut body = gzip(b"abc");
        body.push(0);
        assert!(gunzip(&body).is_none());
        let two = [gzip(b"abc"), gzip(b"def")].concat();
        assert!(gunzip(&two).is_none());
    }

    #[test]
    fn broken_gzip_is_refused() {
        let whole = gzip(b"abcabcabc");
        for end in 0..whole.len() {
            assert!(gunzip(&whole[..end]).is_none(), "{end}");
        }
        let mut wrong_sum = whole.clone();
        let at = wrong_sum.len() - 8;
        wrong_sum[at] ^= 1;
        assert!(gunzip(&wrong_sum).is_none());
        assert!(gunzip(b"plain").is_none());
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let bomb = gzip(&vec![0; BODY_LIMIT + 1]);
        assert!(bomb.len() < 1_000_000);
        assert!(gunzip(&bomb).is_none());
        assert_eq!(
            gunzip(&gzip(&vec![0; BODY_LIMIT])).unwrap().len(),
            BODY_LIMIT
        );
    }

    #[test]
    fn a_lying_length_reserves_no_memory_that_the_body_cannot_fill() {
        let mut body = gzip(b"abc");
        let at = body.len() - 4;
        body[at..].fill(0xff);
        assert!(gunzip(&body).is_none());
    }

    #[test]
    fn a_gzip_header_with_a_name_or_comment_is_not_passed_on() {
        let plain = gzip(b"abc");
        assert!(has_plain_header(&plain));
        let mut encoder = flate2::GzBuilder::new()
            .comment("Patient/7")
            .write(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"abc").unwrap();
        let named = encoder.finish().unwrap();
        assert_eq!(gunzip(&named).unwrap(), b"abc");
        assert!(!has_plain_header(&named));
    }
}
