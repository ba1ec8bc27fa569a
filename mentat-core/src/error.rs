//! The crate's error: shaped for what the caller does next.

use std::error::Error as StdError;
use std::fmt;

/// An operation failed. Exactly one of [`is_transient`](Error::is_transient), [`is_poison`](Error::is_poison) and
/// [`is_fatal`](Error::is_fatal) holds and says what to do.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    text: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Transient,
    Poison,
    Fatal,
}

impl Error {
    /// The same call can succeed later: the database is away, the disk is full.
    #[must_use]
    pub fn transient(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Transient,
            text: text.into(),
            source: None,
        }
    }

    /// This input can never succeed.
    #[must_use]
    pub fn poison(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Poison,
            text: text.into(),
            source: None,
        }
    }

    /// A person must act: configuration, permissions, a broken installation.
    #[must_use]
    pub fn fatal(text: impl Into<String>) -> Self {
        Self {
            kind: Kind::Fatal,
            text: text.into(),
            source: None,
        }
    }

    /// Adds the error behind this one.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether to try again later, with everything kept.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Transient
    }

    /// Whether the input is at fault and belongs into `errors/`.
    #[must_use]
    pub fn is_poison(&self) -> bool {
        self.kind == Kind::Poison
    }

    /// Whether the program must stop.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.kind == Kind::Fatal
    }

    /// The message with everything behind it, on one line.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.text.clone();
        let mut next = self.source();
        while let Some(error) = next {
            let cause = error.to_string();
            // Many errors already repeat their cause.
            if !text.contains(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
            next = error.source();
        }
        text
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(feature = "queue")]
impl From<mentat_queue::Error> for Error {
    fn from(error: mentat_queue::Error) -> Self {
        let text = error.to_string();
        let kind = if error.is_transient() {
            Self::transient(text)
        } else if error.is_poison() {
            Self::poison(text)
        } else {
            Self::fatal(text)
        };
        kind.because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_names_every_cause_once() {
        let error = Error::fatal("cannot load").because(Error::fatal("bad line 3").because(std::io::Error::other("x")));
        assert_eq!(error.chain(), "cannot load: bad line 3: x");
    }
}
