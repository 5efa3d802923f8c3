//! FHIR search parameters (docs/contract/07-fhir.md, 7.3).
//!
//! The gateway reads a client's query with [`Search::parse`]; the browser library builds the query with the
//! same type, so that neither can send or accept what the other does not know. What was recognised keeps the
//! spelling that the client used, because page links repeat it: pagers put their own query on top of a
//! link, and identical repeats count once (docs/contract/05-token-exchange.md, 5.1).

mod date;
mod shape;

use std::borrow::Cow;

pub use date::{Bound, DateError, Prefix};
pub use shape::{EobType, Format, Handling, Shape};

use crate::id::PatientId;
use crate::scope::ResourceType;

/// Beyond this a request is refused unread (docs/contract/02-authorize.md).
const MOST_PARAMETERS: usize = 100;
/// The largest page.
pub const MAX_COUNT: u8 = 50;
/// The page where none is asked for.
pub const DEFAULT_COUNT: u8 = 10;

/// As many resources can be named by `_id`: each is a call of the backend.
pub const MAX_IDS: usize = 10;

/// A search as the client meant it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Search {
    resource: ResourceType,
    /// Every recognised parameter but `_count` and `startIndex`, spelled as the client did.
    spelled: Vec<(&'static str, String)>,
    count: Option<u8>,
    start_index: Option<u64>,
    last_updated: Interval,
    service_date: Interval,
    types: Vec<EobType>,
    people: Vec<PatientId>,
    /// Ids of resources, where `_id` does not name a person.
    ids: Vec<String>,
    /// What only v3 selects by.
    filters: Vec<(&'static str, String)>,
    v3: bool,
    shape: Shape,
}

impl Search {
    /// A search without any restriction.
    #[must_use]
    pub const fn new(resource: ResourceType) -> Self {
        Self {
            resource,
            spelled: Vec::new(),
            count: None,
            start_index: None,
            last_updated: Interval::EMPTY,
            service_date: Interval::EMPTY,
            types: Vec::new(),
            people: Vec::new(),
            ids: Vec::new(),
            filters: Vec::new(),
            v3: false,
            shape: Shape::EMPTY,
        }
    }

    /// Reads the decoded parameters of a request, query and form body together.
    ///
    /// # Errors
    ///
    /// [`SearchError`] for the first parameter that is wrong.
    pub fn parse<'a>(
        resource: ResourceType,
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        handling: Handling,
    ) -> Result<Self, SearchError> {
        Self::new(resource).taking(parameters, handling)
    }

    /// The same with the parameters that only v3 knows: `_tag` and `_source` of claims.
    ///
    /// # Errors
    ///
    /// [`SearchError`] for the first parameter that is wrong.
    pub fn parse_v3<'a>(
        resource: ResourceType,
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        handling: Handling,
    ) -> Result<Self, SearchError> {
        let mut search = Self::new(resource);
        search.v3 = true;
        search.taking(parameters, handling)
    }

    fn taking<'a>(
        mut self,
        parameters: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        handling: Handling,
    ) -> Result<Self, SearchError> {
        for (index, (name, value)) in parameters.into_iter().enumerate() {
            if index == MOST_PARAMETERS {
                return Err(SearchError::TooMany);
            }
            self.take(&name, &value, handling)?;
        }
        let selects = !self.types.is_empty()
            || !self.filters.is_empty()
            || self.last_updated != Interval::EMPTY
            || self.service_date != Interval::EMPTY;
        if selects && !self.ids.is_empty() {
            return Err(SearchError::Combined("_id"));
        }
        Ok(self)
    }

    /// Entries on a page, 0 to 50; 0 asks for the total only.
    ///
    /// # Errors
    ///
    /// [`SearchError::Value`] where it is more than 50.
    pub fn with_count(mut self, count: u8) -> Result<Self, SearchError> {
        if count > MAX_COUNT {
            return Err(SearchError::Value("_count"));
        }
        self.count = Some(count);
        Ok(self)
    }

    /// Begins at this entry, counted from 0.
    #[must_use]
    pub const fn with_start_index(mut self, start_index: u64) -> Self {
        self.start_index = Some(start_index);
        self
    }

    /// Only resources that changed before or after an instant; two of these make an interval.
    ///
    /// # Errors
    ///
    /// [`SearchError::Interval`] where there is a bound on that side already.
    pub fn with_last_updated(mut self, bound: &Bound) -> Result<Self, SearchError> {
        self.last_updated.add("_lastUpdated", bound)?;
        self.spell("_lastUpdated", bound.as_str());
        Ok(self)
    }

    /// Only claims with services before or after a date; two of these make an interval.
    ///
    /// # Errors
    ///
    /// [`SearchError::Interval`] where there is a bound on that side already;
    /// [`SearchError::Unknown`] where the resource has no such parameter.
    pub fn with_service_date(mut self, bound: &Bound) -> Result<Self, SearchError> {
        self.claims_only()?;
        self.service_date.add("service-date", bound)?;
        self.spell("service-date", bound.as_str());
        Ok(self)
    }

    /// Only claims of these types.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unknown`] where the resource has no such parameter;
    /// [`SearchError::Repeated`] where types were given before.
    pub fn with_types(mut self, types: &[EobType]) -> Result<Self, SearchError> {
        self.claims_only()?;
        if !self.types.is_empty() {
            return Err(SearchError::Repeated("type"));
        }
        let names: Vec<_> = types.iter().map(|kind| kind.as_str()).collect();
        if !names.is_empty() {
            self.types = types.to_vec();
            self.spell("type", &names.join(","));
        }
        Ok(self)
    }

    /// The resource type that is searched.
    #[must_use]
    pub const fn resource(&self) -> ResourceType {
        self.resource
    }

    /// Entries on a page.
    #[must_use]
    pub fn count(&self) -> u8 {
        self.count.unwrap_or(DEFAULT_COUNT)
    }

    /// The first entry, counted from 0.
    #[must_use]
    pub fn start_index(&self) -> u64 {
        self.start_index.unwrap_or(0)
    }

    /// Whether only the total is wanted: `_count=0` or `_summary=count`.
    #[must_use]
    pub fn is_count_only(&self) -> bool {
        self.count == Some(0) || self.shape.is_count_only()
    }

    /// Bounds of `_lastUpdated`.
    pub fn last_updated(&self) -> impl Iterator<Item = &Bound> {
        self.last_updated.bounds()
    }

    /// Bounds of `service-date`.
    pub fn service_date(&self) -> impl Iterator<Item = &Bound> {
        self.service_date.bounds()
    }

    /// Types of claims; empty for all.
    #[must_use]
    pub fn types(&self) -> &[EobType] {
        &self.types
    }

    /// The people that the client named, which may only be the person of the grant.
    #[must_use]
    pub fn people(&self) -> &[PatientId] {
        &self.people
    }

    /// The ids of resources that the client named; empty for all.
    #[must_use]
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// What only v3 selects by, names and values as the backend takes them.
    #[must_use]
    pub fn filters(&self) -> &[(&'static str, String)] {
        &self.filters
    }

    /// How the answer is to look.
    #[must_use]
    pub const fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The query string of this search, without `?`; empty where there is no restriction.
    #[must_use]
    pub fn query(&self) -> String {
        self.written(self.start_index, self.count)
    }

    /// The query string of another page of this search.
    #[must_use]
    pub fn query_of_page(&self, start_index: u64) -> String {
        self.written(Some(start_index), Some(self.count()))
    }

    fn written(&self, start_index: Option<u64>, count: Option<u8>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.spelled {
            query.append_pair(name, value);
        }
        if let Some(start_index) = start_index {
            query.append_pair("startIndex", &start_index.to_string());
        }
        if let Some(count) = count {
            query.append_pair("_count", &count.to_string());
        }
        query.finish()
    }

    fn take(&mut self, name: &str, value: &str, handling: Handling) -> Result<(), SearchError> {
        let claims = self.resource == ResourceType::ExplanationOfBenefit;
        match name {
            // The official service takes both.
            "_count" | "count" => {
                let count = value
                    .parse()
                    .ok()
                    .filter(|count| *count <= MAX_COUNT && is_number(value))
                    .ok_or(SearchError::Value("_count"))?;
                once(&mut self.count, count, "_count")
            }
            "startIndex" => {
                // Far beyond any total, and small enough that adding a page never overflows.
                let start_index = value
                    .parse()
                    .ok()
                    .filter(|start_index| *start_index < 1 << 52 && is_number(value))
                    .ok_or(SearchError::Value("startIndex"))?;
                once(&mut self.start_index, start_index, "startIndex")
            }
            "_lastUpdated" => {
                let bound = Bound::parse(value)
                    .map_err(|error| SearchError::Date("_lastUpdated", error))?;
                self.last_updated.add("_lastUpdated", &bound)?;
                self.spell("_lastUpdated", value);
                Ok(())
            }
            "service-date" if claims => {
                let bound = Bound::parse(value)
                    .map_err(|error| SearchError::Date("service-date", error))?;
                self.service_date.add("service-date", &bound)?;
                self.spell("service-date", value);
                Ok(())
            }
            "type" if claims => {
                let types = value
                    .split(',')
                    .map(str::trim)
                    .filter(|code| !code.is_empty())
                    .map(EobType::parse)
                    .collect::<Option<Vec<_>>>()
                    .filter(|types| !types.is_empty())
                    .ok_or(SearchError::Type)?;
                self.types = types;
                self.spell_once("type", value)
            }
            "patient" => self.person("patient", value),
            "beneficiary" => self.person("beneficiary", value),
            "_id" if self.resource == ResourceType::Patient => self.person("_id", value),
            "_id" => self.resources(value),
            "_tag" if claims && self.v3 => self.filter("_tag", value),
            "_source" if claims && self.v3 => self.filter("_source", value),
            _ => match self.shape.take(name, value, handling)? {
                Some(name) => self.spell_once(name, value),
                None => Ok(()),
            },
        }
    }

    fn person(&mut self, name: &'static str, value: &str) -> Result<(), SearchError> {
        let id = value.strip_prefix("Patient/").unwrap_or(value);
        let id = PatientId::parse(id).map_err(|_| SearchError::Value(name))?;
        if !self.people.contains(&id) {
            self.people.push(id);
        }
        self.spell(name, value);
        Ok(())
    }

    fn resources(&mut self, value: &str) -> Result<(), SearchError> {
        let mut ids = Vec::new();
        for id in value.split(',').map(str::trim).filter(|id| !id.is_empty()) {
            if !is_fhir_id(id) {
                return Err(SearchError::Value("_id"));
            }
            if !ids.iter().any(|known| known == id) {
                ids.push(id.to_owned());
            }
        }
        if ids.is_empty() || ids.len() > MAX_IDS {
            return Err(SearchError::Ids);
        }
        self.ids = ids;
        self.spell_once("_id", value)
    }

    /// Repeats are one more condition each.
    fn filter(&mut self, name: &'static str, value: &str) -> Result<(), SearchError> {
        if value.trim().is_empty() || value.len() > 256 || value.chars().any(char::is_control) {
            return Err(SearchError::Value(name));
        }
        let filter = (name, value.to_owned());
        if !self.filters.contains(&filter) {
            self.filters.push(filter);
        }
        self.spell(name, value);
        Ok(())
    }

    /// Remembers the client's spelling for links. An identical repeat counts once.
    fn spell(&mut self, name: &'static str, value: &str) {
        if !self
            .spelled
            .iter()
            .any(|(known, text)| *known == name && text == value)
        {
            self.spelled.push((name, value.to_owned()));
        }
    }

    fn spell_once(&mut self, name: &'static str, value: &str) -> Result<(), SearchError> {
        match self.spelled.iter().find(|(known, _)| *known == name) {
            Some((_, text)) if text == value => Ok(()),
            Some(_) => Err(SearchError::Repeated(name)),
            None => {
                self.spelled.push((name, value.to_owned()));
                Ok(())
            }
        }
    }

    fn claims_only(&self) -> Result<(), SearchError> {
        if self.resource == ResourceType::ExplanationOfBenefit {
            Ok(())
        } else {
            Err(SearchError::Unknown)
        }
    }
}

/// A parameter that is wrong. Shown to the client; holds no value that the client sent.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// Selects among what another parameter names one by one.
    #[error("the parameter {0} cannot be combined with other conditions")]
    Combined(&'static str),
    /// Not a date with a prefix.
    #[error("the parameter {0} {1}")]
    Date(&'static str, DateError),
    /// No id, or too many.
    #[error("the parameter _id needs 1 to {MAX_IDS} ids, separated by commas")]
    Ids,
    /// Only JSON is spoken.
    #[error("only JSON is supported: _format=json")]
    Format,
    /// A second bound on one side.
    #[error("the parameter {0} may have one lower and one upper bound")]
    Interval(&'static str),
    /// The same parameter with different values.
    #[error("the parameter {0} was given with different values")]
    Repeated(&'static str),
    /// More parameters than anybody needs.
    #[error("a request may have at most 100 parameters")]
    TooMany,
    /// Not a type of claim; the text is part of the published interface.
    #[error("not a valid value")]
    Type,
    /// Unknown, and `Prefer: handling=strict`.
    #[error("a parameter is not supported here (Prefer: handling=strict)")]
    Unknown,
    /// Not a value that the parameter can have.
    #[error("the parameter {0} has a value that is not supported")]
    Value(&'static str),
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Interval {
    lower: Option<Bound>,
    upper: Option<Bound>,
}

impl Interval {
    const EMPTY: Self = Self {
        lower: None,
        upper: None,
    };

    fn add(&mut self, name: &'static str, bound: &Bound) -> Result<(), SearchError> {
        let side = if bound.prefix().is_lower() {
            &mut self.lower
        } else {
            &mut self.upper
        };
        match side {
            Some(known) if known == bound => Ok(()),
            Some(_) => Err(SearchError::Interval(name)),
            None => {
                *side = Some(bound.clone());
                Ok(())
            }
        }
    }

    fn bounds(&self) -> impl Iterator<Item = &Bound> {
        self.lower.iter().chain(&self.upper)
    }
}

/// Identical repeats count once, differing ones are refused (docs/contract/05-token-exchange.md, 5.1).
fn once<T: PartialEq>(
    slot: &mut Option<T>,
    value: T,
    name: &'static str,
) -> Result<(), SearchError> {
    match slot {
        Some(known) if *known != value => Err(SearchError::Repeated(name)),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

/// Whether a text is an id of FHIR (R4, datatypes, id) that addresses can carry: one of dots alone is another address
/// to everybody on the way (RFC 3986, section 6.2.2.3).
#[must_use]
pub fn is_fhir_id(text: &str) -> bool {
    !matches!(text, "." | "..")
        && (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// Digits only: Rust's parser would take a plus sign too.
fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
