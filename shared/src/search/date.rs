//! FHIR dates with a comparison prefix: `ge2024-01-31`, `lt2024-01-31T10:00:00Z`.

use std::borrow::Cow;
use std::fmt;

use crate::fhir::value::{Date, cut};

/// One bound of an interval, in the client's spelling.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bound {
    prefix: Prefix,
    text: String,
}

impl Bound {
    /// Reads a prefix and a FHIR date or instant.
    ///
    /// # Errors
    ///
    /// [`DateError`] where there is no prefix of these four, or no date. A time may lack its seconds and its zone,
    /// which is UTC then (FHIR R4, search.html, date).
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let prefix = Prefix::ALL
            .into_iter()
            .find(|prefix| text.starts_with(prefix.as_str()))
            .ok_or(DateError::Prefix)?;
        let date = text.get(2..).unwrap_or_default();
        if !is_fhir_date(date) {
            // A form decodes a bare plus sign as a blank.
            return Err(if is_fhir_date(&with_plus(date)) {
                DateError::UnencodedPlus
            } else {
                DateError::Date
            });
        }
        Ok(Self {
            prefix,
            text: text.to_owned(),
        })
    }

    /// Which side it bounds.
    #[must_use]
    pub const fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// Prefix and date as the client wrote them.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same bound with seconds and zone where it has a time, so that nobody else has to know what a missing one
    /// means. A time to the minute is the whole minute: what comes after it comes after its last second.
    #[must_use]
    pub fn complete(&self) -> Cow<'_, str> {
        let Some((date, time)) = self.text.split_once('T') else {
            return Cow::Borrowed(&self.text);
        };
        let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(zone_at).unwrap_or((time, ""));
        let seconds = match (clock.len(), self.prefix) {
            (MINUTES, Prefix::Ge | Prefix::Lt) => ":00",
            (MINUTES, Prefix::Gt | Prefix::Le) => ":59",
            _ => "",
        };
        let zone = if zone.is_empty() { "Z" } else { zone };
        if seconds.is_empty() && zone_at < time.len() {
            return Cow::Borrowed(&self.text);
        }
        Cow::Owned(format!("{date}T{clock}{seconds}{zone}"))
    }
}

/// Length of `hh:mm`.
const MINUTES: usize = 5;

/// A comparison (FHIR R4, search.html, prefixes). `eq`, `ne`, `sa`, `eb` and `ap` are not supported.
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Prefix {
    /// At or after.
    Ge,
    /// After.
    Gt,
    /// At or before.
    Le,
    /// Before.
    Lt,
}

impl Prefix {
    const ALL: [Self; 4] = [Self::Ge, Self::Gt, Self::Le, Self::Lt];

    /// The two letters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ge => "ge",
            Self::Gt => "gt",
            Self::Le => "le",
            Self::Lt => "lt",
        }
    }

    /// Whether it is a lower bound.
    #[must_use]
    pub const fn is_lower(self) -> bool {
        matches!(self, Self::Ge | Self::Gt)
    }
}

/// Why a text is no bound.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DateError {
    /// No FHIR date or instant.
    Date,
    /// No prefix.
    Prefix,
    /// A blank where the zone begins.
    UnencodedPlus,
}

impl DateError {
    /// What is wrong with the parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "needs a FHIR date or instant after the prefix",
            Self::Prefix => "needs one of the prefixes lt, le, gt, ge",
            Self::UnencodedPlus => "has a blank before its time zone: encode + as %2B",
        }
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for DateError {}

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or a date with a time (FHIR R4, datatypes).
fn is_fhir_date(text: &str) -> bool {
    match cut(text, b'T') {
        Some((_, time)) => Date::parse(text).is_some() && is_time(time),
        None => Date::parse(text).is_some(),
    }
}

/// As it was before a form decoded it.
fn with_plus(text: &str) -> String {
    let plus = |one| if one == ' ' { '+' } else { one };
    text.chars().map(plus).collect()
}

/// `hh:mm`, optional seconds with an optional fraction, and optionally `Z` or an offset.
fn is_time(text: &str) -> bool {
    let zone_at = text
        .bytes()
        .position(|byte| matches!(byte, b'Z' | b'+' | b'-'));
    let zone_at = zone_at.unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone_at).unwrap_or((text, ""));
    let (clock, fraction) = match cut(clock, b'.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let (hours, rest) = cut(clock, b':').unwrap_or((clock, ""));
    let (minutes, seconds) = match cut(rest, b':') {
        Some((minutes, seconds)) => (minutes, Some(seconds)),
        None => (rest, None),
    };
    let valid_clock = matches!(
        (digits(hours, 2), digits(minutes, 2)),
        (Some(0..=23), Some(0..=59))
    ) && seconds.is_none_or(|seconds| matches!(digits(seconds, 2), Some(0..=60)));
    // A fraction is one of seconds.
    let valid_fraction = fraction.is_none_or(|fraction| {
        clock.len() > MINUTES
            && !fraction.is_empty()
            && fraction.bytes().all(|byte| byte.is_ascii_digit())
    });
    let valid_zone = zone.is_empty()
        || zone == "Z"
        || zone
            .strip_prefix(['+', '-'])
            .and_then(|zone| cut(zone, b':'))
            .is_some_and(|(hours, minutes)| {
                matches!(
                    (digits(hours, 2), digits(minutes, 2)),
                    (Some(0..=14), Some(0..=59))
                )
            });
    valid_clock && valid_fraction && valid_zone
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_instants_with_each_prefix_are_bounds() {
        for good in [
            "ge2020",
            "gt2020-02",
            "le2020-02-29",
            "lt2020-02-28T23:59:59Z",
            "ge2020-02-28T23:59:60.123456+14:00",
            "ge2020-02-28T00:00:00.000-05:00",
            "ge2020-01-01T10:00",
            "gt2020-01-01T10:00Z",
            "le2020-01-01T10:00-05:00",
            "lt2020-01-01T10:00:00",
            "lt2020-01-01T10:00:00.5",
        ] {
            assert_eq!(Bound::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn a_time_without_seconds_or_zone_is_completed_in_utc() {
        for (text, complete) in [
            ("gt2020-01-01T10:00:00", "gt2020-01-01T10:00:00Z"),
            ("ge2020-01-01T10:00Z", "ge2020-01-01T10:00:00Z"),
            ("lt2020-01-01T10:00", "lt2020-01-01T10:00:00Z"),
            // The minute ends with its last second.
            ("gt2020-01-01T10:00", "gt2020-01-01T10:00:59Z"),
            ("le2020-01-01T23:59-05:00", "le2020-01-01T23:59:59-05:00"),
            ("le2020-01-01T10:00:00.25", "le2020-01-01T10:00:00.25Z"),
            ("ge2020-01-01", "ge2020-01-01"),
            ("ge2020", "ge2020"),
            ("lt2020-01-01T10:00:00+01:00", "lt2020-01-01T10:00:00+01:00"),
        ] {
            let bound = Bound::parse(text).unwrap();
            assert_eq!(bound.complete(), complete);
            assert_eq!(Bound::parse(complete).unwrap().complete(), complete);
        }
    }

    #[test]
    fn a_plus_sign_that_nobody_encoded_is_told() {
        for bad in ["ge2020-01-01T10:00:00 00:00", "lt2020-01-01T10:00 14:00"] {
            assert_eq!(Bound::parse(bad), Err(DateError::UnencodedPlus), "{bad}");
        }
        assert!(
            DateError::UnencodedPlus
                .to_string()
                .contains("encode + as %2B")
        );
    }

    #[test]
    fn a_bound_without_prefix_is_refused() {
        for bad in [
            "2020-01-01",
            "eq2020-01-01",
            "ne2020",
            "sa2020",
            "ap2020",
            "GE2020",
            "",
            "g",
        ] {
            assert_eq!(Bound::parse(bad), Err(DateError::Prefix), "{bad}");
        }
    }

    #[test]
    fn what_is_no_fhir_date_is_refused() {
        for bad in [
            "ge",
            "ge20",
            "ge0000",
            "ge2020-13",
            "ge2020-00",
            "ge2021-02-29",
            "ge1900-02-29",
            "ge2020-04-31",
            "ge2020-1-1",
            "ge2020-01-01-01",
            "ge2020-01-01T10",
            "ge2020-01-01T10Z",
            "ge2020-01-01T10:",
            "ge2020-01-01T10:0",
            "ge2020-01-01T10:00.5",
            "ge2020-01-01T10:60",
            "ge2020-01-01T",
            "ge2020-01-01TZ",
            "ge2020-01-01T24:00:00Z",
            "ge2020-01-01T10:00:00.Z",
            "ge2020-01-01T10:00:00z",
            "ge2020-01-01T10:00:00 00",
            "ge2020-01-01T10:00Z00:00",
            "ge2020-01T10:00:00Z",
            "ge2020-01-01T10:00:00+15:00",
            "ge 2020",
            "ge2020 ",
            "ge+020",
            "ge２０２０",
            "geä",
            "ge2020-01-01T10:00:0ä",
        ] {
            assert_eq!(Bound::parse(bad), Err(DateError::Date), "{bad}");
        }
    }
}
