//! Patient: read, and search by `_id` or `identifier`.

use super::dates::Range;
use super::params::{check_names, no_handler};
use super::{Call, Found, Problem, bundle, paging};
use crate::fhir::{self, Extras, Version, json};
use crate::people::{Mbi, Person, PersonNumber};

pub(super) const US_MBI: &str = "http://hl7.org/fhir/sid/us-mbi";
const MBI_HASH: &str = "https://bluebutton.cms.gov/resources/identifier/mbi-hash";
/// Known systems whose numbers nobody here has.
const HICN_HASHES: [&str; 2] = [
    "https://bluebutton.cms.gov/resources/identifier/hicn-hash",
    "http://bluebutton.cms.hhs.gov/identifier#hicnHash",
];

pub(super) fn read(call: &Call<'_>, version: Version, id: &str) -> Result<Found, Problem> {
    let number: i64 = id
        .parse()
        .map_err(|_| Problem::Invalid("Patient ID must be a number".to_owned()))?;
    let extras = extras(call)?;
    let person = PersonNumber::of_patient_id(number)
        .map(Person::of)
        .ok_or_else(|| Problem::unknown("Patient", id))?;
    let mut out = Vec::with_capacity(7_000);
    json::object(&mut out, |o| fhir::patient(o, version, &person, extras));
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: Some(format!("{}/Patient/{number}", call.base)),
    })
}

pub(super) fn search(call: &Call<'_>, version: Version) -> Result<Found, Problem> {
    // Rosters of a drug plan are not offered; the year is looked at first, as the real backend does.
    let year = call
        .params
        .all("_has")
        .find_map(|value| value.split_once("/rfrnc_yr|"));
    if year.is_some_and(|(_, year)| year.parse::<u16>().is_err()) {
        return Err(Problem::Invalid(
            "Failed to parse value for Contract Year as a number.".to_owned(),
        ));
    }
    check_names(
        call,
        "Patient",
        &["_id", "identifier", "_lastUpdated", "_count", "startIndex"],
    )?;
    let extras = extras(call)?;
    let numbers = match (call.params.first("_id"), call.params.first("identifier")) {
        (Some(id), None) => by_id(id)?,
        (None, Some(identifier)) => by_identifier(call, identifier)?,
        _ => return Err(no_handler(call, "Patient")),
    };
    let updated = Range::parse(call.params.all("_lastUpdated"))?;
    if updated.equality {
        return Err(Problem::Invalid(
            "Unsupported prefix supplied: EQUAL".to_owned(),
        ));
    }
    let people: Vec<Person> = numbers
        .into_iter()
        .map(Person::of)
        .filter(|person| updated.contains(person.updated()))
        .collect();
    let page = paging::page(call, "Patient", people.len())?;
    let newest = people.iter().map(Person::updated).max();
    Ok(bundle::write(
        call,
        Some(people.len()),
        &page,
        newest,
        &people[page.range.clone()],
        |o, person| {
            fhir::patient(o, version, person, extras);
        },
    ))
}

fn by_id(token: &str) -> Result<Vec<PersonNumber>, Problem> {
    let id = match token.rsplit_once('|') {
        Some(("", id)) => id,
        Some((system, _)) => {
            return Err(Problem::Invalid(format!(
                "Unsupported query parameter value. System: {system}"
            )));
        }
        None => token,
    };
    let id: i64 = id.parse().map_err(|_| {
        Problem::Invalid("Failed to parse value for Patient ID as a number.".to_owned())
    })?;
    Ok(PersonNumber::of_patient_id(id).into_iter().collect())
}

fn by_identifier(call: &Call<'_>, token: &str) -> Result<Vec<PersonNumber>, Problem> {
    let (system, value) = token.rsplit_once('|').unwrap_or(("", token));
    if value.is_empty() {
        return Err(Problem::Invalid(
            "lookup value cannot be null/empty".to_owned(),
        ));
    }
    match system {
        US_MBI if !call.post => Err(Problem::Invalid(format!(
            "Search query by '{US_MBI}' is only supported in POST request"
        ))),
        US_MBI => Ok(Mbi::owners(value)),
        MBI_HASH => {
            let found: Vec<PersonNumber> = PersonNumber::all()
                .filter(|person| Mbi::of(*person).hash() == value)
                .collect();
            if found.len() > 1 {
                // The real backend names the beneficiaries here; a gateway has to keep that from its clients.
                let ids: Vec<String> = found
                    .iter()
                    .map(|person| person.patient_id().to_string())
                    .collect();
                return Err(Problem::Missing(format!(
                    "By hash query found more than one distinct BENE_ID: {}, DistinctBeneIdsList: [{}]",
                    ids.len(),
                    ids.join(", ")
                )));
            }
            Ok(found)
        }
        _ if HICN_HASHES.contains(&system) => Ok(Vec::new()),
        _ => Err(Problem::Invalid(format!(
            "Unsupported identifier system: {system}"
        ))),
    }
}

fn extras(call: &Call<'_>) -> Result<Extras, Problem> {
    let mut extras = Extras {
        mbi: false,
        address: call.flag("IncludeAddressFields")?,
    };
    if let Some(header) = call.headers.get("IncludeIdentifiers") {
        let text = header.to_str().unwrap_or("");
        for word in text
            .trim_matches(['[', ']'])
            .split(',')
            .map(|word| word.trim().to_ascii_lowercase())
        {
            match word.as_str() {
                "true" | "mbi" => extras.mbi = true,
                "false" | "hicn" | "" => {}
                other => {
                    return Err(Problem::Invalid(format!(
                        "Unsupported IncludeIdentifiers Header Value: |{other}|, {text}"
                    )));
                }
            }
        }
    }
    Ok(extras)
}
