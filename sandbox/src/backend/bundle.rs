//! The searchset bundle: no `fullUrl`, no `search`, `entry` only where there is one; `total` always in v1 and v2.

use sha2::{Digest, Sha256};

use super::paging::Page;
use super::{Call, Found};
use crate::date::Day;
use crate::fhir::json::{self, Obj};

/// Writes a bundle of `total` matches (v3 does not always tell), of which `entries` are on this page. `newest` is the last load of an entry.
pub(super) fn write<T>(
    call: &Call<'_>,
    total: Option<usize>,
    page: &Page,
    newest: Option<Day>,
    entries: &[T],
    write: impl Fn(&mut Obj<'_>, &T),
) -> Found {
    // The last weekly load, or an entry that is newer.
    let updated = newest.map_or(call.today.last_friday(), |newest| {
        newest.max(call.today.last_friday())
    });
    let mut out = Vec::with_capacity(1024 + entries.len() * 20_000);
    json::object(&mut out, |o| {
        o.text("resourceType", "Bundle");
        o.text("id", &id(call, updated));
        o.object("meta", |o| o.text("lastUpdated", &updated.instant()));
        o.text("type", "searchset");
        if let Some(total) = total {
            o.int("total", i64::try_from(total).unwrap_or(i64::MAX));
        }
        o.array("link", |a| {
            for (relation, url) in &page.links {
                a.object(|o| {
                    o.text("relation", relation);
                    o.text("url", url);
                });
            }
        });
        if !entries.is_empty() {
            o.array("entry", |a| {
                for entry in entries {
                    a.object(|o| o.object("resource", |o| write(o, entry)));
                }
            });
        }
    });
    Found {
        json: out,
        updated,
        location: None,
    }
}

/// The real id is random; this one follows from the request, so that the same request has the same bytes.
fn id(call: &Call<'_>, updated: Day) -> String {
    let mut digest = Sha256::new();
    digest.update(&call.own_url);
    for (name, value) in call.params.repeated() {
        digest.update(name);
        digest.update(value);
    }
    digest.update(updated.0.to_be_bytes());
    let hex: String = digest
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
