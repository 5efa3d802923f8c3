//! What a person suffers from for good, and which drugs they take against it.

use super::codes::{CONDITIONS, Condition, DRUGS, Drug, KIDNEY_FAILURE, PROSTATE};
use crate::people::Entitlement;
use crate::people::{Person, PersonNumber, Sex};
use crate::rng::Rng;

const DOMAIN: u64 = 4;

/// The lasting conditions of a person, at least one.
pub(super) fn of(person: &Person) -> Vec<&'static Condition> {
    match person.number {
        // Chronic obstructive pulmonary disease; hypertension and diabetes.
        PersonNumber::LUCILLE => return vec![&CONDITIONS[7]],
        PersonNumber::JACK => return vec![&CONDITIONS[0], &CONDITIONS[2]],
        _ => {}
    }
    let mut rng = Rng::of(DOMAIN, u64::from(person.number.get()), 0, 0);
    let mut found = Vec::new();
    if person.entitlement == Entitlement::KidneyDisease {
        found.push(&KIDNEY_FAILURE);
        // Children with kidney failure do not have the illnesses of age as well.
        if person.enrolled.year() - person.birth.year() < 20 {
            return found;
        }
    }
    for (place, condition) in CONDITIONS.iter().enumerate() {
        let has = rng.percent(condition.share);
        if has && (place != PROSTATE || person.sex == Sex::Male) {
            found.push(condition);
        }
    }
    if found.is_empty() {
        found.push(&CONDITIONS[0]);
    }
    found
}

/// The drugs a person takes, at least one: for each condition one of its drugs.
pub(super) fn drugs(person: &Person, conditions: &[&'static Condition]) -> Vec<&'static Drug> {
    let mut rng = Rng::of(DOMAIN, u64::from(person.number.get()), 1, 0);
    let mut found: Vec<&'static Drug> = Vec::new();
    for condition in conditions {
        let name = *rng.pick(condition.drugs);
        if let Some(drug) = DRUGS.iter().find(|drug| drug.name == name)
            && !found.contains(&drug)
        {
            found.push(drug);
        }
    }
    if found.is_empty() {
        found.push(&DRUGS[0]);
    }
    found
}
