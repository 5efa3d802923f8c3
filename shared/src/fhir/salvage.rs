//! The slow path: a resource or bundle is JSON, but some part of it has the wrong shape. The parts
//! are tried one by one against the same wire types, the bad ones are cut out (and noted) at the
//! deepest place where that helps, and what is left is read as usual.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use super::notes::{Notes, Reason};
use super::reader::{members, object};
use super::wire::{self, Entry, Link};
use super::{Resource, model};

/// How deep to look for the bad part before giving up the whole of it. Bounds the recursion.
const DEPTH: usize = 8;

/// Reads a resource of which some part has the wrong shape.
pub(crate) fn resource(text: &str, notes: &mut Notes) -> Resource {
    let resource_type = resource_type(text);
    if !matches!(
        resource_type.as_str(),
        "ExplanationOfBenefit" | "Coverage" | "Patient"
    ) {
        return Resource::Other { resource_type };
    }
    let reads = |text: &str| object::<wire::Resource<'_>>(text).is_ok();
    let pruned = Pruner { notes }.prune(text, "", DEPTH, &reads);
    match pruned.as_deref().map(object::<wire::Resource<'_>>) {
        Some(Ok(wire)) => model(&wire, notes),
        _ => Resource::Other { resource_type },
    }
}

/// Reads a bundle of which some part has the wrong shape. An entry that is no object is read as one
/// without a resource.
pub(crate) fn bundle(text: &str) -> Result<wire::Bundle<'_>, serde_json::Error> {
    let members = members(text)?;
    let part = |name: &str| {
        let found = members.iter().find(|(key, _)| key.0 == name)?;
        Some(found.1)
    };
    let elements = |name: &str| -> Vec<&RawValue> {
        let list = part(name).and_then(|raw| serde_json::from_str(raw.get()).ok());
        list.unwrap_or_default()
    };
    let links = elements("link").into_iter();
    let entries = elements("entry").into_iter();
    Ok(wire::Bundle {
        resource_type: part("resourceType").and_then(|raw| serde_json::from_str(raw.get()).ok()),
        total: part("total"),
        link: links
            .map(|raw| object::<Link<'_>>(raw.get()).unwrap_or_default())
            .collect(),
        entry: entries
            .map(|raw| object::<Entry<'_>>(raw.get()).unwrap_or_default())
            .collect(),
    })
}

fn resource_type(text: &str) -> String {
    let members = members(text).unwrap_or_default();
    let name = members.iter().find(|(key, _)| key.0 == "resourceType");
    name.and_then(|(_, raw)| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

struct Pruner<'n> {
    notes: &'n mut Notes,
}

impl Pruner<'_> {
    /// The value without the parts that keep `reads` from accepting it; nothing where the value
    /// itself is the bad part.
    fn prune(
        &mut self,
        text: &str,
        path: &str,
        depth: usize,
        reads: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        if reads(text) {
            return Some(text.to_owned());
        }
        let kept = match text.as_bytes().first() {
            Some(b'{') if depth > 0 => self.object(text, path, depth, reads),
            Some(b'[') if depth > 0 => self.list(text, path, depth, reads),
            _ => None,
        };
        let kept = kept.filter(|kept| reads(kept));
        if kept.is_none() {
            self.notes.add(format_args!("{path}"), Reason::WrongShape);
        }
        kept
    }

    fn object(
        &mut self,
        text: &str,
        path: &str,
        depth: usize,
        reads: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        // An empty object must do, or cutting members out of this one cannot help.
        if !reads("{}") {
            return None;
        }
        let members = members(text).ok()?;
        let mut out = String::with_capacity(text.len());
        let mut seen = BTreeSet::new();
        for (key, raw) in &members {
            let path = if path.is_empty() {
                key.0.to_string()
            } else {
                format!("{path}.{}", key.0)
            };
            if !seen.insert(&key.0) {
                self.notes.add(format_args!("{path}"), Reason::Duplicate);
                continue;
            }
            let key = serde_json::to_string(&key.0).ok()?;
            let inner = |value: &str| reads(&format!("{{{key}:{value}}}"));
            if let Some(value) = self.prune(raw.get(), &path, depth - 1, &inner) {
                out.push(if out.is_empty() { '{' } else { ',' });
                out.push_str(&key);
                out.push(':');
                out.push_str(&value);
            }
        }
        if out.is_empty() {
            out.push('{');
        }
        out.push('}');
        Some(out)
    }

    fn list(
        &mut self,
        text: &str,
        path: &str,
        depth: usize,
        reads: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        if !reads("[]") {
            return None;
        }
        let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let mut out = String::with_capacity(text.len());
        for (index, raw) in items.iter().enumerate() {
            let inner = |value: &str| reads(&format!("[{value}]"));
            if let Some(value) =
                self.prune(raw.get(), &format!("{path}[{index}]"), depth - 1, &inner)
            {
                out.push(if out.is_empty() { '[' } else { ',' });
                out.push_str(&value);
            }
        }
        if out.is_empty() {
            out.push('[');
        }
        out.push(']');
        Some(out)
    }
}
