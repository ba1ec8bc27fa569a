//! Texts that are looked for inside others.

use super::marks::Marks;

/// The pairs of neighbouring bytes in a text, as bits of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Pairs([u64; 4]);

impl Pairs {
    fn of(text: &str) -> Self {
        let mut pairs = Self::default();
        for (one, next) in text.bytes().zip(text.bytes().skip(1)) {
            let hash = one.wrapping_mul(37) ^ next.wrapping_mul(11);
            if let Some(word) = pairs.0.get_mut(usize::from(hash / 64)) {
                *word |= 1 << (hash % 64);
            }
        }
        pairs
    }

    /// Whether all of these are among the others.
    fn all_in(&self, others: &Self) -> bool {
        let strange = |(own, other): (&u64, &u64)| own & !other;
        self.0
            .iter()
            .zip(&others.0)
            .map(strange)
            .fold(0, |one, other| one | other)
            == 0
    }
}

/// The rules that look for a part in a text. Few texts have all pairs of bytes of a part and not the part itself.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<(Pairs, u32)>);

impl Parts {
    pub(super) fn add(&mut self, part: &str, rule: u32) {
        self.0.push((Pairs::of(part), rule));
    }

    pub(super) fn mark(&self, text: &str, marks: &mut Marks) {
        if self.0.is_empty() {
            return;
        }
        let pairs = Pairs::of(text);
        for (part, rule) in &self.0 {
            if part.all_in(&pairs) {
                marks.set(*rule);
            }
        }
    }
}
