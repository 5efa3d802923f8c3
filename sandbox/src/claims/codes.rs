//! The code tables of the generator.
//!
//! Public code sets only, with CMS's or FDA's own wording: ICD-10-CM, ICD-10-PCS, MS-DRG, NDC, HCPCS level II and
//! the value lists of the CMS data dictionaries. CPT numbers (HCPCS level I) and revenue centers appear as bare
//! numbers, because their texts belong to others.

mod drugs;
mod equipment;
mod services;
mod stays;
mod visits;

pub use drugs::{CYANOCOBALAMIN, DRUGS, Drug, SUPPORTIVE};
pub use equipment::{EQUIPMENT, SUPPLIER, Thing};
pub use services::{
    HEMATOLOGY, LABORATORY, PLACES, RADIATION_ONCOLOGY, RADIOLOGY, SERVICES, SPECIALTIES, Service,
    Specialty,
};
pub use stays::{ADMISSION_TYPES, DISCHARGES, DRGS, Drg, KIDNEY_DRG, Procedure};
pub use visits::{OUTPATIENT_VISITS, VISIT_DIALYSIS, Visit, VisitService};

/// An ICD-10-CM code, without the dot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Diagnosis {
    /// The code.
    pub code: &'static str,
    /// Its title.
    pub display: &'static str,
}

const fn dx(code: &'static str, display: &'static str) -> Diagnosis {
    Diagnosis { code, display }
}

/// Reasons to see a doctor that come and go.
pub const ACUTE: &[Diagnosis] = &[
    dx("J069", "ACUTE UPPER RESPIRATORY INFECTION, UNSPECIFIED"),
    dx("N390", "URINARY TRACT INFECTION, SITE NOT SPECIFIED"),
    dx("R079", "CHEST PAIN, UNSPECIFIED"),
    dx("M545", "LOW BACK PAIN"),
    dx("R51", "HEADACHE"),
    dx("R0602", "SHORTNESS OF BREATH"),
    dx("R109", "UNSPECIFIED ABDOMINAL PAIN"),
    dx("R42", "DIZZINESS AND GIDDINESS"),
    dx("R5383", "OTHER FATIGUE"),
    dx("L570", "ACTINIC KERATOSIS"),
    dx("H2513", "AGE-RELATED NUCLEAR CATARACT, BILATERAL"),
    dx("M25561", "PAIN IN RIGHT KNEE"),
    dx("K5900", "CONSTIPATION, UNSPECIFIED"),
    dx("R05", "COUGH"),
    dx("B351", "TINEA UNGUIUM"),
    dx("H6123", "IMPACTED CERUMEN, BILATERAL"),
    dx("R609", "EDEMA, UNSPECIFIED"),
    dx("R296", "REPEATED FALLS"),
];

/// Visits without an illness.
pub const PREVENTIVE: &[Diagnosis] = &[
    dx(
        "Z0000",
        "ENCOUNTER FOR GENERAL ADULT MEDICAL EXAMINATION WITHOUT ABNORMAL FINDINGS",
    ),
    dx("Z23", "ENCOUNTER FOR IMMUNIZATION"),
    dx(
        "Z1231",
        "ENCOUNTER FOR SCREENING MAMMOGRAM FOR MALIGNANT NEOPLASM OF BREAST",
    ),
    dx(
        "Z1211",
        "ENCOUNTER FOR SCREENING FOR MALIGNANT NEOPLASM OF COLON",
    ),
    dx("Z7901", "LONG TERM (CURRENT) USE OF ANTICOAGULANTS"),
    dx("Z794", "LONG TERM (CURRENT) USE OF INSULIN"),
];

/// Encounter for immunization, the diagnosis of every vaccine line.
pub const IMMUNIZATION: &Diagnosis = &PREVENTIVE[1];

/// A lasting condition: its diagnoses and the drugs against it.
#[derive(Debug)]
pub struct Condition {
    /// The diagnoses, the common one first.
    pub diagnoses: &'static [Diagnosis],
    /// Names of drugs in [`DRUGS`].
    pub drugs: &'static [&'static str],
    /// How common it is among 100 people.
    pub share: u32,
}

/// The lasting conditions.
pub const CONDITIONS: &[Condition] = &[
    Condition {
        diagnoses: &[
            dx("I10", "ESSENTIAL (PRIMARY) HYPERTENSION"),
            dx("I119", "HYPERTENSIVE HEART DISEASE WITHOUT HEART FAILURE"),
        ],
        drugs: &["Zestril", "Norvasc", "Diovan", "Toprol XL"],
        share: 58,
    },
    Condition {
        diagnoses: &[
            dx("E785", "HYPERLIPIDEMIA, UNSPECIFIED"),
            dx("E7800", "PURE HYPERCHOLESTEROLEMIA, UNSPECIFIED"),
        ],
        drugs: &["Lipitor", "Crestor", "Zocor"],
        share: 48,
    },
    Condition {
        diagnoses: &[
            dx("E119", "TYPE 2 DIABETES MELLITUS WITHOUT COMPLICATIONS"),
            dx("E1165", "TYPE 2 DIABETES MELLITUS WITH HYPERGLYCEMIA"),
            dx(
                "E1122",
                "TYPE 2 DIABETES MELLITUS WITH DIABETIC CHRONIC KIDNEY DISEASE",
            ),
        ],
        drugs: &[
            "Metformin Hydrochloride",
            "Glimepiride",
            "Januvia",
            "Lantus",
        ],
        share: 27,
    },
    Condition {
        diagnoses: &[
            dx(
                "I2510",
                "ATHEROSCLEROTIC HEART DISEASE OF NATIVE CORONARY ARTERY WITHOUT ANGINA PECTORIS",
            ),
            dx("I252", "OLD MYOCARDIAL INFARCTION"),
        ],
        drugs: &["Plavix", "Toprol XL", "Lipitor"],
        share: 26,
    },
    Condition {
        diagnoses: &[
            dx("M170", "BILATERAL PRIMARY OSTEOARTHRITIS OF KNEE"),
            dx("M1990", "UNSPECIFIED OSTEOARTHRITIS, UNSPECIFIED SITE"),
        ],
        drugs: &["Celebrex"],
        share: 30,
    },
    Condition {
        diagnoses: &[
            dx("I4891", "UNSPECIFIED ATRIAL FIBRILLATION"),
            dx("I480", "PAROXYSMAL ATRIAL FIBRILLATION"),
        ],
        drugs: &["Eliquis", "Xarelto", "Coumadin"],
        share: 12,
    },
    Condition {
        diagnoses: &[
            dx("I509", "HEART FAILURE, UNSPECIFIED"),
            dx("I5032", "CHRONIC DIASTOLIC (CONGESTIVE) HEART FAILURE"),
        ],
        drugs: &["Lasix", "Toprol XL"],
        share: 13,
    },
    Condition {
        diagnoses: &[
            dx("J449", "CHRONIC OBSTRUCTIVE PULMONARY DISEASE, UNSPECIFIED"),
            dx("J45909", "UNSPECIFIED ASTHMA, UNCOMPLICATED"),
        ],
        drugs: &["Spiriva", "Advair Diskus", "Ventolin HFA", "Singulair"],
        share: 13,
    },
    Condition {
        diagnoses: &[
            dx("N183", "CHRONIC KIDNEY DISEASE, STAGE 3 (MODERATE)"),
            dx("N189", "CHRONIC KIDNEY DISEASE, UNSPECIFIED"),
        ],
        drugs: &["Lasix"],
        share: 24,
    },
    Condition {
        diagnoses: &[dx("E039", "HYPOTHYROIDISM, UNSPECIFIED")],
        drugs: &["Synthroid"],
        share: 16,
    },
    Condition {
        diagnoses: &[
            dx(
                "F329",
                "MAJOR DEPRESSIVE DISORDER, SINGLE EPISODE, UNSPECIFIED",
            ),
            dx("F419", "ANXIETY DISORDER, UNSPECIFIED"),
        ],
        drugs: &["Zoloft", "Cymbalta"],
        share: 18,
    },
    Condition {
        diagnoses: &[dx(
            "K219",
            "GASTRO-ESOPHAGEAL REFLUX DISEASE WITHOUT ESOPHAGITIS",
        )],
        drugs: &["Prilosec", "Nexium"],
        share: 22,
    },
    Condition {
        diagnoses: &[dx(
            "M810",
            "AGE-RELATED OSTEOPOROSIS WITHOUT CURRENT PATHOLOGICAL FRACTURE",
        )],
        drugs: &["Fosamax"],
        share: 8,
    },
    Condition {
        diagnoses: &[
            dx("G309", "ALZHEIMER'S DISEASE, UNSPECIFIED"),
            dx(
                "F0390",
                "UNSPECIFIED DEMENTIA WITHOUT BEHAVIORAL DISTURBANCE",
            ),
        ],
        drugs: &["Aricept"],
        share: 9,
    },
    Condition {
        diagnoses: &[dx("G629", "POLYNEUROPATHY, UNSPECIFIED")],
        drugs: &["Neurontin", "Lyrica"],
        share: 10,
    },
    Condition {
        diagnoses: &[dx(
            "N401",
            "BENIGN PROSTATIC HYPERPLASIA WITH LOWER URINARY TRACT SYMPTOMS",
        )],
        drugs: &["Flomax"],
        share: 12,
    },
];

/// The place of benign prostatic hyperplasia, which only men have, in [`CONDITIONS`].
pub const PROSTATE: usize = 15;

/// Kidney failure, the condition of people who have Medicare because of it.
pub const KIDNEY_FAILURE: Condition = Condition {
    diagnoses: &[
        dx("N186", "END STAGE RENAL DISEASE"),
        dx("D631", "ANEMIA IN CHRONIC KIDNEY DISEASE"),
        dx("N2581", "SECONDARY HYPERPARATHYROIDISM OF RENAL ORIGIN"),
        dx("Z992", "DEPENDENCE ON RENAL DIALYSIS"),
    ],
    drugs: &["Renvela", "Norvasc"],
    share: 100,
};

/// States of the Social Security list, for the one person whose record has its number.
#[must_use]
pub fn postal_state(state: &'static str) -> &'static str {
    // 15 is Indiana on the Social Security Administration's list.
    if state == "15" { "IN" } else { state }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_finds_its_drugs() {
        for condition in CONDITIONS.iter().chain([&KIDNEY_FAILURE]) {
            for name in condition.drugs {
                assert!(DRUGS.iter().any(|drug| drug.name == *name), "{name}");
            }
        }
        assert_eq!(CONDITIONS[PROSTATE].drugs, ["Flomax"]);
    }

    #[test]
    fn codes_have_the_form_of_their_system() {
        let plain = |code: &str| {
            code.bytes()
                .all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        };
        for condition in CONDITIONS {
            for diagnosis in condition.diagnoses {
                assert!(
                    (3..=7).contains(&diagnosis.code.len()) && plain(diagnosis.code),
                    "{}",
                    diagnosis.code
                );
            }
        }
        for drug in DRUGS {
            assert!(
                drug.ndc.len() == 11 && drug.ndc.bytes().all(|b| b.is_ascii_digit()),
                "{}",
                drug.name
            );
        }
        for service in SERVICES {
            assert!(
                service.hcpcs.len() == 5 && plain(service.hcpcs),
                "{}",
                service.hcpcs
            );
        }
        for drg in DRGS {
            assert!(drg.code.len() == 3 && drg.code.bytes().all(|b| b.is_ascii_digit()));
            assert!(
                drg.procedure
                    .is_none_or(|procedure| procedure.code.len() == 7 && plain(procedure.code))
            );
        }
    }
}
