//! The lines of a claim.

use serde_json::value::RawValue;

use super::amounts::Ledger;
use super::{Decision, Line, Service};
use crate::fhir::lookup::{by_number, ends_in, extension, is_cms, shown};
use crate::fhir::notes::Notes;
use crate::fhir::value::{Code, CodeSystem, Period, tail, variable};
use crate::fhir::wire::{self, Adjudication, Concept, Item, Quantity};
use crate::fhir::{owned, text};

/// Reads all lines.
pub(super) fn read(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Line> {
    let mut lines = Vec::with_capacity(wire.item.len());
    for (index, item) in wire.item.iter().enumerate() {
        lines.push(line(item, index, notes));
    }
    by_number(lines, |line: &Line| line.sequence)
}

fn line(item: &Item<'_>, index: usize, notes: &mut Notes) -> Line {
    let at = format_args!("item[{index}]");
    let position = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
    let product = item.product_or_service.as_ref().or(item.service.as_ref());
    let mut ledger = Ledger::default();
    for (number, adjudication) in item.adjudication.iter().enumerate() {
        let path = format_args!("item[{index}].adjudication[{number}].amount");
        let category = adjudication.category.as_ref();
        ledger.add(category, adjudication.amount.as_ref(), notes, path);
    }
    ledger.totals.owed();
    let quantity = item.quantity.as_ref();
    Line {
        // A line is worth more than its number: one without gets its place.
        sequence: notes
            .sequence(item.sequence, format_args!("{at}.sequence"))
            .unwrap_or(position),
        service: product.and_then(service),
        modifiers: modifiers(&item.modifier),
        category: item
            .category
            .as_ref()
            .and_then(|category| category.first()?.to_code()),
        revenue_center: item.revenue.as_ref().and_then(revenue_center),
        ndc: ndc(item, product),
        period: match notes.period(&item.serviced_period, format_args!("{at}.servicedPeriod")) {
            Some(period) => Some(period),
            None => notes
                .date(&item.serviced_date, format_args!("{at}.servicedDate"))
                .map(|day| Period {
                    start: Some(day),
                    end: Some(day),
                }),
        },
        place_of_service: item
            .location_codeable_concept
            .as_ref()
            .and_then(|place| place.first()?.to_code()),
        state: state(item),
        quantity: quantity
            .and_then(|quantity| notes.decimal(quantity.value, format_args!("{at}.quantity"))),
        unit: quantity.and_then(|quantity| owned(&quantity.unit)),
        diagnosis_sequences: links(&item.diagnosis_sequence, &item.diagnosis_link_id, notes, at),
        care_team_sequences: links(&item.care_team_sequence, &item.care_team_link_id, notes, at),
        totals: ledger.totals,
        amounts: ledger.amounts,
        decisions: decisions(item),
    }
}

fn service(concept: &Concept<'_>) -> Option<Service> {
    // v2 inpatient lines carry the code under the variable and again under its list; v3 puts a
    // data-absent reason where no code is.
    let known = concept.of(|system| CodeSystem::of(system) != CodeSystem::Other);
    let coding = known.or_else(|| concept.of(|system| tail(system) != "data-absent-reason"))?;
    Some(Service {
        code: owned(&coding.code)?,
        system: coding.list(),
        display: shown(text(&coding.display)),
    })
}

/// v1 and v2 have one modifier in each concept, v3 all of them in one. v2 also puts the unit of a
/// drug quantity here, in the UCUM system (claims backend reference, section 3.4).
fn modifiers(concepts: &[Concept<'_>]) -> Vec<String> {
    let codings = concepts.iter().flat_map(|concept| &concept.coding);
    codings
        .filter(|coding| coding.system() != "http://unitsofmeasure.org")
        .filter_map(|coding| owned(&coding.code))
        .collect()
}

/// The code under CMS's name. The NUBC coding of v2 holds the deductible indicator instead.
fn revenue_center(concept: &Concept<'_>) -> Option<Code> {
    let revenue = |system: &str| ends_in("rev_cntr")(system) || ends_in("CLM-REV-CNTR-CD")(system);
    concept.of(revenue).or_else(|| concept.first())?.to_code()
}

/// The NDC is the service itself (Part D), an extension of the line (v1) or of the service (v2),
/// or a detail of the line (v3).
fn ndc(item: &Item<'_>, product: Option<&Concept<'_>>) -> Option<Code> {
    let is_ndc = |system: &str| CodeSystem::of(system) == CodeSystem::Ndc;
    let direct = || product?.of(is_ndc)?.to_code();
    let extended = || extension(&product?.extension, "ndc")?.to_code();
    let detail = || {
        let mut details = item.detail.iter();
        details.find_map(|detail| detail.product_or_service.as_ref()?.of(is_ndc)?.to_code())
    };
    direct()
        .or_else(|| extension(&item.extension, "ndc")?.to_code())
        .or_else(extended)
        .or_else(detail)
}

fn state(item: &Item<'_>) -> Option<String> {
    let address = item
        .location_address
        .as_ref()
        .and_then(|address| owned(&address.state));
    let extended = || {
        let place = item.location_codeable_concept.as_ref()?;
        owned(&extension(&place.extension, "prvdr_state_cd")?.code)
    };
    address.or_else(extended)
}

fn links(
    r4: &[&RawValue],
    stu3: &[&RawValue],
    notes: &mut Notes,
    at: std::fmt::Arguments<'_>,
) -> Vec<u32> {
    let all = r4.iter().chain(stu3);
    all.filter_map(|link| notes.sequence(Some(link), format_args!("{at}.link")))
        .collect()
}

/// Adjudications without an amount, and the processing indicator, which v2 has in an extension.
fn decisions(item: &Item<'_>) -> Vec<Decision> {
    let mut list: Vec<_> = item.adjudication.iter().filter_map(decision).collect();
    for name in ["line_prcsg_ind_cd", "clm_prcsg_ind_cd"] {
        if let Some(code) = extension(&item.extension, name).and_then(Quantity::to_code) {
            let name = name.to_owned();
            list.push(Decision { name, code });
        }
    }
    list
}

fn decision(adjudication: &Adjudication<'_>) -> Option<Decision> {
    let reason = adjudication.reason.as_ref()?.first()?;
    let category = adjudication.category.as_ref()?;
    if adjudication.amount.is_some() {
        return None;
    }
    // v2 says just `denialreason`; the reason's own system is the variable there.
    let named = category.of(is_cms).and_then(|_| category.variable());
    let by_system = || is_cms(reason.system()).then(|| variable(reason.system()));
    Some(Decision {
        name: named.or_else(by_system).or_else(|| category.variable())?,
        code: reason.to_code()?,
    })
}
