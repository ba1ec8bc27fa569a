//! One of two iterators.

/// The items of either one of two iterators, no larger than the larger one.
pub(super) enum Either<A, B> {
    One(A),
    Other(B),
}

impl<A: Iterator, B: Iterator<Item = A::Item>> Iterator for Either<A, B> {
    type Item = A::Item;

    fn next(&mut self) -> Option<A::Item> {
        match self {
            Self::One(items) => items.next(),
            Self::Other(items) => items.next(),
        }
    }
}
