//! What an application is: docs/contract/09-applications.md.

use bluegate_shared::id::ClientId;
use bluegate_shared::scope::{Permissions, ScopeSet};

use bluegate_base::ports::UnixMillis;

/// A registered OAuth client.
#[derive(Clone, Debug)]
pub struct Application {
    /// Row id.
    pub id: i64,
    /// Client id.
    pub client_id: ClientId,
    /// Name that people see.
    pub name: String,
    /// SHA-256 of the client secret.
    pub secret_hash: Option<Vec<u8>>,
    /// How it authenticates.
    pub auth_method: AuthMethod,
    /// Registered redirect URIs, exactly as registered.
    pub redirect_uris: Vec<String>,
    /// Scopes it may ask for, narrowed already where it needs no demographics.
    pub scopes: ScopeSet,
    /// How long access lasts.
    pub data_access_type: DataAccessType,
    /// Whether it needs demographic information.
    pub requires_demographics: bool,
    /// RFC 9126: only pushed authorization requests are accepted.
    pub require_par: bool,
    /// `grant_types` of its registration: what it may use, and nothing else (RFC 7591, section 2).
    pub grant_types: GrantTypes,
    /// The metadata of its registration, as JSON text.
    pub metadata: String,
    /// Status.
    pub status: Status,
    /// Suspended by its developer, who may let it go on; otherwise only operators may.
    pub suspended_by_developer: bool,
    /// What an operator said who rejected it; nothing where it is not rejected.
    pub rejected_because: Option<String>,
    /// When it was registered.
    pub created_at: UnixMillis,
    /// When it was changed last.
    pub updated_at: UnixMillis,
}

impl Application {
    /// A client that cannot keep a secret (RFC 6749, section 2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.auth_method == AuthMethod::None
    }

    /// Everything that it may ask for.
    #[must_use]
    pub fn permissions(&self) -> Permissions {
        self.scopes.permissions()
    }

    /// What of scopes that it was given it may still have: its registration may have been narrowed since.
    #[must_use]
    pub fn still(&self, given: &ScopeSet) -> ScopeSet {
        given.within(self.permissions())
    }
}

/// `grant_types`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GrantTypes {
    /// `authorization_code`.
    pub authorization_code: bool,
    /// `refresh_token`.
    pub refresh_token: bool,
    /// `implicit`, which is off unless the operator turned it on.
    pub implicit: bool,
}

/// `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AuthMethod {
    /// HTTP Basic.
    ClientSecretBasic,
    /// In the form body.
    ClientSecretPost,
    /// Public client.
    None,
    /// RFC 7523.
    PrivateKeyJwt,
}

impl AuthMethod {
    /// All methods, in the order of the documents.
    pub const ALL: [Self; 4] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::None => "none",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    /// Whether it is one of the methods with a client secret.
    #[must_use]
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }

    /// Reads the registered name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// How long access lasts (docs/contract/04-consent.md).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DataAccessType {
    /// Ends with the access token; no refresh.
    OneTime,
    /// No end date.
    ResearchStudy,
    /// 13 calendar months from each consent.
    ThirteenMonth,
}

impl DataAccessType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ThirteenMonth, Self::OneTime, Self::ResearchStudy];

    /// As registered and stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneTime => "ONE_TIME",
            Self::ResearchStudy => "RESEARCH_STUDY",
            Self::ThirteenMonth => "THIRTEEN_MONTH",
        }
    }

    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether it may act.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It may.
    Active,
    /// Its developer deleted it.
    Deleted,
    /// It waits for an operator.
    Pending,
    /// An operator said no: it waits for its developer.
    Rejected,
    /// An operator or its developer stopped it.
    Suspended,
}

impl Status {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Pending => "pending",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
        }
    }

    /// Reads it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Active,
            Self::Deleted,
            Self::Pending,
            Self::Rejected,
            Self::Suspended,
        ]
        .into_iter()
        .find(|status| status.as_str() == text)
    }
}

/// The text for an application that may not act, on every route (docs/contract/02-authorize.md).
#[must_use]
pub fn inactive_text(name: &str) -> String {
    format!(
        "This application, {name}, is temporarily inactive. If you are the app maintainer, please contact the API team. \
         If you are a Medicare Beneficiary and need assistance, please contact the support team for the application you are trying to access."
    )
}
