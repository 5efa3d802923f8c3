//! Answers as they are built: JSON, OAuth errors, redirects and pages.

use axum::response::{IntoResponse, Response};
use bluegate_shared::oauth::{ErrorAnswer, ErrorCode};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, PRAGMA, REFERRER_POLICY,
    SET_COOKIE, WWW_AUTHENTICATE,
};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;

use crate::base::http::Reply;
use crate::oauth::token::Refusal;

/// A JSON body.
pub(crate) fn json<T: Serialize + ?Sized>(status: StatusCode, body: &T) -> Reply {
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    let mut reply = with_status(status, Bytes::from(bytes));
    set(&mut reply, CONTENT_TYPE, "application/json");
    reply
}

/// A public document that may be cached for a short time.
pub(crate) fn document<T: Serialize + ?Sized>(body: &T) -> Reply {
    let mut reply = json(StatusCode::OK, body);
    set(&mut reply, CACHE_CONTROL, "public, max-age=300");
    reply
}

/// The error body of routes that are not OAuth endpoints: `{"detail":…,"code":…}` (wire contract, 7.5). On a route
/// whose errors look otherwise, the layer around it says the same in that shape.
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Reply {
    let mut reply = json(status, &json!({ "detail": detail, "code": code }));
    set(&mut reply, CACHE_CONTROL, "no-store");
    reply.extensions_mut().insert(Told {
        code: code.to_owned(),
        detail: detail.to_owned(),
    });
    reply
}

/// What a [`problem`] tells.
#[derive(Clone)]
pub(crate) struct Told {
    /// Machine reason.
    pub(crate) code: String,
    /// Words for whoever makes the client.
    pub(crate) detail: String,
}

/// An OAuth error (RFC 6749, section 5.2), never cached.
pub(crate) fn oauth_error(
    status: StatusCode,
    error: ErrorCode,
    description: impl Into<std::borrow::Cow<'static, str>>,
) -> Reply {
    let mut reply = json(
        status,
        &ErrorAnswer {
            error: error.as_str().into(),
            error_description: description.into(),
        },
    );
    no_store(&mut reply);
    reply
}

/// A refusal at the token endpoint or its neighbours.
pub(crate) fn refusal(refusal: &Refusal) -> Reply {
    let (status, error, _) = refusal.wire();
    let mut reply = oauth_error(status, error, refusal.description());
    match refusal {
        Refusal::Assertion(_) | Refusal::InvalidClient => {
            set(&mut reply, WWW_AUTHENTICATE, "Basic realm=\"token\"")
        }
        Refusal::GrantExpired => set(
            &mut reply,
            WWW_AUTHENTICATE,
            "Bearer error=\"invalid_grant\"",
        ),
        Refusal::RateLimited(seconds) => {
            set(&mut reply, http::header::RETRY_AFTER, &seconds.to_string())
        }
        Refusal::LockedDown | Refusal::Unavailable => {
            set(&mut reply, http::header::RETRY_AFTER, "60")
        }
        _ => {}
    }
    reply
}

/// `Cache-Control: no-store` and, as the contract wants it, `Pragma: no-cache`.
pub(crate) fn no_store(reply: &mut Reply) {
    set(reply, CACHE_CONTROL, "no-store");
    set(reply, PRAGMA, "no-cache");
}

/// 303 to a URL that this gateway built itself or took from the store.
pub(crate) fn see_other(url: &str) -> Reply {
    let mut reply = with_status(StatusCode::SEE_OTHER, Bytes::new());
    if let Ok(value) = HeaderValue::from_str(url) {
        reply.headers_mut().insert(LOCATION, value);
    }
    set(&mut reply, REFERRER_POLICY, "no-referrer");
    set(&mut reply, CACHE_CONTROL, "no-store");
    reply
}

/// Where the forms of a page end: at the page that is shown in the end, after all redirects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Forms {
    /// On this site, or the page has none.
    StayHere,
    /// Perhaps on a site that nobody here can name: an application's, or the identity provider's.
    LeadElsewhere,
}

impl Forms {
    /// Browsers hold `form-action` against every redirect that follows a form (CSP 3, section 6.4.1), and what an
    /// application's callback redirects to is not known here; nor has CSP a source for an IPv6 address. So a page
    /// whose forms lead elsewhere says nothing about them (docs/contract/04-consent.md). What the directive would
    /// stop is a form that somebody else wrote into the page: its text is escaped by the templates.
    const fn directive(self) -> &'static str {
        match self {
            Self::StayHere => "; form-action 'self'",
            Self::LeadElsewhere => "",
        }
    }
}

/// A page.
pub(crate) fn page(status: StatusCode, html: String, forms: Forms) -> Reply {
    let mut reply = with_status(status, Bytes::from(html));
    set(&mut reply, CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut reply, CACHE_CONTROL, "no-store");
    set(&mut reply, REFERRER_POLICY, "no-referrer");
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'{}",
        forms.directive()
    );
    set(&mut reply, CONTENT_SECURITY_POLICY, &policy);
    reply
}

/// Adds a cookie.
pub(crate) fn add_cookie(reply: &mut Reply, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        reply.headers_mut().append(SET_COOKIE, value);
    }
}

/// Sets a header whose value is known to be one.
pub(crate) fn set(reply: &mut Reply, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

fn with_status(status: StatusCode, body: Bytes) -> Reply {
    let mut reply = Reply::new(body);
    *reply.status_mut() = status;
    reply
}

/// A reply on its way through the router.
pub(crate) struct Answer(pub(crate) Reply);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        self.0.map(axum::body::Body::from)
    }
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Self(reply)
    }
}

pub(crate) fn not_found() -> Answer {
    problem(StatusCode::NOT_FOUND, NOT_FOUND, "There is nothing here.").into()
}

/// The code of what belongs to no route.
pub(crate) const NOT_FOUND: &str = "not_found";

/// The code of what was too much.
pub(crate) const RATE_LIMITED: &str = "rate_limited";
