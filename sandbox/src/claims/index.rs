//! Everything a person has, without building it: id and dates of each claim, in the backend's order.

use std::sync::{Arc, Mutex, OnceLock};

use super::ClaimType;
use super::counts;
use super::dates::{self, Dates};
use super::id::ClaimKey;
use crate::date::Day;
use crate::people::{Person, PersonNumber};

/// One line of the index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Which claim.
    pub key: ClaimKey,
    /// When.
    pub dates: Dates,
}

/// Somebody with everything they have.
#[derive(Debug)]
pub struct Indexed {
    /// Who.
    pub person: Person,
    /// In the order of v1 and v2: by the claim number as a string, as the real backend does.
    pub entries: Vec<Entry>,
    /// In the order of v3, once somebody asked for it.
    by_v3_number: OnceLock<Vec<Entry>>,
}

impl Indexed {
    /// Computes what a person has.
    #[must_use]
    pub fn of(number: PersonNumber) -> Self {
        let person = Person::of(number);
        Self {
            entries: all(&person),
            person,
            by_v3_number: OnceLock::new(),
        }
    }

    /// In the order of v3: by number.
    #[must_use]
    pub fn in_order_of_v3(&self) -> &[Entry] {
        self.by_v3_number.get_or_init(|| {
            let mut entries = self.entries.clone();
            entries.sort_by_cached_key(|entry| entry.key.v3_number());
            entries
        })
    }

    /// Whether a claim has been loaded by a day.
    #[must_use]
    pub fn is_loaded(&self, entry: &Entry, today: Day) -> bool {
        is_loaded(&self.person, &entry.dates, today)
    }
}

/// The indexes of those who were asked for last, so that the pages of one search do not compute theirs again.
#[derive(Debug, Default)]
pub struct ClaimCache(Mutex<Vec<Arc<Indexed>>>);

impl ClaimCache {
    /// How many people's indexes are kept; the largest takes some 200 KB.
    const ROOM: usize = 16;

    /// The index of a person.
    pub fn of(&self, number: PersonNumber) -> Arc<Indexed> {
        let Ok(mut kept) = self.0.lock() else {
            return Arc::new(Indexed::of(number));
        };
        let place = kept.iter().position(|one| one.person.number == number);
        let found = place.map_or_else(|| Arc::new(Indexed::of(number)), |place| kept.remove(place));
        // Whoever was asked for last is last; the first one goes.
        if kept.len() == Self::ROOM {
            kept.remove(0);
        }
        kept.push(Arc::clone(&found));
        found
    }
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
        let indexed = Indexed::of(PersonNumber::new(22_167).unwrap());
        let total = |today: Day| {
            let loaded = indexed.entries.iter();
            loaded
                .filter(|entry| indexed.is_loaded(entry, today))
                .count()
        };
        let days = [
            Day::of(2020, 1, 1),
            Day::of(2026, 11, 20),
            Day::of(2026, 11, 27),
            Day::of(2028, 3, 1),
        ];
        let totals = days.map(total);
        assert!(totals[0] > 0 && totals.is_sorted(), "{totals:?}");
        assert!(totals[1] < totals[2] && totals[2] < totals[3], "{totals:?}");
        assert_eq!(totals[3], indexed.entries.len());
        let doe = Indexed::of(PersonNumber::DOE);
        let early = Day::of(2016, 1, 1);
        assert!(doe.entries.iter().all(|entry| doe.is_loaded(entry, early)));
    }

    #[test]
    fn the_shelf_gives_what_it_keeps_and_keeps_whoever_was_asked_for_last() {
        let claim_cache = ClaimCache::default();
        let person = |number| PersonNumber::new(number).unwrap();
        let first = claim_cache.of(PersonNumber::DOE);
        assert!(Arc::ptr_eq(&first, &claim_cache.of(PersonNumber::DOE)));
        for number in 0..ClaimCache::ROOM as u16 - 1 {
            claim_cache.of(person(number));
        }
        assert!(Arc::ptr_eq(&first, &claim_cache.of(PersonNumber::DOE)));
        for number in 0..ClaimCache::ROOM as u16 {
            claim_cache.of(person(number));
        }
        let again = claim_cache.of(PersonNumber::DOE);
        assert!(!Arc::ptr_eq(&first, &again));
        assert_eq!(first.entries, again.entries);
        assert!(
            again
                .in_order_of_v3()
                .is_sorted_by_key(|entry| entry.key.v3_number())
        );
    }
}
