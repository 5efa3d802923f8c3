//! Writes people and claims as FHIR JSON, in STU3 (v1) or R4 (v2 and v3), with the real backend's order of keys.
//!
//! All versions come from the same [`crate::claims::model::Claim`]. Where the real data breaks its own standard
//! the sandbox repairs it; `docs/sandbox-people.md` lists the repairs.

mod carrier;
mod common;
mod coverage;
mod institutional;
pub mod json;
mod patient;
mod pde;
pub mod v3;

use self::json::Obj;
use crate::claims::model::{Body, Claim};
use crate::people::Person;

pub use coverage::Part;
pub use patient::Extras;

/// Which of the two older versions is spoken, which say the same in the same words; [`v3`] has its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// v1: STU3.
    V1,
    /// v2: R4.
    V2,
}

impl Version {
    /// The version of a path segment.
    #[must_use]
    pub fn of_segment(segment: &str) -> Option<Self> {
        match segment {
            "v1" => Some(Self::V1),
            "v2" => Some(Self::V2),
            _ => None,
        }
    }

    /// The path segment.
    #[must_use]
    pub const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

/// Writes a Patient.
pub fn patient(o: &mut Obj<'_>, version: Version, person: &Person, extras: Extras) {
    patient::write(o, version, person, extras);
}

/// Writes a Coverage.
pub fn coverage(o: &mut Obj<'_>, version: Version, person: &Person, part: Part) {
    coverage::write(o, version, person, part);
}

/// Writes an ExplanationOfBenefit.
pub fn explanation_of_benefit(o: &mut Obj<'_>, version: Version, claim: &Claim) {
    match &claim.body {
        Body::Carrier(body) => carrier::write(o, version, claim, body),
        Body::Institutional(body) => institutional::write(o, version, claim, body),
        Body::Pde(body) => pde::write(o, version, claim, body),
    }
}
