//! Compression of answers (docs/contract/07-fhir.md, 7.5): gzip where the client allows it and the answer is
//! text of 1,024 bytes or more.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};

use crate::base::http::Reply;
use crate::base::weights::weighted;

/// The smallest body that is compressed.
pub const THRESHOLD: usize = 1024;

/// Whether `Accept-Encoding` allows gzip (RFC 9110, section 12.5.3). Without the header nothing is
/// compressed: the contract says off unless asked for.
#[must_use]
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut named = None;
    let mut wildcard = None;
    for value in headers.get_all(ACCEPT_ENCODING) {
        let Ok(value) = value.to_str() else { continue };
        for (coding, weight) in weighted(value) {
            let allowed = weight > 0.0;
            if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                named = Some(named.unwrap_or(false) || allowed);
            } else if coding == "*" {
                wildcard = Some(allowed);
            }
        }
    }
    named.or(wildcard).unwrap_or(false)
}

/// Compresses the body where the rules allow it. `Vary` is set in any case, because the answer depends on the
/// request header even where it was not compressed. A body that has a `Content-Encoding` stays as it is.
#[must_use]
pub fn compress(mut reply: Reply, accept_gzip: bool) -> Reply {
    vary(reply.headers_mut());
    if !accept_gzip
        || reply.body().len() < THRESHOLD
        || reply.headers().contains_key(CONTENT_ENCODING)
        || !is_compressible(reply.headers())
    {
        return reply;
    }
    let Some(compressed) = gzip(reply.body()) else {
        return reply;
    };
    *reply.body_mut() = compressed;
    reply
        .headers_mut()
        .insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    reply
}

/// Inflates exactly one gzip member that is the whole body; `None` if there is more than `limit`. What follows
/// a member would be passed on without having been looked at.
#[must_use]
pub fn inflate(body: &[u8], limit: usize) -> Option<Vec<u8>> {
    // The last four bytes promise the length; believed as far as deflate can expand at all.
    let promised = body
        .last_chunk::<4>()
        .map_or(0, |length| u32::from_le_bytes(*length) as usize);
    let capacity = promised.min(body.len().saturating_mul(1032)).min(limit);
    let mut inflated = Vec::with_capacity(capacity.saturating_add(1));
    let mut decoder = GzDecoder::new(body);
    let read = (&mut decoder)
        .take(limit as u64 + 1)
        .read_to_end(&mut inflated)
        .ok()?;
    (read <= limit && decoder.into_inner().is_empty()).then_some(inflated)
}

/// Adds `Accept-Encoding` to `Vary`, once.
pub(crate) fn vary(headers: &mut HeaderMap) {
    let known = headers.get_all(VARY).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            value
                .split(',')
                .any(|name| name.trim().eq_ignore_ascii_case("accept-encoding"))
        })
    });
    if !known {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

fn is_compressible(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| {
            [
                "application/fhir+json",
                "application/json",
                "text/html",
                "text/plain",
            ]
            .iter()
            .any(|known| media.trim().eq_ignore_ascii_case(known))
        })
}

fn gzip(body: &Bytes) -> Option<Bytes> {
    // FHIR claims shrink to about a tenth; a quarter leaves room for other text without a second allocation.
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), level(body.len()));
    encoder.write_all(body).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Small answers cost little at any level and gain most from a thorough one; on large ones the level is
/// nearly the whole cost of the gateway.
const fn level(length: usize) -> Compression {
    match length {
        0..16_384 => Compression::new(6),
        16_384..65_536 => Compression::new(4),
        _ => Compression::new(1),
    }
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::*;

    fn accepts(value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, value.parse().unwrap());
        accepts_gzip(&headers)
    }

    fn reply(media: &str, length: usize) -> Reply {
        let mut reply = Response::new(Bytes::from(vec![b'a'; length]));
        reply
            .headers_mut()
            .insert(CONTENT_TYPE, media.parse().unwrap());
        reply
    }

    fn is_compressed(reply: &Reply) -> bool {
        reply
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|value| value == "gzip")
    }

    #[test]
    fn gzip_is_allowed_only_by_the_header_and_its_weights() {
        for yes in [
            "gzip",
            "GZIP",
            "x-gzip",
            "deflate, gzip;q=0.5",
            "gzip ; q=1.0",
            "*",
            "br, *;q=0.1",
            "gzip;q=0.001",
        ] {
            assert!(accepts(yes), "{yes}");
        }
        for no in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip; Q=0, *",
            "*;q=0",
            "gzip;q=x",
            "gzipped",
        ] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn gzip_begins_at_1024_bytes() {
        assert!(!is_compressed(&compress(
            reply("application/json", 1023),
            true
        )));
        let compressed = compress(reply("application/json", 1024), true);
        assert!(is_compressed(&compressed));
        let mut whole = Vec::new();
        flate2::read::GzDecoder::new(&compressed.body()[..])
            .read_to_end(&mut whole)
            .unwrap();
        assert_eq!(whole, [b'a'; 1024]);
    }

    #[test]
    fn only_the_four_media_types_are_compressed() {
        for yes in [
            "text/html; charset=utf-8",
            "text/plain",
            "application/json",
            "application/fhir+json",
            "Application/FHIR+JSON",
        ] {
            assert!(is_compressed(&compress(reply(yes, 5000), true)), "{yes}");
        }
        for no in ["image/png", "application/octet-stream", "text/htmlx"] {
            assert!(!is_compressed(&compress(reply(no, 5000), true)), "{no}");
        }
    }

    #[test]
    fn nothing_is_compressed_without_being_asked() {
        assert!(!is_compressed(&compress(reply("text/plain", 5000), false)));
    }

    #[test]
    fn a_body_that_is_encoded_already_stays_as_it_is() {
        let mut encoded = reply("application/json", 5000);
        encoded
            .headers_mut()
            .insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        let body = encoded.body().clone();
        assert_eq!(compress(encoded, true).body(), &body);
    }

    #[test]
    fn vary_is_always_there_and_once() {
        for accept in [true, false] {
            let compressed = compress(reply("image/png", 10), accept);
            assert_eq!(compressed.headers()[VARY], "Accept-Encoding");
        }
        let mut known = reply("text/plain", 10);
        known
            .headers_mut()
            .insert(VARY, "Origin, accept-encoding".parse().unwrap());
        assert_eq!(
            compress(known, true).headers().get_all(VARY).iter().count(),
            1
        );
    }
}
