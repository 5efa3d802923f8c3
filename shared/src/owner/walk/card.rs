//! An insurance card: a Bundle that is no page of a search (docs/contract/07-fhir.md, 7.4). Its entries are of three
//! types, so each is asked for its type before it is read as one.

use std::borrow::Cow;

use super::value::Object;
use super::{DEPTH, Findings, Key, Seen, Walk};
use crate::owner::Reason;
use crate::scope::ResourceType;

impl<'a> Walk<'a, '_> {
    /// A collection of a Patient, Coverages and Organizations.
    pub(super) fn card(&mut self, at: usize) -> Result<usize, Reason> {
        let mut seen = Seen::default();
        let (mut typed, mut collection) = (false, false);
        let end = self.members(at, 0, &mut |walk, key, at| {
            if key.decides_in_bundle() {
                seen.once(key, &mut walk.findings);
            }
            match key {
                Key::ResourceType => {
                    let (name, _, end) = walk.text(at, 1)?;
                    typed = name.as_deref() == Some("Bundle");
                    Ok(end)
                }
                Key::Type => {
                    let (kind, _, end) = walk.text(at, 1)?;
                    collection = kind.as_deref() == Some("collection");
                    Ok(end)
                }
                Key::Link => {
                    let mut links = Some(Vec::new());
                    let end = walk.links(at, &mut links)?;
                    links.map(|_| end).ok_or(Reason::Shape)
                }
                Key::Entry => walk.elements(at, 1, &mut |walk, at| walk.card_entry(at)),
                Key::Reference => walk.member(&mut Object::empty(), key, at, 1),
                _ => walk.anything(at, 1),
            }
        })?;
        if !typed || !collection {
            self.findings.structure(Reason::UnexpectedType);
        }
        Ok(end)
    }

    fn card_entry(&mut self, at: usize) -> Result<usize, Reason> {
        let mut seen = Seen::default();
        let end = self.members(at, 2, &mut |walk, key, at| {
            if key.decides_by_itself() || matches!(key, Key::FullUrl | Key::Resource) {
                seen.once(key, &mut walk.findings);
            }
            match key {
                Key::Resource => walk.card_resource(at),
                Key::FullUrl => {
                    let (url, _, end) = walk.string(at)?;
                    walk.findings.text(&url);
                    Ok(end)
                }
                Key::Reference => walk.member(&mut Object::empty(), key, at, 3),
                _ => walk.anything(at, 3),
            }
        })?;
        if !seen.has(Key::Resource) {
            self.findings.structure(Reason::EntryWithoutResource);
        }
        Ok(end)
    }

    fn card_resource(&mut self, at: usize) -> Result<usize, Reason> {
        match self.resource_type(at)?.as_deref() {
            // About nobody, and read like one that is contained.
            Some("Organization") => self.anything(at, 3),
            Some("Patient") => Ok(self.resource(at, 3, ResourceType::Patient)?.1),
            Some("Coverage") => Ok(self.resource(at, 3, ResourceType::Coverage)?.1),
            _ => {
                self.findings.structure(Reason::UnexpectedType);
                self.anything(at, 3)
            }
        }
    }

    /// What an object says that it is, looked up by a walk that finds nothing else.
    fn resource_type(&self, at: usize) -> Result<Option<Cow<'a, str>>, Reason> {
        let mut ahead = Walk {
            reader: self.reader,
            outer: [Object::LIST; DEPTH],
            findings: Findings::new(self.findings.person),
        };
        let mut found = None;
        ahead.members(at, 3, &mut |walk, key, at| {
            if key != Key::ResourceType {
                return walk.anything(at, 4);
            }
            let (name, _, end) = walk.text(at, 4)?;
            found = name;
            Ok(end)
        })?;
        Ok(found)
    }
}
