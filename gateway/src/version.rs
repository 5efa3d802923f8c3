//! The versions of the public interface.

/// `v1` (STU3), `v2` (R4) or `v3` (R4, with patient ids of its own).
#[allow(clippy::exhaustive_enums)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Version {
    /// FHIR STU3.
    V1,
    /// FHIR R4.
    V2,
    /// FHIR R4, on while the variable `v3_enabled` is.
    V3,
}

impl Version {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V1, Self::V2, Self::V3];

    /// The path segment.
    #[must_use]
    pub const fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
        }
    }

    /// Reads the path segment.
    #[must_use]
    pub fn parse(segment: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| version.segment() == segment)
    }
}
