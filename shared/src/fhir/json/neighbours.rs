//! The resources beside the claims of a page, found by what references call them (FHIR R4, "Resolving
//! references in Bundles"). The page of a server that includes none is not looked through for them.

use std::ops::Range;

use super::bundle::{Index, string};
use super::keys::{Context, Key};
use super::reader::{Reader, document};
use crate::fhir::CLAIM;
use crate::fhir::value::{cut, cut_last};

/// What the resources of a page are called, claims left out.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    all: Vec<Neighbour>,
    /// The last bytes of `fullUrl` and id, by which most are told apart: a bundle may have thousands.
    ends: Vec<[u32; 2]>,
}

#[derive(Debug)]
struct Neighbour {
    /// `Practitioner/1`
    name: String,
    /// Where its `id` begins in the name.
    id: usize,
    /// Its `fullUrl`; empty where the entry has none.
    url: String,
    place: Range<usize>,
}

impl Neighbours {
    /// Those of a page.
    pub(crate) fn of(text: &str, index: &Index) -> Self {
        let mut neighbours = Self::default();
        for (place, url) in index.entries.iter().zip(&index.urls) {
            let Ok(place) = place else { continue };
            if let Some(found) = neighbour(text, place.clone(), *url) {
                neighbours.ends.push([end(&found.url), end(&found.name)]);
                neighbours.all.push(found);
            }
        }
        neighbours
    }

    /// Where the resource stands that a reference means. One that could mean two means neither.
    pub(crate) fn find(&self, reference: &str) -> Option<Range<usize>> {
        let version = cut_last(reference, b'/');
        let version = version.and_then(|(rest, _)| rest.strip_suffix("/_history"));
        let reference = version.unwrap_or(reference);
        let wanted = end(reference);
        let mut found: Option<&Neighbour> = None;
        for (neighbour, ends) in self.all.iter().zip(&self.ends) {
            if !ends.contains(&wanted) || !neighbour.is_meant(reference) {
                continue;
            }
            if found.is_some_and(|found| found.url != neighbour.url) {
                return None;
            }
            found = found.or(Some(neighbour));
        }
        Some(found?.place.clone())
    }
}

/// The last four bytes.
fn end(name: &str) -> u32 {
    let last = name.as_bytes().last_chunk().copied();
    u32::from_le_bytes(last.unwrap_or_default())
}

impl Neighbour {
    /// An absolute reference is the entry's `fullUrl`. Any other is type and id; so is an absolute one
    /// to an entry that has no `fullUrl`.
    fn is_meant(&self, reference: &str) -> bool {
        let absolute = cut(reference, b':').is_some();
        if absolute && !self.url.is_empty() {
            return reference == self.url;
        }
        let id = self.name.get(self.id..).unwrap_or_default();
        match reference.strip_prefix("urn:uuid:") {
            Some(uuid) => uuid == id,
            None => reference
                .strip_suffix(self.name.as_str())
                .is_some_and(|base| base.is_empty() || (absolute && base.ends_with('/'))),
        }
    }
}

/// A resource that references may mean; nobody refers to claims.
fn neighbour(text: &str, place: Range<usize>, url: usize) -> Option<Neighbour> {
    let resource = document(text, place.clone(), Context::Name, &|_| None).ok()?;
    let root = resource.root();
    let name = root.text(Key::ResourceType).filter(|name| *name != CLAIM)?;
    let id = root.text(Key::Id).unwrap_or_default();
    let mut reader = Reader::within(text, url..text.len()).ok()?;
    let mut name = name.to_owned();
    name.push('/');
    let at = name.len();
    name.push_str(id);
    Some(Neighbour {
        name,
        id: at,
        url: string(&mut reader).unwrap_or_default(),
        place,
    })
}
