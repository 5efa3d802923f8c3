//! Coverage: read, and search by `beneficiary` or `_id`.

use super::{last_updated, number, patient_reference, whole};
use crate::backend::params::{check_names, no_handler};
use crate::backend::{Call, Found, Problem};
use crate::fhir::json;
use crate::fhir::v3::{self, Plan};
use crate::people::{Person, PersonNumber};

pub(super) fn read(call: &Call<'_>, id: &str) -> Result<Found, Problem> {
    let asked = Asked::parse(id)?;
    let person = asked
        .person()
        .ok_or_else(|| Problem::unknown("Coverage", id))?;
    let mut out = Vec::with_capacity(4_000);
    json::object(&mut out, |o| {
        if asked.is_of(&person) {
            v3::coverage(o, &person, asked.plan);
        } else {
            // The real backend knows the person and has nothing to say: not valid FHIR, and kept.
            o.text("resourceType", "Coverage");
            o.text("id", id);
        }
    });
    Ok(Found {
        json: out,
        updated: person.updated(),
        location: Some(format!("{}/Coverage/{id}", call.base)),
    })
}

pub(super) fn search(call: &Call<'_>) -> Result<Found, Problem> {
    check_names(
        call,
        "Coverage",
        &["_id", "beneficiary", "class-value", "_lastUpdated"],
    )?;
    let (person, only) = match (call.params.first("_id"), call.params.first("beneficiary")) {
        (Some(id), None) => {
            let asked = Asked::parse(id)?;
            (
                asked.person().filter(|person| asked.is_of(person)),
                Some(asked.plan),
            )
        }
        (None, Some(beneficiary)) => (
            PersonNumber::of_v3_id(patient_reference(beneficiary)?).map(Person::of),
            call.params.first("class-value").and_then(class),
        ),
        _ => return Err(no_handler(call, "Coverage")),
    };
    let updated = last_updated(call)?;
    let person = person.filter(|person| updated.contains(person.updated()));
    let plans: Vec<Plan> = Plan::ALL
        .into_iter()
        .filter(|plan| only.is_none_or(|only| only == *plan))
        .filter(|plan| person.as_ref().is_some_and(|person| plan.covers(person)))
        .collect();
    let newest = person.as_ref().map(Person::updated);
    Ok(whole(call, &plans, newest, |o, plan| {
        if let Some(person) = &person {
            v3::coverage(o, person, *plan);
        }
    }))
}

/// The plan that `class-value` names; an unknown name selects everything.
fn class(value: &str) -> Option<Plan> {
    let plain = value.to_ascii_lowercase().replace([' ', '_'], "-");
    Plan::ALL.into_iter().find(|plan| plan.prefix() == plain)
}

/// An id such as `part-c-405764107-H1234-003`, with or without contract and plan.
#[derive(Debug)]
struct Asked<'a> {
    plan: Plan,
    patient: i64,
    contract: Option<(&'a str, &'a str)>,
}

impl<'a> Asked<'a> {
    fn parse(id: &'a str) -> Result<Self, Problem> {
        let malformed = || {
            Problem::Invalid(
                "Invalid Coverage ID format. Expected pattern like 'part-c-12345-H1234-001'."
                    .to_owned(),
            )
        };
        let lower = id.to_ascii_lowercase();
        let Some(plan) = Plan::ALL.into_iter().find(|plan| {
            lower
                .strip_prefix(plan.prefix())
                .is_some_and(|rest| rest.starts_with('-'))
        }) else {
            return Err(
                if lower.starts_with("part-") && lower.matches('-').count() > 1 {
                    Problem::Invalid(
                        "Unrecognized or unsupported coverage part identifier prefix provided."
                            .to_owned(),
                    )
                } else {
                    malformed()
                },
            );
        };
        let rest = id.get(plan.prefix().len() + 1..).ok_or_else(malformed)?;
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let sign = rest.len() - digits.len();
        let end = sign
            + digits
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(digits.len());
        let (patient, tail) = rest.split_at(end);
        let patient = number(patient, "").map_err(|_| malformed())?;
        let contract = match tail.strip_prefix('-') {
            Some(tail) => Some(tail.split_once('-').ok_or_else(malformed)?),
            None if tail.is_empty() => None,
            None => return Err(malformed()),
        };
        Ok(Self {
            plan,
            patient,
            contract,
        })
    }

    fn person(&self) -> Option<Person> {
        PersonNumber::of_v3_id(self.patient).map(Person::of)
    }

    /// Whether the person has this very plan.
    fn is_of(&self, person: &Person) -> bool {
        self.plan.covers(person)
            && (self.contract.is_none() || self.contract == self.plan.contract(person))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_or_long_and_of_any_case() {
        for (id, expected) in [
            ("part-a-405764107", (Plan::PartA, 405_764_107, None)),
            ("PART-B--398429691", (Plan::PartB, -398_429_691, None)),
            (
                "part-c--398429691-Z0001-003",
                (Plan::PartC, -398_429_691, Some(("Z0001", "003"))),
            ),
            ("dual--1", (Plan::Dual, -1, None)),
        ] {
            let asked = Asked::parse(id).unwrap();
            assert_eq!(
                (asked.plan, asked.patient, asked.contract),
                expected,
                "{id}"
            );
        }
        for id in [
            "part-a-abc",
            "part-a-",
            "part-a--",
            "part-a-1-",
            "part-a-1x",
            "part-a",
            "dual",
            "",
            "part-ä-1",
            "junk",
        ] {
            assert!(Asked::parse(id).is_err(), "{id}");
        }
    }
}
