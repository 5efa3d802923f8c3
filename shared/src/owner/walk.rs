//! The streaming pass over every byte, which keeps almost none.
//!
//! Findings are recorded, not returned as errors, so that the pass always goes on to the last byte: whether a
//! body names another owner may only be said of a body that is JSON to its end.

mod block;
mod bundle;
mod card;
mod reader;
mod resource;
mod value;

use std::borrow::Cow;

use self::reader::Reader;
use self::value::Object;
use super::reference::Target;
use super::{Bundle, Expected, Outcome, Person, Proved, Reason};
use crate::id::PatientId;

pub(super) fn scan<'a>(text: &'a str, expected: Expected, person: &Person<'_>) -> Outcome<'a> {
    let mut walk = Walk::new(text, person);
    let read = match expected {
        Expected::Resource(resource) => walk.resource(0, 0, resource).map(|(_, end)| (None, end)),
        Expected::Searchset(resource) => walk
            .bundle(0, resource)
            .map(|(bundle, end)| (Some(bundle), end)),
    };
    walk.outcome(text, read)
}

pub(super) fn scan_card<'a>(text: &'a str, person: &Person<'_>) -> Outcome<'a> {
    let mut walk = Walk::new(text, person);
    let read = walk.card(0).map(|end| (None, end));
    walk.outcome(text, read)
}

/// A text, whether it needs decoding, and where it ends.
type Text<'a> = (Option<Cow<'a, str>>, bool, usize);

/// How many objects and lists may be open at a time.
const DEPTH: usize = 127;

/// The pass. Methods take where a value begins and in how many objects and lists it stands, and give where it ends.
struct Walk<'a, 'p> {
    reader: Reader<'a>,
    /// The objects and lists that are open around the innermost one.
    outer: [Object; DEPTH],
    findings: Findings<'p>,
}

impl<'a, 'p> Walk<'a, 'p> {
    const fn new(text: &'a str, person: &'p Person<'p>) -> Self {
        Self {
            reader: Reader::new(text),
            outer: [Object::LIST; DEPTH],
            findings: Findings::new(person),
        }
    }

    /// What was read comes to, once it is known to end where the text does.
    fn outcome(
        self,
        text: &'a str,
        read: Result<(Option<Bundle<'a>>, usize), Reason>,
    ) -> Outcome<'a> {
        let bundle = match read.and_then(|(bundle, end)| self.reader.finish(end).map(|()| bundle)) {
            Ok(bundle) => bundle,
            Err(reason) => return Outcome::NotProved(reason),
        };
        let findings = self.findings;
        // A body whose structure is doubtful proves nothing, not even that it is somebody else's.
        if let Some(reason) = findings.structure {
            return Outcome::NotProved(reason);
        }
        if findings.foreign_owner {
            return Outcome::ForeignOwner;
        }
        if let Some(reason) = findings.inside {
            return Outcome::NotProved(reason);
        }
        Outcome::Proved(Proved { text, bundle })
    }

    /// An object; each of its members is read by `member`, which is told where the value begins.
    fn members(
        &mut self,
        at: usize,
        depth: usize,
        member: &mut dyn FnMut(&mut Self, Key, usize) -> Result<usize, Reason>,
    ) -> Result<usize, Reason> {
        let (byte, mut at) = self.reader.peek(at)?;
        if byte != b'{' {
            return Err(self.misfit(at, depth));
        }
        if depth >= DEPTH {
            return Err(Reason::Json);
        }
        let (byte, next) = self.reader.peek(at + 1)?;
        if byte == b'}' {
            return Ok(next + 1);
        }
        at = next;
        loop {
            let (key, value) = self.key(at)?;
            let end = member(self, key, value)?;
            let (byte, next) = self.reader.peek(end)?;
            match byte {
                b',' => at = self.reader.peek(next + 1)?.1,
                b'}' => return Ok(next + 1),
                _ => return Err(Reason::Json),
            }
        }
    }

    /// A list; each of its elements is read by `element`.
    fn elements(
        &mut self,
        at: usize,
        depth: usize,
        element: &mut dyn FnMut(&mut Self, usize) -> Result<usize, Reason>,
    ) -> Result<usize, Reason> {
        let (byte, mut at) = self.reader.peek(at)?;
        if byte != b'[' {
            return Err(self.misfit(at, depth));
        }
        if depth >= DEPTH {
            return Err(Reason::Json);
        }
        let (byte, next) = self.reader.peek(at + 1)?;
        if byte == b']' {
            return Ok(next + 1);
        }
        at = next;
        loop {
            let end = element(self, at)?;
            let (byte, next) = self.reader.peek(end)?;
            match byte {
                b',' => at = next + 1,
                b']' => return Ok(next + 1),
                _ => return Err(Reason::Json),
            }
        }
    }

    /// The name of a member, and where what comes behind its colon begins.
    fn key(&mut self, at: usize) -> Result<(Key, usize), Reason> {
        let (name, needs_decoding, end) = self.string(at)?;
        if needs_decoding {
            self.findings.text(&name);
        }
        Ok((Key::of(&name), self.reader.expect(b':', end)?))
    }

    /// A string, not a value of any other kind, and whether it may be other than what it looks like or name somebody.
    fn string(&mut self, at: usize) -> Result<(Cow<'a, str>, bool, usize), Reason> {
        let (byte, at) = self.reader.peek(at)?;
        if byte != b'"' {
            return Err(Reason::Json);
        }
        let quoted = self.reader.quoted(at)?;
        let text = if quoted.needs_decoding {
            self.reader.decoded(quoted)?
        } else {
            Cow::Borrowed(self.reader.plain(quoted))
        };
        Ok((text, quoted.needs_decoding, quoted.end + 1))
    }

    /// A value whose text matters, as [`Self::string`] gives it. Anything else is walked and gives nothing.
    fn text(&mut self, at: usize, depth: usize) -> Result<Text<'a>, Reason> {
        match self.reader.peek(at)? {
            (b'"', at) => {
                let (text, needs_decoding, end) = self.string(at)?;
                Ok((Some(text), needs_decoding, end))
            }
            (_, at) => self.anything(at, depth).map(|end| (None, false, end)),
        }
    }

    /// What is wrong where a value of another kind was expected.
    #[cold]
    fn misfit(&mut self, at: usize, depth: usize) -> Reason {
        match self.reader.peek(at) {
            Ok((b'{' | b'[', _)) => Reason::Shape,
            _ => match self.anything(at, depth) {
                Ok(_) => Reason::Shape,
                Err(reason) => reason,
            },
        }
    }

    /// A value that is kept as it stands; read as if nothing were around it.
    fn kept(
        &mut self,
        at: usize,
        read: impl FnOnce(&mut Self, usize) -> Result<usize, Reason>,
    ) -> Result<std::ops::Range<usize>, Reason> {
        let (_, start) = self.reader.peek(at)?;
        match read(self, start) {
            Ok(end) => Ok(start..end),
            Err(_) => Err(self.reader.refusal(start)),
        }
    }
}

struct Findings<'p> {
    person: &'p Person<'p>,
    structure: Option<Reason>,
    inside: Option<Reason>,
    foreign_owner: bool,
    /// How deep the identifiers of a record stand that is proved to be the person's, while they are read.
    identifiers_at: Option<usize>,
}

impl<'p> Findings<'p> {
    const fn new(person: &'p Person<'p>) -> Self {
        Self {
            person,
            structure: None,
            inside: None,
            foreign_owner: false,
            identifiers_at: None,
        }
    }

    fn structure(&mut self, reason: Reason) {
        self.structure.get_or_insert(reason);
    }

    fn inside(&mut self, reason: Reason) {
        self.inside.get_or_insert(reason);
    }

    /// Any text, key or value.
    fn text(&mut self, text: &str) {
        if self.person.mentions_another(text) {
            self.inside(Reason::ForeignReference);
        }
    }

    /// The address of a link of a Bundle.
    fn link(&mut self, url: &str) {
        if self.person.link_names_another(url) {
            self.inside(Reason::ForeignReference);
        }
    }

    /// The text of a `reference` member anywhere but in the owner.
    fn reference(&mut self, text: &str, needs_decoding: bool) -> Target {
        let target = self.person.target(text);
        match target {
            Target::Foreign | Target::ForeignCoverage => self.inside(Reason::ForeignReference),
            Target::Unprovable => self.inside(Reason::UnprovableReference),
            Target::Contained | Target::Other if needs_decoding => self.text(text),
            Target::Contained | Target::Other | Target::Own | Target::OwnCoverage => {}
        }
        target
    }

    /// Whose a Patient id is.
    fn patient_id(&self, id: &str) -> Owner {
        if self.person.is_id(id) {
            return Owner::Own;
        }
        match PatientId::parse(id) {
            Ok(_) => Owner::Foreign,
            Err(_) => Owner::Malformed,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Owner {
    Foreign,
    Malformed,
    Missing,
    Own,
}

/// The member names that decide anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Key {
    Entry,
    FullUrl,
    Identifier,
    Link,
    Meta,
    Other,
    Relation,
    Resource,
    Subscriber,
    Total,
    // By their text, in any object.
    System,
    Type,
    Url,
    Value,
    // By being there as well.
    Id,
    Reference,
    ResourceType,
    // By whom they name.
    Beneficiary,
    Patient,
    Subject,
}

impl Key {
    /// Whether an object is judged by more of it than a text.
    #[inline(always)]
    const fn decides_by_itself(self) -> bool {
        self as u8 >= Self::Id as u8
    }

    /// Whether it is the member that names the owner of a resource of some type.
    const fn names_owner(self) -> bool {
        self as u8 >= Self::Beneficiary as u8
    }

    /// Whether a Bundle may have it once only.
    const fn decides_in_bundle(self) -> bool {
        !matches!(
            self,
            Self::Identifier
                | Self::Other
                | Self::Relation
                | Self::Subject
                | Self::Subscriber
                | Self::System
                | Self::Url
                | Self::Value
        )
    }

    fn of(name: &str) -> Self {
        match name {
            "beneficiary" => Self::Beneficiary,
            "entry" => Self::Entry,
            "fullUrl" => Self::FullUrl,
            "id" => Self::Id,
            "identifier" => Self::Identifier,
            "link" => Self::Link,
            "meta" => Self::Meta,
            "patient" => Self::Patient,
            "reference" => Self::Reference,
            "relation" => Self::Relation,
            "resource" => Self::Resource,
            "resourceType" => Self::ResourceType,
            "subject" => Self::Subject,
            "subscriber" => Self::Subscriber,
            "system" => Self::System,
            "total" => Self::Total,
            "type" => Self::Type,
            "url" => Self::Url,
            "value" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// Which members an object had already. Only those that decide something are refused a second time.
#[derive(Default)]
struct Seen(u32);

impl Seen {
    fn once(&mut self, key: Key, findings: &mut Findings<'_>) {
        let bit = 1 << key as u16;
        if self.0 & bit != 0 {
            findings.structure(Reason::DuplicateMember);
        }
        self.0 |= bit;
    }

    const fn has(&self, key: Key) -> bool {
        self.0 & 1 << key as u16 != 0
    }
}
