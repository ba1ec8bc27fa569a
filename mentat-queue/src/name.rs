//! Names of messages: what may become a directory entry.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// The longest file name that common file systems store.
const MAX_BYTES: usize = 255;

/// Names made from other names stay below this, so that a few more suffixes still fit.
const MAX_DERIVED: usize = 240;

/// The longest suffix taken over as it is by [`MessageName::child`].
const MAX_SUFFIX: usize = 100;

/// The name of a message: one path component, unchanged on its way through all queues.
///
/// ```
/// use mentat_queue::MessageName;
///
/// let name: MessageName = "probe-1.msg".parse()?;
/// assert_eq!(name.child("to-csirt").as_ref(), "probe-1.msg.to-csirt");
/// assert!("../probe".parse::<MessageName>().is_err());
/// # Ok::<(), mentat_queue::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageName(String);

impl MessageName {
    /// Checks a name: 1 to 255 bytes, no `/`, no NUL, neither `.` nor `..`.
    ///
    /// # Errors
    ///
    /// Poison, if the name breaks one of these rules.
    pub fn parse(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let cause = match name.as_str() {
            "" => "a name cannot be empty",
            "." | ".." => "a name cannot be a directory reference",
            n if n.contains('/') => "a name cannot contain '/'",
            n if n.contains('\0') => "a name cannot contain NUL",
            n if n.len() > MAX_BYTES => "a name cannot be longer than 255 bytes",
            _ => return Ok(Self(name)),
        };
        Err(Error::refused(
            "use message name",
            name.escape_debug().to_string().as_ref(),
            cause,
        ))
    }

    /// The name of a copy: `<message>.<suffix>`, always the same for the same message and suffix.
    ///
    /// A replay that publishes under this name finds its earlier copy. Characters outside `[A-Za-z0-9_-]` become
    /// `_`, and the result has at most 240 bytes. Whatever had to be altered is told apart by a hash of the original,
    /// so that two rules never share a copy.
    #[must_use]
    pub fn child(&self, suffix: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let mut clean: String = suffix.chars().map(|c| if plain(c) { c } else { '_' }).collect();
        if clean != suffix || clean.is_empty() || clean.len() > MAX_SUFFIX {
            clean.truncate(MAX_SUFFIX);
            clean = format!("{clean}-{:016x}", hash(suffix));
        }
        Self(fit(&self.0, &format!(".{clean}"), MAX_DERIVED))
    }

    /// The name to try when `self` is taken: `self` itself for 0, else `<message>.<number>`.
    pub(crate) fn numbered(&self, number: u32) -> Self {
        match number {
            0 => self.clone(),
            n => Self(fit(&self.0, &format!(".{n}"), MAX_BYTES)),
        }
    }

    /// This name, shortened if need be so that `suffix` fits behind it.
    pub(crate) fn with_room_for(&self, suffix: &str) -> Self {
        Self(fit(&self.0, "", MAX_BYTES - suffix.len()))
    }

    /// This name with `suffix` behind it. Only for names that have room for it.
    pub(crate) fn suffixed(&self, suffix: &str) -> Self {
        Self(fit(&self.0, suffix, MAX_BYTES))
    }

    /// For names this crate builds itself.
    pub(crate) fn from_trusted(name: String) -> Self {
        Self(name)
    }

    /// Whether consumers leave this entry alone.
    pub(crate) fn is_hidden(&self) -> bool {
        self.0.starts_with('.')
    }
}

/// `stem` + `suffix` in at most `max` bytes: a stem that is too long ends in a hash of the whole stem instead.
fn fit(stem: &str, suffix: &str, max: usize) -> String {
    if stem.len() + suffix.len() <= max {
        return format!("{stem}{suffix}");
    }
    let tail = format!("~{:016x}{suffix}", hash(stem));
    let mut cut = max.saturating_sub(tail.len()).min(stem.len());
    while !stem.is_char_boundary(cut) {
        cut -= 1;
    }
    format!("{}{tail}", stem.get(..cut).unwrap_or_default())
}

/// FNV-1a, 64 bits. The standard library's hasher may change between releases; these names must not.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl fmt::Display for MessageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for MessageName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for MessageName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> MessageName {
        MessageName::parse(text).unwrap()
    }

    #[test]
    fn accepts_single_components_only() {
        for bad in ["", ".", "..", "a/b", "/", "a\0b", &"x".repeat(256)] {
            assert!(MessageName::parse(bad).unwrap_err().is_poison(), "{bad:?}");
        }
        for good in ["a", "...", ".hidden", "a b", "ž", &"x".repeat(255)] {
            assert_eq!(name(good).as_ref(), good);
        }
    }

    #[test]
    fn children_are_stable_distinct_and_short() {
        assert_eq!(name("m.msg").child("rule-1_A").as_ref(), "m.msg.rule-1_A");
        let (blank, underscore) = (name("m").child("a b"), name("m").child("a_b"));
        assert_ne!(blank, underscore);
        assert!(blank.as_ref().starts_with("m.a_b-"), "{blank}");
        assert_eq!(blank, name("m").child("a b"));
        assert_ne!(name("m").child("é"), name("m").child("ž"));
        assert_ne!(name("m").child(""), name("m").child("_"));

        let long = "ž".repeat(127);
        let child = name(&long).child(&"r".repeat(300));
        assert!(child.as_ref().len() <= 240, "{}", child.as_ref().len());
        assert_ne!(child, name(&"ž".repeat(126)).child(&"r".repeat(300)));
        assert_ne!(child, name(&long).child(&"r".repeat(301)));
    }

    #[test]
    fn numbers_always_fit() {
        assert_eq!(name("m").numbered(0).as_ref(), "m");
        assert_eq!(name("m").numbered(3).as_ref(), "m.3");
        let long = name(&"x".repeat(255)).numbered(12);
        assert!(long.as_ref().len() <= 255 && long.as_ref().ends_with(".12"), "{long}");
        assert_eq!(name(&"x".repeat(255)).with_room_for(".meta").as_ref().len(), 250);
        assert_eq!(name("m").with_room_for(".meta").as_ref(), "m");
    }
}
