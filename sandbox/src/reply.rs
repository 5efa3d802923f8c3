//! Complete replies: a body that is held whole, its length, and gzip where it was asked for.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::Frame;

/// Bodies below this are not worth compressing.
const GZIP_FROM: usize = 1024;

/// A reply in the making.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Half of the body is sent, and then the connection ends.
    cut: bool,
}

impl Reply {
    /// A reply with a body of the given type.
    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            body: body.into(),
            cut: false,
        }
    }

    /// 303 to `location`, so that a POST is followed by a GET.
    pub(crate) fn see_other(location: &str) -> Self {
        Self::new(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "")
            .header(LOCATION, location)
            .no_store()
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The same reply with another status.
    pub(crate) const fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same reply, but it breaks off in the middle.
    pub(crate) const fn cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// Forbids every cache to keep the reply.
    pub(crate) fn no_store(self) -> Self {
        self.header(CACHE_CONTROL, "no-store")
    }

    /// Compresses the body where the request allows it and the body is large enough.
    pub(crate) fn compressed_for(mut self, request: &HeaderMap) -> Self {
        if self.body.len() < GZIP_FROM || !accepts_gzip(request) {
            return self;
        }
        let mut encoder =
            GzEncoder::new(Vec::with_capacity(self.body.len() / 4), Compression::fast());
        if encoder.write_all(&self.body).is_ok()
            && let Ok(small) = encoder.finish()
        {
            self.body = small;
            self.headers
                .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(mut self) -> Response {
        let mut response = Response::new(if self.cut {
            self.body.truncate(self.body.len() / 2);
            Body::new(Cut(Some(Bytes::from(self.body))))
        } else {
            self.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
            Body::from(self.body)
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// A body that gives what it has, and then an error instead of an end.
struct Cut(Option<Bytes>);

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(match self.0.take() {
            Some(half) => Ok(Frame::data(half)),
            None => Err(std::io::ErrorKind::ConnectionReset.into()),
        }))
    }
}

/// Whether `Accept-Encoding` allows gzip (RFC 9110, section 12.5.3): named, or meant by `*`, and not with weight 0.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let mut star = false;
    for value in request.get_all(ACCEPT_ENCODING) {
        for coding in value.to_str().unwrap_or("").split(',') {
            let mut parts = coding.split(';').map(str::trim);
            let name = parts.next().unwrap_or("");
            let refused = parts.any(|part| {
                part.strip_prefix("q=")
                    .is_some_and(|q| q.parse::<f32>().is_ok_and(|weight| weight == 0.0))
            });
            if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
                return !refused;
            }
            star |= name == "*" && !refused;
        }
    }
    star
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn asking(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_is_sent_when_it_is_asked_for() {
        for (asked, gzip) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(accepts_gzip(&asking(asked)), gzip, "{asked}");
        }
    }

    #[test]
    fn a_large_body_comes_back_whole() {
        let body = "claims ".repeat(1000);
        let reply =
            Reply::new(StatusCode::OK, "text/plain", body.clone()).compressed_for(&asking("gzip"));
        assert!(reply.body.len() < body.len() / 10);
        let mut text = String::new();
        GzDecoder::new(&reply.body[..])
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, body);
    }

    #[test]
    fn a_small_body_stays_as_it_is() {
        let reply =
            Reply::new(StatusCode::OK, "text/plain", "small").compressed_for(&asking("gzip"));
        assert_eq!(reply.body, b"small");
        let response = reply.into_response();
        assert_eq!(response.headers()[CONTENT_LENGTH], "5");
        assert!(!response.headers().contains_key(CONTENT_ENCODING));
    }
}
