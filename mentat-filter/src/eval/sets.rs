//! Constant sets, arranged for one question each.

use std::collections::HashSet;

use super::test::Test;
use crate::net::{Family, IpSpan};
use crate::value::{Sequence, Value, ValueRef};

/// The members of a named set.
pub(crate) struct Members {
    values: Vec<Value>,
    /// The same as a test, if they are all of one type that has one.
    test: Option<Test>,
}

impl Members {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self {
            test: Test::among(&values),
            values,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    pub(super) fn view(&self) -> ValueRef<'_> {
        ValueRef::List(&self.values as &dyn Sequence)
    }

    /// Whether a value is a member; `None` where the general evaluator must decide.
    #[inline]
    pub(super) fn contain(&self, value: ValueRef<'_>) -> Option<bool> {
        self.test.as_ref().and_then(|test| test.passes(value))
    }
}

/// A set of texts. Up to eight, looking at each (length first) is faster than hashing.
#[derive(Clone, Debug)]
pub(super) enum TextSet {
    Few(Box<[Box<str>]>),
    Many(HashSet<Box<str>>),
}

impl TextSet {
    pub(super) fn new(texts: Box<[Box<str>]>) -> Self {
        if texts.len() <= 8 {
            Self::Few(texts)
        } else {
            Self::Many(texts.into_iter().collect())
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let (few, many) = match self {
            Self::Few(texts) => (Some(texts), None),
            Self::Many(texts) => (None, Some(texts)),
        };
        let few = few.into_iter().flatten();
        few.chain(many.into_iter().flatten()).map(|text| &**text)
    }

    #[inline]
    pub(super) fn contains(&self, text: &str) -> bool {
        match self {
            Self::Few(texts) => texts.iter().any(|one| **one == *text),
            Self::Many(texts) => texts.contains(text),
        }
    }
}

/// A set of integers. Half as many bits are enough for nearly all sets, and are compared faster.
#[derive(Clone, Debug)]
pub(super) enum IntegerSet {
    Few(Box<[i64]>),
    /// Ascending.
    Many(Box<[i64]>),
    /// Ascending.
    Wide(Box<[i128]>),
}

impl IntegerSet {
    pub(super) fn new(mut integers: Box<[i128]>) -> Self {
        integers.sort_unstable();
        let narrow = integers.iter().map(|integer| i64::try_from(*integer));
        match narrow.collect::<Result<Box<[i64]>, _>>() {
            Ok(narrow) if narrow.len() <= 8 => Self::Few(narrow),
            Ok(narrow) => Self::Many(narrow),
            Err(_) => Self::Wide(integers),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = i128> {
        let (narrow, wide): (&[i64], &[i128]) = match self {
            Self::Few(narrow) | Self::Many(narrow) => (narrow, &[]),
            Self::Wide(wide) => (&[], wide),
        };
        narrow
            .iter()
            .map(|integer| i128::from(*integer))
            .chain(wide.iter().copied())
    }

    #[inline]
    pub(super) fn contains(&self, integer: i128) -> bool {
        match (self, i64::try_from(integer)) {
            (Self::Few(set), Ok(integer)) => set.contains(&integer),
            (Self::Many(set), Ok(integer)) => set.binary_search(&integer).is_ok(),
            (Self::Wide(set), _) => set.binary_search(&integer).is_ok(),
            _ => false,
        }
    }
}

/// Spans that answer whether one of them contains another span.
///
/// They are not merged: a net that straddles two of them is in neither. Those inside another one are dropped, after
/// which both ends ascend, and the last span that begins at or below the one asked for is the only candidate.
#[derive(Clone, Debug)]
pub(super) struct Covering {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl Covering {
    pub(super) fn new(spans: &[IpSpan]) -> Self {
        let of = |family| -> Box<[(u128, u128)]> {
            let mut ends: Vec<(u128, u128)> = spans
                .iter()
                .filter(|span| span.family() == family)
                .map(|span| (span.low(), span.high()))
                .collect();
            ends.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
            let mut highest = None;
            ends.retain(|(_, high)| {
                let outside = highest.is_none_or(|highest| *high > highest);
                if outside {
                    highest = Some(*high);
                }
                outside
            });
            ends.into()
        };
        Self {
            // The ends of IPv4 spans never exceed 32 bits.
            v4: of(Family::V4)
                .iter()
                .map(|(low, high)| (short(*low), short(*high)))
                .collect(),
            v6: of(Family::V6),
        }
    }

    /// The spans that are not inside another one.
    pub(super) fn spans(&self) -> impl Iterator<Item = IpSpan> {
        let v4 = self
            .v4
            .iter()
            .map(|(low, high)| IpSpan::between(Family::V4, (*low).into(), (*high).into()));
        v4.chain(
            self.v6
                .iter()
                .map(|(low, high)| IpSpan::between(Family::V6, *low, *high)),
        )
    }

    #[inline]
    pub(super) fn contain(&self, span: &IpSpan) -> bool {
        match span.family() {
            Family::V4 => covers(&self.v4, short(span.low()), short(span.high())),
            Family::V6 => covers(&self.v6, span.low(), span.high()),
        }
    }
}

fn short(bits: u128) -> u32 {
    u32::try_from(bits).unwrap_or(u32::MAX)
}

#[inline]
fn covers<A: Copy + Ord>(spans: &[(A, A)], low: A, high: A) -> bool {
    let inside = |candidate: &(A, A)| candidate.0 <= low && high <= candidate.1;
    if spans.len() <= 4 {
        return spans.iter().any(inside);
    }
    let after = spans.partition_point(|(start, _)| *start <= low);
    after.checked_sub(1).and_then(|at| spans.get(at)).is_some_and(inside)
}

/// Spans that answer whether one of them is inside another span.
///
/// Those that contain another one are dropped, after which both ends ascend, and the first span that begins at or above
/// the one asked for is the only candidate.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    v4: Box<[(u128, u128)]>,
    v6: Box<[(u128, u128)]>,
}

impl Covered {
    pub(super) fn new(spans: &[IpSpan]) -> Self {
        let of = |family| -> Box<[(u128, u128)]> {
            let mut ends: Vec<(u128, u128)> = spans
                .iter()
                .filter(|span| span.family() == family)
                .map(|span| (span.low(), span.high()))
                .collect();
            ends.sort_unstable_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
            let mut lowest = None;
            ends.retain(|(_, high)| {
                let outside = lowest.is_none_or(|lowest| *high < lowest);
                if outside {
                    lowest = Some(*high);
                }
                outside
            });
            ends.reverse();
            ends.into()
        };
        Self {
            v4: of(Family::V4),
            v6: of(Family::V6),
        }
    }

    /// The spans that contain no other one.
    pub(super) fn spans(&self) -> impl Iterator<Item = IpSpan> {
        let of = |family| move |(low, high): &(u128, u128)| IpSpan::between(family, *low, *high);
        self.v4
            .iter()
            .map(of(Family::V4))
            .chain(self.v6.iter().map(of(Family::V6)))
    }

    #[inline]
    pub(super) fn any_in(&self, span: &IpSpan) -> bool {
        let spans = match span.family() {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        let at = spans.partition_point(|(low, _)| *low < span.low());
        spans.get(at).is_some_and(|(_, high)| *high <= span.high())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span() -> impl Strategy<Value = IpSpan> {
        (0..40_u128, 0..12_u128, prop::bool::ANY).prop_map(|(low, length, v6)| {
            let family = if v6 { Family::V6 } else { Family::V4 };
            let end = |at| IpSpan::from_number(family, at).unwrap().first();
            IpSpan::range(end(low), end(low + length)).unwrap()
        })
    }

    proptest! {
        #[test]
        fn sets_of_spans_answer_as_a_search_does(
            members in prop::collection::vec(span(), 0..12), asked in span(),
        ) {
            let inside = members.iter().any(|member| member.contains(&asked));
            prop_assert_eq!(Covering::new(&members).contain(&asked), inside);
            let around = members.iter().any(|member| asked.contains(member));
            prop_assert_eq!(Covered::new(&members).any_in(&asked), around);
        }
    }
}
