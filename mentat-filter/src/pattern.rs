//! Regular expressions and wildcards, in time linear in the text.

#[cfg(feature = "regex")]
mod enabled;
#[cfg(feature = "regex")]
use enabled as imp;

#[cfg(not(feature = "regex"))]
mod disabled;
#[cfg(not(feature = "regex"))]
use disabled as imp;

pub(crate) use imp::Pattern;

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct PatternError(pub(crate) Box<str>);
