//! Raw parameters of a query or a form, in order, with repeats kept so that they can be refused.

/// Decoded pairs of `application/x-www-form-urlencoded`.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query string or a form body.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// Adds pairs that came by another way (a multipart body).
    pub fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// The value of a parameter that may occur once. RFC 6749, section 3.1: one without a value counts as
    /// left out, and none may be repeated.
    ///
    /// # Errors
    ///
    /// [`Repeated`] where it occurs more than once.
    pub fn single(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The name of any parameter that occurs more than once.
    #[must_use]
    pub fn any_repeated(&self) -> Option<&str> {
        self.0.iter().enumerate().find_map(|(index, (name, _))| {
            self.0
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier == name)
                .then_some(name.as_str())
        })
    }
}

/// A parameter that must not be repeated was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0} is given more than once")]
pub struct Repeated(pub &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_without_a_value_counts_as_left_out() {
        assert_eq!(Parameters::parse(b"state=&a=1").single("state"), Ok(None));
    }

    #[test]
    fn repeats_are_seen_even_when_identical() {
        let parameters = Parameters::parse(b"a=1&b=2&a=1");
        assert_eq!(parameters.single("a"), Err(Repeated("a")));
        assert_eq!(parameters.any_repeated(), Some("a"));
        assert_eq!(parameters.single("b"), Ok(Some("2")));
    }
}
