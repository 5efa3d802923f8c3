//! ExplanationOfBenefit: what all types share.

use super::common::{SYSTEM, midnight, npi_fields, organization, profiles};
use super::{institutional, pharmacy, professional};
use crate::claims::ClaimType;
use crate::claims::model::{Body, Claim, Provider};
use crate::fhir::common::{CARIN, Code, NDC, THO, coding, concept};
use crate::fhir::json::{Arr, Obj};
use crate::people::PersonNumber;

pub(super) fn write(o: &mut Obj<'_>, claim: &Claim) {
    match &claim.body {
        Body::Carrier(body) => professional::write(o, claim, body),
        Body::Institutional(body) => institutional::write(o, claim, body),
        Body::Pde(body) => pharmacy::write(o, claim, body),
    }
}

/// Where a claim comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Source {
    /// `meta.source`.
    pub name: &'static str,
    /// The code of the system type's tag.
    pub system: &'static str,
    /// `outcome`.
    pub outcome: &'static str,
}

impl Source {
    /// The source of a claim: most come from the National Claims History, prescriptions from the drug data system.
    /// A few are still in a shared system, where nothing is settled.
    #[must_use]
    pub const fn of(kind: ClaimType, shared: bool) -> Self {
        let name = match (kind, shared) {
            (ClaimType::Pde, _) => "DDPS",
            (ClaimType::Carrier, true) => "MCS",
            (ClaimType::Dme, true) => "VMS",
            (_, true) => "FISS",
            (_, false) => "NCH",
        };
        let system = match (kind, shared) {
            (ClaimType::Pde, _) => "DDPS",
            (_, true) => "SharedSystem",
            (_, false) => "NationalClaimsHistory",
        };
        Self {
            name,
            system,
            outcome: if shared { "partial" } else { "complete" },
        }
    }
}

/// Resource type to status, with contained resources in between.
pub(super) fn head(
    o: &mut Obj<'_>,
    claim: &Claim,
    profile: &str,
    contained: impl FnOnce(&mut Arr<'_>),
) {
    let source = Source::of(claim.key.kind, claim.shared_system);
    o.text("resourceType", "ExplanationOfBenefit");
    let id = claim.key.v3_number().to_string();
    o.text("id", &id);
    o.object("meta", |o| {
        o.text("lastUpdated", &claim.dates.loaded.instant());
        o.text("source", source.name);
        profiles(o, &["C4BB-ExplanationOfBenefit-", profile].concat(), "");
        o.array("tag", |a| {
            coding(a, [SYSTEM, "System-Type"], (source.system, ""));
            let last = if claim.final_action {
                "FinalAction"
            } else {
                "NotFinalAction"
            };
            coding(a, [SYSTEM, "Final-Action"], (last, ""));
        });
    });
    o.array("contained", contained);
    o.array("identifier", |a| {
        a.object(|o| {
            concept(o, "type", |a| {
                coding(a, [CARIN, "C4BBIdentifierType"], ("uc", "Unique Claim ID"))
            });
            o.text("value", &id);
        });
        a.object(|o| {
            o.text("system", CONTROL_NUMBER);
            o.text("value", &claim.control_number().to_string());
        });
    });
    o.text(
        "status",
        if claim.final_action {
            "active"
        } else {
            "cancelled"
        },
    );
}

/// `type`, `subType` where there is one, `use` and the patient, up to `created`.
pub(super) fn kind(o: &mut Obj<'_>, claim: &Claim, code: Code<'_>, fhir: &str, subtype: &str) {
    let name = match claim.key.kind {
        ClaimType::Carrier => "Professional Physician/Supplier Claim",
        ClaimType::Dme => "Durable Medical Equipment Claim",
        ClaimType::Hha => "Home Health Services",
        ClaimType::Hospice => "Hospice Care",
        ClaimType::Inpatient => "Inpatient Hospital Care",
        ClaimType::Outpatient => "Outpatient Hospital Care",
        ClaimType::Pde => "Drug Plan Event",
        ClaimType::Snf => "Skilled Nursing Facility Care",
    };
    concept(o, "type", |a| {
        coding(a, [SYSTEM, "CLM-TYPE-CD"], code);
        coding(a, [THO, "claim-type"], (fhir, ""));
        coding(a, [SYSTEM, "EOB-TYPE"], (claim.key.kind.code(), name));
    });
    if !subtype.is_empty() {
        concept(o, "subType", |a| {
            coding(a, [CARIN, "C4BBInstitutionalClaimSubType"], (subtype, ""))
        });
    }
    o.text("use", "claim");
    o.object("patient", |o| {
        o.parts("reference", &["Patient/", &patient(claim.key.person)])
    });
    o.object("billablePeriod", |o| {
        crate::fhir::common::period(o, claim.dates.start, claim.dates.end)
    });
    midnight(o, "created", claim.dates.loaded);
}

fn patient(person: PersonNumber) -> String {
    person.v3_id().to_string()
}

/// The claim that a refund takes back, by the contractor's number.
fn related(o: &mut Obj<'_>, claim: &Claim) {
    let Some(prior) = claim.refunds else { return };
    o.array("related", |a| {
        a.object(|o| {
            concept(o, "relationship", |a| {
                coding(a, [THO, "ex-relatedclaimrelationship"], ("prior", ""))
            });
            o.object("reference", |o| {
                o.text("system", CONTROL_NUMBER);
                o.text("value", &prior.to_string());
            });
        });
    });
}

const CONTROL_NUMBER: &str = "https://bluebutton.cms.gov/identifiers/CLM-CNTL-NUM";

/// Insurer, provider, the claim that is taken back, and outcome.
pub(super) fn parties(o: &mut Obj<'_>, claim: &Claim, billing: &Provider) {
    o.object("insurer", |o| o.text("reference", "#insurer-org"));
    o.object("provider", |o| o.parts("reference", &["#", &billing.npi]));
    related(o, claim);
    let source = Source::of(claim.key.kind, claim.shared_system);
    o.text("outcome", source.outcome);
}

/// `insurance`: a part by name, which leads to no Coverage.
pub(super) fn insurance(o: &mut Obj<'_>, part: &str) {
    o.array("insurance", |a| {
        a.object(|o| {
            o.bool("focal", true);
            o.object("coverage", |o| o.text("display", part));
        });
    });
}

/// The contained insurer.
pub(super) fn insurer(a: &mut Arr<'_>, name: &str) {
    a.object(|o| organization(o, "insurer-org", "us-core-organization", None, name));
}

pub(super) const CMS: &str = "Centers for Medicare and Medicaid Services";

/// A contained organization that bills, by its NPI.
pub(super) fn billing_organization(
    a: &mut Arr<'_>,
    provider: &Provider,
    more: impl FnOnce(&mut Arr<'_>),
) {
    a.object(|o| {
        o.text("resourceType", "Organization");
        o.text("id", &provider.npi);
        o.object("meta", |o| {
            profiles(o, "C4BB-Organization", "us-core-organization")
        });
        o.array("identifier", |a| {
            a.object(|o| npi_fields(o, &provider.npi));
            more(a);
        });
        o.bool("active", true);
        o.text("name", &provider.name);
    });
}

/// A contained practitioner who bills in their own name.
pub(super) fn billing_practitioner(a: &mut Arr<'_>, provider: &Provider) {
    let name = provider
        .name
        .trim_start_matches("DR. ")
        .trim_end_matches(" MD");
    let (given, family) = name.split_once(' ').unwrap_or(("", name));
    a.object(|o| {
        o.text("resourceType", "Practitioner");
        o.text("id", &provider.npi);
        o.object("meta", |o| {
            profiles(o, "C4BB-Practitioner", "us-core-practitioner")
        });
        o.array("identifier", |a| a.object(|o| npi_fields(o, &provider.npi)));
        o.array("name", |a| {
            a.object(|o| {
                o.text("family", family);
                if !given.is_empty() {
                    o.array("given", |a| a.text(given));
                }
            });
        });
    });
}

/// A member of the care team.
pub(super) struct Member<'a> {
    pub(super) provider: &'a Provider,
    pub(super) organization: bool,
    pub(super) role: Code<'a>,
    /// CMS specialty and taxonomy.
    pub(super) specialty: Option<(&'a str, &'a str)>,
}

pub(super) fn care_team(o: &mut Obj<'_>, members: &[Member<'_>]) {
    o.array("careTeam", |a| {
        for (sequence, member) in (1..).zip(members) {
            a.object(|o| {
                o.int("sequence", sequence);
                o.object("provider", |o| {
                    let kind = if member.organization {
                        "Organization"
                    } else {
                        "Practitioner"
                    };
                    o.text("type", kind);
                    o.object("identifier", |o| npi_fields(o, &member.provider.npi));
                    o.text("display", &member.provider.name);
                });
                role(o, member.role);
                if let Some((specialty, taxonomy)) = member.specialty {
                    concept(o, "qualification", |a| {
                        coding(a, [SYSTEM, "CLM-PRVDR-SPCLTY-CD"], (specialty, ""));
                        coding(a, ["http://nucc.org/provider-taxonomy", ""], (taxonomy, ""));
                    });
                }
            });
        }
    });
}

pub(super) fn role(o: &mut Obj<'_>, role: Code<'_>) {
    concept(o, "role", |a| {
        coding(a, [THO, "claimcareteamrole"], role);
        coding(a, [CARIN, "C4BBClaimCareTeamRole"], role);
    });
}

/// A diagnosis: v3 writes the dot of ICD codes, and no text.
pub(super) fn diagnosis(
    a: &mut Arr<'_>,
    sequence: i64,
    code: &str,
    kind: ([&str; 2], &str),
    on_admission: Option<bool>,
) {
    a.object(|o| {
        o.int("sequence", sequence);
        concept(o, "diagnosisCodeableConcept", |a| {
            a.object(|o| {
                o.text("system", "http://hl7.org/fhir/sid/icd-10-cm");
                match code.split_at_checked(3) {
                    Some((category, rest)) if !rest.is_empty() => {
                        o.parts("code", &[category, ".", rest])
                    }
                    _ => o.text("code", code),
                }
            });
        });
        o.array("type", |a| {
            a.object(|o| o.array("coding", |a| coding(a, kind.0, (kind.1, ""))))
        });
        if let Some(present) = on_admission {
            concept(o, "onAdmission", |a| {
                let system = "https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding";
                coding(a, [system, ""], (if present { "Y" } else { "N" }, ""));
            });
        }
    });
}

pub(super) const PRINCIPAL: ([&str; 2], &str) = ([THO, "ex-diagnosistype"], "principal");

pub(super) const fn other_diagnosis(code: &'static str) -> ([&'static str; 2], &'static str) {
    ([CARIN, "C4BBClaimDiagnosisType"], code)
}

/// The code of a service: all digits are CPT, anything else is HCPCS level II.
pub(super) const fn service_system(code: &str) -> &'static str {
    let bytes = code.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        if !bytes[place].is_ascii_digit() {
            return "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets";
        }
        place += 1;
    }
    "http://www.ama-assn.org/go/cpt"
}

pub(super) fn modifier(o: &mut Obj<'_>, modifier: Option<&str>) {
    if let Some(modifier) = modifier {
        o.array("modifier", |a| {
            a.object(|o| {
                o.array("coding", |a| {
                    coding(a, [service_system(modifier), ""], (modifier, ""))
                })
            });
        });
    }
}

/// A drug behind a line that bills something else.
pub(super) fn drug_detail(o: &mut Obj<'_>, ndc: &str, quantity: Option<(i64, &str, &str)>) {
    o.array("detail", |a| {
        a.object(|o| {
            o.int("sequence", 1);
            concept(o, "productOrService", |a| coding(a, [NDC, ""], (ndc, "")));
            if let Some((value, unit, code)) = quantity {
                o.object("quantity", |o| {
                    o.int("value", value);
                    o.text("unit", unit);
                    o.text("system", "http://unitsofmeasure.org");
                    o.text("code", code);
                });
            }
        });
    });
}

/// An extension of v3 that holds a code.
pub(super) fn ext(a: &mut Arr<'_>, name: &str, code: Code<'_>) {
    a.object(|o| {
        o.parts(
            "url",
            &["https://bluebutton.cms.gov/fhir/StructureDefinition/", name],
        );
        o.object("valueCoding", |o| {
            crate::fhir::common::coding_fields(o, [SYSTEM, name], code)
        });
    });
}
