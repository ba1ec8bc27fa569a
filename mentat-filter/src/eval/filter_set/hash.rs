//! A quick hash for tables whose keys are the constants of filters.

use std::hash::{BuildHasherDefault, Hasher};

/// A table of constants. Who writes the filters could make them collide, but gains nothing that a slow filter would
/// not give; who sends the records cannot.
pub(super) type Table<K, V> = std::collections::HashMap<K, V, BuildHasherDefault<Quick>>;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quick(u64);

impl Quick {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let last = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.mix(last);
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(byte.into());
    }

    fn finish(&self) -> u64 {
        // The best bits are the upper ones; tables take both ends.
        self.0 ^ self.0 >> 32
    }
}
