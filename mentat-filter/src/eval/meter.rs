//! How much an evaluation may still look at.

use std::cell::Cell;

use super::error::EvalErrorKind;

/// Counts the items that an evaluation looks at, and ends it when there are too many.
#[derive(Debug)]
pub(crate) struct Meter(Cell<u64>);

impl Meter {
    pub(crate) const fn new(steps: u64) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes `steps` off what is left.
    #[inline]
    pub(super) fn spend(&self, steps: usize) -> Result<(), EvalErrorKind> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        match self.0.get().checked_sub(steps) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(EvalErrorKind::TooManySteps),
        }
    }
}
