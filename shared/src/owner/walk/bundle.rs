//! A Bundle, its entries, and the spans of what is rewritten later.

use super::value::Object;
use super::{Key, Seen, Walk};
use crate::owner::{Bundle, FullUrl, Link, Reason};
use crate::scope::ResourceType;

impl<'a> Walk<'a, '_> {
    /// A Bundle of resources of one type.
    pub(super) fn bundle(
        &mut self,
        at: usize,
        resource: ResourceType,
    ) -> Result<(Bundle<'a>, usize), Reason> {
        let mut bundle = Bundle::default();
        let mut seen = Seen::default();
        let mut typed = false;
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
                    if kind.as_deref() != Some("searchset") {
                        walk.findings.structure(Reason::UnexpectedType);
                    }
                    Ok(end)
                }
                Key::Total => {
                    let (total, end) = walk.count(at)?;
                    bundle.total = Some(total);
                    Ok(end)
                }
                Key::Id | Key::Meta => {
                    let span = walk.kept(at, |walk, start| walk.anything(start, 0))?;
                    let end = span.end;
                    if key == Key::Id {
                        bundle.id_span = Some(span);
                    } else {
                        bundle.meta_span = Some(span);
                    }
                    Ok(end)
                }
                Key::Link => {
                    let mut links = Some(Vec::new());
                    let span = walk.kept(at, |walk, start| walk.links(start, &mut links))?;
                    let end = span.end;
                    bundle.links = links.ok_or(Reason::Shape)?;
                    bundle.link_span = Some(span);
                    Ok(end)
                }
                Key::Entry => walk.elements(at, 1, &mut |walk, at| {
                    let (full_url, end) = walk.entry(at, resource)?;
                    bundle.entries += 1;
                    bundle.full_urls.extend(full_url);
                    Ok(end)
                }),
                Key::Reference => walk.member(&mut Object::empty(), key, at, 1),
                _ => walk.anything(at, 1),
            }
        })?;
        if !typed {
            self.findings.structure(Reason::UnexpectedType);
        }
        Ok((bundle, end))
    }

    /// A number of entries.
    fn count(&mut self, at: usize) -> Result<(u64, usize), Reason> {
        match self.reader.peek(at)? {
            (b'-' | b'0'..=b'9', at) => self.reader.count(at),
            (_, at) => Err(self.misfit(at, 1)),
        }
    }

    fn entry(
        &mut self,
        at: usize,
        resource: ResourceType,
    ) -> Result<(Option<FullUrl<'a>>, usize), Reason> {
        let mut seen = Seen::default();
        let mut id = None;
        let mut full_url = None;
        let end = self.members(at, 2, &mut |walk, key, at| match key {
            Key::Resource => {
                seen.once(key, &mut walk.findings);
                let end;
                (id, end) = walk.resource(at, 3, resource)?;
                Ok(end)
            }
            Key::FullUrl => {
                seen.once(key, &mut walk.findings);
                let mut url = None;
                let span = walk.kept(at, |walk, start| {
                    let (text, _, end) = walk.string(start)?;
                    walk.findings.text(&text);
                    url = Some(text);
                    Ok(end)
                })?;
                let end = span.end;
                full_url = url.map(|url| (span, url));
                Ok(end)
            }
            Key::Reference => {
                seen.once(key, &mut walk.findings);
                walk.member(&mut Object::empty(), key, at, 3)
            }
            Key::Id | Key::ResourceType => {
                seen.once(key, &mut walk.findings);
                walk.anything(at, 3)
            }
            _ => walk.anything(at, 3),
        })?;
        if !seen.has(Key::Resource) {
            self.findings.structure(Reason::EntryWithoutResource);
        }
        let Some((span, url)) = full_url else {
            return Ok((None, end));
        };
        // The public address of an entry is made of its id, so it must be one (FHIR, datatype id).
        match id {
            Some(id) if is_fhir_id(&id) => Ok((Some(FullUrl { span, url, id }), end)),
            _ => Err(Reason::Shape),
        }
    }

    /// The links of a Bundle; nothing is left of them where one has not the shape of a link.
    pub(super) fn links(
        &mut self,
        at: usize,
        links: &mut Option<Vec<Link<'a>>>,
    ) -> Result<usize, Reason> {
        self.elements(at, 0, &mut |walk, at| {
            let (link, end) = walk.link(at)?;
            match (&mut *links, link) {
                (Some(links), Some(link)) => links.push(link),
                _ => *links = None,
            }
            Ok(end)
        })
    }

    fn link(&mut self, at: usize) -> Result<(Option<Link<'a>>, usize), Reason> {
        if self.reader.peek(at)?.0 != b'{' {
            return Ok((None, self.anything(at, 1)?));
        }
        let (mut relation, mut url) = (None, None);
        let mut is_link = true;
        let mut object = Object::empty();
        let end = self.members(at, 1, &mut |walk, key, at| {
            let member = match key {
                Key::Relation => &mut relation,
                Key::Url => &mut url,
                _ => return walk.member(&mut object, key, at, 2),
            };
            let (text, _, end) = walk.text(at, 2)?;
            if let Some(text) = &text {
                walk.findings.link(text);
            }
            is_link &= text.is_some() && member.is_none();
            *member = text;
            Ok(end)
        })?;
        object.finish(2, &mut self.findings);
        let link = Link {
            relation: relation.unwrap_or_default(),
            url: url.unwrap_or_default(),
        };
        Ok((is_link.then_some(link), end))
    }
}

fn is_fhir_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}
