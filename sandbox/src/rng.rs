//! Repeatable pseudo-random numbers.
//!
//! SplitMix64 (Steele, Lea, Flood 2014): a few integer operations, so the same numbers come out on every
//! machine and a claim can have a generator of its own without cost. Nothing here protects anything.

/// A stream of numbers that follows from its seed alone.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of `domain` for up to three numbers, such as person, claim type and index.
    pub(crate) const fn of(domain: u64, a: u64, b: u64, c: u64) -> Self {
        let mut seed = mix(domain ^ 0x6d65_6469_6361_7265);
        seed = mix(seed ^ a.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        seed = mix(seed ^ b.wrapping_mul(0xd1b5_4a32_d192_ed03));
        seed = mix(seed ^ c.wrapping_mul(0x8cb9_2ba7_2f3d_8dd7));
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, which is at least 1 and small beside 2^32.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) const fn below(&mut self, bound: u32) -> u32 {
        // Lemire's multiplication without the rejection step: the bias is below 2^-20 for our bounds.
        (((self.next() >> 32) * bound as u64) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub(crate) const fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One element of a table that is not empty.
    pub(crate) fn pick<'t, T>(&mut self, table: &'t [T]) -> &'t T {
        let bound = u32::try_from(table.len()).unwrap_or(u32::MAX).max(1);
        &table[self.below(bound) as usize]
    }

    /// One element of a table whose rows carry weights.
    pub(crate) fn pick_weighted<'t, T>(
        &mut self,
        table: &'t [T],
        weight: impl Fn(&T) -> u32,
    ) -> &'t T {
        let total: u32 = table.iter().map(&weight).sum();
        let mut rest = self.below(total.max(1));
        for row in table {
            let share = weight(row);
            if rest < share {
                return row;
            }
            rest -= share;
        }
        &table[0]
    }
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_same_on_every_machine() {
        let mut rng = Rng::of(1, 2, 3, 4);
        let first: Vec<u32> = (0..4).map(|_| rng.below(1000)).collect();
        let mut again = Rng::of(1, 2, 3, 4);
        assert_eq!(first, (0..4).map(|_| again.below(1000)).collect::<Vec<_>>());
        assert_ne!(first, {
            let mut other = Rng::of(1, 2, 4, 3);
            (0..4).map(|_| other.below(1000)).collect::<Vec<_>>()
        });
    }

    #[test]
    fn weights_are_respected() {
        let mut rng = Rng::of(7, 0, 0, 0);
        let hits = (0..10_000)
            .filter(|_| *rng.pick_weighted(&[(1, 90), (2, 10)], |row| row.1) == (1, 90))
            .count();
        assert!((8_800..9_200).contains(&hits), "{hits}");
    }
}
