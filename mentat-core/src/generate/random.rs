//! Random numbers that are the same everywhere.

/// What a stream of random numbers is for. Each purpose has its own, so that one can be looked up without the others:
/// an ID without its event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Event = 1,
    Id = 2,
    Repeat = 3,
    Spoil = 4,
}

/// SplitMix64 (Steele, Lea and Flood, 2014): one word of state.
///
/// Every message has a stream of its own, so starting one must cost nothing; xoshiro and its like need a state of
/// several words that is filled, usually, by this very generator. It passes the usual test batteries, and a message
/// takes some thousand numbers of a period of 2^64.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    pub(super) fn new(seed: u64, index: u64, purpose: Purpose) -> Self {
        // Mixed one after the other, so that neighbouring seeds and numbers give unrelated streams; rotated, so that
        // swapping the two does not give the same one.
        let state = [index, purpose as u64]
            .into_iter()
            .fold(mix(seed), |state, value| mix(state.rotate_left(23) ^ mix(value)));
        Self { state }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// From 0 up to, but not, 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// From 0 up to, but not, `limit`; 0 if that is 0. By multiplication (Lemire); the bias below 2^-32 is of no
    /// concern here.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Both ends included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// From 0 up to, but not, `limit`; small values are likelier (density falls like 1/√x, the mean is a third).
    pub(super) fn skewed(&mut self, limit: u64) -> u64 {
        let share = self.share();
        (share * share * limit as f64) as u64
    }

    /// From 1 to `limit`, with a long tail: the chance of more than x is 1/x.
    pub(super) fn long_tailed(&mut self, limit: u64) -> u64 {
        (1.0 / (1.0 - self.share())).min(limit as f64) as u64
    }

    /// One of the items, each as likely.
    ///
    /// # Panics
    ///
    /// When there is none; the lists here are constants.
    #[expect(clippy::indexing_slicing, reason = "`below` is below the length")]
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// One of the texts, each as likely.
    pub(super) fn word(&mut self, items: &[&'static str]) -> &'static str {
        self.pick::<&'static str>(items)
    }

    /// One of the items, the first ones likelier.
    pub(super) fn pick_early<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let at = self.skewed(items.len() as u64);
        items.get(usize::try_from(at).ok()?)
    }

    /// One of the items, by weight; `None` if there is none.
    pub(super) fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> u64) -> Option<&'a T> {
        let mut at = self.below(items.iter().map(&weight).sum());
        items.iter().find(|item| {
            let weight = weight(item);
            let found = at < weight;
            at = at.wrapping_sub(weight);
            found
        })
    }
}

/// SplitMix64's finish: every bit of the input changes about half of the output.
pub(super) fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_values() {
        // The first outputs of the published generator for seed 1234567.
        let mut random = Random { state: 1_234_567 };
        assert_eq!(
            [random.next(), random.next()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }

    #[test]
    fn bounds_hold() {
        let mut random = Random::new(1, 2, Purpose::Event);
        for _ in 0..10_000 {
            assert!((3..=5).contains(&random.between(3, 5)));
            assert!((1..=50).contains(&random.long_tailed(50)));
            assert!(random.skewed(7) < 7);
            assert!((0.0..1.0).contains(&random.share()));
        }
        assert_eq!(random.below(0), 0);
        assert!(!random.chance(0.0) && random.chance(1.0));
    }
}
