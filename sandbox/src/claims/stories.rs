//! Two people whose claims tell a story: what happened, when, and what it shows. `docs/sandbox-people.md` tells it to readers.
//!
//! Lucille (`BBUser00100`) has cancer of the lung: visit, scan, biopsy, radiation, chemotherapy. Jack (`BBUser00101`)
//! has diabetes and high blood pressure, and changes from metformin to glimepiride.

use super::ClaimType;
use super::codes::{Diagnosis, Drug};
use super::id::ClaimKey;
use crate::date::Day;
use crate::people::PersonNumber;

/// One claim of a story.
#[derive(Debug)]
pub struct Step {
    /// First day of service.
    pub start: Day,
    /// Last day of service.
    pub end: Day,
    /// What happened, in a few words.
    pub told: &'static str,
    /// The type of the claim.
    pub kind: ClaimType,
    /// Diagnoses, the reason for the service first.
    pub diagnoses: &'static [Diagnosis],
    /// What was done or dispensed.
    pub given: Given,
}

/// What a claim of a story bills.
#[derive(Debug)]
pub enum Given {
    /// Services of a doctor: who, and what.
    Doctor(Doctor, &'static [Billed]),
    /// Services of the hospital, without a stay.
    Hospital(&'static [Billed]),
    /// A drug: its name, days of supply and refill number.
    Drug(&'static str, u32, u32),
}

/// Whom a story's person sees.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doctor {
    /// The family doctor.
    Family,
    /// The radiologist who reads a scan.
    Radiologist,
    /// The laboratory.
    Laboratory,
    /// The oncologist.
    Oncologist,
    /// The radiation oncologist.
    RadiationOncologist,
}

/// A service with its price.
#[derive(Clone, Copy, Debug)]
pub struct Billed {
    /// HCPCS level II code, or a bare CPT number.
    pub hcpcs: &'static str,
    /// Modifier.
    pub modifier: Option<&'static str>,
    /// Units.
    pub units: u32,
    /// What Medicare allows for all of them, in cents.
    pub allowed: i64,
    /// Revenue center, for hospitals.
    pub revenue: &'static str,
    /// The drug that is billed.
    pub drug: Option<&'static Drug>,
}

/// The story of a person, in the order of time.
#[must_use]
pub fn of(person: PersonNumber) -> Option<&'static [Step]> {
    match person {
        PersonNumber::LUCILLE => Some(LUCILLE),
        PersonNumber::JACK => Some(JACK),
        _ => None,
    }
}

/// The step that a claim is.
#[must_use]
pub fn step(key: ClaimKey) -> Option<&'static Step> {
    of(key.person)?
        .iter()
        .filter(|step| step.kind == key.kind)
        .nth(usize::from(key.index))
}

/// The claim of each step, in the order of time.
pub fn claims(person: PersonNumber) -> impl Iterator<Item = (ClaimKey, &'static Step)> {
    let mut next = [0u16; 8];
    of(person).unwrap_or(&[]).iter().map(move |step| {
        let index = &mut next[usize::from(step.kind.ordinal())];
        let key = ClaimKey {
            person,
            kind: step.kind,
            index: *index,
        };
        *index += 1;
        (key, step)
    })
}

const fn dx(code: &'static str, display: &'static str) -> Diagnosis {
    Diagnosis { code, display }
}

const COUGH: Diagnosis = dx("R053", "CHRONIC COUGH");
const SHADOW: Diagnosis = dx("R918", "OTHER NONSPECIFIC ABNORMAL FINDING OF LUNG FIELD");
const NODULE: Diagnosis = dx("R911", "SOLITARY PULMONARY NODULE");
const CANCER: Diagnosis = dx(
    "C3411",
    "MALIGNANT NEOPLASM OF UPPER LOBE, RIGHT BRONCHUS OR LUNG",
);
const RADIATION: Diagnosis = dx("Z510", "ENCOUNTER FOR ANTINEOPLASTIC RADIATION THERAPY");
const CHEMOTHERAPY: Diagnosis = dx("Z5111", "ENCOUNTER FOR ANTINEOPLASTIC CHEMOTHERAPY");
const DIABETES: Diagnosis = dx("E119", "TYPE 2 DIABETES MELLITUS WITHOUT COMPLICATIONS");
const HIGH_SUGAR: Diagnosis = dx("E1165", "TYPE 2 DIABETES MELLITUS WITH HYPERGLYCEMIA");
const PRESSURE: Diagnosis = dx("I10", "ESSENTIAL (PRIMARY) HYPERTENSION");

/// Carboplatin for injection.
pub const CARBOPLATIN: Drug = Drug {
    name: "Carboplatin",
    substance: "CARBOPLATIN",
    ndc: "00703424801",
    daily: 100,
    unit_cents: 2_400,
    brand: false,
};

/// Paclitaxel for injection.
pub const PACLITAXEL: Drug = Drug {
    name: "Paclitaxel",
    substance: "PACLITAXEL",
    ndc: "00703476801",
    daily: 100,
    unit_cents: 14,
    brand: false,
};

const fn billed(hcpcs: &'static str, revenue: &'static str, units: u32, allowed: i64) -> Billed {
    Billed {
        hcpcs,
        modifier: None,
        units,
        allowed,
        revenue,
        drug: None,
    }
}

const fn service(hcpcs: &'static str, allowed: i64) -> Billed {
    billed(hcpcs, "", 1, allowed)
}

const VISIT: &[Billed] = &[service("99214", 12_880)];
const VISIT_AND_SUGAR: &[Billed] = &[
    service("99214", 12_880),
    service("83036", 971),
    service("36415", 857),
];
const SCAN: &[Billed] = &[billed("71260", "0352", 1, 21_400)];
const READING: &[Billed] = &[Billed {
    modifier: Some("26"),
    ..service("71260", 6_180)
}];
const BIOPSY: &[Billed] = &[
    billed("32408", "0361", 1, 148_900),
    billed("71046", "0324", 1, 8_630),
];
const PET: &[Billed] = &[
    billed("78815", "0404", 1, 152_100),
    billed("A9552", "0343", 1, 0),
];
/// Five sessions of a week.
const WEEK_OF_RADIATION: &[Billed] = &[billed("G6015", "", 5, 184_500)];
const INFUSION: &[Billed] = &[
    billed("96413", "0335", 1, 33_100),
    Billed {
        drug: Some(&CARBOPLATIN),
        ..billed("J9045", "0636", 9, 2_340)
    },
    Billed {
        drug: Some(&PACLITAXEL),
        ..billed("J9267", "0636", 300, 4_200)
    },
];

const fn on(
    day: Day,
    kind: ClaimType,
    told: &'static str,
    diagnoses: &'static [Diagnosis],
    given: Given,
) -> Step {
    Step {
        start: day,
        end: day,
        told,
        kind,
        diagnoses,
        given,
    }
}

const fn doctor(
    day: Day,
    told: &'static str,
    who: Doctor,
    diagnoses: &'static [Diagnosis],
    services: &'static [Billed],
) -> Step {
    on(
        day,
        ClaimType::Carrier,
        told,
        diagnoses,
        Given::Doctor(who, services),
    )
}

const fn hospital(
    day: Day,
    told: &'static str,
    diagnoses: &'static [Diagnosis],
    services: &'static [Billed],
) -> Step {
    on(
        day,
        ClaimType::Outpatient,
        told,
        diagnoses,
        Given::Hospital(services),
    )
}

const fn week(first: Day, told: &'static str) -> Step {
    Step {
        end: first.plus(4),
        ..doctor(
            first,
            told,
            Doctor::RadiationOncologist,
            &[RADIATION, CANCER],
            WEEK_OF_RADIATION,
        )
    }
}

const fn infusion(day: Day, told: &'static str) -> Step {
    hospital(day, told, &[CHEMOTHERAPY, CANCER], INFUSION)
}

const fn drug(day: Day, told: &'static str, name: &'static str, days: u32, refill: u32) -> Step {
    on(
        day,
        ClaimType::Pde,
        told,
        &[],
        Given::Drug(name, days, refill),
    )
}

const LUCILLE: &[Step] = &[
    doctor(
        Day::of(2024, 9, 10),
        "Office visit: a cough that stays",
        Doctor::Family,
        &[COUGH],
        VISIT,
    ),
    hospital(
        Day::of(2024, 9, 17),
        "CT of the chest",
        &[SHADOW, COUGH],
        SCAN,
    ),
    doctor(
        Day::of(2024, 9, 17),
        "The radiologist reads the CT",
        Doctor::Radiologist,
        &[SHADOW],
        READING,
    ),
    hospital(
        Day::of(2024, 10, 1),
        "Biopsy of the lung",
        &[NODULE, COUGH],
        BIOPSY,
    ),
    doctor(
        Day::of(2024, 10, 3),
        "The laboratory finds cancer",
        Doctor::Laboratory,
        &[CANCER],
        &[service("88305", 7_290)],
    ),
    doctor(
        Day::of(2024, 10, 8),
        "First visit with the oncologist",
        Doctor::Oncologist,
        &[CANCER],
        VISIT,
    ),
    hospital(
        Day::of(2024, 10, 15),
        "PET scan: how far it has spread",
        &[CANCER],
        PET,
    ),
    week(Day::of(2024, 11, 4), "Radiation, week 1"),
    infusion(Day::of(2024, 11, 5), "Chemotherapy, cycle 1"),
    drug(
        Day::of(2024, 11, 5),
        "Ondansetron against nausea",
        "Ondansetron",
        30,
        0,
    ),
    week(Day::of(2024, 11, 11), "Radiation, week 2"),
    week(Day::of(2024, 11, 18), "Radiation, week 3"),
    week(Day::of(2024, 11, 25), "Radiation, week 4"),
    infusion(Day::of(2024, 11, 26), "Chemotherapy, cycle 2"),
    week(Day::of(2024, 12, 2), "Radiation, week 5"),
    week(Day::of(2024, 12, 9), "Radiation, week 6"),
    infusion(Day::of(2024, 12, 17), "Chemotherapy, cycle 3"),
    drug(
        Day::of(2024, 12, 17),
        "Ondansetron, first refill",
        "Ondansetron",
        30,
        1,
    ),
    infusion(Day::of(2025, 1, 7), "Chemotherapy, cycle 4"),
    hospital(
        Day::of(2025, 2, 4),
        "CT of the chest, to see what came of it",
        &[CANCER],
        SCAN,
    ),
    doctor(
        Day::of(2025, 2, 11),
        "The oncologist looks back",
        Doctor::Oncologist,
        &[CANCER],
        VISIT,
    ),
];

const JACK: &[Step] = &[
    doctor(
        Day::of(2023, 2, 14),
        "Office visit: diabetes and high blood pressure",
        Doctor::Family,
        &[DIABETES, PRESSURE],
        VISIT_AND_SUGAR,
    ),
    drug(
        Day::of(2023, 2, 15),
        "Metformin begins",
        "Metformin Hydrochloride",
        90,
        0,
    ),
    drug(Day::of(2023, 2, 15), "Lisinopril begins", "Zestril", 90, 0),
    drug(
        Day::of(2023, 5, 16),
        "Metformin, first refill",
        "Metformin Hydrochloride",
        90,
        1,
    ),
    drug(
        Day::of(2023, 5, 16),
        "Lisinopril, first refill",
        "Zestril",
        90,
        1,
    ),
    doctor(
        Day::of(2023, 8, 8),
        "The laboratory measures his sugar",
        Doctor::Laboratory,
        &[DIABETES],
        &[service("83036", 971)],
    ),
    drug(
        Day::of(2023, 8, 14),
        "Metformin, second refill",
        "Metformin Hydrochloride",
        90,
        2,
    ),
    drug(
        Day::of(2023, 11, 12),
        "Metformin, third and last refill",
        "Metformin Hydrochloride",
        90,
        3,
    ),
    doctor(
        Day::of(2024, 1, 23),
        "Office visit: his sugar is too high",
        Doctor::Family,
        &[HIGH_SUGAR, PRESSURE],
        VISIT_AND_SUGAR,
    ),
    drug(
        Day::of(2024, 1, 24),
        "Glimepiride takes metformin's place",
        "Glimepiride",
        90,
        0,
    ),
    drug(
        Day::of(2024, 4, 23),
        "Glimepiride, first refill",
        "Glimepiride",
        90,
        1,
    ),
    drug(
        Day::of(2024, 7, 22),
        "Glimepiride, second refill",
        "Glimepiride",
        90,
        2,
    ),
    doctor(
        Day::of(2024, 7, 30),
        "Office visit: his sugar is well again",
        Doctor::Family,
        &[DIABETES, PRESSURE],
        VISIT_AND_SUGAR,
    ),
    drug(
        Day::of(2024, 10, 20),
        "Glimepiride, third refill",
        "Glimepiride",
        90,
        3,
    ),
];
