//! Reasons for a stay in hospital: MS-DRG, diagnoses, procedure.

use super::Diagnosis;

/// An ICD-10-PCS code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Procedure {
    /// The code.
    pub code: &'static str,
    /// Its title.
    pub display: &'static str,
}

/// A diagnosis related group with what leads to it.
#[derive(Clone, Copy, Debug)]
pub struct Drg {
    /// MS-DRG number.
    pub code: &'static str,
    /// Relative weight in hundredths, rounded.
    pub weight: i64,
    /// Diagnosis at admission.
    pub admitting: Diagnosis,
    /// Principal diagnosis.
    pub principal: Diagnosis,
    /// The procedure, where the group has one.
    pub procedure: Option<Procedure>,
    /// True where the stay was planned.
    pub elective: bool,
    /// What caused an injury.
    pub external: Option<Diagnosis>,
    /// How common it is.
    pub share: u32,
}

const fn dx(code: &'static str, display: &'static str) -> Diagnosis {
    Diagnosis { code, display }
}

const fn px(code: &'static str, display: &'static str) -> Option<Procedure> {
    Some(Procedure { code, display })
}

const fn drg(
    code: &'static str,
    weight: i64,
    admitting: Diagnosis,
    principal: Diagnosis,
    procedure: Option<Procedure>,
    share: u32,
) -> Drg {
    Drg {
        code,
        weight,
        admitting,
        principal,
        procedure,
        elective: false,
        external: None,
        share,
    }
}

/// The groups that stays here fall into.
pub const DRGS: &[Drg] = &[
    drg(
        "871",
        187,
        dx("R6521", "SEVERE SEPSIS WITH SEPTIC SHOCK"),
        dx("A419", "SEPSIS, UNSPECIFIED ORGANISM"),
        px(
            "02HV33Z",
            "INSERTION OF INFUSION DEVICE INTO SUPERIOR VENA CAVA, PERCUTANEOUS APPROACH",
        ),
        18,
    ),
    drg(
        "291",
        135,
        dx("R0602", "SHORTNESS OF BREATH"),
        dx(
            "I5033",
            "ACUTE ON CHRONIC DIASTOLIC (CONGESTIVE) HEART FAILURE",
        ),
        None,
        14,
    ),
    Drg {
        elective: true,
        ..drg(
            "470",
            190,
            dx("M170", "BILATERAL PRIMARY OSTEOARTHRITIS OF KNEE"),
            dx("M1712", "UNILATERAL PRIMARY OSTEOARTHRITIS, LEFT KNEE"),
            px(
                "0SRD0J9",
                "REPLACEMENT OF LEFT KNEE JOINT WITH SYNTHETIC SUBSTITUTE, CEMENTED, OPEN APPROACH",
            ),
            12,
        )
    },
    drg(
        "194",
        86,
        dx("R05", "COUGH"),
        dx("J189", "PNEUMONIA, UNSPECIFIED ORGANISM"),
        None,
        10,
    ),
    drg(
        "690",
        80,
        dx("R410", "DISORIENTATION, UNSPECIFIED"),
        dx("N390", "URINARY TRACT INFECTION, SITE NOT SPECIFIED"),
        None,
        9,
    ),
    drg(
        "190",
        113,
        dx("R0603", "ACUTE RESPIRATORY DISTRESS"),
        dx(
            "J441",
            "CHRONIC OBSTRUCTIVE PULMONARY DISEASE WITH (ACUTE) EXACERBATION",
        ),
        None,
        8,
    ),
    drg(
        "683",
        89,
        dx("R34", "ANURIA AND OLIGURIA"),
        dx("N179", "ACUTE KIDNEY FAILURE, UNSPECIFIED"),
        None,
        8,
    ),
    drg(
        "392",
        76,
        dx("R109", "UNSPECIFIED ABDOMINAL PAIN"),
        dx(
            "K5720",
            "DIVERTICULITIS OF LARGE INTESTINE WITH PERFORATION AND ABSCESS WITHOUT BLEEDING",
        ),
        None,
        7,
    ),
    drg(
        "378",
        99,
        dx("K921", "MELENA"),
        dx("K922", "GASTROINTESTINAL HEMORRHAGE, UNSPECIFIED"),
        px(
            "30233N1",
            "TRANSFUSION OF NONAUTOLOGOUS RED BLOOD CELLS INTO PERIPHERAL VEIN, PERCUTANEOUS APPROACH",
        ),
        7,
    ),
    drg(
        "247",
        204,
        dx("R079", "CHEST PAIN, UNSPECIFIED"),
        dx("I214", "NON-ST ELEVATION (NSTEMI) MYOCARDIAL INFARCTION"),
        px(
            "027034Z",
            "DILATION OF CORONARY ARTERY, ONE ARTERY WITH DRUG-ELUTING INTRALUMINAL DEVICE, PERCUTANEOUS APPROACH",
        ),
        6,
    ),
    drg(
        "065",
        102,
        dx("R4701", "APHASIA"),
        dx("I639", "CEREBRAL INFARCTION, UNSPECIFIED"),
        None,
        6,
    ),
    drg(
        "603",
        85,
        dx("R509", "FEVER, UNSPECIFIED"),
        dx("L03115", "CELLULITIS OF RIGHT LOWER LIMB"),
        None,
        5,
    ),
    Drg {
        external: Some(dx("W19XXXA", "UNSPECIFIED FALL, INITIAL ENCOUNTER")),
        ..drg(
            "481",
            209,
            dx("M25551", "PAIN IN RIGHT HIP"),
            dx(
                "S72001A",
                "FRACTURE OF UNSPECIFIED PART OF NECK OF RIGHT FEMUR, INITIAL ENCOUNTER FOR CLOSED FRACTURE",
            ),
            px(
                "0QS604Z",
                "REPOSITION RIGHT UPPER FEMUR WITH INTERNAL FIXATION DEVICE, OPEN APPROACH",
            ),
            5,
        )
    },
    drg(
        "208",
        255,
        dx("R0603", "ACUTE RESPIRATORY DISTRESS"),
        dx("J9601", "ACUTE RESPIRATORY FAILURE WITH HYPOXIA"),
        px(
            "5A1945Z",
            "RESPIRATORY VENTILATION, 24-96 CONSECUTIVE HOURS",
        ),
        3,
    ),
];

/// Stays of people with kidney failure.
pub const KIDNEY_DRG: Drg = drg(
    "682",
    147,
    dx("R609", "EDEMA, UNSPECIFIED"),
    dx("N186", "END STAGE RENAL DISEASE"),
    px(
        "5A1D70Z",
        "PERFORMANCE OF URINARY FILTRATION, INTERMITTENT, LESS THAN 6 HOURS PER DAY",
    ),
    1,
);

/// Admission types, in short words.
pub const ADMISSION_TYPES: [(&str, &str); 3] =
    [("1", "Emergency"), ("2", "Urgent"), ("3", "Elective")];

/// Discharge status codes with their share; the last one is for people who died in hospital.
pub const DISCHARGES: [(&str, &str, u32); 5] = [
    ("01", "Discharged to home/self-care (routine charge).", 56),
    (
        "06",
        "Discharged/transferred to home care of organized home health service organization.",
        18,
    ),
    (
        "03",
        "Discharged/transferred to skilled nursing facility (SNF) with Medicare certification in anticipation of covered skilled care",
        20,
    ),
    (
        "62",
        "Discharged/transferred to an inpatient rehabilitation facility including distinct parts units of a hospital.",
        6,
    ),
    ("20", "Expired", 0),
];
