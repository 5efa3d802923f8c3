//! Whose a reference is, decided on its decoded text.

use bluegate_shared::id::PatientId;

use super::Person;

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
        (0..bytes.len())
            .filter(|at| bytes[*at] == b'/')
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
