//! A hundred people whose claims show much, as a table: `cargo xtask samples`.

use std::fmt::Write as _;

use crate::claims::{ClaimType, index};
use crate::date::Day;
use crate::people::{DOCUMENTED, Person, PersonNumber};

/// How many people the table has.
pub const COUNT: usize = 100;

/// Claims of most people grow with time; the table counts those that were loaded before this day.
pub const BEFORE: Day = Day::of(2026, 1, 1);

/// How many types of claims somebody must have to be in the table.
const TYPES: usize = 6;

/// The least and the greatest number of claims: enough to show pages, and not so many that they tire.
const CLAIMS: std::ops::RangeInclusive<u32> = 50..=400;

/// The table as comma-separated values, the same every time.
#[must_use]
pub fn csv() -> String {
    let mut text = String::from("username,password,patient,patient_v3,name,born,died");
    for kind in ClaimType::ALL {
        text.push(',');
        text.push_str(kind.name());
    }
    text.push_str(",total\n");
    let rich: Vec<(Person, [u32; 8])> = PersonNumber::all()
        .filter(|person| person.get() < DOCUMENTED)
        .map(Person::of)
        .filter_map(|person| {
            let counts = counts(&person);
            let types = counts.iter().filter(|count| **count > 0).count();
            (types >= TYPES && CLAIMS.contains(&counts.iter().sum())).then_some((person, counts))
        })
        .collect();
    for place in 0..COUNT.min(rich.len()) {
        // Spread over all, so that each range of patient ids has its share.
        let (person, counts) = &rich[place * rich.len() / COUNT];
        let number = person.number.get();
        let died = person.death.map(|day| day.to_string()).unwrap_or_default();
        let _ = write!(
            text,
            "BBUser{number:05},PW{number:05}!,{},{},{},{},{died}",
            person.number.patient_id(),
            person.number.v3_id(),
            person.full_name(),
            person.birth,
        );
        for count in counts {
            let _ = write!(text, ",{count}");
        }
        let _ = writeln!(text, ",{}", counts.iter().sum::<u32>());
    }
    text
}

fn counts(person: &Person) -> [u32; 8] {
    let mut counts = [0; 8];
    for entry in index::all(person) {
        if entry.dates.loaded < BEFORE {
            counts[usize::from(entry.key.kind.ordinal())] += 1;
        }
    }
    counts
}
