//! Hospital stays: a DRG, what led to it, and the revenue centers that were used.

use super::{around, organization, part, physician};
use crate::claims::codes::{
    ADMISSION_TYPES, Condition, DISCHARGES, DRGS, Diagnosis, Drg, KIDNEY_DRG, postal_state,
};
use crate::claims::dates::Dates;
use crate::claims::id::ClaimKey;
use crate::claims::model::{Cents, Inpatient, RevenueLine};
use crate::people::{Entitlement, Person, PersonNumber};
use crate::rng::Rng;

/// What Medicare pays for a stay of weight 1, in cents.
const BASE_RATE: i64 = 645_000;

/// The documented 25 lines of the two stays of `BBUser28324`.
const DOE_LINES: [usize; 2] = [14, 11];

pub(super) fn body(
    person: &Person,
    key: ClaimKey,
    dates: &Dates,
    conditions: &[&'static Condition],
    rng: &mut Rng,
) -> Inpatient {
    let drg = if person.entitlement == Entitlement::KidneyDisease && rng.percent(60) {
        &KIDNEY_DRG
    } else {
        rng.pick_weighted(DRGS, |drg| drg.share)
    };
    let days = u32::try_from(dates.end.0 - dates.start.0)
        .unwrap_or(0)
        .max(1);
    let lines = lines(key, drg, days, rng);
    let deductible = Cents(if rng.percent(70) {
        deductible(dates.start.year())
    } else {
        0
    });
    let price = around(rng, BASE_RATE * drg.weight / 100, 20);
    let died = person.death == Some(dates.end);
    let discharge = if died {
        &DISCHARGES[4]
    } else {
        rng.pick_weighted(&DISCHARGES, |row| row.2)
    };
    Inpatient {
        hospital: organization(person, 200, "HOSPITAL"),
        // No state has the number 99 in CMS certification numbers.
        certification: format!("99{:04}", u32::from(person.number.get()) % 880),
        control_number: 20_000_000_000_000 + u64::from(rng.below(u32::MAX)) * 1_000,
        drg: drg.code,
        weight: drg.weight,
        admission: ADMISSION_TYPES[if drg.elective {
            2
        } else {
            usize::from(rng.percent(20))
        }],
        source: if drg.elective { "1" } else { "2" },
        discharge: (discharge.0, discharge.1),
        attending: physician(person, 200),
        operating: drg.procedure.map(|_| physician(person, 201)),
        other: (drg.procedure.is_some() && rng.percent(30)).then(|| physician(person, 202)),
        admitting: &drg.admitting,
        diagnoses: diagnoses(drg, conditions, rng),
        procedures: drg
            .procedure
            .as_ref()
            .map(|procedure| {
                (
                    procedure,
                    dates
                        .start
                        .plus(i32::try_from(rng.below(days.min(3))).unwrap_or(0)),
                )
            })
            .into_iter()
            .collect(),
        lines,
        covered_days: days,
        deductible,
        paid: Cents((price.0 - deductible.0).max(0)),
        state: postal_state(person.state),
    }
}

/// The Part A inpatient deductible of a year, in cents.
const fn deductible(year: i32) -> i64 {
    match year {
        ..=2014 => 121_600,
        2015 => 126_000,
        2016 => 128_800,
        2017 => 131_600,
        2018 => 134_000,
        2019 => 136_400,
        2020 => 140_800,
        2021 => 148_400,
        2022 => 155_600,
        2023 => 160_000,
        2024 => 163_200,
        _ => 167_600,
    }
}

fn diagnoses(
    drg: &'static Drg,
    conditions: &[&'static Condition],
    rng: &mut Rng,
) -> Vec<(&'static Diagnosis, bool)> {
    let mut found = vec![(&drg.principal, true)];
    for condition in conditions.iter().take(7) {
        let diagnosis = rng.pick(condition.diagnoses);
        if !found.iter().any(|(known, _)| known.code == diagnosis.code) {
            // Lasting conditions were there before; a few complications arise in hospital.
            found.push((diagnosis, !rng.percent(4)));
        }
    }
    found
}

/// Revenue centers in the order that they are billed: code, HCPCS, cents for one unit, share in 100 stays.
const CENTERS: [(&str, Option<&str>, i64, u32); 15] = [
    ("0250", None, 4_200, 95),
    ("0258", None, 3_100, 80),
    ("0270", None, 7_900, 80),
    ("0300", None, 6_400, 90),
    ("0301", None, 5_200, 70),
    ("0305", None, 4_300, 65),
    ("0320", Some("71046"), 31_000, 60),
    ("0352", Some("74177"), 182_000, 25),
    ("0360", None, 940_000, 20),
    ("0410", None, 11_800, 30),
    ("0420", Some("97110"), 14_500, 35),
    ("0450", Some("99285"), 142_000, 55),
    ("0480", Some("93306"), 121_000, 25),
    ("0636", Some("J2270"), 1_900, 55),
    ("0730", Some("93005"), 21_500, 60),
];

fn lines(key: ClaimKey, drg: &Drg, days: u32, rng: &mut Rng) -> Vec<RevenueLine> {
    let fixed = (key.person == PersonNumber::DOE)
        .then(|| DOE_LINES[usize::from(key.index) % DOE_LINES.len()]);
    let room = around(rng, 182_000, 15);
    let mut found = vec![RevenueLine {
        number: 1,
        revenue: if drg.weight > 180 { "0200" } else { "0120" },
        hcpcs: None,
        units: days,
        rate: room,
        charge: Cents(room.0 * i64::from(days)),
        noncovered: Cents(0),
    }];
    for (index, (revenue, hcpcs, price, share)) in CENTERS.into_iter().enumerate() {
        let wanted = match fixed {
            Some(lines) => index + 1 < lines,
            None => rng.percent(share),
        };
        if wanted {
            let units = if price < 20_000 {
                rng.between(1, 4 * days.min(12))
            } else {
                1
            };
            let charge = around(rng, price * i64::from(units), 25);
            let noncovered = if rng.percent(3) {
                Cents(part(charge.0, 1, 4))
            } else {
                Cents(0)
            };
            let number = u32::try_from(found.len()).unwrap_or(0) + 1;
            found.push(RevenueLine {
                number,
                revenue,
                hcpcs,
                units,
                rate: Cents(0),
                charge,
                noncovered,
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_lines_add_up_and_exist() {
        assert_eq!(DOE_LINES.iter().sum::<usize>(), 25);
        assert!(DOE_LINES.iter().all(|lines| *lines <= CENTERS.len() + 1));
    }
}
