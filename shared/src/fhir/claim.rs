//! The one claim model. A [`Claim`] says the same about an ExplanationOfBenefit of v1, v2 and v3;
//! where the versions disagree in substance, the field says which of them carries it. Sequence
//! numbers are the server's own (they need not begin at 1 and differ between versions): look
//! things up with [`Claim::diagnosis`] and [`Claim::care_team_member`].

use serde::Serialize;

use super::value::{Code, CodeSystem, Date, Period, Timestamp};

mod amounts;
mod kind;
mod lines;
mod parts;
mod providers;
mod read;
mod row;
pub(crate) mod standing;
mod totals;

pub use amounts::{Amount, Amounts};
pub use kind::ClaimType;
pub use parts::{
    CareTeamMember, ClaimCoverage, Count, Decision, Diagnosis, DiagnosisKind, Drug, Info, Line,
    Payment, Procedure, Provider, Service,
};
pub use row::{ClaimRow, ShownCode};
pub use standing::LeftOut;
pub use totals::{Total, Totals, Unknowns};

/// One claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// What kind of claim it is.
    #[serde(rename = "type")]
    pub claim_type: ClaimType,
    /// The resource id, such as `carrier--10000930037921`. It differs between v1/v2 and v3.
    pub id: String,
    /// The claim number without a type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<String>,
    /// The group that the claim's versions share (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_group: Option<String>,
    /// The control number that the contractor gave it; the tracking number of a prior
    /// authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control_number: Option<String>,
    /// `active` or `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `claim`, or `preauthorization` (v3). v1 has no such element and only claims.
    #[serde(rename = "use")]
    pub purpose: String,
    /// `complete`, or `partial` for a claim still being processed (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why sums leave it out; `None` if it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// The day on which the resource was made (R4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<Date>,
    /// When the server last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
    /// The id of the Patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_id: Option<String>,
    /// The coverage that it was billed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<ClaimCoverage>,
    /// The days that the claim covers. The end may precede the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billable_period: Option<Period>,
    /// The day that the backend's `service-date` search compares: the fill date of a drug claim,
    /// the through date of every other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_date: Option<Date>,
    /// Admission and discharge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_period: Option<Period>,
    /// Who billed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<Provider>,
    /// The organization that it was done by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<Provider>,
    /// Where it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<Provider>,
    /// The facility type, or the pharmacy's service type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_type: Option<Code>,
    /// Who referred the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referring: Option<Provider>,
    /// Everyone who took part, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub care_team: Vec<CareTeamMember>,
    /// Diagnoses, by sequence; each once, whatever number of codings it came with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnoses: Vec<Diagnosis>,
    /// Procedures, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub procedures: Vec<Procedure>,
    /// The diagnosis related group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drg: Option<String>,
    /// The prescription of a drug claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drug: Option<Drug>,
    /// The amounts that every claim is asked for.
    #[serde(skip_serializing_if = "Totals::is_empty")]
    pub totals: Totals,
    /// What was paid, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment>,
    /// Every amount of the claim as a whole, by variable.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub amounts: Amounts,
    /// Days, visits and other counts, by variable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Count>,
    /// Everything else that is said about the claim, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
    /// The lines, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
}

impl Claim {
    /// The diagnosis of this sequence number.
    pub fn diagnosis(&self, sequence: u32) -> Option<&Diagnosis> {
        self.diagnoses
            .iter()
            .find(|diagnosis| diagnosis.sequence == sequence)
    }

    /// The care team member of this sequence number.
    pub fn care_team_member(&self, sequence: u32) -> Option<&CareTeamMember> {
        self.care_team
            .iter()
            .find(|member| member.sequence == sequence)
    }

    /// The first information of this name.
    pub fn info(&self, name: &str) -> Option<&Info> {
        self.info.iter().find(|info| info.name == name)
    }

    /// The principal diagnosis, or the first.
    pub fn main_diagnosis(&self) -> Option<&Diagnosis> {
        let principal = |diagnosis: &&Diagnosis| diagnosis.kind == DiagnosisKind::Principal;
        self.diagnoses
            .iter()
            .find(principal)
            .or(self.diagnoses.first())
    }
}
