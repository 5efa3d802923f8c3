//! Calendar days without a clock or a time zone.

use std::fmt;

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Day(pub i32);

impl Day {
    /// The day of a civil date. The date is taken as given: months run from 1 to 12.
    #[must_use]
    pub const fn of(year: i32, month: i32, day: i32) -> Self {
        // Days from civil, after Howard Hinnant's public-domain description of the algorithm.
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
        Self(era * 146_097 + doe - 719_468)
    }

    /// Reads `YYYY-MM-DD`, with a day that exists.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let number = |range: std::ops::Range<usize>| -> Option<i32> {
            let part = text.get(range)?;
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())
                .flatten()
        };
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let found = Self::of(year, month, day);
        ((1..=12).contains(&month) && found.civil() == (year, month, day)).then_some(found)
    }

    /// Year, month and day.
    #[must_use]
    pub const fn civil(self) -> (i32, i32, i32) {
        let z = self.0 + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, doy - (153 * mp + 2) / 5 + 1)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.civil().0
    }

    /// The day `days` later.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// The first Friday that is not before this day: CMS loads claims once a week.
    #[must_use]
    pub const fn next_friday(self) -> Self {
        // 1970-01-02 was a Friday.
        Self(self.0 + (1 - self.0).rem_euclid(7))
    }

    /// The last Friday that is not after this day.
    #[must_use]
    pub const fn last_friday(self) -> Self {
        Self(self.0 - (self.0 - 1).rem_euclid(7))
    }

    /// Midnight UTC, in seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0 as i64 * 86_400
    }

    /// The day that an instant falls on, in UTC.
    #[must_use]
    pub fn at(seconds: i64) -> Self {
        Self(i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX / 2))
    }

    /// The form that HTTP uses in `Last-Modified` (RFC 9110, section 5.6.7), at midnight.
    #[must_use]
    pub fn http_date(self) -> String {
        const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (year, month, day) = self.civil();
        let weekday = WEEKDAYS[usize::try_from(self.0.rem_euclid(7)).unwrap_or(0)];
        let month = MONTHS[usize::try_from(month - 1).unwrap_or(0)];
        format!("{weekday}, {day:02} {month} {year:04} 00:00:00 GMT")
    }

    /// The instant form that the backend uses in `meta.lastUpdated`.
    #[must_use]
    pub fn instant(self) -> String {
        format!("{self}T00:00:00.000+00:00")
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_dates_go_there_and_back() {
        for days in (-40_000..40_000).step_by(17) {
            let (year, month, day) = Day(days).civil();
            assert_eq!(Day::of(year, month, day), Day(days));
            assert_eq!(Day::parse(&Day(days).to_string()), Some(Day(days)));
        }
        assert_eq!(Day::of(1970, 1, 1), Day(0));
        assert_eq!(Day::of(2024, 2, 29).plus(1).to_string(), "2024-03-01");
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in [
            "2020-13-40",
            "2023-02-29",
            "2020-1-1",
            "20200101",
            "",
            "2020-01-0x",
            "2020-00-10",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn fridays_enclose_the_day() {
        assert_eq!(
            Day::of(2026, 11, 21).last_friday().to_string(),
            "2026-11-20"
        );
        assert_eq!(
            Day::of(2026, 11, 21).next_friday().to_string(),
            "2026-11-27"
        );
        assert_eq!(Day::of(2026, 11, 20).next_friday(), Day::of(2026, 11, 20));
        assert_eq!(
            Day::of(2026, 11, 20).http_date(),
            "Fri, 20 Nov 2026 00:00:00 GMT"
        );
    }
}
