//! What kind of claim it is (docs/claims-backend.md#claims): the EOB-type coding,
//! then the prefix of the id, then the claim type code. Never `meta.profile`, and the FHIR claim type,
//! which is what other payers say (CARIN Blue Button), only where Medicare says nothing: v2 calls DME
//! institutional and home health professional.

use serde::Serialize;

use crate::fhir::ids::ClaimIdParts;
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::{ends_in, is_cms};

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
    /// Of other payers: physicians and other professionals.
    Professional,
    /// Of other payers: a hospital or another institution, not said of which kind.
    Institutional,
    /// Of other payers: dental care.
    Oral,
    /// Of other payers: care of the eyes.
    Vision,
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
            Self::Professional => "professional",
            Self::Institutional => "institutional",
            Self::Oral => "oral",
            Self::Vision => "vision",
            Self::Unknown => "unknown",
        }
    }

    /// The type that Medicare has under this name, in any case.
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

    /// Its number among the types: what a column of them holds.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Carrier => 1,
            Self::Dme => 2,
            Self::Hha => 3,
            Self::Hospice => 4,
            Self::Inpatient => 5,
            Self::Outpatient => 6,
            Self::Pde => 7,
            Self::Snf => 8,
            Self::Professional => 9,
            Self::Institutional => 10,
            Self::Oral => 11,
            Self::Vision => 12,
        }
    }

    pub(super) fn of(claim: Value<'_>) -> Self {
        let concept = claim.get(Key::Type);
        let code = |system| concept.coding_of(ends_in(system))?.text(Key::Code);
        let medicare = concept.coding_of(is_cms).is_some();
        let prefix = match ClaimIdParts::parse(claim.text(Key::Id).unwrap_or_default()) {
            Some(ClaimIdParts::Typed { prefix, .. }) => Some(prefix),
            _ => None,
        };
        code("eob-type")
            .and_then(Self::from_name)
            .or_else(|| Self::from_name(prefix?))
            .or_else(|| {
                Self::from_type_code(code("clm-type-cd").or_else(|| code("nch_clm_type_cd"))?)
            })
            .or_else(|| {
                let sub = claim.get(Key::SubType);
                let sub = sub.coding_of(ends_in("C4BBInstitutionalClaimSubType"));
                match sub.and_then(|sub| sub.text(Key::Code)) {
                    Some("inpatient") => return Some(Self::Inpatient),
                    Some("outpatient") => return Some(Self::Outpatient),
                    _ => {}
                }
                match code("claim-type").filter(|_| !medicare)? {
                    "pharmacy" => Some(Self::Pde),
                    "professional" => Some(Self::Professional),
                    "institutional" => Some(Self::Institutional),
                    "oral" => Some(Self::Oral),
                    "vision" => Some(Self::Vision),
                    _ => None,
                }
            })
            .unwrap_or_default()
    }

    /// The claim type code: an NCH code of one or two digits, or one of the shared systems, which
    /// is a phase (10 partly, 20 fully adjudicated) and the first two digits of the bill type, or
    /// 17 to 19 and 27 to 29 with 00 for what has no bill type. The grouping is the server's own.
    fn from_type_code(code: &str) -> Option<Self> {
        let (phase, code) = code.split_at_checked(code.len().saturating_sub(2))?;
        Some(match (phase, code) {
            ("", "71" | "72") | ("17" | "27", "00") => Self::Carrier,
            ("", "81" | "82") | ("18" | "28", "00") => Self::Dme,
            ("", "10") => Self::Hha,
            ("", "50") | ("19" | "29", "00") => Self::Hospice,
            ("", "60" | "61" | "62" | "63" | "64") => Self::Inpatient,
            ("", "40") => Self::Outpatient,
            ("", "1" | "2" | "3" | "4") => Self::Pde,
            ("", "20" | "30") => Self::Snf,
            ("10" | "20", "32" | "33" | "39" | "42" | "66" | "92") => Self::Hha,
            ("10" | "20", "81" | "82" | "91" | "98") => Self::Hospice,
            ("10" | "20", "11" | "41" | "69") => Self::Inpatient,
            ("10" | "20", "18" | "21") => Self::Snf,
            // Reserved numbers that the server does not group.
            ("10" | "20", "19" | "29") => return None,
            ("10" | "20", bill) if bill.bytes().all(|b| b.is_ascii_digit()) => Self::Outpatient,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(ClaimType::from_name("CARRIER"), Some(ClaimType::Carrier));
        assert_eq!(
            ClaimType::from_name("pde").map(ClaimType::name),
            Some("pde")
        );
        assert_eq!(ClaimType::from_name("unknown"), None);
    }

    #[test]
    fn shared_system_codes_are_grouped_as_by_the_server() {
        for (code, expected) in [
            ("1011", Some(ClaimType::Inpatient)),
            ("2041", Some(ClaimType::Inpatient)),
            ("2012", Some(ClaimType::Outpatient)),
            ("1013", Some(ClaimType::Outpatient)),
            ("2028", Some(ClaimType::Outpatient)),
            ("2034", Some(ClaimType::Outpatient)),
            ("1018", Some(ClaimType::Snf)),
            ("2021", Some(ClaimType::Snf)),
            ("1032", Some(ClaimType::Hha)),
            ("2042", Some(ClaimType::Hha)),
            ("2081", Some(ClaimType::Hospice)),
            ("1900", Some(ClaimType::Hospice)),
            ("1700", Some(ClaimType::Carrier)),
            ("1800", Some(ClaimType::Dme)),
            ("2019", None),
            ("3011", None),
            ("20xx", None),
            ("", None),
        ] {
            assert_eq!(ClaimType::from_type_code(code), expected, "{code}");
        }
    }
}
