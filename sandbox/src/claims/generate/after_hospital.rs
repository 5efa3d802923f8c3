//! Care after the hospital: skilled nursing facility, home health, hospice.

use super::institution::{bare, day_between, lead, line};
use super::{Context, around, part};
use crate::claims::codes::{ADMISSION_TYPES, CYANOCOBALAMIN, DRGS, Diagnosis, Procedure};
use crate::claims::model::{Cents, HomeHealth, Institutional};
use crate::rng::Rng;

/// From the 21st day the person pays a part of each day.
const FREE_DAYS: u32 = 20;

pub(super) fn skilled_nursing(context: &Context<'_>, rng: &mut Rng) -> Institutional {
    let dates = context.dates;
    let days = u32::try_from(dates.end.0 - dates.start.0)
        .unwrap_or(0)
        .max(1);
    let mut claim = bare(context, rng, 210, "NURSING AND REHABILITATION");
    // The stay follows one in hospital, and is for the same illness.
    let drg = rng.pick_weighted(DRGS, |drg| drg.share);
    lead(&mut claim, &drg.principal);
    claim.admitting = Some(&drg.admitting);
    claim.external = drg.external.as_ref();
    claim.drg = Some((drg.code, drg.weight));
    claim.admission = Some((ADMISSION_TYPES[2], "5"));
    claim.stay = Some((dates.start, Some(dates.end)));
    let admitted = dates
        .start
        .plus(-i32::try_from(rng.between(4, 12)).unwrap_or(4));
    claim.qualifying_stay = Some((admitted, dates.start));
    if rng.percent(5) {
        claim.noncovered_stay = Some((dates.end.plus(-1).max(dates.start), dates.end));
        claim.exhausted = Some(dates.end);
    }
    claim.blood_pints = if rng.percent(4) { rng.between(1, 2) } else { 0 };
    if rng.percent(8) {
        claim.procedures.push((&FEEDING, dates.start));
    }
    claim.covered_days = days;
    claim.coinsurance_days = days.saturating_sub(FREE_DAYS);
    let rate = around(rng, 52_000, 12);
    // An eighth of the hospital's deductible for each day after the 20th.
    let share = super::inpatient::deductible(dates.start.year()) / 8;
    claim.coinsurance = Cents(share * i64::from(claim.coinsurance_days));
    claim.paid = Cents((rate.0 * i64::from(days) - claim.coinsurance.0).max(0));
    let mut group = line(&claim, "0022", days, Cents(0));
    group.hcpcs = Some("KEBD1");
    claim.lines.push(group);
    let mut room = line(&claim, "0120", days, Cents(rate.0 * i64::from(days)));
    room.rate = rate;
    claim.lines.push(room);
    for (revenue, hcpcs, price, each) in [
        ("0250", None, 5_400, 1),
        ("0420", Some("97110"), 9_800, 2),
        ("0430", Some("97530"), 10_200, 2),
    ] {
        let units = (days / each).max(1);
        let mut next = line(
            &claim,
            revenue,
            units,
            around(rng, price * i64::from(units), 20),
        );
        next.hcpcs = hcpcs;
        next.deductible_code = hcpcs.map(|_| "0");
        next.drug = (revenue == "0250" && rng.percent(15)).then_some((&CYANOCOBALAMIN, units));
        next.noncovered = if rng.percent(4) {
            Cents(part(next.charge.0, 1, 5))
        } else {
            Cents(0)
        };
        claim.lines.push(next);
    }
    claim
}

/// Feeding through a vein.
const FEEDING: Procedure = Procedure {
    code: "3E0336Z",
    display: "INTRODUCTION OF NUTRITIONAL SUBSTANCE INTO PERIPHERAL VEIN, PERCUTANEOUS APPROACH",
};

pub(super) fn home_health(context: &Context<'_>, rng: &mut Rng) -> Institutional {
    let dates = context.dates;
    let mut claim = bare(context, rng, 220, "HOME HEALTH");
    claim.discharge = if rng.percent(40) {
        ("30", "Still patient.")
    } else {
        ("01", "Discharged to home/self-care (routine charge).")
    };
    let visits = rng.between(1, 11);
    let low_utilization = visits < 3;
    claim.home_health = Some(HomeHealth {
        low_utilization,
        visits,
    });
    claim.stay = Some((dates.start, None));
    let price = if low_utilization {
        i64::from(visits) * 17_500
    } else {
        178_000
    };
    let paid = around(rng, price, 12);
    let mut group = line(&claim, "0023", 0, Cents(0));
    group.hcpcs = Some("2GB11");
    group.day = Some(dates.start);
    group.payment_status = Some(STATUS);
    group.paid = paid;
    claim.lines.push(group);
    for _ in 0..visits {
        let (revenue, hcpcs, cents) = *rng.pick(&[
            ("0551", "G0299", 21_000),
            ("0421", "G0151", 23_500),
            ("0571", "G0156", 9_800),
        ]);
        let units = rng.between(2, 4);
        let mut next = line(&claim, revenue, units, around(rng, cents, 10));
        next.hcpcs = Some(hcpcs);
        next.modifier = rng.percent(5).then_some("KX");
        next.day = Some(day_between(rng, dates.start, dates.end));
        next.payment_status = Some(STATUS);
        next.deductible_code = Some("4");
        next.adjustment = rng.percent(6).then_some("CO253");
        claim.lines.push(next);
    }
    claim.lines[1..].sort_by_key(|line| line.day);
    for (number, line) in (1..).zip(&mut claim.lines) {
        line.number = number;
    }
    claim.paid = paid;
    claim
}

const STATUS: (&str, &str) = (
    "A",
    "Services not paid under OPPS; uses a different fee schedule (e.g., ambulance, PT, mammography)",
);

/// Illnesses that end in hospice.
const TERMINAL: [Diagnosis; 4] = [
    Diagnosis {
        code: "C3490",
        display: "MALIGNANT NEOPLASM OF UNSPECIFIED PART OF UNSPECIFIED BRONCHUS OR LUNG",
    },
    Diagnosis {
        code: "G309",
        display: "ALZHEIMER'S DISEASE, UNSPECIFIED",
    },
    Diagnosis {
        code: "I509",
        display: "HEART FAILURE, UNSPECIFIED",
    },
    Diagnosis {
        code: "J449",
        display: "CHRONIC OBSTRUCTIVE PULMONARY DISEASE, UNSPECIFIED",
    },
];

pub(super) fn hospice(context: &Context<'_>, rng: &mut Rng) -> Institutional {
    let Context {
        person, key, dates, ..
    } = *context;
    let days = u32::try_from(dates.end.0 - dates.start.0)
        .unwrap_or(0)
        .max(1);
    let mut claim = bare(context, rng, 230, "HOSPICE");
    let illness = &TERMINAL[usize::from(person.number.get()) % TERMINAL.len()];
    lead(&mut claim, illness);
    claim.hospice_periods = Some(u32::from(key.index) + 1);
    let died = person.death.is_some_and(|day| day <= dates.end.plus(2));
    claim.discharge = if died {
        ("40", "Expired at home (hospice claims only)")
    } else {
        ("30", "Still patient.")
    };
    claim.stay = Some((dates.start, died.then_some(dates.end)));
    claim.covered_days = days;
    for (revenue, hcpcs, cents, units) in [
        ("0651", "Q5001", 20_300, days),
        ("0551", "G0299", 5_600, days.div_ceil(4)),
    ] {
        let charge = around(rng, cents * i64::from(units), 8);
        let mut next = line(&claim, revenue, units, charge);
        next.hcpcs = Some(hcpcs);
        next.day = Some(dates.start);
        next.deductible_code = Some("0");
        // Visits are reported, only the days are paid.
        next.paid = if revenue == "0651" {
            part_of(charge)
        } else {
            Cents(0)
        };
        next.modifier = (revenue == "0551" && rng.percent(20)).then_some("PM");
        claim.lines.push(next);
    }
    claim.paid = claim.lines.iter().map(|line| line.paid).sum();
    claim
}

const fn part_of(charge: Cents) -> Cents {
    Cents(part(charge.0, 85, 100))
}
