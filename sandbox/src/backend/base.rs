//! The server's idea of its own address, which every link is built on.

use http::HeaderMap;

use crate::config::Config;

/// The base URL of a version, without a trailing slash.
///
/// Behind a gateway that sends `X-Forwarded-Host` (and `-Proto`, `-Prefix`) links name the gateway, and the
/// sandbox's own path does not appear; otherwise they name the sandbox itself.
pub(super) fn url(config: &Config, headers: &HeaderMap, version: &str) -> String {
    let forwarded = |name: &str| {
        // A chain of proxies makes a list; the first entry is the outermost.
        let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        (!value.is_empty() && value.bytes().all(is_plain)).then_some(value)
    };
    match forwarded("x-forwarded-host") {
        Some(host) => {
            let proto = forwarded("x-forwarded-proto").unwrap_or("http");
            let prefix = forwarded("x-forwarded-prefix")
                .unwrap_or("")
                .trim_end_matches('/');
            format!("{proto}://{host}{prefix}/{version}/fhir")
        }
        None => format!("{}/sandbox/claims/{version}/fhir", config.public_base_url),
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'.' | b':' | b'-' | b'_' | b'/' | b'[' | b']' | b'~' | b'%'
        )
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn base(headers: &[(&'static str, &'static str)]) -> String {
        let config = Config {
            public_base_url: "http://127.0.0.1:3000".to_owned(),
            ..Config::default()
        };
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        url(&config, &headers.collect(), "v2")
    }

    #[test]
    fn links_name_the_outermost_address() {
        assert_eq!(base(&[]), "http://127.0.0.1:3000/sandbox/claims/v2/fhir");
        assert_eq!(
            base(&[("x-forwarded-host", "api.example.org")]),
            "http://api.example.org/v2/fhir"
        );
        assert_eq!(
            base(&[
                ("x-forwarded-host", "api.example.org, inner:80"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-prefix", "/blue/")
            ]),
            "https://api.example.org/blue/v2/fhir"
        );
        assert_eq!(
            base(&[("x-forwarded-host", "a\"b")]),
            "http://127.0.0.1:3000/sandbox/claims/v2/fhir"
        );
    }
}
