//! Where the resources of a bundle stand: one pass over its text that skips them.

use std::ops::Range;

use super::keys::{Context, Key};
use super::reader::Reader;
use crate::fhir::notes::Reason;
use crate::fhir::{Links, ParseError, ParseErrorKind};

/// A bundle without its resources.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) total: Option<u64>,
    pub(crate) links: Links,
    /// Where each entry's resource stands, or why there is none.
    pub(crate) entries: Vec<Place>,
    /// Where each entry's `fullUrl` stands, quotes included; nowhere at 0.
    pub(crate) urls: Vec<usize>,
}

/// Finds the resources of a bundle. An entry that one of these places lies in was not UTF-8; anything
/// else that was not is an error.
pub(crate) fn index(text: &str, bad: &[usize]) -> Result<Index, ParseError> {
    let mut known = 0;
    let mut reader = Reader::new(text)?;
    let mut index = Index::default();
    let mut is_bundle = false;
    let mut seen = 0_u128;
    if reader.peek()? != b'{' {
        let start = reader.position();
        reader.skip()?;
        reader.finish()?;
        return Err(ParseError::new(start, ParseErrorKind::WrongType));
    }
    reader.expect(b'{')?;
    let mut first = true;
    while reader.another(b'}', first)? {
        first = false;
        let key = reader.key(Context::Full)?;
        let next = reader.peek()?;
        // Of a member that comes twice the first one counts.
        let key = key.filter(|key| seen & key.bit() == 0);
        seen |= key.map_or(0, Key::bit);
        match (key, next) {
            (Some(Key::ResourceType), b'"') => is_bundle = string(&mut reader)? == "Bundle",
            (Some(Key::Total), _) => {
                let start = reader.position();
                reader.skip()?;
                let total = reader.slice(start, reader.position());
                let quoted = total
                    .strip_prefix('"')
                    .and_then(|total| total.strip_suffix('"'));
                index.total = quoted.unwrap_or(total).parse().ok();
            }
            (Some(Key::Link), b'[') => {
                each(&mut reader, &mut |reader| link(reader, &mut index.links))?
            }
            (Some(Key::Entry), b'[') => each(&mut reader, &mut |reader| {
                let start = reader.position();
                let found = entry(reader);
                let (mut place, url) = found.or_else(|_| broken(reader, start))?;
                let inside = bad
                    .iter()
                    .filter(|at| (start..reader.position()).contains(at));
                let inside = inside.count();
                if inside > 0 {
                    known += inside;
                    place = Err((span(&place), Reason::NotUtf8));
                }
                index.entries.push(place);
                index.urls.push(url);
                Ok(())
            })?,
            // No list of entries is none of them: their claims would be missing from every sum.
            (Some(Key::Entry), next) if next != b'n' => {
                return Err(ParseError::new(reader.position(), ParseErrorKind::Entries));
            }
            _ => reader.skip()?,
        }
    }
    reader.finish()?;
    if known < bad.len() {
        let at = bad.first().copied().unwrap_or_default();
        return Err(ParseError::new(at, ParseErrorKind::Syntax));
    }
    if !is_bundle {
        return Err(ParseError::new(0, ParseErrorKind::WrongType));
    }
    Ok(index)
}

type Step<'s> = &'s mut dyn FnMut(&mut Reader<'_>) -> Result<(), ParseError>;

/// Goes through a list.
fn each(reader: &mut Reader<'_>, step: Step<'_>) -> Result<(), ParseError> {
    reader.expect(b'[')?;
    let mut first = true;
    while reader.another(b']', first)? {
        first = false;
        step(reader)?;
    }
    Ok(())
}

fn link(reader: &mut Reader<'_>, links: &mut Links) -> Result<(), ParseError> {
    let (mut relation, mut url) = (None, None);
    if reader.peek()? != b'{' {
        return reader.skip();
    }
    reader.expect(b'{')?;
    let mut first = true;
    while reader.another(b'}', first)? {
        first = false;
        match (reader.key(Context::Full)?, reader.peek()?) {
            (Some(Key::Relation), b'"') => relation = Some(string(reader)?),
            (Some(Key::Url), b'"') => url = Some(string(reader)?),
            _ => reader.skip()?,
        }
    }
    match relation.as_deref() {
        Some("self") => links.this = url,
        Some("first") => links.first = url,
        Some("next") => links.next = url,
        // FHIR says `previous`; `prev` is what RFC 8288 and some servers say.
        Some("previous" | "prev") => links.previous = url,
        Some("last") => links.last = url,
        _ => {}
    }
    Ok(())
}

/// Where a resource stands, or why there is none that can be read.
pub(crate) type Place = Result<Range<usize>, (Range<usize>, Reason)>;

/// Where the text of a place stands.
pub(crate) fn span(place: &Place) -> Range<usize> {
    match place {
        Ok(span) | Err((span, _)) => span.clone(),
    }
}

/// Where the resource of an entry stands, and its `fullUrl`.
fn entry(reader: &mut Reader<'_>) -> Result<(Place, usize), ParseError> {
    let mut found = Err((0..0, Reason::Missing));
    let mut url = 0;
    if reader.peek()? != b'{' {
        reader.skip()?;
        return Ok((found, url));
    }
    reader.expect(b'{')?;
    let mut first = true;
    while reader.another(b'}', first)? {
        first = false;
        let key = reader.key(Context::Full)?;
        let next = reader.peek()?;
        let start = reader.position();
        reader.skip()?;
        let span = start..reader.position();
        if key == Some(Key::FullUrl) && next == b'"' {
            url = start;
        }
        if key == Some(Key::Resource) && matches!(found, Err((_, Reason::Missing))) {
            found = match next {
                b'{' => Ok(span),
                b'n' => continue,
                _ => Err((span, Reason::WrongShape)),
            };
        }
    }
    Ok((found, url))
}

/// Goes past an entry that is no JSON, as far as its brackets or the next comma tell where it ends.
#[cold]
fn broken(reader: &mut Reader<'_>, start: usize) -> Result<(Place, usize), ParseError> {
    reader.skip_broken(start)?;
    Ok((Err((0..0, Reason::NotJson)), 0))
}

pub(super) fn string(reader: &mut Reader<'_>) -> Result<String, ParseError> {
    reader.expect(b'"')?;
    let quoted = reader.quoted()?;
    reader.string(quoted)
}
