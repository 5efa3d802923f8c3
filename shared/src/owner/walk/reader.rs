//! JSON from the front (RFC 8259), as strictly as `serde_json` reads it: every byte is looked at, and the first
//! that is wrong ends the reading.
//!
//! Strings are found by their quotes, 64 bytes at once. What is rare is left to `serde_json`: to decode strings
//! with escapes, and to judge numbers that may be out of range.

use std::borrow::Cow;

use serde::de::{Deserialize, IgnoredAny};

use super::block::{self, Before, Block};
use crate::owner::Reason;

/// Reads tokens of a text. Positions are the caller's, so that they stay in registers; strings have to be asked for
/// in their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// The block that was looked at last, where the next one begins, and whether a backslash before it belongs to it.
    block: Block,
    next: usize,
    escape: bool,
    /// The first byte that needs decoding in a string behind the last one that was read, as far as was looked at.
    needs_decoding: usize,
}

/// A string of the text, without its quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    pub(super) start: usize,
    pub(super) end: usize,
    /// It has to be decoded, or looked at.
    pub(super) needs_decoding: bool,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            block: Block {
                quotes: 0,
                needs_decoding: 0,
            },
            next: 0,
            escape: false,
            needs_decoding: usize::MAX,
        }
    }

    /// The next byte that is no white space, and where it is.
    #[inline(always)]
    pub(super) fn peek(&self, at: usize) -> Result<(u8, usize), Reason> {
        match self.bytes.get(at) {
            Some(byte) if *byte > b' ' => Ok((*byte, at)),
            _ => behind_blanks(self.bytes, at),
        }
    }

    /// Goes past this byte.
    #[inline(always)]
    pub(super) fn expect(&self, wanted: u8, at: usize) -> Result<usize, Reason> {
        if self.bytes.get(at) == Some(&wanted) {
            return Ok(at + 1);
        }
        match behind_blanks(self.bytes, at)? {
            (byte, at) if byte == wanted => Ok(at + 1),
            _ => Err(Reason::Json),
        }
    }

    /// Nothing but white space may follow.
    pub(super) fn finish(&self, at: usize) -> Result<(), Reason> {
        match self.peek(at) {
            Ok(_) => Err(Reason::Json),
            Err(_) => Ok(()),
        }
    }

    /// The string whose opening quote is here. One that needs decoding must be decoded before the next is read.
    #[inline(always)]
    pub(super) fn quoted(&mut self, at: usize) -> Result<Quoted, Reason> {
        let start = at + 1;
        while start >= self.next {
            // The opening quote may be the last byte before the block.
            self.advance(at < self.next)?;
        }
        let mut quotes = self.block.quotes & u64::MAX << (start % block::SIZE);
        while quotes == 0 {
            self.advance(true)?;
            quotes = self.block.quotes;
        }
        let end = self.next - block::SIZE + quotes.trailing_zeros() as usize;
        Ok(Quoted {
            start,
            end,
            needs_decoding: end > self.needs_decoding,
        })
    }

    /// Looks at the next block, before which a string goes on or not.
    #[inline(always)]
    fn advance(&mut self, string: bool) -> Result<(), Reason> {
        if self.next >= self.bytes.len() {
            return Err(Reason::Json);
        }
        let escape = self.escape;
        self.block = block::block(self.bytes, self.next, Before { string, escape });
        self.escape = false;
        if self.block.needs_decoding != 0 {
            self.escape = self.block.escapes_next(self.bytes, self.next, escape);
            if self.needs_decoding == usize::MAX {
                self.needs_decoding =
                    self.next + self.block.needs_decoding.trailing_zeros() as usize;
            }
        }
        self.next += block::SIZE;
        Ok(())
    }

    /// What a string that needs decoding says.
    #[inline(always)]
    pub(super) fn decoded(&mut self, quoted: Quoted) -> Result<Cow<'a, str>, Reason> {
        // Its end is in the block that was looked at last.
        let behind = self.block.needs_decoding & u64::MAX << (quoted.end % block::SIZE);
        self.needs_decoding = match behind {
            0 => usize::MAX,
            behind => self.next - block::SIZE + behind.trailing_zeros() as usize,
        };
        decoded(self.text, quoted)
    }

    /// The text of a string as it stands there.
    #[inline(always)]
    pub(super) fn plain(&self, quoted: Quoted) -> &'a str {
        self.text.get(quoted.start..quoted.end).unwrap_or_default()
    }

    /// The first eight bytes of a name and what stands behind it, where the text goes on for so long.
    #[inline(always)]
    pub(super) fn first_eight(&self, at: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..)?.first_chunk::<8>()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// The last three bytes of a string, or what stands before it where it is shorter.
    #[inline(always)]
    pub(super) fn last_three(&self, quoted: Quoted) -> [u8; 3] {
        let end = self.bytes.get(..quoted.end).unwrap_or_default();
        end.last_chunk().copied().unwrap_or_default()
    }

    /// Goes past a number, `true`, `false` or `null` that begins with this byte.
    #[inline]
    pub(super) fn scalar(&self, byte: u8, at: usize) -> Result<usize, Reason> {
        match byte {
            b'0'..=b'9' | b'-' => self.number(at),
            b't' => self.literal(b"true", at),
            b'f' => self.literal(b"false", at),
            b'n' => self.literal(b"null", at),
            _ => Err(Reason::Json),
        }
    }

    #[inline(always)]
    fn literal(&self, word: &[u8], at: usize) -> Result<usize, Reason> {
        let end = at + word.len();
        match self.bytes.get(at..end) {
            Some(found) if found == word => Ok(end),
            _ => Err(Reason::Json),
        }
    }

    /// Goes past a number (RFC 8259, section 6).
    #[inline(always)]
    fn number(&self, start: usize) -> Result<usize, Reason> {
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or_default();
        let digits = |mut at: usize| {
            while byte(at).is_ascii_digit() {
                at += 1;
            }
            at
        };
        // One digit or more.
        let some = |at: usize| {
            let end = digits(at);
            if end == at {
                Err(Reason::Json)
            } else {
                Ok(end)
            }
        };
        let whole = start + usize::from(byte(start) == b'-');
        let mut end = some(whole)?;
        if byte(whole) == b'0' && end - whole > 1 {
            return Err(Reason::Json);
        }
        if byte(end) == b'.' {
            end = some(end + 1)?;
        }
        if byte(end) | 0x20 == b'e' {
            end += 1;
            end += usize::from(matches!(byte(end), b'+' | b'-'));
            end = some(end)?;
        } else if end - start <= 20 {
            return Ok(end);
        }
        in_range(self.text, start, end)
    }

    /// The number of something, which begins here.
    pub(super) fn count(&self, at: usize) -> Result<(u64, usize), Reason> {
        let end = self.number(at)?;
        let number = self.text.get(at..end).unwrap_or_default();
        match number.parse() {
            Ok(count) => Ok((count, end)),
            Err(_) => Err(Reason::Shape),
        }
    }

    /// Why a value that is kept as it stands was refused. Whatever is a JSON text but for the depth, the numbers'
    /// range or surrogates has the wrong shape.
    #[cold]
    pub(super) fn refusal(&self, start: usize) -> Reason {
        let rest = self.text.get(start..).unwrap_or_default();
        let mut deserializer = serde_json::Deserializer::from_str(rest);
        match IgnoredAny::deserialize(&mut deserializer) {
            Ok(_) => Reason::Shape,
            Err(_) => Reason::Json,
        }
    }
}

/// The next byte that is no white space. Cold functions take no reader, which would have to be in memory for them.
#[inline(never)]
fn behind_blanks(bytes: &[u8], at: usize) -> Result<(u8, usize), Reason> {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let blanks = rest.iter().take_while(is_blank).count();
    match rest.get(blanks) {
        Some(byte) => Ok((*byte, at + blanks)),
        None => Err(Reason::Json),
    }
}

#[inline(never)]
fn decoded(text: &str, quoted: Quoted) -> Result<Cow<'_, str>, Reason> {
    let plain = text.get(quoted.start..quoted.end).unwrap_or_default();
    let is_coded = |byte| byte == b'\\' || byte < b' ';
    if !plain.bytes().fold(false, |any, byte| any | is_coded(byte)) {
        return Ok(Cow::Borrowed(plain));
    }
    let token = text.get(quoted.start - 1..=quoted.end).unwrap_or_default();
    match serde_json::from_str(token) {
        Ok(decoded) => Ok(Cow::Owned(decoded)),
        Err(_) => Err(Reason::Json),
    }
}

/// The end of a number that may be too large.
#[cold]
fn in_range(text: &str, start: usize, end: usize) -> Result<usize, Reason> {
    let number = text.get(start..end).unwrap_or_default();
    match serde_json::from_str::<f64>(number) {
        Ok(_) => Ok(end),
        Err(_) => Err(Reason::Json),
    }
}
