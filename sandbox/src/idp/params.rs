//! Query and form parameters where each name may come once (RFC 6749, section 3.1).

use http::{HeaderMap, header::CONTENT_TYPE};

/// Parameters by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

/// A parameter came twice.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Repeated(pub(super) String);

impl Params {
    /// Reads `application/x-www-form-urlencoded` text; empty values count as absent (RFC 6749, section 3.1).
    pub(super) fn parse(text: &[u8]) -> Result<Self, Repeated> {
        let mut found = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            if value.is_empty() {
                continue;
            }
            if found.get(&name).is_some() {
                return Err(Repeated(name.into_owned()));
            }
            found.0.push((name.into_owned(), value.into_owned()));
        }
        Ok(found)
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Whether the body is a form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_refused() {
        assert_eq!(
            Params::parse(b"a=1&b=2&a=1").unwrap_err(),
            Repeated("a".to_owned())
        );
        let params = Params::parse(b"a=1&b=&c=%C3%BC+x").unwrap();
        assert_eq!(
            (params.get("a"), params.get("b"), params.get("c")),
            (Some("1"), None, Some("ü x"))
        );
    }
}
