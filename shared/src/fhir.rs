//! FHIR resources of v1 (STU3), v2 (R4, CARIN) and v3 (R4) read into one model.
//!
//! [`parse_bundle`] and [`parse_resource`] take the bytes of a response and give typed, owned
//! [`Claim`]s, [`Coverage`]s and [`Patient`]s that no longer know which version they came from.
//! They read what real servers send, not what the profiles promise (docs/claims-backend.md):
//! anything may be missing, an entry that cannot be read never costs the page, and a
//! field that cannot be read never costs the entry; each loss is a [`Note`]. Only text that is no
//! JSON, or no bundle where one was asked for, is a [`ParseError`]; what nobody reads is skipped by
//! its brackets, and not looked into. A [`Page`] reads no more of it than it is asked for.
//!
//! `json` reads text, `claim`, `coverage` and `patient` hold the model and what fills it.
//! Everything serialises in a fixed field order, so the same text gives the same bytes natively
//! and in WebAssembly.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

pub mod claim;
pub mod coverage;
pub mod enrollment;
pub mod ids;
pub(crate) mod json;
mod lookup;
pub mod money;
mod notes;
pub mod page;
pub mod patient;
pub mod value;
pub mod write;

pub use claim::{Claim, ClaimRow, ClaimType};
pub use coverage::{Coverage, Part};
pub use enrollment::{Enrolled, Enrollment};
pub use money::{Cents, Unknown};
pub use notes::{Note, Reason};
pub use page::Page;
pub use patient::Patient;
pub use value::{Code, CodeSystem, Date, Decimal, Period, Timestamp};

use json::{Context, Document, Key};

/// A page of search results, or any other bundle.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// How many matches there are on all pages. v3 says so on the last page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Where the other pages are. Links are opaque: follow `next` as given.
    pub links: Links,
    /// The resources of this page, in the server's order.
    pub entries: Vec<Entry>,
}

/// The page links of a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// This page (`self`).
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    pub this: Option<String>,
    /// The first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The previous page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// The last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// One resource, with its untouched text and what could not be read of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Where the resource's JSON text stands in the input, in bytes.
    pub span: Range<usize>,
    /// The resource.
    pub resource: Resource,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A resource of a type that the model knows, or the name of its type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind", content = "value")]
#[expect(
    clippy::large_enum_variant,
    reason = "a person has four or five Coverages; the long lists are of claims, which are boxed"
)]
pub enum Resource {
    /// An ExplanationOfBenefit.
    Claim(Box<Claim>),
    /// A Coverage.
    Coverage(Coverage),
    /// A Patient.
    Patient(Patient),
    /// Anything else, or a resource that could not be read at all.
    #[serde(rename_all = "camelCase")]
    Other {
        /// The name of its type; empty where even that is missing.
        resource_type: String,
    },
}

/// The text is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParseError {
    /// The byte of the input where reading stopped.
    pub position: usize,
    /// Why.
    pub kind: ParseErrorKind,
}

/// Why a text could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ParseErrorKind {
    /// It ends too early.
    Truncated,
    /// It is not JSON, or not UTF-8.
    Syntax,
    /// It is JSON but no FHIR bundle (or no resource).
    WrongType,
    /// The `entry` of the bundle is not a list.
    Entries,
    /// It is longer than 4 GB.
    TooLong,
}

impl ParseError {
    /// What is wrong, and where.
    pub fn text(&self) -> String {
        let what = match self.kind {
            ParseErrorKind::Truncated => "the text ends too early",
            ParseErrorKind::Syntax => "not JSON",
            ParseErrorKind::TooLong => "more than 4 GB",
            ParseErrorKind::Entries => "the entries of the bundle are not a list",
            ParseErrorKind::WrongType => "not the kind of resource that was asked for",
        };
        let mut text = what.to_owned();
        text.push_str(", at byte ");
        text.push_str(&write::to_json(&(self.position as u64)).unwrap_or_default());
        text
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for ParseError {}

/// Reads a bundle and every resource in it.
///
/// # Errors
///
/// When the text is not JSON or not a Bundle. A bad entry is not an error: see [`Entry::notes`].
pub fn parse_bundle(json: &[u8]) -> Result<Bundle, ParseError> {
    let page = Page::read(json.to_owned())?;
    Ok(Bundle {
        total: page.total(),
        links: page.links().clone(),
        entries: (0..page.len()).filter_map(|at| page.entry(at)).collect(),
    })
}

/// Reads a single resource.
///
/// # Errors
///
/// When the text is not JSON or not an object.
pub fn parse_resource(json: &[u8]) -> Result<Entry, ParseError> {
    let text = utf8(json)?;
    let document = Document::read(text, Context::Full)?;
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = text.len() - bare.trim_ascii_start().len();
    Ok(read(&document, start..text.trim_ascii_end().len()))
}

/// The entry of a page at this place.
fn entry_at(text: &str, place: &json::Place, find: &dyn Fn(&str) -> Option<Range<usize>>) -> Entry {
    let (span, reason) = match place {
        Ok(span) => match Document::read_at(text, span.clone(), Context::Full, find) {
            Ok(document) => return read(&document, span.clone()),
            Err(_) => (span.clone(), Reason::NotJson),
        },
        Err((span, reason)) => (span.clone(), *reason),
    };
    Entry {
        span,
        resource: Resource::Other {
            resource_type: String::new(),
        },
        notes: vec![Note {
            path: Key::Resource.name().to_owned(),
            reason,
        }],
    }
}

/// From the tape to the model.
fn read(document: &Document<'_>, span: Range<usize>) -> Entry {
    let root = document.root();
    let resource = match root.text(Key::ResourceType) {
        Some(CLAIM) => Resource::Claim(Box::new(Claim::read(root))),
        Some("Coverage") => Resource::Coverage(Coverage::read(root)),
        Some("Patient") => Resource::Patient(Patient::read(root)),
        other => {
            if other.is_none() {
                root.missing(Key::ResourceType);
            }
            Resource::Other {
                resource_type: other.unwrap_or_default().to_owned(),
            }
        }
    };
    Entry {
        span,
        resource,
        notes: document.notes(),
    }
}

/// What FHIR calls a claim that has been decided on.
const CLAIM: &str = "ExplanationOfBenefit";

fn utf8(json: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(json).map_err(|error| ParseError {
        position: error.valid_up_to(),
        kind: if error.error_len().is_none() {
            ParseErrorKind::Truncated
        } else {
            ParseErrorKind::Syntax
        },
    })
}
