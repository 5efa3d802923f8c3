//! Hospital stays: a DRG, what led to it, and the revenue centers that were used.

use super::institution::{add, bare, day_between, lead, line};
use super::{Context, around, part, physician};
use crate::claims::codes::{
    ADMISSION_TYPES, CYANOCOBALAMIN, DISCHARGES, DRGS, Drg, KIDNEY_DRG, SPECIALTIES,
};
use crate::claims::id::ClaimKey;
use crate::claims::model::{Cents, Institutional};
use crate::people::{Entitlement, PersonNumber};
use crate::rng::Rng;

/// What Medicare pays for a stay of weight 1, in cents.
const BASE_RATE: i64 = 645_000;

/// The documented 25 lines of the two stays of `BBUser28324`.
const DOE_LINES: [usize; 2] = [14, 11];

pub(super) fn body(context: &Context<'_>, rng: &mut Rng) -> Institutional {
    let Context {
        person, key, dates, ..
    } = *context;
    // Children here are in hospital because of their kidneys only.
    let child = (dates.start.0 - person.birth.0) / 365 < 20;
    let drg = if child || (person.entitlement == Entitlement::KidneyDisease && rng.percent(60)) {
        &KIDNEY_DRG
    } else {
        rng.pick_weighted(DRGS, |drg| drg.share)
    };
    let days = u32::try_from(dates.end.0 - dates.start.0)
        .unwrap_or(0)
        .max(1);
    let mut claim = bare(context, rng, 200, "HOSPITAL");
    lead(&mut claim, &drg.principal);
    if let Some(procedure) = &drg.procedure {
        let surgeon = if drg.elective || drg.external.is_some() {
            6
        } else {
            2
        };
        claim.operating = Some((physician(person, 201), &SPECIALTIES[surgeon]));
        claim.other = rng
            .percent(30)
            .then(|| (physician(person, 202), &SPECIALTIES[1]));
        let day = day_between(rng, dates.start, dates.start.plus(2).min(dates.end));
        claim.procedures.push((procedure, day));
        claim.blood_pints = if procedure.code == "30233N1" {
            rng.between(1, 4)
        } else {
            0
        };
    }
    if rng.percent(20) {
        let complication = rng.pick(&COMPLICATIONS);
        add(&mut claim.diagnoses, complication, false);
    }
    claim.admitting = Some(&drg.admitting);
    claim.external = drg.external.as_ref();
    claim.drg = Some((drg.code, drg.weight));
    let kind = if drg.elective {
        2
    } else {
        usize::from(rng.percent(20))
    };
    claim.admission = Some((ADMISSION_TYPES[kind], if drg.elective { "1" } else { "2" }));
    claim.stay = Some((dates.start, Some(dates.end)));
    let died = person.death == Some(dates.end);
    let discharge = if died {
        &DISCHARGES[4]
    } else {
        rng.pick_weighted(&DISCHARGES, |row| row.2)
    };
    claim.discharge = (discharge.0, discharge.1);
    claim.covered_days = days;
    claim.deductible = Cents(if rng.percent(70) {
        deductible(dates.start.year())
    } else {
        0
    });
    let price = around(rng, BASE_RATE * drg.weight / 100, 20);
    claim.paid = Cents((price.0 - claim.deductible.0).max(0));
    lines(&mut claim, key, drg, days, rng);
    claim
}

/// What can go wrong in hospital.
const COMPLICATIONS: [crate::claims::codes::Diagnosis; 3] = [
    crate::claims::codes::Diagnosis {
        code: "D62",
        display: "ACUTE POSTHEMORRHAGIC ANEMIA",
    },
    crate::claims::codes::Diagnosis {
        code: "E876",
        display: "HYPOKALEMIA",
    },
    crate::claims::codes::Diagnosis {
        code: "R339",
        display: "RETENTION OF URINE, UNSPECIFIED",
    },
];

/// The Part A inpatient deductible of a year, in cents.
pub(super) const fn deductible(year: i32) -> i64 {
    match year {
        ..=2015 => 126_000,
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
    ("0636", Some("J3420"), 1_900, 55),
    ("0730", Some("93005"), 21_500, 60),
];

fn lines(claim: &mut Institutional, key: ClaimKey, drg: &Drg, days: u32, rng: &mut Rng) {
    let fixed = (key.person == PersonNumber::DOE)
        .then(|| DOE_LINES[usize::from(key.index) % DOE_LINES.len()]);
    let room = around(rng, 182_000, 15);
    let mut first = line(
        claim,
        if drg.weight > 180 { "0200" } else { "0120" },
        days,
        Cents(room.0 * i64::from(days)),
    );
    first.rate = room;
    claim.lines.push(first);
    for (index, (revenue, hcpcs, price, share)) in CENTERS.into_iter().enumerate() {
        let wanted = match fixed {
            Some(lines) => index + 1 < lines,
            None => rng.percent(share),
        };
        if !wanted {
            continue;
        }
        let units = if price < 20_000 {
            rng.between(1, 4 * days.min(12))
        } else {
            1
        };
        let mut next = line(
            claim,
            revenue,
            units,
            around(rng, price * i64::from(units), 25),
        );
        next.hcpcs = hcpcs;
        next.deductible_code = hcpcs.map(|_| "0");
        next.drug = (revenue == "0636").then_some((&CYANOCOBALAMIN, units));
        next.noncovered = if rng.percent(3) {
            Cents(part(next.charge.0, 1, 4))
        } else {
            Cents(0)
        };
        claim.lines.push(next);
    }
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
