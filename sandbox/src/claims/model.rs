//! One claim, independent of the FHIR version that it is written in.

use super::codes::{Diagnosis, Drug, Procedure};
use super::dates::Dates;
use super::id::ClaimKey;
use crate::date::Day;

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
    /// The contractor's number of the claim that this one takes back.
    pub refunds: Option<u64>,
    /// True where v3 tells the claim as a shared system has it, before it is settled.
    pub shared_system: bool,
    /// What the type adds.
    pub body: Body,
}

impl Claim {
    /// The number that the contractor, or for drugs the plan, gave the claim.
    #[must_use]
    pub fn control_number(&self) -> u64 {
        match &self.body {
            Body::Carrier(body) => body.control_number,
            Body::Institutional(body) => body.control_number,
            Body::Pde(_) => 40_000_000_000_000 + self.group,
        }
    }
}

/// What is special to a type.
#[derive(Clone, Debug)]
pub enum Body {
    /// A professional claim, or one for equipment.
    Carrier(Carrier),
    /// A claim of an institution.
    Institutional(Box<Institutional>),
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
    /// Postal code of the practice.
    pub zip: String,
    /// Number of the clinical trial that the claim belongs to.
    pub trial: Option<&'static str>,
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
    /// The insurer that pays before Medicare, and its text.
    pub primary_payer: Option<(&'static str, &'static str)>,
    /// CLIA number of the laboratory, for its lines.
    pub laboratory: Option<&'static str>,
    /// What only equipment has.
    pub equipment: Option<Equipment>,
    /// False where Medicare pays nothing for the line.
    pub allowed: bool,
    /// Amounts.
    pub amounts: LineAmounts,
}

/// What only a line for equipment has.
#[derive(Clone, Debug)]
pub struct Equipment {
    /// The supplier's number.
    pub supplier: String,
    /// What the thing costs to buy.
    pub purchase_price: Cents,
}

/// The amounts of a professional line: `allowed = deductible + coinsurance + primary + paid`.
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
    /// What another insurer paid first.
    pub primary: Cents,
    /// What Medicare paid.
    pub paid: Cents,
}

/// A claim of a hospital or another institution.
#[derive(Clone, Debug)]
pub struct Institutional {
    /// The institution.
    pub provider: Provider,
    /// Its CMS certification number.
    pub certification: String,
    /// The number that the contractor gave.
    pub control_number: u64,
    /// Attending physician and their specialty.
    pub attending: Member,
    /// Operating physician, where there was a procedure.
    pub operating: Option<Member>,
    /// Another physician.
    pub other: Option<Member>,
    /// Who gave the services of the lines.
    pub rendering: Member,
    /// Diagnosis at admission.
    pub admitting: Option<&'static Diagnosis>,
    /// Why the person came, on claims without a stay.
    pub reason: Option<&'static Diagnosis>,
    /// Diagnoses with whether they were present at admission, the principal one first.
    pub diagnoses: Vec<(&'static Diagnosis, bool)>,
    /// External cause of an injury.
    pub external: Option<&'static Diagnosis>,
    /// Procedures with the day each was done.
    pub procedures: Vec<(&'static Procedure, Day)>,
    /// MS-DRG and its relative weight in hundredths.
    pub drg: Option<(&'static str, i64)>,
    /// Admission type with its text, and source of admission.
    pub admission: Option<(Coded, &'static str)>,
    /// Admission and discharge; an open end where care goes on.
    pub stay: Option<(Day, Option<Day>)>,
    /// The hospital stay that qualifies for a skilled nursing facility.
    pub qualifying_stay: Option<(Day, Day)>,
    /// The part of the stay that is not covered.
    pub noncovered_stay: Option<(Day, Day)>,
    /// The day from which Medicare pays no more.
    pub exhausted: Option<Day>,
    /// Discharge status and its text.
    pub discharge: Coded,
    /// What only home health has.
    pub home_health: Option<HomeHealth>,
    /// How many hospice periods there were.
    pub hospice_periods: Option<u32>,
    /// Revenue center lines.
    pub lines: Vec<RevenueLine>,
    /// Days that Medicare covers.
    pub covered_days: u32,
    /// Days with coinsurance.
    pub coinsurance_days: u32,
    /// The person's deductible.
    pub deductible: Cents,
    /// The person's coinsurance.
    pub coinsurance: Cents,
    /// What Medicare paid.
    pub paid: Cents,
    /// Why Medicare paid nothing, and its text.
    pub nonpayment: Option<Coded>,
    /// The insurer that pays before Medicare, and its text.
    pub primary_payer: Option<Coded>,
    /// Pints of blood.
    pub blood_pints: u32,
    /// State of the institution.
    pub state: &'static str,
}

/// A code and its text.
pub type Coded = (&'static str, &'static str);

/// A member of the care team with their specialty.
pub type Member = (Provider, &'static super::codes::Specialty);

/// What only home health claims have.
#[derive(Clone, Copy, Debug)]
pub struct HomeHealth {
    /// Few visits, so that each is paid by itself.
    pub low_utilization: bool,
    /// Visits.
    pub visits: u32,
}

impl Institutional {
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
    /// Modifier.
    pub modifier: Option<&'static str>,
    /// The day, on claims that tell it.
    pub day: Option<Day>,
    /// How the line is paid, and its text.
    pub payment_status: Option<Coded>,
    /// Units.
    pub units: u32,
    /// Price of one unit, where the line has one.
    pub rate: Cents,
    /// Whether deductible and coinsurance apply, on some lines.
    pub deductible_code: Option<&'static str>,
    /// Drug with its units in milligrams.
    pub drug: Option<(&'static Drug, u32)>,
    /// Adjustment reason, as a bare code.
    pub adjustment: Option<&'static str>,
    /// Charge.
    pub charge: Cents,
    /// Part of it that is not covered.
    pub noncovered: Cents,
    /// The person's deductible for the line.
    pub deductible: Cents,
    /// The person's coinsurance for the line.
    pub coinsurance: Cents,
    /// What Medicare paid for the line.
    pub paid: Cents,
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
    /// Rare facts: the variable, its label, the code and its text.
    pub rare: Vec<Rare>,
    /// Amounts.
    pub amounts: PdeAmounts,
}

/// A fact that few drug events have.
#[derive(Clone, Copy, Debug)]
pub struct Rare {
    /// Name and label of the variable.
    pub variable: (&'static str, &'static str),
    /// Code and its text.
    pub code: (&'static str, &'static str),
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
