//! The claims: how many each person has, their ids and dates, and what each one says.
//!
//! [`index`] gives (type, id, dates) of everything a person has without building a claim; [`generate`] builds
//! one claim from its key, always the same. Both ask [`counts`] how many there are and [`dates`] when, so they
//! cannot disagree. The result is one [`model::Claim`], which [`crate::fhir`] writes in either version.

pub mod codes;
mod conditions;
pub mod counts;
pub mod dates;
pub mod generate;
pub mod id;
pub mod index;
pub mod model;
pub mod refunds;
pub mod stories;

/// The eight types of claims, in the order of the backend's own list.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ClaimType {
    /// Doctors and other professionals.
    Carrier,
    /// Durable medical equipment.
    Dme,
    /// Home health.
    Hha,
    /// Hospice.
    Hospice,
    /// Hospital stay.
    Inpatient,
    /// Hospital without a stay.
    Outpatient,
    /// Prescription drug event.
    Pde,
    /// Skilled nursing facility.
    Snf,
}

impl ClaimType {
    /// All types.
    pub const ALL: [Self; 8] = [
        Self::Carrier,
        Self::Dme,
        Self::Hha,
        Self::Hospice,
        Self::Inpatient,
        Self::Outpatient,
        Self::Pde,
        Self::Snf,
    ];

    /// The name, as it begins a claim's id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Dme => "dme",
            Self::Hha => "hha",
            Self::Hospice => "hospice",
            Self::Inpatient => "inpatient",
            Self::Outpatient => "outpatient",
            Self::Pde => "pde",
            Self::Snf => "snf",
        }
    }

    /// The code in the EOB type coding.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Carrier => "CARRIER",
            Self::Dme => "DME",
            Self::Hha => "HHA",
            Self::Hospice => "HOSPICE",
            Self::Inpatient => "INPATIENT",
            Self::Outpatient => "OUTPATIENT",
            Self::Pde => "PDE",
            Self::Snf => "SNF",
        }
    }

    /// The type of that lower-case name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn ordinal(self) -> u8 {
        self as u8
    }
}
