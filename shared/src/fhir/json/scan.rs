//! Looking at many bytes at once: 128-bit vectors in WebAssembly and natively, by safe code.

use wide::u8x16;

/// Bytes that [`block`] looks at.
pub(super) const BLOCK: usize = 64;

/// One bit for each byte of a block.
pub(super) struct Block {
    pub(super) quotes: u64,
    pub(super) backslashes: u64,
    pub(super) opening: u64,
    pub(super) closing: u64,
}

/// Finds quotes, backslashes and brackets.
#[inline]
pub(super) fn block(bytes: &[u8; BLOCK]) -> Block {
    let mut found = Block {
        quotes: 0,
        backslashes: 0,
        opening: 0,
        closing: 0,
    };
    let (chunks, _) = bytes.as_chunks::<16>();
    for (shift, chunk) in (0..).step_by(16).zip(chunks) {
        let chunk = u8x16::from(*chunk);
        // `[` and `{`, `]` and `}` differ in this bit only.
        let folded = chunk | u8x16::splat(0x20);
        let bits = |matches: u8x16| u64::from(matches.to_bitmask()) << shift;
        found.quotes |= bits(chunk.simd_eq(u8x16::splat(b'"')));
        found.backslashes |= bits(chunk.simd_eq(u8x16::splat(b'\\')));
        found.opening |= bits(folded.simd_eq(u8x16::splat(b'{')));
        found.closing |= bits(folded.simd_eq(u8x16::splat(b'}')));
    }
    found
}

/// How many bytes stand before the first quote, backslash or control character.
#[inline(always)]
pub(crate) fn plain(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((chunk, more)) = rest.split_first_chunk::<16>() {
        let chunk = u8x16::from(*chunk);
        let stop = chunk.simd_eq(u8x16::splat(b'"'))
            | chunk.simd_eq(u8x16::splat(b'\\'))
            | chunk.simd_eq(chunk.min(u8x16::splat(0x1f)));
        let stop = stop.to_bitmask();
        if stop != 0 {
            return bytes.len() - rest.len() + stop.trailing_zeros() as usize;
        }
        rest = more;
    }
    let stop = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let tail = rest.iter().position(stop).unwrap_or(rest.len());
    bytes.len() - rest.len() + tail
}

/// The bits that lie inside of strings, opening quotes included: each is the parity of the quotes
/// up to it.
#[inline]
pub(crate) const fn inside(quotes: u64) -> u64 {
    let mut mask = quotes;
    mask ^= mask << 1;
    mask ^= mask << 2;
    mask ^= mask << 4;
    mask ^= mask << 8;
    mask ^= mask << 16;
    mask ^ mask << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_tells_where_everything_is() {
        let mut bytes = [b' '; BLOCK];
        for (at, byte) in [
            (0, b'{'),
            (1, b'"'),
            (15, b'['),
            (16, b']'),
            (31, b'\\'),
            (62, b'"'),
            (63, b'}'),
        ] {
            bytes[at] = byte;
        }
        let found = block(&bytes);
        assert_eq!(found.opening, 1 | 1 << 15);
        assert_eq!(found.closing, 1 << 16 | 1 << 63);
        assert_eq!(found.quotes, 1 << 1 | 1 << 62);
        assert_eq!(found.backslashes, 1 << 31);
        assert_eq!(inside(found.quotes), (1 << 62) - 2);
    }

    #[test]
    fn no_other_byte_is_a_bracket() {
        for byte in 0..=u8::MAX {
            let found = block(&[byte; BLOCK]);
            assert_eq!(found.opening != 0, matches!(byte, b'{' | b'['), "{byte}");
            assert_eq!(found.closing != 0, matches!(byte, b'}' | b']'), "{byte}");
        }
    }

    #[test]
    fn plain_text_ends_where_a_byte_by_byte_search_says() {
        for length in 0..70 {
            for (at, stop) in (0..length).zip([b'"', b'\\', 0, 0x1f, b'"'].into_iter().cycle()) {
                let mut text = vec![0xe4; length];
                text[at] = stop;
                assert_eq!(plain(&text), at);
            }
            assert_eq!(plain(&vec![b' '; length]), length);
        }
    }
}
