//! Many spans with a value each: which of them contain a given one?

mod bits;
mod either;
mod half;

use super::{Family, IpSpan};
use bits::Bits;
use either::Either;
use half::Half;
use std::fmt;

/// A fixed table of spans, each with a value, that answers which of them contain a given span.
///
/// Spans may nest, repeat and overlap in part; the two families never mix. Building sorts once. A look-up is a search
/// by blocks of 8 or 16 and a walk outwards over the spans around the place found: for networks no more steps than
/// prefix lengths, for arbitrary ranges as many as are stacked there. Spans lie beside their values, which may be read
/// with no further access to memory; keep large values behind a pointer. An entry takes 12 bytes (IPv4), 21 (IPv6) or,
/// if some span of IPv6 is finer than /64, 38 and its value, rounded up to the alignment of the two: with a value of
/// 4 bytes 16, 25 and 50. Ranges that overlap in part take 4 more.
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
        self.v4.len() + self.v6.len() + self.v6_wide.len()
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
            Family::V6 if self.v6.len() == 0 => self.v6_wide.smallest(u64::cut(span.low), u64::cut(span.high)),
            Family::V6 => self.v6.smallest(span.low, span.high),
        }
    }

    /// Every span that contains all of `span`, with its value: the smallest first, equally small ones as given.
    ///
    /// Spans come in their [simplest](IpSpan::simplest) form: the table does not keep how they were written.
    pub fn all<'a>(&'a self, span: &IpSpan) -> impl Iterator<Item = (IpSpan, &'a T)> + use<'a, T> {
        match span.family {
            Family::V4 => Either::One(self.v4.all(u32::cut(span.low), u32::cut(span.high))),
            Family::V6 => Either::Other(if self.v6.len() == 0 {
                Either::One(self.v6_wide.all(u64::cut(span.low), u64::cut(span.high)))
            } else {
                Either::Other(self.v6.all(span.low, span.high))
            }),
        }
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

#[cfg(test)]
mod tests;
