//! Medicare numbers in the published format, with the `S` in second place that no real one has.

use std::fmt::{self, Write as _};

use sha2::{Digest, Sha256};

use super::{DOCUMENTED, HARD, PersonNumber};

/// Letters that a Medicare number may hold: all but S, L, O, I, B and Z.
const LETTERS: &[u8; 20] = b"ACDEFGHJKMNPQRTUVWXY";
/// The same letters after the digits.
const ALPHANUMERIC: &[u8; 30] = b"0123456789ACDEFGHJKMNPQRTUVWXY";
const DIGITS: &[u8; 10] = b"0123456789";

/// The alphabets of positions 5 to 11; positions 1 to 4 are always `1S00`.
const PLACES: [&[u8]; 7] = [
    LETTERS,
    ALPHANUMERIC,
    DIGITS,
    LETTERS,
    LETTERS,
    DIGITS,
    DIGITS,
];

/// How many numbers the seven places can spell.
const SPACE: u64 = 20 * 30 * 10 * 20 * 20 * 10 * 10;

/// Spreads neighbours; prime, so it has no divisor in common with [`SPACE`].
const STEP: u64 = 104_729;

/// Where the numbers of records begin that were merged away.
const FORMER: u64 = 100_000;

/// A synthetic Medicare number of 11 characters.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mbi([u8; 11]);

impl Mbi {
    /// The Medicare number of a person. Two people of one hard case have the same one.
    #[must_use]
    pub fn of(person: PersonNumber) -> Self {
        Self::spell(u64::from(if person.0 == TWIN {
            TWIN - 1
        } else {
            person.0
        }))
    }

    /// The Medicare number of the record that was merged into the person's.
    #[must_use]
    pub fn former(person: PersonNumber) -> Option<Self> {
        person
            .is_merged()
            .then(|| Self::spell(FORMER + u64::from(person.0)))
    }

    /// A well-formed Medicare number that nobody has.
    #[must_use]
    pub fn unknown() -> Self {
        Self::spell(u64::from(DOCUMENTED + HARD) + 1_000)
    }

    /// Everyone who has the Medicare number `text`, or had it: mostly one, at most two.
    #[must_use]
    pub fn owners(text: &str) -> Vec<PersonNumber> {
        let Some(number) = read(text.as_bytes()) else {
            return Vec::new();
        };
        let merged = number
            .checked_sub(FORMER)
            .and_then(|number| PersonNumber::new(u16::try_from(number).ok()?))
            .filter(|person| person.is_merged());
        if let Some(person) = merged {
            return vec![person];
        }
        let Ok(number) = u16::try_from(number) else {
            return Vec::new();
        };
        let twin = (number == TWIN - 1).then_some(TWIN);
        [Some(number), twin]
            .into_iter()
            .flatten()
            .filter_map(PersonNumber::new)
            // The twin's own number is spelt by nobody.
            .filter(|person| Self::of(*person).as_str() == text)
            .collect()
    }

    /// The eleven characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// The keyed hash that other systems search by; here a plain digest stands in for it.
    #[must_use]
    pub fn hash(&self) -> String {
        let digest = Sha256::digest([&b"bluegate sandbox mbi hash "[..], &self.0].concat());
        digest
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    fn spell(number: u64) -> Self {
        let mut rest = number * STEP % SPACE;
        let mut text = *b"1S00AAAAAAA";
        for (place, alphabet) in text[4..].iter_mut().zip(PLACES).rev() {
            let size = alphabet.len() as u64;
            *place = alphabet[usize::try_from(rest % size).unwrap_or(0)];
            rest /= size;
        }
        Self(text)
    }
}

impl fmt::Display for Mbi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The second of the two people who share a Medicare number (`BBHard04`).
const TWIN: u16 = DOCUMENTED + 4;

/// The number that `text` spells.
fn read(text: &[u8]) -> Option<u64> {
    let places = text.strip_prefix(b"1S00")?;
    if places.len() != PLACES.len() {
        return None;
    }
    let mut value = 0;
    for (place, alphabet) in places.iter().zip(PLACES) {
        let digit = alphabet.iter().position(|letter| letter == place)?;
        value = value * alphabet.len() as u64 + digit as u64;
    }
    Some(value * INVERSE % SPACE)
}

/// The multiplicative inverse of [`STEP`] modulo [`SPACE`].
const INVERSE: u64 = {
    // Extended Euclid, at compile time.
    let (mut old_r, mut r) = (STEP as i64, SPACE as i64);
    let (mut old_s, mut s) = (1i64, 0i64);
    while r != 0 {
        let quotient = old_r / r;
        (old_r, r) = (r, old_r - quotient * r);
        (old_s, s) = (s, old_s - quotient * s);
    }
    old_s.rem_euclid(SPACE as i64) as u64
};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_documented_person_has_a_number_of_their_own() {
        let all: HashSet<_> = PersonNumber::all().map(Mbi::of).collect();
        // All people less the one who shares a number.
        assert_eq!(all.len(), usize::from(DOCUMENTED + HARD) - 1);
        for person in PersonNumber::all() {
            if let Some(former) = Mbi::former(person) {
                assert!(!all.contains(&former));
                assert_eq!(Mbi::owners(former.as_str()), [person]);
            }
        }
        for person in PersonNumber::all().step_by(37) {
            assert_eq!(Mbi::owners(Mbi::of(person).as_str()), [person]);
        }
    }

    #[test]
    fn the_form_is_that_of_a_medicare_number() {
        for person in PersonNumber::all().step_by(101) {
            let text = Mbi::of(person).to_string();
            assert_eq!(text.len(), 11);
            assert!(text.starts_with("1S00"), "{text}");
            for (place, kind) in text[4..].chars().zip("AXNAANN".chars()) {
                let letter = "ACDEFGHJKMNPQRTUVWXY".contains(place);
                let fits = match kind {
                    'A' => letter,
                    'N' => place.is_ascii_digit(),
                    _ => letter || place.is_ascii_digit(),
                };
                assert!(fits, "{text}");
            }
        }
    }

    #[test]
    fn the_hard_cases_are_hard() {
        let first = PersonNumber::new(TWIN - 1).unwrap();
        let second = PersonNumber::new(TWIN).unwrap();
        assert_eq!(Mbi::owners(Mbi::of(first).as_str()), [first, second]);
        assert_eq!(Mbi::owners(Mbi::unknown().as_str()), []);
        for text in [
            "",
            "1S00",
            "9AB2WW3GR44",
            "1S00AAAAAAAA",
            "1s00ac0aa00",
            "1S00SC0AA00",
        ] {
            assert_eq!(Mbi::owners(text), [], "{text}");
        }
    }
}
