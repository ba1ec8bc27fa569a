//! Occurrences with a time.

use crate::component::Occurrence;
use jiff::Timestamp;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

struct Timed {
    at: Timestamp,
    /// Keeps occurrences of one moment in the order in which they were asked for.
    number: u64,
    occurrence: Occurrence,
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timed {}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timed {
    /// Reversed: the heap gives its greatest first, we want the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Timed>,
    number: u64,
}

impl Timers {
    pub(super) fn add(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.number += 1;
        self.heap.push(Timed {
            at,
            number: self.number,
            occurrence,
        });
    }

    pub(super) fn next(&self) -> Option<Timestamp> {
        self.heap.peek().map(|timed| timed.at)
    }

    pub(super) fn due(&mut self, now: Timestamp) -> Option<Occurrence> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop().map(|timed| timed.occurrence)
    }
}
