//! Addresses of either family as numbers of fixed size.

use crate::net::Family;

/// The number of an address in as many bits as its family needs.
pub(super) trait Bits: Copy + Ord {
    const FAMILY: Family;
    /// Numbers in one block of a search: as many as one or two lines of a cache hold.
    const STRIDE: usize;
    fn cut(bits: u128) -> Self;
    /// The lowest address that is cut to this.
    fn lowest(self) -> u128;
    /// The highest address that is cut to this.
    fn highest(self) -> u128 {
        self.lowest()
    }
}

impl Bits for u32 {
    const FAMILY: Family = Family::V4;
    const STRIDE: usize = 16;

    fn cut(bits: u128) -> Self {
        // The bits of an IPv4 span never exceed 32.
        Self::try_from(bits).unwrap_or(Self::MAX)
    }

    fn lowest(self) -> u128 {
        self.into()
    }
}

impl Bits for u64 {
    const FAMILY: Family = Family::V6;
    const STRIDE: usize = 8;

    fn cut(bits: u128) -> Self {
        // The upper half always fits.
        Self::try_from(bits >> 64).unwrap_or(Self::MAX)
    }

    fn lowest(self) -> u128 {
        u128::from(self) << 64
    }

    fn highest(self) -> u128 {
        self.lowest() | u128::from(Self::MAX)
    }
}

impl Bits for u128 {
    const FAMILY: Family = Family::V6;
    const STRIDE: usize = 8;

    fn cut(bits: u128) -> Self {
        bits
    }

    fn lowest(self) -> u128 {
        self
    }
}
