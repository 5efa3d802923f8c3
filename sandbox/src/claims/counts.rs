//! How many claims of each type a person has.
//!
//! The quantiles are those of CMS's Synthea data (69,793 people): most people have a few dozen claims, a few have
//! thousands.

use super::{ClaimType, stories};
use crate::people::PersonNumber;
use crate::rng::Rng;

const DOMAIN: u64 = 2;

/// Counts by type.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts([u16; 8]);

impl Counts {
    /// The count of one type.
    #[must_use]
    pub const fn of_type(&self, kind: ClaimType) -> u16 {
        self.0[kind.ordinal() as usize]
    }

    /// All claims.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().map(|count| u32::from(*count)).sum()
    }

    fn with(mut self, kind: ClaimType, count: u16) -> Self {
        self.0[usize::from(kind.ordinal())] = count;
        self
    }
}

/// The counts of a person.
#[must_use]
pub fn of(person: PersonNumber) -> Counts {
    if stories::of(person).is_some() {
        let mut counts = Counts::default();
        for (key, _) in stories::claims(person) {
            counts = counts.with(key.kind, key.index + 1);
        }
        return counts;
    }
    let fixed = |carrier, inpatient, pde| {
        Counts::default()
            .with(ClaimType::Carrier, carrier)
            .with(ClaimType::Inpatient, inpatient)
            .with(ClaimType::Pde, pde)
    };
    match person {
        PersonNumber::DOE => return fixed(25, 2, 5),
        PersonNumber::MANY_CLAIMS => return fixed(44, 1, 103),
        PersonNumber::FIRST => {
            return fixed(14, 1, 24)
                .with(ClaimType::Outpatient, 6)
                .with(ClaimType::Dme, 2)
                .with(ClaimType::Snf, 1);
        }
        PersonNumber::LAST => return fixed(11, 0, 18).with(ClaimType::Outpatient, 5),
        _ => {}
    }
    // Hard cases have some claims of each common type, to have something to confuse.
    if person.get() >= crate::people::DOCUMENTED {
        return fixed(6, 1, 9).with(ClaimType::Outpatient, 3);
    }
    let mut rng = Rng::of(DOMAIN, u64::from(person.get()), 0, 0);
    let common = rng.below(SCALE);
    let mut counts = Counts::default();
    for (kind, knots) in QUANTILES {
        // Half of the time a type follows how ill the person is altogether: that makes the heavy tail of the
        // sum, and leaves the distribution of each type as its table says.
        let own = rng.below(SCALE);
        let place = if rng.percent(50) { common } else { own };
        counts = counts.with(kind, at(knots, place));
    }
    counts
}

const SCALE: u32 = 100_000;

/// Points of a distribution function: share of people in 1/100,000, and the count that it reaches.
type Knots = &'static [(u32, u16)];

#[rustfmt::skip]
const QUANTILES: [(ClaimType, Knots); 8] = [
    (ClaimType::Carrier, &[
        (14_000, 0), (30_000, 4), (50_000, 9), (75_000, 17), (90_000, 30), (97_000, 58), (99_000, 99),
        (99_900, 180), (SCALE, 284),
    ]),
    (ClaimType::Dme, &[
        (41_000, 0), (60_000, 2), (75_000, 4), (90_000, 10), (97_000, 19), (99_000, 30), (99_700, 50), (99_950, 130),
        (SCALE, 253),
    ]),
    (ClaimType::Hha, &[(93_000, 0), (97_000, 10), (99_000, 23), (99_900, 40), (SCALE, 57)]),
    (ClaimType::Hospice, &[(85_000, 0), (99_500, 1), (99_950, 2), (SCALE, 3)]),
    (ClaimType::Inpatient, &[
        (44_000, 0), (60_000, 1), (80_000, 2), (90_000, 4), (96_000, 8), (99_000, 27), (99_700, 45), (99_950, 120),
        (SCALE, 367),
    ]),
    (ClaimType::Outpatient, &[
        (16_000, 0), (30_000, 3), (50_000, 7), (75_000, 22), (90_000, 55), (95_000, 160), (99_000, 484),
        (99_900, 1_100), (SCALE, 1_766),
    ]),
    (ClaimType::Pde, &[
        (20_000, 0), (35_000, 5), (50_000, 12), (75_000, 44), (90_000, 114), (97_000, 290), (99_000, 586),
        (99_900, 1_600), (SCALE, 2_997),
    ]),
    (ClaimType::Snf, &[(79_000, 0), (97_000, 1), (99_300, 2), (99_950, 3), (SCALE, 5)]),
];

/// The count at a place of the distribution, linear between the knots.
fn at(knots: Knots, place: u32) -> u16 {
    let mut before = (0, 0);
    for &(share, count) in knots {
        if place < share {
            // At the zero knot everybody has none; above it everybody has at least one.
            if count == 0 {
                return 0;
            }
            let run = u64::from(share - before.0);
            let rise = u64::from(count - before.1);
            let part = rise * u64::from(place - before.0) / run;
            return before
                .1
                .saturating_add(u16::try_from(part).unwrap_or(0))
                .max(1);
        }
        before = (share, count);
    }
    before.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_people_have_the_documented_counts() {
        let doe = of(PersonNumber::DOE);
        assert_eq!(
            (
                doe.of_type(ClaimType::Carrier),
                doe.of_type(ClaimType::Inpatient),
                doe.of_type(ClaimType::Pde)
            ),
            (25, 2, 5)
        );
        assert_eq!(doe.total(), 32);
        let many = of(PersonNumber::MANY_CLAIMS);
        assert_eq!(
            (
                many.of_type(ClaimType::Carrier),
                many.of_type(ClaimType::Inpatient),
                many.of_type(ClaimType::Pde)
            ),
            (44, 1, 103)
        );
        assert_eq!(many.total(), 148);
    }

    #[test]
    fn the_distribution_is_that_of_the_reference() {
        // Table 5.2 of the reference: share with any, median, 90th and 99th percentile, maximum.
        for (kind, any, p50, p90, p99, max) in [
            (ClaimType::Carrier, 86, 9, 30, 99, 284),
            (ClaimType::Dme, 59, 1, 10, 30, 253),
            (ClaimType::Hha, 7, 0, 0, 23, 57),
            (ClaimType::Hospice, 15, 0, 1, 1, 3),
            (ClaimType::Inpatient, 56, 1, 4, 27, 367),
            (ClaimType::Outpatient, 84, 7, 55, 484, 1_766),
            (ClaimType::Snf, 21, 0, 1, 2, 5),
            (ClaimType::Pde, 80, 12, 114, 586, 2_997),
        ] {
            let mut all: Vec<u16> = (0..30_000)
                .filter_map(PersonNumber::new)
                .map(|p| of(p).of_type(kind))
                .collect();
            all.sort_unstable();
            let with = all.iter().filter(|count| **count > 0).count() / 300;
            assert!(with.abs_diff(any) <= 1, "{kind:?}: {with}% have any");
            for (place, expected) in [(15_000, p50), (27_000, p90), (29_700, p99)] {
                let found = all[place];
                assert!(
                    found.abs_diff(expected) <= expected / 8 + 1,
                    "{kind:?} at {place}: {found}, expected {expected}"
                );
            }
            assert!(
                all[29_999] <= max && all[29_999] * 2 > max,
                "{kind:?}: maximum {}",
                all[29_999]
            );
        }
    }

    #[test]
    fn a_few_people_have_thousands() {
        let mut totals: Vec<u32> = PersonNumber::all()
            .map(|person| of(person).total())
            .collect();
        totals.sort_unstable();
        assert!(
            (40..65).contains(&totals[15_000]),
            "median {}",
            totals[15_000]
        );
        assert!(totals[29_999] > 2_000, "maximum {}", totals[29_999]);
    }
}
