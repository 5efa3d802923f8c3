//! Pages: `_count` and `startIndex`, and the links between pages.

use std::ops::Range;

use super::Call;
use super::problem::Problem;

/// The page size where only `startIndex` is given.
const DEFAULT_SIZE: i64 = 10;

/// The part of the result that is sent, and its links.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Page {
    /// Places in the full result.
    pub(super) range: Range<usize>,
    /// Relation and URL, in the order they are sent.
    pub(super) links: Vec<(&'static str, String)>,
}

/// Cuts a result of `total` entries into the page that was asked for.
pub(super) fn page(call: &Call<'_>, resource: &str, total: usize) -> Result<Page, Problem> {
    let count = number(call, "_count", "pageSize")?;
    let start = number(call, "startIndex", "startIndex")?;
    let own = ("self", call.own_url.clone());
    if count.is_none() && start.is_none() {
        return Ok(Page {
            range: 0..total,
            links: vec![own],
        });
    }
    let (count, start) = (count.unwrap_or(DEFAULT_SIZE), start.unwrap_or(0));
    if count == 0 {
        return Err(Problem::Invalid("Invalid pageSize '0'".to_owned()));
    }
    let all = i64::try_from(total).unwrap_or(i64::MAX);
    if start >= all && all > 0 {
        // The doubled word is the real backend's.
        return Err(Problem::Invalid(format!(
            "Value for startIndex ({start}) must be less than than result size ({all})"
        )));
    }
    let link = |at: i64| link(call, resource, at, count);
    let end = start.saturating_add(count);
    let mut links = vec![("first", link(0))];
    if end < all {
        links.push(("next", link(end)));
    }
    if start > 0 {
        links.push(("previous", link((start - count).max(0))));
    }
    // Division that rounds towards zero: an empty result with pages of one has its last page at -1.
    links.push(("last", link((all - 1) / count * count)));
    links.push(own);
    let place = |at: i64| usize::try_from(at.min(all)).unwrap_or(0);
    Ok(Page {
        range: place(start)..place(end),
        links,
    })
}

fn number(call: &Call<'_>, parameter: &str, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = call.params.first(parameter) else {
        return Ok(None);
    };
    let value: i32 = text.parse().map_err(|_| {
        Problem::Invalid(format!(
            "Failed to parse value for {parameter} as a number."
        ))
    })?;
    if value < 0 {
        return Err(Problem::Invalid(format!(
            "Value for {name} cannot be negative: {value}"
        )));
    }
    Ok(Some(i64::from(value)))
}

/// A page link is a GET URL even where the search was a POST.
fn link(call: &Call<'_>, resource: &str, start: i64, count: i64) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(call.params.repeated())
        .append_pair("startIndex", &start.to_string())
        .append_pair("_count", &count.to_string())
        .finish();
    format!("{}/{resource}?{query}", call.base)
}
