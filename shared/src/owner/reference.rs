//! Whose a reference is, decided on its decoded text.

use super::Person;
use crate::id::PatientId;

/// What the text of a `reference` member refers to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// Another Patient.
    Foreign,
    /// No Patient.
    Other,
    /// The person.
    Own,
    /// A Patient in a form that cannot be compared: a third host, a search, a version, an escape.
    Unprovable,
}

impl Person<'_> {
    /// Reads the text of a `reference` member strictly: only `Patient/{id}` and `{base}/Patient/{id}` with one
    /// of the given bases say whose it is.
    pub(super) fn target(&self, reference: &str) -> Target {
        let local = self
            .bases
            .iter()
            .find_map(|base| reference.strip_prefix(base)?.strip_prefix('/'))
            .unwrap_or(reference);
        if let Some(id) = local.strip_prefix("Patient/") {
            if id == self.id.as_str() {
                return Target::Own;
            }
            return match PatientId::parse(id) {
                Ok(_) => Target::Foreign,
                Err(_) => Target::Unprovable,
            };
        }
        if names_patient(reference) || (reference.contains('%') && may_hide_patient(reference)) {
            return Target::Unprovable;
        }
        Target::Other
    }

    /// Whether any text mentions `Patient/{number}` with a number that is not the person's.
    ///
    /// This holds for every string under every key, so it looks for no more than the form that a reference
    /// has: `Patient/`, not inside a longer word, and digits. (Labels such as "Patient/caregiver training" and
    /// "Inpatient/outpatient" are no references.) Upper and lower case count alike.
    pub(super) fn mentions_another(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        // Most member names and codes are shorter than the shortest reference.
        if bytes.len() < b"Patient/1".len() {
            return false;
        }
        memchr::memchr_iter(b'/', bytes)
            .any(|slash| self.is_another_after(bytes, slash).unwrap_or(false))
    }

    fn is_another_after(&self, bytes: &[u8], slash: usize) -> Option<bool> {
        let word = slash.checked_sub(b"patient".len())?;
        if !bytes.get(word..slash)?.eq_ignore_ascii_case(b"patient") {
            return None;
        }
        if word
            .checked_sub(1)
            .is_some_and(|before| bytes[before].is_ascii_alphanumeric())
        {
            return None;
        }
        let rest = bytes.get(slash + 1..)?;
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = rest[sign..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        let (id, after) = rest.split_at(sign + digits);
        Some(
            id != self.id.as_str().as_bytes()
                || after.first().is_some_and(u8::is_ascii_alphanumeric),
        )
    }
}

/// Whether a part of the reference is the word Patient, in whatever case.
fn names_patient(reference: &str) -> bool {
    reference
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.eq_ignore_ascii_case("patient"))
}

/// Whether percent-decoding would bring the word Patient to light. Decoding goes on while it changes
/// anything, so that a doubly escaped reference is seen too.
fn may_hide_patient(reference: &str) -> bool {
    let mut text = reference.as_bytes().to_vec();
    for _ in 0..4 {
        let decoded = percent_decoded(&text);
        if names_patient(&String::from_utf8_lossy(&decoded)) {
            return true;
        }
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    // Still changing after four rounds: nobody writes references like that.
    true
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%'
            && let [high, low, ..] = *after
            && let (Some(high), Some(low)) = (hex(high), hex(low))
        {
            decoded.push(high << 4 | low);
            rest = &after[2..];
        } else {
            decoded.push(byte);
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASES: &[&str] = &[
        "https://api.example.com/v2/fhir",
        "http://backend:8080/x/v2/fhir",
    ];

    fn target(reference: &str) -> Target {
        let id = PatientId::parse("-2014").unwrap();
        Person::new(&id, BASES).target(reference)
    }

    fn mentions_another(text: &str) -> bool {
        let id = PatientId::parse("-2014").unwrap();
        Person::new(&id, BASES).mentions_another(text)
    }

    #[test]
    fn own_is_relative_or_absolute_with_a_known_base() {
        assert_eq!(target("Patient/-2014"), Target::Own);
        assert_eq!(
            target("https://api.example.com/v2/fhir/Patient/-2014"),
            Target::Own
        );
        assert_eq!(
            target("http://backend:8080/x/v2/fhir/Patient/-2014"),
            Target::Own
        );
    }

    #[test]
    fn another_number_is_foreign_however_alike() {
        for other in [
            "Patient/-20140",
            "Patient/-201",
            "Patient/2014",
            "Patient/-02014",
            "http://backend:8080/x/v2/fhir/Patient/7",
        ] {
            assert_eq!(target(other), Target::Foreign, "{other}");
        }
    }

    #[test]
    fn a_patient_in_any_other_form_is_unprovable() {
        for bad in [
            "https://third.example/v2/fhir/Patient/-2014",
            "https://api.example.com/v1/fhir/Patient/-2014",
            "Patient/-2014/_history/1",
            "Patient/-2014 ",
            " Patient/-2014",
            "Patient/-2014#x",
            "Patient/-2014|1",
            "Patient/",
            "Patient",
            "Patient?identifier=x",
            "patient/-2014",
            "PATIENT/-2014",
            "/Patient/-2014",
            "Patient%2F-2014",
            "%50atient/-2014",
            "%2550atient/-2014",
            "%25252525252550atient/1",
            "Patient/abc",
            "Patient/٣",
        ] {
            assert_eq!(target(bad), Target::Unprovable, "{bad}");
        }
    }

    #[test]
    fn what_names_no_patient_is_other() {
        for other in [
            "#provider-org",
            "Coverage/part-a--2014",
            "Organization/Patients",
            "urn:uuid:9",
            "",
            "100%",
            "Group/50%25",
        ] {
            assert_eq!(target(other), Target::Other, "{other}");
        }
    }

    #[test]
    fn text_under_any_key_may_mention_only_the_person() {
        for good in [
            "Patient/-2014",
            "https://third.example/Patient/-2014",
            "see Patient/-2014.",
            "Inpatient/1 day",
            "Patient/caregiver training",
            "https://bluebutton.cms.gov/resources/variables/bene_id",
            "/",
            "patient/",
            "patient/-",
        ] {
            assert!(!mentions_another(good), "{good}");
        }
        for bad in [
            "Patient/-20140",
            "https://third.example/x/Patient/7?a=b",
            "see patient/7.",
            "Patient/-2014 and Patient/8",
            "Patient/-2014x",
            "<a href=\"Patient/7\">",
        ] {
            assert!(mentions_another(bad), "{bad}");
        }
    }
}
