//! Patient: read, and search by `_id` or by the Medicare number.

use super::{last_updated, number, whole};
use crate::backend::params::{check_names, no_handler};
use crate::backend::patient::US_MBI;
use crate::backend::{Call, Found, Problem};
use crate::fhir::{json, v3};
use crate::people::{Mbi, Person, PersonNumber};

pub(super) fn read(call: &Call<'_>, id: &str) -> Result<Found, Problem> {
    let person = PersonNumber::of_v3_id(number(id, "ID is not a valid number")?)
        .map(Person::of)
        .ok_or_else(|| Problem::unknown("Patient", id))?;
    let mut out = Vec::with_capacity(2_000);
    json::object(&mut out, |o| v3::patient(o, &person));
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: Some(format!("{}/Patient/{id}", call.base)),
    })
}

pub(super) fn search(call: &Call<'_>) -> Result<Found, Problem> {
    check_names(call, "Patient", &["_id", "identifier", "_lastUpdated"])?;
    let numbers: Vec<PersonNumber> =
        match (call.params.first("_id"), call.params.first("identifier")) {
            (Some(id), None) => PersonNumber::of_v3_id(number(id, "ID is not a valid number")?)
                .into_iter()
                .collect(),
            // Unlike v1 and v2, a clear Medicare number is accepted in a GET as well.
            (None, Some(identifier)) => match identifier.split_once('|') {
                Some((US_MBI, mbi)) => Mbi::owners(mbi),
                _ => return Err(Problem::Invalid("Invalid or missing system".to_owned())),
            },
            _ => return Err(no_handler(call, "Patient")),
        };
    let updated = last_updated(call)?;
    let people: Vec<Person> = numbers
        .into_iter()
        .map(Person::of)
        .filter(|person| updated.contains(person.updated()))
        .collect();
    let newest = people.iter().map(Person::updated).max();
    Ok(whole(call, &people, newest, v3::patient))
}
