//! Hospital visits without a stay.

use super::institution::{bare, lead, line, pay, stranger, sum_up};
use super::{Context, around, complaint, physician, suits};
use crate::claims::codes::{CYANOCOBALAMIN, OUTPATIENT_VISITS, SPECIALTIES, VISIT_DIALYSIS};
use crate::claims::model::Institutional;
use crate::people::Entitlement;
use crate::rng::Rng;

pub(super) fn body(context: &Context<'_>, rng: &mut Rng) -> Institutional {
    let Context { person, dates, .. } = *context;
    let visit = if person.entitlement == Entitlement::KidneyDisease && rng.percent(70) {
        &VISIT_DIALYSIS
    } else {
        rng.pick_weighted(OUTPATIENT_VISITS, |visit| {
            if suits(person, dates, visit.services[0].hcpcs) {
                visit.share
            } else {
                0
            }
        })
    };
    let mut claim = bare(context, rng, 200, visit.place);
    match &visit.principal {
        Some(principal) => lead(&mut claim, principal),
        None => lead(&mut claim, complaint(context, rng)),
    }
    if rng.percent(60) {
        claim.reason = Some(complaint(context, rng));
    }
    claim.external = visit.external.as_ref();
    if let Some(procedure) = &visit.procedure {
        claim.procedures.push((procedure, dates.start));
        claim.operating = Some((physician(person, 201), &SPECIALTIES[1]));
    }
    if rng.percent(10) {
        claim.other = Some((stranger(rng, "DR. ROBIN MARCHETTI MD"), &SPECIALTIES[7]));
    }
    for (index, service) in visit.services.iter().enumerate() {
        // The first service is always given; of the others most are.
        if index > 0 && !rng.percent(80) {
            continue;
        }
        let units = if service.cents < 5_000 {
            rng.between(1, 3)
        } else {
            1
        };
        let charge = around(rng, service.cents * i64::from(units), 20);
        let mut next = line(&claim, service.revenue, units, charge);
        next.hcpcs = Some(service.hcpcs);
        next.modifier = service.modifier;
        next.day = Some(dates.start);
        next.payment_status = Some(service.status);
        next.deductible_code = Some("0");
        next.drug = service
            .hcpcs
            .eq("J3420")
            .then_some((&CYANOCOBALAMIN, units));
        if rng.percent(5) {
            next.adjustment = Some("CO45");
            next.noncovered = next.charge;
        } else {
            // A hospital's charge is several times what Medicare allows.
            let deductible = if rng.percent(6) {
                i64::from(rng.between(500, 20_000))
            } else {
                0
            };
            pay(
                &mut next,
                around(rng, charge.0 * 32 / 100, 10).0,
                deductible,
            );
            next.adjustment = rng.percent(12).then_some("CO253");
        }
        claim.lines.push(next);
    }
    claim.diagnoses.truncate(8);
    sum_up(&mut claim);
    claim
}
