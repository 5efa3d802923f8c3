//! Redirect URIs: which may be registered, and which a request may name.

use super::application::Application;
use super::rules::Rules;
use bluegate_base::environment::Environment;
use bluegate_base::uri::{PlainUri, parse_port};

/// A redirect URI that belongs to a known, active application. Errors may be sent to nothing else
/// (RFC 6749, section 4.1.2.1), so the functions that redirect take only this.
#[derive(Clone, Debug)]
pub struct VerifiedRedirect {
    uri: String,
    given: bool,
    fragment: bool,
}

impl VerifiedRedirect {
    /// Finds the redirect URI of a request: an exact match with a registered one; for `http://127.0.0.1` and
    /// `http://[::1]` any port (RFC 8252, section 7.3); left out only where exactly one is registered.
    ///
    /// # Errors
    ///
    /// [`RedirectError`] in words; it is shown, never redirected.
    pub fn verify(
        application: &Application,
        requested: Option<&str>,
    ) -> Result<Self, RedirectError> {
        let Some(requested) = requested else {
            return match application.redirect_uris.as_slice() {
                [only] => Ok(Self {
                    uri: only.clone(),
                    given: false,
                    fragment: false,
                }),
                _ => Err(RedirectError::Missing),
            };
        };
        let matches = application.redirect_uris.iter().any(|registered| {
            registered == requested || same_but_for_loopback_port(registered, requested)
        });
        if !matches {
            return Err(RedirectError::Unregistered);
        }
        Ok(Self {
            uri: requested.to_owned(),
            given: true,
            fragment: false,
        })
    }

    /// One that the store kept after it was verified.
    pub const fn from_store(uri: String, given: bool) -> Self {
        Self {
            uri,
            given,
            fragment: false,
        }
    }

    /// The same, but answers go into the fragment (RFC 6749, section 4.2.2: the implicit flow alone).
    pub fn in_fragment(self) -> Self {
        Self {
            fragment: true,
            ..self
        }
    }

    /// The URI as requested.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Whether the request named it; the token request must then name the same (RFC 6749, section 4.1.3).
    #[must_use]
    pub const fn was_given(&self) -> bool {
        self.given
    }

    /// The URI with `parameters` added to its query, which is kept, or as its fragment.
    #[must_use]
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let separator = match (self.fragment, self.uri.contains('?')) {
            (true, _) => '#',
            (false, true) => '&',
            (false, false) => '?',
        };
        format!("{}{separator}{}", self.uri, query.finish())
    }
}

/// Why a request has no redirect URI.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RedirectError {
    /// None given where several are registered.
    #[error("redirect_uri is missing, and this application has registered more than one")]
    Missing,
    /// Not one of the registered ones.
    #[error(
        "redirect_uri is not one that this application has registered; they must be the same, character by character"
    )]
    Unregistered,
}

/// Checks a redirect URI at registration (docs/contract/09-applications.md).
///
/// # Errors
///
/// What is wrong with it, in words.
pub fn registrable(uri: &str, rules: &Rules<'_>) -> Result<(), &'static str> {
    if uri.contains('*') {
        return Err("must not have a wildcard");
    }
    let uri = PlainUri::parse(uri)?;
    if uri.has_fragment() {
        return Err("must not have a fragment");
    }
    // The answer is added to the query that is there: whoever reads the first value would read the registered one.
    if uri.query_names().any(|name| ANSWERS.contains(&&*name)) {
        return Err(
            "must not have a query parameter with a name that answers use, such as code or state",
        );
    }
    if rules.own_address.is_some_and(|own| uri.leads_to(own)) {
        return Err("must not be an address of this gateway");
    }
    match uri.scheme() {
        "https" => Ok(()),
        "http" if rules.environment == Environment::Sandbox || uri.is_loopback() => Ok(()),
        "http" => Err("must be https; http is for loopback addresses only"),
        // RFC 8252, section 7.1: a private-use scheme is a reversed domain name.
        scheme if scheme.contains('.') && scheme.split('.').all(|part| !part.is_empty()) => Ok(()),
        _ => Err(
            "must be https, or a custom scheme in reverse-domain form such as org.example.app:/callback",
        ),
    }
}

/// What authorization answers are made of (RFC 6749, RFC 9207, OpenID Connect).
const ANSWERS: [&str; 13] = [
    "access_token",
    "code",
    "error",
    "error_description",
    "error_uri",
    "expires_in",
    "id_token",
    "iss",
    "refresh_token",
    "response",
    "scope",
    "state",
    "token_type",
];

fn same_but_for_loopback_port(registered: &str, requested: &str) -> bool {
    let rest = |uri: &str| -> Option<(&'static str, String)> {
        for host in ["http://127.0.0.1", "http://[::1]"] {
            let after = match uri.strip_prefix(host) {
                Some(after) => after,
                None => continue,
            };
            let after = match after.strip_prefix(':') {
                Some(port) => {
                    let end = port
                        .find(|c: char| !c.is_ascii_digit())
                        .unwrap_or(port.len());
                    let (digits, after) = port.split_at(end);
                    parse_port(digits)?;
                    after
                }
                None => after,
            };
            if after.is_empty() || after.starts_with(['/', '?']) {
                return Some((host, after.to_owned()));
            }
        }
        None
    };
    matches!((rest(registered), rest(requested)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::tests::application;

    fn verify(registered: &[&str], requested: Option<&str>) -> Result<String, RedirectError> {
        let mut app = application();
        app.redirect_uris = registered.iter().map(|uri| (*uri).to_owned()).collect();
        VerifiedRedirect::verify(&app, requested).map(|redirect| redirect.as_str().to_owned())
    }

    #[test]
    fn an_exact_match_is_needed() {
        let registered = ["https://app.example/cb"];
        assert!(verify(&registered, Some("https://app.example/cb")).is_ok());
        for other in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://app.example/cb?x=1",
            "https://app.example:443/cb",
            "https://evil.example/cb",
            "http://app.example/cb",
        ] {
            assert_eq!(
                verify(&registered, Some(other)),
                Err(RedirectError::Unregistered),
                "{other}"
            );
        }
    }

    #[test]
    fn it_may_be_left_out_only_where_exactly_one_is_registered() {
        assert!(verify(&["https://a.example/"], None).is_ok());
        assert_eq!(
            verify(&["https://a.example/", "https://b.example/"], None),
            Err(RedirectError::Missing)
        );
    }

    #[test]
    fn loopback_addresses_match_on_any_port() {
        let registered = ["http://127.0.0.1/cb", "http://[::1]:5000/cb"];
        for uri in [
            "http://127.0.0.1:1234/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:9/cb",
        ] {
            assert!(verify(&registered, Some(uri)).is_ok(), "{uri}");
        }
        for uri in [
            "http://localhost:1234/cb",
            "http://127.0.0.1:1234/other",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:0080/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "https://127.0.0.1:1/cb",
        ] {
            assert_eq!(
                verify(&registered, Some(uri)),
                Err(RedirectError::Unregistered),
                "{uri}"
            );
        }
        // Only loopback: a registered name keeps its port.
        assert!(
            verify(
                &["http://localhost:3000/cb"],
                Some("http://localhost:3001/cb")
            )
            .is_err()
        );
    }

    const SANDBOX: Rules<'static> = Rules {
        environment: Environment::Sandbox,
        allow_implicit: false,
        jwks_origin: None,
        reserved_names: &[],
        own_address: Some("http://127.0.0.1:3000"),
    };

    #[test]
    fn registration_rules() {
        for uri in [
            "https://app.example/cb",
            "https://app.example/cb?codes=1&State=2",
            "http://anything.example/",
            "gov.cms.bluebutton.oauthtester:/callback",
            "http://127.0.0.1/cb",
        ] {
            assert_eq!(registrable(uri, &SANDBOX), Ok(()), "{uri}");
        }
        for uri in [
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp:/cb",
            "a..b:/cb",
            "a.:/cb",
            "https://*.example/cb",
            "https://a.example/#f",
            "https://a.example/#",
            "/relative",
            "https://u:p@a.example/",
            "vbscript:x",
            "file:///x",
            "https://a.example:0/",
            "https://a.example./",
            "https:/a.example/",
        ] {
            assert!(registrable(uri, &SANDBOX).is_err(), "{uri}");
        }
        let production = Rules {
            environment: Environment::Production,
            ..SANDBOX
        };
        assert!(registrable("http://anything.example/", &production).is_err());
        assert!(registrable("http://127.0.0.1/cb", &production).is_ok());
    }

    #[test]
    fn a_query_may_not_have_what_answers_are_made_of() {
        for query in [
            "code=x&state=y",
            "tenant=1&state=",
            "iss=https://evil.example",
            "error",
            "%63ode=x",
            "access_token=x",
            "id_token=x",
        ] {
            let uri = format!("https://a.example/cb?{query}");
            assert!(registrable(&uri, &SANDBOX).is_err(), "{uri}");
        }
    }

    #[test]
    fn this_gateway_is_nobodys_redirect_uri() {
        for uri in [
            "http://127.0.0.1:3000/account/",
            "http://127.0.0.1:3000",
            "http://localhost:3000/x",
            "http://[::1]:3000/x",
        ] {
            assert!(registrable(uri, &SANDBOX).is_err(), "{uri}");
        }
        let elsewhere = Rules {
            own_address: Some("https://gw.example"),
            ..SANDBOX
        };
        assert!(registrable("https://GW.example:443/x", &elsewhere).is_err());
        assert!(registrable("https://gw.example:8443/x", &elsewhere).is_ok());
    }

    #[test]
    fn parameters_are_added_to_a_query_that_is_kept() {
        let redirect = VerifiedRedirect::from_store("https://a.example/?x=1".to_owned(), true);
        assert_eq!(
            redirect.with(&[("code", "a b&c")]),
            "https://a.example/?x=1&code=a+b%26c"
        );
    }
}
