//! The release guard (wire contract, section 7.4): an answer of the backend goes in, and comes out
//! [`Cleared`] only where every resource in it has been proved to be the person's. Here the public addresses
//! are put in as well, while the proof is at hand: spans are replaced, every other byte is copied, and a body
//! in which nothing has to be replaced is not even copied.

use std::borrow::Cow;
use std::ops::Range;

use bluegate_shared::owner::{Bundle, Expected, Outcome, Person, Proved, scan};
use bluegate_shared::search::{Search, Shape};
use bytes::Bytes;
use serde_json::json;

use super::access::{self, Authorized};
use super::backend::Answer;
use super::elements;
use super::page::Links;
use super::refusal::Refusal;
use crate::config::Config;

/// A body that is the person's and fit to be released. Nothing but this module makes one.
pub(super) struct Cleared {
    identity: Bytes,
    gzip: Option<Bytes>,
}

impl Cleared {
    /// The body.
    pub(super) const fn identity(&self) -> &Bytes {
        &self.identity
    }

    /// The body and, where nothing was changed, the gzip stream that it came in.
    pub(super) fn into_parts(self) -> (Bytes, Option<Bytes>) {
        (self.identity, self.gzip)
    }

    const fn changed(body: Bytes) -> Self {
        Self {
            identity: body,
            gzip: None,
        }
    }

    fn untouched(answer: Answer) -> Self {
        Self {
            identity: answer.identity,
            gzip: answer.gzip,
        }
    }
}

/// Clears the answer to a read.
pub(super) fn read(
    config: &Config,
    authorized: &Authorized<access::Read>,
    shape: &Shape,
    answer: Answer,
) -> Result<Cleared, Refusal> {
    let resource = authorized.resource();
    let proved = prove(config, authorized, Expected::Resource(resource), &answer)
        .map_err(|doubt| doubt.on_read())?;
    let Some(elements) = shape.elements() else {
        drop(proved);
        return Ok(Cleared::untouched(answer));
    };
    let body = elements::of_resource(proved.text(), resource, authorized.version(), elements)
        .ok_or(Refusal::BackendBroken)?;
    Ok(Cleared::changed(body.into()))
}

/// Clears a page of a search. `sent` are the parameters that the backend was asked with.
pub(super) fn search(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    sent: &[(&'static str, String)],
    answer: Answer,
) -> Result<Cleared, Refusal> {
    let resource = authorized.resource();
    let proved = prove_search(config, authorized, &answer)?;
    let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
    let address = address(config, authorized);
    let links = Links::of(bundle, &address, search);
    let changes = changes(&proved, bundle, &links, sent, &address);
    let Some(elements) = search.shape().elements() else {
        if changes.is_empty() {
            return Ok(Cleared::untouched(answer));
        }
        return Ok(Cleared::changed(
            spliced(proved.text(), &changes).into_owned().into(),
        ));
    };
    let text = spliced(proved.text(), &changes);
    let body = elements::of_bundle(&text, resource, authorized.version(), elements)
        .ok_or(Refusal::BackendBroken)?;
    Ok(Cleared::changed(body.into()))
}

/// What a search comes to when only its total is wanted.
pub(super) fn total_only(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    answer: &Answer,
) -> Result<Cleared, Refusal> {
    let proved = prove_search(config, authorized, answer)?;
    let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
    let address = address(config, authorized);
    // Without a total (v3, and only where there is a further page) the count of a whole answer is the total.
    let total = match bundle.total {
        Some(total) => total,
        None if bundle.links.iter().all(|link| link.relation != "next") => bundle.entries as u64,
        None => return Err(Refusal::BackendBroken),
    };
    let links = Links::only_self(&address, search);
    Ok(Cleared::changed(empty_page(&proved, bundle, total, &links)))
}

/// An empty page for a search that begins at or past the end; nothing where it does not, so that the
/// backend's own objection stands.
pub(super) fn past_the_end(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    answer: &Answer,
) -> Result<Option<Cleared>, Refusal> {
    let proved = prove_search(config, authorized, answer)?;
    let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
    let Some(total) = bundle.total.filter(|total| *total <= search.start_index()) else {
        return Ok(None);
    };
    let address = address(config, authorized);
    let links = Links::past_the_end(&address, search, total);
    Ok(Some(Cleared::changed(empty_page(
        &proved, bundle, total, &links,
    ))))
}

/// Why the scan gave no proof. What that means depends on who named the person.
enum Doubt {
    Foreign,
    NotProved(bluegate_shared::owner::Reason),
}

impl Doubt {
    /// The application named an id, and may have guessed it.
    const fn on_read(self) -> Refusal {
        match self {
            Self::Foreign => Refusal::ForeignRead,
            Self::NotProved(reason) => Refusal::NotProved(reason),
        }
    }

    /// The gateway itself named the person: the backend is wrong.
    const fn on_search(self) -> Refusal {
        match self {
            Self::Foreign => Refusal::ForeignSearch,
            Self::NotProved(reason) => Refusal::NotProved(reason),
        }
    }
}

fn prove_search<'a>(
    config: &Config,
    authorized: &Authorized<access::Search>,
    answer: &'a Answer,
) -> Result<Proved<'a>, Refusal> {
    let expected = Expected::Searchset(authorized.resource());
    prove(config, authorized, expected, answer).map_err(Doubt::on_search)
}

fn prove<'a, I>(
    config: &Config,
    authorized: &Authorized<I>,
    expected: Expected,
    answer: &'a Answer,
) -> Result<Proved<'a>, Doubt> {
    let version = authorized.version().segment();
    let bases = [&config.public_base_url, &config.claims_backend_base]
        .map(|base| format!("{base}/{version}/fhir"));
    let bases = bases.each_ref().map(String::as_str);
    let person = Person::new(authorized.patient_id(), &bases);
    match scan(&answer.identity, expected, &person) {
        Outcome::Proved(proved) => Ok(proved),
        Outcome::ForeignOwner => Err(Doubt::Foreign),
        Outcome::NotProved(reason) => Err(Doubt::NotProved(reason)),
    }
}

fn address<I>(config: &Config, authorized: &Authorized<I>) -> String {
    format!(
        "{}/{}/fhir/{}",
        config.public_base_url,
        authorized.version().segment(),
        authorized.resource().name()
    )
}

/// What has to be replaced, in the order of the body.
fn changes(
    proved: &Proved<'_>,
    bundle: &Bundle<'_>,
    links: &Links<'_>,
    sent: &[(&'static str, String)],
    address: &str,
) -> Vec<(Range<usize>, String)> {
    let mut changes = Vec::new();
    match &bundle.link_span {
        Some(span) if links.are_already(&bundle.links, sent) => debug_assert!(!span.is_empty()),
        Some(span) => changes.push((span.clone(), links.to_json())),
        None => {
            let start = after_brace(proved.text());
            changes.push((start..start, format!(r#""link":{},"#, links.to_json())));
        }
    }
    for full_url in &bundle.full_urls {
        let public = format!("{address}/{}", full_url.id);
        if full_url.url != public {
            changes.push((full_url.span.clone(), json!(public).to_string()));
        }
    }
    // `link` may stand before or after the entries.
    changes.sort_by_key(|(span, _)| span.start);
    changes
}

/// Where the first member of the Bundle begins. A proved Bundle has one: its `resourceType`.
fn after_brace(text: &str) -> usize {
    text.find('{').map_or(0, |brace| brace + 1)
}

fn spliced<'a>(text: &'a str, changes: &[(Range<usize>, String)]) -> Cow<'a, str> {
    if changes.is_empty() {
        return Cow::Borrowed(text);
    }
    let added: usize = changes.iter().map(|(_, new)| new.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut copied = 0;
    for (span, new) in changes {
        // Spans come from one pass over this text and never overlap.
        out.push_str(text.get(copied..span.start).unwrap_or_default());
        out.push_str(new);
        copied = span.end;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// A Bundle of the backend without its entries.
fn empty_page(proved: &Proved<'_>, bundle: &Bundle<'_>, total: u64, links: &Links<'_>) -> Bytes {
    let member = |name: &str, span: &Option<Range<usize>>| {
        span.as_ref()
            .and_then(|span| proved.text().get(span.clone()))
            .map(|value| format!(r#","{name}":{value}"#))
            .unwrap_or_default()
    };
    Bytes::from(format!(
        r#"{{"resourceType":"Bundle"{}{},"type":"searchset","total":{total},"link":{}}}"#,
        member("id", &bundle.id_span),
        member("meta", &bundle.meta_span),
        links.to_json()
    ))
}
