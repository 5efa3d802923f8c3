//! The claims of the two people whose stories are told: what happened is written down, the rest is as with anybody.

use super::institution::{bare, lead, line, pay, sum_up};
use super::{Context, institutional, organization, part, pde, physician};
use crate::claims::codes::{
    DRUGS, HEMATOLOGY, LABORATORY, PLACES, RADIATION_ONCOLOGY, RADIOLOGY, SPECIALTIES, SUPPORTIVE,
    Specialty, postal_state,
};
use crate::claims::model::{Body, Carrier, CarrierLine, Cents, Institutional, LineAmounts};
use crate::claims::stories::{Billed, Doctor, Given, Step};
use crate::rng::Rng;

pub(super) fn body(context: &Context<'_>, step: &'static Step, rng: &mut Rng) -> Body {
    match step.given {
        Given::Doctor(who, services) => Body::Carrier(carrier(context, step, who, services, rng)),
        Given::Hospital(services) => institutional(outpatient(context, step, services, rng)),
        Given::Drug(name, days, refill) => {
            let drug = DRUGS
                .iter()
                .chain([&SUPPORTIVE])
                .find(|drug| drug.name == name)
                .unwrap_or(&SUPPORTIVE);
            Body::Pde(pde::fill(context, drug, days, refill, rng))
        }
    }
}

fn carrier(
    context: &Context<'_>,
    step: &'static Step,
    who: Doctor,
    services: &'static [Billed],
    rng: &mut Rng,
) -> Carrier {
    let person = context.person;
    let (specialty, place, practice): (&'static Specialty, u64, &str) = match who {
        Doctor::Family => (&SPECIALTIES[0], 0, "MEDICAL GROUP"),
        Doctor::Radiologist => (&SPECIALTIES[RADIOLOGY], 7, "MEDICAL GROUP"),
        Doctor::Laboratory => (&SPECIALTIES[LABORATORY], 8, "CLINICAL LABORATORY"),
        Doctor::Oncologist => (&HEMATOLOGY, 20, "CANCER CENTER"),
        Doctor::RadiationOncologist => (&RADIATION_ONCOLOGY, 21, "CANCER CENTER"),
    };
    let laboratory = who == Doctor::Laboratory;
    let lines = (1..)
        .zip(services)
        .map(|(number, billed)| {
            // Tests are free; of the rest Part B pays 80 %.
            let free = laboratory || matches!(billed.hcpcs, "83036" | "36415");
            let paid = if free {
                billed.allowed
            } else {
                part(billed.allowed, 80, 100)
            };
            CarrierLine {
                number,
                hcpcs: billed.hcpcs,
                service_type: service_type(who, billed),
                betos: betos(who, billed),
                modifier: billed.modifier,
                place: PLACES[usize::from(laboratory)],
                units: billed.units,
                diagnosis: 0,
                drug: None,
                hemoglobin: None,
                primary_payer: None,
                laboratory: laboratory.then_some("99D0000001"),
                equipment: None,
                allowed: true,
                amounts: LineAmounts {
                    submitted: Cents(part(billed.allowed, 175, 100)),
                    allowed: Cents(billed.allowed),
                    deductible: Cents(0),
                    coinsurance: Cents(billed.allowed - paid),
                    primary: Cents(0),
                    paid: Cents(paid),
                },
            }
        })
        .collect();
    Carrier {
        contractor: super::carrier::CONTRACTORS[0],
        control_number: 70_000_000_000_000 + u64::from(rng.below(u32::MAX)) * 1_000,
        referring: (who != Doctor::Family).then(|| physician(person, 0)),
        performing: physician(person, place),
        specialty,
        practice: organization(person, place, practice),
        state: postal_state(person.state),
        zip: person.zip.clone(),
        trial: None,
        diagnoses: step.diagnoses.iter().collect(),
        lines,
    }
}

const fn service_type(who: Doctor, billed: &Billed) -> (&'static str, &'static str) {
    match (who, billed.hcpcs.as_bytes()) {
        (Doctor::Radiologist, _) => ("4", "Diagnostic radiology"),
        (Doctor::RadiationOncologist, _) => ("6", "Therapeutic radiology"),
        (Doctor::Laboratory, _) | (_, b"83036" | b"36415") => ("5", "Diagnostic laboratory"),
        _ => ("1", "Medical care"),
    }
}

const fn betos(who: Doctor, billed: &Billed) -> (&'static str, &'static str) {
    match (who, billed.hcpcs.as_bytes()) {
        (Doctor::Radiologist, _) => ("I2B", "Advanced imaging - CAT/CT/CTA: other"),
        (Doctor::RadiationOncologist, _) => ("P7A", "Oncology - radiation therapy"),
        (Doctor::Laboratory, _) | (_, b"83036") => {
            ("T1H", "Lab tests - other (non-Medicare fee schedule)")
        }
        (_, b"36415") => (
            "T1A",
            "Lab tests - routine venipuncture (non Medicare fee schedule)",
        ),
        (Doctor::Oncologist, _) => ("M6", "Consultations"),
        _ => ("M1B", "Office visits - established"),
    }
}

fn outpatient(
    context: &Context<'_>,
    step: &'static Step,
    services: &'static [Billed],
    rng: &mut Rng,
) -> Institutional {
    let mut claim = bare(context, rng, 200, "HOSPITAL");
    claim.nonpayment = None;
    claim.primary_payer = None;
    for diagnosis in step.diagnoses.iter().rev() {
        lead(&mut claim, diagnosis);
    }
    for billed in services {
        // A hospital's charge is several times what Medicare allows.
        let charge = Cents(billed.allowed.max(1_000) * 3);
        let mut next = line(&claim, billed.revenue, billed.units, charge);
        next.hcpcs = Some(billed.hcpcs);
        next.modifier = billed.modifier;
        next.day = Some(context.dates.start);
        next.payment_status = Some(if billed.allowed == 0 {
            ("N", "Packaged incidental service")
        } else {
            (
                "S",
                "Significant procedure not subject to multiple procedure discounting",
            )
        });
        next.deductible_code = Some("0");
        next.drug = billed.drug.map(|drug| (drug, billed.units));
        pay(&mut next, billed.allowed, 0);
        claim.lines.push(next);
    }
    sum_up(&mut claim);
    claim
}
