//! Coverage: read, and search by `beneficiary`, which always gives four.

use super::dates::Range;
use super::params::{check_names, no_handler};
use super::{Call, Found, Problem, bundle, paging};
use crate::fhir::{self, Part, Version, json};
use crate::people::{Person, PersonNumber};

pub(super) fn read(call: &Call<'_>, version: Version, id: &str) -> Result<Found, Problem> {
    let (prefix, number) = parse(id).ok_or_else(|| malformed(version, id))?;
    let part = Part::ALL
        .into_iter()
        .find(|part| part.prefix() == prefix)
        .ok_or_else(|| Problem::unknown("Coverage", id))?;
    let person = number
        .parse()
        .ok()
        .and_then(PersonNumber::of_patient_id)
        .map(Person::of)
        // The real backend names the person here, not the coverage.
        .ok_or_else(|| Problem::unknown("Beneficiary", number))?;
    let mut out = Vec::with_capacity(12_000);
    json::object(&mut out, |o| fhir::coverage(o, version, &person, part));
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: Some(format!("{}/Coverage/{id}", call.base)),
    })
}

pub(super) fn search(call: &Call<'_>, version: Version) -> Result<Found, Problem> {
    let profile: &[&str] = &["beneficiary", "_lastUpdated", "_count", "startIndex"];
    check_names(call, "Coverage", profile)?;
    let mut beneficiaries = call.params.all("beneficiary");
    let (Some(beneficiary), None) = (beneficiaries.next(), beneficiaries.next()) else {
        return Err(no_handler(call, "Coverage"));
    };
    let id: i64 = beneficiary
        .strip_prefix("Patient/")
        .unwrap_or(beneficiary)
        .parse()
        .map_err(|_| {
            Problem::Invalid("Failed to parse value for Beneficiary ID as a number.".to_owned())
        })?;
    let updated = Range::parse(call.params.all("_lastUpdated"))?;
    if updated.equality {
        return Err(Problem::Invalid(
            "Unsupported prefix supplied: EQUAL".to_owned(),
        ));
    }
    let person = PersonNumber::of_patient_id(id)
        .map(Person::of)
        .filter(|person| updated.contains(person.updated()));
    let parts: &[Part] = if person.is_some() { &Part::ALL } else { &[] };
    let page = paging::page(call, "Coverage", parts.len())?;
    let newest = person.as_ref().map(Person::updated);
    Ok(bundle::write(
        call,
        Some(parts.len()),
        &page,
        newest,
        &parts[page.range.clone()],
        |o, part| {
            if let Some(person) = &person {
                fhir::coverage(o, version, person, *part);
            }
        },
    ))
}

/// `part-a-…` into `part-a` and a number with an optional sign.
fn parse(id: &str) -> Option<(&str, &str)> {
    let before = id.trim_end_matches(|c: char| c.is_ascii_digit());
    if before.len() == id.len() {
        return None;
    }
    // The second of two dashes is the sign of the number.
    let prefix = before
        .strip_suffix("--")
        .or_else(|| before.strip_suffix('-'))?;
    let alnum = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let (left, right) = prefix.split_once('-')?;
    (alnum(left) && alnum(right)).then(|| (prefix, &id[prefix.len() + 1..]))
}

fn malformed(version: Version, id: &str) -> Problem {
    let pattern = match version {
        Version::V1 => "pattern: {alphaNumericString}-{singleCharacter}-{idNumber}",
        Version::V2 => {
            "patterns: {alphaNumericString}?-{alphaNumericString}-{idNumber} or {alphaNumericString}?-{alphaNumericString}?-{alphaNumericString}-{idNumber}"
        }
    };
    Problem::Invalid(format!(
        "Coverage ID pattern: '{id}' does not match expected {pattern}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_ids_end_in_a_number_that_may_be_negative() {
        assert_eq!(parse("part-a-567834"), Some(("part-a", "567834")));
        assert_eq!(
            parse("part-d--20140000008325"),
            Some(("part-d", "-20140000008325"))
        );
        for id in [
            "bad-format",
            "part-a",
            "part-a-",
            "part-a--",
            "-1",
            "1",
            "",
            "part-a---1",
            "a--1",
            "part-ä-1",
        ] {
            assert_eq!(parse(id), None, "{id}");
        }
    }
}
