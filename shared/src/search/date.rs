//! FHIR dates with a comparison prefix: `ge2024-01-31`, `lt2024-01-31T10:00:00Z`.

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
    /// [`DateError`] where there is no prefix of these four, or no date.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        let prefix = Prefix::ALL
            .into_iter()
            .find(|prefix| text.starts_with(prefix.as_str()))
            .ok_or(DateError::Prefix)?;
        if !text.get(2..).is_some_and(is_fhir_date) {
            return Err(DateError::Date);
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

    /// Prefix and date.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

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
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DateError {
    /// No FHIR date or instant.
    #[error("needs a FHIR date or instant after the prefix")]
    Date,
    /// No prefix.
    #[error("needs one of the prefixes lt, le, gt, ge")]
    Prefix,
}

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or a date with time to the second and zone (FHIR R4, datatypes).
fn is_fhir_date(text: &str) -> bool {
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = parts.next().and_then(|year| digits(year, 4));
    let month = parts.next().map(|month| digits(month, 2));
    let day = parts.next().map(|day| digits(day, 2));
    if parts.next().is_some() {
        return false;
    }
    let valid_date = match (year, month, day) {
        (Some(1..), None, None) => true,
        (Some(1..), Some(Some(1..=12)), None) => true,
        (Some(year @ 1..), Some(Some(month @ 1..=12)), Some(Some(day @ 1..))) => {
            day <= days_in(year, month)
        }
        _ => false,
    };
    valid_date && time.is_none_or(|time| day.is_some() && is_time(time))
}

/// `hh:mm:ss`, an optional fraction, and `Z` or an offset.
fn is_time(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else {
        return false;
    };
    let mut parts = clock.split(':').map(|part| digits(part, 2));
    let valid_clock = matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (
            Some(Some(0..=23)),
            Some(Some(0..=59)),
            Some(Some(0..=60)),
            None
        )
    );
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return false;
            }
            zone
        }
        None => rest,
    };
    let valid_zone = zone == "Z"
        || zone
            .strip_prefix(['+', '-'])
            .and_then(|zone| zone.split_once(':'))
            .is_some_and(|(hours, minutes)| {
                matches!(
                    (digits(hours, 2), digits(minutes, 2)),
                    (Some(0..=14), Some(0..=59))
                )
            });
    valid_clock && valid_zone
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

const fn days_in(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
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
        ] {
            assert_eq!(Bound::parse(good).unwrap().as_str(), good);
        }
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
            "ge2020-01-01T10:00Z",
            "ge2020-01-01T10:00:00",
            "ge2020-01-01T24:00:00Z",
            "ge2020-01-01T10:00:00.Z",
            "ge2020-01-01T10:00:00 00:00",
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
