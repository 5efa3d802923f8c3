//! What one object below the top says about people.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

use super::names::{Owned, numbers_of, owned, type_names_people};
use super::reference::Target;
use super::{Anything, Findings, Key, KeySeed, Numbers, Owner, Seen, Text};
use bluegate_shared::owner::Reason;

#[derive(Default)]
pub(super) struct Object {
    pub(super) seen: Seen,
    kind: Option<Owned>,
    type_names_people: bool,
    /// What its `reference` refers to.
    pub(super) target: Option<Target>,
    id: Option<Owner>,
    /// The members that would name its owner and do name the person.
    own: Vec<Key>,
    /// One of them does not.
    owner_unknown: bool,
    /// Whose numbers its `system` and `url` stand for.
    patients_numbers: bool,
    peoples_numbers: bool,
    value_is_own: bool,
    value_is_other: bool,
}

impl Object {
    pub(super) fn member<'de, A: MapAccess<'de>>(
        &mut self,
        key: Key,
        members: &mut A,
        findings: &mut Findings<'_>,
    ) -> Result<(), A::Error> {
        match key {
            Key::Reference => {
                self.seen.once(key, findings);
                let reference = members.next_value_seed(Text(findings))?;
                self.target = reference.map(|reference| findings.reference(&reference));
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
                if let Some(name) = members.next_value_seed(Text(findings))? {
                    findings.text(&name);
                    self.kind = Some(owned(&name));
                }
            }
            Key::Type => {
                if let Some(name) = members.next_value_seed(Text(findings))? {
                    findings.text(&name);
                    self.type_names_people |= type_names_people(&name);
                }
            }
            Key::System | Key::Url => {
                if let Some(uri) = members.next_value_seed(Text(findings))? {
                    findings.text(&uri);
                    match numbers_of(&uri) {
                        Some(Owned::ById) => self.patients_numbers = true,
                        Some(_) => self.peoples_numbers = true,
                        None => {}
                    }
                }
            }
            Key::Value => {
                if let Some(value) = members.next_value_seed(Text(findings))? {
                    findings.text(&value);
                    if value == findings.person.id.as_str() {
                        self.value_is_own = true;
                    } else {
                        self.value_is_other = true;
                    }
                }
            }
            Key::Patient | Key::Subject | Key::Beneficiary => {
                if members.next_value_seed(Named(findings))? == Some(Target::OwnPatient) {
                    self.own.push(key);
                } else {
                    self.owner_unknown = true;
                }
            }
            _ => members.next_value_seed(Anything(findings))?,
        }
        Ok(())
    }

    pub(super) fn refers(&self) -> bool {
        matches!(
            self.target,
            Some(Target::OwnPatient | Target::OwnCoverage | Target::Contained)
        )
    }

    pub(super) fn finish(&self, findings: &mut Findings<'_>, numbers: Numbers) {
        // A logical reference: says that it is somebody, and nothing that can be compared says who.
        if self.type_names_people && !self.refers() {
            findings.inside(Reason::UnprovableReference);
        }
        let proved = match self.kind {
            None => true,
            Some(Owned::ById) => match self.id {
                Some(Owner::Own) => !self.owner_unknown,
                Some(Owner::Foreign) => {
                    findings.inside(Reason::ForeignReference);
                    true
                }
                _ => false,
            },
            Some(Owned::By(key)) => self.own.contains(&key) && !self.owner_unknown,
            Some(Owned::ByNobody) => !self.owner_unknown,
            Some(Owned::Unknown) => false,
        };
        if !proved {
            findings.inside(Reason::UnprovableReference);
        }
        if self.patients_numbers && self.value_is_other {
            findings.inside(Reason::ForeignReference);
        } else if self.patients_numbers && !self.value_is_own {
            findings.inside(Reason::UnprovableReference);
        }
        if self.peoples_numbers && numbers == Numbers::Nowhere {
            findings.inside(Reason::UnprovableReference);
        }
    }
}

/// What an object refers to; nothing of any other value.
pub(super) struct Named<'s, 'p>(pub(super) &'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for Named<'_, '_> {
    type Value = Option<Target>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Named<'_, '_> {
    type Value = Option<Target>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
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

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        self.0.text(text);
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Anything(self.0).visit_seq(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some(key) = members.next_key_seed(KeySeed(self.0))? {
            object.member(key, &mut members, self.0)?;
        }
        object.finish(self.0, Numbers::Nowhere);
        Ok(object.target)
    }
}

/// The identifiers of a record: a list of objects in which the person's own numbers may stand.
pub(super) struct Identifiers<'s, 'p>(pub(super) &'s mut Findings<'p>);

impl<'de> DeserializeSeed<'de> for Identifiers<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(Places {
            findings: self.0,
            lists: 0,
        })
    }
}

/// A value that stands in so many lists, of which one may be a list of identifiers.
struct Places<'s, 'p> {
    findings: &'s mut Findings<'p>,
    lists: usize,
}

impl<'de> DeserializeSeed<'de> for Places<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Places<'_, '_> {
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
        self.findings.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let lists = self.lists + 1;
        while items
            .next_element_seed(Places {
                findings: self.findings,
                lists,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut object = Object::default();
        while let Some(key) = members.next_key_seed(KeySeed(self.findings))? {
            object.member(key, &mut members, self.findings)?;
        }
        let numbers = if self.lists == 1 {
            Numbers::Here
        } else {
            Numbers::Nowhere
        };
        object.finish(self.findings, numbers);
        Ok(())
    }
}
