//! Random-looking numbers and keys from a seed and a place.
//!
//! `SplitMix64`, written out: its numbers must be the same in every version of every library. Not for secrets.

use uuid::{Builder, Uuid};

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of numbers of its own.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64, place: u64) -> Self {
        Self(mix(mix(seed) ^ place))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(limit)) >> 64).unwrap_or_default()
    }

    pub(crate) fn below_u32(&mut self, limit: u32) -> u32 {
        u32::try_from(self.below(u64::from(limit))).unwrap_or_default()
    }

    /// True so often in a thousand.
    pub(crate) fn per_mille(&mut self, often: u64) -> bool {
        self.below(1000) < often
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap_or_default()]
    }

    /// Picks a text.
    pub(crate) fn word(&mut self, from: &[&'static str]) -> &'static str {
        let word: &&'static str = self.pick(from);
        word
    }

    /// Picks by weight.
    pub(crate) fn weighted<T: Copy>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in from {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        from[0].1
    }
}

/// A version 4 UUID: two one-to-one mixes of the place, so that no two places share one.
pub(crate) fn id(seed: u64, place: u64) -> Uuid {
    let high = mix(mix(seed) ^ place);
    let low = mix(mix(seed.wrapping_add(STEP)).wrapping_add(place));
    Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
}

/// The finaliser of `SplitMix64`: one to one, and every bit of the result hangs on every bit of the number.
fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ number >> 31
}
