//! Refunds: money that flowed back, as a claim of its own.
//!
//! A refund repeats the claim before it, of the same type, with every amount below zero. The claim that it takes back
//! is cancelled, so the two add up to nothing. Which claims are refunds follows from their keys alone.

use super::ClaimType;
use super::id::ClaimKey;
use super::model::{Body, Cents, Claim};
use crate::rng::Rng;

const DOMAIN: u64 = 6;

/// How many claims of a thousand are refunds.
const SHARE: u32 = 8;

/// Whether the claim takes back the one before it.
#[must_use]
pub fn is_refund(key: ClaimKey) -> bool {
    let possible = matches!(
        key.kind,
        ClaimType::Carrier | ClaimType::Dme | ClaimType::Outpatient | ClaimType::Pde
    ) && !key.person.is_fixed();
    // Nothing is taken back twice, and a refund is not taken back.
    possible && key.index > 0 && drawn(key) && !drawn(before(key))
}

/// Whether the next of the person's `count` claims of the type takes this one back.
#[must_use]
pub fn is_refunded(key: ClaimKey, count: u16) -> bool {
    key.index + 1 < count
        && is_refund(ClaimKey {
            index: key.index + 1,
            ..key
        })
}

/// The claim before this one; the first one is its own.
#[must_use]
pub fn before(key: ClaimKey) -> ClaimKey {
    ClaimKey {
        index: key.index.saturating_sub(1),
        ..key
    }
}

fn drawn(key: ClaimKey) -> bool {
    let kind = u64::from(key.kind.ordinal());
    let person = u64::from(key.person.get());
    Rng::of(DOMAIN, person, kind, u64::from(key.index)).below(1_000) < SHARE
}

/// Turns a copy of a claim into the refund of it.
pub(super) fn negate(claim: &mut Claim) {
    let back = |amount: &mut Cents| amount.0 = -amount.0;
    match &mut claim.body {
        Body::Carrier(body) => {
            for line in &mut body.lines {
                let amounts = &mut line.amounts;
                for amount in [
                    &mut amounts.submitted,
                    &mut amounts.allowed,
                    &mut amounts.deductible,
                    &mut amounts.coinsurance,
                    &mut amounts.primary,
                    &mut amounts.paid,
                ] {
                    back(amount);
                }
            }
        }
        Body::Institutional(body) => {
            for line in &mut body.lines {
                for amount in [
                    &mut line.charge,
                    &mut line.noncovered,
                    &mut line.deductible,
                    &mut line.coinsurance,
                    &mut line.paid,
                ] {
                    back(amount);
                }
            }
            for amount in [&mut body.deductible, &mut body.coinsurance, &mut body.paid] {
                back(amount);
            }
        }
        Body::Pde(body) => {
            let amounts = &mut body.amounts;
            for amount in [
                &mut amounts.total,
                &mut amounts.plan,
                &mut amounts.patient,
                &mut amounts.subsidy,
                &mut amounts.gap_discount,
                &mut amounts.other,
                &mut amounts.above_threshold,
            ] {
                back(amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{counts, generate};
    use crate::people::{Person, PersonNumber};

    #[test]
    fn a_refund_and_the_claim_it_takes_back_add_up_to_nothing() {
        let mut seen = 0;
        for number in PersonNumber::all().step_by(71) {
            let person = Person::of(number);
            for kind in ClaimType::ALL {
                for index in 0..counts::of(number).of_type(kind) {
                    let key = ClaimKey {
                        person: number,
                        kind,
                        index,
                    };
                    if !is_refund(key) {
                        continue;
                    }
                    seen += 1;
                    let refund = generate::claim(&person, key).unwrap();
                    let taken = generate::claim(&person, before(key)).unwrap();
                    assert!(refund.refunds.is_some() && refund.final_action);
                    assert!(!taken.final_action && taken.refunds.is_none());
                    assert_eq!(
                        (refund.dates.start, refund.dates.end),
                        (taken.dates.start, taken.dates.end)
                    );
                    assert!(refund.dates.loaded > taken.dates.loaded, "{key}");
                    assert_eq!(paid(&refund) + paid(&taken), 0, "{key}");
                    assert_eq!(refund.group, taken.group, "{key}");
                }
            }
        }
        assert!(seen > 100, "{seen}");
    }

    fn paid(claim: &Claim) -> i64 {
        match &claim.body {
            Body::Carrier(body) => body.lines.iter().map(|line| line.amounts.paid.0).sum(),
            Body::Institutional(body) => body.paid.0,
            Body::Pde(body) => body.amounts.plan.0,
        }
    }
}
