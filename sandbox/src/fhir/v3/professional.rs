//! Professional claims and claims for equipment; v3 gives both the profile that they should have.

use super::eob::{
    CMS, Member, PRINCIPAL, billing_organization, billing_practitioner, care_team, diagnosis,
    drug_detail, ext, head, insurance, insurer, kind, modifier, other_diagnosis, parties,
    service_system,
};
use super::facts::{
    Facts, adjustment, contractor, disposition, enhancements, fips, processed, shared_status,
};
use super::sums::{Sum, payment_status, sums, unsettled};
use crate::claims::ClaimType;
use crate::claims::model::{Carrier, CarrierLine, Cents, Claim, LineAmounts};
use crate::fhir::Version;
use crate::fhir::common::{
    BENEFIT, COINSURANCE, DEDUCTIBLE, DISCOUNT, ELIGIBLE, NONCOVERED, PAID_BY_PATIENT,
    PAID_TO_PATIENT, PAID_TO_PROVIDER, PRIOR_PAYER, SUBMITTED, coding, concept, money, period,
};
use crate::fhir::json::{Arr, Obj};

pub(super) fn write(o: &mut Obj<'_>, claim: &Claim, body: &Carrier) {
    let equipment = claim.key.kind == ClaimType::Dme;
    let alone = !equipment && body.practice.npi == body.performing.npi;
    head(o, claim, "Professional-NonClinician", |a| {
        insurer(a, CMS);
        for line in &body.lines {
            observation(a, equipment, line);
        }
        if alone {
            billing_practitioner(a, &body.practice);
        } else {
            billing_organization(a, &body.practice, |_| {});
        }
    });
    let code = match (equipment, claim.shared_system) {
        (false, false) => (
            "71",
            "MEDICARE PART B PROFESSIONAL PHYSICIAN/SUPPLIER CLAIM (NON-DMEPOS)",
        ),
        (false, true) => ("2700", "PROF MEDICARE SS PART B PROFESSIONAL"),
        (true, false) => (
            "82",
            "MEDICARE PART B DME REGIONAL CARRIER (DMERC) CLAIM (DMEPOS)",
        ),
        (true, true) => ("2800", "DME MEDICARE SS DME"),
    };
    kind(o, claim, code, "professional", "");
    parties(o, claim, &body.practice);
    team(o, equipment, body);
    let mut links = Links::default();
    o.array("supportingInfo", |a| {
        links = facts(a, claim, body, equipment)
    });
    o.array("diagnosis", |a| {
        for (sequence, found) in (1..).zip(&body.diagnoses) {
            let role = if sequence == 1 {
                PRINCIPAL
            } else {
                other_diagnosis("secondary")
            };
            diagnosis(a, sequence, found.code, role, None);
        }
    });
    insurance(o, "Part B");
    o.array("item", |a| {
        for (index, line) in body.lines.iter().enumerate() {
            a.object(|o| item(o, claim, body, line, links.of(index)));
        }
    });
    o.array("adjudication", |a| claim_amounts(a, claim, body));
    o.array("total", |a| sums(a, &totals(claim, body)));
    o.object("payment", |o| {
        money(o, Version::V2, "amount", sum(body, |amounts| amounts.paid))
    });
}

/// A test result that a line reports: hemoglobin in g/dl, or for equipment the hematocrit in percent.
fn observation(a: &mut Arr<'_>, equipment: bool, line: &CarrierLine) {
    let Some(tenths) = line.hemoglobin else {
        return;
    };
    let (loinc, unit) = if equipment {
        ("4544-3", "%")
    } else {
        ("718-7", "g/dL")
    };
    a.object(|o| {
        o.text("resourceType", "Observation");
        o.text("id", &result_id(line));
        o.text("status", "final");
        concept(o, "code", |a| {
            coding(a, ["http://loinc.org", ""], (loinc, ""))
        });
        if let Some(laboratory) = line.laboratory {
            o.array("performer", |a| {
                a.object(|o| {
                    o.object("identifier", |o| {
                        o.text("system", "http://terminology.hl7.org/NamingSystem/CLIA");
                        o.text("value", laboratory);
                    })
                });
            });
        }
        o.object("valueQuantity", |o| {
            o.hundredths("value", i64::from(tenths) * 10);
            o.text("unit", unit);
            o.text("system", "http://unitsofmeasure.org");
            o.text("code", unit);
        });
    });
}

fn result_id(line: &CarrierLine) -> String {
    format!("line-observation-{}", line.number)
}

fn team(o: &mut Obj<'_>, equipment: bool, body: &Carrier) {
    let mut members = vec![Member {
        provider: &body.performing,
        organization: equipment,
        role: ("rendering", "Rendering provider"),
        specialty: Some((body.specialty.code, body.specialty.taxonomy)),
    }];
    if let Some(referring) = &body.referring {
        members.push(Member {
            provider: referring,
            organization: false,
            role: ("referring", "Referring"),
            specialty: None,
        });
    }
    care_team(o, &members);
}

/// Which facts the lines point to.
#[derive(Default)]
struct Links {
    all: Vec<i64>,
    of_line: Vec<Option<i64>>,
}

impl Links {
    fn of(&self, line: usize) -> Vec<i64> {
        let own = self.of_line.get(line).copied().flatten();
        self.all.iter().copied().chain(own).collect()
    }
}

fn facts(a: &mut Arr<'_>, claim: &Claim, body: &Carrier, equipment: bool) -> Links {
    let mut facts = Facts::new(a);
    let mut links = Links::default();
    adjustment(&mut facts, claim);
    links.all = enhancements(&mut facts, claim);
    let state = facts.code(
        (
            "RNDRG_PRVDR_FIPS_ST_CD",
            "Rendering Provider FIPS State Code",
        ),
        "US-FIPS-STATE-CODES",
        (fips(body.state), ""),
    );
    links.all.push(state);
    processed(&mut facts, claim);
    facts.code(
        ("CLM_CNTRCTR_NUM", "Claim Contractor Number"),
        "CLM-CNTRCTR-NUM",
        (body.contractor, contractor(body.contractor)),
    );
    if let Some(trial) = body.trial {
        facts.add(("CLM_CLNCL_TRIL_NUM", "Clinical Trial Number"), |o| {
            o.text("valueString", trial)
        });
    }
    facts.code(
        (
            "CLM_MDCR_PRFNL_PRVDR_ASGNMT_SW",
            "Provider Assignment Indicator",
        ),
        "CLM-MDCR-PRFNL-PRVDR-ASGNMT-SW",
        ("A", "Assigned Claim"),
    );
    disposition(&mut facts, claim);
    let denied = body.lines.iter().all(|line| !line.allowed);
    facts.code(
        ("CLM_CARR_PMT_DNL_CD", "Claim Payment Denial Code"),
        "CLM-CARR-PMT-DNL-CD",
        if denied {
            ("0", "DENIED")
        } else {
            ("1", "PHYSICIAN/SUPPLIER")
        },
    );
    let near_line = if equipment {
        (
            "M",
            "Part B DMEPOS claim record (processed by DME Regional Carrier)",
        )
    } else {
        (
            "O",
            "Part B physician/supplier claim record (processed by local carriers; can include DMEPOS services)",
        )
    };
    facts.code(
        ("CLM_NRLN_RIC_CD", "Near Line Record Identification Code"),
        "CLM-NRLN-RIC-CD",
        near_line,
    );
    let accepted = if equipment {
        ("V0001", "")
    } else {
        ("M0001", "")
    };
    shared_status(&mut facts, claim, accepted);
    for line in &body.lines {
        links.of_line.push(line.hemoglobin.map(|_| {
            facts.add(("CLM_LINE_HCT_HGB_RSLT_NUM", "HCT/HGB Test Result"), |o| {
                o.object("valueReference", |o| {
                    o.parts("reference", &["#", &result_id(line)])
                })
            })
        }));
    }
    links
}

fn item(o: &mut Obj<'_>, claim: &Claim, body: &Carrier, line: &CarrierLine, information: Vec<i64>) {
    o.array("extension", |a| extensions(a, body, line));
    o.int("sequence", i64::from(line.number));
    o.array("careTeamSequence", |a| a.int(1));
    o.array("diagnosisSequence", |a| {
        a.int(i64::try_from(line.diagnosis).unwrap_or(0) + 1)
    });
    o.array("informationSequence", |a| {
        for sequence in information {
            a.int(sequence);
        }
    });
    concept(o, "productOrService", |a| {
        coding(a, [service_system(line.hcpcs), ""], (line.hcpcs, ""))
    });
    modifier(o, line.modifier);
    o.object("servicedPeriod", |o| {
        period(o, claim.dates.start, claim.dates.end)
    });
    concept(o, "locationCodeableConcept", |a| {
        let system =
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set";
        coding(a, [system, ""], line.place);
    });
    o.object("quantity", |o| o.int("value", i64::from(line.units)));
    o.array("adjudication", |a| amounts(a, claim, line));
    if let Some(drug) = line.drug {
        drug_detail(o, drug.ndc, None);
    }
}

fn extensions(a: &mut Arr<'_>, body: &Carrier, line: &CarrierLine) {
    let amounts = &line.amounts;
    let percent = if amounts.coinsurance == Cents(0) {
        ("1", "100%")
    } else {
        ("0", "80%")
    };
    ext(a, "CLM-PMT-80-100-CD", percent);
    ext(
        a,
        "CLM-PRVDR-SPCLTY-CD",
        (body.specialty.code, body.specialty.display),
    );
    let free = amounts.coinsurance == Cents(0) && amounts.deductible == Cents(0);
    ext(
        a,
        "CLM-SRVC-DDCTBL-SW",
        if free {
            ("1", "Service Not Subject to Deductible")
        } else {
            ("0", "Service Subject to Deductible")
        },
    );
    ext(a, "CLM-MTUS-IND-CD", ("3", "Services"));
    ext(a, "CLM-PHYSN-ASTNT-CD", ("0", "N/A"));
    ext(
        a,
        "CLM-PRCSG-IND-CD",
        if line.allowed {
            ("A", "Allowed")
        } else {
            ("C", "Noncovered care")
        },
    );
    ext(a, "CLM-PRVDR-TYPE-CD", ("1", ""));
    ext(a, "CLM-RNDRG-PRVDR-PRTCPTG-CD", ("1", "Participating"));
    ext(a, "CLM-FED-TYPE-SRVC-CD", line.service_type);
    for (name, value) in [
        ("CLM-LINE-ANSTHSA-UNIT-CNT", 0),
        ("CLM-LINE-PRFNL-MTUS-CNT", i64::from(line.units)),
    ] {
        a.object(|o| {
            o.parts(
                "url",
                &["https://bluebutton.cms.gov/fhir/StructureDefinition/", name],
            );
            o.hundredths("valueDecimal", value * 100);
        });
    }
}

fn amounts(a: &mut Arr<'_>, claim: &Claim, line: &CarrierLine) {
    let amounts = &line.amounts;
    let price = line
        .equipment
        .as_ref()
        .map_or(Cents(0), |equipment| equipment.purchase_price);
    let none = Cents(0);
    let list: [Sum; 9] = [
        (
            None,
            "CLM_LINE_CARR_PSYCH_OT_LMT_AMT",
            "Therapy Amount Applied to Limit",
            none,
        ),
        (
            Some(COINSURANCE),
            "CLM_LINE_MDCR_COINSRNC_AMT",
            "Coinsurance Amount",
            amounts.coinsurance,
        ),
        (
            Some(ELIGIBLE),
            "CLM_LINE_ALOWD_CHRG_AMT",
            "Line Allowed Charge Amount",
            amounts.allowed,
        ),
        (
            Some(DEDUCTIBLE),
            "CLM_LINE_MDCR_DDCTBL_AMT",
            "Cash Deductible Amount",
            amounts.deductible,
        ),
        (
            Some(PAID_TO_PATIENT),
            "CLM_LINE_BENE_PD_AMT",
            "Payment Amount to Beneficiary",
            none,
        ),
        (
            Some(PAID_TO_PROVIDER),
            "CLM_LINE_PRVDR_PMT_AMT",
            "Line Provider Payment Amount",
            amounts.paid,
        ),
        (
            Some(BENEFIT),
            "CLM_LINE_CVRD_PD_AMT",
            "Payment Amount",
            amounts.paid,
        ),
        (
            None,
            "CLM_LINE_PRFNL_DME_PRICE_AMT",
            "Purchase Price Amount",
            price,
        ),
        (
            Some(SUBMITTED),
            "CLM_LINE_SBMT_CHRG_AMT",
            "Line Submitted Charge Amount",
            amounts.submitted,
        ),
    ];
    sums(a, &list);
    payment_status(a, ("other", "Other"));
    let rest: [Sum; 5] = [
        (
            None,
            "CLM_LINE_PRFNL_INTRST_AMT",
            "Professional Interest Amount",
            none,
        ),
        (
            None,
            "CLM_MDCR_PRMRY_PYR_ALOWD_AMT",
            "Line Primary Payer Allowed Amount",
            none,
        ),
        (
            Some(PRIOR_PAYER),
            "CLM_BENE_PRMRY_PYR_PD_AMT",
            "Line Primary Payer Paid Amount",
            amounts.primary,
        ),
        (
            Some(DISCOUNT),
            "CLM_LINE_DMERC_SCRN_SVGS_AMT",
            "Screen Savings Amount",
            none,
        ),
        (
            None,
            "CLM_LINE_OTAF_AMT",
            "Provider Obligation To Accept as Full Amount",
            none,
        ),
    ];
    sums(
        a,
        if claim.shared_system {
            &rest
        } else {
            &rest[..4]
        },
    );
}

fn claim_amounts(a: &mut Arr<'_>, claim: &Claim, body: &Carrier) {
    payment_status(a, ("other", "Other"));
    let mut list: Vec<Sum> = vec![(
        None,
        "CLM_MDCR_PRFNL_PRMRY_PYR_AMT",
        "Primary Payer Paid Amount",
        sum(body, |amounts| amounts.primary),
    )];
    if claim.shared_system {
        list.extend(unsettled());
        for (name, label) in [
            (
                "CLM_BLOOD_LBLTY_AMT",
                "Beneficiary Blood Deductible Liability Amount",
            ),
            ("CLM_BLOOD_NCVRD_CHRG_AMT", "Blood Noncovered Charge Amount"),
            ("CLM_PRVDR_ACNT_RCVBL_OFST_AMT", "Provider Offset Amount"),
        ] {
            list.push((None, name, label, Cents(0)));
        }
    }
    sums(a, &list);
}

fn totals(claim: &Claim, body: &Carrier) -> Vec<Sum> {
    let deductible = sum(body, |amounts| amounts.deductible);
    let coinsurance = sum(body, |amounts| amounts.coinsurance);
    let mut list: Vec<Sum> = vec![
        (
            Some(ELIGIBLE),
            "CLM_ALOWD_CHRG_AMT",
            "Allowed Charge Amount",
            sum(body, |amounts| amounts.allowed),
        ),
        (
            Some(SUBMITTED),
            "CLM_SBMT_CHRG_AMT",
            "Total Charge Amount",
            sum(body, |amounts| amounts.submitted),
        ),
        (
            Some(PAID_BY_PATIENT),
            "CLM_BENE_PMT_AMT",
            "Paid By Beneficiary Amount",
            Cents(deductible.0 + coinsurance.0),
        ),
        (
            Some(PAID_TO_PROVIDER),
            "CLM_PRVDR_PMT_AMT",
            "Provider Payment Amount",
            sum(body, |amounts| amounts.paid),
        ),
        (
            Some(DEDUCTIBLE),
            "CLM_MDCR_DDCTBL_AMT",
            "Beneficiary Deductible Amount",
            deductible,
        ),
    ];
    if claim.shared_system {
        let none = Cents(0);
        list.extend([
            (
                Some(COINSURANCE),
                "CLM_MDCR_COINSRNC_AMT",
                "Beneficiary Coinsurance Liability Amount",
                coinsurance,
            ),
            (
                Some(NONCOVERED),
                "CLM_NCVRD_CHRG_AMT",
                "Inpatient(or other Part A) Non-covered Charge Amount",
                none,
            ),
            (
                Some(PRIOR_PAYER),
                "CLM_OTHR_TP_PD_AMT",
                "Other Third Party Payer Paid Amount",
                none,
            ),
            (
                Some(COINSURANCE),
                "CLM_BENE_PMT_COINSRNC_AMT",
                "Beneficiary Coinsurance Amount",
                coinsurance,
            ),
        ]);
    }
    list
}

fn sum(body: &Carrier, of: impl Fn(&LineAmounts) -> Cents) -> Cents {
    body.lines.iter().map(|line| of(&line.amounts)).sum()
}
