//! Durable medical equipment, prosthetics, orthotics and supplies.

use super::{Context, around, organization, part, physician};
use crate::claims::codes::{DRUGS, Diagnosis, EQUIPMENT, PLACES, SUPPLIER, postal_state};
use crate::claims::model::{Carrier, CarrierLine, Cents, Equipment, LineAmounts};
use crate::rng::Rng;

/// A diabetic's test strips come with the drug that they watch over, now and then.
const STRIPS: &str = "A4253";

pub(super) fn body(context: &Context<'_>, rng: &mut Rng) -> Carrier {
    let Context {
        person, conditions, ..
    } = *context;
    let mut diagnoses: Vec<&'static Diagnosis> = Vec::new();
    for condition in conditions.iter().take(3) {
        diagnoses.push(&condition.diagnoses[0]);
    }
    // Things that are rented come again each month, so a person has few kinds.
    let first =
        usize::try_from(Rng::of(super::DOMAIN, u64::from(person.number.get()), 104, 0).below(64))
            .unwrap_or(0);
    let count = if rng.percent(75) { 1 } else { 2 };
    let supplier = organization(person, 400, "MEDICAL SUPPLY");
    let lines = (0..count)
        .map(|index| {
            let thing = &EQUIPMENT[(first + index) % EQUIPMENT.len()];
            let price = around(rng, thing.allowed, 10).0;
            let deductible = if rng.percent(8) {
                price.min(i64::from(rng.between(500, 20_000)))
            } else {
                0
            };
            let paid = part(price - deductible, 80, 100);
            CarrierLine {
                number: u32::try_from(index).unwrap_or(0) + 1,
                hcpcs: thing.hcpcs,
                service_type: thing.kind,
                betos: thing.betos,
                modifier: Some(thing.modifier),
                place: PLACES[5],
                units: thing.units,
                diagnosis: usize::try_from(rng.below(u32::try_from(diagnoses.len()).unwrap_or(1)))
                    .unwrap_or(0),
                drug: (thing.hcpcs == STRIPS && rng.percent(10)).then(|| &DRUGS[10]),
                primary_payer: rng.percent(1).then_some(("E", "Workers' compensation")),
                laboratory: None,
                hemoglobin: (thing.hcpcs == STRIPS && rng.percent(5))
                    .then(|| rng.between(300, 480)),
                equipment: Some(Equipment {
                    supplier: format!("99{:08}", u64::from(person.number.get()) * 31),
                    purchase_price: Cents(part(price, i64::from(thing.purchase_tenths), 10)),
                }),
                allowed: true,
                amounts: LineAmounts {
                    submitted: Cents(part(price, i64::from(rng.between(110, 190)), 100)),
                    allowed: Cents(price),
                    deductible: Cents(deductible),
                    coinsurance: Cents(price - deductible - paid),
                    primary: Cents(0),
                    paid: Cents(paid),
                },
            }
        })
        .collect();
    Carrier {
        contractor: "99999",
        control_number: 70_000_000_000_000 + u64::from(rng.below(u32::MAX)) * 1_000,
        referring: Some(physician(person, 0)),
        performing: supplier.clone(),
        specialty: &SUPPLIER,
        practice: supplier,
        state: postal_state(person.state),
        zip: person.zip.clone(),
        trial: rng.percent(1).then_some("99900011"),
        diagnoses,
        lines,
    }
}
