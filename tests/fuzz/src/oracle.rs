//! The release guard once more, slow and obvious: what section 7.4 of the wire contract says about a tree of
//! the whole body, without any regard to speed. The scan that serves calls must agree with it on every input.

use bluegate_shared::id::PatientId;
use bluegate_shared::owner::Expected;
use bluegate_shared::scope::ResourceType;

use crate::tree::Tree;

/// What may be said of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Everything in it is the person's.
    Proved,
    /// It is whole and well formed, and names another owner.
    Foreign,
    /// Neither is certain.
    NotProved,
}

/// Reads the whole body and says whose it is.
#[must_use]
pub fn verdict(body: &[u8], expected: Expected, own: &str, bases: &[&str]) -> Verdict {
    let Some(tree) = Tree::parse(body) else {
        return Verdict::NotProved;
    };
    let oracle = Oracle { own, bases };
    let (kind, resources) = match expected {
        Expected::Resource(kind) => (kind, vec![&tree]),
        Expected::Searchset(kind) => match entries(&tree) {
            Some(resources) => (kind, resources),
            None => return Verdict::NotProved,
        },
    };
    let mut foreign = false;
    for resource in &resources {
        if !is_one_of(resource, kind) {
            return Verdict::NotProved;
        }
        match oracle.owner(resource, kind) {
            Some(owner) => foreign |= owner != own,
            None => return Verdict::NotProved,
        }
    }
    if tree.everything().into_iter().any(repeats_what_decides) {
        return Verdict::NotProved;
    }
    if foreign {
        return Verdict::Foreign;
    }
    let tops: Vec<*const Tree> = frame(&tree, expected, &resources);
    let harmless = tree.everything().into_iter().all(|value| {
        let is_frame = tops.contains(&std::ptr::from_ref(value));
        oracle.mentions_nobody_else(value) && oracle.refers_to_nobody_else(value, is_frame)
    });
    if harmless {
        Verdict::Proved
    } else {
        Verdict::NotProved
    }
}

/// The resources of a search result, where it has the shape of one.
fn entries(bundle: &Tree) -> Option<Vec<&Tree>> {
    const NAMES: [&str; 12] = [
        "beneficiary",
        "entry",
        "fullUrl",
        "id",
        "link",
        "meta",
        "patient",
        "reference",
        "resource",
        "resourceType",
        "total",
        "type",
    ];
    if NAMES.iter().any(|name| bundle.all(name).count() > 1) {
        return None;
    }
    if bundle.get("resourceType")?.text() != Some("Bundle")
        || bundle
            .get("type")
            .is_some_and(|kind| kind.text() != Some("searchset"))
        || bundle
            .get("total")
            .is_some_and(|total| !matches!(total, Tree::Number(_)))
    {
        return None;
    }
    match bundle.get("link") {
        None => {}
        Some(Tree::Array(links)) if links.iter().all(is_link) => {}
        Some(_) => return None,
    }
    match bundle.get("entry") {
        None => Some(Vec::new()),
        Some(Tree::Array(entries)) => entries.iter().map(entry).collect(),
        Some(_) => None,
    }
}

/// `relation` and `url` are texts, and given once.
fn is_link(link: &Tree) -> bool {
    matches!(link, Tree::Object(_))
        && ["relation", "url"].iter().all(|name| {
            link.all(name).all(|value| value.text().is_some()) && link.all(name).count() <= 1
        })
}

/// The resource of an entry. Where there is a `fullUrl`, the resource has an id to build another of.
fn entry(entry: &Tree) -> Option<&Tree> {
    let resource = entry.get("resource")?;
    let Tree::Object(_) = resource else {
        return None;
    };
    if entry.all("fullUrl").count() > 1 {
        return None;
    }
    if let Some(url) = entry.get("fullUrl") {
        url.text()?;
        let id = resource.get("id")?.text()?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if id.is_empty() || id.len() > 64 || !id.chars().all(allowed) {
            return None;
        }
    }
    Some(resource)
}

fn is_one_of(resource: &Tree, kind: ResourceType) -> bool {
    resource.get("resourceType").and_then(Tree::text) == Some(kind.name())
        && resource.all("id").count() <= 1
}

/// The members on which the rules for Patients and references rest.
fn repeats_what_decides(value: &Tree) -> bool {
    ["id", "reference", "resourceType"]
        .iter()
        .any(|name| value.all(name).count() > 1)
}

/// What carries the resources, and the resources themselves: these are judged by type and owner, so that the
/// rules for what stands inside need not hold for them.
fn frame(tree: &Tree, expected: Expected, resources: &[&Tree]) -> Vec<*const Tree> {
    let mut frame: Vec<_> = resources.iter().map(|r| std::ptr::from_ref(*r)).collect();
    if let Expected::Searchset(_) = expected {
        frame.push(std::ptr::from_ref(tree));
        for entries in tree.all("entry") {
            frame.extend(entries.items().iter().map(std::ptr::from_ref));
        }
    }
    frame
}

struct Oracle<'a> {
    own: &'a str,
    bases: &'a [&'a str],
}

impl Oracle<'_> {
    /// The patient id that the resource names as its owner.
    fn owner(&self, resource: &Tree, kind: ResourceType) -> Option<String> {
        let id = match kind {
            ResourceType::Patient => resource.get("id")?.text()?.to_owned(),
            ResourceType::Coverage => self.patient(owner_reference(resource, "beneficiary")?)?,
            ResourceType::ExplanationOfBenefit => {
                self.patient(owner_reference(resource, "patient")?)?
            }
        };
        PatientId::parse(&id).is_ok().then_some(id)
    }

    /// The id in a reference to a Patient of this backend.
    fn patient(&self, reference: &str) -> Option<String> {
        let relative = reference.strip_prefix("Patient/");
        let absolute = self
            .bases
            .iter()
            .find_map(|base| reference.strip_prefix(&format!("{base}/Patient/")));
        relative.or(absolute).map(str::to_owned)
    }

    /// No key and no text has the form of a reference to somebody else.
    fn mentions_nobody_else(&self, value: &Tree) -> bool {
        value.text().is_none_or(|text| !self.mentions(text))
            && value.members().iter().all(|(name, _)| !self.mentions(name))
    }

    fn mentions(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        (0..text.len()).any(|at| {
            let rest = &text[at..];
            let word: String = rest.iter().take(8).collect();
            if !word.eq_ignore_ascii_case("patient/")
                || (at > 0 && text[at - 1].is_ascii_alphanumeric())
            {
                return false;
            }
            // As far as a number goes that may have a sign, and on to the end of the word it is in.
            let mut id = String::new();
            for (position, c) in rest[8..].iter().enumerate() {
                match c {
                    '-' if position == 0 => id.push('-'),
                    c if c.is_ascii_alphanumeric() => id.push(*c),
                    _ => break,
                }
            }
            let first = id.trim_start_matches('-').chars().next();
            first.is_some_and(|c| c.is_ascii_digit()) && id != self.own
        })
    }

    fn refers_to_nobody_else(&self, value: &Tree, is_frame: bool) -> bool {
        let reference = value.get("reference").and_then(Tree::text);
        let allowed = reference.is_none_or(|reference| {
            self.patient(reference).as_deref() == Some(self.own) || !could_mean_a_patient(reference)
        });
        if is_frame {
            return allowed;
        }
        let is_patient = value
            .get("resourceType")
            .and_then(Tree::text)
            .is_some_and(|name| name.eq_ignore_ascii_case("Patient"));
        let own_id = value.get("id").and_then(Tree::text) == Some(self.own);
        // R4 `Reference.type`: a logical reference names a Patient by an identifier alone.
        let says_patient = value
            .all("type")
            .filter_map(Tree::text)
            .any(|name| name == "Patient" || name.ends_with("/Patient"));
        let says_which = reference.is_some_and(|reference| {
            reference.starts_with('#') || self.patient(reference).as_deref() == Some(self.own)
        });
        allowed && (!is_patient || own_id) && (!says_patient || says_which)
    }
}

/// `{"reference": …}`, once.
fn owner_reference<'t>(resource: &'t Tree, member: &str) -> Option<&'t str> {
    resource.get(member)?.get("reference")?.text()
}

/// A part of the reference is the word Patient, plainly or behind percent signs.
fn could_mean_a_patient(reference: &str) -> bool {
    let mut text = reference.to_owned();
    // Four rounds: nobody escapes more often and means no harm.
    for _ in 0..4 {
        let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
        if parts
            .into_iter()
            .any(|part| part.eq_ignore_ascii_case("patient"))
        {
            return true;
        }
        let decoded = decoded(&text);
        if decoded == text {
            return false;
        }
        text = decoded;
    }
    true
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut at = 0;
    let text = text.as_bytes();
    while at < text.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
        let byte = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
