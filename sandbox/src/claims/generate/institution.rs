//! What claims of all institutions have in common.

use super::{Context, npi, organization, part, physician};
use crate::claims::codes::{Diagnosis, SPECIALTIES, postal_state};
use crate::claims::model::{Cents, Institutional, RevenueLine};
use crate::date::Day;
use crate::rng::Rng;

/// A claim with an institution of some kind, its doctors and diagnoses, and nothing else yet.
pub(super) fn bare(context: &Context<'_>, rng: &mut Rng, place: u64, kind: &str) -> Institutional {
    let person = context.person;
    let internist = |place: u64| (physician(person, place), &SPECIALTIES[1]);
    let mut diagnoses: Vec<(&'static Diagnosis, bool)> = Vec::with_capacity(8);
    for condition in context.conditions.iter().take(6) {
        add(
            &mut diagnoses,
            rng.pick(condition.diagnoses),
            !rng.percent(4),
        );
    }
    Institutional {
        provider: organization(person, place, kind),
        // No state has the number 99 in CMS certification numbers.
        certification: format!(
            "99{:04}",
            (u64::from(person.number.get()) + place * 7) % 8_800
        ),
        control_number: 20_000_000_000_000 + u64::from(rng.below(u32::MAX)) * 1_000,
        attending: internist(place),
        operating: None,
        other: None,
        rendering: internist(place + 3),
        admitting: None,
        reason: None,
        diagnoses,
        external: None,
        procedures: Vec::new(),
        drg: None,
        admission: None,
        stay: None,
        qualifying_stay: None,
        noncovered_stay: None,
        exhausted: None,
        discharge: ("01", "Discharged to home/self-care (routine charge)."),
        home_health: None,
        hospice_periods: None,
        lines: Vec::new(),
        covered_days: 0,
        coinsurance_days: 0,
        deductible: Cents(0),
        coinsurance: Cents(0),
        paid: Cents(0),
        nonpayment: rng
            .percent(2)
            .then_some(("N", "All other reasons for nonpayment")),
        primary_payer: rng.percent(3).then_some((
            "A",
            "Employer group health plan (EGHP) insurance for an aged beneficiary",
        )),
        blood_pints: 0,
        state: postal_state(person.state),
    }
}

/// Adds a diagnosis, unless it is there.
pub(super) fn add(
    diagnoses: &mut Vec<(&'static Diagnosis, bool)>,
    diagnosis: &'static Diagnosis,
    present: bool,
) {
    if !diagnoses
        .iter()
        .any(|(known, _)| known.code == diagnosis.code)
    {
        diagnoses.push((diagnosis, present));
    }
}

/// Makes `diagnosis` the principal one.
pub(super) fn lead(claim: &mut Institutional, diagnosis: &'static Diagnosis) {
    claim
        .diagnoses
        .retain(|(known, _)| known.code != diagnosis.code);
    claim.diagnoses.insert(0, (diagnosis, true));
}

/// A line with what all lines have; its number follows from its place.
pub(super) fn line(
    claim: &Institutional,
    revenue: &'static str,
    units: u32,
    charge: Cents,
) -> RevenueLine {
    RevenueLine {
        number: u32::try_from(claim.lines.len()).unwrap_or(0) + 1,
        revenue,
        hcpcs: None,
        modifier: None,
        day: None,
        payment_status: None,
        units,
        rate: Cents(0),
        deductible_code: None,
        drug: None,
        adjustment: None,
        charge,
        noncovered: Cents(0),
        deductible: Cents(0),
        coinsurance: Cents(0),
        paid: Cents(0),
    }
}

/// Sets the payment of a line by Part B's rule: 80 % of what is allowed, after the deductible.
pub(super) fn pay(line: &mut RevenueLine, allowed: i64, deductible: i64) {
    let deductible = deductible.min(allowed);
    let paid = part(allowed - deductible, 80, 100);
    line.deductible = Cents(deductible);
    line.paid = Cents(paid);
    line.coinsurance = Cents(allowed - deductible - paid);
}

/// The claim's payment and what the person owes, from its lines.
pub(super) fn sum_up(claim: &mut Institutional) {
    claim.paid = claim.lines.iter().map(|line| line.paid).sum();
    claim.deductible = claim.lines.iter().map(|line| line.deductible).sum();
    claim.coinsurance = claim.lines.iter().map(|line| line.coinsurance).sum();
}

/// A physician whom the person met only here.
pub(super) fn stranger(rng: &mut Rng, name: &str) -> crate::claims::model::Provider {
    crate::claims::model::Provider {
        npi: npi(rng),
        name: name.to_owned(),
    }
}

/// A day between two days, both included.
pub(super) fn day_between(rng: &mut Rng, first: Day, last: Day) -> Day {
    let days = u32::try_from(last.0 - first.0).unwrap_or(0);
    first.plus(i32::try_from(rng.below(days + 1)).unwrap_or(0))
}
