//! The traffic light protocol: how far an event may be passed on.

use super::event::Event;
use super::tree::Node;
use std::fmt;

/// The traffic light of an event (its key `TLP`).
///
/// Whatever is not known to be harmless is restricted: a light in an unknown spelling must not make an event public.
///
/// ```
/// use mentat_core::idea::Tlp;
///
/// assert_eq!(Tlp::parse("tlp:amber+strict"), Tlp::AmberStrict);
/// assert_eq!(Tlp::parse("white"), Tlp::Clear);
/// assert!(Tlp::parse("purple").is_restricted());
/// assert!(!Tlp::Green.is_restricted());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tlp {
    /// May be published. Called `WHITE` before version 2 of the protocol.
    Clear,
    /// May be passed on in the community.
    Green,
    /// May be passed on in the organisation and to its clients.
    Amber,
    /// May be passed on in the organisation only.
    AmberStrict,
    /// May not be passed on.
    Red,
    /// A light of another name, or something that is no text at all.
    Unknown,
}

impl Tlp {
    /// Reads a light: in any case, with or without the prefix `TLP:`, `-`, `+`, `_` and blanks being one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim().to_ascii_uppercase();
        let name = text.strip_prefix("TLP").map_or(text.as_str(), |rest| {
            rest.trim_start().strip_prefix(':').unwrap_or(text.as_str())
        });
        let words: Vec<&str> = name
            .split(|c: char| c.is_whitespace() || "-+_".contains(c))
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            ["CLEAR" | "WHITE"] => Self::Clear,
            ["GREEN"] => Self::Green,
            ["AMBER"] => Self::Amber,
            ["AMBER", "STRICT"] => Self::AmberStrict,
            ["RED"] => Self::Red,
            _ => Self::Unknown,
        }
    }

    /// The light that a value of the key stands for.
    pub(crate) fn of(node: &Node) -> Option<Self> {
        match node {
            Node::Null => None,
            Node::Str(text) if text.trim().is_empty() => None,
            Node::Str(text) => Some(Self::parse(text)),
            _ => Some(Self::Unknown),
        }
    }

    /// Whether only those may see the event whom it concerns.
    #[must_use]
    pub fn is_restricted(self) -> bool {
        !matches!(self, Self::Clear | Self::Green)
    }

    /// The name in the spelling that the database has: `AMBER-STRICT`, and `UNKNOWN` for what is none.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "CLEAR",
            Self::Green => "GREEN",
            Self::Amber => "AMBER",
            Self::AmberStrict => "AMBER-STRICT",
            Self::Red => "RED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for Tlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Event {
    /// The traffic light; `None` if there is none (absent, null or an empty text), which restricts nothing.
    #[must_use]
    pub fn tlp(&self) -> Option<Tlp> {
        self.root().named("TLP").and_then(Tlp::of)
    }

    /// Whether only those may see the event whom it concerns, by its traffic light.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.tlp().is_some_and(Tlp::is_restricted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lights_are_known_in_every_spelling_and_others_restrict() {
        let check = |tlp: &str, expected: Option<Tlp>| {
            let event: Event = format!(r#"{{"TLP": {tlp}}}"#).parse().unwrap();
            assert_eq!(event.tlp(), expected, "{tlp}");
            assert_eq!(
                event.is_restricted(),
                expected.is_some_and(|tlp| !["CLEAR", "GREEN"].contains(&tlp.as_str())),
                "{tlp}"
            );
        };
        assert_eq!(Event::default().tlp(), None);
        for (tlp, expected) in [
            (r#""RED""#, Some(Tlp::Red)),
            (r#"" tlp: red\n""#, Some(Tlp::Red)),
            (r#""AMBER""#, Some(Tlp::Amber)),
            (r#""Amber+Strict""#, Some(Tlp::AmberStrict)),
            (r#""AMBER_STRICT""#, Some(Tlp::AmberStrict)),
            (r#""TLP:AMBER STRICT""#, Some(Tlp::AmberStrict)),
            (r#""TLP : AMBER-STRICT""#, Some(Tlp::AmberStrict)),
            (r#""green""#, Some(Tlp::Green)),
            (r#""WHITE""#, Some(Tlp::Clear)),
            (r#""TLP:CLEAR""#, Some(Tlp::Clear)),
            (r#""CLEARED""#, Some(Tlp::Unknown)),
            (r#""TLPGREEN""#, Some(Tlp::Unknown)),
            (r#""TLP:""#, Some(Tlp::Unknown)),
            (r#""GREEN RED""#, Some(Tlp::Unknown)),
            (r#"["GREEN"]"#, Some(Tlp::Unknown)),
            ("0", Some(Tlp::Unknown)),
            ("false", Some(Tlp::Unknown)),
            (r#""""#, None),
            (r#"" ""#, None),
            ("null", None),
        ] {
            check(tlp, expected);
        }
    }
}
