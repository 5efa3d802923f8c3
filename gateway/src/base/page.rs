//! The pages that people see, in English and Spanish, from compile-time templates.

pub(crate) mod dates;
pub(crate) mod texts;

use askama::Template;
use bluegate_shared::scope::{Permissions, ResourceType, ScopeSet};
use http::header::{ACCEPT_LANGUAGE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::base::failure::Reason;
use crate::base::http::reply::{Forms, RATE_LIMITED, Told, page};
use crate::base::http::{Reply, Request};
use crate::base::identity_provider::SignInError;
use crate::base::language::Language;
use crate::base::limits::rate::Limited;
use crate::base::secret::Secret;
use crate::base::version::Version;
use crate::oauth::application::{DataAccessType, inactive_text};

use texts::Texts;

/// A link with an OAuth error, and whose it is.
pub(crate) struct WayBack {
    pub(crate) link: String,
    pub(crate) application: String,
}

/// The language of a page: `lang`, else `Accept-Language`.
pub(crate) fn language(request: &Request, lang: Option<&str>) -> Language {
    lang.and_then(Language::parse).unwrap_or_else(|| {
        Language::accepted(
            request
                .headers
                .get(ACCEPT_LANGUAGE)
                .and_then(|value| value.to_str().ok()),
        )
    })
}

/// The address of the consent page of a transaction.
pub(crate) fn consent_path(version: Version, transaction: &Secret) -> String {
    let encoded: String =
        form_urlencoded::byte_serialize(transaction.expose().as_bytes()).collect();
    format!(
        "/{}/o/authorize/consent?transaction={encoded}",
        version.segment()
    )
}

/// Something that went wrong, told to a person.
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    kind: Kind,
    /// For the maintainer of the application.
    detail: String,
    retry: Option<String>,
    /// The way back to the application.
    back: Option<Box<WayBack>>,
}

enum Kind {
    Application,
    /// Seconds to wait.
    Busy(i64),
    Expired,
    IdentityConflict,
    Inactive,
    LockedDown,
    NotFound,
    SignIn,
    Unavailable,
}

impl Reason for Problem {
    fn unavailable() -> Self {
        Self::unavailable()
    }
}

impl Problem {
    /// `client_id` missing, repeated or unknown.
    pub(crate) const fn client(detail: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_client",
            kind: Kind::Application,
            detail,
            retry: None,
            back: None,
        }
    }

    /// `redirect_uri` not verified.
    pub(crate) const fn redirect(detail: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_redirect_uri",
            kind: Kind::Application,
            detail,
            retry: None,
            back: None,
        }
    }

    /// A request that cannot be read.
    pub(crate) const fn request(detail: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_request",
            kind: Kind::Application,
            detail,
            retry: None,
            back: None,
        }
    }

    /// `request_uri` that stands for nothing.
    pub(crate) const fn request_uri(detail: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_request_uri",
            kind: Kind::Application,
            detail,
            retry: None,
            back: None,
        }
    }

    /// Suspended or pending application.
    pub(crate) fn inactive(name: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "application_inactive",
            kind: Kind::Inactive,
            detail: inactive_text(name),
            retry: None,
            back: None,
        }
    }

    /// The transaction is unknown, expired, decided or another browser's.
    pub(crate) const fn expired() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "transaction_expired",
            kind: Kind::Expired,
            detail: String::new(),
            retry: None,
            back: None,
        }
    }

    /// A lock-down holds.
    pub(crate) const fn locked_down() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "locked_down",
            kind: Kind::LockedDown,
            detail: String::new(),
            retry: None,
            back: None,
        }
    }

    /// The store or the platform failed.
    pub(crate) const fn unavailable() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "store_unavailable",
            kind: Kind::Unavailable,
            detail: String::new(),
            retry: None,
            back: None,
        }
    }

    /// Too many requests of this application or address.
    pub(crate) fn limited(limited: Limited) -> Self {
        match limited {
            Limited::Wait { seconds, .. } => Self::busy(seconds),
            Limited::Unavailable => Self::unavailable(),
        }
    }

    /// The same, with the seconds to wait.
    pub(crate) const fn busy(seconds: i64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            code: RATE_LIMITED,
            kind: Kind::Busy(seconds),
            detail: String::new(),
            retry: None,
            back: None,
        }
    }

    /// A sign-in that can be tried again.
    pub(crate) fn sign_in(error: SignInError, version: Version, transaction: &Secret) -> Self {
        let retry = format!("{}&another=1", consent_path(version, transaction));
        Self::signing_in(error, retry)
    }

    /// A sign-in at `/account/` that can be tried again.
    pub(crate) fn account_sign_in(error: SignInError) -> Self {
        Self::signing_in(error, "/account/".to_owned())
    }

    fn signing_in(error: SignInError, retry: String) -> Self {
        Self {
            status: crate::base::identity_provider::status(error),
            code: error.code(),
            kind: match error {
                SignInError::IdentityConflict => Kind::IdentityConflict,
                SignInError::NotFound => Kind::NotFound,
                SignInError::BackendUnavailable | SignInError::ProviderUnavailable(_) => {
                    Kind::Unavailable
                }
                _ => Kind::SignIn,
            },
            detail: String::new(),
            retry: Some(retry),
            back: None,
        }
    }

    /// With the way back to the application, where there is one.
    pub(crate) fn back(self, back: Option<WayBack>) -> Self {
        Self {
            back: back.map(Box::new),
            ..self
        }
    }

    /// With what can be pressed to try again.
    pub(crate) fn again(self, link: String) -> Self {
        Self {
            retry: Some(link),
            ..self
        }
    }

    /// Whether a person can do nothing here but go back to the application.
    pub(crate) const fn leads_back(&self) -> bool {
        matches!(self.kind, Kind::Expired)
    }

    /// Machine reason.
    pub(crate) const fn code(&self) -> &'static str {
        self.code
    }
}

/// The page of a problem, with its code in `<meta name="error-code">`.
pub(crate) fn problem(request: &Request, language: Language, problem: &Problem) -> Reply {
    let texts = Texts::of(language);
    let (heading, paragraphs) = match problem.kind {
        Kind::Application => (texts.application_heading, texts.application_text),
        Kind::Busy(_) => (texts.busy_heading, texts.busy_text),
        Kind::Expired => (texts.expired_heading, texts.expired_text),
        Kind::IdentityConflict => (texts.conflict_heading, texts.conflict_text),
        Kind::Inactive => (texts.inactive_heading, ""),
        Kind::LockedDown => (texts.unavailable_heading, texts.locked_text),
        Kind::NotFound => (texts.not_found_heading, texts.not_found_text),
        Kind::SignIn => (texts.sign_in_heading, texts.sign_in_text),
        Kind::Unavailable => (texts.unavailable_heading, texts.unavailable_text),
    };
    let template = ProblemPage {
        lang: language.tag(),
        texts,
        code: problem.code,
        heading,
        paragraphs,
        detail: &problem.detail,
        retry: problem.retry.as_deref(),
        back: problem.back.as_deref(),
        request_id: &request.request_id,
    };
    let mut reply = page(
        problem.status,
        template.render().unwrap_or_default(),
        Forms::StayHere,
    );
    let wait = match problem.kind {
        Kind::Busy(seconds) => Some(seconds),
        Kind::LockedDown => Some(LOCKED_DOWN_S),
        _ => None,
    };
    if let Some(seconds) = wait {
        reply
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    reply
}

/// A request that came to no handler: its body was too large or late, or the gateway cannot work.
pub(crate) fn refused(
    language: Language,
    status: StatusCode,
    told: &Told,
    request_id: &str,
) -> Reply {
    let texts = Texts::of(language);
    let (heading, paragraphs) = if status.is_server_error() {
        (texts.unavailable_heading, texts.unavailable_text)
    } else {
        (texts.request_heading, texts.request_text)
    };
    let template = ProblemPage {
        lang: language.tag(),
        texts,
        code: &told.code,
        heading,
        paragraphs,
        detail: &told.detail,
        retry: None,
        back: None,
        request_id,
    };
    page(
        status,
        template.render().unwrap_or_default(),
        Forms::StayHere,
    )
}

/// `Retry-After` while a lock-down holds.
const LOCKED_DOWN_S: i64 = 60;

/// What these scopes let an application see, in words.
pub(crate) fn seen(scopes: &ScopeSet, texts: &'static Texts) -> Vec<&'static str> {
    let permissions = scopes.permissions();
    let of = |resource| Permissions::read(resource).union(Permissions::search(resource));
    [
        (of(ResourceType::ExplanationOfBenefit), texts.item_claims),
        (of(ResourceType::Coverage), texts.item_coverage),
        (of(ResourceType::Patient), texts.item_patient),
        (Permissions::PROFILE, texts.item_profile),
    ]
    .into_iter()
    .filter(|(needed, _)| permissions.intersects(*needed))
    .map(|(_, text)| text)
    .collect()
}

/// How long access lasts, in words.
pub(crate) const fn length(kind: DataAccessType, texts: &'static Texts) -> &'static str {
    match kind {
        DataAccessType::OneTime => texts.length_one_time,
        DataAccessType::ResearchStudy => texts.length_research,
        DataAccessType::ThirteenMonth => texts.length_thirteen_months,
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    lang: &'a str,
    texts: &'static Texts,
    code: &'a str,
    heading: &'a str,
    paragraphs: &'a str,
    detail: &'a str,
    retry: Option<&'a str>,
    back: Option<&'a WayBack>,
    request_id: &'a str,
}
