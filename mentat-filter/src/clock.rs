//! The current time of an evaluation.

use jiff::Timestamp;

/// What `now()` answers: one instant for a whole evaluation, given by the caller.
///
/// Evaluating a batch with one clock makes its results consistent; replaying with the clock of the first run makes
/// them reproducible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    now: Timestamp,
}

impl Clock {
    /// A clock that stands at the given instant.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now }
    }

    /// A clock that stands at the instant of this call.
    #[must_use]
    pub fn system() -> Self {
        Self::at(Timestamp::now())
    }

    /// The instant.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }
}
