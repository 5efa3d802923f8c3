//! Whether a person is enrolled in a part of Medicare. The claims backend of v1 and v2 sends four
//! Coverages as `active` for everybody (docs/claims-backend.md#coverage), so that their status
//! says nothing of parts C and D; what says it are the codes of the months. Where nothing does, it is
//! not known.

use serde::Serialize;

use super::coverage::{Coverage, Month, Part, months};
use super::json::{Key, Value};
use super::lookup::ends_in;
use super::value::Date;

/// Whether a person is enrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Enrolled {
    /// They are.
    Enrolled,
    /// They are not; a record that says nothing but its id is how v3 says so.
    #[default]
    NotEnrolled,
    /// The record does not say.
    Unknown,
}

/// Whether a person is enrolled in a part, and in which months.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// Whether they are: in the month of `as_of`, else when the record was written.
    pub state: Enrolled,
    /// The last month that the record has a code of (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// The months of that year in which they were enrolled, 1 to 12 (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub months: Vec<u8>,
}

impl Enrollment {
    /// What a Coverage says of it.
    pub(super) fn read(root: Value<'_>, coverage: &Coverage) -> Self {
        let said = by_month(root, coverage);
        let last = said.last();
        let private = matches!(coverage.part, Some(Part::C | Part::D));
        let left = coverage.termination.as_ref();
        let state = match (coverage.status.as_deref(), last) {
            (None, _) if coverage.patient_id.is_none() && coverage.part.is_some() => {
                Enrolled::NotEnrolled
            }
            (Some("cancelled"), _) => Enrolled::NotEnrolled,
            _ if left.is_some_and(|code| code.code != "0") => Enrolled::NotEnrolled,
            (Some("active"), Some((_, enrolled))) => of(*enrolled),
            (Some("active"), None) => {
                let period = coverage.period.unwrap_or_default();
                let silent = says_nothing(root) && (private || left.is_none());
                if ended(coverage) || (silent && period.start.is_none()) {
                    Enrolled::Unknown
                } else {
                    Enrolled::Enrolled
                }
            }
            _ => Enrolled::Unknown,
        };
        let year = coverage.reference_year;
        let enrolled = said.iter().filter(|(_, enrolled)| *enrolled == Some(true));
        Self {
            state,
            as_of: last.and_then(|(month, _)| Date::of_month(year?.year(), *month)),
            months: enrolled.map(|(month, _)| *month).collect(),
        }
    }
}

const fn of(enrolled: Option<bool>) -> Enrolled {
    match enrolled {
        Some(true) => Enrolled::Enrolled,
        Some(false) => Enrolled::NotEnrolled,
        None => Enrolled::Unknown,
    }
}

/// v1 and v2 of the claims backend, where everybody has four that are `active`.
fn says_nothing(root: Value<'_>) -> bool {
    let backend = |system: &str| system == "Medicare" || ends_in("v3-ActCode")(system);
    root.get(Key::Grouping).is_some() || root.get(Key::Type).coding_of(backend).is_some()
}

/// The period had ended when the record was written. 2099 and later stand for no end.
fn ended(coverage: &Coverage) -> bool {
    let end = coverage.period.and_then(|period| period.end);
    let written = coverage.last_updated.as_ref();
    let written = written.and_then(|written| Date::parse(written.as_str()));
    end.is_some_and(|end| end.year() < 2099 && written.is_none_or(|written| end < written))
}

/// What each month says that has a code.
fn by_month(root: Value<'_>, coverage: &Coverage) -> Vec<(u8, Option<bool>)> {
    let Some(part) = coverage.part else {
        return Vec::new();
    };
    let indicators = match part {
        Part::A | Part::B => months(root, "buyin"),
        Part::C => months(root, "hmo_ind_"),
        Part::D => months(root, "cstshr"),
        Part::Dual => return Vec::new(),
    };
    let said = |list: &[Month], wanted: u8| {
        let found = list.iter().find(|month| month.month == wanted)?;
        Some(says(part, &found.code))
    };
    let mut all = Vec::new();
    for month in 1..=12 {
        let enrolled = match (said(&indicators, month), said(&coverage.contracts, month)) {
            // Two that contradict each other say nothing.
            (Some(Some(one)), Some(Some(other))) if one != other => None,
            (Some(one), Some(other)) => one.or(other),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => continue,
        };
        all.push((month, enrolled));
    }
    all
}

/// What the code of a month says: entitlement and buy-in of parts A and B, the indicator of Medicare
/// Advantage, the cost sharing group of Part D; contracts have five characters.
fn says(part: Part, code: &str) -> Option<bool> {
    match (part, code) {
        (Part::A, "1" | "3" | "A" | "C") | (Part::B, "2" | "3" | "B" | "C") => Some(true),
        (Part::A | Part::B, "0" | "1" | "2" | "A" | "B") => Some(false),
        (Part::C, "1" | "2" | "A" | "B" | "C") => Some(true),
        // 4 is Original Medicare in a demonstration of case management.
        (Part::C, "0" | "4" | "N") => Some(false),
        (Part::D, "01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09") => Some(true),
        (Part::D, "00" | "10" | "11" | "12" | "13" | "0" | "N") => Some(false),
        (Part::C | Part::D, contract) if contract.len() == 5 => Some(true),
        _ => None,
    }
}
