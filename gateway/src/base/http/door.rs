//! What every request passes before its route: one spelling of its path, one `Authorization`, a body that is read
//! within limits. What is wrong here is told in the shape of the route (`frame`).

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::{Either, select};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, StatusCode, Uri};

use super::reply::{Told, problem, set};
use crate::base::http::{Body, BodyError, Reply};
use crate::base::limits;
use crate::base::ports::Clock;

/// Why a request does not come to its route.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// Two `Authorization` headers: whichever is believed, somebody on the way may have believed the other.
    AuthorizationRepeated,
    /// The body broke off.
    BodyBroken,
    /// The body did not come in time.
    BodyLate,
    /// The body is too large.
    BodyTooLarge,
    /// The body is compressed.
    Encoding,
    /// The header fields are too many.
    HeadTooLarge,
    /// Nobody can say where the body ends (RFC 9112, section 6.1).
    LengthAmbiguous,
    /// The route does not have the method.
    Method,
    /// Configuration or store cannot be used.
    NotConfigured,
    /// Not a path.
    PathMalformed,
    /// The target is too long.
    TargetTooLong,
}

impl Refusal {
    /// Status, machine reason, and words for whoever makes the client: the one table.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::AuthorizationRepeated => (
                StatusCode::BAD_REQUEST,
                "authorization_repeated",
                "Send one Authorization header.",
            ),
            Self::BodyBroken => (
                StatusCode::BAD_REQUEST,
                "body_broken",
                "The body broke off before its end.",
            ),
            Self::BodyLate => (
                StatusCode::REQUEST_TIMEOUT,
                "body_late",
                "The body did not come within 30 seconds. Send the request again.",
            ),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "The body is larger than this route takes.",
            ),
            Self::Encoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "encoding_unsupported",
                "Send the body as it is, without Content-Encoding.",
            ),
            Self::HeadTooLarge => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "head_too_large",
                "The header fields are too many or too large.",
            ),
            Self::LengthAmbiguous => (
                StatusCode::BAD_REQUEST,
                "length_ambiguous",
                "Send either one Content-Length or Transfer-Encoding.",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This route does not have that method; see Allow.",
            ),
            Self::NotConfigured => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not_configured",
                "The gateway is not configured. Its log names the variable and says what to write.",
            ),
            Self::PathMalformed => (
                StatusCode::BAD_REQUEST,
                "path_malformed",
                "The path cannot be read.",
            ),
            Self::TargetTooLong => (
                StatusCode::URI_TOO_LONG,
                "target_too_long",
                "The address is too long. A search can be sent as a form to _search.",
            ),
        }
    }

    /// Whether this is what was told.
    pub(crate) fn is(self, told: &Told) -> bool {
        self.row().1 == told.code
    }

    /// The answer, whose body takes the shape of the route later.
    pub(crate) fn reply(self) -> Reply {
        let (status, code, detail) = self.row();
        let mut reply = problem(status, code, detail);
        match self {
            // RFC 9110, section 15.5.16: what would have been taken.
            Self::Encoding => set(&mut reply, ACCEPT_ENCODING, "identity"),
            Self::NotConfigured => set(&mut reply, RETRY_AFTER, "60"),
            _ => {}
        }
        reply
    }
}

/// Decodes each percent-encoded unreserved character of the path. RFC 3986, section 6.2.2.2: that is the same path,
/// and from here on everybody sees the same of it: routes, lock-downs, the shapes of errors.
pub(crate) fn canonicalise(uri: &mut Uri) -> Result<(), Refusal> {
    let Cow::Owned(path) = canonical_path(uri.path()) else {
        return Ok(());
    };
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    };
    // The refusal says which part it is, and that is all that is known.
    *uri = target.parse().map_err(|_| Refusal::PathMalformed)?;
    Ok(())
}

fn canonical_path(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut canonical = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        canonical.push_str(before);
        match unreserved(after) {
            Some((character, after)) => {
                canonical.push(character);
                rest = after;
            }
            None => {
                canonical.push('%');
                rest = after;
            }
        }
    }
    canonical.push_str(rest);
    Cow::Owned(canonical)
}

/// The unreserved character (RFC 3986, section 2.3) that two hexadecimal digits stand for, and what follows them.
fn unreserved(encoded: &str) -> Option<(char, &str)> {
    let (digits, rest) = encoded.split_at_checked(2)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let character = char::from(u8::from_str_radix(digits, 16).ok()?);
    (character.is_ascii_alphanumeric() || "-._~".contains(character)).then_some((character, rest))
}

/// What the head alone tells.
pub(crate) fn examine(method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        return Err(Refusal::AuthorizationRepeated);
    }
    let lengths = headers.get_all(CONTENT_LENGTH);
    let mut lengths = lengths.iter();
    if let Some(first) = lengths.next()
        // Most hosts decide this themselves and keep `Transfer-Encoding` from us.
        && (headers.contains_key(TRANSFER_ENCODING) || lengths.any(|length| length != first))
    {
        return Err(Refusal::LengthAmbiguous);
    }
    if takes_body(method) && is_encoded(headers) {
        return Err(Refusal::Encoding);
    }
    Ok(())
}

/// The methods whose content means something here. Content of the others has no meaning (RFC 9110, section 9.3),
/// and where nobody reads it, it costs nothing.
const fn takes_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Whether a coding other than `identity` was applied (RFC 9110, section 8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|codings| {
        codings
            .as_bytes()
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
    })
}

/// The body, where the method has one. Whether there is one is seen by reading: hosts take `Transfer-Encoding`
/// out of the head, and HTTP/2 needs no length at all.
pub(crate) async fn read<B: Body>(
    method: &Method,
    path: &str,
    body: B,
    clock: &dyn Clock,
) -> Result<Bytes, Refusal> {
    if !takes_body(method) {
        return Ok(Bytes::new());
    }
    let mut reading = pin!(body.read(limits::body(path)));
    // Most bodies are here with their head, and need no timer.
    let read = match reading.as_mut().now_or_never() {
        Some(read) => read,
        None => match select(reading, clock.sleep(PATIENCE)).await {
            Either::Left((read, _)) => read,
            Either::Right(((), _)) => return Err(Refusal::BodyLate),
        },
    };
    read.map_err(|error| match error {
        BodyError::Broken => Refusal::BodyBroken,
        BodyError::TooLarge => Refusal::BodyTooLarge,
    })
}

/// How long a client may take to send it.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_exactly_these_codes() {
        let known = [
            Refusal::AuthorizationRepeated,
            Refusal::BodyBroken,
            Refusal::BodyLate,
            Refusal::BodyTooLarge,
            Refusal::Encoding,
            Refusal::HeadTooLarge,
            Refusal::LengthAmbiguous,
            Refusal::Method,
            Refusal::NotConfigured,
            Refusal::PathMalformed,
            Refusal::TargetTooLong,
        ]
        .map(|refusal| {
            let (status, code, _) = refusal.row();
            format!("{code}` | {} |", status.as_u16())
        });
        let text = include_str!("../../../../docs/fhir-errors.md");
        let (_, text) = text.split_once("## Every route").unwrap();
        let listed: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .collect();
        assert_eq!(listed.len(), known.len());
        for (listed, known) in listed.into_iter().zip(known) {
            assert!(listed.starts_with(&known), "{listed} {known}");
        }
    }

    #[test]
    fn an_encoded_unreserved_character_is_that_character() {
        for (path, same) in [
            ("/v2/fhir/Coverage", "/v2/fhir/Coverage"),
            ("/%762/fhir/Coverage", "/v2/fhir/Coverage"),
            ("/v%32/%66%68%69%72/%43overage", "/v2/fhir/Coverage"),
            ("/v2/fhir/Patient/%2D20140", "/v2/fhir/Patient/-20140"),
            ("/v2/fhir/Patient/%2e%2E", "/v2/fhir/Patient/.."),
            // Neither a slash nor a percent sign of its own, which would be decoded twice.
            ("/v2%2Ffhir", "/v2%2Ffhir"),
            ("/%25762/fhir", "/%25762/fhir"),
            ("/%7/x", "/%7/x"),
            ("/%", "/%"),
            ("/%zz%+7%é", "/%zz%+7%é"),
            ("/%C3%A9%5f", "/%C3%A9_"),
        ] {
            assert_eq!(canonical_path(path), same, "{path}");
        }
        let mut uri = Uri::from_static("/%6f/register?x=%6f");
        canonicalise(&mut uri).unwrap();
        assert_eq!(uri, "/o/register?x=%6f");
    }

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_head_that_can_be_read_in_two_ways_is_refused() {
        let post = |fields: &[_]| examine(&Method::POST, &headers(fields));
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer a")];
        assert_eq!(post(&twice), Err(Refusal::AuthorizationRepeated));
        for ambiguous in [
            [("content-length", "3"), ("transfer-encoding", "chunked")],
            [("content-length", "3"), ("content-length", "4")],
        ] {
            assert_eq!(post(&ambiguous), Err(Refusal::LengthAmbiguous));
        }
        for clear in [
            [("content-length", "3"), ("content-length", "3")],
            [("transfer-encoding", "chunked"), ("authorization", "x")],
        ] {
            assert_eq!(post(&clear), Ok(()));
        }
    }

    #[test]
    fn a_body_with_a_coding_is_refused_where_a_body_is_taken() {
        for (codings, refused) in [
            ("gzip", true),
            ("deflate", true),
            ("br", true),
            ("identity, gzip", true),
            ("x-unknown", true),
            ("identity", false),
            ("Identity , identity", false),
            ("", false),
        ] {
            let headers = headers(&[("content-encoding", codings)]);
            for method in [Method::POST, Method::PUT] {
                assert_eq!(examine(&method, &headers).is_err(), refused, "{codings}");
            }
            assert_eq!(examine(&Method::GET, &headers), Ok(()));
        }
    }
}
