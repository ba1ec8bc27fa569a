//! One span in other forms: its addresses one by one, as a network, as a name of the reverse zone.

use super::{Family, IpSpan, Shape};
use std::fmt::Write as _;
use std::net::IpAddr;

impl IpSpan {
    /// The single address of a number, or `None` when the family has no such address.
    ///
    /// ```
    /// use mentat_filter::{Family, IpSpan};
    /// assert_eq!(IpSpan::from_number(Family::V4, 3_221_225_985).unwrap().to_string(), "192.0.2.1");
    /// assert!(IpSpan::from_number(Family::V4, 1 << 32).is_none());
    /// ```
    #[must_use]
    pub fn from_number(family: Family, number: u128) -> Option<Self> {
        (number <= family.max()).then(|| Self::single(family.address(number)))
    }

    /// The address at a position counted from 0, or `None` past the end.
    #[must_use]
    pub fn nth(&self, position: u128) -> Option<IpAddr> {
        let bits = self.low.checked_add(position).filter(|bits| *bits <= self.high)?;
        Some(self.family.address(bits))
    }

    /// The address at a position counted from the end: 0 is the last one. `None` past the beginning.
    #[must_use]
    pub fn nth_back(&self, position: u128) -> Option<IpAddr> {
        let bits = self.high.checked_sub(position).filter(|bits| *bits >= self.low)?;
        Some(self.family.address(bits))
    }

    /// All addresses in ascending order. A short prefix has more of them than can ever be walked through.
    ///
    /// ```
    /// let span: mentat_filter::IpSpan = "192.0.2.254-192.0.3.1".parse()?;
    /// assert_eq!(span.addresses().count(), 4);
    /// assert_eq!(span.addresses().next_back(), Some("192.0.3.1".parse().unwrap()));
    /// # Ok::<(), mentat_filter::IpError>(())
    /// ```
    pub fn addresses(&self) -> impl DoubleEndedIterator<Item = IpAddr> + use<> {
        let family = self.family;
        (self.low..=self.high).map(move |bits| family.address(bits))
    }

    /// The prefix length of the network that is exactly this span, or `None` when no network is.
    #[must_use]
    pub fn prefix(&self) -> Option<u8> {
        let hosts = self.low ^ self.high;
        // The differing bits are the lowest ones, all of them, and zero in the lower end.
        if hosts & hosts.wrapping_add(1) != 0 || self.low & hosts != 0 {
            return None;
        }
        // The leading zeros of 128 bits, of which IPv4 has no more than the last ones.
        let fixed_bits = u8::try_from(hosts.leading_zeros()).ok()?;
        fixed_bits.checked_sub(128 - self.family.width())
    }

    /// The span written as one address, or `None` when it has several.
    #[must_use]
    pub fn to_single(&self) -> Option<Self> {
        self.is_single().then(|| Self::single(self.first()))
    }

    /// The span written as a network without host bits, or `None` when it is not exactly one network.
    ///
    /// ```
    /// let net = |text: &str| mentat_filter::IpSpan::parse(text).unwrap().to_net().map(|net| net.to_string());
    /// assert_eq!(net("192.0.2.0-192.0.2.255").as_deref(), Some("192.0.2.0/24"));
    /// assert_eq!(net("192.0.2.77/24").as_deref(), Some("192.0.2.0/24"));
    /// assert_eq!(net("192.0.2.1-192.0.2.4"), None);
    /// ```
    #[must_use]
    pub fn to_net(&self) -> Option<Self> {
        let shape = Shape::Net { prefix: self.prefix()? };
        Some(Self {
            base: self.low,
            shape,
            ..*self
        })
    }

    /// The span written as first and last address.
    #[must_use]
    pub fn to_range(&self) -> Self {
        Self::between(self.family, self.low, self.high)
    }

    /// The span in the shortest form that fits: one address, else a network, else a range.
    #[must_use]
    pub fn simplest(&self) -> Self {
        self.to_single()
            .or_else(|| self.to_net())
            .unwrap_or_else(|| self.to_range())
    }

    /// The name under which the reverse zone of the DNS has this address, with the final dot; `None` for a span of
    /// several addresses.
    ///
    /// ```
    /// let span: mentat_filter::IpSpan = "192.0.2.77".parse()?;
    /// assert_eq!(span.reverse_name().as_deref(), Some("77.2.0.192.in-addr.arpa."));
    /// # Ok::<(), mentat_filter::IpError>(())
    /// ```
    #[must_use]
    pub fn reverse_name(&self) -> Option<String> {
        if !self.is_single() {
            return None;
        }
        let mut name = String::with_capacity(80);
        // Writing to a string cannot fail.
        match self.first() {
            IpAddr::V4(address) => {
                for octet in address.octets().iter().rev() {
                    let _ = write!(name, "{octet}.");
                }
                name.push_str("in-addr.arpa.");
            }
            IpAddr::V6(address) => {
                for octet in address.octets().iter().rev() {
                    let _ = write!(name, "{:x}.{:x}.", octet & 0xf, octet >> 4);
                }
                name.push_str("ip6.arpa.");
            }
        }
        Some(name)
    }
}
