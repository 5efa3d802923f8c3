//! Links of a Bundle (docs/contract/07-fhir.md, 7.5): built from the client's request and the backend's page
//! numbers, whatever base and parameters the backend wrote into its own.

use bluegate_shared::owner::{Bundle, Link};
use bluegate_shared::search::Search;
use serde_json::json;

use crate::oauth::parameters::pairs;

/// Links of one page on the public base.
pub(super) struct Links<'a> {
    /// `{public_base_url}/vN/fhir/{resource}`.
    address: &'a str,
    search: &'a Search,
    pages: Vec<(&'static str, u64)>,
}

impl<'a> Links<'a> {
    /// The links that the backend has, with its page numbers.
    pub(super) fn of(bundle: &Bundle<'_>, address: &'a str, search: &'a Search) -> Self {
        let total = bundle.total;
        let mut pages: Vec<_> = bundle
            .links
            .iter()
            .filter_map(|link| {
                let relation = relation(&link.relation)?;
                let start_index = match relation {
                    "self" => search.start_index(),
                    "first" => 0,
                    // v3 leaves an offset of 0 out.
                    "previous" => number(link, &START_INDEX).unwrap_or(0),
                    // Onwards only, and never past the end: a pager must come to an end.
                    "next" => number(link, &START_INDEX).filter(|next| {
                        *next > search.start_index() && total.is_none_or(|total| *next < total)
                    })?,
                    _ => number(link, &START_INDEX).filter(|_| total != Some(0))?,
                };
                Some((relation, start_index))
            })
            .collect();
        if !pages.iter().any(|(relation, _)| *relation == "self") {
            pages.push(("self", search.start_index()));
        }
        Self {
            address,
            search,
            pages,
        }
    }

    /// The links of a page past the end.
    pub(super) fn past_the_end(address: &'a str, search: &'a Search, total: u64) -> Self {
        let count = u64::from(search.count()).max(1);
        let mut pages = vec![("first", 0)];
        if total > 0 {
            let last = (total - 1) / count * count;
            pages.push(("previous", last));
            pages.push(("last", last));
        }
        pages.push(("self", search.start_index()));
        Self {
            address,
            search,
            pages,
        }
    }

    /// The link of an answer that has no pages.
    pub(super) fn only_self(address: &'a str, search: &'a Search) -> Self {
        Self {
            address,
            search,
            pages: vec![("self", 0)],
        }
    }

    /// The `link` array.
    pub(super) fn to_json(&self) -> String {
        let links: Vec<_> = self
            .pages
            .iter()
            .map(|(relation, start_index)| {
                let query = if self.search.is_count_only() {
                    self.search.query()
                } else {
                    self.search.query_of_page(*start_index)
                };
                let url = if query.is_empty() {
                    self.address.to_owned()
                } else {
                    format!("{}?{query}", self.address)
                };
                json!({ "relation": relation, "url": url })
            })
            .collect();
        json!(links).to_string()
    }

    /// Whether the backend's links say the very same, on the public base, so that they may stay: same
    /// relations, same pages, and exactly the parameters that were `sent`, each spelled as the client spelled
    /// it (a pager repeats its query on top of a link).
    pub(super) fn are_already(&self, links: &[Link<'_>], sent: &[(&'static str, String)]) -> bool {
        self.repeats_the_request(sent)
            && links.len() == self.pages.len()
            && links.iter().zip(&self.pages).all(|(link, page)| {
                link.relation == page.0
                    && self.is_public(link, sent)
                    && number(link, &["startIndex"]).unwrap_or(0) == page.1
            })
    }

    fn repeats_the_request(&self, sent: &[(&'static str, String)]) -> bool {
        pairs(self.search.query().as_bytes()).all(|(name, value)| {
            matches!(
                &*name,
                "_count" | "startIndex" | "patient" | "beneficiary" | "_id"
            ) || sent
                .iter()
                .any(|(known, text)| *known == name && *text == value)
        })
    }

    fn is_public(&self, link: &Link<'_>, sent: &[(&'static str, String)]) -> bool {
        let Some(query) = link
            .url
            .strip_prefix(self.address)
            .map(|rest| rest.strip_prefix('/').unwrap_or(rest))
            .and_then(|rest| rest.strip_prefix('?'))
        else {
            return false;
        };
        let found: Vec<_> = pairs(query.as_bytes())
            .filter(|(name, _)| name != "startIndex")
            .collect();
        let wanted: Vec<_> = sent
            .iter()
            .filter(|(name, _)| *name != "startIndex")
            .collect();
        found.len() == wanted.len()
            && wanted
                .iter()
                .all(|(name, value)| found.iter().any(|(n, v)| n == name && v == value))
    }
}

/// v3 calls it `_offset`.
const START_INDEX: [&str; 2] = ["startIndex", "_offset"];

fn relation(relation: &str) -> Option<&'static str> {
    match relation {
        "first" => Some("first"),
        "last" => Some("last"),
        "next" => Some("next"),
        "prev" | "previous" => Some("previous"),
        "self" => Some("self"),
        _ => None,
    }
}

fn number(link: &Link<'_>, names: &[&str]) -> Option<u64> {
    let (_, query) = link.url.split_once('?')?;
    pairs(query.as_bytes())
        .find(|(name, _)| names.contains(&&**name))
        .and_then(|(_, value)| value.parse().ok())
}
