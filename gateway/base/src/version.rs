//! The versions of the public interface, and whose ids they use.

use bluegate_shared::id::PatientId;

/// `v1` (STU3), `v2` (R4) or `v3` (R4, with patient ids of its own).
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

/// One person's ids at the claims backend, one for each id space. An id of one space may never be used in
/// the other, where it can be somebody else's: the only way to an id is to name the version that it is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PatientIds {
    shared: PatientId,
    v3: Option<PatientId>,
}

impl PatientIds {
    /// `shared` is the id in the space of v1 and v2. Not everybody has one in v3.
    #[must_use]
    pub const fn new(shared: PatientId, v3: Option<PatientId>) -> Self {
        Self { shared, v3 }
    }

    /// The id in the space of v1 and v2, which also stands for the person in the audit (as a keyed hash).
    #[must_use]
    pub const fn shared(&self) -> &PatientId {
        &self.shared
    }

    /// The id in the space of v3.
    #[must_use]
    pub const fn v3(&self) -> Option<&PatientId> {
        self.v3.as_ref()
    }

    /// The id that the routes of a version use.
    #[must_use]
    pub const fn of(&self, version: Version) -> Option<&PatientId> {
        match version {
            Version::V1 | Version::V2 => Some(self.shared()),
            Version::V3 => self.v3(),
        }
    }
}
