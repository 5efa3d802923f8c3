//! v3: a server of its own, with other patient ids, other rules for pages and other words for what is wrong.

mod coverage;
mod eob;
mod filter;
mod page;
mod patient;

use super::dates::Range;
use super::paging::Page;
use super::problem::Problem;
use super::{Call, Found, bundle};
use crate::date::Day;
use crate::fhir::json::Obj;

/// Answers a read of `id`, which an operation may follow, or a search where there is none.
pub(super) fn route(call: &Call<'_>, resource: &str, id: Option<&str>) -> Result<Found, Problem> {
    match (resource, id) {
        ("Patient", Some(id)) => match id.strip_suffix("/$generate-insurance-card") {
            Some(id) => patient::insurance_card(call, id),
            None => patient::read(call, id),
        },
        ("Patient", None) => patient::search(call),
        ("Coverage", Some(id)) => coverage::read(call, id),
        ("Coverage", None) => coverage::search(call),
        ("ExplanationOfBenefit", Some(id)) => eob::read(call, id),
        ("ExplanationOfBenefit", None) => eob::search(call),
        _ => Err(Problem::unknown_resource(resource)),
    }
}

/// A bundle of everything that was found: only claims come in pages. An empty one has no `total`.
fn whole<T>(
    call: &Call<'_>,
    entries: &[T],
    newest: Option<Day>,
    write: impl Fn(&mut Obj<'_>, &T),
) -> Found {
    let page = Page {
        range: 0..entries.len(),
        links: vec![("self", call.own_url.clone())],
    };
    let total = (!entries.is_empty()).then_some(entries.len());
    bundle::write(call, total, &page, newest, entries, write)
}

/// `_lastUpdated`; a bare date bounds both sides, which v1 and v2 refuse.
fn last_updated(call: &Call<'_>) -> Result<Range, Problem> {
    Range::parse(call.params.all("_lastUpdated"))
}

/// A number that stands for an id: a sign and digits.
fn number(text: &str, refusal: &str) -> Result<i64, Problem> {
    text.parse()
        .map_err(|_| Problem::Invalid(refusal.to_owned()))
}

/// The number in `123` or `Patient/123`.
fn patient_reference(text: &str) -> Result<i64, Problem> {
    let id = match text.rsplit_once('/') {
        Some(("Patient", id)) => id,
        Some(_) => return Err(Problem::Invalid("Invalid resource type".to_owned())),
        None => text,
    };
    number(id, "Reference is not a valid number")
}

#[cfg(test)]
mod tests;
