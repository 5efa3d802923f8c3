//! The streaming pass: serde visitors that look at every value once and keep almost none.
//!
//! Findings are recorded, not returned as errors, so that the pass always goes on to the last byte: whether a
//! body names another owner may only be said of a body that is JSON to its end.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reference::Target;
use super::{Bundle, Expected, FullUrl, Link, Outcome, Person, Proved, Reason};
use crate::id::PatientId;
use crate::scope::ResourceType;

pub(super) fn scan<'a>(text: &'a str, expected: Expected, person: &Person<'_>) -> Outcome<'a> {
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
        Expected::Searchset(resource) => BundleSeed {
            findings: &mut findings,
            resource,
            text,
        }
        .deserialize(&mut deserializer)
        .map(Some),
    };
    let bundle = match read.and_then(|bundle| deserializer.end().map(|()| bundle)) {
        Ok(bundle) => bundle,
        Err(error) if error.is_data() => return Outcome::NotProved(Reason::Shape),
        Err(_) => return Outcome::NotProved(Reason::Json),
    };
    // A body whose structure is doubtful proves nothing, not even that it is somebody else's.
    if let Some(reason) = findings.structure {
        return Outcome::NotProved(reason);
    }
    if findings.foreign_owner {
        return Outcome::ForeignOwner;
    }
    if let Some(reason) = findings.inside {
        return Outcome::NotProved(reason);
    }
    Outcome::Proved(Proved { text, bundle })
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

    /// The text of a `reference` member anywhere but in the owner.
    fn reference(&mut self, text: &str) {
        match self.person.target(text) {
            Target::Foreign => self.inside(Reason::ForeignReference),
            Target::Unprovable => self.inside(Reason::UnprovableReference),
            Target::Own | Target::Other => self.text(text),
        }
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
    Link,
    Meta,
    Other,
    Patient,
    Reference,
    Resource,
    ResourceType,
    Total,
    Type,
}

/// Which members an object had already. Only those that decide something are refused a second time.
#[derive(Default)]
struct Seen(u16);

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
        Ok(match name {
            "beneficiary" => Key::Beneficiary,
            "entry" => Key::Entry,
            "fullUrl" => Key::FullUrl,
            "id" => Key::Id,
            "link" => Key::Link,
            "meta" => Key::Meta,
            "patient" => Key::Patient,
            "reference" => Key::Reference,
            "resource" => Key::Resource,
            "resourceType" => Key::ResourceType,
            "total" => Key::Total,
            "type" => Key::Type,
            _ => {
                self.0.text(name);
                Key::Other
            }
        })
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
        object.finish(self.0);
        Ok(())
    }
}

/// What one object below the top says about Patients.
#[derive(Default)]
struct Object {
    seen: Seen,
    is_patient: bool,
    type_is_patient: bool,
    id: Option<Owner>,
}

impl Object {
    fn member<'de, A: MapAccess<'de>>(
        &mut self,
        key: Key,
        members: &mut A,
        findings: &mut Findings<'_>,
    ) -> Result<(), A::Error> {
        match key {
            Key::Reference => {
                self.seen.once(key, findings);
                let reference = members.next_value_seed(Text(findings))?;
                if let Some(reference) = reference {
                    findings.reference(&reference);
                }
            }
            Key::Id => {
                self.seen.once(key, findings);
                self.id = Some(match members.next_value_seed(Text(findings))? {
                    Some(id) => {
                        findings.text(&id);
                        findings.patient_id(&id)
                    }
                    None => Owner::Malformed,
                });
            }
            Key::ResourceType => {
                self.seen.once(key, findings);
                let name = members.next_value_seed(Text(findings))?;
                // In whatever case: a reader that ignores case would take it for a Patient.
                self.is_patient = name.is_some_and(|name| name.eq_ignore_ascii_case("Patient"));
            }
            Key::Type => {
                // R4 `Reference.type`: the type name or the URL of its definition.
                let name = members.next_value_seed(Text(findings))?;
                if let Some(name) = name {
                    findings.text(&name);
                    self.type_is_patient |= name.rsplit('/').next() == Some("Patient");
                }
            }
            _ => members.next_value_seed(Anything(findings))?,
        }
        Ok(())
    }

    fn finish(&self, findings: &mut Findings<'_>) {
        if self.is_patient {
            match self.id {
                Some(Owner::Own) => {}
                Some(Owner::Foreign) => findings.inside(Reason::ForeignReference),
                _ => findings.inside(Reason::UnprovableReference),
            }
        }
        // A logical reference: says that it is a Patient, and only an identifier says which.
        if self.type_is_patient && !self.seen.has(Key::Reference) {
            findings.inside(Reason::UnprovableReference);
        }
    }
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

/// The owner member: an object with one `reference` that is a string.
struct OwnerSeed<'s, 'p>(&'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for OwnerSeed<'_, '_> {
    type Value = Owner;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Owner, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OwnerSeed<'_, '_> {
    type Value = Owner;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_unit<E>(self) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_str<E>(self, _: &str) -> Result<Owner, E> {
        Ok(Owner::Malformed)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Owner, A::Error> {
        Anything(self.0).visit_seq(items).map(|()| Owner::Malformed)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Owner, A::Error> {
        let mut owner = Owner::Missing;
        let mut object = Object::default();
        while let Some(key) = members.next_key_seed(KeySeed(self.0))? {
            if key != Key::Reference {
                object.member(key, &mut members, self.0)?;
                continue;
            }
            object.seen.once(key, self.0);
            owner = match members.next_value_seed(Text(self.0))? {
                Some(reference) => match self.0.person.target(&reference) {
                    Target::Own => Owner::Own,
                    Target::Foreign => Owner::Foreign,
                    Target::Other | Target::Unprovable => Owner::Malformed,
                },
                None => Owner::Malformed,
            };
        }
        object.finish(self.0);
        Ok(owner)
    }
}

/// A resource of the expected type: the whole body, or the `resource` of an entry. Gives its `id`.
struct ResourceSeed<'s, 'p> {
    findings: &'s mut Findings<'p>,
    expected: ResourceType,
}

impl<'s, 'p> ResourceSeed<'s, 'p> {
    const fn new(findings: &'s mut Findings<'p>, expected: ResourceType) -> Self {
        Self { findings, expected }
    }

    /// The member that names the owner.
    const fn owner_key(&self) -> Key {
        match self.expected {
            ResourceType::Patient => Key::Id,
            ResourceType::Coverage => Key::Beneficiary,
            ResourceType::ExplanationOfBenefit => Key::Patient,
        }
    }
}

impl<'de> DeserializeSeed<'de> for ResourceSeed<'_, '_> {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ResourceSeed<'_, '_> {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let owner_key = self.owner_key();
        let Self { findings, expected } = self;
        let mut seen = Seen::default();
        let mut resource_id = None;
        let mut typed = false;
        let mut owner = Owner::Missing;
        let mut linked = false;
        while let Some(key) = members.next_key_seed(KeySeed(findings))? {
            match key {
                Key::ResourceType => {
                    seen.once(key, findings);
                    let name = members.next_value_seed(Text(findings))?;
                    typed = name.as_deref() == Some(expected.name());
                }
                Key::Id => {
                    seen.once(key, findings);
                    resource_id = members.next_value_seed(Text(findings))?;
                    if let Some(id) = &resource_id
                        && owner_key != Key::Id
                    {
                        findings.text(id);
                    }
                    if owner_key == Key::Id {
                        owner = resource_id
                            .as_deref()
                            .map_or(Owner::Malformed, |id| findings.patient_id(id));
                    }
                }
                key if key == owner_key => {
                    seen.once(key, findings);
                    owner = members.next_value_seed(OwnerSeed(findings))?;
                }
                Key::Reference => {
                    Object::default().member(key, &mut members, findings)?;
                }
                Key::Link if expected == ResourceType::Patient => {
                    linked = true;
                    members.next_value_seed(Anything(findings))?;
                }
                _ => members.next_value_seed(Anything(findings))?,
            }
        }
        if !typed {
            findings.structure(Reason::UnexpectedType);
        }
        match owner {
            Owner::Own => {}
            Owner::Foreign => findings.foreign_owner = true,
            Owner::Malformed => findings.structure(Reason::OwnerMalformed),
            Owner::Missing => findings.structure(Reason::OwnerMissing),
        }
        if linked && findings.inside == Some(Reason::ForeignReference) {
            findings.inside = Some(Reason::LinkedPatient);
        }
        Ok(resource_id)
    }
}

/// A Bundle of resources of one type.
struct BundleSeed<'s, 'p, 'de> {
    findings: &'s mut Findings<'p>,
    resource: ResourceType,
    text: &'de str,
}

impl<'de> DeserializeSeed<'de> for BundleSeed<'_, '_, 'de> {
    type Value = Bundle<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for BundleSeed<'_, '_, 'de> {
    type Value = Bundle<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FHIR Bundle")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Self {
            findings,
            resource,
            text,
        } = self;
        let mut bundle = Bundle::default();
        let mut seen = Seen::default();
        let mut typed = false;
        while let Some(key) = members.next_key_seed(KeySeed(findings))? {
            if key != Key::Other {
                seen.once(key, findings);
            }
            match key {
                Key::ResourceType => {
                    let name = members.next_value_seed(Text(findings))?;
                    typed = name.as_deref() == Some("Bundle");
                }
                Key::Type => {
                    let kind = members.next_value_seed(Text(findings))?;
                    if kind.as_deref() != Some("searchset") {
                        findings.structure(Reason::UnexpectedType);
                    }
                }
                Key::Total => bundle.total = Some(members.next_value()?),
                Key::Id | Key::Meta => {
                    let raw = members.next_value::<&RawValue>()?;
                    walk_raw(raw, findings)?;
                    let span = span(text, raw);
                    if key == Key::Id {
                        bundle.id_span = span;
                    } else {
                        bundle.meta_span = span;
                    }
                }
                Key::Link => {
                    let raw = members.next_value::<&RawValue>()?;
                    walk_raw(raw, findings)?;
                    bundle.links = links(raw)?;
                    bundle.link_span = span(text, raw);
                }
                Key::Entry => members.next_value_seed(EntriesSeed {
                    findings,
                    resource,
                    text,
                    bundle: &mut bundle,
                })?,
                _ => members.next_value_seed(Anything(findings))?,
            }
        }
        if !typed {
            findings.structure(Reason::UnexpectedType);
        }
        Ok(bundle)
    }
}

struct EntriesSeed<'s, 'p, 'b, 'de> {
    findings: &'s mut Findings<'p>,
    resource: ResourceType,
    text: &'de str,
    bundle: &'b mut Bundle<'de>,
}

impl<'de> DeserializeSeed<'de> for EntriesSeed<'_, '_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed<'_, '_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bundle entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(full_url) = entries.next_element_seed(EntrySeed {
            findings: self.findings,
            resource: self.resource,
            text: self.text,
        })? {
            self.bundle.entries += 1;
            self.bundle.full_urls.extend(full_url);
        }
        Ok(())
    }
}

struct EntrySeed<'s, 'p, 'de> {
    findings: &'s mut Findings<'p>,
    resource: ResourceType,
    text: &'de str,
}

impl<'de> DeserializeSeed<'de> for EntrySeed<'_, '_, 'de> {
    type Value = Option<FullUrl<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed<'_, '_, 'de> {
    type Value = Option<FullUrl<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Bundle entry")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let Self {
            findings,
            resource,
            text,
        } = self;
        let mut seen = Seen::default();
        let mut id = None;
        let mut full_url = None;
        while let Some(key) = members.next_key_seed(KeySeed(findings))? {
            match key {
                Key::Resource => {
                    seen.once(key, findings);
                    id = members.next_value_seed(ResourceSeed::new(findings, resource))?;
                }
                Key::FullUrl => {
                    seen.once(key, findings);
                    let raw = members.next_value::<&RawValue>()?;
                    let url: Cow<'de, str> = string(raw)?;
                    findings.text(&url);
                    full_url = span(text, raw).map(|span| (span, url));
                }
                _ => members.next_value_seed(Anything(findings))?,
            }
        }
        if !seen.has(Key::Resource) {
            findings.structure(Reason::EntryWithoutResource);
        }
        let Some((span, url)) = full_url else {
            return Ok(None);
        };
        // The public address of an entry is made of its id, so it must be one (FHIR, datatype id).
        match id {
            Some(id) if is_fhir_id(&id) => Ok(Some(FullUrl { span, url, id })),
            _ => Err(A::Error::custom("an entry with fullUrl has no id")),
        }
    }
}

fn walk_raw<E: Error>(raw: &RawValue, findings: &mut Findings<'_>) -> Result<(), E> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    Anything(findings)
        .deserialize(&mut deserializer)
        .map_err(E::custom)
}

fn links<'de, E: Error>(raw: &'de RawValue) -> Result<Vec<Link<'de>>, E> {
    struct Links;

    impl<'de> Visitor<'de> for Links {
        type Value = Vec<Link<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Bundle links")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut links = Vec::new();
            while let Some(raw) = items.next_element::<&RawValue>()? {
                links.push(link(raw)?);
            }
            Ok(links)
        }
    }

    serde_json::Deserializer::from_str(raw.get())
        .deserialize_seq(Links)
        .map_err(E::custom)
}

fn link<'de, E: Error>(raw: &'de RawValue) -> Result<Link<'de>, E> {
    struct One;

    impl<'de> Visitor<'de> for One {
        type Value = Link<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a Bundle link")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut link = Link {
                relation: Cow::Borrowed(""),
                url: Cow::Borrowed(""),
            };
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                let member = match &*name {
                    "relation" => &mut link.relation,
                    "url" => &mut link.url,
                    _ => {
                        members.next_value::<IgnoredAny>()?;
                        continue;
                    }
                };
                if !member.is_empty() {
                    return Err(A::Error::custom("a link member occurs twice"));
                }
                *member = string(members.next_value()?)?;
            }
            Ok(link)
        }
    }

    serde_json::Deserializer::from_str(raw.get())
        .deserialize_map(One)
        .map_err(E::custom)
}

/// A JSON string, borrowed where it has no escapes.
fn string<'de, E: Error>(raw: &'de RawValue) -> Result<Cow<'de, str>, E> {
    struct Borrow;

    impl<'de> Visitor<'de> for Borrow {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }

    serde_json::Deserializer::from_str(raw.get())
        .deserialize_str(Borrow)
        .map_err(E::custom)
}

/// Where a raw value lies in the text that it was borrowed from.
fn span(text: &str, raw: &RawValue) -> Option<std::ops::Range<usize>> {
    let value = raw.get();
    let start = (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let end = start.checked_add(value.len())?;
    (text.get(start..end)? == value).then_some(start..end)
}

fn is_fhir_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}
