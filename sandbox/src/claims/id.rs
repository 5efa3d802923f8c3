//! Claim ids: `carrier--10000930037921` is a type and a number that tells person, type and index.
//!
//! The number is reversible, so reading a claim by id needs no search, and scrambled, so that ids in order are
//! not claims in order of time: the real backend sorts by id, and a client that relies on dates must sort itself.
//! People of the first ten thousand have positive numbers, all others negative ones, as in CMS's own synthetic data.

use std::fmt;

use super::ClaimType;
use super::counts;
use crate::people::PersonNumber;

/// The least absolute value of a claim's number.
const BASE: i64 = 10_000_000_000_000;

/// The same for v3.
const V3_BASE: i64 = 3_000_000_000_000;

const BITS: u32 = 30;
const MASK: u32 = (1 << BITS) - 1;
const SPREAD: u32 = 0x2545_f491 & MASK;

/// The people whose claims have positive numbers.
const POSITIVE_BELOW: u16 = 10_000;

/// One claim of one person.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ClaimKey {
    /// Whose claim it is.
    pub person: PersonNumber,
    /// Its type.
    pub kind: ClaimType,
    /// Its place among the person's claims of that type, in the order of time.
    pub index: u16,
}

impl ClaimKey {
    fn packed(self) -> u32 {
        u32::from(self.person.get()) << 15
            | u32::from(self.kind.ordinal()) << 12
            | u32::from(self.index & 0xfff)
    }

    /// The number that was packed, where the person has so many claims of that type.
    fn unpacked(packed: u32) -> Option<Self> {
        let person = PersonNumber::new(u16::try_from(packed >> 15).ok()?)?;
        let key = Self {
            person,
            kind: *ClaimType::ALL.get((packed >> 12 & 7) as usize)?,
            index: u16::try_from(packed & 0xfff).ok()?,
        };
        (key.index < counts::of(person).of_type(key.kind)).then_some(key)
    }

    /// The id in v3, a number of a space of its own: negative, with thirteen digits.
    #[must_use]
    pub fn v3_number(self) -> i64 {
        // Undoing what scrambles the numbers of v1 and v2 scrambles as well, into another order.
        -V3_BASE - i64::from(unscramble(self.packed()))
    }

    /// The claim of an id of v3.
    #[must_use]
    pub fn of_v3_number(number: i64) -> Option<Self> {
        let value = number.checked_neg()?.checked_sub(V3_BASE)?;
        let value = u32::try_from(value).ok().filter(|value| *value <= MASK)?;
        Self::unpacked(scramble(value))
    }

    /// The number in the id.
    #[must_use]
    pub fn number(self) -> i64 {
        let value = BASE + i64::from(scramble(self.packed()));
        if self.person.get() < POSITIVE_BELOW {
            value
        } else {
            -value
        }
    }

    /// The claim of an id such as `pde--10000930037921`, where there is one.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let (name, number) = id.split_once('-')?;
        let kind = ClaimType::of_name(name)?;
        let packed = number
            .parse::<i64>()
            .ok()?
            .checked_abs()?
            .checked_sub(BASE)?;
        let packed = unscramble(
            u32::try_from(packed)
                .ok()
                .filter(|packed| *packed <= MASK)?,
        );
        let key = Self::unpacked(packed)?;
        // Writing it again settles sign, type and spelling (`+5`, `005`) at once.
        (key.kind == kind && key.to_string() == id).then_some(key)
    }
}

impl fmt::Display for ClaimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.name(), self.number())
    }
}

/// A bijection on 30 bits.
const fn scramble(mut value: u32) -> u32 {
    value = value.wrapping_mul(SPREAD) & MASK;
    value ^= value >> 15;
    value.wrapping_mul(SPREAD) & MASK
}

const fn unscramble(mut value: u32) -> u32 {
    value = value.wrapping_mul(INVERSE) & MASK;
    // 30 bits in two halves: the upper one was not changed, so the same step undoes itself.
    value ^= value >> 15;
    value.wrapping_mul(INVERSE) & MASK
}

/// The inverse of [`SPREAD`] modulo 2^32, by Newton's iteration; it serves modulo 2^30 as well.
const INVERSE: u32 = {
    let mut inverse = SPREAD;
    let mut round = 0;
    while round < 5 {
        inverse = inverse.wrapping_mul(2u32.wrapping_sub(SPREAD.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_id_leads_back_to_its_claim() {
        let mut seen = HashSet::new();
        for person in PersonNumber::all().step_by(61) {
            for kind in ClaimType::ALL {
                for index in 0..counts::of(person).of_type(kind) {
                    let key = ClaimKey {
                        person,
                        kind,
                        index,
                    };
                    assert_eq!(ClaimKey::parse(&key.to_string()), Some(key));
                    assert!(seen.insert(key.number()), "{key}");
                    assert_eq!(ClaimKey::of_v3_number(key.v3_number()), Some(key));
                    assert!(seen.insert(key.v3_number()), "{key}");
                }
            }
        }
        assert!(seen.len() > 10_000);
    }

    #[test]
    fn other_ids_lead_nowhere() {
        let key = ClaimKey {
            person: PersonNumber::DOE,
            kind: ClaimType::Pde,
            index: 0,
        };
        let number = key.number();
        assert!(number < 0);
        let beyond = ClaimKey { index: 5, ..key };
        for id in [
            format!("carrier-{number}"),
            format!("PDE-{number}"),
            format!("pde-{}", -number),
            format!("pde-+{}", -number),
            format!("pde-0{number}"),
            beyond.to_string(),
            "pde-89".to_owned(),
            "pde--89".to_owned(),
            "pde-".to_owned(),
            "dental-1".to_owned(),
            format!("pde-{}", i64::MIN),
        ] {
            assert_eq!(ClaimKey::parse(&id), None, "{id}");
        }
        let beyond = ClaimKey { index: 5, ..key };
        for number in [
            beyond.v3_number(),
            -key.v3_number(),
            number,
            0,
            i64::MIN,
            i64::MAX,
        ] {
            assert_eq!(ClaimKey::of_v3_number(number), None, "{number}");
        }
    }
}
