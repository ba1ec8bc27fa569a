//! Bridges between events and the formats of neighbouring systems: text in, text out, no input or output of their own.
//!
//! | Module | Format | Direction |
//! |---|---|---|
//! | `intelmq` | IntelMQ's flat JSON events | both |
//! | `xarf` | X-ARF 4 abuse reports | from events |
//! | `cef` | ArcSight Common Event Format, version 0 | from events |
//! | `ecs` | Elastic Common Schema 8 | from events |
//!
//! Every module stands behind the feature of its name. Rules for all of them:
//!
//! - Nothing is invented. A value that an event lacks is left out; a report that may not lack it is refused.
//! - A format with one source and one target gets one text for each pair of *places*. The places of a source or target
//!   are its addresses times its ports; one without addresses is placed by its host names, failing those by its URLs.
//!   What exceeds the limit of the options, or 64 MiB of text, is left off and counted in [`Exported::left_off`].
//! - A port outside 0 to 65535 has no counterpart anywhere and is left out.
//! - Contents of attachments and credentials leave an event only where a table says so.

#[cfg(feature = "cef")]
pub mod cef;
#[cfg(feature = "ecs")]
pub mod ecs;
#[cfg(feature = "intelmq")]
pub mod intelmq;
mod view;
#[cfg(feature = "xarf")]
pub mod xarf;

/// The texts that one event became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// One text each, without a line break in it.
    pub texts: Vec<String>,
    /// How many more there would have been without the limit.
    pub left_off: u64,
}

impl Exported {
    /// Takes texts until they exceed the limit of memory: every one of them repeats what the event says once.
    #[cfg(any(feature = "intelmq", feature = "xarf", feature = "cef"))]
    fn gather<E>(texts: impl Iterator<Item = Result<String, E>>, total: u64) -> Result<Self, E> {
        const MAX_BYTES: usize = 64 << 20;
        let mut exported = Self::default();
        let mut bytes = 0_usize;
        for text in texts {
            let text = text?;
            bytes = bytes.saturating_add(text.len());
            // The first one always fits: an event alone is never larger than what was read.
            if bytes > MAX_BYTES && !exported.texts.is_empty() {
                break;
            }
            exported.texts.push(text);
        }
        exported.left_off = total.saturating_sub(exported.texts.len() as u64);
        Ok(exported)
    }

    /// As [`Self::gather`], of texts that can always be made.
    #[cfg(any(feature = "intelmq", feature = "cef"))]
    fn gather_all(texts: impl Iterator<Item = String>, total: u64) -> Self {
        let Ok(exported) = Self::gather(texts.map(Ok::<_, std::convert::Infallible>), total);
        exported
    }
}

/// Why a text or an event has no counterpart in the other format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// The foreign text is not what it should be as a whole.
    #[error("{cause}")]
    Text {
        /// What is wrong.
        cause: String,
    },
    /// One field is missing or wrong.
    #[error("{path}: {cause}")]
    Field {
        /// The field as the format that is read names it: `time.observation`, `/Source/0/Port`.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// Nothing in the other format means what the event means.
    #[error("no counterpart in {format}: {path}: {cause}")]
    NoCounterpart {
        /// The format that has none.
        format: &'static str,
        /// The field that decides.
        path: String,
        /// What it holds, or what else stands in the way.
        cause: String,
    },
}

impl BridgeError {
    /// The field at fault; `None` when it is the whole text.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Text { .. } => None,
            Self::Field { path, .. } | Self::NoCounterpart { path, .. } => Some(path),
        }
    }

    #[cfg(any(feature = "intelmq", feature = "xarf"))]
    fn field(path: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::Field {
            path: path.into(),
            cause: cause.into(),
        }
    }
}
