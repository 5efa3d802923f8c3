//! Claims of institutions. Unlike v2, v3 gives each type the profile that it should have.

mod facts;
mod sums;

use super::eob::{
    CMS, Member, PRINCIPAL, billing_organization, care_team, diagnosis, drug_detail, ext, head,
    insurance, insurer, kind, modifier, other_diagnosis, parties, service_system,
};
use crate::claims::ClaimType;
use crate::claims::model::{Claim, Coded, Institutional, RevenueLine};
use crate::fhir::Version;
use crate::fhir::common::{CARIN, coding, concept, money, period};
use crate::fhir::json::{Arr, Obj};

pub(super) fn write(o: &mut Obj<'_>, claim: &Claim, body: &Institutional) {
    let outpatient = claim.key.kind == ClaimType::Outpatient;
    let profile = if outpatient {
        "Outpatient-Institutional"
    } else {
        "Inpatient-Institutional"
    };
    head(o, claim, profile, |a| {
        insurer(a, CMS);
        billing_organization(a, &body.provider, |a| {
            a.object(|o| {
                o.text("system", "http://terminology.hl7.org/NamingSystem/CCN");
                o.text("value", &body.certification);
            });
        });
    });
    let subtype = if outpatient {
        "outpatient"
    } else {
        "inpatient"
    };
    kind(o, claim, claim_type(claim), "institutional", subtype);
    parties(o, claim, &body.provider);
    team(o, body);
    o.array("supportingInfo", |a| facts::write(a, claim, body));
    o.array("diagnosis", |a| diagnoses(a, claim, body));
    if !body.procedures.is_empty() {
        o.array("procedure", |a| procedures(a, body));
    }
    insurance(o, if part_a(claim) { "Part A" } else { "Part B" });
    o.array("item", |a| {
        for line in &body.lines {
            a.object(|o| item(o, claim, line));
        }
    });
    o.array("adjudication", |a| sums::claim(a, claim, body));
    o.array("total", |a| sums::totals(a, claim, body));
    o.object("payment", |o| money(o, Version::V2, "amount", body.paid));
}

/// Which part pays follows from the record type, as in v2.
const fn part_a(claim: &Claim) -> bool {
    !matches!(claim.key.kind, ClaimType::Outpatient | ClaimType::Hha)
}

const fn claim_type(claim: &Claim) -> Coded {
    match claim.key.kind {
        ClaimType::Hha => ("10", "MEDICARE HHA CLAIM"),
        ClaimType::Hospice => ("50", "MEDICARE HOSPICE CLAIM"),
        ClaimType::Snf => ("20", "MEDICARE NON-SWING BED SNF CLAIM"),
        ClaimType::Outpatient if claim.shared_system => {
            ("2013", "013X MEDICARE SS HOSPITAL OUTPATIENT")
        }
        ClaimType::Outpatient => ("40", "MEDICARE OUTPATIENT CLAIM"),
        _ => ("60", "MEDICARE INPATIENT CLAIM"),
    }
}

fn team(o: &mut Obj<'_>, body: &Institutional) {
    let mut members = Vec::with_capacity(4);
    let mut add = |found: Option<_>, role| {
        if let Some(found) = found {
            members.push(as_member(found, role));
        }
    };
    add(Some(&body.attending), ("attending", "Attending"));
    add(body.operating.as_ref(), ("operating", "Operating"));
    add(body.other.as_ref(), ("otheroperating", "Other Operating"));
    add(Some(&body.rendering), ("rendering", "Rendering provider"));
    care_team(o, &members);
}

fn as_member<'a>(
    (provider, specialty): &'a crate::claims::model::Member,
    role: Coded,
) -> Member<'a> {
    Member {
        provider,
        organization: false,
        role,
        specialty: Some((specialty.code, specialty.taxonomy)),
    }
}

fn diagnoses(a: &mut Arr<'_>, claim: &Claim, body: &Institutional) {
    let mut sequence = 0;
    let mut add = |code: &str, role, present| {
        sequence += 1;
        diagnosis(a, sequence, code, role, present);
    };
    // Only claims without a stay do not tell what was there before.
    let told = claim.key.kind != ClaimType::Outpatient;
    for (place, (found, present)) in body.diagnoses.iter().enumerate() {
        let role = if place == 0 {
            PRINCIPAL
        } else {
            other_diagnosis("other")
        };
        add(found.code, role, told.then_some(*present));
    }
    if let Some(admitting) = body.admitting {
        add(admitting.code, (PRINCIPAL.0, "admitting"), None);
    }
    if let Some(external) = body.external {
        let role = other_diagnosis("externalcauseofinjury");
        add(external.code, role, told.then_some(true));
    }
    if let Some(reason) = body.reason {
        add(reason.code, other_diagnosis("patientreasonforvisit"), None);
    }
}

fn procedures(a: &mut Arr<'_>, body: &Institutional) {
    for (sequence, (procedure, day)) in (1..).zip(&body.procedures) {
        let kind = if sequence == 1 {
            ("principal", "Principal")
        } else {
            ("other", "Other")
        };
        a.object(|o| {
            o.int("sequence", sequence);
            o.array("type", |a| {
                a.object(|o| {
                    o.array("coding", |a| {
                        coding(a, [CARIN, "C4BBClaimProcedureType"], kind)
                    })
                })
            });
            o.text("date", &day.to_string());
            concept(o, "procedureCodeableConcept", |a| {
                let system = "http://www.cms.gov/Medicare/Coding/ICD10";
                coding(a, [system, ""], (procedure.code, ""));
            });
        });
    }
}

fn item(o: &mut Obj<'_>, claim: &Claim, line: &RevenueLine) {
    if !claim.shared_system {
        o.array("extension", |a| {
            ext(a, "CLM-OTAF-ONE-IND-CD", ("N", ""));
            if let Some((status, _)) = line.payment_status {
                ext(a, "CLM-REV-CNTR-STUS-CD", (status, ""));
            }
            ext(a, "CLM-REV-DSCNT-IND-CD", ("1", ""));
            ext(a, "CLM-REV-PACKG-IND-CD", ("0", ""));
            ext(a, "CLM-REV-PMT-MTHD-CD", ("2", ""));
        });
    }
    o.int("sequence", i64::from(line.number));
    concept(o, "revenue", |a| {
        use super::common::SYSTEM;
        coding(a, [SYSTEM, "CLM-REV-CNTR-CD"], (line.revenue, ""));
        coding(
            a,
            ["https://www.nubc.org/CodeSystem/RevenueCodes", ""],
            (line.revenue, ""),
        );
        if let Some(code) = line.deductible_code {
            coding(a, [SYSTEM, "CLM-DDCTBL-COINSRNC-CD"], (code, ""));
        }
    });
    match line.hcpcs {
        Some(code) => concept(o, "productOrService", |a| {
            coding(a, [billed_system(line, code), ""], (code, ""))
        }),
        None => o.object("productOrService", |o| {
            o.array("extension", |a| {
                a.object(|o| {
                    o.text(
                        "url",
                        "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    );
                    o.text("valueCode", "not-applicable");
                });
            });
        }),
    }
    modifier(o, line.modifier);
    o.object("servicedPeriod", |o| match line.day {
        Some(day) => period(o, day, day),
        None => period(o, claim.dates.start, claim.dates.end),
    });
    o.object("quantity", |o| o.int("value", i64::from(line.units)));
    o.array("adjudication", |a| sums::line(a, claim, line));
    if let Some((drug, milligrams)) = line.drug {
        drug_detail(o, drug.ndc, Some((i64::from(milligrams), "ML", "mL")));
    }
}

/// The groups of prospective payment have a list of their own.
const fn billed_system(line: &RevenueLine, code: &str) -> &'static str {
    match line.revenue.as_bytes() {
        b"0022" | b"0023" | b"0024" => {
            "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/ProspMedicareFeeSvcPmtGen/HIPPSCodes"
        }
        _ => service_system(code),
    }
}
