//! Coverage: parts A to D, which everybody has at this backend, enrolled or not.

use super::Version;
use super::common::{THO, VARIABLES, coding, coding_fields, concept, ext_code, meta};
use super::json::{Arr, Obj};
use super::patient::reference_year;
use crate::date::Day;
use crate::people::{Entitlement, Person};

/// A part of Medicare.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// Hospital insurance.
    A,
    /// Medical insurance.
    B,
    /// Medicare Advantage.
    C,
    /// Prescription drugs.
    D,
}

impl Part {
    /// All parts, in the backend's order.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The beginning of the resource id.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::A => "part-a",
            Self::B => "part-b",
            Self::C => "part-c",
            Self::D => "part-d",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::A => "Part A",
            Self::B => "Part B",
            Self::C => "Part C",
            Self::D => "Part D",
        }
    }
}

pub(super) fn write(o: &mut Obj<'_>, version: Version, person: &Person, part: Part) {
    let bene = person.number.patient_id().to_string();
    o.text("resourceType", "Coverage");
    o.parts("id", &[part.prefix(), "-", &bene]);
    meta(o, version, &person.updated().instant(), &["C4BB-Coverage"]);
    o.array("extension", |a| extensions(a, person, part));
    o.text(
        "status",
        if ended(person, part) {
            "cancelled"
        } else {
            "active"
        },
    );
    match version {
        Version::V1 => concept(o, "type", |a| {
            coding(a, ["Medicare", ""], (part.name(), ""))
        }),
        Version::V2 => {
            concept(o, "type", |a| {
                coding(a, [THO, "v3-ActCode"], ("SUBSIDIZ", ""))
            });
            o.text("subscriberId", person.mbi.as_str());
        }
    }
    o.object("beneficiary", |o| {
        o.parts("reference", &["Patient/", &bene])
    });
    if version == Version::V2 {
        concept(o, "relationship", |a| {
            coding(a, [THO, "subscriber-relationship"], ("self", "Self"))
        });
    }
    period(o, version, person, part);
    match version {
        Version::V1 => o.object("grouping", |o| {
            o.text("subGroup", "Medicare");
            o.text("subPlan", part.name());
        }),
        Version::V2 => {
            o.array("payor", |a| {
                a.object(|o| {
                    o.object("identifier", |o| {
                        o.text("value", "Centers for Medicare and Medicaid Services")
                    });
                });
            });
            o.array("class", |a| {
                for (code, display, value) in [
                    ("group", "Group", "Medicare"),
                    ("plan", "Plan", part.name()),
                ] {
                    a.object(|o| {
                        concept(o, "type", |a| {
                            coding(a, [THO, "coverage-class"], (code, display))
                        });
                        o.text("value", value);
                    });
                }
            });
        }
    }
}

/// Parts A and B end with the person's life; the backend has no termination code for C and D.
fn ended(person: &Person, part: Part) -> bool {
    matches!(part, Part::A | Part::B) && person.death.is_some()
}

fn period(o: &mut Obj<'_>, version: Version, person: &Person, part: Part) {
    let start = match part {
        Part::A | Part::B => Some(person.enrolled),
        Part::C => None,
        Part::D => person.part_d,
    };
    // STU3 tells the start of A and B only.
    let start = start.filter(|_| version == Version::V2 || matches!(part, Part::A | Part::B));
    if let Some(start) = start {
        o.object("period", |o| {
            o.text("start", &start.to_string());
            if version == Version::V2
                && let Some(end) = person.death
            {
                o.text("end", &end.max(start).to_string());
            }
        });
    }
}

fn extensions(a: &mut Arr<'_>, person: &Person, part: Part) {
    let (status, reason) = match person.entitlement {
        Entitlement::Age => (
            ("10", "Aged without end-stage renal disease (ESRD)"),
            ("0", "Old age and survivor's insurance (OASI)"),
        ),
        Entitlement::Disability => (
            ("20", "Disabled without ESRD"),
            ("1", "Disability insurance benefits (DIB)"),
        ),
        Entitlement::KidneyDisease => {
            (("31", "ESRD only"), ("2", "End-stage renal disease (ESRD)"))
        }
    };
    let kidney = person.entitlement == Entitlement::KidneyDisease;
    let termination = if person.death.is_some() {
        ("1", "Dead")
    } else {
        ("0", "Not Terminated")
    };
    if part != Part::C {
        ext_code(a, "ms_cd", status);
    }
    match part {
        Part::A => {
            ext_code(a, "orec", reason);
            ext_code(a, "crec", reason);
            ext_code(
                a,
                "esrd_ind",
                (
                    if kidney { "Y" } else { "0" },
                    if kidney {
                        "the beneficiary has ESRD"
                    } else {
                        "the beneficiary does not have ESRD"
                    },
                ),
            );
            ext_code(a, "a_trm_cd", termination);
        }
        Part::B => ext_code(a, "b_trm_cd", termination),
        Part::C => part_c(a, person),
        Part::D => part_d(a, person),
    }
    reference_year(a, person);
    if matches!(part, Part::A | Part::B) {
        let buy_in = if person.dual == "NA" {
            ("3", "Part A and Part B")
        } else {
            ("C", "Part A and Part B state buy-in")
        };
        months_of(a, "buyin", buy_in, Some(("0", "Not entitled")), |month| {
            has(person, person.enrolled, month)
        });
    }
}

/// Whether something that began on this day held in a month of the reference year: nothing outlives the person.
fn has(person: &Person, from: Day, month: i32) -> bool {
    let year = person.reference_year.unwrap_or(2025);
    let month = (year, month);
    let of = |day: Day| {
        let (year, month, _) = day.civil();
        (year, month)
    };
    of(from) <= month && person.death.is_none_or(|death| month <= of(death))
}

fn part_c(a: &mut Arr<'_>, person: &Person) {
    const NOT: (&str, &str) = ("0", "Not a member of an HMO");
    let Some((contract, plan)) = person.part_c else {
        months(a, "hmo_ind_", NOT);
        return;
    };
    let has = |month| has(person, person.enrolled, month);
    months_of(a, "ptc_cntrct_id_", (contract, ""), None, has);
    months_of(a, "ptc_pbp_id_", (plan, ""), None, has);
    months_of(a, "ptc_plan_type_cd_", ("04", ""), None, has);
    let member = ("1", "Non-lock-in, CMS to process provider claims");
    months_of(a, "hmo_ind_", member, Some(NOT), has);
}

fn part_d(a: &mut Arr<'_>, person: &Person) {
    const NOT: (&str, &str) = ("00", "Not Medicare enrolled for the month");
    let Some(from) = person.part_d else {
        months(a, "cstshr", NOT);
        return;
    };
    let has = |month| has(person, from, month);
    let (contract, plan) = person.drug_plan();
    months_of(a, "ptdcntrct", (contract, ""), None, has);
    // The real backend repeats each month under a URL with year and month, the month without a leading zero.
    let year = person.reference_year.unwrap_or(2025);
    for month in (1..=12).filter(|month| has(*month)) {
        let name = format!("ptdcntrct{month:02}");
        a.object(|o| {
            o.parts("url", &[VARIABLES, &name, &format!("/{year}-{month}")]);
            o.object("valueCoding", |o| {
                coding_fields(o, [VARIABLES, &name], (contract, ""))
            });
        });
    }
    months_of(a, "ptdpbpid", (plan, ""), None, has);
    months_of(a, "sgmtid", ("000", ""), None, has);
    let share = if person.dual == "NA" {
        (
            "09",
            "Beneficiary enrolled in Parts A and/or B, and Part D; no premium or cost sharing subsidy",
        )
    } else {
        (
            "03",
            "Beneficiary enrolled in Parts A and/or B, and Part D; deemed eligible for LIS with 100% premium-subsidy and low copayment",
        )
    };
    months_of(a, "cstshr", share, Some(NOT), has);
    let subsidy = ("N", "No employer subsidization for the retired beneficiary");
    months_of(a, "rdsind", subsidy, None, has);
}

/// One code for the months that have it, and another one, or none, for the rest.
fn months_of(
    a: &mut Arr<'_>,
    name: &str,
    code: (&str, &str),
    other: Option<(&str, &str)>,
    has: impl Fn(i32) -> bool,
) {
    for month in 1..=12 {
        let code = if has(month) { Some(code) } else { other };
        if let Some(code) = code {
            ext_code(a, &format!("{name}{month:02}"), code);
        }
    }
}

fn months(a: &mut Arr<'_>, name: &str, code: (&str, &str)) {
    for month in 1..=12 {
        ext_code(a, &format!("{name}{month:02}"), code);
    }
}
