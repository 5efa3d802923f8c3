//! What all resources share: codings, concepts, extensions, amounts, references.

use super::Version;
use super::json::{Arr, Obj};
use crate::claims::codes::Diagnosis;
use crate::claims::model::{Cents, Claim};

/// Where the CCW variables have their pages; the same URL serves as extension, system and code.
pub(super) const VARIABLES: &str = "https://bluebutton.cms.gov/resources/variables/";
pub(super) const CODESYSTEM: &str = "https://bluebutton.cms.gov/resources/codesystem/";
pub(super) const NPI: &str = "http://hl7.org/fhir/sid/us-npi";
pub(super) const NDC: &str = "http://hl7.org/fhir/sid/ndc";
pub(super) const CARIN: &str = "http://hl7.org/fhir/us/carin-bb/CodeSystem/";
pub(super) const THO: &str = "http://terminology.hl7.org/CodeSystem/";
const PROFILE: &str = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/";

/// A CCW variable: its name and its label.
pub(super) type Variable = (&'static str, &'static str);

/// A code with its text; an empty text means none.
pub(super) type Code<'a> = (&'a str, &'a str);

/// `{"coding":[…]}` under a key.
pub(super) fn concept(o: &mut Obj<'_>, key: &str, write: impl FnOnce(&mut Arr<'_>)) {
    o.object(key, |o| o.array("coding", write));
}

/// One coding of a system that is put together from two parts.
pub(super) fn coding(a: &mut Arr<'_>, system: [&str; 2], code: Code<'_>) {
    a.object(|o| coding_fields(o, system, code));
}

pub(super) fn coding_fields(o: &mut Obj<'_>, system: [&str; 2], (code, display): Code<'_>) {
    o.parts("system", &system);
    o.text("code", code);
    if !display.is_empty() {
        o.text("display", display);
    }
}

/// A coding of a variable's own system.
pub(super) fn variable_coding(a: &mut Arr<'_>, name: &str, code: Code<'_>) {
    coding(a, [VARIABLES, name], code);
}

/// A coding whose code is a variable's URL.
pub(super) fn variable_as_code(a: &mut Arr<'_>, system: &str, (name, label): Variable) {
    a.object(|o| {
        o.parts("system", &[CODESYSTEM, system]);
        o.parts("code", &[VARIABLES, name]);
        o.text("display", label);
    });
}

/// An extension that holds a code.
pub(super) fn ext_code(a: &mut Arr<'_>, name: &str, code: Code<'_>) {
    a.object(|o| {
        o.parts("url", &[VARIABLES, name]);
        o.object("valueCoding", |o| coding_fields(o, [VARIABLES, name], code));
    });
}

/// An extension that holds an identifier.
pub(super) fn ext_identifier(a: &mut Arr<'_>, name: &str, value: &str) {
    a.object(|o| {
        o.parts("url", &[VARIABLES, name]);
        o.object("valueIdentifier", |o| {
            o.parts("system", &[VARIABLES, name]);
            o.text("value", value);
        });
    });
}

/// An extension that holds a count.
pub(super) fn ext_quantity(a: &mut Arr<'_>, name: &str, value: i64) {
    a.object(|o| {
        o.parts("url", &[VARIABLES, name]);
        o.object("valueQuantity", |o| o.int("value", value));
    });
}

/// An extension that holds an amount.
pub(super) fn ext_money(a: &mut Arr<'_>, version: Version, name: &str, amount: Cents) {
    a.object(|o| {
        o.parts("url", &[VARIABLES, name]);
        money(o, version, "valueMoney", amount);
    });
}

/// An amount of money, which the two versions write differently.
pub(super) fn money(o: &mut Obj<'_>, version: Version, key: &str, amount: Cents) {
    o.object(key, |o| {
        o.hundredths("value", amount.0);
        match version {
            Version::V1 => {
                o.text("system", "urn:iso:std:iso:4217");
                o.text("code", "USD");
            }
            Version::V2 => o.text("currency", "USD"),
        }
    });
}

/// Resource type, id and meta: the beginning of a claim.
pub(super) fn head(o: &mut Obj<'_>, version: Version, claim: &Claim, profile: &str) {
    o.text("resourceType", "ExplanationOfBenefit");
    o.text("id", &claim.key.to_string());
    meta(
        o,
        version,
        &claim.dates.loaded.instant(),
        &["C4BB-ExplanationOfBenefit-", profile],
    );
}

/// `meta`; only R4 names a profile.
pub(super) fn meta(o: &mut Obj<'_>, version: Version, updated: &str, profile: &[&str]) {
    o.object("meta", |o| {
        o.text("lastUpdated", updated);
        if version == Version::V2 {
            o.array("profile", |a| {
                a.text(&[&[PROFILE], profile].concat().concat())
            });
        }
    });
}

/// Claim id, claim group and status.
pub(super) fn identifiers(
    o: &mut Obj<'_>,
    version: Version,
    claim: &Claim,
    variable: &str,
    more: &[(&str, String)],
) {
    let number = claim.key.number().to_string();
    let group = claim.group.to_string();
    o.array("identifier", |a| {
        let mut one = |system: [&str; 2], value: &str| {
            a.object(|o| {
                if version == Version::V2 {
                    concept(o, "type", |a| {
                        coding(a, [CARIN, "C4BBIdentifierType"], ("uc", "Unique Claim ID"))
                    });
                }
                o.parts("system", &system);
                o.text("value", value);
            });
        };
        one([VARIABLES, variable], &number);
        one(
            [
                "https://bluebutton.cms.gov/resources/",
                "identifier/claim-group",
            ],
            &group,
        );
        for (name, value) in more {
            one([VARIABLES, name], value);
        }
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

/// `patient` and, in R4, `use` before it.
pub(super) fn patient(o: &mut Obj<'_>, version: Version, claim: &Claim) {
    if version == Version::V2 {
        o.text("use", "claim");
    }
    o.object("patient", |o| {
        o.parts(
            "reference",
            &["Patient/", &claim.key.person.patient_id().to_string()],
        )
    });
}

/// `billablePeriod`, with the query code on institutional claims.
pub(super) fn billable_period(o: &mut Obj<'_>, claim: &Claim, query_code: Option<Code<'_>>) {
    o.object("billablePeriod", |o| {
        if let Some(code) = query_code {
            o.array("extension", |a| ext_code(a, "claim_query_cd", code));
        }
        period(o, claim.dates.start, claim.dates.end);
    });
}

pub(super) fn period(o: &mut Obj<'_>, start: crate::date::Day, end: crate::date::Day) {
    o.text("start", &start.to_string());
    o.text("end", &end.to_string());
}

/// `created` and `insurer`, which only R4 has.
pub(super) fn created_and_insurer(o: &mut Obj<'_>, version: Version, claim: &Claim) {
    if version == Version::V2 {
        o.parts(
            "created",
            &[&claim.dates.loaded.to_string(), "T00:00:00+00:00"],
        );
        o.object("insurer", |o| {
            o.object("identifier", |o| o.text("value", "CMS"))
        });
    }
}

/// `insurance`: an object in STU3, a list with `focal` in R4.
pub(super) fn insurance(
    o: &mut Obj<'_>,
    version: Version,
    claim: &Claim,
    part: &str,
    plan: Option<(&str, &str)>,
) {
    let reference = format!("Coverage/{part}-{}", claim.key.person.patient_id());
    let coverage = |o: &mut Obj<'_>| {
        o.object("coverage", |o| {
            if let Some((contract, plan)) = plan {
                o.array("extension", |a| {
                    ext_identifier(a, "plan_cntrct_rec_id", contract);
                    ext_identifier(a, "plan_pbp_rec_num", plan);
                });
            }
            o.text("reference", &reference);
        });
    };
    match version {
        Version::V1 => o.object("insurance", coverage),
        Version::V2 => o.array("insurance", |a| {
            a.object(|o| {
                o.bool("focal", true);
                coverage(o);
            });
        }),
    }
}

/// An R4 provider identifier of type NPI.
pub(super) fn npi_identifier(o: &mut Obj<'_>, npi: &str) {
    o.object("identifier", |o| {
        concept(o, "type", |a| {
            coding(
                a,
                [CARIN, "C4BBIdentifierType"],
                ("npi", "National Provider Identifier"),
            )
        });
        o.text("value", npi);
    });
}

/// `diagnosisCodeableConcept`: one coding in STU3, two of the same code in R4.
pub(super) fn diagnosis_concept(o: &mut Obj<'_>, version: Version, diagnosis: &Diagnosis) {
    let code = (diagnosis.code, diagnosis.display);
    concept(o, "diagnosisCodeableConcept", |a| {
        if version == Version::V2 {
            coding(a, ["http://hl7.org/fhir/sid/icd-10-cm", ""], code);
        }
        coding(a, ["http://hl7.org/fhir/sid/icd-10", ""], code);
    });
}

/// One adjudication: the variable, and in R4 the CARIN or HL7 category before it.
pub(super) fn adjudication(
    a: &mut Arr<'_>,
    version: Version,
    category: ([&str; 2], Code<'_>),
    variable: Variable,
    amount: Cents,
) {
    a.object(|o| {
        adjudication_category(o, version, category, variable);
        money(o, version, "amount", amount);
    });
}

pub(super) fn adjudication_category(
    o: &mut Obj<'_>,
    version: Version,
    (system, code): ([&str; 2], Code<'_>),
    variable: Variable,
) {
    concept(o, "category", |a| {
        if version == Version::V2 {
            coding(a, system, code);
        }
        variable_as_code(a, "adjudication", variable);
    });
}

/// R4 categories of adjudications.
pub(super) const BENEFIT: ([&str; 2], Code<'static>) =
    ([THO, "adjudication"], ("benefit", "Benefit Amount"));
pub(super) const DEDUCTIBLE: ([&str; 2], Code<'static>) =
    ([THO, "adjudication"], ("deductible", "Deductible"));
pub(super) const SUBMITTED: ([&str; 2], Code<'static>) =
    ([THO, "adjudication"], ("submitted", "Submitted Amount"));
pub(super) const ELIGIBLE: ([&str; 2], Code<'static>) =
    ([THO, "adjudication"], ("eligible", "Eligible Amount"));
pub(super) const COINSURANCE: ([&str; 2], Code<'static>) =
    ([CARIN, "C4BBAdjudication"], ("coinsurance", "Co-insurance"));
pub(super) const PAID_TO_PATIENT: ([&str; 2], Code<'static>) = (
    [CARIN, "C4BBAdjudication"],
    ("paidtopatient", "Paid to patient"),
);
pub(super) const PAID_TO_PROVIDER: ([&str; 2], Code<'static>) = (
    [CARIN, "C4BBAdjudication"],
    ("paidtoprovider", "Paid to provider"),
);
pub(super) const PAID_BY_PATIENT: ([&str; 2], Code<'static>) = (
    [CARIN, "C4BBAdjudication"],
    ("paidbypatient", "Paid by patient"),
);
pub(super) const PRIOR_PAYER: ([&str; 2], Code<'static>) = (
    [CARIN, "C4BBAdjudication"],
    ("priorpayerpaid", "Prior payer paid"),
);
pub(super) const NONCOVERED: ([&str; 2], Code<'static>) =
    ([CARIN, "C4BBAdjudication"], ("noncovered", "Noncovered"));
pub(super) const DISCOUNT: ([&str; 2], Code<'static>) =
    ([CARIN, "C4BBAdjudication"], ("discount", "Discount"));
pub(super) const DRUG_COST: ([&str; 2], Code<'static>) =
    ([CARIN, "C4BBAdjudication"], ("drugcost", "Drug Cost"));

/// The R4 category of a supporting fact that CARIN has no word for.
pub(super) const INFO: ([&str; 2], Code<'static>) =
    ([THO, "claiminformationcategory"], ("info", "Information"));

/// Collects `information` (STU3) or `supportingInfo` (R4) and numbers its entries.
pub(super) struct Facts<'a, 'b> {
    version: Version,
    array: &'a mut Arr<'b>,
    next: i64,
}

impl<'a, 'b> Facts<'a, 'b> {
    pub(super) fn new(version: Version, array: &'a mut Arr<'b>) -> Self {
        Self {
            version,
            array,
            next: 1,
        }
    }

    /// A fact: in R4 with the category's own coding first; `variable` is left out where CARIN's code says it all.
    pub(super) fn add(
        &mut self,
        (system, code): ([&str; 2], Code<'_>),
        variable: Option<Variable>,
        value: impl FnOnce(&mut Obj<'_>),
    ) -> i64 {
        let (sequence, version) = (self.next, self.version);
        self.next += 1;
        self.array.object(|o| {
            o.int("sequence", sequence);
            concept(o, "category", |a| {
                if version == Version::V2 {
                    coding(a, system, code);
                }
                if let Some(variable) = variable {
                    variable_as_code(a, "information", variable);
                }
            });
            value(o);
        });
        sequence
    }

    /// A fact that is a code of the variable's own list.
    pub(super) fn code(
        &mut self,
        category: ([&str; 2], Code<'_>),
        variable: Variable,
        code: Code<'_>,
    ) -> i64 {
        self.add(category, Some(variable), |o| {
            concept(o, "code", |a| variable_coding(a, variable.0, code))
        })
    }
}

/// A `C4BBSupportingInfoType` category.
pub(super) const fn carin_info<'a>(
    code: &'a str,
    display: &'a str,
) -> ([&'static str; 2], Code<'a>) {
    ([CARIN, "C4BBSupportingInfoType"], (code, display))
}
