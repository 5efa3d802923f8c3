//! What a claim is made of.

use serde::Serialize;

use super::amounts::Amounts;
use super::totals::Totals;
use crate::fhir::coverage::Part;
use crate::fhir::money::{Cents, Unknown};
use crate::fhir::value::{Code, CodeSystem, Date, Decimal, Period};

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
    /// Who insures, by name (v3, other payers).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// The Part D contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// The Part D plan; of other payers that of the Coverage, where it is in the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The name of that plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_name: Option<String>,
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
    /// Why the amount that is reported is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Unknown>,
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
