//! Patient: who the person is, as far as the server says.

use serde::Serialize;

use super::coverage::{Month, months, reference_year};
use super::ids::referenced;
use super::lookup::{extension, extensions};
use super::notes::{Notes, Reason};
use super::value::{Code, Date, Period, Timestamp};
use super::wire::{self, Identifier, Names};
use super::{owned, text};

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// The resource id, such as `-20140000008325`.
    pub id: String,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// `male`, `female`, `other` or `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// Birth date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<Date>,
    /// Whether the person has died, where it is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deceased: Option<bool>,
    /// The day of death.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub death_date: Option<Date>,
    /// Address: state and postal code, and the rest where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<PostalAddress>,
    /// Race: CMS's code (v1, v2), else the US Core category (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub race: Option<Code>,
    /// The current Medicare number, where the server sends Medicare numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mbi: Option<String>,
    /// All Medicare numbers, current and past.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mbis: Vec<Mbi>,
    /// The year that the monthly codes are of (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_year: Option<Date>,
    /// Dual eligibility by month (v1, v2).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dual: Vec<Month>,
    /// Language (v3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Ids of records that this one replaces (v3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<String>,
    /// The id of the record that replaces this one (v3); then there is nothing else in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// When the server last changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_updated: Option<Timestamp>,
}

/// A person's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonName {
    /// Family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Given names and initials.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostalAddress {
    /// Street and house.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
}

/// A Medicare number. Not always well formed: test data has shorter ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mbi {
    /// The number.
    pub value: String,
    /// Whether it is the current one, where the server says so (v1, v2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
    /// From when to when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

impl Patient {
    pub(crate) fn read(wire: &wire::Resource<'_>, notes: &mut Notes) -> Self {
        let id = owned(&wire.id).unwrap_or_default();
        if id.is_empty() {
            notes.add(format_args!("id"), Reason::Missing);
        }
        let mbis = mbis(wire, notes);
        let death_date = notes.date(&wire.deceased_date_time, format_args!("deceasedDateTime"));
        let linked = |kind: &'static str| {
            wire.link
                .iter()
                .filter(move |link| text(&link.kind) == Some(kind))
                .filter_map(|link| {
                    referenced(text(&link.other.as_ref()?.reference)?, "Patient").map(str::to_owned)
                })
        };
        Self {
            id,
            name: name(&wire.name),
            gender: owned(&wire.gender),
            birth_date: notes.date(&wire.birth_date, format_args!("birthDate")),
            deceased: match wire.deceased_boolean.map(super::notes::unquoted) {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => wire.deceased_date_time.is_some().then_some(true),
            },
            death_date,
            address: wire.address.first().map(|address| PostalAddress {
                lines: texts(&address.line),
                city: owned(&address.city),
                state: owned(&address.state),
                postal_code: owned(&address.postal_code),
            }),
            race: race(wire),
            mbi: current(&mbis).map(|mbi| mbi.value.clone()),
            mbis,
            reference_year: reference_year(wire, notes),
            dual: months(wire, "dual_"),
            language: wire
                .communication
                .iter()
                .find_map(|said| owned(&said.language.as_ref()?.first()?.code)),
            replaces: linked("replaces").collect(),
            replaced_by: linked("replaced-by").next(),
            last_updated: wire.meta.as_ref().and_then(|meta| {
                notes.timestamp(&meta.last_updated, format_args!("meta.lastUpdated"))
            }),
        }
    }
}

fn name(names: &Names<'_>) -> Option<PersonName> {
    let name = names.people.first()?;
    Some(PersonName {
        family: owned(&name.family),
        given: texts(&name.given),
    })
}

fn texts(list: &[wire::Str<'_>]) -> Vec<String> {
    list.iter()
        .map(|text| text.0.clone().into_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// v1 and v2 have CMS's own code; the US Core extension beside it in v2 always says unknown, and is
/// the only one in v3. It is the one extension with extensions inside.
fn race(wire: &wire::Resource<'_>) -> Option<Code> {
    let own = extension(&wire.extension, "race").and_then(|value| value.to_code());
    let us_core = || {
        let race = extensions(&wire.extension, "us_core_race").next()?;
        extension(&race.extension, "ombcategory")?.to_code()
    };
    own.or_else(us_core)
}

fn mbis(wire: &wire::Resource<'_>, notes: &mut Notes) -> Vec<Mbi> {
    let mut mbis = Vec::new();
    for (index, identifier) in wire.identifier.iter().enumerate() {
        if text(&identifier.system) != Some("http://hl7.org/fhir/sid/us-mbi") {
            continue;
        }
        let Some(value) = owned(&identifier.value) else {
            continue;
        };
        mbis.push(Mbi {
            value,
            current: currency(identifier).map(|code| code == "current"),
            period: notes.period(
                &identifier.period,
                format_args!("identifier[{index}].period"),
            ),
        });
    }
    mbis
}

/// An extension of the identifier (v1) or of the coding of its type (v2).
fn currency<'w>(identifier: &'w Identifier<'_>) -> Option<&'w str> {
    let of = |list: &'w [wire::Extension<'_>]| text(&extension(list, "identifier_currency")?.code);
    of(&identifier.extension).or_else(|| {
        let codings = &identifier.kind.as_ref()?.coding;
        codings.iter().find_map(|coding| of(&coding.extension))
    })
}

/// The number that is said to be current; else (v3) the one without an end that began last. The
/// far future stands for no end.
fn current(mbis: &[Mbi]) -> Option<&Mbi> {
    let said = mbis.iter().find(|mbi| mbi.current == Some(true));
    said.or_else(|| {
        let open = mbis.iter().filter(|mbi| {
            let end = mbi.period.and_then(|period| period.end);
            mbi.current.is_none() && end.is_none_or(|end| end.year() >= 2099)
        });
        // `rev`: of equals, `max_by_key` takes the last, and we want the server's first.
        open.rev()
            .max_by_key(|mbi| mbi.period.and_then(|period| period.start))
    })
}
