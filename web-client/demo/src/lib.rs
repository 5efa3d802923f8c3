//! The demo page as a Spin component: static files, embedded when the component is built.
//!
//! [`answer`] decides what is sent for a request and is all there is to test; the component around it
//! only reads the variable `environment`, because the demo exists in the sandbox alone.

use http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

#[cfg(target_arch = "wasm32")]
mod component;

/// What the page may do: its own scripts and styles, WebAssembly, and calls to its own origin.
pub const CONTENT_SECURITY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// Bodies below this size are sent as they are (docs/contract/07-fhir.md, 7.5).
const COMPRESS_FROM: usize = 1024;

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// The path under `/demo/`; empty for the page itself.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub media_type: &'static str,
    /// A weak entity tag.
    pub etag: &'static str,
    /// The file.
    pub plain: &'static [u8],
    /// The file in gzip.
    pub gzip: &'static [u8],
}

/// The answer to a request for `path` (with its leading `/demo`) out of `assets`.
#[must_use]
pub fn answer(
    assets: &'static [Asset],
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Response<&'static [u8]> {
    let Some(asset) = find(assets, path) else {
        return plain(StatusCode::NOT_FOUND, b"not found\n");
    };
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, b"method not allowed\n");
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if matches(headers, asset.etag) {
        let mut response = Response::new(&[][..]);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        describe(response.headers_mut(), asset);
        return response;
    }

    let packed = asset.plain.len() >= COMPRESS_FROM
        && asset.gzip.len() < asset.plain.len()
        && accepts_gzip(headers);
    let body = if packed { asset.gzip } else { asset.plain };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    describe(headers, asset);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn find(assets: &'static [Asset], path: &str) -> Option<&'static Asset> {
    let rest = path.strip_prefix("/demo")?;
    let name = match rest {
        "" => "",
        _ => rest.strip_prefix('/')?,
    };
    assets.iter().find(|asset| asset.path == name)
}

/// Headers that a 200 and a 304 have in common (RFC 9110, section 15.4.5).
fn describe(headers: &mut HeaderMap, asset: &Asset) {
    secure(headers);
    headers.insert(ETAG, HeaderValue::from_static(asset.etag));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(kept(asset.path)));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
}

/// How long a browser keeps a file: a year where its name has a hash of what is in it, else it asks each time.
fn kept(path: &str) -> &'static str {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let hash = stem.rsplit_once('-').map_or("", |(_, hash)| hash);
    let is_hash = hash.len() == 8
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_hash {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    }
}

fn secure(headers: &mut HeaderMap) {
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn plain(status: StatusCode, text: &'static [u8]) -> Response<&'static [u8]> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    secure(headers);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Whether `If-None-Match` names this entity, compared weakly (RFC 9110, section 13.1.2).
fn matches(headers: &HeaderMap, etag: &str) -> bool {
    let opaque = etag.trim_start_matches("W/");
    list(headers, &IF_NONE_MATCH).any(|tag| tag == "*" || tag.trim_start_matches("W/") == opaque)
}

/// Whether `Accept-Encoding` allows gzip (RFC 9110, section 12.5.3); its own entry outranks `*`.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let mut any = false;
    let mut named = None;
    for entry in list(headers, &ACCEPT_ENCODING) {
        let (coding, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let allowed = parameters
            .trim()
            .strip_prefix("q=")
            .is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0));
        match coding.trim() {
            "*" => any = allowed,
            coding if coding.eq_ignore_ascii_case("gzip") => named = Some(allowed),
            _ => {}
        }
    }
    named.unwrap_or(any)
}

/// The members of a header that is a comma-separated list and may come in several lines.
fn list<'h>(headers: &'h HeaderMap, name: &http::HeaderName) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    static ASSETS: &[Asset] = &[
        Asset {
            path: "",
            media_type: "text/html; charset=utf-8",
            etag: "W/\"page\"",
            plain: b"<p>",
            gzip: b"packed",
        },
        Asset {
            path: "fhir-0A1B2C3D.wasm",
            media_type: "application/wasm",
            etag: "W/\"wasm\"",
            plain: &[7; 2000],
            gzip: &[8; 90],
        },
    ];

    fn ask(
        method: &Method,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Response<&'static [u8]> {
        let map = headers
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        answer(ASSETS, method, path, &map)
    }

    fn header<'r>(response: &'r Response<&[u8]>, name: &str) -> Option<&'r str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    #[test]
    fn page_is_served_with_and_without_the_trailing_slash() {
        for path in ["/demo", "/demo/"] {
            let response = ask(&Method::GET, path, &[]);
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(*response.body(), b"<p>");
            assert_eq!(
                header(&response, "content-security-policy"),
                Some(CONTENT_SECURITY)
            );
        }
    }

    #[test]
    fn anything_else_is_not_found() {
        for path in [
            "/demo/x",
            "/demo//",
            "/demo/index.html",
            "/demo/../demo/",
            "/demox",
            "/",
            "",
        ] {
            let response = ask(&Method::GET, path, &[]);
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(header(&response, "x-content-type-options"), Some("nosniff"));
        }
    }

    #[test]
    fn other_methods_are_refused_with_the_allowed_ones() {
        let response = ask(&Method::POST, "/demo/", &[]);
        assert_eq!(response.status(), 405);
        assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
    }

    #[test]
    fn webassembly_has_its_media_type_and_is_compressed_when_asked_for() {
        let path = "/demo/fhir-0A1B2C3D.wasm";
        for (accept, packed) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("gzip; q=0.0", false),
            ("br", false),
            ("", false),
        ] {
            let response = ask(&Method::GET, path, &[("accept-encoding", accept)]);
            assert_eq!(
                header(&response, "content-encoding"),
                packed.then_some("gzip"),
                "{accept:?}"
            );
            assert_eq!(header(&response, "content-type"), Some("application/wasm"));
            assert_eq!(header(&response, "vary"), Some("Accept-Encoding"));
            let length = response.body().len().to_string();
            assert_eq!(header(&response, "content-length"), Some(length.as_str()));
        }
    }

    #[test]
    fn what_has_a_hash_in_its_name_is_kept_for_a_year_and_nothing_else_is() {
        for path in [
            "app-WGUUSXUE.js",
            "fhir-0A1B2C3D.wasm",
            "en-XIYYPQCV-R6LKB5B6.js",
        ] {
            assert_eq!(kept(path), "public, max-age=31536000, immutable", "{path}");
        }
        for path in [
            "",
            "index.html",
            "app-short.js",
            "app-wguusxue.js",
            "WGUUSXUE.js",
            "a-WGUUSXUEX.js",
        ] {
            assert_eq!(kept(path), "no-cache", "{path}");
        }
        let answer = ask(&Method::GET, "/demo/fhir-0A1B2C3D.wasm", &[]);
        assert_eq!(
            header(&answer, "cache-control"),
            Some("public, max-age=31536000, immutable")
        );
    }

    #[test]
    fn small_files_are_not_compressed() {
        let response = ask(&Method::GET, "/demo/", &[("accept-encoding", "gzip")]);
        assert_eq!(header(&response, "content-encoding"), None);
    }

    #[test]
    fn known_entity_is_not_sent_again() {
        for tag in ["W/\"page\"", "\"page\"", "\"other\", W/\"page\"", "*"] {
            let response = ask(&Method::GET, "/demo/", &[("if-none-match", tag)]);
            assert_eq!(response.status(), 304, "{tag}");
            assert!(response.body().is_empty());
            assert_eq!(header(&response, "etag"), Some("W/\"page\""));
            assert_eq!(header(&response, "cache-control"), Some("no-cache"));
        }
        assert_eq!(
            ask(&Method::GET, "/demo/", &[("if-none-match", "\"other\"")]).status(),
            200
        );
    }
}
