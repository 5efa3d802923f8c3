//! A Bundle, its entries, and the spans of what is rewritten later.

use std::borrow::Cow;
use std::fmt;

use bluegate_shared::owner::{Bundle, FullUrl, Link, Reason};
use bluegate_shared::scope::ResourceType;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::resource::ResourceSeed;
use super::{Anything, Findings, Key, KeySeed, Numbers, Object, Seen, Text};

/// A Bundle of resources of one type.
pub(super) struct BundleSeed<'s, 'p, 'de> {
    findings: &'s mut Findings<'p>,
    resource: ResourceType,
    text: &'de str,
}

impl<'s, 'p, 'de> BundleSeed<'s, 'p, 'de> {
    /// `text` is the whole body, from which spans are measured.
    pub(super) const fn new(
        findings: &'s mut Findings<'p>,
        resource: ResourceType,
        text: &'de str,
    ) -> Self {
        Self {
            findings,
            resource,
            text,
        }
    }
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
            if !matches!(
                key,
                Key::Identifier
                    | Key::Other
                    | Key::Subject
                    | Key::Subscriber
                    | Key::System
                    | Key::Url
                    | Key::Value
            ) {
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
                    walk_links(raw, findings)?;
                    bundle.links = links(raw)?;
                    bundle.link_span = span(text, raw);
                }
                Key::Entry => members.next_value_seed(EntriesSeed {
                    findings,
                    resource,
                    text,
                    bundle: &mut bundle,
                })?,
                Key::Reference => Object::default().member(key, &mut members, findings)?,
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
                Key::Reference => {
                    seen.once(key, findings);
                    Object::default().member(key, &mut members, findings)?;
                }
                Key::Id | Key::ResourceType => {
                    seen.once(key, findings);
                    members.next_value_seed(Anything(findings))?;
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

fn walk_links<E: Error>(raw: &RawValue, findings: &mut Findings<'_>) -> Result<(), E> {
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    LinkWords {
        findings,
        is_list: true,
    }
    .deserialize(&mut deserializer)
    .map_err(E::custom)
}

/// Looks at what links say, and at whatever else stands in their place.
struct LinkWords<'s, 'p> {
    findings: &'s mut Findings<'p>,
    /// The list of them, not one in it.
    is_list: bool,
}

impl<'de> DeserializeSeed<'de> for LinkWords<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LinkWords<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bundle links")
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
        if !self.is_list {
            return Anything(self.findings).visit_seq(items);
        }
        while items
            .next_element_seed(LinkWords {
                findings: self.findings,
                is_list: false,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let findings = self.findings;
        let mut object = Object::default();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            findings.text(&name);
            let key = Key::of(&name);
            if !matches!(&*name, "relation" | "url") {
                object.member(key, &mut members, findings)?;
            } else if let Some(text) = members.next_value_seed(Text(findings))? {
                findings.link(&text);
            }
        }
        object.finish(findings, Numbers::Nowhere);
        Ok(())
    }
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
            let (mut relation, mut url) = (None, None);
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                let member = match &*name {
                    "relation" => &mut relation,
                    "url" => &mut url,
                    _ => {
                        members.next_value::<IgnoredAny>()?;
                        continue;
                    }
                };
                if member.is_some() {
                    return Err(A::Error::custom("a link member occurs twice"));
                }
                *member = Some(string(members.next_value()?)?);
            }
            Ok(Link {
                relation: relation.unwrap_or_default(),
                url: url.unwrap_or_default(),
            })
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
