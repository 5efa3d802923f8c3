//! The owner scan of the release guard (docs/contract/07-fhir.md, 7.4).
//!
//! One streaming pass over an answer of the claims backend proves that every resource in it belongs to one
//! person, or says why that is not proved. Nothing is built from the answer but a few facts and byte spans,
//! so that whoever rewrites links afterwards copies every other byte untouched. The whole text is held against
//! the grammar (RFC 8259), as strictly as `serde_json` does it: UTF-8, escapes, numbers, nesting (127 levels),
//! trailing bytes. Whose the resources are is decided on the decoded text.
//!
//! What is proved:
//!
//! - the resource has the type that was asked for, in a Bundle each entry has it;
//! - `Patient.id`, `Coverage.beneficiary.reference` or `ExplanationOfBenefit.patient.reference` is there, once,
//!   and is the person's (relative, or absolute with one of the given bases);
//! - whatever else names a person, or is named by an id made from a person's, is the person's own, at any depth and
//!   under any key: references, ids of Coverages, identifiers, contained resources. `docs/guard.md` has the rules;
//! - no member that one of these decisions rests on occurs twice in its object.
//!
//! v3 answers for a person whose records were merged carry `Patient.link` to the person's other ids. The scan
//! knows one id only, and the backend's word that two ids are one person is exactly what is not believed
//! here, so such a Patient is not proved ([`Reason::LinkedPatient`]).

mod mention;
mod names;
mod reference;
mod walk;

use std::borrow::Cow;
use std::ops::Range;

use crate::id::PatientId;
use crate::scope::ResourceType;

/// The person of the grant, and the bases that an absolute reference to that person may have.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    id: &'a PatientId,
    bases: &'a [&'a str],
    alias: Option<&'a str>,
}

impl<'a> Person<'a> {
    /// `bases` are FHIR bases without a trailing slash: `https://api.example.com/v2/fhir`.
    #[must_use]
    pub const fn new(id: &'a PatientId, bases: &'a [&'a str]) -> Self {
        Self {
            id,
            bases,
            alias: None,
        }
    }

    /// The same person, by whom an answer means this id too. Insurance cards number the person anew each time; that
    /// the Patient of this id is the person is for the caller to show.
    #[must_use]
    pub const fn known_as(self, alias: &'a str) -> Self {
        Self {
            alias: Some(alias),
            ..self
        }
    }

    /// The person's logical id.
    #[must_use]
    pub const fn id(&self) -> &'a PatientId {
        self.id
    }
}

/// What was asked of the backend.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Expected {
    /// One resource of this type.
    Resource(ResourceType),
    /// A Bundle of resources of this type.
    Searchset(ResourceType),
}

/// The result of the scan.
#[allow(clippy::exhaustive_enums)]
#[derive(Debug)]
pub enum Outcome<'a> {
    /// Everything in the body is the person's.
    Proved(Proved<'a>),
    /// The body is whole and well formed, and a resource in it names another owner.
    ForeignOwner,
    /// Neither is certain.
    NotProved(Reason),
}

/// Why nothing was proved.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reason {
    /// A member that matters occurs twice in one object.
    #[error("a member that matters occurs twice")]
    DuplicateMember,
    /// A Bundle entry has no resource.
    #[error("an entry has no resource")]
    EntryWithoutResource,
    /// The owner is the person, but something inside names somebody else.
    #[error("something inside names another person")]
    ForeignReference,
    /// Not JSON to its end, too deeply nested, or a byte order mark before it.
    #[error("not one JSON text")]
    Json,
    /// A Patient with links to other Patient records.
    #[error("a Patient is linked to other records")]
    LinkedPatient,
    /// No owner in a resource.
    #[error("a resource has no owner")]
    OwnerMissing,
    /// An insurance card says what the person's own record does not.
    #[error("an insurance card says what the person's own record does not")]
    NotOfRecord,
    /// An owner that is no reference to a Patient of this backend.
    #[error("the owner of a resource is malformed")]
    OwnerMalformed,
    /// Valid JSON, but not the shape of a resource or Bundle.
    #[error("not the shape of a FHIR resource")]
    Shape,
    /// Another `resourceType` than was asked for.
    #[error("an unexpected resource type")]
    UnexpectedType,
    /// Something inside may name a person in a way that cannot be compared.
    #[error("something inside may name a person and cannot be checked")]
    UnprovableReference,
    /// Not UTF-8.
    #[error("not UTF-8")]
    Utf8,
}

/// Facts about a body in which everything is the person's. Only [`scan`] makes one.
#[derive(Debug)]
pub struct Proved<'a> {
    text: &'a str,
    bundle: Option<Bundle<'a>>,
}

impl<'a> Proved<'a> {
    /// The whole body.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The facts of the Bundle, where a Bundle was expected.
    #[must_use]
    pub const fn bundle(&self) -> Option<&Bundle<'a>> {
        self.bundle.as_ref()
    }

    /// The same, to keep.
    #[must_use]
    pub fn into_bundle(self) -> Option<Bundle<'a>> {
        self.bundle
    }
}

/// Facts about a proved Bundle. Spans are byte ranges of the body.
#[non_exhaustive]
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Bundle<'a> {
    /// `total`, where present.
    pub total: Option<u64>,
    /// Number of entries.
    pub entries: usize,
    /// The value of `link`, brackets included.
    pub link_span: Option<Range<usize>>,
    /// The links as they are.
    pub links: Vec<Link<'a>>,
    /// The value of `id`, quotes included.
    pub id_span: Option<Range<usize>>,
    /// The value of `meta`, braces included.
    pub meta_span: Option<Range<usize>>,
    /// The entries that have a `fullUrl`.
    pub full_urls: Vec<FullUrl<'a>>,
}

/// One `Bundle.link`.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link<'a> {
    /// `self`, `next`, …
    pub relation: Cow<'a, str>,
    /// The address as the backend wrote it.
    pub url: Cow<'a, str>,
}

/// One `Bundle.entry.fullUrl`.
#[allow(clippy::exhaustive_structs)]
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FullUrl<'a> {
    /// The value, quotes included.
    pub span: Range<usize>,
    /// The address as the backend wrote it.
    pub url: Cow<'a, str>,
    /// The logical id of the resource in the same entry: letters, digits, `-` and `.` only.
    pub id: Cow<'a, str>,
}

/// Reads the whole body and says whose it is.
#[must_use]
pub fn scan<'a>(body: &'a [u8], expected: Expected, person: &Person<'_>) -> Outcome<'a> {
    let Ok(text) = simdutf8::basic::from_utf8(body) else {
        return Outcome::NotProved(Reason::Utf8);
    };
    walk::scan(text, expected, person)
}

/// Reads an insurance card (C4DIC): a collection of Patient, Coverages and Organizations. `person` is
/// [known](Person::known_as) by what the card calls its Patient.
#[must_use]
pub fn scan_card<'a>(body: &'a [u8], person: &Person<'_>) -> Outcome<'a> {
    match simdutf8::basic::from_utf8(body) {
        Ok(text) => walk::scan_card(text, person),
        Err(_) => Outcome::NotProved(Reason::Utf8),
    }
}

#[cfg(test)]
mod tests;
