//! The lines of a claim.

use super::amounts::Amounts;
use super::totals::Ledger;
use super::{Decision, Line, Service};
use crate::fhir::json::{Key, Value};
use crate::fhir::lookup::{by_number, ends_in, is_cms};
use crate::fhir::value::{Code, CodeSystem, Period, tail, variable};

/// Reads all lines, each with its totals to the last digit.
pub(super) fn read(claim: Value<'_>) -> Vec<(Ledger, Line)> {
    let lines = claim.list(Key::Item).zip(1..);
    let lines = lines.map(|(item, position)| {
        let (ledger, amounts) = Ledger::and_amounts_of_line(item);
        (ledger, line(item, position, ledger, amounts))
    });
    by_number(lines.collect(), |(_, line)| line.sequence)
}

/// Its number. A line is worth more than that: one without gets its place.
pub(super) fn sequence(item: Value<'_>, position: u32) -> u32 {
    item.sequence().unwrap_or(position)
}

/// When it was done.
pub(super) fn period(item: Value<'_>) -> Option<Period> {
    let day = || {
        let day = item.date(Key::ServicedDate)?;
        Some(Period {
            start: Some(day),
            end: Some(day),
        })
    };
    item.period(Key::ServicedPeriod).or_else(day)
}

/// What was done: R4's name for it, or STU3's.
pub(super) fn product(item: Value<'_>) -> Value<'_> {
    item.get(Key::ProductOrService).or(item.get(Key::Service))
}

/// The coding of what was done.
pub(super) fn service(product: Value<'_>) -> Option<Value<'_>> {
    // v2 inpatient lines carry the code under the variable and again under its list; v3 puts a
    // data-absent reason where no code is.
    let known = product.coding_of(|system| CodeSystem::of(system) != CodeSystem::Other);
    known.or_else(|| product.coding_of(|system| tail(system) != "data-absent-reason"))
}

fn line(item: Value<'_>, position: u32, ledger: Ledger, amounts: Amounts) -> Line {
    let product = product(item);
    let quantity = item.get(Key::Quantity);
    let place = item.get(Key::LocationCodeableConcept);
    Line {
        sequence: sequence(item, position),
        service: service(product).and_then(|coding| Service::read(product, coding)),
        modifiers: modifiers(item),
        category: item.get(Key::Category).first_to_code(),
        revenue_center: revenue_center(item.get(Key::Revenue)),
        ndc: ndc(item, product),
        period: period(item),
        place_of_service: place.first_to_code(),
        state: item
            .get(Key::LocationAddress)
            .owned(Key::State)
            .or_else(|| place.extension("prvdr_state_cd")?.owned(Key::Code)),
        quantity: quantity.decimal(Key::Value),
        unit: quantity.owned(Key::Unit),
        diagnosis_sequences: links(item, Key::DiagnosisSequence, Key::DiagnosisLinkId),
        care_team_sequences: links(item, Key::CareTeamSequence, Key::CareTeamLinkId),
        totals: ledger.totals(),
        amounts,
        decisions: decisions(item),
    }
}

impl Service {
    fn read(product: Value<'_>, coding: Value<'_>) -> Option<Self> {
        Some(Self {
            code: coding.owned(Key::Code)?,
            system: coding.code_list(),
            display: product.label(coding).map(str::to_owned),
        })
    }
}

/// v1 and v2 have one modifier in each concept, v3 all of them in one. v2 also puts the unit of a
/// drug quantity here, in the UCUM system (docs/claims-backend.md#claims).
fn modifiers(item: Value<'_>) -> Vec<String> {
    let concepts = item.list(Key::Modifier);
    let codings = concepts.flat_map(|concept| concept.list(Key::Coding));
    codings
        .filter(|coding| coding.system() != "http://unitsofmeasure.org")
        .filter_map(|coding| coding.owned(Key::Code))
        .collect()
}

/// The code under CMS's name. The NUBC coding of v2 holds the deductible indicator instead.
fn revenue_center(concept: Value<'_>) -> Option<Code> {
    let revenue = |system: &str| ends_in("rev_cntr")(system) || ends_in("CLM-REV-CNTR-CD")(system);
    concept
        .coding_of(revenue)
        .or_else(|| concept.first_coding())?
        .to_code()
}

/// The NDC is the service itself (Part D), an extension of the line (v1) or of the service (v2),
/// or a detail of the line (v3).
fn ndc(item: Value<'_>, product: Value<'_>) -> Option<Code> {
    ndc_coding(product)
        .or_else(|| item.extension("ndc"))
        .or_else(|| product.extension("ndc"))
        .or_else(|| details(item).next())?
        .to_code()
}

fn ndc_coding(concept: Value<'_>) -> Option<Value<'_>> {
    concept.coding_of(|system| CodeSystem::of(system) == CodeSystem::Ndc)
}

/// The NDCs among the details of a line.
pub(super) fn details(item: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    item.list(Key::Detail)
        .filter_map(|detail| ndc_coding(detail.get(Key::ProductOrService)))
}

fn links(item: Value<'_>, r4: Key, stu3: Key) -> Vec<u32> {
    item.sequences(r4).chain(item.sequences(stu3)).collect()
}

/// Adjudications without an amount, and the processing indicator, which v2 has in an extension.
fn decisions(item: Value<'_>) -> Vec<Decision> {
    let mut list: Vec<_> = item.list(Key::Adjudication).filter_map(decision).collect();
    for name in ["line_prcsg_ind_cd", "clm_prcsg_ind_cd"] {
        if let Some(code) = item.extension(name).and_then(Value::to_code) {
            let name = name.to_owned();
            list.push(Decision { name, code });
        }
    }
    list
}

fn decision(adjudication: Value<'_>) -> Option<Decision> {
    if adjudication.get(Key::Amount).is_some() {
        return None;
    }
    let reason = adjudication.get(Key::Reason).first_coding()?;
    let category = adjudication.get(Key::Category).some()?;
    // v2 says just `denialreason`; the reason's own system is the variable there.
    let named = category.coding_of(is_cms).and_then(|_| category.variable());
    let by_system = || is_cms(reason.system()).then(|| variable(reason.system()));
    Some(Decision {
        name: named
            .or_else(by_system)
            .or_else(|| category.variable())?
            .into_owned(),
        code: reason.to_code()?,
    })
}
