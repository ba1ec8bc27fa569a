//! Keys of the IDEA definition as small numbers, so that looking one up compares integers.

use std::cmp::Ordering;

/// Every key that the definition (or Mentat's own block) names, sorted by code point: [`Key::new`] searches it.
const KNOWN: &[&str] = &[
    "ASN",
    "AggrID",
    "AggrWin",
    "AltNames",
    "Anonymised",
    "Attach",
    "AttachHand",
    "ByteCount",
    "Category",
    "CeaseTime",
    "Confidence",
    "ConnCount",
    "Content",
    "ContentCharset",
    "ContentEncoding",
    "ContentID",
    "ContentType",
    "CorrelID",
    "CreateTime",
    "Description",
    "DetectTime",
    "Email",
    "EventClass",
    "EventSeverity",
    "EventSubclass",
    "EventTemplate",
    "EventTime",
    "ExternalURI",
    "FileName",
    "FlowCount",
    "Format",
    "Handle",
    "Hash",
    "Hostname",
    "ID",
    "IP4",
    "IP6",
    "Impact",
    "Imprecise",
    "InspectionErrors",
    "MAC",
    "Name",
    "Netname",
    "Node",
    "Note",
    "PacketCount",
    "Port",
    "PredID",
    "Proto",
    "Ref",
    "RelID",
    "ResolvedAbuses",
    "Router",
    "SW",
    "ShadowReporting",
    "ShadowReportingTarget",
    "Size",
    "Source",
    "SourceResolvedASN",
    "SourceResolvedCountry",
    "Spoofed",
    "StorageTime",
    "TLP",
    "Target",
    "TargetAbuses",
    "TargetClass",
    "TargetSeverity",
    "TargetSubclass",
    "Type",
    "URL",
    "WinEndTime",
    "WinStartTime",
    "_Mentat",
    "ts",
    "ts_u",
];

/// For every [`slot`] the index of the one known name that falls there: one comparison of names in place of a search.
const SLOTS: [u8; 256] = slots();

/// Spreads the known names over 256 slots without a collision; the factors were found by trying.
const fn slot(name: &[u8]) -> Option<usize> {
    let (Some(first), Some(last)) = (name.first(), name.last()) else {
        return None;
    };
    let (_, half) = name.split_at(name.len() / 2);
    let Some(middle) = half.first() else {
        return None;
    };
    Some((name.len() * 16 + *first as usize * 39 + *middle as usize * 13 + *last as usize * 18) & 255)
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses what is out of bounds"
)]
const fn slots() -> [u8; 256] {
    let mut slots = [u8::MAX; 256];
    let mut at = 0;
    while at < KNOWN.len() {
        let Some(slot) = slot(KNOWN[at].as_bytes()) else {
            panic!("a known key is empty");
        };
        assert!(slots[slot] == u8::MAX, "two known keys in one slot: find other factors");
        slots[slot] = at as u8;
        at += 1;
    }
    slots
}

/// Every known key, in the order of [`Key::index`].
pub(crate) fn all() -> impl Iterator<Item = Key> {
    KNOWN.iter().map(|name| Key::new(name))
}

/// The name of one member of an IDEA object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Index into [`KNOWN`].
    Known(u8),
    Other(Box<str>),
}

impl Key {
    pub(crate) fn new(name: &str) -> Self {
        Self::known(name).unwrap_or_else(|| Self::Other(name.into()))
    }

    /// The key, if the definition names it.
    fn known(name: &str) -> Option<Self> {
        let at = *SLOTS.get(slot(name.as_bytes())?)?;
        (*KNOWN.get(usize::from(at))? == name).then_some(Self::Known(at))
    }

    /// The place among all known keys.
    pub(crate) fn index(&self) -> Option<usize> {
        match self {
            Self::Known(at) => Some(usize::from(*at)),
            Self::Other(_) => None,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Known(at) => KNOWN.get(usize::from(*at)).copied().unwrap_or_default(),
            Self::Other(name) => name,
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // The table is sorted by name, so its order is the order of the names.
            (Self::Known(a), Self::Known(b)) => a.cmp(b),
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_finds_itself() {
        assert!(KNOWN.is_sorted());
        assert!(KNOWN.len() < 256);
        for (at, name) in KNOWN.iter().enumerate() {
            assert_eq!(Key::new(name).index(), Some(at), "{name}");
            assert_eq!(Key::new(name).as_str(), *name);
        }
    }

    #[test]
    fn keys_are_case_sensitive() {
        for name in ["detecttime", "", "I", "IDs", "DetectTimes", "\u{10d}"] {
            assert_eq!(Key::new(name), Key::Other(name.into()));
        }
    }
}
