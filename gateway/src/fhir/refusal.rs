//! Why a FHIR call is refused, and the one table of what that means: status, code, text, and how it is
//! audited (docs/contract/07-fhir.md, 7.1, 7.4 and 7.5).

use std::borrow::Cow;

use bluegate_shared::owner;
use bluegate_shared::search::SearchError;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::rejection::Rejection;
use crate::audit::event::Level;
use crate::base::claims_backend::breaker::BreakerRefusal;
use crate::base::errors::INTERNAL_ISSUE;
use crate::base::failure::Reason;
use crate::base::http::Reply;
use crate::base::version::Version;

/// A reason to release nothing.
#[non_exhaustive]
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// The application is suspended or not yet approved.
    ApplicationInactive(String),
    /// 3xx, 5xx, not JSON, too large, broken off, or any other answer that FHIR does not foresee.
    BackendBroken,
    /// The backend asks to wait.
    BackendBusy(u32),
    /// Calls of the backend fail, and for so many seconds none is tried.
    BreakerOpen(u32),
    /// 401 or 403 from the backend: the gateway's own credentials are wrong.
    BackendCredentials,
    /// The backend refused the request and said why; none of its words are told.
    BackendRejected(Rejection),
    /// No answer within the time.
    BackendTimeout,
    /// No connection.
    BackendUnreachable,
    /// Another person's resource on a read. An application can cause it by guessing, so it must look like
    /// [`Refusal::NotFound`].
    ForeignRead,
    /// Another person's resource on a search, where the gateway itself named the person.
    ForeignSearch,
    /// The grant has run out.
    GrantExpired,
    /// The person ended the grant.
    GrantRevoked,
    /// The token does not allow this; the scope that would.
    InsufficientScope(String),
    /// A parameter.
    InvalidParameter(SearchError),
    /// Unknown, expired or ended token.
    InvalidToken,
    /// A lock-down holds.
    LockedDown,
    /// No bearer token.
    NoCredentials,
    /// The person has no patient id in the id space of this version.
    NoPatientInVersion,
    /// No JSON type is acceptable.
    NotAcceptable,
    /// No such resource.
    NotFound,
    /// The guard could not prove whose the answer is.
    NotProved(owner::Reason),
    /// A search names another person.
    OtherPerson,
    /// A read names another person by the id. Looks like [`Refusal::NotFound`].
    OtherPersonRead,
    /// The application has made too many requests; how many seconds it must wait.
    RateLimited(u32),
    /// The store did not answer.
    StoreUnavailable,
    /// A token in the query or the form.
    TokenInQuery,
    /// A token in the header and in the form.
    TokenRepeated,
    /// A search form of another media type.
    UnsupportedMediaType,
    /// The version is switched off.
    VersionOff,
}

impl From<BreakerRefusal> for Refusal {
    fn from(none: BreakerRefusal) -> Self {
        match none {
            BreakerRefusal::Open(seconds) => Self::BreakerOpen(seconds),
            BreakerRefusal::Unknown => Self::StoreUnavailable,
        }
    }
}

impl Reason for Refusal {
    fn unavailable() -> Self {
        Self::StoreUnavailable
    }
}

impl Refusal {
    /// The answer in the shape of the version; routes without a version answer like v2.
    #[must_use]
    pub fn reply(&self, version: Version) -> Reply {
        let row = self.row();
        let (media, body) = match version {
            Version::V1 | Version::V2 => (
                "application/json",
                json!({ "detail": row.text, "code": row.code }),
            ),
            Version::V3 => (
                "application/fhir+json",
                operation_outcome(row.status, row.code, &row.text),
            ),
        };
        let mut reply = Response::new(Bytes::from(body.to_string()));
        *reply.status_mut() = row.status;
        let headers = reply.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }

    /// The machine reason that the client sees.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().code
    }

    /// The machine reason in the audit, which may say more.
    #[must_use]
    pub const fn audit_code(&self) -> &'static str {
        match self {
            Self::BackendCredentials => "backend_credentials",
            Self::BreakerOpen(_) => "breaker_open",
            Self::ForeignRead => "release_guard_foreign",
            Self::OtherPersonRead => "other_person",
            _ => self.code_and_status().0,
        }
    }

    /// `refused` where the client could have asked otherwise, `failed` where it could not.
    #[must_use]
    pub fn audit_outcome(&self) -> &'static str {
        if self.row().status.is_server_error() {
            "failed"
        } else {
            "refused"
        }
    }

    /// How much an operator must care (docs/contract/07-fhir.md, 7.4).
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            // The gateway asked for one person's data and got what is not provably theirs.
            Self::ForeignSearch | Self::NotProved(_) => Level::Critical,
            Self::ForeignRead | Self::OtherPerson | Self::OtherPersonRead => Level::Warning,
            _ => Level::Info,
        }
    }

    fn row(&self) -> Row {
        let (code, status) = self.code_and_status();
        Row {
            status,
            code,
            text: self.text(),
        }
    }

    /// The table.
    const fn code_and_status(&self) -> (&'static str, StatusCode) {
        match self {
            Self::ApplicationInactive(_) => ("application_inactive", StatusCode::UNAUTHORIZED),
            Self::BackendBroken | Self::BackendCredentials => {
                ("backend_error", StatusCode::BAD_GATEWAY)
            }
            Self::BackendBusy(_) | Self::BreakerOpen(_) => {
                ("backend_busy", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::BackendRejected(_) => ("backend_rejected", StatusCode::BAD_REQUEST),
            Self::BackendTimeout => ("backend_timeout", StatusCode::GATEWAY_TIMEOUT),
            Self::BackendUnreachable => ("backend_unreachable", StatusCode::BAD_GATEWAY),
            Self::ForeignRead | Self::NotFound | Self::OtherPersonRead => {
                ("not_found", StatusCode::NOT_FOUND)
            }
            Self::ForeignSearch | Self::NotProved(_) => ("release_guard", StatusCode::BAD_GATEWAY),
            Self::GrantExpired => ("grant_expired", StatusCode::UNAUTHORIZED),
            Self::GrantRevoked => ("grant_revoked", StatusCode::FORBIDDEN),
            Self::InsufficientScope(_) => ("insufficient_scope", StatusCode::FORBIDDEN),
            Self::InvalidParameter(SearchError::Format) | Self::NotAcceptable => {
                ("not_acceptable", StatusCode::NOT_ACCEPTABLE)
            }
            Self::InvalidParameter(_) => ("invalid_parameter", StatusCode::BAD_REQUEST),
            Self::InvalidToken => ("invalid_token", StatusCode::UNAUTHORIZED),
            Self::LockedDown => ("locked_down", StatusCode::SERVICE_UNAVAILABLE),
            Self::NoCredentials => ("no_credentials", StatusCode::UNAUTHORIZED),
            Self::NoPatientInVersion => ("no_patient_in_version", StatusCode::FORBIDDEN),
            Self::OtherPerson => ("other_person", StatusCode::FORBIDDEN),
            Self::RateLimited(_) => ("rate_limited", StatusCode::TOO_MANY_REQUESTS),
            Self::StoreUnavailable => ("store_unavailable", StatusCode::SERVICE_UNAVAILABLE),
            Self::TokenInQuery => ("token_in_query", StatusCode::BAD_REQUEST),
            Self::TokenRepeated => ("token_repeated", StatusCode::BAD_REQUEST),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            Self::VersionOff => ("version_off", StatusCode::NOT_FOUND),
        }
    }

    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::ApplicationInactive(text) => text.clone().into(),
            Self::BackendRejected(rejection) => rejection.text().into(),
            Self::BackendBroken
            | Self::BackendBusy(_)
            | Self::BackendCredentials
            | Self::BackendTimeout
            | Self::BackendUnreachable
            | Self::BreakerOpen(_)
            | Self::ForeignSearch
            | Self::LockedDown
            | Self::NotProved(_)
            | Self::StoreUnavailable => INTERNAL_ISSUE.into(),
            Self::ForeignRead | Self::NotFound | Self::OtherPersonRead => "Not found.".into(),
            Self::GrantExpired => "User access has timed out. To refresh Medicare data, end user must \
                                   re-authenticate and consent to share their data."
                .into(),
            Self::GrantRevoked => "User access cannot be found. To refresh Medicare data, end user must \
                                   re-authenticate and consent to share their data."
                .into(),
            Self::InsufficientScope(_) => {
                "You do not have permission to perform this action.".into()
            }
            Self::InvalidParameter(error) => error.to_string().into(),
            Self::InvalidToken => "The access token is unknown, expired or revoked.".into(),
            Self::NoCredentials => "Authentication credentials were not provided.".into(),
            Self::NoPatientInVersion => {
                "This person has no record in this version of the interface.".into()
            }
            Self::NotAcceptable => {
                "Only JSON is served: application/fhir+json or application/json.".into()
            }
            Self::OtherPerson => {
                "The token allows access to the data of one person only, and the search names another."
                    .into()
            }
            Self::RateLimited(_) => {
                "The application has made too many requests. Try again later.".into()
            }
            Self::TokenInQuery => {
                "Send the access token in the Authorization header, never in a URL or a form.".into()
            }
            // RFC 6750, section 2: one method for each request.
            Self::TokenRepeated => {
                "Send the access token once: in the Authorization header or in the form.".into()
            }
            Self::UnsupportedMediaType => {
                "Send search parameters as application/x-www-form-urlencoded.".into()
            }
            Self::VersionOff => "This version of the interface is not available.".into(),
        }
    }

    /// RFC 6750, section 3: no `error` where there were no credentials at all.
    fn challenge(&self) -> Option<HeaderValue> {
        match self {
            Self::NoCredentials => Some(HeaderValue::from_static("Bearer realm=\"bluegate\"")),
            Self::ApplicationInactive(_) | Self::GrantExpired | Self::InvalidToken => Some(
                HeaderValue::from_static("Bearer realm=\"bluegate\", error=\"invalid_token\""),
            ),
            Self::InsufficientScope(scope) => HeaderValue::try_from(format!(
                "Bearer realm=\"bluegate\", error=\"insufficient_scope\", scope=\"{scope}\""
            ))
            .ok(),
            _ => None,
        }
    }

    const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::BackendBusy(seconds)
            | Self::BreakerOpen(seconds)
            | Self::RateLimited(seconds) => Some(*seconds),
            Self::LockedDown => Some(60),
            Self::StoreUnavailable => Some(5),
            _ => None,
        }
    }
}

struct Row {
    status: StatusCode,
    code: &'static str,
    text: Cow<'static, str>,
}

/// The error body of v3.
pub(crate) fn operation_outcome(status: StatusCode, code: &str, text: &str) -> serde_json::Value {
    json!({
        "resourceType": "OperationOutcome",
        "issue": [{
            "severity": "error",
            "code": issue_type(status),
            "details": { "coding": [{ "code": code }], "text": text },
            "diagnostics": text,
        }],
    })
}

/// FHIR issue types (R4, value set issue-type).
fn issue_type(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "login",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE => "not-supported",
        StatusCode::GATEWAY_TIMEOUT => "timeout",
        StatusCode::TOO_MANY_REQUESTS => "throttled",
        status if status.is_server_error() => "transient",
        _ => "invalid",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// One of each, with its status and code.
    fn all() -> Vec<(Refusal, u16, &'static str)> {
        use Refusal as R;
        let text = || "words".to_owned();
        vec![
            (R::ApplicationInactive(text()), 401, "application_inactive"),
            (R::BackendBroken, 502, "backend_error"),
            (R::BackendBusy(7), 503, "backend_busy"),
            (R::BackendCredentials, 502, "backend_error"),
            (
                R::BackendRejected(Rejection::Unknown),
                400,
                "backend_rejected",
            ),
            (R::BackendTimeout, 504, "backend_timeout"),
            (R::BackendUnreachable, 502, "backend_unreachable"),
            (R::BreakerOpen(3), 503, "backend_busy"),
            (R::ForeignRead, 404, "not_found"),
            (R::ForeignSearch, 502, "release_guard"),
            (R::GrantExpired, 401, "grant_expired"),
            (R::GrantRevoked, 403, "grant_revoked"),
            (R::InsufficientScope(text()), 403, "insufficient_scope"),
            (
                R::InvalidParameter(SearchError::Type),
                400,
                "invalid_parameter",
            ),
            (
                R::InvalidParameter(SearchError::Format),
                406,
                "not_acceptable",
            ),
            (R::InvalidToken, 401, "invalid_token"),
            (R::LockedDown, 503, "locked_down"),
            (R::NoCredentials, 401, "no_credentials"),
            (R::NoPatientInVersion, 403, "no_patient_in_version"),
            (R::NotAcceptable, 406, "not_acceptable"),
            (R::NotFound, 404, "not_found"),
            (R::NotProved(owner::Reason::Json), 502, "release_guard"),
            (R::OtherPerson, 403, "other_person"),
            (R::OtherPersonRead, 404, "not_found"),
            (R::RateLimited(9), 429, "rate_limited"),
            (R::StoreUnavailable, 503, "store_unavailable"),
            (R::TokenInQuery, 400, "token_in_query"),
            (R::TokenRepeated, 400, "token_repeated"),
            (R::UnsupportedMediaType, 415, "unsupported_media_type"),
            (R::VersionOff, 404, "version_off"),
        ]
    }

    fn body(reply: &Reply) -> Value {
        serde_json::from_slice(reply.body()).unwrap()
    }

    #[test]
    fn each_refusal_has_its_status_and_code_in_the_shape_of_each_version() {
        for (refusal, status, code) in all() {
            let v3 = refusal.reply(Version::V3);
            for version in [Version::V1, Version::V2] {
                let reply = refusal.reply(version);
                assert_eq!(reply.status().as_u16(), status, "{refusal:?}");
                let body = body(&reply);
                assert_eq!(body["code"], code);
                assert_eq!(body["detail"], *refusal.text());
                assert_eq!(body.as_object().unwrap().len(), 2);
                assert_eq!(reply.headers()[CONTENT_TYPE], "application/json");
                // Apart from the shape of the body the versions say the same.
                assert_eq!(reply.status(), v3.status());
                for name in [WWW_AUTHENTICATE, RETRY_AFTER, CACHE_CONTROL] {
                    assert_eq!(reply.headers().get(&name), v3.headers().get(&name));
                }
            }
            assert_eq!(v3.headers()[CONTENT_TYPE], "application/fhir+json");
            let body = body(&v3);
            assert_eq!(body["resourceType"], "OperationOutcome");
            let issues = body["issue"].as_array().unwrap();
            assert_eq!(issues.len(), 1);
            assert_eq!(issues[0]["severity"], "error");
            assert_eq!(issues[0]["details"]["coding"][0]["code"], code);
            assert_eq!(issues[0]["details"]["text"], *refusal.text());
            assert!(ISSUE_TYPES.contains(&issues[0]["code"].as_str().unwrap()));
        }
    }

    #[test]
    fn the_documentation_lists_exactly_these_codes() {
        let text = include_str!("../../../docs/fhir-errors.md");
        let (text, _) = text.split_once("## Every route").unwrap();
        let mut listed: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
            .map(|(code, rest)| (code, rest[..3].parse().unwrap()))
            .collect();
        let mut known: Vec<_> = all()
            .into_iter()
            .map(|(_, status, code)| (code, status))
            .collect();
        known.sort_unstable();
        known.dedup();
        listed.sort_unstable();
        assert_eq!(listed, known);
    }

    /// Every 401 has a challenge, and every answer that asks to wait says how long (contract, 7.1 and 7.5).
    #[test]
    fn challenges_and_waits_are_where_the_contract_wants_them() {
        for (refusal, status, code) in all() {
            let reply = refusal.reply(Version::V2);
            let challenge = reply.headers().get(WWW_AUTHENTICATE).is_some();
            assert_eq!(
                challenge,
                status == 401 || code == "insufficient_scope",
                "{code}"
            );
            let wait = reply.headers().get(RETRY_AFTER).is_some();
            assert_eq!(wait, matches!(status, 429 | 503), "{code}");
        }
    }

    /// Of FHIR's value set issue-type, those that are used here.
    const ISSUE_TYPES: [&str; 8] = [
        "forbidden",
        "invalid",
        "login",
        "not-found",
        "not-supported",
        "throttled",
        "timeout",
        "transient",
    ];
}
