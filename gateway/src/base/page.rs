//! The pages that people see, in English and Spanish, from compile-time templates.

pub(crate) mod dates;
pub(crate) mod texts;

use askama::Template;
use bluegate_shared::scope::{Permissions, ResourceType, ScopeSet};
use http::header::{ACCEPT_LANGUAGE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::base::failure::Reason;
use crate::base::http::reply::{Forms, RATE_LIMITED, Told, page};
use crate::base::http::{Reply, Request, cookies};
use crate::base::identity_provider::SignInError;
use crate::base::language::Language;
use crate::base::limits::rate::Limited;
use crate::base::secret::Secret;
use crate::base::uri::PlainUri;
use crate::base::version::Version;
use crate::oauth::application::{DataAccessType, inactive_text};
use crate::oauth::parameters::Parameters;

use texts::Texts;

/// A link with an OAuth error, and whose it is.
pub(crate) struct WayBack {
    pub(crate) link: String,
    pub(crate) application: String,
}

/// The language of a page: `lang`, else what its address says, else what this browser chose before, else
/// `Accept-Language`.
pub(crate) fn language(request: &Request, lang: Option<&str>) -> Language {
    lang.and_then(Language::parse)
        .or_else(|| chosen_language(request))
        .unwrap_or_else(|| accepted(&request.headers))
}

/// The same by the headers alone.
pub(crate) fn language_of(headers: &HeaderMap) -> Language {
    remembered(headers).unwrap_or_else(|| accepted(headers))
}

fn accepted(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE);
    Language::accepted(accepted.and_then(|value| value.to_str().ok()))
}

/// What was chosen by `lang` of this request's query, or in this browser before: it goes before what was asked for
/// when a sign-in began.
pub(crate) fn chosen_language(request: &Request) -> Option<Language> {
    request
        .query
        .as_deref()
        .and_then(language_in)
        .or_else(|| remembered(&request.headers))
}

/// `lang` of a query.
pub(crate) fn language_in(query: &str) -> Option<Language> {
    let parameters = Parameters::parse(query.as_bytes());
    let lang = parameters.single("lang").ok().flatten();
    lang.and_then(Language::parse)
}

fn remembered(headers: &HeaderMap) -> Option<Language> {
    cookies::read(headers, LANGUAGE).and_then(Language::parse)
}

/// The `Set-Cookie` in which a browser keeps for a year the language that somebody chose: pages are left and come back
/// to by links that say nothing of it.
pub(crate) fn remember_language(language: Language, https: bool) -> String {
    let secure = if https { "; Secure" } else { "" };
    format!(
        "{LANGUAGE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}",
        language.tag()
    )
}

/// Its name: no secret, and the sandbox's sign-in writes it too.
const LANGUAGE: &str = "bg-lang";

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
    Cancelled,
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
    #[expect(
        clippy::needless_pass_by_value,
        reason = "for `map_err`: who counted has written the cause down"
    )]
    pub(crate) fn limited(limited: Limited) -> Self {
        match limited {
            Limited::Wait { seconds, .. } => Self::busy(seconds),
            Limited::Unavailable(_) => Self::unavailable(),
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
                SignInError::Cancelled => Kind::Cancelled,
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
    let template = ProblemPage {
        lang: language.tag(),
        told: in_both(language, |texts| words(&problem.kind, texts)),
        code: problem.code,
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

/// Heading and paragraphs.
const fn words(kind: &Kind, texts: &Texts) -> (&'static str, &'static str) {
    match kind {
        Kind::Application => (texts.application_heading, texts.application_text),
        Kind::Busy(_) => (texts.busy_heading, texts.busy_text),
        Kind::Cancelled => (texts.cancelled_heading, texts.cancelled_text),
        Kind::Expired => (texts.expired_heading, texts.expired_text),
        Kind::IdentityConflict => (texts.conflict_heading, texts.conflict_text),
        Kind::Inactive => (texts.inactive_heading, ""),
        Kind::LockedDown => (texts.unavailable_heading, texts.locked_text),
        Kind::NotFound => (texts.not_found_heading, texts.not_found_text),
        Kind::SignIn => (texts.sign_in_heading, texts.sign_in_text),
        Kind::Unavailable => (texts.unavailable_heading, texts.unavailable_text),
    }
}

/// The words in the page's language and, to be opened on the same page, in the other: what led here cannot be sent
/// again, so that no link could lead here in the other language.
fn in_both(
    language: Language,
    words: impl Fn(&'static Texts) -> (&'static str, &'static str),
) -> [InWords; 2] {
    [language, language.other()].map(|language| {
        let texts = Texts::of(language);
        let (heading, paragraphs) = words(texts);
        InWords {
            lang: language.tag(),
            texts,
            heading,
            paragraphs,
        }
    })
}

/// A problem in one language.
struct InWords {
    lang: &'static str,
    texts: &'static Texts,
    heading: &'static str,
    paragraphs: &'static str,
}

/// A request that came to no handler: its body was too large or late, or the gateway cannot work.
pub(crate) fn refused(
    language: Language,
    status: StatusCode,
    told: &Told,
    request_id: &str,
) -> Reply {
    let words = |texts: &'static Texts| {
        if status.is_server_error() {
            (texts.unavailable_heading, texts.unavailable_text)
        } else {
            (texts.request_heading, texts.request_text)
        }
    };
    let template = ProblemPage {
        lang: language.tag(),
        told: in_both(language, words),
        code: &told.code,
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

/// Where an address leads, for people; nothing of one that cannot be read.
pub(crate) fn leads(address: &str) -> Option<String> {
    PlainUri::parse(address).ok().map(|uri| uri.leads())
}

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
    told: [InWords; 2],
    code: &'a str,
    detail: &'a str,
    retry: Option<&'a str>,
    back: Option<&'a WayBack>,
    request_id: &'a str,
}
