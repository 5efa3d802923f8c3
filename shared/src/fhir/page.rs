//! A page that is read as far as it is asked for: the rows of a list and their numbers in one narrow
//! pass, an entry in full when somebody opens it, and any entry's own text at no cost.

use std::ops::Range;

use super::json::{Context, Document, Index, Key, Place, index};
use super::value::Date;
use super::{CLAIM, ClaimRow, Entry, Links, ParseError, entry_at, utf8};

/// A page of search results, with its text.
#[derive(Debug)]
pub struct Page {
    text: String,
    index: Index,
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
        utf8(&json)?;
        let text = String::from_utf8(json).unwrap_or_default();
        let index = index(&text)?;
        Ok(Self { text, index })
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
        Some(entry_at(&self.text, place))
    }

    /// The text of an entry's resource as the server sent it.
    pub fn json(&self, number: usize) -> Option<&str> {
        self.text.get(span(self.index.entries.get(number)?))
    }

    /// Reads a row of each claim and hands it out with the number of its entry.
    pub fn rows(&self, mut each: impl FnMut(usize, &ClaimRow<'_>)) {
        self.rows_dyn(&mut each);
    }

    fn rows_dyn(&self, each: &mut dyn FnMut(usize, &ClaimRow<'_>)) {
        for (number, place) in self.index.entries.iter().enumerate() {
            if let Ok(span) = place
                && let Some(json) = self.text.get(span.clone())
                && let Ok(document) = Document::read(json, Context::Row)
                && document.root().text(Key::ResourceType) == Some(CLAIM)
            {
                each(number, &ClaimRow::read(document.root()));
            }
        }
    }
}

impl ClaimRow<'_> {
    /// What can be added up or drawn, for columns: [`ClaimType::number`], first and last day
    /// ([`Date::days`]; [`NO_DAY`] where it is not known), month of the last day ([`Date::months`];
    /// -1), and in cents what was charged, allowed, paid, owed by the person and paid by the person
    /// (not a number where it is not known).
    ///
    /// [`ClaimType::number`]: super::ClaimType::number
    pub fn numbers(&self) -> [f64; 9] {
        let days = |date: Option<Date>| f64::from(date.map_or(NO_DAY, Date::days));
        [
            self.claim_type.number().into(),
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

fn span(place: &Place) -> Range<usize> {
    match place {
        Ok(span) | Err((span, _)) => span.clone(),
    }
}
