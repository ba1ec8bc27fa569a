//! Many spans with a value each: which of them contain a given one?

use super::{Family, IpSpan};
use std::cmp::Reverse;
use std::fmt;

/// No entry: the end of a chain of links.
const NONE: u32 = u32::MAX;

/// A fixed table of spans, each with a value, that answers which of them contain a given span.
///
/// Spans may nest, repeat and overlap in part; the two families never mix. Building sorts once. A look-up is a binary
/// search and a walk outwards over the spans around the place found: for networks no more steps than prefix lengths,
/// for arbitrary ranges as many as are stacked there. An entry takes 13 bytes (IPv4), 26 (IPv6) or, if
/// some span of IPv6 is finer than /64, 51 beside its value.
///
/// ```
/// use mentat_filter::{IpSpan, SpanTable};
/// let table: SpanTable<&str> = [("10.0.0.0/8", "all"), ("10.1.0.0/16", "site"), ("2001:db8::/32", "v6")]
///     .into_iter()
///     .map(|(text, name)| (text.parse().unwrap(), name))
///     .collect();
/// let host: IpSpan = "10.1.2.3".parse()?;
/// assert_eq!(table.most_specific(&host), Some(&"site"));
/// assert_eq!(table.all(&host).map(|(_, name)| *name).collect::<Vec<_>>(), ["site", "all"]);
/// # Ok::<(), mentat_filter::IpError>(())
/// ```
#[derive(Clone)]
pub struct SpanTable<T> {
    v4: Half<u32, T>,
    /// Holds all of IPv6, or nothing if `v6_wide` does.
    v6: Half<u128, T>,
    /// Where no network of IPv6 is smaller than a /64, as in most tables, half of the bits say all.
    v6_wide: Half<u64, T>,
}

impl<T> SpanTable<T> {
    /// A table of the given pairs; nothing stops two of them from having the same span.
    #[must_use]
    pub fn new(pairs: impl IntoIterator<Item = (IpSpan, T)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (span, value) in pairs {
            match span.family {
                Family::V4 => v4.push((u32::cut(span.low), u32::cut(span.high), value)),
                Family::V6 => v6.push((span.low, span.high, value)),
            }
        }
        let is_wide = |span: &(u128, u128, T)| span.0 << 64 == 0 && !span.1 << 64 == 0;
        let mut v6_wide = Vec::new();
        if v6.iter().all(is_wide) {
            let halved = |(low, high, value)| (u64::cut(low), u64::cut(high), value);
            v6_wide = std::mem::take(&mut v6).into_iter().map(halved).collect();
        }
        Self {
            v4: Half::new(v4),
            v6: Half::new(v6),
            v6_wide: Half::new(v6_wide),
        }
    }

    /// How many spans there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.v4.values.len() + self.v6.values.len() + self.v6_wide.values.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of the smallest span that contains all of `span`; of equally small ones, of the one given first.
    #[must_use]
    pub fn most_specific(&self, span: &IpSpan) -> Option<&T> {
        match span.family {
            Family::V4 => self.v4.smallest(u32::cut(span.low), u32::cut(span.high)),
            Family::V6 if self.v6.values.is_empty() => self.v6_wide.smallest(u64::cut(span.low), u64::cut(span.high)),
            Family::V6 => self.v6.smallest(span.low, span.high),
        }
    }

    /// Every span that contains all of `span`, with its value: the smallest first, equally small ones as given.
    ///
    /// Spans come in their [simplest](IpSpan::simplest) form: the table does not keep how they were written.
    pub fn all<'a>(&'a self, span: &IpSpan) -> impl Iterator<Item = (IpSpan, &'a T)> + use<'a, T> {
        let v4 = (span.family == Family::V4).then(|| self.v4.all(u32::cut(span.low), u32::cut(span.high)));
        let wide = span.family == Family::V6 && self.v6.values.is_empty();
        let v6_wide = wide.then(|| self.v6_wide.all(u64::cut(span.low), u64::cut(span.high)));
        let v6 = (span.family == Family::V6 && !wide).then(|| self.v6.all(span.low, span.high));
        let v6 = v6_wide.into_iter().flatten().chain(v6.into_iter().flatten());
        v4.into_iter().flatten().chain(v6)
    }

    /// All spans, in their [simplest](IpSpan::simplest) form, with their values: IPv4 first, each family in order of
    /// the lower ends, a wider span before those inside it.
    pub fn iter(&self) -> impl Iterator<Item = (IpSpan, &T)> {
        self.v4.iter().chain(self.v6.iter()).chain(self.v6_wide.iter())
    }
}

impl<T> Default for SpanTable<T> {
    fn default() -> Self {
        Self::new([])
    }
}

impl<T> FromIterator<(IpSpan, T)> for SpanTable<T> {
    fn from_iter<I: IntoIterator<Item = (IpSpan, T)>>(pairs: I) -> Self {
        Self::new(pairs)
    }
}

impl<T: fmt::Debug> fmt::Debug for SpanTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The number of an address in as many bits as its family needs.
trait Bits: Copy + Ord {
    const FAMILY: Family;
    /// Entries for each one of the next coarser sample: as many numbers as one or two lines of a cache hold.
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

/// Where an entry ends. Kept apart from the lower ends, which alone are searched.
#[derive(Clone, Copy)]
struct End<A> {
    high: A,
    /// Where a walk goes on that found this one ending too early: the nearest earlier entry that ends later. Where
    /// spans only nest, one that ends at the same place will do, so that the link leads from each span to the next one
    /// around it.
    outward: u32,
}

/// The entries of one family: lower ends ascending, of equal ones the higher upper end first, of equal spans the one
/// given last first. Walking backwards thus meets a span before those around it, and equal ones as given.
#[derive(Clone)]
struct Half<A, T> {
    /// Of the lower ends every one at a multiple of the stride, of those again, and so on; the coarsest first. A search
    /// through a million of them thus leaves the caches near the processor only for the last block or two.
    samples: Vec<Vec<A>>,
    lows: Vec<A>,
    ends: Vec<End<A>>,
    values: Vec<T>,
    /// Whether no two spans overlap in part, as with networks: the containing ones are then met in order of size.
    nested: bool,
    /// The places of the entries among those given, to order equally small ones; empty where spans only nest.
    given: Vec<u32>,
}

/// Ever coarser samples until a plain search of the coarsest stays in the first cache.
fn samples<A: Bits>(lows: &[A]) -> Vec<Vec<A>> {
    let mut samples: Vec<Vec<A>> = Vec::new();
    let mut finest = lows;
    while finest.len() > A::STRIDE * A::STRIDE {
        samples.insert(0, finest.iter().step_by(A::STRIDE).copied().collect());
        finest = samples.first().map_or(&[], Vec::as_slice);
    }
    samples
}

/// Whether no two of the sorted spans overlap in part.
fn only_nest<A: Bits, T>(entries: &[(A, A, u32, T)]) -> bool {
    // The upper ends of the spans around the present place.
    let mut around: Vec<A> = Vec::new();
    entries.iter().all(|(low, high, ..)| {
        while around.pop_if(|end| *end < *low).is_some() {}
        let fits = around.last().is_none_or(|end| high <= end);
        around.push(*high);
        fits
    })
}

impl<A: Bits, T> Half<A, T> {
    fn new(entries: Vec<(A, A, T)>) -> Self {
        // A table of four thousand million spans would not fit into memory.
        let number = |at: usize| u32::try_from(at).unwrap_or(NONE);
        let mut entries: Vec<(A, A, u32, T)> = entries
            .into_iter()
            .enumerate()
            .map(|(at, (low, high, value))| (low, high, number(at), value))
            .collect();
        entries.sort_unstable_by_key(|(low, high, at, _)| (*low, Reverse(*high), Reverse(*at)));
        let nested = only_nest(&entries);
        let mut lows = Vec::with_capacity(entries.len());
        let mut ends: Vec<End<A>> = Vec::with_capacity(entries.len());
        let mut values = Vec::with_capacity(entries.len());
        let mut given = Vec::new();
        // Earlier entries that a link may still lead to, the innermost last.
        let mut open: Vec<(A, u32)> = Vec::new();
        for (low, high, at, value) in entries {
            while let Some((before, _)) = open.last().copied()
                && (before < high || !nested && before == high)
            {
                open.pop();
            }
            ends.push(End {
                high,
                outward: open.last().map_or(NONE, |(_, at)| *at),
            });
            open.push((high, number(lows.len())));
            lows.push(low);
            values.push(value);
            if !nested {
                given.push(at);
            }
        }
        Self {
            samples: samples(&lows),
            lows,
            ends,
            values,
            nested,
            given,
        }
    }

    /// The number of entries that begin at or before `low`.
    fn up_to(&self, low: A) -> usize {
        let mut levels = self.samples.iter().chain(std::iter::once(&self.lows));
        let begin = levels
            .next()
            .map_or(0, |top| top.partition_point(|start| *start <= low));
        levels.fold(begin, |coarser, level| {
            let from = coarser.saturating_sub(1) * A::STRIDE;
            let block = level.get(from..).unwrap_or_default();
            let block = block.get(..A::STRIDE).unwrap_or(block);
            // Counting needs no branch, and so waits for the memory once.
            from + block.iter().filter(|start| **start <= low).count()
        })
    }

    /// The places of all entries that contain the span, from the latest beginning backwards.
    fn containing(&self, low: A, high: A) -> impl Iterator<Item = usize> {
        let mut next = self.up_to(low).checked_sub(1);
        std::iter::from_fn(move || {
            loop {
                let at = next?;
                let end = self.ends.get(at)?;
                let contains = end.high >= high;
                next = if contains && !self.nested {
                    // Ranges that overlap in part may end here or there.
                    at.checked_sub(1)
                } else {
                    (end.outward != NONE).then_some(end.outward as usize)
                };
                if contains {
                    return Some(at);
                }
            }
        })
    }

    /// What the smallest and the first given has least of.
    fn rank(&self, at: usize) -> Option<(u128, u32)> {
        let size = self.ends.get(at)?.high.highest() - self.lows.get(at)?.lowest();
        Some((size, *self.given.get(at)?))
    }

    fn smallest(&self, low: A, high: A) -> Option<&T> {
        let mut found = self.containing(low, high);
        let at = if self.nested {
            found.next()
        } else {
            found.min_by_key(|at| self.rank(*at))
        };
        self.values.get(at?)
    }

    fn all(&self, low: A, high: A) -> impl Iterator<Item = (IpSpan, &T)> {
        let found = self.containing(low, high);
        let (walk, sorted) = if self.nested {
            (Some(found), Vec::new())
        } else {
            let mut sorted: Vec<usize> = found.collect();
            sorted.sort_unstable_by_key(|at| self.rank(*at));
            (None, sorted)
        };
        let places = walk.into_iter().flatten().chain(sorted);
        places.filter_map(|at| self.entry(at))
    }

    fn entry(&self, at: usize) -> Option<(IpSpan, &T)> {
        let (low, end) = (self.lows.get(at)?, self.ends.get(at)?);
        let span = IpSpan::between(A::FAMILY, low.lowest(), end.high.highest()).simplest();
        Some((span, self.values.get(at)?))
    }

    fn iter(&self) -> impl Iterator<Item = (IpSpan, &T)> {
        (0..self.values.len()).filter_map(|at| self.entry(at))
    }
}

#[cfg(test)]
mod tests;
