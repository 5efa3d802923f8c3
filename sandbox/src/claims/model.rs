//! One claim, independent of the FHIR version that it is written in.

use super::codes::{Diagnosis, Drug, Procedure};
use super::dates::Dates;
use super::id::ClaimKey;

/// An amount in cents.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Cents(pub i64);

impl std::iter::Sum for Cents {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

/// A claim.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which one.
    pub key: ClaimKey,
    /// When.
    pub dates: Dates,
    /// The claim group identifier.
    pub group: u64,
    /// False where a later action voided the claim.
    pub final_action: bool,
    /// What the type adds.
    pub body: Body,
}

/// What is special to a type.
#[derive(Clone, Debug)]
pub enum Body {
    /// A professional claim.
    Carrier(Carrier),
    /// A hospital stay.
    Inpatient(Inpatient),
    /// A prescription drug event.
    Pde(Pde),
}

/// A provider: a number that no real one has, and a made-up name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Provider {
    /// Ten digits beginning with 99999.
    pub npi: String,
    /// The name.
    pub name: String,
}

/// A professional claim.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// The contractor's number.
    pub contractor: &'static str,
    /// The contractor's number for the claim.
    pub control_number: u64,
    /// Who sent the person.
    pub referring: Option<Provider>,
    /// Who did the work.
    pub performing: Provider,
    /// CMS specialty code, its text, and the taxonomy code and text.
    pub specialty: &'static super::codes::Specialty,
    /// The practice that billed.
    pub practice: Provider,
    /// State of the practice.
    pub state: &'static str,
    /// Diagnoses, the principal one first.
    pub diagnoses: Vec<&'static Diagnosis>,
    /// Lines.
    pub lines: Vec<CarrierLine>,
}

/// A line of a professional claim.
#[derive(Clone, Debug)]
pub struct CarrierLine {
    /// Line number.
    pub number: u32,
    /// Procedure code: HCPCS level II, or a bare CPT number.
    pub hcpcs: &'static str,
    /// CMS type of service and its text.
    pub service_type: (&'static str, &'static str),
    /// BETOS category and its text.
    pub betos: (&'static str, &'static str),
    /// Modifier.
    pub modifier: Option<&'static str>,
    /// Place of service and its text.
    pub place: (&'static str, &'static str),
    /// Units.
    pub units: u32,
    /// The diagnosis that the line is for: an index into the claim's.
    pub diagnosis: usize,
    /// Drug, for lines that bill one.
    pub drug: Option<&'static Drug>,
    /// Hemoglobin, in tenths of g/dl, for lines that report it.
    pub hemoglobin: Option<u32>,
    /// False where Medicare pays nothing for the line.
    pub allowed: bool,
    /// Amounts.
    pub amounts: LineAmounts,
}

/// The amounts of a professional line: `allowed = deductible + coinsurance + paid`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LineAmounts {
    /// What was asked for.
    pub submitted: Cents,
    /// What Medicare allows.
    pub allowed: Cents,
    /// The person's deductible.
    pub deductible: Cents,
    /// The person's coinsurance.
    pub coinsurance: Cents,
    /// What Medicare paid.
    pub paid: Cents,
}

/// A hospital stay.
#[derive(Clone, Debug)]
pub struct Inpatient {
    /// The hospital.
    pub hospital: Provider,
    /// The hospital's CMS certification number.
    pub certification: String,
    /// The number that the contractor gave.
    pub control_number: u64,
    /// MS-DRG.
    pub drg: &'static str,
    /// Relative weight of the DRG in hundredths.
    pub weight: i64,
    /// Admission type and its text.
    pub admission: (&'static str, &'static str),
    /// Source of admission.
    pub source: &'static str,
    /// Discharge status and its text.
    pub discharge: (&'static str, &'static str),
    /// Attending physician.
    pub attending: Provider,
    /// Operating physician, where there was a procedure.
    pub operating: Option<Provider>,
    /// Another physician.
    pub other: Option<Provider>,
    /// Diagnosis at admission.
    pub admitting: &'static Diagnosis,
    /// Diagnoses with whether they were present at admission, the principal one first.
    pub diagnoses: Vec<(&'static Diagnosis, bool)>,
    /// Procedures with the day each was done.
    pub procedures: Vec<(&'static Procedure, crate::date::Day)>,
    /// Revenue center lines.
    pub lines: Vec<RevenueLine>,
    /// Days in hospital that Medicare covers.
    pub covered_days: u32,
    /// The Part A deductible.
    pub deductible: Cents,
    /// What Medicare paid.
    pub paid: Cents,
    /// State of the hospital.
    pub state: &'static str,
}

impl Inpatient {
    /// Total charge: the sum of the lines.
    #[must_use]
    pub fn total_charge(&self) -> Cents {
        self.lines.iter().map(|line| line.charge).sum()
    }

    /// The part of the charge that is not covered.
    #[must_use]
    pub fn noncovered(&self) -> Cents {
        self.lines.iter().map(|line| line.noncovered).sum()
    }
}

/// A line of an institutional claim.
#[derive(Clone, Debug)]
pub struct RevenueLine {
    /// Line number.
    pub number: u32,
    /// Revenue center code; its text belongs to NUBC and is not given.
    pub revenue: &'static str,
    /// Procedure code.
    pub hcpcs: Option<&'static str>,
    /// Units.
    pub units: u32,
    /// Price of one unit, where the line has one.
    pub rate: Cents,
    /// Charge.
    pub charge: Cents,
    /// Part of it that is not covered.
    pub noncovered: Cents,
}

/// A prescription drug event.
#[derive(Clone, Debug)]
pub struct Pde {
    /// The pharmacy's number for the prescription.
    pub reference_number: u64,
    /// The drug.
    pub drug: &'static Drug,
    /// Who prescribed.
    pub prescriber: Provider,
    /// The prescriber's taxonomy.
    pub specialty: &'static super::codes::Specialty,
    /// Where it was dispensed.
    pub pharmacy: Provider,
    /// Pharmacy service type and its text.
    pub pharmacy_type: (&'static str, &'static str),
    /// Part D contract and plan.
    pub plan: (&'static str, &'static str),
    /// Units dispensed.
    pub quantity: u32,
    /// Days that they last.
    pub days_supply: u32,
    /// Refill number, 0 for the first fill.
    pub refill: u32,
    /// Dispense-as-written code and its text.
    pub dispense_as_written: (&'static str, &'static str),
    /// How the prescription came, and its text.
    pub origin: (&'static str, &'static str),
    /// Where the person lives, and its text.
    pub residence: (&'static str, &'static str),
    /// Catastrophic coverage code and its text, where it applies.
    pub catastrophic: Option<(&'static str, &'static str)>,
    /// Amounts.
    pub amounts: PdeAmounts,
}

/// The amounts of a drug event: `total = plan + patient + low-income subsidy + gap discount + other`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PdeAmounts {
    /// Gross drug cost.
    pub total: Cents,
    /// What the plan paid.
    pub plan: Cents,
    /// What the person paid.
    pub patient: Cents,
    /// Low-income subsidy.
    pub subsidy: Cents,
    /// Manufacturer's discount in the coverage gap.
    pub gap_discount: Cents,
    /// What others paid towards the out-of-pocket limit.
    pub other: Cents,
    /// The part of the cost above the out-of-pocket limit; the rest is below it.
    pub above_threshold: Cents,
}
