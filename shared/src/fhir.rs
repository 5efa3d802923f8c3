//! FHIR resources of v1 (STU3), v2 (R4, CARIN) and v3 (R4) read into one model.
//!
//! [`parse_bundle`] and [`parse_resource`] take the bytes of a response and give typed, owned
//! [`Claim`]s, [`Coverage`]s and [`Patient`]s that no longer know which version they came from.
//! They read what real servers send, not what the profiles promise (claims backend reference,
//! section 11): anything may be missing, an entry that cannot be read never costs the page, and a
//! field that cannot be read never costs the entry; each loss is a [`Note`]. Only text that is no
//! JSON, or no bundle where one was asked for, is a [`ParseError`].
//!
//! `wire` holds the JSON shapes of all versions, `reader` what fills them, `claim`, `coverage` and `patient` the model and
//! the mapping onto it, `salvage` the slow path for resources with a part of the wrong shape.
//! Everything serialises in a fixed field order, so the same text gives the same bytes natively
//! and in WebAssembly.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde_json::value::RawValue;

pub mod claim;
pub mod coverage;
pub mod ids;
mod lookup;
mod notes;
pub mod patient;
mod reader;
mod salvage;
pub mod value;
mod wire;

pub use claim::{Claim, ClaimRow, ClaimType};
pub use coverage::{Coverage, Part};
pub use notes::{Note, Reason};
pub use patient::Patient;
pub use value::{Cents, Code, CodeSystem, Date, Decimal, Period, Timestamp};

use notes::Notes;
use wire::Str;

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
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ParseErrorKind::Truncated => "the text ends too early",
            ParseErrorKind::Syntax => "not JSON",
            ParseErrorKind::WrongType => "not the kind of resource that was asked for",
        };
        write!(f, "{what}, at byte {}", self.position)
    }
}

impl std::error::Error for ParseError {}

/// Reads a bundle and every resource in it.
///
/// # Errors
///
/// When the text is not JSON or not a Bundle. A bad entry is not an error: see [`Entry::notes`].
pub fn parse_bundle(json: &[u8]) -> Result<Bundle, ParseError> {
    let text = utf8(json)?;
    let wire: wire::Bundle<'_> = match reader::object(text) {
        Ok(wire) => wire,
        Err(error) if error.is_data() => salvage::bundle(text).map_err(|e| locate(json, &e))?,
        Err(error) => return Err(locate(json, &error)),
    };
    if wire
        .resource_type
        .as_ref()
        .is_none_or(|kind| kind.0 != "Bundle")
    {
        return Err(ParseError {
            position: 0,
            kind: ParseErrorKind::WrongType,
        });
    }
    let mut links = Links::default();
    for link in wire.link {
        let url = link.url.map(|url| url.0.into_owned());
        match link.relation.as_ref().map_or("", |relation| &relation.0) {
            "self" => links.this = url,
            "first" => links.first = url,
            "next" => links.next = url,
            // FHIR says `previous`; `prev` is what RFC 8288 and some servers say.
            "previous" | "prev" => links.previous = url,
            "last" => links.last = url,
            _ => {}
        }
    }
    let base = text.as_ptr().addr();
    let entries = wire.entry.iter().map(|entry| {
        let Some(raw) = entry.resource else {
            return unreadable(0..0, Reason::Missing);
        };
        // The raw value borrows from `text`, so its address tells where it stands.
        let start = raw.get().as_ptr().addr().saturating_sub(base);
        if raw.get().starts_with('{') {
            entry_at(raw, start)
        } else {
            unreadable(start..start + raw.get().len(), Reason::WrongShape)
        }
    });
    Ok(Bundle {
        total: wire
            .total
            .and_then(|total| notes::unquoted(total).parse().ok()),
        entries: entries.collect(),
        links,
    })
}

/// Reads a single resource.
///
/// # Errors
///
/// When the text is not JSON or not an object.
pub fn parse_resource(json: &[u8]) -> Result<Entry, ParseError> {
    let text = utf8(json)?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| locate(json, &error))?;
    let start = raw
        .get()
        .as_ptr()
        .addr()
        .saturating_sub(text.as_ptr().addr());
    if !raw.get().starts_with('{') {
        return Err(ParseError {
            position: start,
            kind: ParseErrorKind::WrongType,
        });
    }
    Ok(entry_at(raw, start))
}

fn entry_at(raw: &RawValue, start: usize) -> Entry {
    let text = raw.get();
    let mut notes = Notes::default();
    let resource = match reader::object::<wire::Resource<'_>>(text) {
        Ok(wire) => model(&wire, &mut notes),
        Err(_) => salvage::resource(text, &mut notes),
    };
    if matches!(&resource, Resource::Other { resource_type } if resource_type.is_empty()) {
        notes.add(format_args!("resourceType"), Reason::Missing);
    }
    Entry {
        span: start..start + text.len(),
        resource,
        notes: notes.into_vec(),
    }
}

fn unreadable(span: Range<usize>, reason: Reason) -> Entry {
    Entry {
        span,
        resource: Resource::Other {
            resource_type: String::new(),
        },
        notes: vec![Note {
            path: "resource".to_owned(),
            reason,
        }],
    }
}

/// From the shapes of the wire to the model.
fn model(wire: &wire::Resource<'_>, notes: &mut Notes) -> Resource {
    match wire.resource_type.as_ref().map_or("", |kind| &kind.0) {
        "ExplanationOfBenefit" => Resource::Claim(Box::new(Claim::read(wire, notes))),
        "Coverage" => Resource::Coverage(Coverage::read(wire, notes)),
        "Patient" => Resource::Patient(Patient::read(wire, notes)),
        other => Resource::Other {
            resource_type: other.to_owned(),
        },
    }
}

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

/// Where serde_json stopped, as a byte offset: it counts lines from 1 and columns in bytes.
fn locate(json: &[u8], error: &serde_json::Error) -> ParseError {
    let lines = json.split_inclusive(|byte| *byte == b'\n');
    let before: usize = lines
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    ParseError {
        position: before.saturating_add(error.column()).min(json.len()),
        kind: if error.is_eof() {
            ParseErrorKind::Truncated
        } else if error.is_data() {
            ParseErrorKind::WrongType
        } else {
            ParseErrorKind::Syntax
        },
    }
}

/// The text of an optional wire string; empty means absent.
fn text<'a>(text: &'a Option<Str<'_>>) -> Option<&'a str> {
    text.as_ref()
        .map(|text| &*text.0)
        .filter(|text| !text.is_empty())
}

/// [`text`], owned.
#[inline(never)]
fn owned(value: &Option<Str<'_>>) -> Option<String> {
    text(value).map(str::to_owned)
}
