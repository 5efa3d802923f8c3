//! Coverage: parts A and B, Medicare Advantage, drugs, and help by Medicaid; only what the person has.

use super::common::{SYSTEM, member_number, meta, organization};
use crate::date::Day;
use crate::fhir::common::{THO, coding, coding_fields, concept};
use crate::fhir::json::{Arr, Obj};
use crate::people::{Entitlement, Person};

/// What a person can be covered by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Plan {
    /// Hospital insurance.
    PartA,
    /// Medical insurance.
    PartB,
    /// Medicare Advantage.
    PartC,
    /// Prescription drugs.
    PartD,
    /// Medicaid besides Medicare.
    Dual,
}

impl Plan {
    /// All plans, in the backend's order.
    pub const ALL: [Self; 5] = [
        Self::PartA,
        Self::PartB,
        Self::PartC,
        Self::PartD,
        Self::Dual,
    ];

    /// The beginning of the resource id.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::PartA => "part-a",
            Self::PartB => "part-b",
            Self::PartC => "part-c",
            Self::PartD => "part-d",
            Self::Dual => "dual",
        }
    }

    /// Whether the person has it.
    #[must_use]
    pub fn covers(self, person: &Person) -> bool {
        match self {
            Self::PartA | Self::PartB => true,
            Self::PartC => person.part_c.is_some(),
            Self::PartD => person.part_d.is_some(),
            Self::Dual => person.dual != "NA",
        }
    }

    /// Contract and plan, which the ids of parts C and D end in.
    #[must_use]
    pub fn contract(self, person: &Person) -> Option<(&'static str, &'static str)> {
        match self {
            Self::PartC => person.part_c,
            Self::PartD => person.part_d.map(|_| person.drug_plan()),
            _ => None,
        }
    }

    /// The resource id.
    #[must_use]
    pub fn id(self, person: &Person) -> String {
        let short = format!("{}-{}", self.prefix(), person.number.v3_id());
        match self.contract(person) {
            Some((contract, plan)) => format!("{short}-{contract}-{plan}"),
            None => short,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PartA => "Part A",
            Self::PartB => "Part B",
            Self::PartC => "Part C",
            Self::PartD => "Part D",
            Self::Dual => "Dual Medicare/Medicaid",
        }
    }

    /// Code and text of NAHDO's list of payers.
    pub(super) const fn payer(self) -> (&'static str, &'static str) {
        match self {
            Self::PartA => ("1", "MEDICARE"),
            Self::PartB => ("121", "MEDICARE FFS"),
            Self::PartC => (
                "11",
                "MEDICARE MANAGED CARE (Includes Medicare Advantage Plans)",
            ),
            Self::PartD => ("122", "Medicare Drug Benefit"),
            Self::Dual => ("14", "Dual Eligibility Medicare/Medicaid Organization"),
        }
    }
}

pub(super) fn write(o: &mut Obj<'_>, person: &Person, plan: Plan) {
    let private = plan.contract(person);
    let insurer = if private.is_some() {
        "insurer-org"
    } else {
        "cms-org"
    };
    let member = member(person);
    o.text("resourceType", "Coverage");
    o.text("id", &plan.id(person));
    meta(
        o,
        &person.updated().instant(),
        "C4BB-Coverage",
        "us-core-coverage",
    );
    o.array("contained", |a| {
        a.object(|o| {
            let name = private.map_or("Centers for Medicare and Medicaid Services", |(c, _)| {
                insurer_name(c)
            });
            organization(o, insurer, "", None, name);
            contact(o, private.is_some());
        });
    });
    o.array("extension", |a| extensions(a, person, plan));
    o.array("identifier", |a| {
        a.object(|o| {
            member_number(o);
            if plan == Plan::PartD {
                o.text("value", &member);
            } else {
                o.text("system", "http://hl7.org/fhir/sid/us-mbi");
                o.text("value", person.mbi.as_str());
            }
        });
    });
    status(o, person);
    concept(o, "type", |a| {
        coding(a, ["https://nahdo.org/sopt", ""], plan.payer())
    });
    o.text("subscriberId", person.mbi.as_str());
    o.object("beneficiary", |o| {
        o.parts(
            "reference",
            &["Patient/", &person.number.v3_id().to_string()],
        )
    });
    concept(o, "relationship", |a| {
        coding(a, [THO, "subscriber-relationship"], ("self", "Self"))
    });
    period(o, person, plan);
    o.array("payor", |a| {
        a.object(|o| o.parts("reference", &["#", insurer]))
    });
    classes(o, person, plan);
}

/// Coverage ends with the person's life.
pub(super) fn status(o: &mut Obj<'_>, person: &Person) {
    o.text(
        "status",
        if person.death.is_some() {
            "cancelled"
        } else {
            "active"
        },
    );
}

/// The plan, and what a pharmacist types in.
pub(super) fn classes(o: &mut Obj<'_>, person: &Person, plan: Plan) {
    let member = member(person);
    o.array("class", |a| {
        let mut class = |kind: &str, value: &str| {
            a.object(|o| {
                concept(o, "type", |a| {
                    coding(a, [THO, "coverage-class"], (kind, ""))
                });
                o.text("value", value);
            });
        };
        class("plan", plan.name());
        if let (Plan::PartD, Some((_, plan))) = (plan, plan.contract(person)) {
            // No bank identification number of the payers' list begins with 99.
            class("rxid", &member);
            class("rxgroup", plan);
            class("rxpcn", "99000001");
            class("rxbin", "999001");
        }
    });
}

/// The number that the drug plan knows the person by.
pub(super) fn member(person: &Person) -> String {
    format!("99{:07}", u32::from(person.number.get()) * 37)
}

/// Made-up names of those who offer the synthetic contracts.
pub(super) fn insurer_name(contract: &str) -> &'static str {
    match contract {
        "Z0001" => "Harbor Point Health Plan",
        "Z0002" => "Blue Mesa Drug Plan",
        "Z0004" => "Prairie Star Medicare",
        "Z0007" => "Copper Ridge Rx",
        "Z0012" => "Evergreen Advantage",
        _ => "Lantern Health Insurance",
    }
}

pub(super) fn contact(o: &mut Obj<'_>, private: bool) {
    // Numbers with 555-01 belong to nobody.
    const MEDICARE: [(&str, &str); 3] = [
        ("phone", "1-800-633-4227"),
        ("phone", "TTY: 1-877-486-2048"),
        ("url", "www.medicare.gov"),
    ];
    const PRIVATE: [(&str, &str); 2] = [("phone", "800-555-0142"), ("phone", "800-555-0143")];
    let ways: &[(&str, &str)] = if private { &PRIVATE } else { &MEDICARE };
    o.array("contact", |a| {
        a.object(|o| {
            concept(o, "purpose", |a| {
                coding(a, [THO, "contactentity-type"], ("PATINF", "Patient"))
            });
            o.array("telecom", |a| {
                for (system, value) in ways {
                    a.object(|o| {
                        o.text("system", system);
                        o.text("value", value);
                    });
                }
            });
        });
    });
}

pub(super) fn period(o: &mut Obj<'_>, person: &Person, plan: Plan) {
    // What ended, ended with the person's life; parts A and B say so with a day far away.
    const OPEN: Day = Day::of(2099, 12, 31);
    let start = match plan {
        Plan::PartD => person.part_d.unwrap_or(person.enrolled),
        _ => person.enrolled,
    };
    let end = match (person.death, plan) {
        (Some(day), _) => Some(day),
        (None, Plan::PartA | Plan::PartB) => Some(OPEN),
        (None, _) => None,
    };
    o.object("period", |o| {
        o.text("start", &start.to_string());
        if let Some(end) = end {
            o.text("end", &end.to_string());
        }
    });
}

fn extensions(a: &mut Arr<'_>, person: &Person, plan: Plan) {
    match plan {
        Plan::PartA | Plan::PartB => entitlement(a, person, plan),
        Plan::PartC | Plan::PartD => {
            if let Some((contract, number)) = plan.contract(person) {
                text(a, "BENE-CNTRCT-NUM", contract);
                text(a, "BENE-PBP-NUM", number);
            }
            code(
                a,
                "BENE-CVRG-TYPE-CD",
                if plan == Plan::PartC { "3" } else { "11" },
            );
            code(a, "BENE-ENRLMT-EMPLR-SBSDY-SW", "N");
            if plan == Plan::PartD {
                low_income_subsidy(a, person);
            }
        }
        Plan::Dual => {
            code(a, "BENE-DUAL-STUS-CD", person.dual);
            let full = matches!(person.dual, "02" | "08");
            code(a, "BENE-DUAL-TYPE-CD", if full { "F" } else { "P" });
            a.object(|o| {
                o.parts("url", &[STRUCTURE, "MEDICAID-STATE-CD"]);
                o.object("valueCoding", |o| {
                    coding_fields(o, ["https://www.usps.com", ""], (person.state, ""))
                });
            });
        }
    }
}

/// What of all this an insurance card tells.
pub(super) fn on_card(a: &mut Arr<'_>, person: &Person, plan: Plan) {
    match plan {
        Plan::PartA | Plan::PartB => entitlement_reason(a, person),
        Plan::PartD => low_income_subsidy(a, person),
        Plan::PartC | Plan::Dual => {}
    }
}

/// Help with the premium of part D.
fn low_income_subsidy(a: &mut Arr<'_>, person: &Person) {
    if person.dual == "NA" {
        return;
    }
    a.object(|o| {
        o.parts("url", &[STRUCTURE, "BENE-LIS-PTD-PRM-PCT"]);
        o.hundredths("valueDecimal", 10_000);
    });
    code(a, "BENE-LIS-COPMT-LVL-CD", "2");
}

fn entitlement_reason(a: &mut Arr<'_>, person: &Person) {
    let reason = match person.entitlement {
        Entitlement::Age => "0",
        Entitlement::Disability => "1",
        Entitlement::KidneyDisease => "2",
    };
    code(a, "BENE-MDCR-ENTLMT-RSN-CD", reason);
}

/// Why the person has parts A and B.
fn entitlement(a: &mut Arr<'_>, person: &Person, plan: Plan) {
    let (status, enrolled) = match person.entitlement {
        Entitlement::Age => ("10", "A"),
        Entitlement::Disability => ("20", "D"),
        Entitlement::KidneyDisease => ("31", "K"),
    };
    let yes = |yes: bool| if yes { "Y" } else { "N" };
    if person.dual != "NA" {
        code(a, "BENE-BUYIN-CD", "H");
    }
    code(a, "BENE-ENRLMT-RSN-CD", enrolled);
    let entitled = if plan == Plan::PartA { "E" } else { "Y" };
    code(a, "BENE-MDCR-ENTLMT-STUS-CD", entitled);
    code(a, "BENE-MDCR-STUS-CD", status);
    let kidneys = person.entitlement == Entitlement::KidneyDisease;
    code(a, "BENE-ESRD-STUS-ID", yes(kidneys));
    let disabled = person.entitlement == Entitlement::Disability;
    code(a, "BENE-DSBLD-STUS-ID", yes(disabled));
    entitlement_reason(a, person);
}

const STRUCTURE: &str = "https://bluebutton.cms.gov/fhir/StructureDefinition/";

fn text(a: &mut Arr<'_>, name: &str, value: &str) {
    a.object(|o| {
        o.parts("url", &[STRUCTURE, name]);
        o.text("valueString", value);
    });
}

/// An extension of v3 that holds a code without a text.
fn code(a: &mut Arr<'_>, name: &str, value: &str) {
    a.object(|o| {
        o.parts("url", &[STRUCTURE, name]);
        o.object("valueCoding", |o| {
            coding_fields(o, [SYSTEM, name], (value, ""))
        });
    });
}
