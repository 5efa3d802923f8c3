//! Bodies of OAuth 2.0 answers, as they go over the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::id::PatientId;

/// The answer of the token endpoint (RFC 6749, section 5.1; docs/contract/05-token-exchange.md), fields in the
/// order of the contract.
#[allow(clippy::exhaustive_structs)]
#[derive(Serialize)]
pub struct TokenAnswer<'a> {
    /// Opaque, 256 random bits in base64url.
    pub access_token: &'a str,
    /// Lifetime in seconds.
    pub expires_in: i64,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// The scopes in the spelling that was asked for.
    pub scope: &'a str,
    /// Absent for ONE_TIME access.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<&'a str>,
    /// The patient id in the version of the endpoint, also where demographics were withheld. Absent on v3
    /// for a person who has none there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<&'a PatientId>,
    /// RFC 3339 in UTC with seconds; empty for RESEARCH_STUDY.
    pub access_grant_expiration: String,
}

/// An error body (RFC 6749, section 5.2).
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ErrorAnswer {
    /// One of the registered codes.
    pub error: Cow<'static, str>,
    /// What happened and what to do, for the developer of the client.
    pub error_description: Cow<'static, str>,
}

/// The registered error codes that the gateway sends (RFC 6749, 7009, 7591, 9126).
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorCode {
    /// The person said no.
    AccessDenied,
    /// Client authentication failed.
    InvalidClient,
    /// Registration metadata is wrong (RFC 7591).
    InvalidClientMetadata,
    /// Code or refresh token cannot be used.
    InvalidGrant,
    /// A redirect URI cannot be registered (RFC 7591).
    InvalidRedirectUri,
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// Unknown scope, or one the application may not ask for.
    InvalidScope,
    /// Access token unknown, expired or ended (RFC 6750).
    InvalidToken,
    /// The person must sign in, which `prompt=none` forbids (OpenID Connect Core, section 3.1.2.6).
    LoginRequired,
    /// The gateway or what it needs failed.
    ServerError,
    /// Maintenance or overload.
    TemporarilyUnavailable,
    /// The client may not use this flow.
    UnauthorizedClient,
    /// Another grant type than `authorization_code` or `refresh_token`.
    UnsupportedGrantType,
    /// Another response type than `code`.
    UnsupportedResponseType,
}

impl ErrorCode {
    /// The code on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidToken => "invalid_token",
            Self::LoginRequired => "login_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}
