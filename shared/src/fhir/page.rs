//! A page that is read as far as it is asked for: the rows of a list and their numbers in one narrow
//! pass, an entry in full when somebody opens it, and any entry's own text at no cost.

use std::cell::OnceCell;
use std::ops::Range;

use super::claim::LeftOut;
use super::claim::standing::{OUTCOMES, STATUSES, USES, number_in};
use super::json::{Context, Document, Index, Key, Neighbours, index, span};
use super::notes::{Note, Reason};
use super::value::Date;
use super::{CLAIM, ClaimRow, Entry, Links, ParseError, ParseErrorKind, entry_at};

/// A page of search results, with its text.
#[derive(Debug)]
pub struct Page {
    text: String,
    index: Index,
    neighbours: OnceCell<Neighbours>,
}

/// Stands for a day that is not known.
pub const NO_DAY: i32 = i32::MIN;

impl Page {
    /// Finds the entries of a Bundle.
    ///
    /// # Errors
    ///
    /// When the text is not JSON or not a Bundle. A bad entry is not an error.
    pub fn read(json: Vec<u8>) -> Result<Self, ParseError> {
        let (text, bad) = text(json)?;
        let index = index(&text, &bad)?;
        Ok(Self {
            text,
            index,
            neighbours: OnceCell::new(),
        })
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.index.entries.len()
    }

    /// It has none.
    pub fn is_empty(&self) -> bool {
        self.index.entries.is_empty()
    }

    /// How many matches there are on all pages.
    pub const fn total(&self) -> Option<u64> {
        self.index.total
    }

    /// Where the other pages are.
    pub const fn links(&self) -> &Links {
        &self.index.links
    }

    /// An entry in full.
    pub fn entry(&self, number: usize) -> Option<Entry> {
        let place = self.index.entries.get(number)?;
        Some(entry_at(&self.text, place, &|reference| {
            self.find(reference)
        }))
    }

    /// Where the resource stands that a reference of a claim means. Most pages have none, and the first
    /// question finds out.
    fn find(&self, reference: &str) -> Option<Range<usize>> {
        let all = || Neighbours::of(&self.text, &self.index);
        self.neighbours.get_or_init(all).find(reference)
    }

    /// The text of an entry's resource as the server sent it; `None` if its bytes were no text.
    pub fn json(&self, number: usize) -> Option<&str> {
        match self.index.entries.get(number)? {
            Err((_, Reason::NotUtf8)) => None,
            place => self.text.get(span(place)),
        }
    }

    /// Reads a row of each claim and hands it out with the number of its entry.
    pub fn rows(&self, mut each: impl FnMut(usize, &ClaimRow<'_>)) {
        self.list(&mut |number, listed| {
            if let Listed::Row(row, _) = listed {
                each(number, row);
            }
        });
    }

    /// Reads a row of each claim, and finds the entries that cannot be read.
    pub fn list(&self, each: &mut dyn FnMut(usize, &Listed<'_>)) {
        for (number, place) in self.index.entries.iter().enumerate() {
            let problem = |key: Key, reason: Reason| {
                let path = key.name().to_owned();
                Listed::Problem(Note { path, reason })
            };
            let document = match place {
                Ok(place) => {
                    let find = |reference: &str| self.find(reference);
                    Document::read_at(&self.text, place.clone(), Context::Row, &find)
                        .map_err(|_| Reason::NotJson)
                }
                Err((_, reason)) => Err(*reason),
            };
            let document = match document {
                Ok(document) => document,
                Err(reason) => {
                    each(number, &problem(Key::Resource, reason));
                    continue;
                }
            };
            match document.root().text(Key::ResourceType) {
                Some(CLAIM) => {
                    let row = ClaimRow::read(document.root());
                    let incomplete = document.has_lost() || row.unknown.is_loss();
                    each(number, &Listed::Row(row, incomplete));
                }
                Some(_) => {}
                None => {
                    let there = document.has_lost();
                    let reason = if there {
                        Reason::WrongShape
                    } else {
                        Reason::Missing
                    };
                    each(number, &problem(Key::ResourceType, reason));
                }
            }
        }
    }
}

/// What a list makes of an entry.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made and looked at in place, once for each entry"
)]
pub enum Listed<'a> {
    /// A claim, and whether something of it could not be read, or is reported and cannot be told.
    Row(ClaimRow<'a>, bool),
    /// Why there is none.
    Problem(Note),
}

/// The text of a page, in which each byte that is no part of a character is a question mark, and where
/// those are.
fn text(json: Vec<u8>) -> Result<(String, Vec<usize>), ParseError> {
    let mut bytes = match String::from_utf8(json) {
        Ok(text) => return Ok((text, Vec::new())),
        Err(error) => error.into_bytes(),
    };
    let mut bad = Vec::new();
    let mut from = 0;
    while let Err(error) = std::str::from_utf8(bytes.get(from..).unwrap_or_default()) {
        let start = from + error.valid_up_to();
        let Some(length) = error.error_len() else {
            return Err(ParseError::new(start, ParseErrorKind::Truncated));
        };
        for at in start..start + length {
            bad.push(at);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = b'?';
            }
        }
        from = start + length;
    }
    Ok((String::from_utf8(bytes).unwrap_or_default(), bad))
}

impl ClaimRow<'_> {
    /// What can be added up or drawn, for columns: [`ClaimType::number`], the places of status, use and
    /// outcome in the lists of the package, why sums leave it out (0: it counts), first and last day
    /// ([`Date::days`]; [`NO_DAY`] where it is not known), month of the last day ([`Date::months`]; -1),
    /// and in cents what was charged, allowed, paid, owed by the person and paid by the person (not a
    /// number where it is not known).
    ///
    /// [`ClaimType::number`]: super::ClaimType::number
    pub fn numbers(&self) -> [f64; 13] {
        let days = |date: Option<Date>| f64::from(date.map_or(NO_DAY, Date::days));
        let left_out = |why: LeftOut| why as u8 + 1;
        [
            self.claim_type.number().into(),
            number_in(STATUSES, self.status).into(),
            number_in(USES, Some(self.purpose)).into(),
            number_in(OUTCOMES, self.outcome).into(),
            self.left_out.map_or(0, left_out).into(),
            days(self.start),
            days(self.end),
            self.end.and_then(Date::months).unwrap_or(-1).into(),
            number_of(self.charged),
            number_of(self.allowed),
            number_of(self.paid),
            number_of(self.patient_responsibility),
            number_of(self.paid_by_patient),
        ]
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no amount has more than 2^53 cents"
)]
fn number_of(cents: Option<i64>) -> f64 {
    cents.map_or(f64::NAN, |cents| cents as f64)
}
