//! What could not be read: collected while mapping, one [`Note`] for each loss. A note names the
//! place and never the value, because values are health data and notes end up in logs.

use std::fmt;

use serde::Serialize;
use serde_json::value::RawValue;

use super::text;
use super::value::{self, Cents, Date, Decimal, Period, Timestamp};
use super::wire::{self, Str};

/// One thing that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Where it stands in the resource, such as `item[2].quantity`.
    pub path: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a thing that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// It must be there and is not.
    Missing,
    /// An object where a string was expected, a list where an object was, and the like.
    WrongShape,
    /// The same member came twice; the first one counts.
    Duplicate,
    /// No date, or none that exists.
    NotADate,
    /// No number, or one too large.
    NotANumber,
    /// An amount with a part smaller than a cent; it was rounded.
    Rounded,
}

/// Collects notes; its methods read a value and note it when they cannot.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn into_vec(self) -> Vec<Note> {
        self.0
    }

    #[cold]
    pub(crate) fn add(&mut self, path: fmt::Arguments<'_>, reason: Reason) {
        self.0.push(Note {
            path: path.to_string(),
            reason,
        });
    }

    pub(crate) fn date(
        &mut self,
        value: &Option<Str<'_>>,
        path: fmt::Arguments<'_>,
    ) -> Option<Date> {
        let value = text(value)?;
        let date = Date::parse(value);
        if date.is_none() {
            self.add(path, Reason::NotADate);
        }
        date
    }

    pub(crate) fn timestamp(
        &mut self,
        value: &Option<Str<'_>>,
        path: fmt::Arguments<'_>,
    ) -> Option<Timestamp> {
        let value = text(value)?;
        let timestamp = Timestamp::parse(value);
        if timestamp.is_none() {
            self.add(path, Reason::NotADate);
        }
        timestamp
    }

    pub(crate) fn period(
        &mut self,
        value: &Option<wire::Period<'_>>,
        path: fmt::Arguments<'_>,
    ) -> Option<Period> {
        let value = value.as_ref()?;
        let period = Period {
            start: self.date(&value.start, format_args!("{path}.start")),
            end: self.date(&value.end, format_args!("{path}.end")),
        };
        (!period.is_empty()).then_some(period)
    }

    pub(crate) fn cents(
        &mut self,
        value: wire::Raw<'_>,
        path: fmt::Arguments<'_>,
    ) -> Option<Cents> {
        match value::cents(unquoted(value?)) {
            Ok(cents) => Some(cents),
            Err(rounded) => {
                let reason = rounded.map_or(Reason::NotANumber, |_| Reason::Rounded);
                self.add(path, reason);
                rounded
            }
        }
    }

    pub(crate) fn decimal(
        &mut self,
        value: wire::Raw<'_>,
        path: fmt::Arguments<'_>,
    ) -> Option<Decimal> {
        let decimal = Decimal::parse(unquoted(value?));
        if decimal.is_none() {
            self.add(path, Reason::NotANumber);
        }
        decimal
    }

    /// A `sequence` or a link to one.
    pub(crate) fn sequence(
        &mut self,
        value: wire::Raw<'_>,
        path: fmt::Arguments<'_>,
    ) -> Option<u32> {
        let number = unquoted(value?).parse().ok();
        if number.is_none() {
            self.add(path, Reason::NotANumber);
        }
        number
    }
}

/// A number's text, without the quotes that some servers put around it.
pub(crate) fn unquoted(value: &RawValue) -> &str {
    let text = value.get();
    text.strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text)
}
