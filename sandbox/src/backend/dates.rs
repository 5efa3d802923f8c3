//! Date search parameters: a prefix and a date of any precision (FHIR, search, date).

use super::problem::Problem;
use crate::date::Day;

/// What a parameter's values allow together, as half-open bounds in seconds since 1970.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Range {
    /// The first instant that fits.
    from: Option<i64>,
    /// The first instant that does not fit any more.
    until: Option<i64>,
    /// A value had no bound: a bare date, or `eq`.
    pub(super) equality: bool,
}

impl Range {
    /// Reads all values of one parameter: at most one lower and one upper bound.
    pub(super) fn parse<'v>(values: impl Iterator<Item = &'v str>) -> Result<Self, Problem> {
        let mut range = Self::default();
        for value in values.filter(|value| !value.is_empty()) {
            let (prefix, date) = match value.get(..2) {
                Some(prefix) if prefix.bytes().all(|b| b.is_ascii_lowercase()) => {
                    (prefix, &value[2..])
                }
                _ => ("eq", value),
            };
            let (start, end) = span(date)
                .ok_or_else(|| Problem::Invalid(format!("Invalid date/time format: \"{date}\"")))?;
            match prefix {
                "ge" => set(&mut range.from, start, "lower")?,
                "gt" => set(&mut range.from, end, "lower")?,
                "le" => set(&mut range.until, end, "upper")?,
                "lt" => set(&mut range.until, start, "upper")?,
                "eq" => {
                    set(&mut range.from, start, "lower")?;
                    set(&mut range.until, end, "upper")?;
                    range.equality = true;
                }
                other => {
                    return Err(Problem::Invalid(format!(
                        "Invalid range qualifier for date parameter: {other}"
                    )));
                }
            }
        }
        Ok(range)
    }

    /// Whether a day, as its midnight, fits.
    pub(super) fn contains(&self, day: Day) -> bool {
        let instant = day.seconds();
        self.from.is_none_or(|from| from <= instant)
            && self.until.is_none_or(|until| instant < until)
    }
}

fn set(bound: &mut Option<i64>, value: i64, side: &str) -> Result<(), Problem> {
    if bound.replace(value).is_some() {
        return Err(Problem::Invalid(format!(
            "Can not have multiple date range parameters for the same param that specify a {side} bound"
        )));
    }
    Ok(())
}

/// The first instant of what the text names, and the first one after it.
fn span(text: &str) -> Option<(i64, i64)> {
    let number = |part: &str| -> Option<i32> {
        part.bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| part.parse().ok())
            .flatten()
    };
    match text.len() {
        4 => {
            let year = number(text)?;
            Some((
                Day::of(year, 1, 1).seconds(),
                Day::of(year + 1, 1, 1).seconds(),
            ))
        }
        7 => {
            let (year, month) = text.split_once('-')?;
            let (year, month) = (
                number(year)?,
                number(month).filter(|month| (1..=12).contains(month))?,
            );
            let next = if month == 12 {
                Day::of(year + 1, 1, 1)
            } else {
                Day::of(year, month + 1, 1)
            };
            Some((Day::of(year, month, 1).seconds(), next.seconds()))
        }
        10 => {
            let day = Day::parse(text)?;
            Some((day.seconds(), day.plus(1).seconds()))
        }
        _ => instant(text),
    }
}

/// `YYYY-MM-DDThh:mm[:ss[.fff]]` with `Z` or an offset; without either it is UTC.
fn instant(text: &str) -> Option<(i64, i64)> {
    let day = Day::parse(text.get(..10)?)?.seconds();
    let clock = text.get(10..)?.strip_prefix('T')?;
    // In a query a plus sign that was not escaped arrives as a space.
    let (clock, offset) = match clock.find(['Z', '+', '-', ' ']) {
        Some(place) => (clock.get(..place)?, clock.get(place..)?),
        None => (clock, "Z"),
    };
    let two = |part: &str, below: i64| -> Option<i64> {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())
            .flatten()
            .filter(|value| *value < below)
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (two(parts.next()?, 24)?, two(parts.next()?, 60)?);
    let (second, length) = match parts.next() {
        None => (0, 60),
        Some(part) => {
            let (whole, fraction) = part.split_once('.').unwrap_or((part, "0"));
            if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (two(whole, 61)?, 1)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let shift = match offset {
        "Z" => 0,
        _ => {
            let (hours, minutes) = offset.get(1..)?.split_once(':')?;
            let size = two(hours, 15)? * 3_600 + two(minutes, 60)? * 60;
            if offset.starts_with('-') { -size } else { size }
        }
    };
    let start = day + hour * 3_600 + minute * 60 + second - shift;
    Some((start, start + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(values: &[&str], day: Day) -> bool {
        Range::parse(values.iter().copied()).unwrap().contains(day)
    }

    #[test]
    fn prefixes_bound_as_the_standard_says() {
        let day = Day::of(2016, 1, 27);
        for (values, expected) in [
            (&["ge2016-01-27"][..], true),
            (&["gt2016-01-27"], false),
            (&["le2016-01-27"], true),
            (&["lt2016-01-27"], false),
            (&["ge1999-10-27", "le2016-01-27"], true),
            (&["2016-01-27"], true),
            (&["eq2016"], true),
            (&["gt2015"], true),
            (&["lt2016-02"], true),
            (&["gt2016-01"], false),
            (&["ge2016-01-27T00:00:00Z"], true),
            (&["gt2016-01-26T23:59:59.999+00:00"], true),
            (&["ge2016-01-27T00:00+01:00"], true),
            (&["lt2016-01-27T00:00:00-05:00"], true),
            (&[], true),
        ] {
            assert_eq!(fits(values, day), expected, "{values:?}");
        }
    }

    #[test]
    fn a_malformed_date_or_a_second_bound_is_refused() {
        for values in [
            &["abc"][..],
            &["ge2020-13-40"],
            &["ge"],
            &["xx2020"],
            &["ge2020-01-01", "gt2020-01-01"],
            &["ge2020-01-01T25:00:00Z"],
            &["ge2020-01-01T"],
            &["ü2020"],
        ] {
            assert!(Range::parse(values.iter().copied()).is_err(), "{values:?}");
        }
    }
}
