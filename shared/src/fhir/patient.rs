//! Patient: who the person is, as far as the server says.

use serde::Serialize;

use super::coverage::{Month, months, reference_year};
use super::ids::referenced;
use super::json::{Key, Value};
use super::value::{Code, Date, Period, Timestamp};

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
    pub(crate) fn read(root: Value<'_>) -> Self {
        let id = root.owned(Key::Id).unwrap_or_default();
        if id.is_empty() {
            root.missing(Key::Id);
        }
        let mbis = mbis(root);
        let linked = |kind: &'static str| {
            root.list(Key::Link)
                .filter(move |link| link.text(Key::Type) == Some(kind))
                .filter_map(|link| {
                    let patient = link.get(Key::Other).text(Key::Reference)?;
                    referenced(patient, "Patient").map(str::to_owned)
                })
        };
        Self {
            id,
            name: name(root),
            gender: root.owned(Key::Gender),
            birth_date: root.date(Key::BirthDate),
            deceased: match root.scalar(Key::DeceasedBoolean) {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => root.get(Key::DeceasedDateTime).some().map(|_| true),
            },
            death_date: root.date(Key::DeceasedDateTime),
            address: root.list(Key::Address).next().map(|address| PostalAddress {
                lines: texts(address, Key::Line),
                city: address.owned(Key::City),
                state: address.owned(Key::State),
                postal_code: address.owned(Key::PostalCode),
            }),
            race: race(root),
            mbi: current(&mbis).map(|mbi| mbi.value.clone()),
            mbis,
            reference_year: reference_year(root),
            dual: months(root, "dual_"),
            language: root.list(Key::Communication).find_map(|said| {
                let language = said.get(Key::Language).first_code()?;
                Some(language.to_owned())
            }),
            replaces: linked("replaces").collect(),
            replaced_by: linked("replaced-by").next(),
            last_updated: root.get(Key::Meta).timestamp(Key::LastUpdated),
        }
    }
}

fn name(root: Value<'_>) -> Option<PersonName> {
    let name = root.list(Key::Name).next()?;
    Some(PersonName {
        family: name.owned(Key::Family),
        given: texts(name, Key::Given),
    })
}

fn texts(value: Value<'_>, key: Key) -> Vec<String> {
    value.texts(key).map(str::to_owned).collect()
}

/// v1 and v2 have CMS's own code; the US Core extension beside it in v2 always says unknown, and is
/// the only one in v3. It is the one extension with extensions inside.
fn race(root: Value<'_>) -> Option<Code> {
    let own = root.extension("race").and_then(Value::to_code);
    let us_core = || {
        let race = root.extensions("us_core_race").next()?;
        race.extension("ombcategory")?.to_code()
    };
    own.or_else(us_core)
}

fn mbis(root: Value<'_>) -> Vec<Mbi> {
    let mut mbis = Vec::new();
    for identifier in root.list(Key::Identifier) {
        if identifier.system() != "http://hl7.org/fhir/sid/us-mbi" {
            continue;
        }
        let Some(value) = identifier.owned(Key::Value) else {
            continue;
        };
        mbis.push(Mbi {
            value,
            current: currency(identifier).map(|code| code == "current"),
            period: identifier.period(Key::Period),
        });
    }
    mbis
}

/// An extension of the identifier (v1) or of the coding of its type (v2).
fn currency(identifier: Value<'_>) -> Option<&str> {
    said_currency(identifier).or_else(|| {
        let codings = identifier.get(Key::Type).list(Key::Coding);
        codings.into_iter().find_map(said_currency)
    })
}

fn said_currency(value: Value<'_>) -> Option<&str> {
    value.extension("identifier_currency")?.text(Key::Code)
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
