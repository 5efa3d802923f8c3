//! Searches by `_id` of Coverage and ExplanationOfBenefit (docs/contract/07-fhir.md, 7.3). v1 and v2 of the backend do
//! not know the parameter there: each resource is read, and what is found becomes a page that the guard sees like
//! any other.

use bluegate_shared::search::Search;
use bytes::Bytes;

use super::access::{self, Authorized};
use super::guard::{self, VerifiedBody};
use super::refusal::Refusal;
use super::trail::Trail;
use super::{backend, v3};
use crate::base::claims_backend::breaker::BreakerPermit;
use crate::base::context::App;
use crate::base::http::Request;
use crate::base::version::Version;

/// Reads what the search names, and verifies the page that it wants.
pub(super) async fn search(
    app: &App,
    request: &Request,
    authorized: &Authorized<access::Search>,
    breaker_permit: &mut BreakerPermit,
    search: &Search,
    trail: &mut Trail<'_>,
) -> Result<VerifiedBody, Refusal> {
    let mut found = Vec::with_capacity(search.ids().len());
    for id in search.ids() {
        match read(app, request, authorized, breaker_permit, id, trail).await {
            Ok(resource) => found.push(resource),
            // An id that the backend does not know, or that cannot be one of its own.
            Err(Refusal::NotFound | Refusal::BackendRejected(_)) => {}
            // Somebody else's looks like an unknown one, and is noted like a read of it.
            Err(foreign @ Refusal::ForeignRead) => trail.refused(&foreign).await,
            Err(refusal) => return Err(refusal),
        }
    }
    let page = page(search, &found, &request.request_id);
    if search.is_count_only() {
        let answer = backend::Answer::plain(page);
        return guard::total_only(&app.config, authorized, search, &answer);
    }
    guard::found(&app.config, authorized, search, page)
}

/// One resource that is proved to be the person's.
async fn read(
    app: &App,
    request: &Request,
    authorized: &Authorized<access::Search>,
    breaker_permit: &mut BreakerPermit,
    id: &str,
    trail: &mut Trail<'_>,
) -> Result<Bytes, Refusal> {
    let resource = authorized.resource();
    let path = format!("{}/{id}", resource.name());
    let mut answer = backend::get(app, request, authorized, breaker_permit, &path, trail).await?;
    if authorized.version() == Version::V3 {
        answer = v3::read(answer, resource, id)?;
    }
    guard::is_own(&app.config, authorized, &answer)?;
    Ok(answer.identity)
}

/// The page that is wanted, with what is needed to link the others.
fn page(search: &Search, found: &[Bytes], id: &str) -> Bytes {
    let count = usize::from(search.count());
    let start = usize::try_from(search.start_index()).unwrap_or(usize::MAX);
    let end = start.saturating_add(count);
    let mut links = vec![("self", start)];
    if start > 0 {
        links.push(("previous", start.saturating_sub(count)));
    }
    if end < found.len() {
        links.push(("next", end));
    }
    let links: Vec<_> = links
        .into_iter()
        .map(|(relation, start)| {
            format!("{{\"relation\":\"{relation}\",\"url\":\"?startIndex={start}\"}}")
        })
        .collect();
    let entries: Vec<_> = found
        .iter()
        .skip(start)
        .take(count)
        .filter_map(|resource| std::str::from_utf8(resource).ok())
        .map(|resource| format!("{{\"resource\":{resource}}}"))
        .collect();
    let entries = if entries.is_empty() {
        String::new()
    } else {
        format!(",\"entry\":[{}]", entries.join(","))
    };
    format!(
        "{{\"resourceType\":\"Bundle\",\"id\":\"{id}\",\"type\":\"searchset\",\"total\":{},\"link\":[{}]{entries}}}",
        found.len(),
        links.join(",")
    )
    .into()
}
