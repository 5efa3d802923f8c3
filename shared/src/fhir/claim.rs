//! The one claim model. A [`Claim`] says the same about an ExplanationOfBenefit of v1, v2 and v3;
//! where the versions disagree in substance, the field says which of them carries it. Sequence
//! numbers are the server's own (they need not begin at 1 and differ between versions): look
//! things up with [`Claim::diagnosis`] and [`Claim::care_team_member`].

use std::cmp::Ordering;

use serde::Serialize;

use super::coverage::Part;
use super::value::{Cents, Code, CodeSystem, Date, Decimal, Period, Timestamp};

mod amounts;
mod kind;
mod lines;
mod providers;
mod read;

pub use amounts::{Amount, Amounts, Totals};
pub use kind::ClaimType;

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

/// The coverage that a claim was billed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimCoverage {
    /// The part of Medicare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    /// The id of the Coverage; v3 does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The Part D contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The Part D plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// A person or organization that provides care.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// National Provider Identifier. Not always well formed: upstream has defaults and old numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npi: Option<String>,
    /// Another number, such as the CMS certification number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Name, where the backend could find one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Someone who took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CareTeamMember {
    /// What the lines refer to it by.
    pub sequence: u32,
    /// Role code; the versions use different lists (v1: primary, assist, other).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Who it is.
    pub provider: Provider,
    /// CMS specialty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub specialty: Option<Code>,
    /// NUCC taxonomy (R4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxonomy: Option<Code>,
}

/// What a diagnosis is to the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DiagnosisKind {
    /// The main one.
    Principal,
    /// The reason for admission.
    Admitting,
    /// The reason for the visit, in the patient's words.
    ReasonForVisit,
    /// An external cause of injury.
    External,
    /// Any other.
    Other,
}

/// A diagnosis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnosis {
    /// What the lines refer to it by.
    pub sequence: u32,
    /// ICD code without a dot.
    pub code: String,
    /// ICD-9 or ICD-10.
    pub system: CodeSystem,
    /// What it is to the claim.
    #[serde(rename = "type")]
    pub kind: DiagnosisKind,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Present on admission: `Y`, `N`, `U`, `W`, `1` or another code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present_on_admission: Option<String>,
}

/// A procedure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Procedure {
    /// Its number.
    pub sequence: u32,
    /// ICD procedure code without a dot.
    pub code: String,
    /// ICD-9 or ICD-10.
    pub system: CodeSystem,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Cents>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
}

/// A count by variable, such as days of stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    /// The normalised variable name.
    pub name: String,
    /// The number.
    pub value: Decimal,
}

/// The prescription of a drug claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drug {
    /// National Drug Code; absent for a compound of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ndc: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How much was dispensed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    /// Of which unit (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// For how many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_supply: Option<Decimal>,
    /// Which fill it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_number: Option<Decimal>,
    /// Prescription number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rx_number: Option<String>,
    /// The NDCs of a compound's ingredients (v3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingredients: Vec<Code>,
}

/// Something else that is said about a claim: admission type, discharge status, fill number…
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Its number.
    pub sequence: u32,
    /// The normalised variable name, or the CARIN category where no variable is given.
    pub name: String,
    /// A coded value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// A day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// A period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// A number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    /// A text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A service as it was coded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// The code.
    pub code: String,
    /// Its list.
    pub system: CodeSystem,
    /// The label that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
}

/// One line of a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its number; gaps are normal.
    pub sequence: u32,
    /// What was done or dispensed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// HCPCS modifiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modifiers: Vec<String>,
    /// Type of service (carrier, DME).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Code>,
    /// Revenue center (institutional).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revenue_center: Option<Code>,
    /// National Drug Code of what was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ndc: Option<Code>,
    /// When; a single day is both start and end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place_of_service: Option<Code>,
    /// State code of the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// How much or many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Decimal>,
    /// Of which unit (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The diagnoses that it is for, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnosis_sequences: Vec<u32>,
    /// Who took part in it, by sequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub care_team_sequences: Vec<u32>,
    /// The amounts that every line is asked for.
    #[serde(skip_serializing_if = "Totals::is_empty")]
    pub totals: Totals,
    /// Every amount of the line, by variable.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub amounts: Amounts,
    /// Coded decisions on the line, such as the processing indicator or a denial reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// A coded decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The normalised variable name, or the category where no variable is given.
    pub name: String,
    /// What was decided.
    pub code: Code,
}

/// What a list shows of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRow {
    /// The resource id.
    pub id: String,
    /// The kind of claim.
    #[serde(rename = "type")]
    pub claim_type: ClaimType,
    /// `active` or `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Date>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Date>,
    /// A provider's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// That provider's NPI, or that of another where no name is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub npi: Option<String>,
    /// What was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charged: Option<Cents>,
    /// What Medicare or the drug plan paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Cents>,
    /// What the person owes or paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_responsibility: Option<Cents>,
    /// How many lines it has.
    pub lines: usize,
    /// The main diagnosis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Code>,
    /// The drug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drug: Option<Code>,
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

    /// What a list shows of the claim.
    pub fn row(&self) -> ClaimRow {
        let provider = self.shown_provider();
        let period = self.billable_period.unwrap_or_default();
        ClaimRow {
            id: self.id.clone(),
            claim_type: self.claim_type,
            status: self.status.clone(),
            start: period.start,
            end: period.end.or(self.service_date),
            provider: provider.and_then(|provider| provider.name.clone()),
            npi: provider.and_then(|provider| provider.npi.clone()),
            charged: self.totals.charged,
            paid: self.totals.paid,
            patient_responsibility: self.totals.patient_responsibility,
            lines: self.lines.len(),
            diagnosis: self.main_diagnosis().map(|diagnosis| Code {
                code: diagnosis.code.clone(),
                display: diagnosis.display.clone(),
            }),
            drug: self.drug.as_ref().and_then(Drug::shown),
        }
    }

    /// The provider to show: the first with a name, else the first with an NPI.
    fn shown_provider(&self) -> Option<&Provider> {
        let claim = [&self.billing, &self.organization, &self.facility];
        let all = || {
            let team = self.care_team.iter().map(|member| &member.provider);
            claim.into_iter().flatten().chain(team)
        };
        all()
            .find(|provider| provider.name.is_some())
            .or_else(|| all().find(|provider| provider.npi.is_some()))
    }
}

impl ClaimRow {
    /// Newest first by last day; claims without one at the end, equal days by id. The server's own
    /// order is by id and means nothing to a reader.
    pub fn newest_first(&self, other: &Self) -> Ordering {
        other
            .end
            .cmp(&self.end)
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl Drug {
    fn shown(&self) -> Option<Code> {
        let first = self.ingredients.first();
        let code = self.ndc.clone().or_else(|| Some(first?.code.clone()))?;
        let display = self.name.clone().or_else(|| first?.display.clone());
        Some(Code { code, display })
    }
}
