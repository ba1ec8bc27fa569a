//! The spans of one family.

use super::bits::Bits;
use super::either::Either;
use crate::net::IpSpan;
use std::cmp::Reverse;

/// No entry: an index that no list has.
const NONE: u32 = u32::MAX;

/// A span with its value. A look-up reads a block of neighbours and mostly finds all it wants there: what takes time in
/// a large table is each further page of memory.
#[derive(Clone)]
struct Entry<A, T> {
    low: A,
    high: A,
    /// Where a walk goes on that found this one ending too early: the nearest earlier entry that ends later. Where
    /// spans only nest, one that ends at the same place will do, so that the link leads from each span to the next one
    /// around it.
    outward: u32,
    value: T,
}

/// The entries of one family: lower ends ascending, of equal ones the higher upper end first, of equal spans the one
/// given last first. Walking backwards thus meets a span before those around it, and equal ones as given.
#[derive(Clone)]
pub(super) struct Half<A, T> {
    /// The lower end of every entry whose place is a multiple of [`Bits::STRIDE`], of those again, and so on; the
    /// coarsest first. A search thus leaves the caches near the processor only for the last block or two.
    samples: Vec<Vec<A>>,
    entries: Vec<Entry<A, T>>,
    /// Whether no two spans overlap in part, as with networks: the containing ones are then met in order of size.
    pub(super) nested: bool,
    /// The places of the entries among those given, to order equally small ones; empty where spans only nest.
    given: Vec<u32>,
}

/// A table of four thousand million spans would not fit into memory.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(NONE)
}

/// Whether no two of the sorted spans overlap in part.
fn only_nest<A: Bits, T>(sorted: &[(A, A, u32, T)]) -> bool {
    // The upper ends of the spans around the present place.
    let mut around: Vec<A> = Vec::new();
    sorted.iter().all(|(low, high, ..)| {
        while around.pop_if(|end| *end < *low).is_some() {}
        let fits = around.last().is_none_or(|end| high <= end);
        around.push(*high);
        fits
    })
}

/// Ever coarser samples, the coarsest a single block.
fn samples<A: Bits, T>(entries: &[Entry<A, T>]) -> Vec<Vec<A>> {
    let mut samples: Vec<Vec<A>> = vec![entries.iter().step_by(A::STRIDE).map(|entry| entry.low).collect()];
    while let Some(finest) = samples.first()
        && finest.len() > A::STRIDE
    {
        samples.insert(0, finest.iter().step_by(A::STRIDE).copied().collect());
    }
    samples
}

/// The items of one block, or of what is left of it.
fn block<A: Bits, I>(items: &[I], number: usize) -> &[I] {
    let rest = items.get(number * A::STRIDE..).unwrap_or_default();
    rest.get(..A::STRIDE).unwrap_or(rest)
}

impl<A: Bits, T> Half<A, T> {
    pub(super) fn new(spans: Vec<(A, A, T)>) -> Self {
        let mut sorted: Vec<(A, A, u32, T)> = spans
            .into_iter()
            .enumerate()
            .map(|(at, (low, high, value))| (low, high, number(at), value))
            .collect();
        sorted.sort_unstable_by_key(|(low, high, at, _)| (*low, Reverse(*high), Reverse(*at)));
        let nested = only_nest(&sorted);
        let given = sorted.iter().map(|(_, _, at, _)| *at).filter(|_| !nested).collect();
        let mut entries = Vec::with_capacity(sorted.len());
        // Earlier entries that a link may still lead to, the innermost last.
        let mut open: Vec<(A, u32)> = Vec::new();
        for (low, high, _, value) in sorted {
            let is_passed = |(end, _): &mut (A, u32)| *end < high || !nested && *end == high;
            while open.pop_if(is_passed).is_some() {}
            let outward = open.last().map_or(NONE, |(_, at)| *at);
            open.push((high, number(entries.len())));
            entries.push(Entry {
                low,
                high,
                outward,
                value,
            });
        }
        Self {
            samples: samples(&entries),
            entries,
            nested,
            given,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of entries that begin at or before `low`.
    fn up_to(&self, low: A) -> usize {
        // Counting needs no branch, and so waits for the memory once.
        let last = self.samples.iter().fold(0, |coarser, level| {
            let starts = block::<A, _>(level, coarser).iter();
            coarser * A::STRIDE + starts.filter(|start| **start <= low).count().saturating_sub(1)
        });
        let entries = block::<A, _>(&self.entries, last).iter();
        last * A::STRIDE + entries.filter(|entry| entry.low <= low).count()
    }

    /// The places of all entries that contain the span, from the latest beginning backwards.
    fn containing(&self, low: A, high: A) -> impl Iterator<Item = u32> {
        let mut next = self.up_to(low).checked_sub(1).map_or(NONE, number);
        std::iter::from_fn(move || {
            loop {
                let at = next;
                let entry = self.entries.get(at as usize)?;
                let contains = entry.high >= high;
                next = if contains && !self.nested {
                    // Ranges that overlap in part may end here or there.
                    at.checked_sub(1).unwrap_or(NONE)
                } else {
                    entry.outward
                };
                if contains {
                    return Some(at);
                }
            }
        })
    }

    /// What the smallest and the first given has least of.
    fn rank(&self, at: u32) -> Option<(u128, u32)> {
        let entry = self.entries.get(at as usize)?;
        let size = entry.high.highest() - entry.low.lowest();
        Some((size, *self.given.get(at as usize)?))
    }

    pub(super) fn smallest(&self, low: A, high: A) -> Option<&T> {
        let mut found = self.containing(low, high);
        let at = if self.nested {
            found.next()
        } else {
            found.min_by_key(|at| self.rank(*at))
        };
        self.entries.get(at? as usize).map(|entry| &entry.value)
    }

    pub(super) fn all(&self, low: A, high: A) -> impl Iterator<Item = (IpSpan, &T)> {
        let found = self.containing(low, high);
        let places = if self.nested {
            Either::One(found)
        } else {
            let mut sorted: Vec<u32> = found.collect();
            sorted.sort_unstable_by_key(|at| self.rank(*at));
            Either::Other(sorted.into_iter())
        };
        places.filter_map(|at| self.entries.get(at as usize)).map(Entry::pair)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (IpSpan, &T)> {
        self.entries.iter().map(Entry::pair)
    }
}

impl<A: Bits, T> Entry<A, T> {
    fn pair(&self) -> (IpSpan, &T) {
        let span = IpSpan::between(A::FAMILY, self.low.lowest(), self.high.highest());
        (span.simplest(), &self.value)
    }
}
