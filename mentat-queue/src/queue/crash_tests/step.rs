//! What processes do.

/// What happens to claimed messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    ForwardChanged,
    /// To a queue on another device.
    ForwardAcross,
    Acknowledge,
    Reject,
    Release,
    /// Copied to the other queue and acknowledged.
    CopyOut,
    Defer,
}

/// What an operator does to all messages of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Hold,
    LetGo,
    Flush,
    Retry,
    Discard,
    RecoverFlat,
    Repair,
}

/// One step of one process. Producers and consumers are numbered 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Enqueue(usize, &'static [usize]),
    Publish(usize, usize),
    Claim(usize, usize),
    Settle(usize, Way),
    /// Drops claims and handles without a word.
    Close(usize),
    Recover(usize),
    /// The consumer is killed, whatever it has claimed.
    Die(usize),
    Operate(Operation),
    /// What waits is moved to another directory of the queue, as other programs may leave it.
    Aside(&'static str),
    /// A file that is no message we follow, in a directory of the queue.
    Stray(&'static str, &'static str),
    /// The kernel has written everything back.
    WrittenBack,
}
