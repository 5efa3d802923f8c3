//! Professional claims: a visit with what belongs to it, or one service of a specialist.

use super::{Context, around, complaint, organization, part, physician, suits};
use crate::claims::codes::{
    CYANOCOBALAMIN, Diagnosis, IMMUNIZATION, LABORATORY, PLACES, PREVENTIVE, SERVICES, SPECIALTIES,
    Service, postal_state,
};
use crate::claims::id::ClaimKey;
use crate::claims::model::{Carrier, CarrierLine, Cents, LineAmounts};
use crate::people::PersonNumber;
use crate::rng::Rng;

/// The documented 110 lines of the 25 professional claims of `BBUser28324`.
const DOE_LINES: [u8; 25] = [
    4, 5, 3, 6, 4, 4, 2, 7, 5, 4, 3, 4, 8, 4, 5, 4, 3, 4, 6, 5, 4, 2, 6, 4, 4,
];

pub(super) fn body(context: &Context<'_>, rng: &mut Rng) -> Carrier {
    let Context {
        person, key, dates, ..
    } = *context;
    let count = usize::from(lines_of(key, rng));
    let share = |service: &Service| {
        if suits(person, dates, service.hcpcs) {
            service.share
        } else {
            0
        }
    };
    let first = rng.pick_weighted(SERVICES, share);
    // Where the specialty is open it is the person's own family doctor or internist.
    let place = first
        .specialty
        .unwrap_or_else(|| usize::from(person.number.get() % 2));
    let specialty = &SPECIALTIES[place];
    let diagnoses = diagnoses(context, first, rng);
    // What else was done: services of the same specialty, then tests, then others, none of them twice. A claim
    // has one visit at most.
    let mut others: Vec<&'static Service> = SERVICES
        .iter()
        .filter(|service| share(service) > 0 && !service.is_visit())
        .collect();
    others.retain(|service| service.hcpcs != first.hcpcs);
    others.sort_by_cached_key(|service| (distance(first, service), rng.next()));
    let lines = std::iter::once(first)
        .chain(others)
        .take(count)
        .enumerate()
        .map(|(index, service)| line(index, first, service, &diagnoses, rng))
        .collect();
    let performing = physician(person, place as u64);
    let practice = if ALONE.contains(&specialty.code) {
        performing.clone()
    } else {
        organization(
            person,
            place as u64,
            if place == LABORATORY {
                "CLINICAL LABORATORY"
            } else {
                "MEDICAL GROUP"
            },
        )
    };
    Carrier {
        contractor: CONTRACTORS[usize::from(person.number.get()) % CONTRACTORS.len()],
        control_number: 70_000_000_000_000
            + u64::from(rng.below(u32::MAX)) * 1_000
            + u64::from(rng.below(1_000)),
        referring: (place > 1 && rng.percent(60)).then(|| physician(person, 0)),
        performing,
        specialty,
        practice,
        state: postal_state(person.state),
        zip: person.zip.clone(),
        trial: rng.percent(2).then_some("99900011"),
        diagnoses,
        lines,
    }
}

/// How far a service is from the first one of its claim.
fn distance(first: &Service, service: &Service) -> u8 {
    if service.specialty == first.specialty {
        0
    } else if service.specialty == Some(LABORATORY) {
        1
    } else {
        2
    }
}

/// CMS specialties whose members bill in their own name: physical therapists and dermatologists.
const ALONE: [&str; 2] = ["65", "07"];

/// Medicare administrative contractors by number.
pub(super) const CONTRACTORS: [&str; 6] = ["01112", "04412", "05302", "09102", "12502", "15102"];

fn lines_of(key: ClaimKey, rng: &mut Rng) -> u8 {
    if key.person == PersonNumber::DOE {
        return DOE_LINES[usize::from(key.index) % DOE_LINES.len()];
    }
    match rng.below(100) {
        0..=47 => 1,
        48..=69 => 2,
        70..=83 => 3,
        84..=91 => 4,
        92..=97 => 5 + u8::try_from(rng.below(3)).unwrap_or(0),
        _ => 8 + u8::try_from(rng.below(5)).unwrap_or(0),
    }
}

fn diagnoses(context: &Context<'_>, first: &Service, rng: &mut Rng) -> Vec<&'static Diagnosis> {
    let mut found: Vec<&'static Diagnosis> = Vec::with_capacity(4);
    let mut add = |diagnosis: &'static Diagnosis| {
        if found.len() < 12 && !found.iter().any(|known| known.code == diagnosis.code) {
            found.push(diagnosis);
        }
    };
    if first.betos.0 == "O1G" {
        add(IMMUNIZATION);
    } else if first.hcpcs == "G0439" {
        add(&PREVENTIVE[0]);
    } else if first.hcpcs == "77067" {
        add(&PREVENTIVE[2]);
    } else if rng.percent(35) {
        add(complaint(context, rng));
    }
    for _ in 0..rng.between(1, 3) {
        let condition = rng.pick(context.conditions);
        add(rng.pick(condition.diagnoses));
    }
    found
}

fn line(
    index: usize,
    first: &Service,
    service: &'static Service,
    diagnoses: &[&'static Diagnosis],
    rng: &mut Rng,
) -> CarrierLine {
    let units = if service.hcpcs == "97110" || service.hcpcs == "A0425" {
        rng.between(1, 6)
    } else {
        1
    };
    let allowed = !rng.percent(4);
    let primary_payer = rng.percent(2).then(|| *rng.pick(&PRIMARY_PAYERS));
    let price = around(rng, service.allowed * i64::from(units), 12);
    let submitted = Cents(part(price.0, i64::from(rng.between(115, 260)), 100));
    let vaccine_or_lab = matches!(service.betos.0, "O1G" | "T1A" | "T1B" | "T1D" | "T1H")
        || service.hcpcs == "G0439";
    let amounts = if allowed {
        // Part B pays 80 % after the deductible; laboratory tests, vaccines and the wellness visit are free.
        let deductible = if !vaccine_or_lab && rng.percent(9) {
            price.0.min(i64::from(rng.between(500, 24_000)))
        } else {
            0
        };
        let primary = if primary_payer.is_some() {
            part(price.0 - deductible, 60, 100)
        } else {
            0
        };
        let rest = price.0 - deductible - primary;
        let paid = if vaccine_or_lab {
            rest
        } else {
            part(rest, 80, 100)
        };
        LineAmounts {
            submitted,
            allowed: price,
            deductible: Cents(deductible),
            coinsurance: Cents(rest - paid),
            primary: Cents(primary),
            paid: Cents(paid),
        }
    } else {
        LineAmounts {
            submitted,
            ..LineAmounts::default()
        }
    };
    CarrierLine {
        number: u32::try_from(index).unwrap_or(0) + 1,
        hcpcs: service.hcpcs,
        service_type: service.kind,
        betos: service.betos,
        modifier: modifier(service, rng),
        place: PLACES[first.place],
        units,
        diagnosis: usize::try_from(rng.below(u32::try_from(diagnoses.len()).unwrap_or(1).max(1)))
            .unwrap_or(0),
        drug: (service.hcpcs.starts_with('J') && rng.percent(50)).then_some(&CYANOCOBALAMIN),
        primary_payer: primary_payer.filter(|_| allowed),
        laboratory: (first.specialty == Some(LABORATORY)).then_some("99D0000001"),
        equipment: None,
        hemoglobin: (service.hcpcs == "85025").then(|| rng.between(89, 165)),
        allowed,
        amounts,
    }
}

/// Insurers that pay before Medicare.
const PRIMARY_PAYERS: [(&str, &str); 3] = [
    (
        "A",
        "Employer group health plan (EGHP) insurance for an aged beneficiary",
    ),
    ("D", "Any no-fault insurance"),
    ("E", "Workers' compensation"),
];

fn modifier(service: &Service, rng: &mut Rng) -> Option<&'static str> {
    match service.hcpcs {
        "20610" => Some(if rng.percent(50) { "RT" } else { "LT" }),
        "71046" | "77067" => Some("26"),
        "99213" | "99214" if rng.percent(15) => Some("25"),
        "97110" => Some("GP"),
        "A0429" | "A0425" => Some("RH"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_lines_add_up() {
        assert_eq!(
            DOE_LINES.iter().map(|lines| u32::from(*lines)).sum::<u32>(),
            110
        );
    }
}
