//! Sets of rules, as bits.

/// Which rules are to be evaluated.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    /// None of `rules` rules.
    pub(super) fn none(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    /// Marks the same rules as another one does.
    pub(super) fn copy(&mut self, other: &Self) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    /// Marks none of as many rules as another one knows.
    pub(super) fn clear(&mut self, other: &Self) {
        self.0.clear();
        self.0.resize(other.0.len(), 0);
    }

    #[inline]
    pub(super) fn set(&mut self, rule: u32) {
        if let Some(word) = self.0.get_mut(rule as usize / 64) {
            *word |= 1 << (rule % 64);
        }
    }

    pub(super) fn set_all(&mut self, rules: &[u32]) {
        for rule in rules {
            self.set(*rule);
        }
    }

    /// Those marked here or there, ascending, and whether here.
    pub(super) fn with<'m>(&'m self, other: &'m Self) -> impl Iterator<Item = (usize, bool)> {
        self.0.iter().zip(&other.0).enumerate().flat_map(|(at, (own, other))| {
            let mut left = own | other;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros() as usize;
                    left &= left - 1;
                    (at * 64 + bit, own >> bit & 1 == 1)
                })
            })
        })
    }
}
