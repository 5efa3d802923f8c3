//! The small values that every model type is made of: calendar dates, instants, decimals and codes
//! (money is in `money`). Numbers are read from their JSON text, never through floating point, and a
//! date stays the calendar day that the server wrote: no time zone ever moves it (docs/claims-backend.md#claims).

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// A calendar date as FHIR writes it: a year, a year and month, or a full day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: Option<u8>,
    day: Option<u8>,
}

impl Date {
    /// Reads `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, or the date part of a `dateTime`.
    pub fn parse(text: &str) -> Option<Self> {
        let date = cut(text, b'T').map_or(text, |(date, _)| date);
        let (year, rest) = behind(date);
        let year = digits(year, 4).filter(|year| *year > 0)?;
        let (mut month, mut day) = (None, None);
        if let Some(rest) = rest {
            let (part, rest) = behind(rest);
            let known = digits(part, 2).filter(|month| (1..=12).contains(month))?;
            month = Some(known);
            if let Some(part) = rest {
                let days = 1..=days_in(year, known);
                day = Some(digits(part, 2).filter(|day| days.contains(day))?);
            }
        }
        // A time without a day (`2018T10:00`) is not a FHIR date.
        if day.is_none() && date.len() != text.len() {
            return None;
        }
        Some(Self {
            year,
            month: month.and_then(|month| u8::try_from(month).ok()),
            day: day.and_then(|day| u8::try_from(day).ok()),
        })
    }

    /// A month.
    pub(crate) fn of_month(year: u16, month: u8) -> Option<Self> {
        (1..=12).contains(&month).then_some(Self {
            year,
            month: Some(month),
            day: None,
        })
    }

    /// Days since 1970-01-01: of the first day, where only a year or a month is known.
    pub fn days(self) -> i32 {
        // The proleptic Gregorian calendar with years that begin in March, so that a leap day is
        // the last of its year.
        let month = i32::from(self.month.unwrap_or(1));
        let day = i32::from(self.day.unwrap_or(1));
        let year = i32::from(self.year) - i32::from(month <= 2);
        let month = (month + 9) % 12;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 719,468 days lie between the first of March of year 0 and 1970-01-01.
        365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
    }

    /// Twelve times the year and the months since January, where the month is known.
    pub fn months(self) -> Option<i32> {
        Some(i32::from(self.year) * 12 + i32::from(self.month?) - 1)
    }

    /// The year.
    pub const fn year(&self) -> u16 {
        self.year
    }

    /// The month, 1 to 12, where it is known.
    pub const fn month(&self) -> Option<u8> {
        self.month
    }

    /// The day of the month, where it is known.
    pub const fn day(&self) -> Option<u8> {
        self.day
    }
}

impl Date {
    /// Its text, of four, seven or ten characters.
    fn text(self, buffer: &mut [u8; 10]) -> &str {
        let mut length = 0;
        let mut put = |bytes: &[u8]| {
            for byte in bytes {
                if let Some(place) = buffer.get_mut(length) {
                    *place = *byte;
                    length += 1;
                }
            }
        };
        let digit = |value: u16| b'0' + u8::try_from(value % 10).unwrap_or_default();
        let year = self.year;
        put(&[
            digit(year / 1000),
            digit(year / 100),
            digit(year / 10),
            digit(year),
        ]);
        for part in [self.month, self.day].into_iter().flatten().map(u16::from) {
            put(&[b'-', digit(part / 10), digit(part)]);
        }
        let text = buffer.get(..length).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; 10]))
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; 10]))
    }
}

/// A start and an end, both optional. The end may precede the start: upstream data does that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
}

impl Period {
    /// Neither a start nor an end is known.
    pub const fn is_empty(&self) -> bool {
        self.start.is_none() && self.end.is_none()
    }
}

/// An instant as the server wrote it, kept as text so that it can be sent back in `_lastUpdated`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Timestamp(String);

impl Timestamp {
    /// Accepts a full date, `T` and a time; the text is kept as it came.
    pub fn parse(text: &str) -> Option<Self> {
        let (_, time) = cut(text, b'T')?;
        let shape = time.len() >= 5 && time.bytes().next().is_some_and(|c| c.is_ascii_digit());
        (shape && Date::parse(text).is_some()).then(|| Self(text.to_owned()))
    }

    /// The text as the server wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A decimal number in its shortest exact text: `60.0` and `60` are both `60`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Decimal(String);

impl Decimal {
    /// Reads the text of a JSON number; one with an exponent is kept as it is.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = Number::parse(text)?;
        if number.exponent != 0 {
            return Some(Self(text.to_owned()));
        }
        let mut fraction = number.fraction;
        while let Some(shorter) = fraction.strip_suffix('0') {
            fraction = shorter;
        }
        let zero = number.whole == "0" && fraction.is_empty();
        let mut out = String::with_capacity(text.len());
        if number.negative && !zero {
            out.push('-');
        }
        out.push_str(number.whole);
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        Some(Self(out))
    }

    /// The number's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The parts of a JSON number's text.
pub(super) struct Number<'a> {
    pub(super) negative: bool,
    pub(super) whole: &'a str,
    pub(super) fraction: &'a str,
    pub(super) exponent: i64,
}

impl<'a> Number<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, rest) = text
            .strip_prefix('-')
            .map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match cut(rest, b'e').or_else(|| cut(rest, b'E')) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = cut(mantissa, b'.').unwrap_or((mantissa, ""));
        let is_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        (!whole.is_empty() && is_digits(whole) && is_digits(fraction)).then_some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }
}

/// A code and, where the server sent one, its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// The code as sent.
    pub code: String,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// The list that a code is from, the same name in every version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum CodeSystem {
    /// ICD-9, diagnoses (CM) or procedures.
    Icd9,
    /// ICD-10, diagnoses (CM) or procedures (PCS).
    Icd10,
    /// HCPCS, level I (which v3 writes as CPT) and level II.
    Hcpcs,
    /// HIPPS rate codes.
    Hipps,
    /// National Drug Code.
    Ndc,
    /// Any other list.
    Other,
}

impl CodeSystem {
    /// The list that a `system` URL stands for.
    pub(crate) fn of(system: &str) -> Self {
        // v1 and v2 URLs end in the name; v3 uses the owners' URLs.
        match tail(system) {
            "icd-10-cm" | "icd-10" | "ICD10" => Self::Icd10,
            "icd-9-cm" | "icd-9" | "ICD9" => Self::Icd9,
            "hcpcs" | "hcpcs_cd" | "HCPCSReleaseCodeSets" | "cpt" => Self::Hcpcs,
            "HIPPSCodes" => Self::Hipps,
            "ndc" => Self::Ndc,
            _ => Self::Other,
        }
    }
}

/// The last segment of a URL, without the `/2018-1` that Part D month extensions end in
/// (docs/claims-backend.md#coverage).
pub(crate) fn tail(url: &str) -> &str {
    let (rest, end) = last_segment(url);
    // Only then can it be a year and a month, and this is called for every coding there is.
    if !end.bytes().next().is_some_and(|c| c.is_ascii_digit()) {
        return end;
    }
    let month = cut(end, b'-').is_some_and(|(year, month)| {
        digits(year, 4).is_some() && matches!(month.len(), 1 | 2) && digits(month, 0).is_some()
    });
    if month { last_segment(rest).1 } else { end }
}

fn last_segment(url: &str) -> (&str, &str) {
    cut_last(url, b'/').unwrap_or(("", url))
}

/// What stands before the first hyphen and behind it.
fn behind(text: &str) -> (&str, Option<&str>) {
    cut(text, b'-').map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// What stands before the first of this ASCII character and behind it. The library's search for characters
/// is fast in long texts; those of codes and ids are short, and the browser's module is smaller without it.
pub(crate) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().position(|byte| byte == at)?)
}

/// What stands before the last of this ASCII character and behind it.
pub(crate) fn cut_last(text: &str, at: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|byte| byte == at)?)
}

fn around(text: &str, at: usize) -> Option<(&str, &str)> {
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The normalised name of a variable, from its URL (v1, v2) or its bare code (v3):
/// lower case with underscores.
pub(crate) fn variable(code: &str) -> Cow<'_, str> {
    let code = tail(code);
    // v1 and v2 write them like that.
    if !code
        .bytes()
        .any(|byte| byte == b'-' || byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(code);
    }
    let mut name = String::with_capacity(code.len());
    for character in code.chars() {
        name.push(match character {
            '-' => '_',
            other => other.to_ascii_lowercase(),
        });
    }
    Cow::Owned(name)
}

/// Whether a URL or bare code is the variable of this normalised name.
pub(crate) fn is_variable(code: &str, name: &str) -> bool {
    let code = tail(code).bytes();
    code.len() == name.len()
        && code.zip(name.bytes()).all(|(a, b)| {
            a.eq_ignore_ascii_case(&b) || (matches!(a, b'-' | b'_') && matches!(b, b'-' | b'_'))
        })
}

/// A number of just digits; of exactly `len` of them unless `len` is 0.
fn digits(text: &str, len: usize) -> Option<u16> {
    let shape = (len == 0 || text.len() == len) && text.bytes().all(|b| b.is_ascii_digit());
    shape.then(|| text.parse().ok()).flatten()
}

fn days_in(year: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_keep_their_precision_and_their_day() {
        for text in ["2018", "2018-05", "2016-02-29", "9999-12-31"] {
            assert_eq!(Date::parse(text).unwrap().to_string(), text);
        }
        // Midnight in a zone east of the reader is still that day.
        let date = Date::parse("2016-01-16T00:00:00+00:00").unwrap();
        assert_eq!(date.to_string(), "2016-01-16");
        let date = Date::parse("2016-01-16T23:59:59-11:00").unwrap();
        assert_eq!(
            (date.year(), date.month(), date.day()),
            (2016, Some(1), Some(16))
        );
    }

    #[test]
    fn impossible_dates_are_refused() {
        for text in [
            "",
            "IGNORED_FIELD",
            "2020-13-40",
            "2019-02-29",
            "1900-02-29",
            "0000",
            "2018-1",
            "18",
            "2018-01-01-01",
            "2018T10:00",
            "+018",
            "2018--1",
            "２０１８",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn timestamps_keep_their_text() {
        let text = "2020-01-01T00:00:00.000+00:00";
        assert_eq!(Timestamp::parse(text).unwrap().as_str(), text);
        assert_eq!(Timestamp::parse("IGNORED_FIELD"), None);
        assert_eq!(Timestamp::parse("2020-01-01"), None);
    }

    #[test]
    fn decimals_have_one_text() {
        for (text, value) in [
            ("60.0", "60"),
            ("4.750", "4.75"),
            ("-0.0", "0"),
            ("-1.50", "-1.5"),
            ("77", "77"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().as_str(), value);
        }
        assert_eq!(Decimal::parse("\"60\""), None);
    }

    #[test]
    fn variables_have_one_name_in_all_versions() {
        assert_eq!(
            variable("https://bluebutton.cms.gov/resources/variables/line_nch_pmt_amt"),
            "line_nch_pmt_amt"
        );
        assert_eq!(variable("CLM_LINE_SBMT_CHRG_AMT"), "clm_line_sbmt_chrg_amt");
        assert_eq!(
            variable("https://bluebutton.cms.gov/fhir/StructureDefinition/BENE-CNTRCT-NUM"),
            "bene_cntrct_num"
        );
        assert_eq!(
            variable("https://bluebutton.cms.gov/resources/variables/ptdcntrct01/2018-1"),
            "ptdcntrct01"
        );
        assert!(is_variable("https://x/BENE-PBP-NUM", "bene_pbp_num"));
        assert!(!is_variable("https://x/BENE-PBP-NUMBER", "bene_pbp_num"));
        assert_eq!(tail(""), "");
        assert_eq!(tail("2018-1"), "");
    }
}
