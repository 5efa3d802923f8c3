//! What happens in hospitals without a stay.

use super::Diagnosis;
use super::stays::Procedure;

/// A kind of hospital visit.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// What the institution is called.
    pub place: &'static str,
    /// Principal diagnosis; one of the passing complaints where there is none.
    pub principal: Option<Diagnosis>,
    /// What caused an injury.
    pub external: Option<Diagnosis>,
    /// Procedure.
    pub procedure: Option<Procedure>,
    /// What is billed, the first always.
    pub services: &'static [VisitService],
    /// How common it is.
    pub share: u32,
}

/// A service of a visit.
#[derive(Clone, Copy, Debug)]
pub struct VisitService {
    /// Revenue center.
    pub revenue: &'static str,
    /// HCPCS level II code, or a bare CPT number.
    pub hcpcs: &'static str,
    /// Modifier.
    pub modifier: Option<&'static str>,
    /// How it is paid, and its text.
    pub status: (&'static str, &'static str),
    /// Charge in cents.
    pub cents: i64,
}

const FEE_SCHEDULE: (&str, &str) = (
    "A",
    "Services not paid under OPPS; uses a different fee schedule (e.g., ambulance, PT, mammography)",
);
const VISIT: (&str, &str) = ("V", "Medical visit to clinic or emergency department");
const SIGNIFICANT: (&str, &str) = ("T", "Significant procedure, multiple reduction applies");
const ANCILLARY: (&str, &str) = ("X", "Ancillary service");
const PACKAGED: (&str, &str) = ("N", "Packaged incidental service");

const fn service(
    revenue: &'static str,
    hcpcs: &'static str,
    status: (&'static str, &'static str),
    cents: i64,
) -> VisitService {
    VisitService {
        revenue,
        hcpcs,
        modifier: None,
        status,
        cents,
    }
}

const fn modified(
    revenue: &'static str,
    hcpcs: &'static str,
    modifier: &'static str,
    status: (&'static str, &'static str),
    cents: i64,
) -> VisitService {
    VisitService {
        revenue,
        hcpcs,
        modifier: Some(modifier),
        status,
        cents,
    }
}

const fn visit(
    principal: Option<Diagnosis>,
    services: &'static [VisitService],
    share: u32,
) -> Visit {
    Visit {
        place: "HOSPITAL",
        principal,
        external: None,
        procedure: None,
        services,
        share,
    }
}

const fn dx(code: &'static str, display: &'static str) -> Diagnosis {
    Diagnosis { code, display }
}

/// The kinds of visits.
pub const OUTPATIENT_VISITS: &[Visit] = &[
    visit(
        None,
        &[
            service("0300", "80053", FEE_SCHEDULE, 12_400),
            service("0305", "85025", FEE_SCHEDULE, 7_800),
            service("0300", "36415", PACKAGED, 2_100),
        ],
        34,
    ),
    visit(
        None,
        &[
            modified("0510", "G0463", "PO", VISIT, 31_000),
            service("0730", "93005", ANCILLARY, 19_500),
            service("0636", "J3420", PACKAGED, 2_900),
        ],
        22,
    ),
    visit(
        None,
        &[
            service("0450", "99284", VISIT, 118_000),
            service("0320", "71046", ANCILLARY, 29_500),
            service("0730", "93005", ANCILLARY, 21_000),
            service("0301", "84484", FEE_SCHEDULE, 15_600),
        ],
        12,
    ),
    visit(
        Some(dx(
            "Z1231",
            "ENCOUNTER FOR SCREENING MAMMOGRAM FOR MALIGNANT NEOPLASM OF BREAST",
        )),
        &[service("0403", "77067", FEE_SCHEDULE, 38_700)],
        7,
    ),
    visit(
        Some(dx("M545", "LOW BACK PAIN")),
        &[
            modified("0420", "97110", "GP", FEE_SCHEDULE, 14_800),
            modified("0420", "97140", "GP", FEE_SCHEDULE, 13_900),
        ],
        10,
    ),
    Visit {
        procedure: Some(Procedure {
            code: "0DJD8ZZ",
            display: "INSPECTION OF LOWER INTESTINAL TRACT, VIA NATURAL OR ARTIFICIAL OPENING ENDOSCOPIC",
        }),
        ..visit(
            Some(dx(
                "Z1211",
                "ENCOUNTER FOR SCREENING FOR MALIGNANT NEOPLASM OF COLON",
            )),
            &[
                service("0750", "G0121", SIGNIFICANT, 214_000),
                service("0370", "00812", PACKAGED, 41_000),
            ],
            5,
        )
    },
    Visit {
        external: Some(dx("W19XXXA", "UNSPECIFIED FALL, INITIAL ENCOUNTER")),
        ..visit(
            Some(dx(
                "S0990XA",
                "UNSPECIFIED INJURY OF HEAD, INITIAL ENCOUNTER",
            )),
            &[
                service("0450", "99284", VISIT, 118_000),
                service("0351", "70450", ANCILLARY, 149_000),
            ],
            5,
        )
    },
    visit(
        Some(dx("H2513", "AGE-RELATED NUCLEAR CATARACT, BILATERAL")),
        &[
            modified("0360", "66984", "RT", SIGNIFICANT, 482_000),
            service("0276", "V2632", PACKAGED, 38_000),
        ],
        4,
    ),
];

/// Dialysis, the visit of people with kidney failure.
pub const VISIT_DIALYSIS: Visit = Visit {
    place: "DIALYSIS CENTER",
    ..visit(
        Some(dx("N186", "END STAGE RENAL DISEASE")),
        &[
            modified("0821", "90999", "CG", FEE_SCHEDULE, 118_000),
            service("0634", "J0604", FEE_SCHEDULE, 9_400),
        ],
        1,
    )
};
