//! A resource of the expected type, and the member that names its owner.

use std::borrow::Cow;
use std::fmt;

use bluegate_shared::owner::Reason;
use bluegate_shared::scope::ResourceType;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::object::{Identifiers, Named};
use super::reference::Target;
use super::{Anything, Findings, Key, KeySeed, Numbers, Object, Owner, Seen, Text};

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
                    Target::OwnPatient => Owner::Own,
                    Target::Foreign => Owner::Foreign,
                    _ => Owner::Malformed,
                },
                None => Owner::Malformed,
            };
            // Whatever it says it is, this reference is judged as the owner.
            object.target = Some(Target::OwnPatient);
        }
        object.finish(self.0, Numbers::Nowhere);
        Ok(owner)
    }
}

/// A resource of the expected type: the whole body, or the `resource` of an entry. Gives its `id`.
pub(super) struct ResourceSeed<'s, 'p> {
    findings: &'s mut Findings<'p>,
    expected: ResourceType,
}

impl<'s, 'p> ResourceSeed<'s, 'p> {
    pub(super) const fn new(findings: &'s mut Findings<'p>, expected: ResourceType) -> Self {
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
                    seen.once(key, findings);
                    Object::default().member(key, &mut members, findings)?;
                }
                Key::Identifier if expected != ResourceType::ExplanationOfBenefit => {
                    members.next_value_seed(Identifiers(findings))?;
                }
                Key::Subscriber if expected == ResourceType::Coverage => {
                    let named = members.next_value_seed(Named(findings))?;
                    if !matches!(
                        named,
                        Some(Target::OwnPatient | Target::OwnCoverage | Target::Contained)
                    ) {
                        findings.inside(Reason::UnprovableReference);
                    }
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
