//! What doctors bill, and who they are.

/// A CMS provider specialty with the taxonomy code that goes with it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Specialty {
    /// CMS specialty code.
    pub code: &'static str,
    /// Its text.
    pub display: &'static str,
    /// Health care provider taxonomy code.
    pub taxonomy: &'static str,
    /// Its text, shortened.
    pub taxonomy_display: &'static str,
}

const fn specialty(
    code: &'static str,
    display: &'static str,
    taxonomy: &'static str,
    taxonomy_display: &'static str,
) -> Specialty {
    Specialty {
        code,
        display,
        taxonomy,
        taxonomy_display,
    }
}

/// The specialties; the first two see people for everything.
pub const SPECIALTIES: &[Specialty] = &[
    specialty(
        "08",
        "Family practice",
        "207Q00000X",
        "Family Medicine Physician",
    ),
    specialty(
        "11",
        "Internal medicine",
        "207R00000X",
        "Internal Medicine Physician",
    ),
    specialty(
        "06",
        "Cardiology",
        "207RC0000X",
        "Cardiovascular Disease Physician",
    ),
    specialty("07", "Dermatology", "207N00000X", "Dermatology Physician"),
    specialty("39", "Nephrology", "207RN0300X", "Nephrology Physician"),
    specialty(
        "18",
        "Ophthalmology",
        "207W00000X",
        "Ophthalmology Physician",
    ),
    specialty(
        "20",
        "Orthopedic surgery",
        "207X00000X",
        "Orthopaedic Surgery Physician",
    ),
    specialty(
        "30",
        "Diagnostic radiology",
        "2085R0202X",
        "Diagnostic Radiology Physician",
    ),
    specialty(
        "69",
        "Clinical laboratory (billing independently)",
        "291U00000X",
        "Clinical Medical Laboratory",
    ),
    specialty(
        "50",
        "Nurse practitioner",
        "363L00000X",
        "Nurse Practitioner",
    ),
    specialty(
        "65",
        "Physical therapist in private practice",
        "225100000X",
        "Physical Therapist",
    ),
    specialty(
        "59",
        "Ambulance service supplier, e.g., private ambulance companies",
        "341600000X",
        "Ambulance",
    ),
];

/// Hematology and oncology.
pub const HEMATOLOGY: Specialty = specialty(
    "83",
    "Hematology/oncology",
    "207RH0003X",
    "Hematology & Oncology Physician",
);

/// Radiation oncology.
pub const RADIATION_ONCOLOGY: Specialty = specialty(
    "92",
    "Radiation oncology",
    "2085R0001X",
    "Radiation Oncology Physician",
);

/// The place of diagnostic radiology in [`SPECIALTIES`].
pub const RADIOLOGY: usize = 7;

/// The place of the clinical laboratory in [`SPECIALTIES`].
pub const LABORATORY: usize = 8;

/// A service with what it costs.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    /// HCPCS level II code, or a bare CPT number.
    pub hcpcs: &'static str,
    /// Which specialty gives it: an index into [`SPECIALTIES`], or any of the first two where `None`.
    pub specialty: Option<usize>,
    /// CMS type of service and its text.
    pub kind: (&'static str, &'static str),
    /// BETOS category and its text.
    pub betos: (&'static str, &'static str),
    /// Place of service: an index into [`PLACES`].
    pub place: usize,
    /// What Medicare allows, in cents.
    pub allowed: i64,
    /// How common it is.
    pub share: u32,
}

impl Service {
    /// Whether it is a visit; nobody visits a doctor twice in one claim.
    #[must_use]
    pub fn is_visit(&self) -> bool {
        matches!(self.betos.0, "M1B" | "M6" | "M5C" | "M5D")
    }
}

/// Places of service, in short words.
pub const PLACES: &[(&str, &str)] = &[
    ("11", "Office"),
    ("81", "Independent laboratory"),
    ("21", "Inpatient hospital"),
    ("41", "Ambulance - land"),
    ("65", "End-stage renal disease treatment facility"),
    ("12", "Home"),
];

const MEDICAL: (&str, &str) = ("1", "Medical care");
const LAB: (&str, &str) = ("5", "Diagnostic laboratory");
const XRAY: (&str, &str) = ("4", "Diagnostic radiology");
const OTHER: (&str, &str) = ("9", "Other medical items or services");
const THERAPY: (&str, &str) = ("W", "Physical therapy");

const fn service(
    hcpcs: &'static str,
    specialty: Option<usize>,
    kind: (&'static str, &'static str),
    betos: (&'static str, &'static str),
    place: usize,
    allowed: i64,
    share: u32,
) -> Service {
    Service {
        hcpcs,
        specialty,
        kind,
        betos,
        place,
        allowed,
        share,
    }
}

const VISIT: (&str, &str) = ("M1B", "Office visits - established");
const SPECIALIST: (&str, &str) = ("M6", "Consultations");
const TEST: (&str, &str) = ("T1H", "Lab tests - other (non-Medicare fee schedule)");
const BLOOD: (&str, &str) = ("T1D", "Lab tests - blood counts");
const PANEL: (&str, &str) = ("T1B", "Lab tests - automated general profiles");

/// What is billed. Services without a specialty come with a visit; the others are claims of their own.
pub const SERVICES: &[Service] = &[
    service("99213", None, MEDICAL, VISIT, 0, 9_120, 30),
    service("99214", None, MEDICAL, VISIT, 0, 12_880, 28),
    service(
        "G0439",
        None,
        MEDICAL,
        ("M5D", "Specialist - other"),
        0,
        13_150,
        6,
    ),
    service(
        "93000",
        None,
        LAB,
        ("T2A", "Other tests - electrocardiograms"),
        0,
        1_690,
        8,
    ),
    service(
        "36415",
        None,
        LAB,
        (
            "T1A",
            "Lab tests - routine venipuncture (non Medicare fee schedule)",
        ),
        0,
        857,
        12,
    ),
    service(
        "G0008",
        None,
        OTHER,
        ("O1G", "Immunizations/Vaccinations"),
        0,
        3_010,
        6,
    ),
    service(
        "Q2038",
        None,
        OTHER,
        ("O1G", "Immunizations/Vaccinations"),
        0,
        2_340,
        5,
    ),
    service("J3420", None, OTHER, ("O1E", "Other drugs"), 0, 310, 3),
    service(
        "G0444",
        None,
        MEDICAL,
        ("M5D", "Specialist - other"),
        0,
        1_840,
        3,
    ),
    service("99214", Some(2), MEDICAL, SPECIALIST, 0, 12_880, 10),
    service(
        "93306",
        Some(2),
        XRAY,
        ("I3C", "Echography/ultrasonography - heart"),
        0,
        20_010,
        5,
    ),
    service(
        "17000",
        Some(3),
        MEDICAL,
        ("P6A", "Minor procedures - skin"),
        0,
        6_670,
        6,
    ),
    service("99213", Some(3), MEDICAL, SPECIALIST, 0, 9_120, 4),
    service(
        "90960",
        Some(4),
        MEDICAL,
        ("P9A", "Dialysis services (Medicare fee schedule)"),
        4,
        28_330,
        3,
    ),
    service(
        "92014",
        Some(5),
        MEDICAL,
        ("M5C", "Specialist - ophthalmology"),
        0,
        12_630,
        8,
    ),
    service(
        "20610",
        Some(6),
        MEDICAL,
        ("P6B", "Minor procedures - musculoskeletal"),
        0,
        6_290,
        5,
    ),
    service(
        "71046",
        Some(7),
        XRAY,
        ("I1A", "Standard imaging - chest"),
        0,
        2_740,
        6,
    ),
    service(
        "77067",
        Some(7),
        XRAY,
        ("I1C", "Standard imaging - breast"),
        0,
        13_460,
        4,
    ),
    service("80053", Some(8), LAB, PANEL, 1, 1_056, 12),
    service("85025", Some(8), LAB, BLOOD, 1, 777, 11),
    service("83036", Some(8), LAB, TEST, 1, 971, 7),
    service("80061", Some(8), LAB, PANEL, 1, 1_339, 8),
    service("84443", Some(8), LAB, TEST, 1, 1_680, 6),
    service("99213", Some(9), MEDICAL, VISIT, 0, 7_750, 7),
    service(
        "97110",
        Some(10),
        THERAPY,
        (
            "P6D",
            "Minor procedures - other (non-Medicare fee schedule)",
        ),
        0,
        3_020,
        6,
    ),
    service("A0429", Some(11), OTHER, ("O1A", "Ambulance"), 3, 41_960, 2),
    service("A0425", Some(11), OTHER, ("O1A", "Ambulance"), 3, 880, 2),
];
