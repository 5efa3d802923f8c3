//! When a claim's service was given and when the claim was loaded, from its key alone.

use super::id::ClaimKey;
use super::{ClaimType, refunds, stories};
use crate::date::Day;
use crate::people::Person;
use crate::rng::Rng;

const DOMAIN: u64 = 3;

/// The dates of a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dates {
    /// First day of service; the fill date of a prescription.
    pub start: Day,
    /// Last day of service.
    pub end: Day,
    /// The Friday of the weekly load, from which `meta.lastUpdated` comes.
    pub loaded: Day,
}

/// The dates of the claim `key`, one of `count` of its type.
#[must_use]
pub fn of(person: &Person, key: ClaimKey, count: u16) -> Dates {
    if let Some(step) = stories::step(key) {
        let loaded = step.end.plus(14).next_friday();
        return Dates {
            start: step.start,
            end: step.end,
            loaded,
        };
    }
    if refunds::is_refund(key) {
        // The same service, taken back some weeks later.
        let taken = of(person, refunds::before(key), count);
        let weeks = i32::from(key.index % 7) + 3;
        return Dates {
            loaded: taken.loaded.plus(7 * weeks),
            ..taken
        };
    }
    let mut rng = Rng::of(
        DOMAIN,
        u64::from(key.person.get()),
        u64::from(key.kind.ordinal()),
        u64::from(key.index),
    );
    let (mut first, last) = person.service_window();
    if key.kind == ClaimType::Pde
        && let Some(part_d) = person.part_d
    {
        first = first.max(part_d).min(last.plus(-30));
    }
    if key.kind == ClaimType::Hospice && person.death.is_some() {
        // Hospice comes at the end; some people live on.
        first = first.max(last.plus(-45 * i32::from(count) - 30));
    }
    // Each claim has a slot of its own in the window, so claims of one type follow each other in time.
    let days = i64::from(last.0 - first.0);
    let count = i64::from(count.max(1));
    let slot_start = days * i64::from(key.index) / count;
    let slot_end = (days * (i64::from(key.index) + 1) / count).max(slot_start + 1);
    let length = u32::try_from(slot_end - slot_start).unwrap_or(1);
    let stay = match key.kind {
        ClaimType::Inpatient => stay(&mut rng),
        ClaimType::Snf => rng.between(4, 42),
        // Home health is billed for 60 days, since 2020 for 30.
        ClaimType::Hha => rng.between(12, 29),
        ClaimType::Hospice => rng.between(5, 29),
        ClaimType::Carrier if rng.percent(6) => rng.between(1, 5),
        _ => 0,
    };
    let stay = stay.min(length.saturating_sub(1));
    let mut offset = slot_start + i64::from(rng.below(length - stay));
    if key.kind == ClaimType::Hospice && person.death.is_some() && i64::from(key.index) + 1 == count
    {
        // The last claim ends with the life.
        offset = days - i64::from(stay);
    }
    let start = first.plus(i32::try_from(offset).unwrap_or(0));
    let end = start.plus(i32::try_from(stay).unwrap_or(0));
    let loaded = end
        .plus(i32::try_from(rng.between(6, 32)).unwrap_or(6))
        .next_friday();
    Dates { start, end, loaded }
}

/// Days in hospital: mostly a few, sometimes weeks.
fn stay(rng: &mut Rng) -> u32 {
    match rng.below(100) {
        0..=14 => 1,
        15..=69 => rng.between(2, 5),
        70..=92 => rng.between(6, 10),
        _ => rng.between(11, 32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::counts;
    use crate::people::PersonNumber;

    #[test]
    fn dates_are_in_order_and_within_the_persons_time() {
        for number in PersonNumber::all().step_by(53) {
            let person = Person::of(number);
            let (first, last) = person.service_window();
            for kind in ClaimType::ALL {
                let count = counts::of(number).of_type(kind);
                let mut before = None;
                for index in 0..count {
                    let dates = of(
                        &person,
                        ClaimKey {
                            person: number,
                            kind,
                            index,
                        },
                        count,
                    );
                    assert!(
                        first <= dates.start && dates.start <= dates.end && dates.end <= last,
                        "{number:?} {dates:?}"
                    );
                    assert!(dates.end < dates.loaded && dates.loaded == dates.loaded.last_friday());
                    assert!(before.is_none_or(|before| before <= dates.start));
                    before = Some(dates.start);
                }
            }
        }
    }
}
