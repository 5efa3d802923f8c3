//! Requests at the token endpoint and its neighbours, and every reason to refuse one:
//! docs/contract/05-token-exchange.md and 06-token-refresh.md.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bluegate_shared::oauth::ErrorCode;
use bluegate_shared::pkce::Verifier;
use bluegate_shared::scope::ScopeSet;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};

use super::application::inactive_text;
use super::assertion::{self, ASSERTION_TYPE, AssertionError};
use super::parameters::Parameters;
use bluegate_base::secret::Secret;

/// What a token request asks for.
pub enum TokenRequest {
    /// `authorization_code`.
    Code {
        /// The code.
        code: Secret,
        /// The PKCE verifier.
        verifier: Verifier,
        /// `redirect_uri`, where it was sent.
        redirect_uri: Option<String>,
    },
    /// `refresh_token`.
    Refresh {
        /// The refresh token.
        token: Secret,
        /// `scope`, where it was sent.
        scopes: Option<ScopeSet>,
    },
}

impl TokenRequest {
    /// Reads the form.
    ///
    /// # Errors
    ///
    /// [`Refusal`] with what is missing or malformed.
    pub fn parse(form: &Parameters) -> Result<Self, Refusal> {
        let single = |name| {
            form.single(name)
                .map_err(|error| Refusal::InvalidRequest(error.to_string().into()))
        };
        let required = |name: &'static str| {
            single(name)?
                .ok_or_else(|| Refusal::InvalidRequest(format!("{name} is missing").into()))
        };
        match required("grant_type")? {
            "authorization_code" => Ok(Self::Code {
                code: Secret::new(required("code")?.to_owned()),
                verifier: Verifier::parse(required("code_verifier")?)
                    .map_err(|error| Refusal::InvalidRequest(error.to_string().into()))?,
                redirect_uri: single("redirect_uri")?.map(str::to_owned),
            }),
            "refresh_token" => Ok(Self::Refresh {
                token: Secret::new(required("refresh_token")?.to_owned()),
                scopes: single("scope")?
                    .map(|text| ScopeSet::parse(text).map_err(|_| Refusal::ScopeWidened))
                    .transpose()?,
            }),
            _ => Err(Refusal::UnsupportedGrantType),
        }
    }
}

/// How a client named itself.
pub enum Credentials {
    /// By a signed assertion (RFC 7523).
    Assertion {
        /// `client_id` of the body, where it was sent.
        client_id: Option<String>,
        /// The JWT.
        assertion: Secret,
    },
    /// By `client_id` alone: a public client.
    Id(String),
    /// Not at all. Only a refresh of a public client's token may do so (docs/contract/05-token-exchange.md, 5.1).
    Nothing,
    /// With its secret.
    Secret {
        /// Client id.
        client_id: String,
        /// Client secret.
        secret: Secret,
    },
}

impl Credentials {
    /// Reads HTTP Basic and the body. A `Bearer` header is ignored (docs/contract/05-token-exchange.md, 5.1).
    ///
    /// # Errors
    ///
    /// [`Refusal::InvalidRequest`] where two methods are used at once, [`Refusal::InvalidClient`] where the
    /// Basic header cannot be read.
    pub fn parse(headers: &HeaderMap, form: &Parameters) -> Result<Self, Refusal> {
        let single = |name| {
            form.single(name)
                .map_err(|error| Refusal::InvalidRequest(error.to_string().into()))
        };
        let id = single("client_id")?;
        let secret = single("client_secret")?;
        let basic = basic(headers)?;
        if let Some(assertion) = single("client_assertion")? {
            if secret.is_some() || basic.is_some() {
                return Err(Refusal::InvalidRequest(
                    "use client_assertion or a client secret, not both".into(),
                ));
            }
            if single("client_assertion_type")? != Some(ASSERTION_TYPE) {
                return Err(Refusal::InvalidRequest(
                    format!("client_assertion_type must be {ASSERTION_TYPE}").into(),
                ));
            }
            return Ok(Self::Assertion {
                client_id: id.map(str::to_owned),
                assertion: Secret::new(assertion.to_owned()),
            });
        }
        if let Some(basic) = basic {
            if secret.is_some() {
                return Err(Refusal::InvalidRequest(
                    "use HTTP Basic or client_secret in the body, not both".into(),
                ));
            }
            if id.is_some_and(|id| id != basic.0) {
                return Err(Refusal::InvalidRequest(
                    "client_id in the body and in HTTP Basic differ".into(),
                ));
            }
            // RFC 6749, section 2.3.1: an empty secret may be left out, so one that is sent is none. A public client
            // that knows Basic only (requests-oauthlib) names itself in this way.
            if basic.1.is("") {
                return Ok(Self::Id(basic.0));
            }
            return Ok(Self::Secret {
                client_id: basic.0,
                secret: basic.1,
            });
        }
        Ok(match (id, secret) {
            (Some(id), Some(secret)) => Self::Secret {
                client_id: id.to_owned(),
                secret: Secret::new(secret.to_owned()),
            },
            (Some(id), None) => Self::Id(id.to_owned()),
            (None, Some(_)) => return Err(Refusal::InvalidClient),
            (None, None) => Self::Nothing,
        })
    }

    /// Whom the request claims to be, unproved. An assertion that does not say it may come with a `client_id`.
    #[must_use]
    pub fn claimed_client(&self) -> Option<String> {
        match self {
            Self::Assertion {
                client_id,
                assertion,
            } => assertion::claimed_client(assertion.expose()).or_else(|| client_id.clone()),
            Self::Id(client_id) | Self::Secret { client_id, .. } => Some(client_id.clone()),
            Self::Nothing => None,
        }
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<(String, Secret)>, Refusal> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let Some((scheme, encoded)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Ok(None);
    };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let decoded = STANDARD
        .decode(encoded.trim())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return Err(Refusal::InvalidClient);
    };
    // RFC 6749, section 2.3.1 form-encodes both. Ids and secrets have no character that encoding changes
    // but by `%`, so one decoding serves both habits.
    let decode = |text: &str| {
        form_urlencoded::parse(text.as_bytes())
            .next()
            .map_or_else(String::new, |(name, _)| name.into_owned())
    };
    Ok(Some((decode(id), Secret::new(decode(secret)))))
}

/// Every reason to refuse at token, revocation and introspection endpoints.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Code unknown, expired, another client's, another redirect URI, or the verifier does not fit.
    CodeUnusable,
    /// Code used before, presented again by its own client with the right verifier.
    CodeUsed,
    /// Grant past its end.
    GrantExpired,
    /// Grant ended by the person, the application or an operator.
    GrantRevoked,
    /// A client assertion that is not accepted, and why.
    Assertion(AssertionError),
    /// The application may not act.
    Inactive(String),
    /// Client unknown or not authenticated.
    InvalidClient,
    /// A parameter is missing, repeated or malformed.
    InvalidRequest(Cow<'static, str>),
    /// A lock-down holds.
    LockedDown,
    /// ONE_TIME applications cannot refresh.
    OneTime,
    /// Too many requests of this application or address; seconds to wait.
    RateLimited(i64),
    /// A retired refresh token.
    RefreshReused,
    /// Refresh token unknown, ended or another client's.
    RefreshUnusable,
    /// A refresh asked for more than it has.
    ScopeWidened,
    /// Another client's token at revocation.
    TokenOfAnother,
    /// The application is not registered for `refresh_token`.
    Unregistered,
    /// The store failed.
    Unavailable,
    /// Another grant type.
    UnsupportedGrantType,
}

impl Refusal {
    /// Status, registered code and machine reason for the audit: the one table.
    #[must_use]
    pub const fn wire(&self) -> (StatusCode, ErrorCode, &'static str) {
        match self {
            Self::CodeUnusable => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidGrant,
                "code_unusable",
            ),
            Self::CodeUsed => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidGrant,
                "code_replayed",
            ),
            Self::GrantExpired => (
                StatusCode::UNAUTHORIZED,
                ErrorCode::InvalidGrant,
                "grant_expired",
            ),
            Self::GrantRevoked => (
                StatusCode::FORBIDDEN,
                ErrorCode::InvalidGrant,
                "grant_revoked",
            ),
            Self::Inactive(_) => (
                StatusCode::FORBIDDEN,
                ErrorCode::InvalidClient,
                "application_inactive",
            ),
            Self::Assertion(_) => (
                StatusCode::UNAUTHORIZED,
                ErrorCode::InvalidClient,
                "client_assertion",
            ),
            Self::InvalidClient => (
                StatusCode::UNAUTHORIZED,
                ErrorCode::InvalidClient,
                "client_unauthenticated",
            ),
            Self::InvalidRequest(_) => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidRequest,
                "request_malformed",
            ),
            Self::LockedDown => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TemporarilyUnavailable,
                "locked_down",
            ),
            Self::OneTime => (StatusCode::FORBIDDEN, ErrorCode::InvalidGrant, "one_time"),
            Self::RateLimited(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::TemporarilyUnavailable,
                "rate_limited",
            ),
            Self::RefreshReused => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidGrant,
                "refresh_reused",
            ),
            Self::RefreshUnusable => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidGrant,
                "refresh_unusable",
            ),
            Self::ScopeWidened => (
                StatusCode::BAD_REQUEST,
                ErrorCode::InvalidScope,
                "scope_widened",
            ),
            Self::TokenOfAnother => (
                StatusCode::FORBIDDEN,
                ErrorCode::InvalidGrant,
                "token_of_another",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TemporarilyUnavailable,
                "store_unavailable",
            ),
            Self::Unregistered => (
                StatusCode::BAD_REQUEST,
                ErrorCode::UnauthorizedClient,
                "grant_type_unregistered",
            ),
            Self::UnsupportedGrantType => (
                StatusCode::BAD_REQUEST,
                ErrorCode::UnsupportedGrantType,
                "grant_type_unsupported",
            ),
        }
    }

    /// The words for the developer of the client. They say no more than the client may know.
    #[must_use]
    pub fn description(&self) -> Cow<'static, str> {
        match self {
            Self::CodeUnusable | Self::CodeUsed => "the authorization code cannot be used; start a new authorization".into(),
            Self::GrantExpired => "User access has timed out. To refresh Medicare data, end user must re-authenticate and consent to share their data.".into(),
            Self::GrantRevoked => "User access cannot be found. To refresh Medicare data, end user must re-authenticate and consent to share their data.".into(),
            Self::Inactive(name) => inactive_text(name).into(),
            Self::Assertion(error) => error.to_string().into(),
            Self::InvalidClient => "client authentication failed".into(),
            Self::InvalidRequest(text) => text.clone(),
            Self::LockedDown => bluegate_base::errors::INTERNAL_ISSUE.into(),
            Self::OneTime => "this application has one-time access and may not refresh".into(),
            Self::RateLimited(seconds) => format!("too many requests; wait {seconds} seconds").into(),
            Self::RefreshReused | Self::RefreshUnusable => "the refresh token cannot be used; start a new authorization".into(),
            Self::ScopeWidened => "a refresh may ask for the granted scopes or fewer".into(),
            Self::TokenOfAnother => "this token belongs to another application".into(),
            Self::Unavailable => "the service cannot answer now; try again".into(),
            Self::Unregistered => "this application is not registered for refresh_token".into(),
            Self::UnsupportedGrantType => "grant_type must be authorization_code or refresh_token".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn refusal(form: &str) -> Option<Refusal> {
        TokenRequest::parse(&Parameters::parse(form.as_bytes())).err()
    }

    fn credentials(authorization: Option<&str>, form: &str) -> Result<Credentials, Refusal> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        Credentials::parse(&headers, &Parameters::parse(form.as_bytes()))
    }

    #[test]
    fn grant_type_missing_or_other() {
        assert!(matches!(
            refusal("code=x"),
            Some(Refusal::InvalidRequest(_))
        ));
        assert_eq!(
            refusal("grant_type=password"),
            Some(Refusal::UnsupportedGrantType)
        );
    }

    #[test]
    fn verifier_missing_or_malformed_is_invalid_request() {
        assert!(matches!(
            refusal("grant_type=authorization_code&code=x"),
            Some(Refusal::InvalidRequest(_))
        ));
        assert!(matches!(
            refusal("grant_type=authorization_code&code=x&code_verifier=short"),
            Some(Refusal::InvalidRequest(_))
        ));
        assert_eq!(
            refusal(&format!(
                "grant_type=authorization_code&code=x&code_verifier={VERIFIER}"
            )),
            None
        );
    }

    #[test]
    fn two_authentication_methods_at_once_are_invalid_request() {
        let basic = "Basic YTpi"; // a:b
        assert!(matches!(
            credentials(Some(basic), "client_secret=b"),
            Err(Refusal::InvalidRequest(_))
        ));
        assert!(matches!(
            credentials(Some(basic), "client_id=c"),
            Err(Refusal::InvalidRequest(_))
        ));
        assert!(matches!(
            credentials(Some(basic), "client_id=a"),
            Ok(Credentials::Secret { .. })
        ));
    }

    #[test]
    fn a_stray_bearer_header_is_ignored() {
        assert!(matches!(
            credentials(Some("Bearer x"), "client_id=a"),
            Ok(Credentials::Id(_))
        ));
    }

    #[test]
    fn basic_credentials_may_be_form_encoded_or_not() {
        // `a%2Db:s` and `a-b:s`
        for value in ["Basic YSUyRGI6cw==", "Basic YS1iOnM="] {
            let Ok(Credentials::Secret { client_id, secret }) = credentials(Some(value), "") else {
                panic!()
            };
            assert_eq!(client_id, "a-b");
            assert!(secret.is("s"));
        }
    }

    #[test]
    fn an_empty_secret_is_none() {
        // `a:`
        let basic = Some("Basic YTo=");
        for (authorization, form) in [
            (basic, ""),
            (basic, "client_id=a"),
            (basic, "client_id=a&client_secret="),
            (None, "client_id=a&client_secret="),
        ] {
            let Ok(Credentials::Id(client_id)) = credentials(authorization, form) else {
                panic!("{form}")
            };
            assert_eq!(client_id, "a");
        }
        for two in ["client_secret=s", "client_id=b", "client_assertion=x.y.z"] {
            assert!(
                matches!(credentials(basic, two), Err(Refusal::InvalidRequest(_))),
                "{two}"
            );
        }
    }

    #[test]
    fn malformed_basic_is_invalid_client() {
        for value in ["Basic !!!", "Basic YQ=="] {
            assert!(
                matches!(credentials(Some(value), ""), Err(Refusal::InvalidClient)),
                "{value}"
            );
        }
    }
}
