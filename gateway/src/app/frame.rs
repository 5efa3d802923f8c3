//! The layer around every answer, whoever made it: the shape of errors where they come from no handler, request id,
//! security headers, CORS, compression and `Content-Length`.

use bluegate_shared::oauth::ErrorCode;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN, VARY};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;

use crate::base::http::door::Refusal;
use crate::base::http::reply::{Told, add_cookie, json, no_store, set};
use crate::base::http::{Reply, compression};
use crate::base::language::Language;
use crate::base::page as pages;
use crate::base::version::Version;
use crate::fhir;

/// What the answer depends on beside the handler.
pub(crate) struct Frame {
    head: bool,
    accept_gzip: bool,
    https: bool,
    place: Place,
    /// What language a page has that no handler made.
    language: Language,
    /// The language that a page's address chooses: the browser keeps it.
    chosen: Option<Language>,
}

impl Frame {
    /// Of a request whose path has its one spelling.
    pub(crate) fn of(parts: &Parts, https: bool) -> Self {
        let place = Place::of(parts.uri.path());
        let is_page = place.surface == Surface::Page;
        let query = parts.uri.query().filter(|_| is_page);
        let chosen = query.and_then(pages::language_in);
        Self {
            head: parts.method == Method::HEAD,
            accept_gzip: compression::accepts_gzip(&parts.headers),
            https,
            place,
            language: match chosen {
                Some(language) => language,
                None if is_page => pages::language_of(&parts.headers),
                None => Language::English,
            },
            chosen,
        }
    }

    /// Of a request that could not be read.
    pub(crate) const fn of_nothing(https: bool) -> Self {
        Self {
            head: false,
            accept_gzip: false,
            https,
            place: Place {
                surface: Surface::Plain,
                cross_origin: false,
            },
            language: Language::English,
            chosen: None,
        }
    }

    /// The whole answer.
    pub(crate) fn around(&self, mut reply: Reply, request_id: &str) -> Reply {
        if reply.status() == StatusCode::METHOD_NOT_ALLOWED && reply.body().is_empty() {
            explain_method(&mut reply);
        }
        if let Some(told) = reply.extensions_mut().remove::<Told>() {
            self.shape(&mut reply, &told, request_id);
        }
        let mut reply = compression::compress(reply, self.accept_gzip);
        if let Ok(value) = HeaderValue::from_str(request_id) {
            reply.headers_mut().insert(X_REQUEST_ID, value);
        }
        self.add_common_headers(&mut reply);
        // RFC 9110, section 8.6: with these two there is none.
        if !matches!(
            reply.status(),
            StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
        ) {
            let length = HeaderValue::from(reply.body().len());
            reply.headers_mut().insert(CONTENT_LENGTH, length);
        }
        if self.head {
            *reply.body_mut() = Bytes::new();
        }
        reply
    }

    /// A problem that no handler told in the words of its route.
    fn shape(&self, reply: &mut Reply, told: &Told, request_id: &str) {
        // An unknown path or method belongs to no route, whatever it begins with (docs/contract/01-routes.md).
        let is_nowhere =
            told.code == crate::base::http::reply::NOT_FOUND || Refusal::Method.is(told);
        match self.place.surface {
            Surface::Fhir(Version::V3) => {
                let outcome =
                    fhir::refusal::operation_outcome(reply.status(), &told.code, &told.detail);
                *reply.body_mut() = Bytes::from(outcome.to_string());
                set(reply, CONTENT_TYPE, "application/fhir+json");
            }
            Surface::OAuth if !is_nowhere => {
                let status = reply.status();
                let error = if status.is_server_error() {
                    ErrorCode::TemporarilyUnavailable
                } else {
                    ErrorCode::InvalidRequest
                };
                let mut body = json(
                    status,
                    &json!({
                        "error": error.as_str(),
                        "error_description": told.detail,
                        "code": told.code,
                    }),
                );
                no_store(&mut body);
                replace(reply, body);
            }
            Surface::Page if !is_nowhere => {
                let page = pages::refused(self.language, reply.status(), told, request_id);
                replace(reply, page);
            }
            _ => {}
        }
    }

    fn add_common_headers(&self, reply: &mut Reply) {
        set(
            reply,
            HeaderName::from_static("x-content-type-options"),
            "nosniff",
        );
        // Pages have one of their own. Whatever else a browser is led to open is neither run nor framed.
        if !reply.headers().contains_key(CONTENT_SECURITY_POLICY) {
            reply.headers_mut().insert(
                CONTENT_SECURITY_POLICY,
                HeaderValue::from_static(
                    "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
                ),
            );
        }
        if self.https {
            set(
                reply,
                HeaderName::from_static("strict-transport-security"),
                "max-age=31536000; includeSubDomains",
            );
        }
        if let Some(language) = self.chosen {
            add_cookie(reply, &pages::remember_language(language, self.https));
        }
        if self.place.cross_origin {
            set(
                reply,
                HeaderName::from_static("access-control-allow-origin"),
                "*",
            );
            set(
                reply,
                HeaderName::from_static("access-control-expose-headers"),
                "ETag, WWW-Authenticate, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID, Location",
            );
        }
        if !reply.headers().contains_key(VARY) {
            set(reply, VARY, "Accept-Encoding");
        }
    }

    /// The answer to a CORS preflight: the methods that the route has.
    pub(crate) fn preflight(&self, asked: &HeaderMap, methods: HeaderValue) -> Reply {
        let mut reply = Reply::new(Bytes::new());
        *reply.status_mut() = StatusCode::NO_CONTENT;
        if self.place.cross_origin && asked.contains_key(ORIGIN) {
            reply
                .headers_mut()
                .insert("access-control-allow-methods", methods.clone());
            set(
                &mut reply,
                HeaderName::from_static("access-control-allow-headers"),
                "Authorization, Content-Type, Prefer, If-None-Match, traceparent, X-Request-ID, X-Requested-With, Cache-Control",
            );
            set(
                &mut reply,
                HeaderName::from_static("access-control-max-age"),
                "86400",
            );
        }
        reply.headers_mut().insert(ALLOW, methods);
        reply
    }
}

/// The body of the one, with the headers of both.
fn replace(reply: &mut Reply, other: Reply) {
    let (parts, body) = other.into_parts();
    reply.headers_mut().extend(parts.headers);
    *reply.body_mut() = body;
}

/// The router's own answer has no body; ours always say what happened.
fn explain_method(reply: &mut Reply) {
    let allow = reply.headers().get(ALLOW).cloned();
    *reply = Refusal::Method.reply();
    if let Some(allow) = allow {
        reply.headers_mut().insert(ALLOW, allow);
    }
}

/// Where a path leads, as far as that decides what an answer looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Place {
    surface: Surface,
    /// For web applications of other origins, without cookies (wire contract, 7.5).
    cross_origin: bool,
}

/// Which shape errors have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Surface {
    /// `detail` and `code`; on v3 an OperationOutcome (wire contract, 7.5).
    Fhir(Version),
    /// RFC 6749, section 5.2.
    OAuth,
    /// For people.
    Page,
    /// `detail` and `code`.
    Plain,
}

impl Place {
    fn of(path: &str) -> Self {
        let mut segments = path.strip_suffix('/').unwrap_or(path).split('/').skip(1);
        let mut next = || segments.next().unwrap_or_default();
        let (first, second, third) = (next(), next(), next());
        let (surface, cross_origin) = match (Version::parse(first), first, second, third) {
            (Some(version), _, "fhir" | "connect", _) => (Surface::Fhir(version), true),
            (Some(_), _, "o", "authorize") => (Surface::Page, false),
            (Some(_), _, "o", _) => (Surface::OAuth, true),
            (_, "connect", _, _) => (Surface::Fhir(Version::V2), true),
            (_, ".well-known", _, _) => (Surface::Plain, true),
            (_, "o", "register", _) => (Surface::OAuth, true),
            (_, "account" | "developer" | "docs" | "signin" | "signout", _, _) => {
                (Surface::Page, false)
            }
            _ => (Surface::Plain, false),
        };
        Self {
            surface,
            cross_origin,
        }
    }
}

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_shape_of_errors_and_its_origins() {
        use Surface::{Fhir, OAuth, Page, Plain};
        for (path, surface, cross_origin) in [
            ("/v1/fhir/Patient/-1", Fhir(Version::V1), true),
            ("/v3/fhir/Coverage/", Fhir(Version::V3), true),
            ("/v3/connect/userinfo", Fhir(Version::V3), true),
            ("/connect/userinfo/", Fhir(Version::V2), true),
            ("/v2/o/token/", OAuth, true),
            ("/v2/o/par", OAuth, true),
            ("/o/register/x/logo", OAuth, true),
            ("/v2/o/authorize/", Page, false),
            ("/v3/o/authorize/consent", Page, false),
            ("/account", Page, false),
            ("/developer/applications/x", Page, false),
            ("/signin/callback", Page, false),
            ("/.well-known/openid-configuration", Plain, true),
            ("/o/logo/x", Plain, false),
            ("/ops/tick", Plain, false),
            ("/v4/fhir/Patient", Plain, false),
            ("/", Plain, false),
            ("", Plain, false),
        ] {
            let place = Place::of(path);
            assert_eq!(
                (place.surface, place.cross_origin),
                (surface, cross_origin),
                "{path}"
            );
        }
    }
}
