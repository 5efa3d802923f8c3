//! Any value at any depth, in one loop: nearly all of a body is read here.

use std::borrow::Cow;

use super::reader::{Quoted, Reader};
use super::{Findings, Key, Owner, Walk};
use crate::owner::Reason;
use crate::owner::names::{Kind, System, may_end_system, type_is_of_people};
use crate::owner::reference::Target;

impl<'a> Walk<'a, '_> {
    /// Any value. `depth` objects and lists are open around it.
    pub(super) fn anything(&mut self, at: usize, depth: usize) -> Result<usize, Reason> {
        // A copy, so that it stays in registers; on errors the reading ends anyway.
        let mut reader = self.reader;
        let (floor, mut depth) = (depth, depth);
        let mut at = at;
        let mut innermost = Object::LIST;
        'element: loop {
            let mut key = Key::Other;
            if innermost.is_object() {
                (key, at) = self.name(&mut reader, at)?;
                if key.decides_by_itself() {
                    innermost = innermost.with(key, &mut self.findings);
                }
            }
            let (byte, start) = reader.peek(at)?;
            match byte {
                b'"' => {
                    let quoted = reader.quoted(start)?;
                    if quoted.needs_decoding || (key != Key::Other && decides(&reader, key, quoted))
                    {
                        let text = text(&mut reader, quoted)?;
                        innermost = innermost.with_text(
                            key,
                            &text,
                            quoted.needs_decoding,
                            &mut self.findings,
                        );
                    }
                    at = quoted.end + 1;
                }
                b'{' | b'[' => {
                    let outer = self.outer.get_mut(depth).ok_or(Reason::Json)?;
                    *outer = innermost;
                    depth += 1;
                    innermost = Object::opened(byte, innermost);
                    let (byte, next) = reader.peek(start + 1)?;
                    at = next;
                    if byte != innermost.closing() {
                        continue 'element;
                    }
                }
                _ => {
                    at = reader.scalar(byte, start)?;
                    innermost = innermost.behind_scalar();
                }
            }
            // Behind a value: what it is in goes on or ends.
            while depth > floor {
                let (byte, next) = reader.peek(at)?;
                at = next + 1;
                if byte == b',' {
                    continue 'element;
                }
                if byte != innermost.closing() {
                    return Err(Reason::Json);
                }
                if innermost.is_judged() {
                    self.judge(innermost, depth);
                }
                depth -= 1;
                innermost = self.outer.get(depth).copied().unwrap_or(Object::LIST);
            }
            self.reader = reader;
            return Ok(at);
        }
    }

    /// A member of an object that is read member by member, judged with that object.
    pub(super) fn member(
        &mut self,
        object: &mut Object,
        key: Key,
        at: usize,
        depth: usize,
    ) -> Result<usize, Reason> {
        *object = object.with(key, &mut self.findings);
        if key.names_owner() {
            let (named, end) = self.named(at, depth)?;
            *object = object.owned(named.named_by(*object));
            return Ok(end);
        }
        let (text, needs_decoding, end) = self.text(at, depth)?;
        if let Some(text) = text {
            *object = object.with_text(key, &text, needs_decoding, &mut self.findings);
        }
        Ok(end)
    }

    /// An object at its end, or a list that stands for one, where so many are open, it among them.
    #[inline(never)]
    fn judge(&mut self, object: Object, depth: usize) {
        object.judge(depth, &mut self.findings);
        if let Some(resource) = depth.checked_sub(1).and_then(|at| self.outer.get_mut(at)) {
            *resource = resource.owned(object);
        }
    }

    /// Whom a member of a record names that may name a person: an object with a `reference`.
    pub(super) fn named(&mut self, at: usize, depth: usize) -> Result<(Object, usize), Reason> {
        let mut object = Object::empty();
        if self.reader.peek(at)?.0 != b'{' {
            return Ok((object, self.anything(at, depth)?));
        }
        let end = self.members(at, depth, &mut |walk, key, at| {
            walk.member(&mut object, key, at, depth + 1)
        })?;
        object.finish(depth + 1, &mut self.findings);
        Ok((object, end))
    }

    /// The name of a member and where what is behind its colon begins.
    #[inline(always)]
    fn name(&mut self, reader: &mut Reader<'a>, at: usize) -> Result<(Key, usize), Reason> {
        let (byte, at) = reader.peek(at)?;
        if byte != b'"' {
            return Err(Reason::Json);
        }
        let name = reader.quoted(at)?;
        let key = if name.needs_decoding {
            let name = reader.decoded(name)?;
            self.findings.text(&name);
            Key::of(&name)
        } else {
            plain_key(reader, name)
        };
        Ok((key, reader.expect(b':', name.end + 1)?))
    }
}

/// Whether the text of this member matters, where it is what it looks like.
#[inline(always)]
fn decides(reader: &Reader<'_>, key: Key, quoted: Quoted) -> bool {
    !matches!(key, Key::System | Key::Url) || may_end_system(reader.last_three(quoted))
}

#[inline(always)]
fn text<'a>(reader: &mut Reader<'a>, quoted: Quoted) -> Result<Cow<'a, str>, Reason> {
    if quoted.needs_decoding {
        reader.decoded(quoted)
    } else {
        Ok(Cow::Borrowed(reader.plain(quoted)))
    }
}

/// The key of a name without escapes: one by which an [`Object`] is judged.
#[inline(always)]
fn plain_key(reader: &Reader<'_>, name: Quoted) -> Key {
    let Some(begin) = reader.first_eight(name.start) else {
        return Key::of(reader.plain(name));
    };
    let length = name.end - name.start;
    let beginning = BEGINNINGS.get(length).unwrap_or(&NO_NAME);
    if begin & beginning.mask != beginning.wanted {
        Key::Other
    } else if beginning.is_whole {
        beginning.key
    } else {
        Key::of(reader.plain(name))
    }
}

/// What the first eight bytes of the names of one length have in common.
#[derive(Clone, Copy)]
struct Beginning {
    mask: u64,
    wanted: u64,
    /// They are all of the only name of this length.
    is_whole: bool,
    key: Key,
}

/// By length, how the names begin that an [`Object`] is judged by.
const BEGINNINGS: [Beginning; 16] = {
    let mut beginnings = [NO_NAME; 16];
    let mut place = 0;
    while place < NAMES.len() {
        let (name, key) = (NAMES[place].0.as_bytes(), NAMES[place].1);
        let (mut mask, mut wanted) = (0, 0);
        let mut at = 0;
        while at < name.len() && at < 8 {
            mask |= 0xff << (8 * at);
            wanted |= (name[at] as u64) << (8 * at);
            at += 1;
        }
        let before = beginnings[name.len()];
        beginnings[name.len()] = if before.mask == 0 {
            let is_whole = name.len() <= 8;
            Beginning {
                mask,
                wanted,
                is_whole,
                key,
            }
        } else {
            let mut same = 0;
            let mut at = 0;
            while at < 8 {
                let byte = 0xff << (8 * at);
                if before.mask & mask & byte != 0 && (before.wanted ^ wanted) & byte == 0 {
                    same |= byte;
                }
                at += 1;
            }
            Beginning {
                mask: same,
                wanted: wanted & same,
                is_whole: false,
                key,
            }
        };
        place += 1;
    }
    beginnings
};

/// Of [`Object::with`] and [`Object::with_text`].
const NAMES: [(&str, Key); 10] = [
    ("beneficiary", Key::Beneficiary),
    ("id", Key::Id),
    ("patient", Key::Patient),
    ("reference", Key::Reference),
    ("resourceType", Key::ResourceType),
    ("subject", Key::Subject),
    ("system", Key::System),
    ("type", Key::Type),
    ("url", Key::Url),
    ("value", Key::Value),
];

/// Nothing begins like this.
const NO_NAME: Beginning = Beginning {
    mask: 0,
    wanted: 1,
    is_whole: false,
    key: Key::Other,
};

/// What an object below the top has said about people so far; or a list, which says nothing.
#[derive(Clone, Copy)]
pub(super) struct Object(u32);

/// The bit in which `{` and `[`, `}` and `]` differ.
const IS_OBJECT: u32 = 0x20;
const HAS_ID: u32 = 1;
const HAS_REFERENCE: u32 = 2;
const HAS_RESOURCE_TYPE: u32 = 4;
const ID_IS_OWN: u32 = 8;
const ID_IS_FOREIGN: u32 = 0x10;
/// Its `reference` is the person's, or that of a contained resource.
const REFERS: u32 = 0x40;
/// Its `type` is one of people.
const TYPE_IS_OF_PEOPLE: u32 = 0x80;
/// What kind of resource it is.
const IS_PATIENT: u32 = 0x100;
const IS_BY_PATIENT: u32 = 0x200;
const IS_BY_SUBJECT: u32 = 0x400;
const IS_BY_BENEFICIARY: u32 = 0x800;
const IS_FREE: u32 = 0x1000;
const IS_UNPROVABLE: u32 = 0x2000;
/// Its system or `url` is one of numbers of people, and its `value` a text.
const SYSTEM_OF_PATIENTS: u32 = 0x4000;
const SYSTEM_OF_PEOPLE: u32 = 0x8000;
const VALUE_IS_OWN: u32 = 0x1_0000;
const VALUE_IS_OTHER: u32 = 0x2_0000;
/// Its `reference` is the person's.
const IS_OWN: u32 = 0x4_0000;
/// It is the member of this name of another object.
const AS_PATIENT: u32 = 0x8_0000;
const AS_SUBJECT: u32 = AS_PATIENT << 1;
const AS_BENEFICIARY: u32 = AS_PATIENT << 2;
const AS_OWNER: u32 = AS_PATIENT | AS_SUBJECT | AS_BENEFICIARY;
/// Its member of this name comes next, or was the person.
const NEXT: u32 = 3;
const OWN: u32 = 6;
/// A member of one of these names was not, or cannot be told.
const OWNER_UNKNOWN: u32 = AS_PATIENT << 9;

/// With any of these there is something to judge at its end.
const JUDGED: u32 = TYPE_IS_OF_PEOPLE
    | IS_PATIENT
    | IS_BY_PATIENT
    | IS_BY_SUBJECT
    | IS_BY_BENEFICIARY
    | IS_FREE
    | IS_UNPROVABLE
    | SYSTEM_OF_PATIENTS
    | SYSTEM_OF_PEOPLE
    | AS_OWNER;

impl Object {
    pub(super) const LIST: Self = Self(0);

    pub(super) const fn empty() -> Self {
        Self(IS_OBJECT)
    }

    /// Opened by this byte, as the next value in another one.
    #[inline(always)]
    const fn opened(byte: u8, outer: Self) -> Self {
        Self(byte as u32 & IS_OBJECT | outer.0 >> NEXT & AS_OWNER)
    }

    /// The same as the next value in another one.
    const fn named_by(self, outer: Self) -> Self {
        Self(self.0 | outer.0 >> NEXT & AS_OWNER)
    }

    /// Behind a value that is neither an object nor a list nor a text.
    #[inline(always)]
    const fn behind_scalar(self) -> Self {
        if self.has(AS_OWNER << NEXT) {
            self.with_unknown_owner()
        } else {
            self
        }
    }

    const fn with_unknown_owner(self) -> Self {
        Self(self.0 & !(AS_OWNER << NEXT) | OWNER_UNKNOWN)
    }

    #[inline(always)]
    const fn is_object(self) -> bool {
        self.0 & IS_OBJECT != 0
    }

    #[inline(always)]
    const fn closing(self) -> u8 {
        if self.is_object() { b'}' } else { b']' }
    }

    /// With a member of this name, as long as it is no text.
    pub(super) fn with(self, key: Key, findings: &mut Findings<'_>) -> Self {
        let Self(known) = self;
        let has = match key {
            Key::Id => HAS_ID,
            Key::Reference => HAS_REFERENCE,
            Key::ResourceType => HAS_RESOURCE_TYPE,
            Key::Patient => return Self(known | AS_PATIENT << NEXT),
            Key::Subject => return Self(known | AS_SUBJECT << NEXT),
            Key::Beneficiary => return Self(known | AS_BENEFICIARY << NEXT),
            _ => return self,
        };
        if known & has != 0 {
            // Which of the two counts needs no answer.
            findings.structure(Reason::DuplicateMember);
        }
        Self(known | has)
    }

    /// With a member that is this text, which names nobody by an id where it needs no decoding.
    pub(super) fn with_text(
        self,
        key: Key,
        text: &str,
        needs_decoding: bool,
        findings: &mut Findings<'_>,
    ) -> Self {
        let Self(known) = self;
        if needs_decoding && key != Key::Reference {
            findings.text(text);
        }
        let told = match key {
            Key::Reference => match findings.reference(text, needs_decoding) {
                // A contained resource is looked at where it stands.
                Target::Own => REFERS | IS_OWN,
                Target::OwnCoverage | Target::Contained => REFERS,
                Target::Foreign | Target::ForeignCoverage | Target::Other | Target::Unprovable => {
                    return self;
                }
            },
            Key::Id => match findings.patient_id(text) {
                Owner::Own => ID_IS_OWN,
                Owner::Foreign => ID_IS_FOREIGN,
                Owner::Malformed | Owner::Missing => return self,
            },
            Key::ResourceType => match Kind::of(text) {
                Kind::Patient => IS_PATIENT,
                Kind::ByPatient => IS_BY_PATIENT,
                Kind::BySubject => IS_BY_SUBJECT,
                Kind::ByBeneficiary => IS_BY_BENEFICIARY,
                Kind::Free => IS_FREE,
                Kind::Unprovable => IS_UNPROVABLE,
            },
            Key::Type if type_is_of_people(text) => TYPE_IS_OF_PEOPLE,
            Key::System | Key::Url => match System::of(text) {
                Some(System::Patients) => SYSTEM_OF_PATIENTS,
                Some(System::People) => SYSTEM_OF_PEOPLE,
                None => return self,
            },
            Key::Value if text == findings.person.id.as_str() => VALUE_IS_OWN,
            Key::Value => VALUE_IS_OTHER,
            // A text where a reference should be.
            Key::Patient | Key::Subject | Key::Beneficiary => return self.with_unknown_owner(),
            _ => return self,
        };
        Self(known | told)
    }

    /// With an object or a list in it that has come to its end.
    const fn owned(self, inner: Self) -> Self {
        match inner.0 & AS_OWNER {
            0 => self,
            name if inner.has(IS_OWN) => Self(self.0 & !(AS_OWNER << NEXT) | name << OWN),
            _ => self.with_unknown_owner(),
        }
    }

    /// Whether its `reference` is the person's, or that of a contained resource.
    pub(super) const fn refers(self) -> bool {
        self.has(REFERS)
    }

    /// With a `reference` that is judged as the owner, whatever it says it is.
    pub(super) fn with_owner(self, findings: &mut Findings<'_>) -> Self {
        let Self(known) = self.with(Key::Reference, findings);
        Self(known | REFERS)
    }

    #[inline(always)]
    const fn is_judged(self) -> bool {
        self.has(JUDGED)
    }

    /// At its end, where so many objects and lists are open, it among them.
    pub(super) fn finish(self, depth: usize, findings: &mut Findings<'_>) {
        if self.is_judged() {
            self.judge(depth, findings);
        }
    }

    fn judge(self, depth: usize, findings: &mut Findings<'_>) {
        // A logical reference: says that it is somebody, and nothing that can be compared says who.
        if self.has(TYPE_IS_OF_PEOPLE) && !self.has(REFERS) {
            findings.inside(Reason::UnprovableReference);
        }
        self.judge_resource(findings);
        if self.has(SYSTEM_OF_PATIENTS) {
            if self.has(VALUE_IS_OTHER) {
                findings.inside(Reason::ForeignReference);
            } else if !self.has(VALUE_IS_OWN) {
                findings.inside(Reason::UnprovableReference);
            }
        }
        // A Medicare number says whose it is in the person's own record only.
        if self.has(SYSTEM_OF_PEOPLE) && findings.identifiers_at != Some(depth) {
            findings.inside(Reason::UnprovableReference);
        }
    }

    fn judge_resource(self, findings: &mut Findings<'_>) {
        const KINDS: u32 = IS_PATIENT
            | IS_BY_PATIENT
            | IS_BY_SUBJECT
            | IS_BY_BENEFICIARY
            | IS_FREE
            | IS_UNPROVABLE;
        let is_proved = match self.0 & KINDS {
            0 => return,
            IS_PATIENT if self.has(ID_IS_FOREIGN) => {
                return findings.inside(Reason::ForeignReference);
            }
            IS_PATIENT => self.has(ID_IS_OWN),
            IS_BY_PATIENT => self.has(AS_PATIENT << OWN),
            IS_BY_SUBJECT => self.has(AS_SUBJECT << OWN),
            IS_BY_BENEFICIARY => self.has(AS_BENEFICIARY << OWN),
            IS_FREE => true,
            _ => false,
        };
        if !is_proved || self.has(OWNER_UNKNOWN) {
            findings.inside(Reason::UnprovableReference);
        }
    }

    const fn has(self, what: u32) -> bool {
        self.0 & what != 0
    }
}
