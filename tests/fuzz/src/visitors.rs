//! The owner scan as it was first written: serde visitors on `serde_json`. The scan that serves calls must agree
//! with it in every fact and every reason; [`crate::oracle`] says besides what is right, in fewer words.
//!
//! Findings are recorded, not returned as errors, so that the pass always goes on to the last byte: whether a
//! body names another owner may only be said of a body that is JSON to its end.

mod bundle;
mod mention;
mod names;
mod object;
mod reference;
mod resource;

use std::borrow::Cow;
use std::fmt;

use bluegate_shared::id::PatientId;
use bluegate_shared::owner::{Bundle, Expected, Reason};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use self::bundle::BundleSeed;
use self::object::Object;
use self::reference::Target;
use self::resource::ResourceSeed;

/// The person of the grant, and the bases that an absolute reference to that person may have.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The person's logical id.
    pub id: &'a PatientId,
    /// FHIR bases without a trailing slash.
    pub bases: &'a [&'a str],
}

/// Everything that a scan says.
#[allow(clippy::exhaustive_enums)]
#[derive(Debug, Eq, PartialEq)]
pub enum Verdict<'a> {
    /// Everything in the body is the person's; the facts of a Bundle.
    Proved(Option<Bundle<'a>>),
    /// A resource in it names another owner.
    ForeignOwner,
    /// Neither is certain.
    NotProved(Reason),
}

/// Reads the whole body and says whose it is.
#[must_use]
pub fn verdict<'a>(body: &'a [u8], expected: Expected, person: &Person<'_>) -> Verdict<'a> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Verdict::NotProved(Reason::Utf8);
    };
    let mut findings = Findings {
        person,
        structure: None,
        inside: None,
        foreign_owner: false,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = match expected {
        Expected::Resource(resource) => ResourceSeed::new(&mut findings, resource)
            .deserialize(&mut deserializer)
            .map(|_| None),
        Expected::Searchset(resource) => BundleSeed::new(&mut findings, resource, text)
            .deserialize(&mut deserializer)
            .map(Some),
    };
    let bundle = match read.and_then(|bundle| deserializer.end().map(|()| bundle)) {
        Ok(bundle) => bundle,
        Err(error) if error.is_data() => return Verdict::NotProved(Reason::Shape),
        Err(_) => return Verdict::NotProved(Reason::Json),
    };
    // A body whose structure is doubtful proves nothing, not even that it is somebody else's.
    if let Some(reason) = findings.structure {
        return Verdict::NotProved(reason);
    }
    if findings.foreign_owner {
        return Verdict::ForeignOwner;
    }
    if let Some(reason) = findings.inside {
        return Verdict::NotProved(reason);
    }
    Verdict::Proved(bundle)
}

struct Findings<'p> {
    person: &'p Person<'p>,
    structure: Option<Reason>,
    inside: Option<Reason>,
    foreign_owner: bool,
}

impl Findings<'_> {
    fn structure(&mut self, reason: Reason) {
        self.structure.get_or_insert(reason);
    }

    fn inside(&mut self, reason: Reason) {
        self.inside.get_or_insert(reason);
    }

    /// Any text, key or value.
    fn text(&mut self, text: &str) {
        if self.person.mentions_another(text) {
            self.inside(Reason::ForeignReference);
        }
    }

    /// The relation or the address of a link of a Bundle.
    fn link(&mut self, url: &str) {
        if self.person.link_names_another(url) {
            self.inside(Reason::ForeignReference);
        }
    }

    /// The text of a `reference` member anywhere but in the owner.
    fn reference(&mut self, text: &str) -> Target {
        let target = self.person.target(text);
        match target {
            Target::Foreign | Target::ForeignCoverage => self.inside(Reason::ForeignReference),
            Target::Unprovable => self.inside(Reason::UnprovableReference),
            Target::Contained | Target::Nobody => self.text(text),
            Target::OwnCoverage | Target::OwnPatient => {}
        }
        target
    }

    /// Whose a Patient id is.
    fn patient_id(&self, id: &str) -> Owner {
        if id == self.person.id.as_str() {
            return Owner::Own;
        }
        match PatientId::parse(id) {
            Ok(_) => Owner::Foreign,
            Err(_) => Owner::Malformed,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Foreign,
    Malformed,
    Missing,
    Own,
}

/// The member names that decide anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Key {
    Beneficiary,
    Entry,
    FullUrl,
    Id,
    Identifier,
    Link,
    Meta,
    Other,
    Patient,
    Reference,
    Resource,
    ResourceType,
    Subject,
    Subscriber,
    System,
    Total,
    Type,
    Url,
    Value,
}

impl Key {
    fn of(name: &str) -> Self {
        match name {
            "beneficiary" => Self::Beneficiary,
            "entry" => Self::Entry,
            "fullUrl" => Self::FullUrl,
            "id" => Self::Id,
            "identifier" => Self::Identifier,
            "link" => Self::Link,
            "meta" => Self::Meta,
            "patient" => Self::Patient,
            "reference" => Self::Reference,
            "resource" => Self::Resource,
            "resourceType" => Self::ResourceType,
            "subject" => Self::Subject,
            "subscriber" => Self::Subscriber,
            "system" => Self::System,
            "total" => Self::Total,
            "type" => Self::Type,
            "url" => Self::Url,
            "value" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// Which members an object had already. Only those that decide something are refused a second time.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    fn once(&mut self, key: Key, findings: &mut Findings<'_>) {
        let bit = 1 << key as u16;
        if self.0 & bit != 0 {
            findings.structure(Reason::DuplicateMember);
        }
        self.0 |= bit;
    }

    const fn has(&self, key: Key) -> bool {
        self.0 & 1 << key as u16 != 0
    }
}

struct KeySeed<'s, 'p>(&'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for KeySeed<'_, '_> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_, '_> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        self.0.text(name);
        Ok(Key::of(name))
    }
}

/// Any value at any depth.
struct Anything<'s, 'p>(&'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for Anything<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Anything<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Anything(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut object = Object::default();
        while let Some(key) = members.next_key_seed(KeySeed(self.0))? {
            object.member(key, &mut members, self.0)?;
        }
        object.finish(self.0, Numbers::Nowhere);
        Ok(())
    }
}

/// Whether an object stands where a record holds the person's own numbers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Numbers {
    Here,
    Nowhere,
}

/// A value whose text matters. Anything but a string is walked and gives nothing.
struct Text<'s, 'p>(&'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for Text<'_, '_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text<'_, '_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Anything(self.0).visit_seq(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Anything(self.0).visit_map(members).map(|()| None)
    }
}
