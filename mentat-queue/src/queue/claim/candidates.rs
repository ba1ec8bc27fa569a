//! Which of the messages seen in a scan are claimed next.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::ControlFlow;
use std::time::SystemTime;

use crate::name::MessageName;
use crate::options::Order;

/// Candidates kept of one scan. A longer directory is scanned again when these are used up.
const BACKLOG: usize = 100_000;

/// Candidates kept when their order does not matter: no reason to read a long directory to its end.
const BACKLOG_ANY: usize = 1000;

/// The best candidates of a scan, in bounded memory.
pub(super) enum Candidates {
    /// The newest of those kept is on top and goes first when there are too many.
    Oldest(BinaryHeap<(SystemTime, MessageName)>),
    Newest(BinaryHeap<Reverse<(SystemTime, MessageName)>>),
    Any(VecDeque<(SystemTime, MessageName)>),
}

impl Candidates {
    pub(super) fn new(order: Order) -> Self {
        match order {
            Order::Fifo => Self::Oldest(BinaryHeap::new()),
            Order::Lifo => Self::Newest(BinaryHeap::new()),
            Order::Any => Self::Any(VecDeque::new()),
        }
    }

    pub(super) fn add(&mut self, time: SystemTime, name: MessageName) -> ControlFlow<()> {
        match self {
            Self::Oldest(heap) => {
                heap.push((time, name));
                if heap.len() > BACKLOG {
                    heap.pop();
                }
            }
            Self::Newest(heap) => {
                heap.push(Reverse((time, name)));
                if heap.len() > BACKLOG {
                    heap.pop();
                }
            }
            Self::Any(list) => {
                list.push_back((time, name));
                if list.len() >= BACKLOG_ANY {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }

    pub(super) fn into_queue(self) -> VecDeque<(SystemTime, MessageName)> {
        match self {
            Self::Oldest(heap) => heap.into_sorted_vec().into(),
            Self::Newest(heap) => heap.into_sorted_vec().into_iter().map(|Reverse(entry)| entry).collect(),
            Self::Any(list) => list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn keeps_the_best_of_a_long_directory() {
        let check = |mut found: Candidates, first: u64, last: u64| {
            // Multiplying by an odd number visits every residue of a power of two once, in no order.
            for n in 0..131_072_u64 {
                let age = n.wrapping_mul(48_271) % 131_072;
                let _ = found.add(
                    UNIX_EPOCH + Duration::from_secs(age),
                    MessageName::parse(age.to_string()).unwrap(),
                );
            }
            let kept = found.into_queue();
            assert_eq!(kept.len(), BACKLOG);
            assert_eq!(kept.front().unwrap().1.as_ref(), first.to_string());
            assert_eq!(kept.back().unwrap().1.as_ref(), last.to_string());
        };
        check(Candidates::new(Order::Fifo), 0, 99_999);
        check(Candidates::new(Order::Lifo), 131_071, 31_072);
    }
}
