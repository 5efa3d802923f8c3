//! Dates as people write them, in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::texts::Texts;
use crate::base::language::Language;
use crate::base::ports::UnixMillis;

/// `May 3, 2026` or `3 de mayo de 2026`.
pub(crate) fn date(at: UnixMillis, language: Language) -> String {
    let date = civil(at);
    let texts = Texts::of(language);
    let month = usize::try_from(date.month() - 1)
        .ok()
        .and_then(|index| texts.months.split(' ').nth(index))
        .unwrap_or_default();
    match language {
        Language::English => format!("{month} {}, {}", date.day(), date.year()),
        Language::Spanish => format!("{} de {month} de {}", date.day(), date.year()),
    }
}

/// The date with the time of day: `May 3, 2026, 14:05`.
pub(crate) fn moment(at: UnixMillis, language: Language) -> String {
    let time = civil(at);
    format!(
        "{}, {:02}:{:02}",
        date(at, language),
        time.hour(),
        time.minute()
    )
}

fn civil(at: UnixMillis) -> DateTime {
    Timestamp::from_millisecond(at.0)
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC)
        .datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_in_its_language() {
        let at = UnixMillis(1_777_817_100_000);
        assert_eq!(date(at, Language::English), "May 3, 2026");
        assert_eq!(date(at, Language::Spanish), "3 de mayo de 2026");
        assert_eq!(moment(at, Language::English), "May 3, 2026, 14:05");
    }

    #[test]
    fn no_number_is_too_large_for_a_date() {
        for at in [i64::MIN, -1, i64::MAX] {
            assert!(!moment(UnixMillis(at), Language::Spanish).is_empty());
        }
    }
}
