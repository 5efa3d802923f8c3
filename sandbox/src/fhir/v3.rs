//! Writes people and claims as v3 does: R4 under CARIN's guide 2.2.0, with bare upper-case names of variables.

mod card;
mod common;
mod coverage;
mod eob;
mod facts;
mod institutional;
mod patient;
mod pharmacy;
mod professional;
mod sums;

use super::json::Obj;
use crate::claims::model::Claim;
use crate::people::{Person, PersonNumber};

pub use coverage::Plan;
pub use eob::Source;

/// Writes a Patient.
pub fn patient(o: &mut Obj<'_>, person: &Person) {
    patient::write(o, person);
}

/// Writes the Patient of a record that was merged into a person's.
pub fn merged_patient(o: &mut Obj<'_>, former: i64, person: PersonNumber) {
    patient::merged(o, former, person);
}

/// Writes the Coverage of a plan that the person has.
pub fn coverage(o: &mut Obj<'_>, person: &Person, plan: Plan) {
    coverage::write(o, person, plan);
}

/// Writes the Bundle of the person's insurance card.
pub fn insurance_card(o: &mut Obj<'_>, person: &Person) {
    card::write(o, person);
}

/// Writes an ExplanationOfBenefit.
pub fn explanation_of_benefit(o: &mut Obj<'_>, claim: &Claim) {
    eob::write(o, claim);
}
