//! 64 bytes at once: where strings begin and end, and what in them has to be looked at.

use wide::u8x16;

use crate::fhir::json::inside;

/// Bytes of a block.
pub(super) const SIZE: usize = 64;

/// One bit for each byte of a block, the first byte in the lowest.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Block {
    /// Quotes that begin or end a string.
    pub(super) quotes: u64,
    /// In strings: backslashes, control characters, and slashes behind the letter that ends "Patient". A string
    /// without any of them is what it looks like, and mentions no Patient.
    pub(super) odd: u64,
    /// What the text before the next block ends in.
    pub(super) before: Before,
}

/// What the text before a block ends in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Before {
    /// All bits: a string that goes on.
    string: u64,
    /// A backslash that the first byte of the block belongs to.
    escape: bool,
}

/// Looks at the bytes from `start`, a multiple of [`SIZE`]. Past the end of the text there are blanks.
///
/// A backslash outside of strings, which no JSON text has, makes what follows it unreliable, and nothing before.
#[inline(never)]
pub(super) fn block(text: &[u8], start: usize, before: Before) -> Block {
    let window = start
        .checked_sub(1)
        .and_then(|last| text.get(last..)?.first_chunk::<{ SIZE + 1 }>());
    match window {
        Some(window) => within(window, before),
        None => at_an_end(text, start, before),
    }
}

#[cold]
fn at_an_end(text: &[u8], start: usize, before: Before) -> Block {
    let mut window = [b' '; SIZE + 1];
    let rest = text.get(start.saturating_sub(1)..).unwrap_or_default();
    let skip = usize::from(start == 0);
    for (to, from) in window.iter_mut().skip(skip).zip(rest) {
        *to = *from;
    }
    within(&window, before)
}

/// The first byte of the window is the last one before the block.
#[inline(always)]
fn within(window: &[u8; SIZE + 1], before: Before) -> Block {
    let ([_, block @ ..], [shifted @ .., _]) = (window, window);
    let mut quotes = 0;
    let mut stop = u8x16::splat(0);
    for (shift, (chunk, shifted)) in chunks(block).zip(chunks(shifted)).enumerate() {
        quotes |= bits(chunk.simd_eq(u8x16::splat(b'"')), shift);
        stop |= escapes(chunk) | controls(chunk) | mentions(chunk, shifted);
    }
    if stop.to_bitmask() != 0 || before.escape {
        return with_odd(block, shifted, quotes, before);
    }
    Block {
        quotes,
        odd: 0,
        before: before.after(quotes, false),
    }
}

#[inline(never)]
fn with_odd(block: &[u8; SIZE], shifted: &[u8; SIZE], quotes: u64, before: Before) -> Block {
    let (mut backslashes, mut others) = (0, 0);
    for (shift, (chunk, shifted)) in chunks(block).zip(chunks(shifted)).enumerate() {
        backslashes |= bits(escapes(chunk), shift);
        others |= bits(controls(chunk) | mentions(chunk, shifted), shift);
    }
    let (escaped, escape) = escaped(backslashes, before.escape);
    let quotes = quotes & !escaped;
    let strings = inside(quotes) ^ before.string;
    Block {
        quotes,
        odd: (backslashes | others) & strings,
        before: before.after(quotes, escape),
    }
}

/// The bytes that a backslash before them belongs to, and whether the last backslash belongs to the next block.
fn escaped(backslashes: u64, first: bool) -> (u64, bool) {
    let mut escaped = u64::from(first);
    let mut rest = backslashes & !escaped;
    while rest != 0 {
        let next = (rest & rest.wrapping_neg()) << 1;
        if next == 0 {
            return (escaped, true);
        }
        escaped |= next;
        // The byte behind a backslash is plain, be it a backslash itself.
        rest &= rest - 1;
        rest &= !next;
    }
    (escaped, false)
}

impl Before {
    /// Nothing.
    pub(super) const NOTHING: Self = Self {
        string: 0,
        escape: false,
    };

    #[inline(always)]
    const fn after(self, quotes: u64, escape: bool) -> Self {
        let odd = quotes.count_ones() & 1 != 0;
        Self {
            string: if odd { !self.string } else { self.string },
            escape,
        }
    }
}

#[inline(always)]
fn chunks(block: &[u8; SIZE]) -> impl Iterator<Item = u8x16> {
    let (chunks, _) = block.as_chunks::<16>();
    chunks.iter().map(|chunk| u8x16::from(*chunk))
}

#[inline(always)]
fn escapes(chunk: u8x16) -> u8x16 {
    chunk.simd_eq(u8x16::splat(b'\\'))
}

#[inline(always)]
fn controls(chunk: u8x16) -> u8x16 {
    chunk.simd_eq(chunk.min(u8x16::splat(0x1f)))
}

#[inline(always)]
fn mentions(chunk: u8x16, shifted: u8x16) -> u8x16 {
    let ends_word = (shifted | u8x16::splat(0x20)).simd_eq(u8x16::splat(b't'));
    chunk.simd_eq(u8x16::splat(b'/')) & ends_word
}

#[inline(always)]
fn bits(matches: u8x16, shift: usize) -> u64 {
    u64::from(matches.to_bitmask()) << (16 * shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, byte by byte: quotes and odd bytes by their places.
    fn plainly(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut quotes, mut odd) = (Vec::new(), Vec::new());
        let (mut string, mut escaped) = (false, false);
        for (at, byte) in text.iter().enumerate() {
            let behind_t = at > 0 && text[at - 1].eq_ignore_ascii_case(&b't');
            let is_odd = matches!(byte, b'\\' | 0..0x20) || (*byte == b'/' && behind_t);
            if string && is_odd {
                odd.push(at);
            }
            if *byte == b'"' && !escaped {
                quotes.push(at);
                string = !string;
            }
            escaped = *byte == b'\\' && !escaped;
        }
        (quotes, odd)
    }

    fn in_blocks(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut quotes, mut odd) = (Vec::new(), Vec::new());
        let mut before = Before::NOTHING;
        for start in (0..text.len()).step_by(SIZE) {
            let block = block(text, start, before);
            let places = |bits: u64| {
                (0..SIZE)
                    .filter(move |at| bits >> at & 1 != 0)
                    .map(move |at| start + at)
            };
            quotes.extend(places(block.quotes));
            odd.extend(places(block.odd));
            before = block.before;
        }
        (quotes, odd)
    }

    #[test]
    fn blocks_tell_what_a_byte_by_byte_search_tells() {
        for piece in [
            r#""Patient/1""#,
            r#""a\"b","t\/x""#,
            r#""\\\\\\\\\"\\""#,
            "\"\n\"\n\"\u{1f}\"\r",
            r#""ä t/ T/ \\""#,
            r#"{"type":["Patient/-20140","x"],"n":1}"#,
        ] {
            for padding in 0..SIZE + 2 {
                for times in [1, 3, 20] {
                    let text = format!("{}{}", " ".repeat(padding), piece.repeat(times));
                    assert_eq!(
                        in_blocks(text.as_bytes()),
                        plainly(text.as_bytes()),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn no_other_byte_is_odd() {
        for byte in 0..=u8::MAX {
            let text = [b"\"t".as_slice(), &[byte; 70], b"\""].concat();
            // Of a backslash the next one is a part, which is as odd.
            assert_eq!(in_blocks(&text), plainly(&text), "{byte}");
        }
    }

    #[test]
    fn past_the_end_there_is_nothing() {
        let block = block(b"\"", 0, Before::NOTHING);
        assert_eq!((block.quotes, block.odd), (1, 0));
    }
}
