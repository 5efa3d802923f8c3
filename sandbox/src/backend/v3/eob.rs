//! ExplanationOfBenefit: read, and search by `patient` or `_id`.

use std::sync::Arc;

use super::page::{self, Page};
use super::{filter, last_updated, number, patient_reference};
use crate::backend::dates::Range;
use crate::backend::params::{check_names, no_handler};
use crate::backend::{Call, Found, Problem, bundle};
use crate::claims::id::ClaimKey;
use crate::claims::index::{self, Entry, Indexed};
use crate::claims::{counts, dates, generate};
use crate::fhir::{json, v3};
use crate::people::{Person, PersonNumber};

const RESOURCE: &str = "ExplanationOfBenefit";

/// How many ids one search may name.
const MOST_IDS: usize = 100;

pub(super) fn read(call: &Call<'_>, id: &str) -> Result<Found, Problem> {
    let claim = claim_of(call, number(id, "ID is not a valid number")?)
        .and_then(|(person, entry)| generate::claim(&person, entry.key))
        .ok_or_else(|| Problem::unknown(RESOURCE, id))?;
    let mut out = Vec::with_capacity(40_000);
    json::object(&mut out, |o| v3::explanation_of_benefit(o, &claim));
    Ok(Found {
        json: out,
        updated: claim.dates.loaded,
        location: Some(format!("{}/{RESOURCE}/{id}", call.base)),
    })
}

pub(super) fn search(call: &Call<'_>) -> Result<Found, Problem> {
    check_names(
        call,
        RESOURCE,
        &[
            "_id",
            "patient",
            "type",
            "service-date",
            "outcome",
            "startIndex",
        ],
    )?;
    let mut patients = call.params.all("patient");
    // Whose claims they are, and which: those of one person are in order already.
    let (people, entries): (Vec<Arc<Indexed>>, Vec<Entry>) =
        match (patients.next(), patients.next(), call.params.first("_id")) {
            (Some(patient), None, None) => {
                let person = PersonNumber::of_v3_id(patient_reference(patient)?);
                let people: Vec<_> = person
                    .map(|person| call.claim_cache.of(person))
                    .into_iter()
                    .collect();
                let entries = people.iter().flat_map(|indexed| {
                    let entries = indexed.in_order_of_v3().iter();
                    entries
                        .filter(|entry| indexed.is_loaded(entry, call.today))
                        .copied()
                });
                let entries = entries.collect();
                (people, entries)
            }
            (None, None, Some(_)) => by_id(call)?,
            _ => return Err(no_handler(call, RESOURCE)),
        };
    let served = Range::parse(call.params.all("service-date"))?;
    let updated = last_updated(call)?;
    let wanted = filter::Filter::parse(call)?;
    let entries: Vec<Entry> = entries
        .into_iter()
        .filter(|entry| {
            wanted.selects(entry.key)
                && served.contains(entry.dates.end)
                && updated.contains(entry.dates.loaded)
        })
        .collect();
    let Page {
        range,
        links,
        total,
    } = page::cut(call, entries.len())?;
    let newest = entries.iter().map(|entry| entry.dates.loaded).max();
    let page = crate::backend::paging::Page { range, links };
    Ok(bundle::write(
        call,
        total,
        &page,
        newest,
        &entries[page.range.clone()],
        |o, entry| {
            let mut people = people.iter().map(|indexed| &indexed.person);
            let person = people.find(|person| person.number == entry.key.person);
            if let Some(claim) = person.and_then(|person| generate::claim(person, entry.key)) {
                v3::explanation_of_benefit(o, &claim);
            }
        },
    ))
}

/// The claims that `_id` names, comma-separated; who does not exist is left out.
fn by_id(call: &Call<'_>) -> Result<(Vec<Arc<Indexed>>, Vec<Entry>), Problem> {
    let ids: Vec<&str> = call
        .params
        .all("_id")
        .flat_map(|value| value.split(','))
        .collect();
    let numbers = ids
        .iter()
        .map(|id| number(id.trim(), "ID is not a valid number"))
        .collect::<Result<Vec<i64>, Problem>>()?;
    if numbers.len() > MOST_IDS {
        return Err(Problem::Invalid(format!(
            "A maximum of {MOST_IDS} claim IDs may be requested at once."
        )));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(numbers.len());
    for number in numbers {
        if let Some((_, entry)) = claim_of(call, number)
            && !entries.iter().any(|known| known.key == entry.key)
        {
            entries.push(entry);
        }
    }
    entries.sort_by_cached_key(|entry| entry.key.v3_number());
    let mut people: Vec<Arc<Indexed>> = Vec::new();
    for entry in &entries {
        if people
            .iter()
            .all(|known| known.person.number != entry.key.person)
        {
            people.push(call.claim_cache.of(entry.key.person));
        }
    }
    Ok((people, entries))
}

/// A claim that has been loaded by today, and whose it is.
fn claim_of(call: &Call<'_>, number: i64) -> Option<(Person, Entry)> {
    let key = ClaimKey::of_v3_number(number)?;
    let person = Person::of(key.person);
    let dates = dates::of(&person, key, counts::of(key.person).of_type(key.kind));
    index::is_loaded(&person, &dates, call.today).then_some((person, Entry { key, dates }))
}
