//! Paths into a record: dotted ones of filters, and indexed ones that can also write.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// Why a text is not a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path, or one of its segments, is empty.
    #[error("a path needs a name between its dots")]
    Empty,
    /// A segment has a character that names do not have, or starts with a digit or hyphen.
    #[error("`{0}` cannot stand here in a path")]
    Character(char),
    /// An index is not a positive number, `#` or `*` in brackets.
    #[error("an index is a number from 1, `#` or `*` in brackets")]
    Index,
}

/// A dotted path, for example `Source.IP4`; cheap to clone.
///
/// A segment starts with a letter or underscore and goes on with letters, digits, underscores and hyphens. A leading
/// dot says that the path never names a value of the [`Context`](crate::Context).
///
/// ```
/// let path: mentat_filter::Path = ".Source.IP4".parse()?;
/// assert!(path.is_data_only());
/// assert_eq!(path.segments().len(), 2);
/// # Ok::<(), mentat_filter::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    segments: Arc<[Box<str>]>,
    data_only: bool,
}

impl Path {
    /// Reads a dotted path.
    ///
    /// # Errors
    ///
    /// [`PathError`] when a segment is empty or not a name.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let (data_only, text) = match text.strip_prefix('.') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        for segment in text.split('.') {
            let mut characters = segment.chars();
            let first = characters.next().ok_or(PathError::Empty)?;
            if !first.is_ascii_alphabetic() && first != '_' {
                return Err(PathError::Character(first));
            }
            if let Some(odd) = characters.find(|&c| !c.is_ascii_alphanumeric() && c != '_' && c != '-') {
                return Err(PathError::Character(odd));
            }
        }
        Ok(Self {
            segments: text.split('.').map(Into::into).collect(),
            data_only,
        })
    }

    /// A path from text that is known to be one.
    #[cfg(feature = "parse")]
    pub(crate) fn known(text: &str) -> Self {
        let (data_only, text) = text.strip_prefix('.').map_or((false, text), |rest| (true, rest));
        // One and two names are almost all there are, and need no list in between.
        let segments: Arc<[Box<str>]> = match text.split_once('.') {
            None => Arc::new([text.into()]),
            Some((first, second)) if !second.contains('.') => Arc::new([first.into(), second.into()]),
            Some(_) => text.split('.').map(Into::into).collect(),
        };
        Self { segments, data_only }
    }

    /// The names between the dots, at least one.
    #[must_use]
    pub fn segments(&self) -> &[Box<str>] {
        &self.segments
    }

    /// Whether the path was written with a leading dot.
    #[must_use]
    pub const fn is_data_only(&self) -> bool {
        self.data_only
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments.iter().enumerate() {
            if at > 0 || self.data_only {
                f.write_str(".")?;
            }
            f.write_str(segment)?;
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

/// Which item of a list a [`Chunk`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// `[n]`, counted from 1.
    Nth(std::num::NonZeroUsize),
    /// `[#]`.
    Last,
    /// `[*]`: every item when reading, a new one when writing.
    All,
}

/// One name of an [`IndexedPath`], with its index if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The key.
    pub name: Box<str>,
    /// The item of the list below the key.
    pub index: Option<Index>,
}

/// A path whose names may carry an index, for example `Source[1].IP4[#]`; used where a record is changed.
///
/// Names consist of letters, digits and underscores.
///
/// ```
/// use mentat_filter::{Index, IndexedPath};
/// let path: IndexedPath = "Source[2].IP4[*]".parse()?;
/// assert_eq!(path.chunks()[1].index, Some(Index::All));
/// assert_eq!(path.to_string(), "Source[2].IP4[*]");
/// # Ok::<(), mentat_filter::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexedPath {
    chunks: Vec<Chunk>,
}

impl IndexedPath {
    /// Reads an indexed path.
    ///
    /// # Errors
    ///
    /// [`PathError`] when a name is empty or has another character, or an index is something else than `[n]` with n
    /// from 1, `[#]` or `[*]`.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        text.split('.')
            .map(parse_chunk)
            .collect::<Result<_, _>>()
            .map(|chunks| Self { chunks })
    }

    /// The names and indexes, at least one.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }
}

fn parse_chunk(text: &str) -> Result<Chunk, PathError> {
    let (name, index) = match text.split_once('[') {
        None => (text, None),
        Some((name, index)) => (
            name,
            Some(parse_index(index.strip_suffix(']').ok_or(PathError::Index)?)?),
        ),
    };
    if name.is_empty() {
        return Err(PathError::Empty);
    }
    match name.chars().find(|&c| !c.is_ascii_alphanumeric() && c != '_') {
        Some(odd) => Err(PathError::Character(odd)),
        None => Ok(Chunk {
            name: name.into(),
            index,
        }),
    }
}

fn parse_index(text: &str) -> Result<Index, PathError> {
    match text {
        "#" => Ok(Index::Last),
        "*" => Ok(Index::All),
        // The number parser alone would let a plus sign through.
        _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map(Index::Nth).map_err(|_| PathError::Index)
        }
        _ => Err(PathError::Index),
    }
}

impl fmt::Display for IndexedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, chunk) in self.chunks.iter().enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            f.write_str(&chunk.name)?;
            match chunk.index {
                None => {}
                Some(Index::Nth(n)) => write!(f, "[{n}]")?,
                Some(Index::Last) => f.write_str("[#]")?,
                Some(Index::All) => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl FromStr for IndexedPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_paths_print_as_read() {
        for text in ["a", ".a", "_Mentat.EventClass", "a-b.c_1", "Source.IP4"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        for text in ["", ".", "a.", "a..b", "1a", "-a", "a b", "a[1]", "ě", "a\n"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn indexed_paths_print_as_read() {
        for text in ["a", "a[1].b[#].c[*]", "1a", "_x[12]"] {
            assert_eq!(IndexedPath::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "", "a.", ".a", "a[0]", "a[]", "a[-1]", "a[+1]", "a[1", "a[1]b", "a-b", "[1]", "a[1][2]", "a\n", "a[1]\n",
        ] {
            assert!(IndexedPath::parse(text).is_err(), "{text}");
        }
    }
}
