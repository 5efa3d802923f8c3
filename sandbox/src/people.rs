//! The synthetic people: numbers, patient ids, Medicare numbers and what a Patient resource tells of them.
//!
//! A person is computed from a number. Numbers 0 to 29,999 are the documented people, in the order of the
//! accounts `BBUser00000` to `BBUser29999`; those above are the people of the hard cases
//! (`BBHard01`…, see [`crate::idp::accounts`]).

mod detail;
mod mbi;
mod names;

pub(crate) use detail::Entitlement;
pub use detail::{Person, Race, Sex};
pub use mbi::Mbi;

/// How many documented people there are.
pub const DOCUMENTED: u16 = 30_000;

/// How many people belong to hard cases.
pub const HARD: u16 = 7;

/// The first patient id below (that is, minus one) of each range of ten thousand people.
const RANGES: [i64; 3] = [
    -19_990_000_000_000,
    -20_000_000_000_000,
    -20_140_000_000_000,
];

/// The same for the hard cases.
const HARD_RANGE: i64 = -20_190_000_000_000;

/// The number of a person who exists.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PersonNumber(u16);

impl PersonNumber {
    /// `BBUser28324`, whose 32 claims are documented.
    pub const DOE: Self = Self(28_324);
    /// `BBUser20023`, whose 148 claims are documented.
    pub const MANY_CLAIMS: Self = Self(20_023);
    /// `BBUser00000`, the first person that a developer meets.
    pub const FIRST: Self = Self(0);
    /// `BBUser00100`, Lucille, whose claims tell of cancer of the lung.
    pub const LUCILLE: Self = Self(100);
    /// `BBUser00101`, Jack, whose claims tell of diabetes and high blood pressure.
    pub const JACK: Self = Self(101);
    /// `BBUser29999`, Jane Doe.
    pub const LAST: Self = Self(29_999);

    /// The person of that number, where there is one.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number < DOCUMENTED + HARD {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Everyone.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..DOCUMENTED + HARD).map(Self)
    }

    /// The bare number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The FHIR logical id of the Patient in v1 and v2.
    #[must_use]
    pub fn patient_id(self) -> i64 {
        if self.0 >= DOCUMENTED {
            return HARD_RANGE - i64::from(self.0 - DOCUMENTED) - 1;
        }
        RANGES[usize::from(self.0 / 10_000)] - i64::from(self.0 % 10_000) - 1
    }

    /// The person of a patient id.
    #[must_use]
    pub fn of_patient_id(id: i64) -> Option<Self> {
        let within = |base: i64, size: i64| {
            let offset = base.checked_sub(id)?.checked_sub(1)?;
            (0..size)
                .contains(&offset)
                .then(|| u16::try_from(offset).ok())
                .flatten()
        };
        for (index, base) in (0u16..).zip(RANGES) {
            if let Some(offset) = within(base, 10_000) {
                return Some(Self(index * 10_000 + offset));
            }
        }
        within(HARD_RANGE, i64::from(HARD)).map(|offset| Self(DOCUMENTED + offset))
    }

    /// The FHIR logical id of the Patient in v3, which has other numbers for people: negative, with nine digits.
    #[must_use]
    pub const fn v3_id(self) -> i64 {
        v3_spread(self.0 as i64)
    }

    /// The person of a patient id of v3.
    #[must_use]
    pub fn of_v3_id(id: i64) -> Option<Self> {
        Self::new(u16::try_from(v3_gather(id)?).ok()?)
    }

    /// Whether v3 once had a second record for the person, with an id and a Medicare number of its own, which was
    /// merged into the present one.
    #[must_use]
    pub const fn is_merged(self) -> bool {
        self.0 < DOCUMENTED && self.0 % 97 == 61
    }

    /// The v3 id of the record that was merged away.
    #[must_use]
    pub const fn former_v3_id(self) -> Option<i64> {
        if self.is_merged() {
            Some(v3_spread(FORMER + self.0 as i64))
        } else {
            None
        }
    }

    /// The person whose record with this v3 id was merged away.
    #[must_use]
    pub fn of_former_v3_id(id: i64) -> Option<Self> {
        let number = u16::try_from(v3_gather(id)?.checked_sub(FORMER)?).ok()?;
        Self::new(number).filter(|person| person.is_merged())
    }

    /// Whether documents tell this person's claims, so that neither the clock nor chance may change them.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        matches!(
            self,
            Self::DOE | Self::MANY_CLAIMS | Self::FIRST | Self::LAST | Self::LUCILLE | Self::JACK
        ) || self.0 >= DOCUMENTED
    }
}

/// Where the numbers of records begin that were merged away.
const FORMER: i64 = 40_000;

const fn v3_spread(number: i64) -> i64 {
    -V3_LEAST - (number * V3_STEP + V3_FIRST) % V3_SPACE
}

fn v3_gather(id: i64) -> Option<i64> {
    let spread = id.checked_neg()?.checked_sub(V3_LEAST)?;
    (0..V3_SPACE)
        .contains(&spread)
        .then(|| ((spread - V3_FIRST) * V3_STEP_INVERSE).rem_euclid(V3_SPACE))
}

/// The least number of nine digits, and how many there are.
const V3_LEAST: i64 = 100_000_000;
const V3_SPACE: i64 = 900_000_000;

/// Where the ids of v3 begin.
const V3_FIRST: i64 = 271_828_183;

/// Spreads neighbours over the ids of v3. It has no divisor in common with [`V3_SPACE`], so no two people meet.
const V3_STEP: i64 = 556_130_017;

/// The inverse of [`V3_STEP`] modulo [`V3_SPACE`], by Euclid's algorithm.
const V3_STEP_INVERSE: i64 = {
    let (mut r, mut next_r) = (V3_SPACE, V3_STEP);
    let (mut t, mut next_t) = (0i64, 1i64);
    while next_r != 0 {
        let quotient = r / next_r;
        (r, next_r) = (next_r, r - quotient * next_r);
        (t, next_t) = (next_t, t - quotient * next_t);
    }
    assert!(r == 1, "the step must have an inverse");
    t.rem_euclid(V3_SPACE)
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_accounts_have_the_documented_patients() {
        for (number, id) in [
            (0, -19_990_000_000_001),
            (9_999, -19_990_000_010_000),
            (10_000, -20_000_000_000_001),
            (19_999, -20_000_000_010_000),
            (20_000, -20_140_000_000_001),
            (20_023, -20_140_000_000_024),
            (28_324, -20_140_000_008_325),
            (29_999, -20_140_000_010_000),
            (30_000, -20_190_000_000_001),
        ] {
            assert_eq!(PersonNumber(number).patient_id(), id);
        }
    }

    #[test]
    fn ids_of_v3_go_there_and_back_and_are_of_a_space_of_their_own() {
        let mut seen = std::collections::HashSet::new();
        for person in PersonNumber::all() {
            let id = person.v3_id();
            assert_eq!(id.to_string().len(), 10, "{id}");
            assert!(seen.insert(id), "{id}");
            assert_eq!(PersonNumber::of_v3_id(id), Some(person));
            assert_eq!(PersonNumber::of_patient_id(id), None);
            assert_eq!(PersonNumber::of_v3_id(person.patient_id()), None);
            if let Some(former) = person.former_v3_id() {
                assert!(seen.insert(former), "{former}");
                assert_eq!(PersonNumber::of_former_v3_id(former), Some(person));
                assert_eq!(PersonNumber::of_v3_id(former), None);
            }
        }
        for id in [0, 1, -1, i64::MIN, i64::MAX, -99_999_999, -1_000_000_000] {
            assert_eq!(PersonNumber::of_v3_id(id), None, "{id}");
        }
        // Documented, so they stay as they are.
        assert_eq!(PersonNumber::DOE.v3_id(), -398_429_691);
        assert_eq!(PersonNumber::MANY_CLAIMS.v3_id(), -963_158_574);
        assert_eq!(PersonNumber::LAST.v3_id(), -416_208_166);
    }

    #[test]
    fn patient_ids_go_there_and_back() {
        for person in PersonNumber::all() {
            assert_eq!(
                PersonNumber::of_patient_id(person.patient_id()),
                Some(person)
            );
        }
        for id in [
            0,
            1,
            i64::MIN,
            i64::MAX,
            -19_990_000_000_000,
            -19_990_000_010_001,
            20_140_000_008_325,
        ] {
            assert_eq!(PersonNumber::of_patient_id(id), None, "{id}");
        }
    }
}
