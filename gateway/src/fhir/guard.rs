//! The release guard (docs/contract/07-fhir.md, 7.4): an answer of the backend goes in, and comes out
//! [`VerifiedBody`] only where every resource in it has been proved to be the person's. Here the public addresses
//! are put in as well, while the proof is at hand: spans are replaced, every other byte is copied, and a body
//! in which nothing has to be replaced is not even copied.

use std::borrow::Cow;
use std::ops::Range;

use bluegate_shared::id::PatientId;
use bluegate_shared::owner::{Bundle, Expected, Outcome, Person, Proved, scan, scan_card};
use bluegate_shared::scope::ResourceType;
use bluegate_shared::search::{Search, Shape};
use bytes::Bytes;
use serde_json::json;

use super::access::{self, Authorized};
use super::backend::Answer;
use super::evidence::{Card, is_uuid};
use super::page::Links;
use super::refusal::Refusal;
use super::{elements, v3};
use crate::base::config::Config;
use crate::base::version::Version;

/// What was asked of the backend, as far as the guard has to know. The decisions are functions of this and
/// of the answer's bytes alone, so that fuzzers and benches drive the very code that serves calls; what they
/// give is a body, and only the functions of this module that hold an authorized call make a verified one.
#[derive(Clone, Copy, Debug)]
pub struct GuardContext<'a> {
    /// `public_base_url`.
    pub public_base: &'a str,
    /// The base of the claims backend, without version.
    pub backend_base: &'a str,
    /// The version of the call.
    pub version: Version,
    /// The resource type that was asked for.
    pub resource: ResourceType,
    /// The person of the grant, in the id space of the version.
    pub person: &'a PatientId,
}

impl GuardContext<'_> {
    /// The answer to a read: borrowed where nothing had to be changed.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] where it is not proved to be the person's.
    pub fn read<'b>(&self, shape: &Shape, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Refusal> {
        let proved = self
            .prove(Expected::Resource(self.resource), body)
            .map_err(GuardFailure::on_read)?;
        let Some(elements) = shape.elements() else {
            return Ok(Cow::Borrowed(body));
        };
        elements::of_resource(proved.text(), self.resource, self.version, elements)
            .map(|body| Cow::Owned(body.into_bytes()))
            .ok_or(Refusal::BackendBroken)
    }

    /// A page of a search: borrowed where nothing had to be changed. `sent` are the parameters that the
    /// backend was asked with.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] where it is not proved to be the person's.
    pub fn page<'b>(
        &self,
        search: &Search,
        sent: &[(&'static str, String)],
        body: &'b [u8],
    ) -> Result<Cow<'b, [u8]>, Refusal> {
        self.counted_page(search, sent, body).map(|(page, _)| page)
    }

    /// The same with the total that the backend counts.
    fn counted_page<'b>(
        &self,
        search: &Search,
        sent: &[(&'static str, String)],
        body: &'b [u8],
    ) -> Result<(Cow<'b, [u8]>, Option<u64>), Refusal> {
        let proved = self.prove_search(body)?;
        let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
        let address = self.address();
        let links = Links::of(bundle, &address, search);
        let changes = changes(&proved, bundle, &links, sent, &address);
        let text = spliced(proved.text(), &changes);
        let Some(elements) = search.shape().elements() else {
            let page = match text {
                Cow::Borrowed(_) => Cow::Borrowed(body),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            };
            return Ok((page, bundle.total));
        };
        elements::of_bundle(&text, self.resource, self.version, elements)
            .map(|body| (Cow::Owned(body.into_bytes()), bundle.total))
            .ok_or(Refusal::BackendBroken)
    }

    /// What a search comes to when only its total is wanted.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] where the page is not proved to be the person's, or gives no total.
    pub fn total_only(&self, search: &Search, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let proved = self.prove_search(body)?;
        let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
        // Without a total (v3, and only where there is a further page) the count of a whole answer is the total.
        let total = match bundle.total {
            Some(total) => total,
            None if bundle.links.iter().all(|link| link.relation != "next") => {
                bundle.entries as u64
            }
            None => return Err(Refusal::BackendBroken),
        };
        let address = self.address();
        let links = Links::only_self(&address, search);
        Ok(empty_page(&proved, bundle, total, &links))
    }

    /// An empty page for a search that begins at or past the end; `None` if it does not, so that the
    /// backend's own objection stands.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] where the page is not proved to be the person's.
    pub fn past_the_end(&self, search: &Search, body: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let proved = self.prove_search(body)?;
        let bundle = proved.bundle().ok_or(Refusal::BackendBroken)?;
        let Some(total) = bundle.total.filter(|total| *total <= search.start_index()) else {
            return Ok(None);
        };
        let address = self.address();
        let links = Links::past_the_end(&address, search, total);
        Ok(Some(empty_page(&proved, bundle, total, &links)))
    }

    /// An insurance card, which is shown as it came. `record` is the Patient that the person was read as.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] where one of them is not proved to be the person's, or there is nothing on the card.
    pub fn card(&self, record: &[u8], body: &[u8]) -> Result<(), Refusal> {
        self.record(record)?;
        let card = Card::read(body).map_err(Refusal::NotProved)?;
        if card.is_empty() {
            return Err(Refusal::NotFound);
        }
        let alias = card.patient_id().map_err(Refusal::NotProved)?;
        if alias != self.person.as_str() && !is_uuid(alias) {
            return Err(Refusal::ForeignSearch);
        }
        let bases = self.bases();
        let bases = bases.each_ref().map(String::as_str);
        let person = Person::new(self.person, &bases).known_as(alias);
        proved(scan_card(body, &person)).map_err(GuardFailure::on_search)?;
        card.is_of(record).map_err(Refusal::NotProved)
    }

    /// The Patient of the person, whom the gateway itself named.
    fn record(&self, body: &[u8]) -> Result<(), Refusal> {
        self.prove(Expected::Resource(ResourceType::Patient), body)
            .map(|_| ())
            .map_err(GuardFailure::on_search)
    }

    fn prove_search<'b>(&self, body: &'b [u8]) -> Result<Proved<'b>, Refusal> {
        self.prove(Expected::Searchset(self.resource), body)
            .map_err(GuardFailure::on_search)
    }

    fn prove<'b>(&self, expected: Expected, body: &'b [u8]) -> Result<Proved<'b>, GuardFailure> {
        let bases = self.bases();
        let bases = bases.each_ref().map(String::as_str);
        proved(scan(body, expected, &Person::new(self.person, &bases)))
    }

    fn bases(&self) -> [String; 2] {
        let version = self.version.segment();
        [self.public_base, self.backend_base].map(|base| format!("{base}/{version}/fhir"))
    }

    fn address(&self) -> String {
        format!(
            "{}/{}/fhir/{}",
            self.public_base,
            self.version.segment(),
            self.resource.name()
        )
    }
}

/// A body that is the person's and fit to be released. Nothing but this module makes one.
pub(super) struct VerifiedBody {
    identity: Bytes,
    gzip: Option<Bytes>,
    total: Option<u64>,
}

impl VerifiedBody {
    /// The body.
    pub(super) const fn identity(&self) -> &Bytes {
        &self.identity
    }

    /// How many resources the backend counts for a search.
    pub(super) const fn total(&self) -> Option<u64> {
        self.total
    }

    fn counting(self, total: Option<u64>) -> Self {
        Self { total, ..self }
    }

    /// The body and, where nothing was changed, the gzip stream that it came in.
    pub(super) fn into_parts(self) -> (Bytes, Option<Bytes>) {
        (self.identity, self.gzip)
    }

    const fn changed(body: Bytes) -> Self {
        Self {
            identity: body,
            gzip: None,
            total: None,
        }
    }

    fn untouched(answer: Answer) -> Self {
        Self {
            identity: answer.identity,
            gzip: answer.gzip,
            total: None,
        }
    }

    fn of(changed: Option<Vec<u8>>, answer: Answer) -> Self {
        match changed {
            Some(body) => Self::changed(body.into()),
            None => Self::untouched(answer),
        }
    }
}

/// Verifies the answer to a read.
pub(super) fn read(
    config: &Config,
    authorized: &Authorized<access::Read>,
    shape: &Shape,
    answer: Answer,
) -> Result<VerifiedBody, Refusal> {
    let changed = owned(context(config, authorized).read(shape, &answer.identity)?);
    current(&answer)?;
    Ok(VerifiedBody::of(changed, answer))
}

/// Verifies a page of a search. `sent` are the parameters that the backend was asked with.
pub(super) fn search(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    sent: &[(&'static str, String)],
    answer: Answer,
) -> Result<VerifiedBody, Refusal> {
    let context = context(config, authorized);
    let mut answer = answer;
    if authorized.version() == Version::V3 {
        // All of it is proved, not only what is shown.
        context.prove_search(&answer.identity)?;
        current(&answer)?;
        answer = v3::cut(answer, search);
    }
    let (page, total) = context.counted_page(search, sent, &answer.identity)?;
    let changed = owned(page);
    Ok(VerifiedBody::of(changed, answer).counting(total))
}

/// Whether one resource is the person's, before it takes its place in a page.
pub(super) fn is_own(
    config: &Config,
    authorized: &Authorized<access::Search>,
    answer: &Answer,
) -> Result<(), Refusal> {
    let context = context(config, authorized);
    let expected = Expected::Resource(context.resource);
    context
        .prove(expected, &answer.identity)
        .map_err(GuardFailure::on_read)?;
    current(answer)
}

/// Verifies a page that was made of resources that were read one by one.
pub(super) fn found(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    page: Bytes,
) -> Result<VerifiedBody, Refusal> {
    let (body, total) = context(config, authorized).counted_page(search, &[], &page)?;
    Ok(VerifiedBody::of(owned(body), Answer::plain(page)).counting(total))
}

/// Verifies the total of a search.
pub(super) fn total_only(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    answer: &Answer,
) -> Result<VerifiedBody, Refusal> {
    let body = context(config, authorized).total_only(search, &answer.identity)?;
    current(answer)?;
    Ok(VerifiedBody::changed(body.into()))
}

/// Verifies the empty page of a search that begins at or past the end; `None` if it does not.
pub(super) fn past_the_end(
    config: &Config,
    authorized: &Authorized<access::Search>,
    search: &Search,
    answer: &Answer,
) -> Result<Option<VerifiedBody>, Refusal> {
    let body = context(config, authorized).past_the_end(search, &answer.identity)?;
    current(answer)?;
    Ok(body.map(|body| VerifiedBody::changed(body.into())))
}

/// The person's own record, read to hold other answers against it.
pub(super) fn record(
    config: &Config,
    authorized: &Authorized<access::Card>,
    answer: Answer,
) -> Result<Bytes, Refusal> {
    context(config, authorized).record(&answer.identity)?;
    current(&answer)?;
    Ok(answer.identity)
}

/// Verifies the person's insurance card.
pub(super) fn card(
    config: &Config,
    authorized: &Authorized<access::Card>,
    record: &[u8],
    answer: Answer,
) -> Result<VerifiedBody, Refusal> {
    context(config, authorized).card(record, &answer.identity)?;
    Ok(VerifiedBody::untouched(answer))
}

/// Whether a record that is proved to be the person's is one that is still in use.
fn current(answer: &Answer) -> Result<(), Refusal> {
    if answer.replaced {
        Err(Refusal::NoPatientInVersion)
    } else {
        Ok(())
    }
}

fn context<'a, I>(config: &'a Config, authorized: &'a Authorized<I>) -> GuardContext<'a> {
    GuardContext {
        public_base: &config.public_base_url,
        backend_base: &config.claims_backend_base,
        version: authorized.version(),
        resource: authorized.resource(),
        person: authorized.patient_id(),
    }
}

/// What had to be changed, or nothing.
fn owned(body: Cow<'_, [u8]>) -> Option<Vec<u8>> {
    match body {
        Cow::Borrowed(_) => None,
        Cow::Owned(body) => Some(body),
    }
}

fn proved(outcome: Outcome<'_>) -> Result<Proved<'_>, GuardFailure> {
    match outcome {
        Outcome::Proved(proved) => Ok(proved),
        Outcome::ForeignOwner => Err(GuardFailure::Foreign),
        Outcome::NotProved(reason) => Err(GuardFailure::NotProved(reason)),
    }
}

/// Why the scan gave no proof. What that means depends on who named the person.
enum GuardFailure {
    Foreign,
    NotProved(bluegate_shared::owner::Reason),
}

impl GuardFailure {
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
fn empty_page(proved: &Proved<'_>, bundle: &Bundle<'_>, total: u64, links: &Links<'_>) -> Vec<u8> {
    let member = |name: &str, span: &Option<Range<usize>>| {
        span.as_ref()
            .and_then(|span| proved.text().get(span.clone()))
            .map(|value| format!(r#","{name}":{value}"#))
            .unwrap_or_default()
    };
    format!(
        r#"{{"resourceType":"Bundle"{}{},"type":"searchset","total":{total},"link":{}}}"#,
        member("id", &bundle.id_span),
        member("meta", &bundle.meta_span),
        links.to_json()
    )
    .into_bytes()
}
