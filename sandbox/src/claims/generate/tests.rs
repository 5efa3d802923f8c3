//! Claims in the mass: every one of some hundred people is built and looked at.

use std::collections::HashSet;

use super::*;
use crate::claims::index;
use crate::claims::model::LineAmounts;
use crate::people::PersonNumber;

/// All claims of every 149th person.
fn sample() -> impl Iterator<Item = (Person, Claim)> {
    PersonNumber::all()
        .step_by(149)
        .map(Person::of)
        .flat_map(|person| {
            let claims: Vec<Claim> = index::all(&person)
                .iter()
                .map(|entry| claim(&person, entry.key).unwrap())
                .collect();
            claims.into_iter().map(move |claim| (person.clone(), claim))
        })
}

#[test]
fn amounts_add_up() {
    for (_, mut claim) in sample() {
        // A refund is its claim with all signs turned round.
        if claim.refunds.is_some() {
            refunds::negate(&mut claim);
        }
        match &claim.body {
            Body::Carrier(body) => {
                for line in &body.lines {
                    let LineAmounts {
                        submitted,
                        allowed,
                        deductible,
                        coinsurance,
                        primary,
                        paid,
                    } = line.amounts;
                    assert_eq!(
                        allowed.0,
                        deductible.0 + coinsurance.0 + primary.0 + paid.0,
                        "{}",
                        claim.key
                    );
                    assert!(
                        submitted >= allowed && paid.0 >= 0 && coinsurance.0 >= 0,
                        "{}",
                        claim.key
                    );
                }
            }
            Body::Institutional(body) => {
                assert!(
                    body.total_charge() >= body.noncovered() && body.paid.0 >= 0,
                    "{}",
                    claim.key
                );
            }
            Body::Pde(body) => {
                let a = &body.amounts;
                assert_eq!(
                    a.total.0,
                    a.plan.0 + a.patient.0 + a.subsidy.0 + a.gap_discount.0 + a.other.0
                );
                assert!(
                    a.plan.0 >= 0 && a.patient.0 >= 0 && a.subsidy.0 >= 0,
                    "{}",
                    claim.key
                );
                assert!(a.above_threshold <= a.total);
            }
        }
    }
}

#[test]
fn parts_of_a_claim_belong_together() {
    let mut kinds = HashSet::new();
    for (person, claim) in sample() {
        kinds.insert(claim.key.kind.name());
        assert!(person.birth < claim.dates.start);
        match &claim.body {
            Body::Carrier(body) => {
                assert!(
                    !body.lines.is_empty() && !body.diagnoses.is_empty(),
                    "{}",
                    claim.key
                );
                assert!(
                    body.lines
                        .iter()
                        .all(|line| line.diagnosis < body.diagnoses.len()),
                    "{}",
                    claim.key
                );
                let services: HashSet<_> = body.lines.iter().map(|line| line.hcpcs).collect();
                assert_eq!(services.len(), body.lines.len(), "{}", claim.key);
                let codes: HashSet<_> = body
                    .diagnoses
                    .iter()
                    .map(|diagnosis| diagnosis.code)
                    .collect();
                assert_eq!(codes.len(), body.diagnoses.len(), "{}", claim.key);
            }
            Body::Institutional(body) => {
                if body.drg.is_none() || claim.key.kind == ClaimType::Inpatient {
                    let operated = !body.procedures.is_empty();
                    assert_eq!(body.operating.is_some(), operated, "{}", claim.key);
                }
                for (_, day) in &body.procedures {
                    assert!(
                        (claim.dates.start..=claim.dates.end).contains(day),
                        "{}",
                        claim.key
                    );
                }
                if claim.key.kind == ClaimType::Inpatient {
                    assert_eq!(body.lines[0].units, body.covered_days);
                }
                assert!(
                    !body.lines.is_empty() && !body.diagnoses.is_empty(),
                    "{}",
                    claim.key
                );
            }
            Body::Pde(body) => {
                assert!(
                    body.quantity > 0 && matches!(body.days_supply, 30 | 90) && body.refill < 6,
                    "{}",
                    claim.key
                );
            }
        }
    }
    assert_eq!(kinds.len(), 8);
}

#[test]
fn a_claim_of_someone_else_is_not_built() {
    let person = Person::of(PersonNumber::DOE);
    let key = index::all(&person)[0].key;
    assert!(claim(&Person::of(PersonNumber::MANY_CLAIMS), key).is_none());
    assert!(
        claim(
            &person,
            ClaimKey {
                index: 4_000,
                ..key
            }
        )
        .is_none()
    );
}

#[test]
fn no_provider_number_is_a_real_one() {
    for (_, claim) in sample() {
        if let Body::Carrier(body) = &claim.body {
            assert!(body.performing.npi.starts_with("99999") && body.performing.npi.len() == 10);
        }
    }
}
