//! Whose a reference is, decided on its decoded text.

use bluegate_shared::id::PatientId;

use super::Person;
use super::names::{Owned, names_people, owned};

/// What the text of a `reference` member refers to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// A resource in the same one.
    Contained,
    /// Another person.
    Foreign,
    /// A Coverage of another person.
    ForeignCoverage,
    /// Nobody.
    Nobody,
    /// A Coverage of the person.
    OwnCoverage,
    /// The person.
    OwnPatient,
    /// Perhaps somebody.
    Unprovable,
}

impl Person<'_> {
    /// Reads the text of a `reference` member strictly.
    pub(super) fn target(&self, reference: &str) -> Target {
        if let Some(id) = reference.strip_prefix('#') {
            return if is_id(id) {
                Target::Contained
            } else {
                Target::Unprovable
            };
        }
        let local = self
            .bases
            .iter()
            .find_map(|base| reference.strip_prefix(base)?.strip_prefix('/'))
            .unwrap_or(reference);
        if let Some(id) = local.strip_prefix("Patient/") {
            return match PatientId::parse(id) {
                Ok(id) if id == *self.id => Target::OwnPatient,
                Ok(_) => Target::Foreign,
                Err(_) => Target::Unprovable,
            };
        }
        if let Some(id) = local.strip_prefix("Coverage/") {
            return match beneficiary(id) {
                Some(number) if number == self.id.as_str() => Target::OwnCoverage,
                Some(_) => Target::ForeignCoverage,
                None => Target::Unprovable,
            };
        }
        let plain = self.readings_of(reference).and_then(|mut all| all.pop());
        if plain.is_some_and(|plain| names_nobody(&plain)) {
            Target::Nobody
        } else {
            Target::Unprovable
        }
    }
}

/// The number in the id of a Coverage.
fn beneficiary(id: &str) -> Option<String> {
    let id = id.strip_prefix("c4dic-").unwrap_or(id);
    let lower = id.to_ascii_lowercase();
    let prefix = ["part-a-", "part-b-", "part-c-", "part-d-", "dual-"]
        .into_iter()
        .find(|prefix| lower.starts_with(prefix))?;
    let rest = &id[prefix.len()..];
    let sign = if rest.starts_with('-') { "-" } else { "" };
    let mut parts = rest[sign.len()..].split('-');
    let digits = parts.next()?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => {}
        (Some(contract), Some(plan), None)
            if contract.len() == 5
                && contract
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
                && plan.len() == 3
                && plan.bytes().all(|b| b.is_ascii_digit()) => {}
        _ => return None,
    }
    Some(format!("{sign}{digits}"))
}

fn names_nobody(reference: &str) -> bool {
    let words: Vec<_> = reference
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::to_ascii_lowercase)
        .collect();
    if words.iter().any(|word| word == "patient")
        || reference.contains('?')
        || reference.contains('#')
    {
        return false;
    }
    if reference.contains(':') {
        let lower = reference.to_ascii_lowercase();
        let Some(scheme) = ["http://", "https://"]
            .iter()
            .find(|known| lower.starts_with(*known))
        else {
            return false;
        };
        let mut segments: Vec<_> = reference[scheme.len()..].split('/').collect();
        segments.remove(0);
        return is_of_no_person(segments, true);
    }
    if reference.contains('/') {
        return is_of_no_person(reference.split('/').collect(), false);
    }
    !names_people(reference) && !reference.contains(|c: char| c.is_ascii_digit())
}

/// Whether a path ends in the type and the id of something that is nobody.
fn is_of_no_person(mut segments: Vec<&str>, has_base: bool) -> bool {
    let length = segments.len();
    if length > 1
        && segments[length - 2] == "_history"
        && !segments[length - 1].is_empty()
        && is_id(segments[length - 1])
    {
        segments.truncate(length - 2);
    }
    let (Some(id), Some(kind)) = (segments.pop(), segments.pop()) else {
        return false;
    };
    let is_known = matches!(
        owned(kind),
        Owned::ByNobody | Owned::By(super::Key::Patient | super::Key::Subject)
    );
    is_known
        && !names_people(kind)
        && !id.is_empty()
        && is_id(id)
        && (has_base || segments.is_empty())
        && segments
            .iter()
            .all(|part| !["", ".", ".."].contains(part) && !names_people(part))
}

fn is_id(id: &str) -> bool {
    id.chars()
        .all(|c| c.is_ascii_alphanumeric() || ['-', '.', '_'].contains(&c))
}
