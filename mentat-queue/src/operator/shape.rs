//! How old messages are, by a key that the caller knows to read out of them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// A table of ages: one row for each key, one column for each span of age, doubling from five minutes on.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use mentat_queue::Shape;
///
/// let now = SystemTime::now();
/// let mut shape = Shape::new(now);
/// shape.add("probe-a", now - Duration::from_secs(7 * 60));
/// assert_eq!(shape.rows()["probe-a"], [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
/// ```
#[derive(Debug, Clone)]
pub struct Shape {
    now: SystemTime,
    rows: BTreeMap<String, [u64; Self::COLUMNS]>,
}

impl Shape {
    /// Ages in minutes below which a message belongs to a column; the last column has no bound.
    pub const BOUNDS: [u64; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

    /// How many columns there are.
    pub const COLUMNS: usize = Self::BOUNDS.len() + 1;

    /// An empty table of ages at this time.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        let rows = BTreeMap::new();
        Self { now, rows }
    }

    /// Counts a message of this key that was written at this time. One from the future is new.
    pub fn add(&mut self, key: impl Into<String>, modified: SystemTime) {
        let age = self.now.duration_since(modified).unwrap_or_default();
        let column = Self::BOUNDS
            .iter()
            .position(|minutes| age < Duration::from_secs(minutes * 60))
            .unwrap_or(Self::BOUNDS.len());
        let row = self.rows.entry(key.into()).or_default();
        if let Some(count) = row.get_mut(column) {
            *count += 1;
        }
    }

    /// The rows by key.
    #[must_use]
    pub fn rows(&self) -> &BTreeMap<String, [u64; Self::COLUMNS]> {
        &self.rows
    }

    /// The sums of the columns.
    #[must_use]
    pub fn totals(&self) -> [u64; Self::COLUMNS] {
        let mut totals = [0; Self::COLUMNS];
        for row in self.rows.values() {
            for (total, count) in totals.iter_mut().zip(row) {
                *total += count;
            }
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_double() {
        let now = SystemTime::now();
        let check = |seconds: u64, column: usize| {
            let mut shape = Shape::new(now);
            shape.add("k", now - Duration::from_secs(seconds));
            assert_eq!(shape.totals().iter().position(|n| *n == 1), Some(column), "{seconds} s");
        };
        check(0, 0);
        check(299, 0);
        check(300, 1);
        check(39 * 60, 3);
        check(1280 * 60 - 1, 8);
        check(1280 * 60, 9);
        let mut shape = Shape::new(now);
        shape.add("future", now + Duration::from_secs(1000));
        shape.add("a", now);
        shape.add("a", now - Duration::from_secs(86_400));
        assert_eq!(shape.totals(), [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(shape.rows().keys().collect::<Vec<_>>(), ["a", "future"]);
    }
}
