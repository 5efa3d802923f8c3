//! Everything a person has, without building it: id and dates of each claim, in the backend's order.

use super::ClaimType;
use super::counts;
use super::dates::{self, Dates};
use super::id::ClaimKey;
use crate::date::Day;
use crate::people::Person;

/// One line of the index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Which claim.
    pub key: ClaimKey,
    /// When.
    pub dates: Dates,
}

/// What a person has on a day, ordered by the claim number as a string, as the real backend does.
#[must_use]
pub fn of(person: &Person, today: Day) -> Vec<Entry> {
    let mut entries = all(person);
    entries.retain(|entry| is_loaded(person, &entry.dates, today));
    entries
}

/// Whether a claim has been loaded by a day: new ones come each Friday, so that a client's sync finds something.
#[must_use]
pub fn is_loaded(person: &Person, dates: &Dates, today: Day) -> bool {
    person.number.is_fixed() || dates.loaded <= today
}

/// All that a person will ever have, in the same order.
#[must_use]
pub fn all(person: &Person) -> Vec<Entry> {
    let counts = counts::of(person.number);
    let mut entries = Vec::with_capacity(usize::try_from(counts.total()).unwrap_or(0));
    for kind in ClaimType::ALL {
        let count = counts.of_type(kind);
        for index in 0..count {
            let key = ClaimKey {
                person: person.number,
                kind,
                index,
            };
            entries.push(Entry {
                key,
                dates: dates::of(person, key, count),
            });
        }
    }
    // All numbers of one person have the same sign and the same fourteen digits, so the order of the strings
    // is that of the absolute values; a test holds this against the strings themselves.
    entries.sort_unstable_by_key(|entry| entry.key.number().unsigned_abs());
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::PersonNumber;

    #[test]
    fn the_order_is_that_of_the_numbers_as_strings() {
        for number in [0, 5_000, 12_345, 20_023, 28_324, 30_001] {
            let index = all(&Person::of(PersonNumber::new(number).unwrap()));
            let mut numbers: Vec<String> = index
                .iter()
                .map(|entry| entry.key.number().to_string())
                .collect();
            let found = numbers.clone();
            numbers.sort();
            assert_eq!(found, numbers);
        }
    }

    #[test]
    fn the_order_is_not_that_of_time() {
        let index = all(&Person::of(PersonNumber::MANY_CLAIMS));
        assert_eq!(index.len(), 148);
        assert!(!index.is_sorted_by_key(|entry| entry.dates.end));
    }

    #[test]
    fn claims_appear_as_time_goes_on_but_not_those_of_documented_people() {
        let person = Person::of(PersonNumber::new(22_167).unwrap());
        let total = |today: Day| of(&person, today).len();
        let days = [
            Day::of(2020, 1, 1),
            Day::of(2026, 11, 20),
            Day::of(2026, 11, 27),
            Day::of(2028, 3, 1),
        ];
        let totals = days.map(total);
        assert!(totals[0] > 0 && totals.is_sorted(), "{totals:?}");
        assert!(totals[1] < totals[2] && totals[2] < totals[3], "{totals:?}");
        assert_eq!(totals[3], all(&person).len());
        let doe = Person::of(PersonNumber::DOE);
        assert_eq!(of(&doe, Day::of(2016, 1, 1)).len(), 32);
    }
}
