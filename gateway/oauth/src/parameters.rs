//! Raw parameters of a query or a form, in order, with repeats kept so that they can be refused.

use std::collections::HashSet;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// Decoded pairs of `application/x-www-form-urlencoded`.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    /// There were more than anybody needs: none was kept.
    too_many: bool,
}

impl Parameters {
    /// Reads a query string or a form body. Of more than 100 parameters none is read (docs/contract/02-authorize.md):
    /// then nothing is there, and [`Parameters::single`] says why.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        let first = pairs(encoded).into_owned().take(MOST_PARAMETERS + 1);
        Self::of_pairs(first.collect())
    }

    /// Reads a body by its `Content-Type`: a form, or the `multipart/form-data` that published Blue Button SDKs
    /// send (docs/contract/05-token-exchange.md, 5.1: 16 KiB, 16 parts, no files).
    ///
    /// # Errors
    ///
    /// [`NotAForm`] with what is wrong.
    pub async fn of_body(content_type: &str, body: &Bytes) -> Result<Self, NotAForm> {
        let essence = essence(content_type);
        if essence.eq_ignore_ascii_case(FORM) {
            return match Self::parse(body) {
                Self { too_many: true, .. } => Err(NotAForm(TOO_MANY)),
                read => Ok(read),
            };
        }
        if !essence.eq_ignore_ascii_case("multipart/form-data") {
            return Err(NotAForm(
                "send the parameters as application/x-www-form-urlencoded",
            ));
        }
        let boundary = multer::parse_boundary(content_type)
            .map_err(|_| NotAForm("the multipart body has no boundary"))?;
        if body.len() > MULTIPART_LIMIT {
            return Err(NotAForm("a multipart body may have 16 KiB"));
        }
        let whole = futures::stream::iter([Ok::<_, std::convert::Infallible>(body.clone())]);
        let mut parts = multer::Multipart::new(whole, boundary);
        let mut pairs = Vec::new();
        // Whoever sent it has it: what stands in it is not for our log.
        let unreadable = |_: multer::Error| NotAForm("the multipart body cannot be read");
        loop {
            let part = parts.next_field().await.map_err(unreadable)?;
            let Some(part) = part else {
                return Ok(Self::of_pairs(pairs));
            };
            if part.file_name().is_some() || pairs.len() == MULTIPART_PARTS {
                return Err(NotAForm("a multipart body may have 16 parts and no files"));
            }
            let name = part.name().unwrap_or_default().to_owned();
            let value = part.text().await.map_err(unreadable)?;
            pairs.push((name, value));
        }
    }

    /// Pairs that were read already.
    #[must_use]
    pub fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let too_many = pairs.len() > MOST_PARAMETERS;
        Self {
            pairs: if too_many { Vec::new() } else { pairs },
            too_many,
        }
    }

    /// The first value of a name, for forms of our own whose repeats mean nothing.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The pairs but those named.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let mut rest = self.clone();
        rest.pairs
            .retain(|(name, _)| !names.contains(&name.as_str()));
        rest
    }

    /// The pairs that are named, form-encoded again.
    #[must_use]
    pub fn encoded_only(&self, names: &[&str]) -> String {
        let kept = self
            .pairs
            .iter()
            .filter(|(name, _)| names.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .finish()
    }

    /// Whether all of them were read.
    ///
    /// # Errors
    ///
    /// [`ParameterError::TooMany`] where there were more than 100.
    pub const fn complete(&self) -> Result<(), ParameterError> {
        if self.too_many {
            Err(ParameterError::TooMany)
        } else {
            Ok(())
        }
    }

    /// The value of a parameter that may occur once. RFC 6749, section 3.1: one without a value counts as
    /// left out, and none may be repeated.
    ///
    /// # Errors
    ///
    /// [`ParameterError`] where it occurs more than once, or too many were sent to read any.
    pub fn single(&self, name: &'static str) -> Result<Option<&str>, ParameterError> {
        self.complete()?;
        let mut values = self
            .pairs
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(ParameterError::Repeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The name of any parameter that occurs more than once.
    #[must_use]
    pub fn any_repeated(&self) -> Option<&str> {
        let mut seen = HashSet::with_capacity(self.pairs.len());
        let names = self.pairs.iter().map(|(name, _)| name.as_str());
        names.into_iter().find(|name| !seen.insert(*name))
    }
}

/// The pairs of a query or of a form body, decoded as they are asked for.
#[must_use]
pub fn pairs(encoded: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(encoded)
}

/// Whether a request's body is a form.
#[must_use]
pub fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| essence(value).eq_ignore_ascii_case(FORM))
}

/// A media type without its parameters.
fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// A body without parameters that could be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NotAForm(pub &'static str);

const FORM: &str = "application/x-www-form-urlencoded";
const MOST_PARAMETERS: usize = 100;
const MULTIPART_LIMIT: usize = 16 * 1024;
const MULTIPART_PARTS: usize = 16;
const TOO_MANY: &str = "a request may have at most 100 parameters";

/// Why a parameter cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// One that must not be repeated was.
    #[error("{0} is given more than once")]
    Repeated(&'static str),
    /// There were too many to read any.
    #[error("{TOO_MANY}")]
    TooMany,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(content_type: &str, body: String) -> Result<Parameters, NotAForm> {
        futures::executor::block_on(Parameters::of_body(content_type, &body.into()))
    }

    #[test]
    fn multipart_is_read_with_its_limits() {
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let kind = "multipart/form-data; boundary=b";
        let read = body(
            kind,
            part("code", "x y&z") + &part("grant_type", "a") + "--b--\r\n",
        )
        .unwrap();
        assert_eq!(read.single("code"), Ok(Some("x y&z")));
        assert!(body(kind, part("a", "1").repeat(16) + "--b--\r\n").is_ok());
        assert!(body(kind, part("a", "1").repeat(17) + "--b--\r\n").is_err());
        assert!(body(kind, part("a", &"x".repeat(16 * 1024)) + "--b--\r\n").is_err());
        assert!(body(kind, "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n1\r\n--b--\r\n".to_owned()).is_err());
        assert!(body(kind, "garbage".to_owned()).is_err());
        assert!(body("multipart/form-data", part("a", "1")).is_err());
    }

    #[test]
    fn another_media_type_is_refused() {
        assert!(body("application/json", "{}".to_owned()).is_err());
        assert!(
            body(
                "application/x-www-form-urlencoded; charset=utf-8",
                "a=1".to_owned()
            )
            .is_ok()
        );
    }

    #[test]
    fn a_parameter_without_a_value_counts_as_left_out() {
        assert_eq!(Parameters::parse(b"state=&a=1").single("state"), Ok(None));
    }

    #[test]
    fn of_more_than_100_parameters_none_is_read() {
        let query =
            |count: usize| (0..count).map(|n| format!("p{n}=1&")).collect::<String>() + "a=1";
        let read = Parameters::parse(query(99).as_bytes());
        assert_eq!((read.single("a"), read.complete()), (Ok(Some("1")), Ok(())));
        let form = "application/x-www-form-urlencoded";
        assert!(body(form, query(99)).is_ok());
        for count in [100, 60_000] {
            let read = Parameters::parse(query(count).as_bytes());
            assert_eq!(read.single("a"), Err(ParameterError::TooMany));
            assert_eq!((read.first("a"), read.any_repeated()), (None, None));
            assert_eq!(read.encoded_only(&["a"]), "");
            assert!(body(form, query(count)).is_err());
        }
    }

    #[test]
    fn repeats_are_seen_even_when_identical() {
        let parameters = Parameters::parse(b"a=1&b=2&a=1");
        assert_eq!(parameters.single("a"), Err(ParameterError::Repeated("a")));
        assert_eq!(parameters.any_repeated(), Some("a"));
        assert_eq!(parameters.single("b"), Ok(Some("2")));
    }
}
