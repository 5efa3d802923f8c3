//! Pages of v3: `_count` and `_offset`, which `startIndex` stands in for.

use std::ops::Range;

use super::Call;
use crate::backend::problem::Problem;

/// The page size where none is given.
const DEFAULT_SIZE: i64 = 5_000;

/// The part of the result that is sent.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) range: Range<usize>,
    /// Relation and URL, in the order they are sent.
    pub(super) links: Vec<(&'static str, String)>,
    /// Entries of this page, told only where no page follows and there are any.
    pub(super) total: Option<usize>,
}

/// Cuts a result of `all` entries into the page that was asked for.
pub(super) fn cut(call: &Call<'_>, all: usize) -> Result<Page, Problem> {
    let count = number(call, "_count")?.unwrap_or(DEFAULT_SIZE);
    let start = match number(call, "_offset")? {
        Some(offset) => offset,
        None => number(call, "startIndex")?.unwrap_or(0),
    };
    if count < 0 || start < 0 {
        // Not checked by the real backend, whose query then fails.
        return Err(Problem::FailureV3);
    }
    let place = |at: i64| usize::try_from(at).unwrap_or(usize::MAX).min(all);
    let (first, end) = (place(start), place(start.saturating_add(count)));
    let own = ("self", call.own_url.clone());
    if first == end {
        // Nothing to show: the bundle has no total and leads nowhere.
        return Ok(Page {
            range: 0..0,
            links: vec![own],
            total: None,
        });
    }
    let mut links = Vec::with_capacity(3);
    if end < all {
        links.push(("next", at(call, start + count)));
    }
    if start > 0 {
        links.push(("previous", at(call, (start - count).max(0))));
    }
    links.push(own);
    Ok(Page {
        range: first..end,
        links,
        total: (end == all).then_some(end - first),
    })
}

fn number(call: &Call<'_>, parameter: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = call.params.first(parameter) else {
        return Ok(None);
    };
    text.parse::<i32>()
        .map(|value| Some(i64::from(value)))
        .map_err(|_| Problem::Invalid("Numeric input was not in a valid format".to_owned()))
}

/// The URL as received with another offset, which is left out where it is zero.
fn at(call: &Call<'_>, offset: i64) -> String {
    let (path, query) = call.own_url.split_once('?').unwrap_or((&call.own_url, ""));
    let mut kept: Vec<String> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or("");
            !matches!(name, "" | "_offset" | "startIndex")
        })
        .map(str::to_owned)
        .collect();
    if offset > 0 {
        kept.push(format!("_offset={offset}"));
    }
    if kept.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", kept.join("&"))
    }
}
