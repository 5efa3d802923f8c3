//! The identity provider, to which the gateway is an OpenID Connect relying party.
//!
//! `provider` talks to it, `id_token` verifies what it says. Which patient that is, and what comes of a sign-in, is
//! decided in `signin`.

pub mod id_token;
pub mod provider;

use http::StatusCode;

use crate::base::failure::Reason;
use crate::base::jwt::ClaimError;

/// Why a sign-in did not succeed. Each has a page in words and can be tried again.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignInError {
    /// The claims backend cannot be asked.
    #[error("the claims backend does not answer")]
    BackendUnavailable,
    /// The person turned back at the provider.
    #[error("the person cancelled the sign-in")]
    Cancelled,
    /// A claim of the id_token that is missing or of another type.
    #[error("the identity provider's answer cannot be trusted: in the id_token, {0}")]
    Claim(ClaimError),
    /// The id_token does not verify, or says something that it must not.
    #[error("the identity provider's answer cannot be trusted: {0}")]
    IdToken(&'static str),
    /// More than one patient has this Medicare number, or the link of docs/contract/03-sign-in.md would break.
    #[error("identity conflict")]
    IdentityConflict,
    /// No patient has this Medicare number, or the provider gave none.
    #[error("no patient for this person")]
    NotFound,
    /// The identity provider cannot be asked, or its documents are wrong.
    #[error("the identity provider cannot be used: {0}")]
    ProviderUnavailable(&'static str),
    /// The provider refused our code or our credentials.
    #[error("the identity provider refused the code")]
    Refused,
    /// A subject of another form than the provider promises.
    #[error("the subject does not have the promised form")]
    SubjectForm,
}

impl Reason for SignInError {
    /// Whatever of ours failed: the page says that it can be tried again.
    fn unavailable() -> Self {
        Self::BackendUnavailable
    }
}

impl SignInError {
    /// Machine reason for audit and page.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BackendUnavailable => "backend_unavailable",
            Self::Cancelled => "signin_cancelled",
            Self::Claim(_) | Self::IdToken(_) => "id_token_invalid",
            Self::IdentityConflict => "identity_conflict",
            Self::NotFound => "not_found",
            Self::ProviderUnavailable(_) => "provider_unavailable",
            Self::Refused => "signin_refused",
            Self::SubjectForm => "subject_form",
        }
    }
}

/// Status of a sign-in problem's page.
pub(crate) const fn status(error: SignInError) -> StatusCode {
    match error {
        SignInError::BackendUnavailable | SignInError::ProviderUnavailable(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        SignInError::Claim(_) | SignInError::IdToken(_) => StatusCode::BAD_GATEWAY,
        SignInError::IdentityConflict | SignInError::SubjectForm => StatusCode::FORBIDDEN,
        SignInError::NotFound => StatusCode::NOT_FOUND,
        SignInError::Cancelled | SignInError::Refused => StatusCode::BAD_REQUEST,
    }
}
