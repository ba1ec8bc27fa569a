//! Address spans: a single address, a network or a range, of either family.

mod shape;
mod table;

pub use table::SpanTable;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use thiserror::Error;

/// The address family of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The number of bits of an address: 32 or 128.
    #[must_use]
    pub const fn width(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    const fn max(self) -> u128 {
        match self {
            Self::V4 => u32::MAX as u128,
            Self::V6 => u128::MAX,
        }
    }

    fn address(self, bits: u128) -> IpAddr {
        match self {
            // The bits of an IPv4 span never exceed 32, so the conversion cannot fail.
            Self::V4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(bits).unwrap_or(u32::MAX))),
            Self::V6 => IpAddr::V6(Ipv6Addr::from(bits)),
        }
    }
}

/// How a span was written, which decides how it is printed; two spans of different shape may be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One address.
    Single,
    /// An address and a prefix length; the host bits are kept for printing.
    Net {
        /// The prefix length, at most [`Family::width`].
        prefix: u8,
    },
    /// Two addresses, the lower one first.
    Range,
}

/// Why a text or a pair of addresses is not a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IpError {
    /// The text is neither an address, nor `address/prefix`, nor `address-address`.
    #[error("not an IP address, network or range")]
    Malformed,
    /// The prefix length is not one to three digits within the width of the family.
    #[error("prefix length must be a number from 0 to {max}")]
    Prefix {
        /// The greatest prefix length of the family.
        max: u8,
    },
    /// The two ends of a range are of different families, or the address is not of the family asked for.
    #[error("wrong address family")]
    Family,
}

/// An interval of addresses of one family.
///
/// Equality, order and hash look at (family, lowest, highest) only, so `10.1.2.3/8`, `10.0.0.0/8` and
/// `10.0.0.0-10.255.255.255` are equal; printing keeps what was written.
///
/// ```
/// use mentat_filter::IpSpan;
/// let net: IpSpan = "192.0.2.77/24".parse()?;
/// assert_eq!(net.to_string(), "192.0.2.77/24");
/// assert_eq!(net, "192.0.2.0-192.0.2.255".parse()?);
/// assert!(net.contains(&"192.0.2.1".parse()?));
/// # Ok::<(), mentat_filter::IpError>(())
/// ```
#[derive(Clone, Copy)]
pub struct IpSpan {
    low: u128,
    high: u128,
    /// The address as written before the slash; `low` for the other shapes.
    base: u128,
    family: Family,
    shape: Shape,
}

impl IpSpan {
    /// Reads an address, `address/prefix` or `address-address` of either family.
    ///
    /// The ends of a range may come in any order. Blanks, zone ids, leading zeros and shorthand are refused; an IPv4
    /// address mapped into IPv6 stays IPv6.
    ///
    /// # Errors
    ///
    /// [`IpError`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, IpError> {
        if let Some((address, prefix)) = text.split_once('/') {
            let address = parse_address(address)?;
            let max = family_of(address).width();
            Self::net(address, parse_prefix(prefix).ok_or(IpError::Prefix { max })?)
        } else if let Some((one, other)) = text.split_once('-') {
            Self::range(parse_address(one)?, parse_address(other)?)
        } else {
            parse_address(text).map(Self::single)
        }
    }

    /// Like [`IpSpan::parse`], for IPv4 only.
    ///
    /// # Errors
    ///
    /// [`IpError`] when the text is no span or one of IPv6.
    pub fn parse_v4(text: &str) -> Result<Self, IpError> {
        Self::parse(text)?.of(Family::V4)
    }

    /// Like [`IpSpan::parse`], for IPv6 only.
    ///
    /// # Errors
    ///
    /// [`IpError`] when the text is no span or one of IPv4.
    pub fn parse_v6(text: &str) -> Result<Self, IpError> {
        Self::parse(text)?.of(Family::V6)
    }

    fn of(self, family: Family) -> Result<Self, IpError> {
        if self.family == family {
            Ok(self)
        } else {
            Err(IpError::Family)
        }
    }

    /// One address.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        let bits = bits_of(address);
        Self {
            low: bits,
            high: bits,
            base: bits,
            family: family_of(address),
            shape: Shape::Single,
        }
    }

    /// The network of an address; host bits are kept for printing.
    ///
    /// # Errors
    ///
    /// [`IpError::Prefix`] when the prefix exceeds the width of the family.
    pub fn net(address: IpAddr, prefix: u8) -> Result<Self, IpError> {
        let family = family_of(address);
        let max = family.width();
        let host_bits = max.checked_sub(prefix).ok_or(IpError::Prefix { max })?;
        let hosts = u128::MAX.checked_shr(128 - u32::from(host_bits)).unwrap_or(0);
        let base = bits_of(address);
        Ok(Self {
            low: base & !hosts,
            high: base | hosts,
            base,
            family,
            shape: Shape::Net { prefix },
        })
    }

    /// All addresses between two, both included, in either order.
    ///
    /// # Errors
    ///
    /// [`IpError::Family`] when the addresses are of different families.
    pub fn range(one: IpAddr, other: IpAddr) -> Result<Self, IpError> {
        let family = family_of(one);
        if family != family_of(other) {
            return Err(IpError::Family);
        }
        Ok(Self::between(family, bits_of(one), bits_of(other)))
    }

    /// The span of numeric addresses between two, in either order; bits above the width of the family are cut off.
    #[must_use]
    pub fn between(family: Family, one: u128, other: u128) -> Self {
        let (one, other) = (one & family.max(), other & family.max());
        let low = one.min(other);
        Self {
            low,
            high: one.max(other),
            base: low,
            family,
            shape: Shape::Range,
        }
    }

    /// The smallest span that holds both, or `None` when the families differ.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Option<Self> {
        (self.family == other.family)
            .then(|| Self::between(self.family, self.low.min(other.low), self.high.max(other.high)))
    }

    /// The address family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// The lowest address as a number.
    #[must_use]
    pub const fn low(&self) -> u128 {
        self.low
    }

    /// The highest address as a number.
    #[must_use]
    pub const fn high(&self) -> u128 {
        self.high
    }

    /// The lowest address.
    #[must_use]
    pub fn first(&self) -> IpAddr {
        self.family.address(self.low)
    }

    /// The highest address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.family.address(self.high)
    }

    /// How the span was written.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the span is one address, however it was written.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.low == self.high
    }

    /// The number of addresses; `::/0` has one more than fits and saturates.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a span is never empty")]
    pub const fn len(&self) -> u128 {
        (self.high - self.low).saturating_add(1)
    }

    /// Whether every address of `other` is in this span; never so across families.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.family == other.family && self.low <= other.low && other.high <= self.high
    }

    /// Whether the two spans share an address; never so across families.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.family == other.family && self.low <= other.high && other.low <= self.high
    }

    /// Whether one of the two spans contains the other: the `=` of the filter language.
    #[must_use]
    pub fn either_contains(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The shortest list of networks that covers exactly this span, ascending.
    #[must_use]
    pub fn nets(&self) -> Vec<IpNet> {
        match (self.first(), self.last()) {
            (IpAddr::V4(low), IpAddr::V4(high)) => Ipv4Subnets::new(low, high, 0).map(IpNet::V4).collect(),
            (IpAddr::V6(low), IpAddr::V6(high)) => Ipv6Subnets::new(low, high, 0).map(IpNet::V6).collect(),
            _ => Vec::new(),
        }
    }
}

fn family_of(address: IpAddr) -> Family {
    match address {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}

fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn parse_address(text: &str) -> Result<IpAddr, IpError> {
    text.parse().map_err(|_| IpError::Malformed)
}

fn parse_prefix(text: &str) -> Option<u8> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl fmt::Display for IpSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shape {
            Shape::Single => self.first().fmt(f),
            Shape::Net { prefix } => write!(f, "{}/{prefix}", self.family.address(self.base)),
            Shape::Range => write!(f, "{}-{}", self.first(), self.last()),
        }
    }
}

impl fmt::Debug for IpSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IpSpan({self})")
    }
}

impl FromStr for IpSpan {
    type Err = IpError;

    fn from_str(text: &str) -> Result<Self, IpError> {
        Self::parse(text)
    }
}

impl From<IpAddr> for IpSpan {
    fn from(address: IpAddr) -> Self {
        Self::single(address)
    }
}

impl From<IpNet> for IpSpan {
    fn from(net: IpNet) -> Self {
        let mut span = Self::single(net.addr());
        span.low = bits_of(net.network());
        span.high = bits_of(net.broadcast());
        span.shape = Shape::Net {
            prefix: net.prefix_len(),
        };
        span
    }
}

impl PartialEq for IpSpan {
    fn eq(&self, other: &Self) -> bool {
        self.family == other.family && self.low == other.low && self.high == other.high
    }
}

impl Eq for IpSpan {}

impl PartialOrd for IpSpan {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for IpSpan {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.family, self.low, self.high).cmp(&(other.family, other.low, other.high))
    }
}

impl Hash for IpSpan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.family, self.low, self.high).hash(state);
    }
}

/// Joins overlapping and adjacent spans of each family; the result is disjoint and ascending, IPv4 first.
///
/// A joined span of one address is [`Shape::Single`], every other one [`Shape::Range`].
#[must_use]
pub fn merge(spans: impl IntoIterator<Item = IpSpan>) -> Vec<IpSpan> {
    let mut sorted: Vec<IpSpan> = spans.into_iter().collect();
    sorted.sort_unstable();
    let mut merged: Vec<IpSpan> = Vec::with_capacity(sorted.len());
    for span in sorted {
        let shape = if span.is_single() { Shape::Single } else { Shape::Range };
        match merged.last_mut() {
            Some(last) if last.family == span.family && span.low <= last.high.saturating_add(1) => {
                last.high = last.high.max(span.high);
                last.shape = if last.is_single() { Shape::Single } else { Shape::Range };
            }
            _ => merged.push(IpSpan {
                base: span.low,
                shape,
                ..span
            }),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
