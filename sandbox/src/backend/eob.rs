//! ExplanationOfBenefit: read, and search by `patient`.

use super::dates::Range;
use super::params::{check_names, no_handler};
use super::{Call, Found, Problem, bundle, paging};
use crate::claims::id::ClaimKey;
use crate::claims::index::{self, Entry, Indexed};
use crate::claims::{ClaimType, generate};
use crate::fhir::{self, Version, json};
use crate::people::{Person, PersonNumber};

const EOB_TYPE: &str = "https://bluebutton.cms.gov/resources/codesystem/eob-type";

pub(super) fn read(call: &Call<'_>, version: Version, id: &str) -> Result<Found, Problem> {
    let well_formed = id.split_once('-').is_some_and(|(kind, number)| {
        let digits = number.strip_prefix('-').unwrap_or(number);
        !kind.is_empty()
            && kind.bytes().all(|b| b.is_ascii_alphabetic())
            && !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if !well_formed {
        return Err(Problem::Invalid(format!(
            "ExplanationOfBenefit ID pattern: '{id}' does not match expected pattern: {{alphaString}}-{{idNumber}}"
        )));
    }
    call.flag("IncludeTaxNumbers")?;
    let claim = ClaimKey::parse(id)
        .and_then(|key| {
            let person = Person::of(key.person);
            let claim = generate::claim(&person, key)?;
            index::is_loaded(&person, &claim.dates, call.today).then_some(claim)
        })
        .ok_or_else(|| Problem::unknown("ExplanationOfBenefit", id))?;
    let mut out = Vec::with_capacity(30_000);
    json::object(&mut out, |o| {
        fhir::explanation_of_benefit(o, version, &claim)
    });
    let location = format!("{}/ExplanationOfBenefit/{id}", call.base);
    Ok(Found {
        json: out,
        updated: claim.dates.loaded,
        location: Some(location),
    })
}

pub(super) fn search(call: &Call<'_>, version: Version) -> Result<Found, Problem> {
    const RESOURCE: &str = "ExplanationOfBenefit";
    check_names(
        call,
        RESOURCE,
        &[
            "patient",
            "type",
            "service-date",
            "_lastUpdated",
            "_count",
            "startIndex",
            "excludeSAMHSA",
            "includeTaxNumbers",
        ],
    )?;
    let mut patients = call.params.all("patient");
    let (Some(patient), None) = (patients.next(), patients.next()) else {
        return Err(no_handler(call, RESOURCE));
    };
    if version == Version::V2 && !call.post && call.params.first("_elements").is_some() {
        return Err(Problem::Invalid(
            "_elements tag is only supported via POST request".to_owned(),
        ));
    }
    if call.params.modified("type") {
        return Err(Problem::Failure(
            "HAPI-0389: Failed to call access method".to_owned(),
        ));
    }
    call.flag("IncludeTaxNumbers")?;
    let id: i64 = patient
        .strip_prefix("Patient/")
        .unwrap_or(patient)
        .parse()
        .map_err(|_| {
            Problem::Invalid("Failed to parse value for Patient ID as a number.".to_owned())
        })?;
    let kinds = kinds(call);
    let served = Range::parse(call.params.all("service-date"))?;
    let updated = Range::parse(call.params.all("_lastUpdated"))?;
    let indexed = PersonNumber::of_patient_id(id).map(|person| call.claim_cache.of(person));
    let selects = |indexed: &Indexed, entry: &Entry| {
        indexed.is_loaded(entry, call.today)
            && kinds[usize::from(entry.key.kind.ordinal())]
            // The fill date of a prescription is its only day, so the end serves for all types.
            && served.contains(entry.dates.end)
            && updated.contains(entry.dates.loaded)
            // The real backend refuses equality inside a worker, whose failure it takes for an empty result.
            && !updated.equality
    };
    let entries: Vec<Entry> = indexed
        .iter()
        .flat_map(|indexed| {
            let entries = indexed.entries.iter();
            entries.filter(|entry| selects(indexed, entry)).copied()
        })
        .collect();
    let page = paging::page(call, RESOURCE, entries.len())?;
    let newest = entries.iter().map(|entry| entry.dates.loaded).max();
    Ok(bundle::write(
        call,
        Some(entries.len()),
        &page,
        newest,
        &entries[page.range.clone()],
        |o, entry| {
            if let Some(claim) = indexed
                .as_ref()
                .and_then(|indexed| generate::claim(&indexed.person, entry.key))
            {
                fhir::explanation_of_benefit(o, version, &claim);
            }
        },
    ))
}

/// Which types `type` selects: comma is OR within one parameter, a repeated parameter is AND.
fn kinds(call: &Call<'_>) -> [bool; 8] {
    let mut selected = [true; 8];
    for value in call.params.all("type") {
        let mut named = [false; 8];
        for token in value.split(',') {
            let (system, name) = token
                .rsplit_once('|')
                .map_or((None, token), |(system, name)| (Some(system), name));
            match (
                ClaimType::of_name(&name.trim().to_ascii_lowercase()),
                system,
            ) {
                (Some(kind), None | Some("" | EOB_TYPE)) => {
                    named[usize::from(kind.ordinal())] = true
                }
                // A quirk: an unknown name in the right system selects everything.
                (None, Some(EOB_TYPE)) => named = [true; 8],
                _ => {}
            }
        }
        for (selected, named) in selected.iter_mut().zip(named) {
            *selected &= named;
        }
    }
    selected
}
