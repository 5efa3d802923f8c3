//! From an ExplanationOfBenefit of any version to a [`Claim`].

use super::amounts::Ledger;
use super::{
    Claim, ClaimCoverage, ClaimType, Count, Diagnosis, DiagnosisKind, Drug, Info, Line, Payment,
    Procedure, lines, providers,
};
use crate::fhir::coverage::Part;
use crate::fhir::ids::{ClaimIdParts, CoverageIdParts, referenced};
use crate::fhir::lookup::{
    by_number, ends_in, extension, extension_text, identifier, is_cms, shown,
};
use crate::fhir::notes::{Notes, Reason};
use crate::fhir::value::{CodeSystem, Decimal, tail, variable};
use crate::fhir::wire::{self, Concept};
use crate::fhir::{owned, text};

impl Claim {
    pub(crate) fn read(wire: &wire::Resource<'_>, notes: &mut Notes) -> Self {
        let id = owned(&wire.id).unwrap_or_default();
        if id.is_empty() {
            notes.add(format_args!("id"), Reason::Missing);
        }
        let claim_type = ClaimType::of(wire.kind.as_ref(), &id);
        let info = info(wire, notes);
        let lines = lines::read(wire, notes);
        let Ledger {
            amounts,
            mut totals,
        } = ledger(wire, notes);
        let payment = payment(wire, notes);
        let billable_period = notes.period(&wire.billable_period, format_args!("billablePeriod"));
        let through = billable_period.and_then(|period| period.end);

        let line_paid = || lines.iter().find_map(|line| line.totals.paid);
        let paid = payment.as_ref().and_then(|payment| payment.amount);
        totals.paid = paid.or(totals.paid);
        if claim_type == ClaimType::Pde {
            // A drug claim has one line, and what is not said of the claim is said of the line.
            totals.paid = totals.paid.or_else(line_paid);
            if let Some(line) = lines.first() {
                totals.charged = totals.charged.or(line.totals.charged);
                totals.patient_responsibility = totals
                    .patient_responsibility
                    .or(line.totals.patient_responsibility);
            }
        }
        totals.complete(&lines);

        let mut claim = Self {
            claim_type,
            claim_id: claim_id(wire, &id),
            claim_group: identifier(&wire.identifier, "claim_group"),
            control_number: control_number(wire),
            status: owned(&wire.status),
            purpose: owned(&wire.purpose).unwrap_or_else(|| "claim".to_owned()),
            outcome: owned(&wire.outcome),
            created: notes.date(&wire.created, format_args!("created")),
            last_updated: wire.meta.as_ref().and_then(|meta| {
                notes.timestamp(&meta.last_updated, format_args!("meta.lastUpdated"))
            }),
            patient_id: wire
                .patient
                .as_ref()
                .and_then(|patient| referenced(text(&patient.reference)?, "Patient"))
                .map(str::to_owned),
            coverage: coverage(wire, &info),
            billable_period,
            service_date: match claim_type {
                ClaimType::Pde => lines
                    .first()
                    .and_then(|line| line.period?.start)
                    .or(through),
                _ => through,
            },
            admission_period: notes
                .period(&wire.hospitalization, format_args!("hospitalization"))
                .or_else(|| {
                    info.iter()
                        .find(|info| info.name == "admissionperiod")?
                        .period
                }),
            billing: None,
            organization: None,
            facility: None,
            facility_type: None,
            referring: None,
            care_team: Vec::new(),
            diagnoses: diagnoses(wire, notes),
            procedures: procedures(wire, notes),
            drg: drg(wire, &info),
            drug: (claim_type == ClaimType::Pde).then(|| drug(wire, &info, &lines, notes)),
            totals,
            payment,
            amounts,
            counts: counts(wire, notes),
            info,
            lines,
            id,
        };
        providers::read(&mut claim, wire, notes);
        claim
    }
}

fn claim_id(wire: &wire::Resource<'_>, id: &str) -> Option<String> {
    identifier(&wire.identifier, "clm_id")
        .or_else(|| identifier(&wire.identifier, "pde_id"))
        .or_else(|| unique_id(wire))
        .or_else(|| match ClaimIdParts::parse(id)? {
            ClaimIdParts::Typed { number, .. } | ClaimIdParts::Number(number) => {
                Some(number.to_owned())
            }
            ClaimIdParts::Uuid(_) => None,
        })
}

/// v3 tells the claim's number by the type of the identifier, which has no system.
fn unique_id(wire: &wire::Resource<'_>) -> Option<String> {
    let found = wire.identifier.iter().find(|identifier| {
        let kind = identifier.kind.as_ref().and_then(|kind| kind.first());
        identifier.system.is_none() && kind.and_then(|kind| text(&kind.code)) == Some("uc")
    })?;
    owned(&found.value)
}

fn control_number(wire: &wire::Resource<'_>) -> Option<String> {
    extension_text(&wire.extension, "carr_clm_cntl_num")
        .or_else(|| extension_text(&wire.extension, "fi_doc_clm_cntl_num"))
        .or_else(|| identifier(&wire.identifier, "clm_cntl_num"))
        .or_else(|| identifier(&wire.identifier, "unique_tracking_number"))
}

/// v1 and v2 refer to the Coverage; v3 just says `Part A`, and the Part D contract beside it or
/// among the information.
fn coverage(wire: &wire::Resource<'_>, info: &[Info]) -> Option<ClaimCoverage> {
    let insurance = wire.insurance.0.first()?;
    let reference = insurance.coverage.as_ref()?;
    let id = text(&reference.reference).and_then(|reference| referenced(reference, "Coverage"));
    let part = id
        .and_then(CoverageIdParts::parse)
        .map(|parts| parts.part)
        .or_else(|| Part::from_label(text(&reference.display)?));
    let said = |name: &'static str| {
        let informed = || info.iter().find(|info| info.name == name)?.text.clone();
        extension_text(&insurance.extension, name).or_else(informed)
    };
    Some(ClaimCoverage {
        part,
        id: id.map(str::to_owned),
        contract: extension_text(&reference.extension, "plan_cntrct_rec_id")
            .or_else(|| said("clm_sbmtr_cntrct_num")),
        plan: extension_text(&reference.extension, "plan_pbp_rec_num")
            .or_else(|| said("clm_sbmtr_cntrct_pbp_num")),
    })
}

fn payment(wire: &wire::Resource<'_>, notes: &mut Notes) -> Option<Payment> {
    let payment = wire.payment.as_ref()?;
    let amount = payment.amount.as_ref();
    Some(Payment {
        amount: amount.and_then(|amount| notes.cents(amount.value, format_args!("payment.amount"))),
        date: notes.date(&payment.date, format_args!("payment.date")),
    })
}

/// The amounts of the claim as a whole: extensions (v1, some in v2), `totalCost` (v1), `total`
/// (R4), `benefitBalance` (v2) and `adjudication` (v3).
fn ledger(wire: &wire::Resource<'_>, notes: &mut Notes) -> Ledger {
    let mut ledger = Ledger::default();
    let charged = "clm_tot_chrg_amt".to_owned();
    ledger.add_variable(
        charged,
        wire.total_cost.as_ref(),
        notes,
        format_args!("totalCost"),
    );
    for (index, total) in wire.total.iter().enumerate() {
        let path = format_args!("total[{index}].amount");
        ledger.add(total.category.as_ref(), total.amount.as_ref(), notes, path);
    }
    for (index, adjudication) in wire.adjudication.iter().enumerate() {
        let path = format_args!("adjudication[{index}].amount");
        ledger.add(
            adjudication.category.as_ref(),
            adjudication.amount.as_ref(),
            notes,
            path,
        );
    }
    for (index, extension) in wire.extension.iter().enumerate() {
        if let Some(url) = text(&extension.url).filter(|_| extension.money.is_some()) {
            let path = format_args!("extension[{index}].valueMoney");
            ledger.add_variable(variable(url), extension.money.as_ref(), notes, path);
        }
    }
    let balances = wire
        .benefit_balance
        .iter()
        .flat_map(|balance| &balance.financial);
    for (index, financial) in balances.enumerate() {
        let path = format_args!("benefitBalance.financial[{index}].usedMoney");
        ledger.add(
            financial.kind.as_ref(),
            financial.used_money.as_ref(),
            notes,
            path,
        );
    }
    ledger
}

/// Counts: unsigned integers in `benefitBalance` (v1, v2), plain values in `adjudication` (v3).
fn counts(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Count> {
    let balances = wire
        .benefit_balance
        .iter()
        .flat_map(|balance| &balance.financial);
    let balances = balances.map(|financial| (financial.kind.as_ref(), financial.used_unsigned_int));
    let values = wire.adjudication.iter();
    let values = values.map(|adjudication| (adjudication.category.as_ref(), adjudication.value));
    let mut counts = Vec::new();
    for (category, value) in balances.chain(values) {
        if let Some(name) = category.and_then(Concept::variable)
            && let Some(value) = notes.decimal(value, format_args!("{name}"))
        {
            counts.push(Count { name, value });
        }
    }
    counts
}

fn info(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Info> {
    let all = wire.supporting_info.iter().chain(&wire.information);
    let mut list = Vec::with_capacity(wire.supporting_info.len() + wire.information.len());
    for (index, info) in all.enumerate() {
        let at = format_args!("supportingInfo[{index}]");
        let code = info.code.as_ref().and_then(|code| code.first());
        // v2 has a CARIN category alone for some; the system of the code is the variable then.
        let category = info.category.as_ref();
        let named =
            category.and_then(|category| category.of(is_cms).and_then(|_| category.variable()));
        let by_code = || {
            let system = code?.system();
            system
                .starts_with("https://bluebutton.cms.gov/resources/variables/")
                .then(|| variable(system))
        };
        let Some(name) = named.or_else(by_code).or_else(|| category?.variable()) else {
            continue;
        };
        let quantity = info.value_quantity.as_ref();
        list.push(Info {
            sequence: notes
                .sequence(info.sequence, format_args!("{at}.sequence"))
                .unwrap_or_default(),
            name,
            code: code.and_then(wire::Coding::to_code),
            date: notes.date(&info.timing_date, format_args!("{at}.timingDate")),
            period: notes.period(&info.timing_period, format_args!("{at}.timingPeriod")),
            value: quantity
                .and_then(|value| notes.decimal(value.value, format_args!("{at}.valueQuantity"))),
            text: owned(&info.value_string),
        });
    }
    by_number(list, |info| info.sequence)
}

fn diagnoses(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Diagnosis> {
    let mut list = Vec::with_capacity(wire.diagnosis.len());
    for (index, diagnosis) in wire.diagnosis.iter().enumerate() {
        // v1 has the DRG here, without a diagnosis.
        let Some(concept) = &diagnosis.diagnosis_codeable_concept else {
            continue;
        };
        // R4 gives the same code under icd-10-cm and icd-10: one diagnosis.
        let coding = concept.of(ends_in("icd-10-cm")).or_else(|| concept.first());
        let Some((coding, code)) = coding.and_then(|coding| Some((coding, icd(coding)?))) else {
            continue;
        };
        let sequence = notes.sequence(
            diagnosis.sequence,
            format_args!("diagnosis[{index}].sequence"),
        );
        let kind = diagnosis
            .kind
            .iter()
            .find_map(|kind| text(&kind.first()?.code));
        let on_admission = diagnosis.on_admission.as_ref();
        let poa = diagnosis.extension.iter().find(|extension| {
            let name = text(&extension.url).map_or("", tail);
            name.starts_with("clm_poa_ind") || name.starts_with("clm_e_poa_ind")
        });
        list.push(Diagnosis {
            sequence: sequence.unwrap_or_default(),
            code,
            system: coding.list(),
            kind: diagnosis_kind(kind.unwrap_or("")),
            display: shown(text(&coding.display)),
            present_on_admission: on_admission
                .and_then(|concept| owned(&concept.first()?.code))
                .or_else(|| owned(&poa?.value.as_ref()?.code)),
        });
    }
    by_number(list, |diagnosis| diagnosis.sequence)
}

fn diagnosis_kind(code: &str) -> DiagnosisKind {
    match code {
        "principal" => DiagnosisKind::Principal,
        "admitting" => DiagnosisKind::Admitting,
        "reason-for-visit" | "patientreasonforvisit" => DiagnosisKind::ReasonForVisit,
        "external" | "external-first" | "externalcauseofinjury" => DiagnosisKind::External,
        _ => DiagnosisKind::Other,
    }
}

fn procedures(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Procedure> {
    let mut list = Vec::with_capacity(wire.procedure.len());
    for (index, procedure) in wire.procedure.iter().enumerate() {
        let concept = procedure.procedure_codeable_concept.as_ref();
        let coding = concept.and_then(|concept| concept.first());
        let Some((coding, code)) = coding.and_then(|coding| Some((coding, icd(coding)?))) else {
            continue;
        };
        let at = format_args!("procedure[{index}]");
        list.push(Procedure {
            sequence: notes
                .sequence(procedure.sequence, format_args!("{at}.sequence"))
                .unwrap_or_default(),
            code,
            system: coding.list(),
            display: shown(text(&coding.display)),
            date: notes.date(&procedure.date, format_args!("{at}.date")),
        });
    }
    by_number(list, |procedure| procedure.sequence)
}

/// An ICD code without its dot: v1 and v2 leave it out, v3 writes it.
fn icd(coding: &wire::Coding<'_>) -> Option<String> {
    let code = text(&coding.code)?;
    let icd = matches!(coding.list(), CodeSystem::Icd9 | CodeSystem::Icd10);
    Some(if icd {
        code.replace('.', "")
    } else {
        code.to_owned()
    })
}

/// v1: a diagnosis with just a package code; v2 and v3: an information.
fn drg(wire: &wire::Resource<'_>, info: &[Info]) -> Option<String> {
    let package = wire
        .diagnosis
        .iter()
        .find_map(|diagnosis| owned(&diagnosis.package_code.as_ref()?.first()?.code));
    let said = || {
        let info = info
            .iter()
            .find(|info| matches!(info.name.as_str(), "clm_drg_cd" | "drg"))?;
        Some(info.code.as_ref()?.code.clone())
    };
    package.or_else(said)
}

fn drug(wire: &wire::Resource<'_>, info: &[Info], lines: &[Line], notes: &mut Notes) -> Drug {
    let item = wire.item.first();
    let line = lines.first();
    let said = |name: &str| info.iter().find(|info| info.name == name);
    // v1 hangs both numbers on the quantity.
    let mut number = |name: &str, stu3: &'static str| -> Option<Decimal> {
        said(name).and_then(|info| info.value.clone()).or_else(|| {
            let value = extension(&item?.quantity.as_ref()?.extension, stu3)?.value;
            notes.decimal(value, format_args!("item[0].quantity.{stu3}"))
        })
    };
    let days_supply = number("dayssupply", "days_suply_num");
    let fill_number = number("refillnum", "fill_num");
    let service = line.and_then(|line| line.service.as_ref());
    let ndc = service.filter(|service| service.system == CodeSystem::Ndc);
    let details = item.map_or(&[][..], |item| &item.detail);
    let parts = details.iter().filter_map(|detail| {
        let of_ndc = |system: &str| CodeSystem::of(system) == CodeSystem::Ndc;
        detail.product_or_service.as_ref()?.of(of_ndc)?.to_code()
    });
    Drug {
        ndc: ndc.map(|service| service.code.clone()),
        name: ndc.and_then(|service| service.display.clone()),
        quantity: line.and_then(|line| line.quantity.clone()),
        unit: line.and_then(|line| line.unit.clone()),
        days_supply,
        fill_number,
        rx_number: identifier(&wire.identifier, "rx_srvc_rfrnc_num")
            .or_else(|| said("clm_line_rx_num")?.text.clone())
            .or_else(|| extension_text(&item?.extension, "clm_line_rx_num")),
        // v3 repeats the NDC of a simple drug as its only detail.
        ingredients: if ndc.is_none() {
            parts.collect()
        } else {
            Vec::new()
        },
    }
}
