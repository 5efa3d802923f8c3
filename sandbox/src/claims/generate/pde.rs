//! Prescription drug events: the person's own drugs, filled again and again.

use super::{Context, around, organization, part, physician};
use crate::claims::codes::{Drug, SPECIALTIES};
use crate::claims::conditions;
use crate::claims::counts;
use crate::claims::model::{Cents, Pde, PdeAmounts, Rare};
use crate::people::Person;
use crate::rng::Rng;

pub(super) fn body(context: &Context<'_>, rng: &mut Rng) -> Pde {
    let Context {
        person,
        key,
        conditions,
        ..
    } = *context;
    let drugs = conditions::drugs(person, conditions);
    let place = usize::from(key.index) % drugs.len();
    let drug = drugs[place];
    // One prescription serves a first fill and up to five refills.
    let fill = usize::from(key.index) / drugs.len();
    let refill = u32::try_from(fill % 6).unwrap_or(0);
    let mut habit = Rng::of(
        super::DOMAIN,
        u64::from(person.number.get()),
        102,
        place as u64,
    );
    // Whoever fills a prescription rarely gets more at once.
    let (first, last) = person.service_window();
    let count = i32::from(counts::of(person.number).of_type(key.kind)).max(1);
    let gap = (last.0 - first.0) * i32::try_from(drugs.len()).unwrap_or(1) / count;
    let days_supply = if gap >= 75 { 90 } else { 30 };
    let prescription = 100_000_000 + u64::from(habit.below(80_000_000)) * 10 + (fill / 6) as u64;
    let specialist = usize::from(habit.percent(25));
    let mail = habit.percent(15);
    event(
        context,
        &Prescription {
            drug,
            days_supply,
            refill,
            number: prescription,
            specialist,
            mail,
        },
        rng,
    )
}
/// One fill of a drug that a story tells of.
pub(super) fn fill(
    context: &Context<'_>,
    drug: &'static Drug,
    days_supply: u32,
    refill: u32,
    rng: &mut Rng,
) -> Pde {
    // One prescription for each drug, told by the drug itself.
    let number = drug.ndc.bytes().fold(0u64, |sum, digit| {
        (sum * 10 + u64::from(digit - b'0')) % 800_000_000
    });
    let mut event = event(
        context,
        &Prescription {
            drug,
            days_supply,
            refill,
            number: 100_000_000 + number,
            specialist: 0,
            mail: false,
        },
        rng,
    );
    event.rare.clear();
    event.catastrophic = None;
    event
}

/// What is filled.
struct Prescription {
    drug: &'static Drug,
    days_supply: u32,
    refill: u32,
    number: u64,
    /// 1 where a specialist prescribed it.
    specialist: usize,
    mail: bool,
}

fn event(context: &Context<'_>, prescription: &Prescription, rng: &mut Rng) -> Pde {
    let person = context.person;
    let Prescription {
        drug,
        days_supply,
        refill,
        number,
        specialist,
        mail,
    } = *prescription;
    let quantity = (drug.daily * days_supply).div_ceil(100).max(1);
    Pde {
        reference_number: number,
        drug,
        prescriber: physician(person, specialist as u64),
        specialty: &SPECIALTIES[specialist],
        pharmacy: organization(person, 300 + u64::from(mail), "PHARMACY"),
        pharmacy_type: if days_supply == 90 {
            ("06", "Mail order pharmacy")
        } else {
            ("01", "Community/retail pharmacy")
        },
        plan: person.drug_plan(),
        quantity,
        days_supply,
        refill,
        dispense_as_written: if drug.brand && rng.percent(20) {
            ("1", "Substitution Not Allowed by Prescriber")
        } else {
            (
                "0",
                "No Product Selection Indicated (may also have missing values)",
            )
        },
        origin: rng.pick_weighted(&ORIGINS, |row| row.1).0,
        residence: if rng.percent(6) {
            ("03", "Nursing Facility (long-term care facility)")
        } else {
            ("01", "Home")
        },
        catastrophic: rng.percent(5).then_some(("C", "Above attachment point")),
        rare: RARE.into_iter().filter(|_| rng.percent(3)).collect(),
        amounts: amounts(person, drug.unit_cents * i64::from(quantity), rng),
    }
}

/// Facts that one event in thirty has.
const RARE: [Rare; 5] = [
    Rare {
        variable: ("dspnsng_stus_cd", "Dispensing Status Code"),
        code: ("P", "Partial fill"),
    },
    Rare {
        variable: ("adjstmt_dltn_cd", "Adjustment Deletion Code"),
        code: ("A", "Adjustment"),
    },
    Rare {
        variable: ("nstd_frmt_cd", "Non-Standard Format Code"),
        code: ("B", "Beneficiary submitted claim"),
    },
    Rare {
        variable: ("prcng_excptn_cd", "Pricing Exception Code"),
        code: ("M", "Medicare is a secondary payer (MSP)"),
    },
    Rare {
        variable: ("submsn_clr_cd", "Submission clarification code"),
        code: ("05", "Therapy change"),
    },
];

/// How a prescription came, with its share.
const ORIGINS: [((&str, &str), u32); 4] = [
    (("3", "Electronic"), 80),
    (("1", "Written"), 8),
    (("2", "Telephone"), 8),
    (("4", "Facsimile"), 4),
];

fn amounts(person: &Person, price: i64, rng: &mut Rng) -> PdeAmounts {
    let total = around(rng, price, 10).0;
    let (mut patient, mut subsidy) = (part(total, i64::from(rng.between(5, 30)), 100), 0);
    if person.dual != "NA" {
        // The low-income subsidy takes what is above a small copayment.
        let copayment = patient.min(i64::from(rng.between(0, 430)));
        (subsidy, patient) = (patient - copayment, copayment);
    }
    let gap_discount = if rng.percent(6) {
        part(total, 10, 100)
    } else {
        0
    };
    let other = if rng.percent(4) {
        part(total, 5, 100)
    } else {
        0
    };
    let plan = total - patient - subsidy - gap_discount - other;
    PdeAmounts {
        total: Cents(total),
        plan: Cents(plan),
        patient: Cents(patient),
        subsidy: Cents(subsidy),
        gap_discount: Cents(gap_discount),
        other: Cents(other),
        above_threshold: Cents(if rng.percent(5) { part(total, 1, 2) } else { 0 }),
    }
}
