//! What one handle has done so far.

use super::{Inner, Queue};

/// How many messages went which way through one [`Queue`] and its clones since it was opened.
///
/// At any time `claimed` is the sum of `forwarded`, `acknowledged`, `rejected`, `deferred`, `released`, `vanished` and
/// the claims that are open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Put in by `enqueue` and `publish`.
    pub enqueued: u64,
    /// Taken out of `incoming`.
    pub claimed: u64,
    /// Moved on to other queues.
    pub forwarded: u64,
    /// Removed for good.
    pub acknowledged: u64,
    /// Moved to `errors`, by the caller or because nobody could have read them.
    pub rejected: u64,
    /// Put off.
    pub deferred: u64,
    /// Put back, also by dropping a claim.
    pub released: u64,
    /// Gone when they were to be settled.
    pub vanished: u64,
    /// Taken back from dead owners into `incoming`.
    pub recovered: u64,
    /// Taken back from dead owners too often and moved to `errors`.
    pub quarantined: u64,
    /// Copies of claimed messages published in other queues.
    pub copies: u64,
}

impl Queue {
    /// What went through this handle and its clones so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.inner.state().counters
    }
}

impl Inner {
    pub(crate) fn count(&self, add: impl FnOnce(&mut Counters)) {
        add(&mut self.state().counters);
    }
}
