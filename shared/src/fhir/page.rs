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

/// The numbers of a page's claims as columns, one element for each claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// Place of the claim's entry on the page.
    pub index: Vec<u32>,
    /// [`ClaimType::number`](super::ClaimType::number).
    pub claim_type: Vec<u8>,
    /// First day, in days since 1970-01-01; [`NO_DAY`] where it is not known.
    pub start: Vec<i32>,
    /// Last day.
    pub end: Vec<i32>,
    /// Month of the last day: 12 times the year and 0 to 11; -1 where it is not known.
    pub month: Vec<i32>,
    /// Cents that were charged; not a number where it is not known.
    pub charged: Vec<f64>,
    /// Cents that Medicare or the drug plan paid.
    pub paid: Vec<f64>,
    /// Cents that the person owes or paid.
    pub patient_responsibility: Vec<f64>,
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

    /// The numbers of all claims.
    pub fn columns(&self) -> Columns {
        let mut columns = Columns::default();
        self.rows(|number, row| columns.push(number, row));
        columns
    }
}

impl Columns {
    /// Adds a claim.
    pub fn push(&mut self, number: usize, row: &ClaimRow<'_>) {
        self.index.push(u32::try_from(number).unwrap_or(u32::MAX));
        self.claim_type.push(row.claim_type.number());
        self.start.push(row.start.map_or(NO_DAY, Date::days));
        self.end.push(row.end.map_or(NO_DAY, Date::days));
        self.month
            .push(row.end.and_then(Date::months).unwrap_or(-1));
        self.charged.push(number_of(row.charged));
        self.paid.push(number_of(row.paid));
        self.patient_responsibility
            .push(number_of(row.patient_responsibility));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53: 90 thousand billion dollars"
)]
fn number_of(cents: Option<i64>) -> f64 {
    cents.map_or(f64::NAN, |cents| cents as f64)
}

fn span(place: &Place) -> Range<usize> {
    match place {
        Ok(span) | Err((span, _)) => span.clone(),
    }
}
