//! What kind of claim it is (claims backend reference, section 11, item 2): the EOB-type coding,
//! then the prefix of the id, then the claim type code. Never `meta.profile` or the FHIR claim
//! type: v2 calls DME institutional and home health professional.

use serde::Serialize;

use crate::fhir::ids::ClaimIdParts;
use crate::fhir::lookup::ends_in;
use crate::fhir::text;
use crate::fhir::wire::Concept;

/// The kind of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimType {
    /// Physicians and other professionals (Part B).
    Carrier,
    /// Durable medical equipment.
    Dme,
    /// Home health agency.
    Hha,
    /// Hospice.
    Hospice,
    /// Hospital stay.
    Inpatient,
    /// Hospital without a stay.
    Outpatient,
    /// Prescription drug event (Part D).
    Pde,
    /// Skilled nursing facility.
    Snf,
    /// None of these, or not said.
    #[default]
    Unknown,
}

impl ClaimType {
    /// The name that searches and ids use.
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
            Self::Unknown => "unknown",
        }
    }

    /// The type of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Carrier,
            Self::Dme,
            Self::Hha,
            Self::Hospice,
            Self::Inpatient,
            Self::Outpatient,
            Self::Pde,
            Self::Snf,
        ]
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(super) fn of(concept: Option<&Concept<'_>>, id: &str) -> Self {
        let code = |system| text(&concept?.of(ends_in(system))?.code);
        let prefix = match ClaimIdParts::parse(id) {
            Some(ClaimIdParts::Typed { prefix, .. }) => Some(prefix),
            _ => None,
        };
        code("eob-type")
            .and_then(Self::from_name)
            .or_else(|| Self::from_name(prefix?))
            .or_else(|| {
                Self::from_type_code(code("clm-type-cd").or_else(|| code("nch_clm_type_cd"))?)
            })
            .unwrap_or_default()
    }

    /// The claim type code: NCH codes of two digits, or those of the shared systems, which are a
    /// phase (10 partly, 20 fully adjudicated) and a bill type, with 27 to 29 for claims that are
    /// no bills.
    fn from_type_code(code: &str) -> Option<Self> {
        let (phase, code) = code.split_at_checked(code.len().saturating_sub(2))?;
        match (phase, code) {
            ("", "71" | "72") => Some(Self::Carrier),
            ("", "81" | "82") => Some(Self::Dme),
            ("", "10") => Some(Self::Hha),
            ("", "20" | "30") => Some(Self::Snf),
            ("", "40") => Some(Self::Outpatient),
            ("", "50") => Some(Self::Hospice),
            ("", "60" | "61" | "62" | "63" | "64") => Some(Self::Inpatient),
            ("", "1" | "2" | "3" | "4" | "01" | "02" | "03" | "04") => Some(Self::Pde),
            ("17" | "27", "00") => Some(Self::Carrier),
            ("18" | "28", "00") => Some(Self::Dme),
            ("29", "00") => Some(Self::Hospice),
            ("10" | "20", "11" | "41") => Some(Self::Inpatient),
            ("10" | "20", "18" | "21" | "28") => Some(Self::Snf),
            ("10" | "20", "32" | "33") => Some(Self::Hha),
            ("10" | "20", "81" | "82") => Some(Self::Hospice),
            (
                "10" | "20",
                "12" | "13" | "14" | "22" | "23" | "34" | "71" | "72" | "73" | "74" | "75" | "76"
                | "77" | "79" | "83" | "85",
            ) => Some(Self::Outpatient),
            _ => None,
        }
    }
}
