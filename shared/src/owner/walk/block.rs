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
    /// In strings: backslashes, control and percent characters, and what follows the words by which people are named
    /// ("Patient/", "part-", …). A string without any of them is what it looks like, and names nobody.
    pub(super) needs_decoding: u64,
}

/// What the text before a block ends in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Before {
    /// A string that goes on.
    pub(super) string: bool,
    /// A backslash that the first byte of the block belongs to.
    pub(super) escape: bool,
}

impl Before {
    /// All bits where a string goes on.
    #[inline(always)]
    fn strings(self) -> u64 {
        u64::from(self.string).wrapping_neg()
    }
}

impl Block {
    /// Whether the last byte of this block is a backslash that the next byte belongs to.
    #[inline(always)]
    pub(super) fn escapes_next(self, text: &[u8], start: usize, escape: bool) -> bool {
        self.needs_decoding >> (SIZE - 1) != 0 && ends_in_escape(text, start, escape)
    }
}

#[cold]
fn ends_in_escape(text: &[u8], start: usize, escape: bool) -> bool {
    let block = text.get(start..start + SIZE).unwrap_or_default();
    block
        .iter()
        .fold(escape, |escaped, byte| *byte == b'\\' && !escaped)
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
        Some(window) => within(window, text, start, before),
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
    within(&window, text, start, before)
}

/// The first byte of the window is the last one before the block.
#[inline(always)]
fn within(window: &[u8; SIZE + 1], text: &[u8], start: usize, before: Before) -> Block {
    let ([_, block @ ..], [shifted @ .., _]) = (window, window);
    let mut quotes = 0;
    let mut stop = u8x16::splat(0);
    let mut least = u8x16::splat(u8::MAX);
    let mut names = [u8x16::splat(0); SIZE / 16];
    for (place, (chunk, shifted)) in chunks(block).zip(chunks(shifted)).enumerate() {
        quotes |= bits(chunk.simd_eq(u8x16::splat(b'"')), place);
        stop |= escapes(chunk) | percents(chunk);
        least = least.min(chunk);
        names[place] = mentions(chunk, shifted);
    }
    let [a, b, c, d] = names;
    if (stop | controls(least) | a | b | c | d).to_bitmask() == 0 && !before.escape {
        return Block {
            quotes,
            needs_decoding: 0,
        };
    }
    let names = bits(a, 0) | bits(b, 1) | bits(c, 2) | bits(d, 3);
    let names = named(names, text, start);
    if (stop | controls(least)).to_bitmask() == 0 && !before.escape {
        let needs_decoding = if names == 0 {
            0
        } else {
            names & (inside(quotes) ^ before.strings())
        };
        return Block {
            quotes,
            needs_decoding,
        };
    }
    with_odd(block, quotes, names, before)
}

#[inline(never)]
fn with_odd(block: &[u8; SIZE], quotes: u64, names: u64, before: Before) -> Block {
    let (mut backslashes, mut others) = (0, names);
    for (place, chunk) in chunks(block).enumerate() {
        backslashes |= bits(escapes(chunk), place);
        others |= bits(controls(chunk) | percents(chunk), place);
    }
    let quotes = quotes & !escaped(backslashes, before.escape);
    let strings = inside(quotes) ^ before.strings();
    Block {
        quotes,
        needs_decoding: (backslashes | others) & strings,
    }
}

/// Of these places, those that follow a word by which people are named.
#[inline(always)]
fn named(places: u64, text: &[u8], start: usize) -> u64 {
    let (mut left, mut named) = (places, 0);
    while left != 0 {
        let place = left.trailing_zeros();
        if follows_a_word(text, start + place as usize) {
            named |= 1 << place;
        }
        left &= left - 1;
    }
    named
}

/// Whether "Patient", "part" or "dual" may end here, in whatever case, and one of `/?-=` follow.
#[inline(always)]
fn follows_a_word(text: &[u8], at: usize) -> bool {
    const CASE: u32 = 0x2020_2020;
    let around = at.checked_sub(4).and_then(|start| text.get(start..=at));
    let Some([a, b, c, d, next]) = around else {
        return false;
    };
    let end = u32::from_le_bytes([*a, *b, *c, *d]) | CASE;
    (end == u32::from_le_bytes(*b"ient")
        || end == u32::from_le_bytes(*b"part")
        || end == u32::from_le_bytes(*b"dual"))
        && matches!(next, b'/' | b'?' | b'-' | b'=')
}

/// The bytes that a backslash before them belongs to.
fn escaped(backslashes: u64, first: bool) -> u64 {
    let mut escaped = u64::from(first);
    let mut rest = backslashes & !escaped;
    while rest != 0 {
        let next = (rest & rest.wrapping_neg()) << 1;
        escaped |= next;
        // The byte behind a backslash is plain, be it a backslash itself.
        rest &= rest - 1;
        rest &= !next;
    }
    escaped
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
fn percents(chunk: u8x16) -> u8x16 {
    chunk.simd_eq(u8x16::splat(b'%'))
}

/// One of `/?-=` behind one of `tTlL` (or of `dD|\`): those differ from each other in two bits only.
#[inline(always)]
fn mentions(chunk: u8x16, shifted: u8x16) -> u8x16 {
    let ends_word = (shifted | u8x16::splat(0x38)).simd_eq(u8x16::splat(b't' | 0x38));
    let goes_on = (chunk | u8x16::splat(0x12)).simd_eq(u8x16::splat(b'/' | 0x12));
    goes_on & ends_word
}

#[inline(always)]
fn bits(matches: u8x16, shift: usize) -> u64 {
    u64::from(matches.to_bitmask()) << (16 * shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, byte by byte: quotes, and bytes that need decoding, by their places.
    fn plainly(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut quotes, mut needs_decoding) = (Vec::new(), Vec::new());
        let (mut string, mut escaped) = (false, false);
        for (at, byte) in text.iter().enumerate() {
            let word = text[at.saturating_sub(4)..at].to_ascii_lowercase();
            let is_odd = matches!(byte, b'\\' | b'%' | 0..0x20)
                || (b"/?-=".contains(byte)
                    && [b"ient", b"part", b"dual"]
                        .contains(&&word[..].try_into().unwrap_or([0; 4])));
            if string && is_odd {
                needs_decoding.push(at);
            }
            if *byte == b'"' && !escaped {
                quotes.push(at);
                string = !string;
            }
            escaped = *byte == b'\\' && !escaped;
        }
        (quotes, needs_decoding)
    }

    fn in_blocks(text: &[u8]) -> (Vec<usize>, Vec<usize>) {
        let (mut quotes, mut needs_decoding) = (Vec::new(), Vec::new());
        let mut before = Before::default();
        for start in (0..text.len()).step_by(SIZE) {
            let block = block(text, start, before);
            let places = |bits: u64| {
                (0..SIZE)
                    .filter(move |at| bits >> at & 1 != 0)
                    .map(move |at| start + at)
            };
            quotes.extend(places(block.quotes));
            needs_decoding.extend(places(block.needs_decoding));
            before = Before {
                string: before.string ^ (block.quotes.count_ones() % 2 == 1),
                escape: block.escapes_next(text, start, before.escape),
            };
        }
        (quotes, needs_decoding)
    }

    #[test]
    fn blocks_tell_what_a_byte_by_byte_search_tells() {
        for piece in [
            r#""Patient/1""#,
            r#""a\"b","t\/x""#,
            r#""\\\\\\\\\"\\""#,
            "\"\n\"\n\"\u{1f}\"\r",
            r#""ä t/ T/ \\""#,
            r#""part-a-7","PART-","dual-7","Dual/","l-","t?","Patient?_id","patient=","Patient%2F","ient-","t't5d7l%","100%""#,
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
            // Of a backslash the next one is a part, which needs decoding as well.
            assert_eq!(in_blocks(&text), plainly(&text), "{byte}");
        }
    }

    #[test]
    fn past_the_end_there_is_nothing() {
        let block = block(b"\"", 0, Before::default());
        assert_eq!(
            block,
            Block {
                quotes: 1,
                needs_decoding: 0
            }
        );
    }
}
