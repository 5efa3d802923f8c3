//! Any value at any depth, in one loop: nearly all of a body is read here.

use std::borrow::Cow;

use super::reader::{Quoted, Reader};
use super::{Findings, Key, Owner, Walk};
use crate::owner::Reason;
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
                if key != Key::Other {
                    innermost = innermost.with(key, &mut self.findings);
                }
            }
            let (byte, start) = reader.peek(at)?;
            match byte {
                b'"' => {
                    let quoted = reader.quoted(start)?;
                    if quoted.odd || key != Key::Other {
                        let text = text(&mut reader, quoted)?;
                        innermost = innermost.with_text(key, &text, &mut self.findings);
                    }
                    at = quoted.end + 1;
                }
                b'{' | b'[' => {
                    let outer = self.outer.get_mut(depth).ok_or(Reason::Json)?;
                    *outer = innermost;
                    depth += 1;
                    innermost = Object::opened_by(byte);
                    let (byte, next) = reader.peek(start + 1)?;
                    at = next;
                    if byte != innermost.closing() {
                        continue 'element;
                    }
                }
                _ => at = reader.scalar(byte, start)?,
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
                innermost.finish(&mut self.findings);
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
        let (text, end) = self.text(at, depth)?;
        if let Some(text) = text {
            *object = object.with_text(key, &text, &mut self.findings);
        }
        Ok(end)
    }

    /// The name of a member and where what is behind its colon begins.
    #[inline(always)]
    fn name(&mut self, reader: &mut Reader<'a>, at: usize) -> Result<(Key, usize), Reason> {
        let (byte, at) = reader.peek(at)?;
        if byte != b'"' {
            return Err(Reason::Json);
        }
        let name = reader.quoted(at)?;
        let mut key = Key::Other;
        if name.odd || may_decide(reader, name) {
            let name = text(reader, name)?;
            key = Key::of(&name);
            if key == Key::Other {
                self.findings.text(&name);
            }
        }
        Ok((key, reader.expect(b':', name.end + 1)?))
    }
}

#[inline(always)]
fn text<'a>(reader: &mut Reader<'a>, quoted: Quoted) -> Result<Cow<'a, str>, Reason> {
    if quoted.odd {
        reader.decoded(quoted)
    } else {
        Ok(Cow::Borrowed(reader.plain(quoted)))
    }
}

/// Whether a name is one of those that an [`Object`] is judged by, or begins like it and is of its length.
#[inline(always)]
fn may_decide(reader: &Reader<'_>, name: Quoted) -> bool {
    let Some(begin) = reader.first_eight(name.start) else {
        return true;
    };
    let length = name.end - name.start;
    let (mask, wanted) = BEGINNINGS.get(length).copied().unwrap_or(NO_NAME);
    begin & mask == wanted
}

/// By length, how the names begin that an [`Object`] is judged by.
const BEGINNINGS: [(u64, u64); 16] = {
    let mut beginnings = [NO_NAME; 16];
    let mut place = 0;
    while place < NAMES.len() {
        let name = NAMES[place].as_bytes();
        let (mut mask, mut wanted) = (0, 0);
        let mut at = 0;
        while at < name.len() && at < 8 {
            mask |= 0xff << (8 * at);
            wanted |= (name[at] as u64) << (8 * at);
            at += 1;
        }
        assert!(beginnings[name.len()].0 == 0);
        beginnings[name.len()] = (mask, wanted);
        place += 1;
    }
    beginnings
};

/// Of [`Object::with`].
const NAMES: [&str; 4] = ["id", "reference", "resourceType", "type"];

/// Nothing begins like this.
const NO_NAME: (u64, u64) = (0, 1);

/// What an object below the top has said about Patients so far; or a list, which says nothing.
#[derive(Clone, Copy)]
pub(super) struct Object(u16);

/// The bit in which `{` and `[`, `}` and `]` differ.
const IS_OBJECT: u16 = 0x20;
const HAS_ID: u16 = 1;
const HAS_REFERENCE: u16 = 2;
const HAS_RESOURCE_TYPE: u16 = 4;
const IS_PATIENT: u16 = 8;
const TYPE_IS_PATIENT: u16 = 0x10;
/// Its `reference` is the person's, or that of a contained resource.
const REFERS: u16 = 0x40;
const ID_IS_OWN: u16 = 0x80;
const ID_IS_FOREIGN: u16 = 0x100;

impl Object {
    pub(super) const LIST: Self = Self(0);

    pub(super) const fn empty() -> Self {
        Self(IS_OBJECT)
    }

    #[inline(always)]
    const fn opened_by(byte: u8) -> Self {
        Self(byte as u16 & IS_OBJECT)
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
            _ => return self,
        };
        if known & has != 0 {
            // Which of the two counts needs no answer.
            findings.structure(Reason::DuplicateMember);
        }
        Self(known | has)
    }

    /// With a member that is this text.
    pub(super) fn with_text(self, key: Key, text: &str, findings: &mut Findings<'_>) -> Self {
        let Self(known) = self;
        if key == Key::Reference {
            let target = findings.reference(text);
            // A contained resource is looked at where it stands.
            if text.starts_with('#') || target == Target::Own {
                return Self(known | REFERS);
            }
            return self;
        }
        findings.text(text);
        match key {
            Key::Id => match findings.patient_id(text) {
                Owner::Own => Self(known | ID_IS_OWN),
                Owner::Foreign => Self(known | ID_IS_FOREIGN),
                Owner::Malformed | Owner::Missing => self,
            },
            // In whatever case: a reader that ignores case would take it for a Patient.
            Key::ResourceType if text.eq_ignore_ascii_case("Patient") => Self(known | IS_PATIENT),
            // R4 `Reference.type`: the type name or the URL of its definition.
            Key::Type if text.rsplit('/').next() == Some("Patient") => {
                Self(known | TYPE_IS_PATIENT)
            }
            _ => self,
        }
    }

    /// With a `reference` that is judged as the owner, whatever it says it is.
    pub(super) fn with_owner(self, findings: &mut Findings<'_>) -> Self {
        let Self(known) = self.with(Key::Reference, findings);
        Self(known | REFERS)
    }

    /// At its end.
    #[inline(always)]
    pub(super) fn finish(self, findings: &mut Findings<'_>) {
        if self.0 & (IS_PATIENT | TYPE_IS_PATIENT) != 0 {
            self.finish_patient(findings);
        }
    }

    #[inline(never)]
    fn finish_patient(self, findings: &mut Findings<'_>) {
        let Self(known) = self;
        if known & IS_PATIENT != 0 {
            match known & (ID_IS_OWN | ID_IS_FOREIGN) {
                ID_IS_OWN => {}
                ID_IS_FOREIGN => findings.inside(Reason::ForeignReference),
                _ => findings.inside(Reason::UnprovableReference),
            }
        }
        // A logical reference: says that it is a Patient, and nothing that can be compared says which.
        if known & TYPE_IS_PATIENT != 0 && known & REFERS == 0 {
            findings.inside(Reason::UnprovableReference);
        }
    }
}
