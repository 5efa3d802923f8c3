//! The bearer token of a request (RFC 6750, section 2.1): the one reader of it.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// What the header `Authorization` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bearer<'a> {
    /// It has the scheme and no token, or cannot be read, or is there twice.
    Malformed,
    /// It is not there, or has another scheme.
    Missing,
    /// Whatever follows the scheme.
    Token(&'a str),
}

impl<'a> Bearer<'a> {
    /// Reads it. The scheme has no case (RFC 9110, section 11.1); two headers are never believed.
    pub fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self::Missing;
        };
        let (None, Ok(value)) = (values.next(), value.to_str()) else {
            return Self::Malformed;
        };
        let value = value.trim();
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Self::Missing;
        }
        match token.trim() {
            "" => Self::Malformed,
            token => Self::Token(token),
        }
    }

    /// The token, where there is one.
    pub const fn token(self) -> Option<&'a str> {
        match self {
            Self::Token(token) => Some(token),
            Self::Malformed | Self::Missing => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(AUTHORIZATION, value);
        }
        headers
    }

    #[test]
    fn the_scheme_has_no_case_and_another_one_is_no_bearer() {
        for (value, expected) in [
            ("Bearer abc", Bearer::Token("abc")),
            ("bearer abc", Bearer::Token("abc")),
            ("BEARER   abc ", Bearer::Token("abc")),
            ("Bearer", Bearer::Malformed),
            ("Bearer ", Bearer::Malformed),
            ("Bearer é", Bearer::Malformed),
            ("Basic YTpi", Bearer::Missing),
            ("Bearerabc", Bearer::Missing),
            ("", Bearer::Missing),
        ] {
            assert_eq!(Bearer::of(&headers(&[value])), expected, "{value:?}");
        }
        assert_eq!(Bearer::of(&headers(&[])), Bearer::Missing);
        let twice = headers(&["Bearer a", "Bearer a"]);
        assert_eq!(Bearer::of(&twice), Bearer::Malformed);
    }
}
