//! Things a person should learn once.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// As many notices are kept until somebody takes them, and as many are remembered in order not to repeat them.
const CAPACITY: usize = 10_000;

/// Something that happened to one entry and that the caller should log.
///
/// Told once per entry and kind by one [`Queue`](crate::Queue), however often it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    kind: NoticeKind,
    path: PathBuf,
    text: String,
}

/// What a [`Notice`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoticeKind {
    /// An entry was left where it is: a dot file, directory, link, fifo, or no valid name.
    Skipped,
    /// The queue itself moved a message to `errors`: too large, empty, unreadable.
    Rejected,
    /// A message was taken back from a dead owner.
    Recovered,
    /// A message was taken back too often and moved to `errors`.
    Quarantined,
    /// An abandoned file of `tmp` was removed or moved to `errors`.
    Tidied,
    /// A claimed message was gone when it was to be settled: somebody else moved it.
    Vanished,
    /// Housekeeping did not succeed; it is tried again later.
    Failed,
}

impl Notice {
    /// What the notice is about.
    #[must_use]
    pub fn kind(&self) -> NoticeKind {
        self.kind
    }

    /// The entry.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.text)
    }
}

/// The notices not yet taken and the memory of those given before.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    waiting: Vec<Notice>,
    given: HashSet<(NoticeKind, PathBuf)>,
}

impl Notices {
    pub(crate) fn add(&mut self, kind: NoticeKind, path: PathBuf, text: String) {
        if self.given.len() >= CAPACITY {
            // Repeating a notice is better than growing without bound.
            self.given.clear();
        }
        if self.waiting.len() < CAPACITY && self.given.insert((kind, path.clone())) {
            self.waiting.push(Notice { kind, path, text });
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_per_entry_and_kind() {
        let mut notices = Notices::default();
        let path = PathBuf::from("/q/incoming/.x");
        notices.add(NoticeKind::Skipped, path.clone(), "dot file".into());
        notices.add(NoticeKind::Skipped, path.clone(), "dot file".into());
        notices.add(NoticeKind::Rejected, path.clone(), "empty".into());
        let texts: Vec<String> = notices.take().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["/q/incoming/.x: dot file", "/q/incoming/.x: empty"]);
        notices.add(NoticeKind::Skipped, path, "dot file".into());
        assert_eq!(notices.take(), []);
    }

    #[test]
    fn bounded() {
        let mut notices = Notices::default();
        for n in 0..3 * CAPACITY {
            notices.add(NoticeKind::Skipped, PathBuf::from(n.to_string()), String::new());
        }
        assert_eq!(notices.take().len(), CAPACITY);
        assert!(notices.given.len() <= CAPACITY);
    }
}
