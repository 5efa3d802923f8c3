//! From text to tape.

use std::cell::RefCell;
use std::ops::Range;

use super::keys::{Context, Key};
use super::scan::{self, BLOCK};
use super::{ABSENT, Document, Kind, Loss, Node};
use crate::fhir::notes::Reason;
use crate::fhir::value::cut;
use crate::fhir::{ParseError, ParseErrorKind};

/// How deep objects and lists are followed; FHIR claims nest eight deep. Bounds the recursion.
const DEPTH: u32 = 32;

/// Reads a resource that stands somewhere in a text, with white space around it, and what it refers to:
/// `find` says where that stands.
pub(super) fn document<'a>(
    text: &'a str,
    place: Range<usize>,
    context: Context,
    find: Find<'_>,
) -> Result<Document<'a>, ParseError> {
    let mut reader = Reader::within(text, place.clone())?;
    reader.nodes.reserve(place.len() / 16 + 4);
    reader.nodes.push(ABSENT);
    if reader.peek()? != b'{' {
        let start = reader.at;
        reader.skip()?;
        reader.finish()?;
        return Err(ParseError::new(start, ParseErrorKind::WrongType));
    }
    reader.value(Key::Element, context, 0)?;
    reader.finish()?;
    let neighbours = reader.follow(context, find);
    Ok(Document {
        text,
        unescaped: reader.unescaped,
        nodes: reader.nodes,
        neighbours,
        losses: RefCell::new(reader.losses),
    })
}

/// Finds the resource that a reference means.
pub(super) type Find<'f> = &'f dyn Fn(&str) -> Option<Range<usize>>;

/// Reads JSON from the front; what stands in a string or in place of a member is the caller's to say.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    nodes: Vec<Node>,
    unescaped: String,
    losses: Vec<Loss>,
}

/// A string of the text, without its quotes.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    pub(super) start: usize,
    pub(super) end: usize,
    escapes: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Result<Self, ParseError> {
        Self::within(text, 0..text.len())
    }

    /// Of a part of a text. What it finds has its place in the whole.
    pub(super) fn within(text: &'a str, place: Range<usize>) -> Result<Self, ParseError> {
        // Places on the tape have 32 bits.
        if u32::try_from(text.len()).is_err() {
            return Err(ParseError::new(0, ParseErrorKind::TooLong));
        }
        Ok(Self {
            bytes: text.as_bytes().get(..place.end).unwrap_or_default(),
            text,
            // A byte order mark is no part of the text (RFC 8259, section 8.1).
            at: if text.starts_with('\u{feff}') {
                place.start.max(3)
            } else {
                place.start
            },
            nodes: Vec::new(),
            unescaped: String::new(),
            losses: Vec::new(),
        })
    }

    /// Where reading goes on.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The next byte that is no white space.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Result<u8, ParseError> {
        while let Some(byte) = self.bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(*byte);
            }
            self.at += 1;
        }
        Err(self.truncated())
    }

    /// Goes past this byte.
    #[inline(always)]
    pub(super) fn expect(&mut self, wanted: u8) -> Result<(), ParseError> {
        if self.peek()? != wanted {
            return Err(self.syntax());
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but white space may follow.
    pub(super) fn finish(&mut self) -> Result<(), ParseError> {
        match self.peek() {
            Ok(_) => Err(self.syntax()),
            Err(_) => Ok(()),
        }
    }

    /// Goes to the next element of a list or member of an object; false at its end. `first` is
    /// whether none was read yet.
    #[inline(always)]
    pub(super) fn another(&mut self, closing: u8, first: bool) -> Result<bool, ParseError> {
        let next = self.peek()?;
        if next == closing {
            self.at += 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if next != b',' {
            return Err(self.syntax());
        }
        self.at += 1;
        // A comma announces something.
        if self.peek()? == closing {
            return Err(self.syntax());
        }
        Ok(true)
    }

    /// The name of a member, if it is one that is read; goes past the colon.
    #[inline]
    pub(super) fn key(&mut self, context: Context) -> Result<Option<Key>, ParseError> {
        self.expect(b'"')?;
        let name = self.quoted()?;
        self.expect(b':')?;
        let bytes = self.bytes.get(name.start..name.end).unwrap_or_default();
        if name.escapes {
            let length = self.unescaped.len();
            self.unescape(name)?;
            let name = self.unescaped.get(length..).unwrap_or_default();
            return Ok(Key::of(name.as_bytes(), context));
        }
        Ok(Key::of(bytes, context))
    }

    /// A string; its opening quote is behind us.
    #[inline]
    pub(super) fn quoted(&mut self) -> Result<Quoted, ParseError> {
        let start = self.at;
        let mut escapes = false;
        loop {
            self.at += scan::plain(self.bytes.get(self.at..).unwrap_or_default());
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    self.at += 2;
                }
                Some(_) => return Err(self.syntax()),
                None => return Err(self.truncated()),
            }
        }
        let end = self.at;
        self.at += 1;
        Ok(Quoted {
            start,
            end,
            escapes,
        })
    }

    /// Goes past a value of any kind. Objects and lists are not looked into.
    pub(super) fn skip(&mut self) -> Result<(), ParseError> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.quoted()?;
                Ok(())
            }
            b'{' | b'[' => self.skip_container(),
            _ => self.scalar().map(|_| ()),
        }
    }

    /// Goes back to a value that is no JSON, and past it.
    pub(super) fn skip_broken(&mut self, start: usize) -> Result<(), ParseError> {
        self.at = start;
        if matches!(self.peek()?, b'{' | b'[') {
            return self.skip_container();
        }
        while !matches!(self.peek()?, b',' | b']' | b'}') {
            self.at += 1;
        }
        Ok(())
    }

    /// Goes past an object or a list by counting brackets outside of strings.
    fn skip_container(&mut self) -> Result<(), ParseError> {
        let mut depth = 0_u32;
        // All bits where the text before a block ended inside a string.
        let mut string = 0_u64;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let mut padded = [b' '; BLOCK];
            let bytes = if let Some(bytes) = rest.first_chunk::<BLOCK>() {
                bytes
            } else if rest.is_empty() {
                return Err(self.truncated());
            } else {
                for (to, from) in padded.iter_mut().zip(rest) {
                    *to = *from;
                }
                &padded
            };
            let mut block = scan::block(bytes);
            // An escape at the end of a block reaches into the next, so a block ends before it.
            let mut length = BLOCK;
            if block.backslashes != 0 {
                length = self.unmask_escapes(&mut block);
            }
            let inside = scan::inside(block.quotes) ^ string;
            let opening = block.opening & !inside;
            let mut closing = block.closing & !inside;
            if closing.count_ones() < depth {
                depth += opening.count_ones();
                depth -= closing.count_ones();
            } else {
                let mut seen = 0_u64;
                while closing != 0 {
                    let here = closing & closing.wrapping_neg();
                    // The opening brackets between the last closing one and this.
                    let before = here - 1;
                    depth += (opening & before & !seen).count_ones();
                    seen = before;
                    if depth <= 1 {
                        let end = self.at + here.trailing_zeros() as usize + 1;
                        self.at = end.min(self.bytes.len());
                        return Ok(());
                    }
                    depth -= 1;
                    closing &= closing - 1;
                }
                depth += (opening & !seen).count_ones();
            }
            let last = 1_u64 << (length - 1);
            string = if inside & last == 0 { 0 } else { u64::MAX };
            self.at += length;
        }
    }

    /// Takes the quotes that are escaped out of a block; gives how much of the block counts.
    #[cold]
    fn unmask_escapes(&self, block: &mut scan::Block) -> usize {
        let mut rest = block.backslashes;
        let mut length = BLOCK;
        while rest != 0 {
            let at = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if at == BLOCK - 1 {
                length = at;
                break;
            }
            // The byte behind a backslash is plain, be it a backslash itself.
            let behind = 1_u64 << (at + 1);
            rest &= !behind;
            block.quotes &= !behind;
        }
        let counts = u64::MAX >> (BLOCK - length);
        block.quotes &= counts;
        block.opening &= counts;
        block.closing &= counts;
        length
    }

    /// A number, `true`, `false` or `null`.
    #[inline(never)]
    fn scalar(&mut self) -> Result<&'a [u8], ParseError> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
        let Some(length) = rest.iter().position(end) else {
            let literal = |word: &[u8]| word.starts_with(rest);
            let begun = [&b"true"[..], b"false", b"null"].into_iter().any(literal);
            // It may go on, or be the whole text; the caller wants more in either case.
            if begun || number_begins(rest) {
                self.at = self.bytes.len();
                return if number(rest) || matches!(rest, b"true" | b"false" | b"null") {
                    Ok(rest)
                } else {
                    Err(self.truncated())
                };
            }
            return Err(self.syntax());
        };
        let scalar = rest.get(..length).unwrap_or_default();
        if matches!(scalar, b"true" | b"false" | b"null") || number(scalar) {
            self.at += length;
            return Ok(scalar);
        }
        Err(self.syntax())
    }

    /// Lays a value on the tape.
    fn value(&mut self, key: Key, context: Context, depth: u32) -> Result<(), ParseError> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => {
                self.at += 1;
                let text = self.quoted()?;
                if text.escapes {
                    let start = self.unescaped.len();
                    self.unescape(text)?;
                    self.push(key, Kind::Escaped, start, self.unescaped.len());
                } else {
                    self.push(key, Kind::Text, text.start, text.end);
                }
            }
            b'{' | b'[' if depth == DEPTH => {
                self.skip_container()?;
                self.refuse(key, start, Reason::WrongShape);
            }
            b'{' => {
                let place = self.push(key, Kind::Object, start, start);
                self.at += 1;
                let marks = self.members(context, depth + 1)?;
                self.close(place, marks);
            }
            b'[' => {
                let place = self.push(key, Kind::Array, start, start);
                self.at += 1;
                let mut first = true;
                while self.another(b']', first)? {
                    first = false;
                    self.value(Key::Element, context, depth + 1)?;
                }
                self.close(place, 0);
            }
            _ => {
                let null = self.scalar()? == b"null";
                if !null {
                    self.push(key, Kind::Scalar, start, self.at);
                } else if key == Key::Element {
                    self.push(key, Kind::Null, start, self.at);
                }
            }
        }
        Ok(())
    }

    /// Lays on the tape what the resource refers to, and what that refers to in turn, each once: the
    /// places of the references, each with that of what it means. A person is nobody's neighbour.
    fn follow(&mut self, context: Context, find: Find<'_>) -> Vec<(u32, u32)> {
        let context = context.within(Key::Reference);
        let mut neighbours = Vec::new();
        let mut laid: Vec<(usize, u32)> = Vec::new();
        let mut at = 1;
        while let Some(node) = self.nodes.get(at).copied() {
            let reference = at;
            at = match node.key {
                Key::Patient | Key::Beneficiary => node.next as usize,
                _ => at + 1,
            };
            let (start, end) = (node.start as usize, node.end as usize);
            let name = match (node.key, node.kind) {
                (Key::Reference, Kind::Text) => self.slice(start, end),
                (Key::Reference, Kind::Escaped) => {
                    self.unescaped.get(start..end).unwrap_or_default()
                }
                _ => continue,
            };
            // What begins so is inside of the resource, and Medicare's Coverages say all in their names:
            // no page of theirs has to be looked through.
            if name.starts_with('#') || name.starts_with("Coverage/part-") {
                continue;
            }
            let Some(place) = find(name) else { continue };
            let known = laid.iter().find(|(start, _)| *start == place.start);
            let resource = match known {
                Some((_, resource)) => *resource,
                None => {
                    let resource = short(self.nodes.len());
                    if self.lay(place.clone(), context).is_err() {
                        continue;
                    }
                    laid.push((place.start, resource));
                    resource
                }
            };
            neighbours.push((short(reference), resource));
        }
        neighbours
    }

    /// Lays a resource on the tape, or leaves the tape as it is.
    fn lay(&mut self, place: Range<usize>, context: Context) -> Result<(), ParseError> {
        let (nodes, losses) = (self.nodes.len(), self.losses.len());
        self.bytes = self.text.as_bytes().get(..place.end).unwrap_or_default();
        self.at = place.start;
        let laid = self.value(Key::Element, context, 0);
        if laid.is_err() {
            self.nodes.truncate(nodes);
            self.losses.truncate(losses);
        }
        laid
    }

    /// Lays the members of an object on the tape that are read in this context; gives their marks.
    fn members(&mut self, context: Context, depth: u32) -> Result<u16, ParseError> {
        let mut marks = 0;
        let mut seen = 0_u128;
        let mut first = true;
        while self.another(b'}', first)? {
            first = false;
            match self.key(context)? {
                None => self.skip()?,
                Some(key) if seen & key.bit() != 0 => {
                    let start = self.at;
                    self.skip()?;
                    self.refuse(key, start, Reason::Duplicate);
                }
                Some(key) => {
                    seen |= key.bit();
                    marks |= key.mark();
                    self.value(key, context.within(key), depth)?;
                }
            }
        }
        Ok(marks)
    }

    #[inline(always)]
    fn push(&mut self, key: Key, kind: Kind, start: usize, end: usize) -> usize {
        let place = self.nodes.len();
        self.nodes.push(Node {
            start: short(start),
            end: short(end),
            next: short(place + 1),
            key,
            kind,
            marks: 0,
        });
        place
    }

    /// An object or a list ends here.
    #[inline]
    fn close(&mut self, place: usize, marks: u16) {
        let next = short(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(place) {
            node.end = short(self.at);
            node.next = next;
            node.marks = marks;
        }
    }

    #[cold]
    fn refuse(&mut self, key: Key, start: usize, reason: Reason) {
        let place = self.push(key, Kind::Refused, start, self.at);
        self.losses.push(Loss {
            node: short(place),
            missing: None,
            reason,
        });
    }

    /// Appends a string with its escapes resolved (RFC 8259, section 7).
    #[cold]
    pub(super) fn unescape(&mut self, quoted: Quoted) -> Result<(), ParseError> {
        let mut rest = self.text.get(quoted.start..quoted.end).unwrap_or_default();
        let at = |rest: &str| quoted.end - rest.len();
        while let Some((plain, escape)) = cut(rest, b'\\') {
            self.unescaped.push_str(plain);
            let mut chars = escape.chars();
            let resolved = match chars.next() {
                Some(same @ ('"' | '\\' | '/')) => same,
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('u') => {
                    let wrong = || ParseError::new(at(escape), ParseErrorKind::Syntax);
                    let high = hex(chars.as_str()).ok_or_else(wrong)?;
                    let mut behind = chars.as_str().get(4..).unwrap_or_default();
                    let mut code = high;
                    // A pair of surrogates is one character; half of one is none.
                    if let Some(low) = behind.strip_prefix("\\u").and_then(hex)
                        && (0xd800..0xdc00).contains(&high)
                        && (0xdc00..0xe000).contains(&low)
                    {
                        code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        behind = behind.get(6..).unwrap_or_default();
                    }
                    chars = behind.chars();
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                _ => return Err(ParseError::new(at(escape), ParseErrorKind::Syntax)),
            };
            self.unescaped.push(resolved);
            rest = chars.as_str();
        }
        self.unescaped.push_str(rest);
        Ok(())
    }

    /// A string as text of its own.
    pub(super) fn string(&mut self, quoted: Quoted) -> Result<String, ParseError> {
        self.unescaped.clear();
        self.unescape(quoted)?;
        Ok(std::mem::take(&mut self.unescaped))
    }

    /// The text between two positions.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    #[cold]
    fn truncated(&self) -> ParseError {
        ParseError::new(self.bytes.len(), ParseErrorKind::Truncated)
    }

    #[cold]
    fn syntax(&self) -> ParseError {
        ParseError::new(self.at, ParseErrorKind::Syntax)
    }
}

/// Lengths are checked once, when reading begins.
#[expect(clippy::cast_possible_truncation, reason = "checked in `Reader::new`")]
const fn short(place: usize) -> u32 {
    place as u32
}

fn hex(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

/// Whether this is a number (RFC 8259, section 6).
fn number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let (whole, rest) = digits(text);
    if whole == 0 || (whole > 1 && text.first() == Some(&b'0')) {
        return false;
    }
    let rest = match rest.strip_prefix(b".") {
        Some(rest) => {
            let (places, rest) = digits(rest);
            if places == 0 {
                return false;
            }
            rest
        }
        None => rest,
    };
    let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) else {
        return rest.is_empty();
    };
    let exponent = exponent
        .strip_prefix(b"+")
        .or_else(|| exponent.strip_prefix(b"-"))
        .unwrap_or(exponent);
    let (places, rest) = digits(exponent);
    places > 0 && rest.is_empty()
}

/// Whether a text that ends here may be the beginning of a number.
fn number_begins(text: &[u8]) -> bool {
    number(text)
        || [&b"0"[..], b"1"]
            .into_iter()
            .any(|end| number(&[text, end].concat()))
}

/// How many digits there are in front, and what follows them.
fn digits(text: &[u8]) -> (usize, &[u8]) {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (count, text.get(count..).unwrap_or_default())
}
