//! A resource of the expected type, and the member that names its owner.

use std::borrow::Cow;

use super::value::Object;
use super::{Key, Owner, Seen, Walk};
use crate::owner::Reason;
use crate::owner::reference::Target;
use crate::scope::ResourceType;

impl<'a> Walk<'a, '_> {
    /// A resource of the expected type: the whole body, or the `resource` of an entry. Gives its `id`.
    pub(super) fn resource(
        &mut self,
        at: usize,
        depth: usize,
        expected: ResourceType,
    ) -> Result<(Option<Cow<'a, str>>, usize), Reason> {
        let owner_key = owner_key(expected);
        let mut seen = Seen::default();
        let mut resource_id = None;
        let mut typed = false;
        let mut owner = Owner::Missing;
        let mut linked = false;
        let end = self.members(at, depth, &mut |walk, key, at| {
            let inner = depth + 1;
            match key {
                Key::ResourceType => {
                    seen.once(key, &mut walk.findings);
                    let (name, _, end) = walk.text(at, inner)?;
                    typed = name.as_deref() == Some(expected.name());
                    Ok(end)
                }
                Key::Id => {
                    seen.once(key, &mut walk.findings);
                    let (id, needs_decoding, end) = walk.text(at, inner)?;
                    if owner_key == Key::Id {
                        owner = id
                            .as_deref()
                            .map_or(Owner::Malformed, |id| walk.findings.patient_id(id));
                    } else if let Some(id) = &id
                        && needs_decoding
                    {
                        walk.findings.text(id);
                    }
                    resource_id = id;
                    Ok(end)
                }
                key if key == owner_key => {
                    seen.once(key, &mut walk.findings);
                    let end;
                    (owner, end) = walk.owner(at, inner)?;
                    Ok(end)
                }
                Key::Reference => {
                    seen.once(key, &mut walk.findings);
                    walk.member(&mut Object::empty(), key, at, inner)
                }
                Key::Identifier if has_identifiers(expected) => {
                    // Each in a list.
                    walk.findings.identifiers_at = Some(inner + 2);
                    let end = walk.anything(at, inner)?;
                    walk.findings.identifiers_at = None;
                    Ok(end)
                }
                Key::Subscriber if expected == ResourceType::Coverage => {
                    let (named, end) = walk.named(at, inner)?;
                    if !named.refers() {
                        walk.findings.inside(Reason::UnprovableReference);
                    }
                    Ok(end)
                }
                Key::Link if expected == ResourceType::Patient => {
                    linked = true;
                    walk.anything(at, inner)
                }
                _ => walk.anything(at, inner),
            }
        })?;
        let findings = &mut self.findings;
        if !typed {
            findings.structure(Reason::UnexpectedType);
        }
        match owner {
            Owner::Own => {}
            Owner::Foreign => findings.foreign_owner = true,
            Owner::Malformed => findings.structure(Reason::OwnerMalformed),
            // The Patient of a card may have no id but what its entry is called by.
            Owner::Missing if owner_key == Key::Id && findings.person.alias.is_some() => {}
            Owner::Missing => findings.structure(Reason::OwnerMissing),
        }
        if linked && findings.inside == Some(Reason::ForeignReference) {
            findings.inside = Some(Reason::LinkedPatient);
        }
        Ok((resource_id, end))
    }

    /// The owner member: an object with one `reference` that is a string.
    fn owner(&mut self, at: usize, depth: usize) -> Result<(Owner, usize), Reason> {
        match self.reader.peek(at)? {
            (b'{', _) => {}
            // Nothing that it says makes it less malformed.
            (b'"', at) => return Ok((Owner::Malformed, self.string(at)?.2)),
            (_, at) => return Ok((Owner::Malformed, self.anything(at, depth)?)),
        }
        let mut owner = Owner::Missing;
        let mut object = Object::empty();
        let end = self.members(at, depth, &mut |walk, key, at| match key {
            Key::Reference => {
                object = object.with_owner(&mut walk.findings);
                let (reference, _, end) = walk.text(at, depth + 1)?;
                let person = walk.findings.person;
                owner = match reference.map(|reference| person.target(&reference)) {
                    Some(Target::Own) => Owner::Own,
                    Some(Target::Foreign) => Owner::Foreign,
                    Some(
                        Target::Contained
                        | Target::ForeignCoverage
                        | Target::Other
                        | Target::OwnCoverage
                        | Target::Unprovable,
                    )
                    | None => Owner::Malformed,
                };
                Ok(end)
            }
            key => walk.member(&mut object, key, at, depth + 1),
        })?;
        object.finish(depth + 1, &mut self.findings);
        Ok((owner, end))
    }
}

/// The member that names the owner.
const fn owner_key(expected: ResourceType) -> Key {
    match expected {
        ResourceType::Patient => Key::Id,
        ResourceType::Coverage => Key::Beneficiary,
        ResourceType::ExplanationOfBenefit => Key::Patient,
    }
}

/// Whether the record carries the person's own numbers.
const fn has_identifiers(resource: ResourceType) -> bool {
    match resource {
        ResourceType::Patient | ResourceType::Coverage => true,
        ResourceType::ExplanationOfBenefit => false,
    }
}
