//! Paths of the legacy dialect.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::path::PathError;

/// A path whose names may carry an index, for example `Source[1].IP4`; cheap to clone.
///
/// A name starts with a letter or underscore and goes on with letters, digits, underscores and hyphens.
///
/// ```
/// let path: mentat_filter::LegacyPath = "Source[#].IP4".parse()?;
/// assert_eq!(path.steps().len(), 2);
/// # Ok::<(), mentat_filter::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LegacyPath {
    steps: Arc<[LegacyStep]>,
}

/// One name of a [`LegacyPath`], with its index if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LegacyStep {
    /// The key.
    pub name: Box<str>,
    /// The item of the list below the key; without one, all items.
    pub index: Option<LegacyIndex>,
}

/// Which item of a list a [`LegacyStep`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegacyIndex {
    /// `[n]`, counted from 1; there never is an item 0.
    Nth(usize),
    /// `[#]`, the last one.
    Last,
    /// `[-n]`, which can be written but not looked up: a filter with it does not compile.
    FromEnd(usize),
}

impl LegacyPath {
    /// Reads a path.
    ///
    /// # Errors
    ///
    /// [`PathError`] when the text is no path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        text.split('.')
            .map(step)
            .collect::<Result<_, _>>()
            .map(|steps| Self { steps })
    }

    /// The names between the dots with their indexes, at least one.
    #[must_use]
    pub fn steps(&self) -> &[LegacyStep] {
        &self.steps
    }
}

fn step(text: &str) -> Result<LegacyStep, PathError> {
    let (name, index) = match text.split_once('[') {
        None => (text, None),
        Some((name, rest)) => (name, Some(index(rest.strip_suffix(']').ok_or(PathError::Index)?)?)),
    };
    let first = name.chars().next().ok_or(PathError::Empty)?;
    let odd = name
        .chars()
        .find(|&c| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    match odd {
        Some(odd) => Err(PathError::Character(odd)),
        None if first.is_ascii_digit() || first == '-' => Err(PathError::Character(first)),
        None => Ok(LegacyStep {
            name: name.into(),
            index,
        }),
    }
}

fn index(text: &str) -> Result<LegacyIndex, PathError> {
    let (make, digits): (fn(usize) -> LegacyIndex, _) = match text.strip_prefix('-') {
        _ if text == "#" => return Ok(LegacyIndex::Last),
        Some(digits) => (LegacyIndex::FromEnd, digits),
        None => (LegacyIndex::Nth, text),
    };
    // The number parser alone would let a plus sign through. What is too large is beyond the end of any list.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PathError::Index);
    }
    Ok(make(digits.parse().unwrap_or(usize::MAX)))
}

impl fmt::Display for LegacyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(&step.name)?;
            match step.index {
                None => {}
                Some(LegacyIndex::Nth(n)) => write!(f, "[{n}]")?,
                Some(LegacyIndex::Last) => f.write_str("[#]")?,
                Some(LegacyIndex::FromEnd(n)) => write!(f, "[-{n}]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for LegacyPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_read() {
        for text in ["a", "a-b.c_1", "Source[1].IP4[#]", "x[0]", "x[-2]"] {
            assert_eq!(LegacyPath::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "", ".a", "a.", "a..b", "1a", "-a", "a[]", "a[*]", "a[+1]", "a[1]b", "a[1][2]", "a[1", "ě",
        ] {
            assert!(LegacyPath::parse(text).is_err(), "{text}");
        }
    }
}
