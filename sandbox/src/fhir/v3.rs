//! Writes people and claims as v3 does: R4 under CARIN's guide 2.2.0, with bare upper-case names of variables.

mod common;
mod patient;

use super::json::Obj;
use crate::people::Person;

/// Writes a Patient.
pub fn patient(o: &mut Obj<'_>, person: &Person) {
    patient::write(o, person);
}
