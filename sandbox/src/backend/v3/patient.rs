//! Patient: read, insurance card, and search by `_id` or by the Medicare number.

use super::{last_updated, number, whole};
use crate::backend::params::{check_names, no_handler};
use crate::backend::patient::US_MBI;
use crate::backend::{Call, Found, Problem};
use crate::fhir::json::{self, Obj};
use crate::fhir::v3;
use crate::people::{Mbi, Person, PersonNumber};

pub(super) fn read(call: &Call<'_>, id: &str) -> Result<Found, Problem> {
    let record = Record::of(number(id, "ID is not a valid number")?)
        .ok_or_else(|| Problem::unknown("Patient", id))?;
    let person = Person::of(record.person());
    let mut out = Vec::with_capacity(2_000);
    json::object(&mut out, |o| record.write(o, &person));
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: Some(format!("{}/Patient/{id}", call.base)),
    })
}

/// The insurance card; of nobody who is known, and of a record that was merged away, a Bundle with nothing in it.
pub(super) fn insurance_card(call: &Call<'_>, id: &str) -> Result<Found, Problem> {
    let id = number(id, "ID is not a valid number")?;
    let Some(person) = PersonNumber::of_v3_id(id).map(Person::of) else {
        return Ok(whole(call, &[(); 0], None, |_, ()| {}));
    };
    let mut out = Vec::with_capacity(20_000);
    json::object(&mut out, |o| v3::insurance_card(o, &person));
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: None,
    })
}

pub(super) fn search(call: &Call<'_>) -> Result<Found, Problem> {
    check_names(call, "Patient", &["_id", "identifier", "_lastUpdated"])?;
    let records: Vec<Record> = match (call.params.first("_id"), call.params.first("identifier")) {
        (Some(id), None) => Record::of(number(id, "ID is not a valid number")?)
            .into_iter()
            .collect(),
        // Unlike v1 and v2, a clear Medicare number is accepted in a GET as well. A former one finds the
        // present record.
        (None, Some(identifier)) => match identifier.split_once('|') {
            Some((US_MBI, mbi)) => Mbi::owners(mbi).into_iter().map(Record::Present).collect(),
            _ => return Err(Problem::Invalid("Invalid or missing system".to_owned())),
        },
        _ => return Err(no_handler(call, "Patient")),
    };
    let updated = last_updated(call)?;
    let found: Vec<(Record, Person)> = records
        .into_iter()
        .map(|record| (record, Person::of(record.person())))
        .filter(|(_, person)| updated.contains(person.updated()))
        .collect();
    let newest = found.iter().map(|(_, person)| person.updated()).max();
    Ok(whole(call, &found, newest, |o, (record, person)| {
        record.write(o, person)
    }))
}

/// What an id leads to.
#[derive(Clone, Copy, Debug)]
enum Record {
    /// A person.
    Present(PersonNumber),
    /// A record that was merged into a person's: its id, and whose it is.
    Merged(i64, PersonNumber),
}

impl Record {
    fn of(id: i64) -> Option<Self> {
        PersonNumber::of_v3_id(id)
            .map(Self::Present)
            .or_else(|| PersonNumber::of_former_v3_id(id).map(|person| Self::Merged(id, person)))
    }

    const fn person(self) -> PersonNumber {
        match self {
            Self::Present(person) | Self::Merged(_, person) => person,
        }
    }

    fn write(self, o: &mut Obj<'_>, person: &Person) {
        match self {
            Self::Present(_) => v3::patient(o, person),
            Self::Merged(former, number) => v3::merged_patient(o, former, number),
        }
    }
}
