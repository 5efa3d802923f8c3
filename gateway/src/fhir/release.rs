//! The release permit and the answer (docs/contract/07-fhir.md, 7.4 and 7.5). A body that the guard verified
//! becomes [`Released`] by the audit row of the call, and only a released body becomes a 200 or a 304.

use bluegate_shared::search::Format;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use twox_hash::XxHash3_128;

use super::access::{Authorized, Places, examine};
use super::guard::VerifiedBody;
use super::media;
use super::refusal::Refusal;
use super::trail::Trail;
use crate::audit::event::Level;
use crate::base::context::App;
use crate::base::http::compression::{THRESHOLD, accepts_gzip, vary};
use crate::base::http::{Reply, Request};
use crate::fhir::statements as access;

/// An answer whose audit row is written.
pub(super) struct Released {
    status: StatusCode,
    body: Bytes,
    encoded: bool,
    etag: HeaderValue,
    content_type: HeaderValue,
}

/// Whether `If-None-Match` may spare the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Conditional {
    /// On reads.
    Yes,
    /// On searches, whose Bundle is a new one each time.
    No,
}

/// Writes the audit row, and gives the answer where it could be written.
pub(super) async fn permit<I>(
    app: &App,
    request: &Request,
    authorized: &Authorized<I>,
    trail: &Trail<'_>,
    verified: VerifiedBody,
    format: Format,
    conditional: Conditional,
) -> Result<Released, Refusal> {
    let etag = etag(verified.identity());
    let not_modified = conditional == Conditional::Yes && matches(&request.headers, &etag);
    let length = if not_modified {
        0
    } else {
        verified.identity().len()
    };
    let code = if not_modified { "not_modified" } else { "" };
    let call = trail.call("ok", code, Level::Info, i64::try_from(length).ok());
    let version = authorized.version().segment();
    let permit = access::permit(&*app.database, authorized.token().link(), version, &call).await;
    match permit {
        Ok(Some(_)) => {}
        // Something changed while the backend was thinking; say what.
        Ok(None) => {
            return Err(examine(app, request, authorized.version(), Places::Header)
                .await
                .result
                .err()
                .unwrap_or(Refusal::InvalidToken));
        }
        Err(error) => {
            trail.store_failed(&error);
            return Err(Refusal::StoreUnavailable);
        }
    }
    trail.log(&call);
    let (identity, gzip) = verified.into_parts();
    let (body, encoded) = match gzip {
        _ if not_modified => (Bytes::new(), false),
        Some(gzip) if identity.len() >= THRESHOLD && accepts_gzip(&request.headers) => (gzip, true),
        _ => (identity, false),
    };
    Ok(Released {
        status: if not_modified {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        },
        body,
        encoded,
        etag,
        content_type: media::content_type(format),
    })
}

impl Released {
    /// The answer.
    pub(super) fn into_reply(self) -> Reply {
        let mut reply = Response::new(self.body);
        *reply.status_mut() = self.status;
        let headers = reply.headers_mut();
        if self.status == StatusCode::OK {
            headers.insert(CONTENT_TYPE, self.content_type);
        }
        if self.encoded {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(ETAG, self.etag);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        vary(headers);
        reply
    }
}

/// The tag of a body. Weak, because the same tag stands for the body with and without gzip (RFC 9110, section
/// 8.8.1). 128 bits of a fast hash: the tag tells versions of one person's resource apart and guards nothing.
pub fn etag(body: &[u8]) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{:032x}\"", XxHash3_128::oneshot(body)))
        .unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// RFC 9110, section 13.1.2: weak comparison, `*` matches whatever there is.
fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else {
        return false;
    };
    let opaque = etag.trim_start_matches("W/");
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == opaque)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_weak_and_compared_weakly() {
        let tag = etag(b"abc");
        let text = tag.to_str().unwrap();
        assert!(text.starts_with("W/\"") && text.len() == 36);
        assert_ne!(tag, etag(b"abd"));
        for (value, wanted) in [
            (text.to_owned(), true),
            (text.trim_start_matches("W/").to_owned(), true),
            (format!("\"x\", {text}"), true),
            ("*".to_owned(), true),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, value.parse().unwrap());
            assert_eq!(matches(&headers, &tag), wanted, "{value}");
        }
    }
}
