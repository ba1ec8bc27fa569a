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

/// The name of one member of an IDEA object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// Index into [`KNOWN`].
    Known(u8),
    Other(Box<str>),
}

impl Key {
    pub(crate) fn new(name: &str) -> Self {
        match KNOWN.binary_search(&name) {
            Ok(at) => u8::try_from(at).map_or_else(|_| Self::Other(name.into()), Self::Known),
            Err(_) => Self::Other(name.into()),
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
        for name in KNOWN {
            assert!(matches!(Key::new(name), Key::Known(_)), "{name}");
            assert_eq!(Key::new(name).as_str(), *name);
        }
    }

    #[test]
    fn keys_are_case_sensitive() {
        assert_eq!(Key::new("detecttime"), Key::Other("detecttime".into()));
    }
}
