//! Equipment and supplies, by HCPCS level II.

use super::services::Specialty;

/// A thing that is sold or rented.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// HCPCS level II code.
    pub hcpcs: &'static str,
    /// New, rented or refilled.
    pub modifier: &'static str,
    /// CMS type of service and its text.
    pub kind: (&'static str, &'static str),
    /// BETOS category and its text.
    pub betos: (&'static str, &'static str),
    /// Units of one claim.
    pub units: u32,
    /// What Medicare allows for one claim, in cents.
    pub allowed: i64,
    /// The purchase price in tenths of that.
    pub purchase_tenths: u32,
}

const PURCHASE: (&str, &str) = ("P", "Lump sum purchase of DME, prosthetics orthotics");
const RENTAL: (&str, &str) = ("R", "Rental of DME");

const fn thing(
    hcpcs: &'static str,
    modifier: &'static str,
    kind: (&'static str, &'static str),
    betos: (&'static str, &'static str),
    units: u32,
    allowed: i64,
    purchase_tenths: u32,
) -> Thing {
    Thing {
        hcpcs,
        modifier,
        kind,
        betos,
        units,
        allowed,
        purchase_tenths,
    }
}

/// The things that people here need.
pub const EQUIPMENT: &[Thing] = &[
    thing(
        "A4253",
        "KX",
        PURCHASE,
        ("D1A", "Medical/surgical supplies"),
        6,
        4_980,
        10,
    ),
    thing(
        "E1390",
        "RR",
        RENTAL,
        ("D1C", "Oxygen and supplies"),
        1,
        9_740,
        100,
    ),
    thing("E0601", "RR", RENTAL, ("D1E", "Other DME"), 1, 5_310, 100),
    thing("A7037", "NU", PURCHASE, ("D1E", "Other DME"), 1, 2_560, 10),
    thing("E0143", "NU", PURCHASE, ("D1E", "Other DME"), 1, 8_120, 10),
    thing("K0001", "RR", RENTAL, ("D1D", "Wheelchairs"), 1, 3_060, 100),
    thing(
        "L1832",
        "NU",
        PURCHASE,
        ("D1F", "Prosthetic/Orthotic devices"),
        1,
        56_900,
        10,
    ),
    thing(
        "E0260",
        "RR",
        RENTAL,
        ("D1B", "Hospital beds"),
        1,
        8_900,
        100,
    ),
    thing(
        "A5500",
        "NU",
        PURCHASE,
        ("D1F", "Prosthetic/Orthotic devices"),
        2,
        14_760,
        10,
    ),
];

/// Whoever supplies them.
pub const SUPPLIER: Specialty = Specialty {
    code: "A5",
    display: "Pharmacy (DMERC)",
    taxonomy: "332B00000X",
    taxonomy_display: "Durable Medical Equipment & Medical Supplies",
};
