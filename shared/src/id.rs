//! Newtypes for every identifier, so that one cannot stand where another is meant.
//!
//! None of them can be shortened, folded, trimmed or turned into a number. In December 2019 a 128-bit
//! subject was cut to 96 bits and people were shown other people's claims: [`Subject`] is the type that
//! makes this impossible to write.

use serde::Serialize;

/// The identity provider's `sub`: opaque, 1 to 255 bytes, kept exactly as sent (OpenID Connect Core,
/// section 2; docs/contract/03-sign-in.md).
///
/// It carries the length that was measured where the id_token was parsed, and the store checks the two
/// against each other. There is no way to take a part of it:
///
/// ```
/// use bluegate_shared::id::Subject;
/// let subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// let same = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// assert!(subject == same);
/// assert_eq!(subject.length(), 36);
/// ```
///
/// Slicing does not compile:
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// let shorter = &subject[..24];
/// ```
///
/// Neither does treating it as text:
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// let trimmed = subject.trim();
/// ```
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// let printed = subject.to_string();
/// ```
///
/// Nor shortening it in place:
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let mut subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// subject.truncate(24);
/// ```
///
/// Nor making it a number of any width:
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let subject = Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0").unwrap();
/// let number = u128::from(subject);
/// ```
///
/// Nor building one from parts:
///
/// ```compile_fail
/// use bluegate_shared::id::Subject;
/// let subject = Subject { bytes: Box::new([0; 12]), length: 16 };
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Subject {
    bytes: Box<[u8]>,
    length: usize,
}

impl Subject {
    /// Takes the `sub` claim as the JSON parser gave it and measures it.
    ///
    /// # Errors
    ///
    /// [`IdError::Subject`] where it is empty or longer than 255 bytes.
    pub fn parse(claim: &str) -> Result<Self, IdError> {
        if claim.is_empty() || claim.len() > 255 {
            return Err(IdError::Subject);
        }
        Ok(Self {
            bytes: claim.as_bytes().into(),
            length: claim.len(),
        })
    }

    /// The length in bytes that was measured at the id_token.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// All bytes, for the store and for keyed hashes.
    #[must_use]
    pub fn whole(&self) -> WholeSubject {
        WholeSubject(self.bytes.clone())
    }

    /// Whether it has the form that the provider promises.
    #[must_use]
    pub fn has_form(&self, form: SubjectForm) -> bool {
        match form {
            SubjectForm::Any => true,
            SubjectForm::Uuid => is_uuid(&self.bytes),
        }
    }
}

/// The bytes of a whole [`Subject`] on their way into a statement or a hash.
pub struct WholeSubject(Box<[u8]>);

impl From<WholeSubject> for Vec<u8> {
    fn from(whole: WholeSubject) -> Self {
        whole.0.into_vec()
    }
}

/// What the identity provider promises about its subjects.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SubjectForm {
    /// Nothing.
    Any,
    /// 36 characters of a UUID (RFC 9562): 128 bits.
    Uuid,
}

impl SubjectForm {
    /// Reads the variable `idp_subject_form`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "any" => Some(Self::Any),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }
}

/// The identity provider's issuer identifier, exactly as configured (OpenID Connect Core, section 2).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Issuer(String);

impl Issuer {
    /// Takes an issuer URL.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A FHIR logical id of a Patient at the claims backend: an optional minus sign and 1 to 19 digits.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PatientId(String);

impl PatientId {
    /// Reads the id, exactly.
    ///
    /// # Errors
    ///
    /// [`IdError::Patient`] where it is anything else. No sign `+`, no space, no other digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty()
            || digits.len() > 19
            || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(IdError::Patient);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as it stands in URLs and references.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An OAuth client identifier: 40 characters `[A-Za-z0-9]` (docs/contract/09-applications.md).
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ClientId(String);

impl ClientId {
    /// Reads the id, exactly.
    ///
    /// # Errors
    ///
    /// [`IdError::Client`] where it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(IdError::Client);
        }
        Ok(Self(text.to_owned()))
    }

    /// The 40 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An identifier that does not have its form.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum IdError {
    /// Not a client id.
    #[error("a client_id has 40 characters of A-Z a-z 0-9")]
    Client,
    /// Not a patient id.
    #[error("a patient id is an optional minus sign and 1 to 19 digits")]
    Patient,
    /// Not a subject.
    #[error("a subject has 1 to 255 bytes")]
    Subject,
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_1_and_255_bytes_are_kept_whole() {
        for text in ["x".to_owned(), "y".repeat(255), "ä".repeat(127)] {
            let subject = Subject::parse(&text).unwrap();
            assert_eq!(Vec::from(subject.whole()), text.as_bytes());
            assert_eq!(subject.length(), text.len());
        }
        assert_eq!(Subject::parse("").err(), Some(IdError::Subject));
        assert_eq!(
            Subject::parse(&"y".repeat(256)).err(),
            Some(IdError::Subject)
        );
    }

    #[test]
    fn subjects_that_differ_in_case_unicode_form_or_trailing_space_are_different() {
        for (a, b) in [("abc", "abC"), ("é", "e\u{301}"), ("abc", "abc ")] {
            assert!(Subject::parse(a).unwrap() != Subject::parse(b).unwrap());
        }
    }

    #[test]
    fn a_promised_uuid_is_checked() {
        let form = SubjectForm::Uuid;
        assert!(
            Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1be8f7f1c0")
                .unwrap()
                .has_form(form)
        );
        // 96 of 128 bits: what December 2019 looked like.
        assert!(
            !Subject::parse("1f0a9c66-5f52-4be5-a7b2-9d1b")
                .unwrap()
                .has_form(form)
        );
        assert!(
            !Subject::parse("1f0a9c66x5f52-4be5-a7b2-9d1be8f7f1c0")
                .unwrap()
                .has_form(form)
        );
    }

    #[test]
    fn patient_ids_keep_their_sign_and_digits() {
        assert_eq!(
            PatientId::parse("-20140000008325").unwrap().as_str(),
            "-20140000008325"
        );
        assert_ne!(
            PatientId::parse("-2014").unwrap(),
            PatientId::parse("-20140").unwrap()
        );
        for bad in [
            "",
            "-",
            "--1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "٣",
            "12345678901234567890",
            "Patient/1",
        ] {
            assert_eq!(
                PatientId::parse(bad).err(),
                Some(IdError::Patient),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn client_ids_have_40_alphanumeric_characters() {
        let id = "a1B2".repeat(10);
        assert_eq!(ClientId::parse(&id).unwrap().as_str(), id);
        assert!(ClientId::parse(&"a1B2".repeat(9)).is_err());
        assert!(ClientId::parse(&"a1B-".repeat(10)).is_err());
    }
}
