//! Settings of a queue.

use std::time::Duration;

/// How a queue is read and written.
///
/// ```
/// use mentat_queue::{Durability, Options};
///
/// let mut options = Options::default();
/// options.durability = Durability::Each;
/// options.limit = 5_000;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// What has reached the disk when a call returns. Default: [`Durability::Batch`].
    pub durability: Durability,
    /// In which order messages are claimed. Default: [`Order::Fifo`].
    pub order: Order,
    /// Larger messages are refused by `enqueue` and rejected by `claim`. Default: 4 MiB.
    pub max_message_bytes: u64,
    /// How often a message may be taken back from a dead owner before it is quarantined. Default: 5.
    pub max_recoveries: u32,
    /// Mode of the directories that are made, whatever the umask. Default: `0o775`.
    pub directory_mode: u32,
    /// Mode of the files that are written: the consumers' group may write them. Default: `0o664`.
    pub file_mode: u32,
    /// From this many messages in `incoming` on [`Queue::has_room`](crate::Queue::has_room) says no. Default: 0, no limit.
    pub limit: usize,
    /// Files in `tmp` untouched for longer than this belong to nobody. Default: 1 hour.
    pub orphan_age: Duration,
    /// Whether a file found abandoned in `tmp` is a whole message, worth keeping in `errors`; else it is removed.
    /// Default: every file that is not empty. A queue of JSON documents would try to parse it.
    pub is_whole: fn(&[u8]) -> bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Batch,
            order: Order::Fifo,
            max_message_bytes: 4 * 1024 * 1024,
            max_recoveries: 5,
            directory_mode: 0o775,
            file_mode: 0o664,
            limit: 0,
            orphan_age: Duration::from_secs(3600),
            is_whole: |bytes| !bytes.is_empty(),
        }
    }
}

/// What has reached the disk when a call returns `Ok`.
///
/// The end of the *process* loses nothing at any level; the levels differ in what a power cut can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Every message is synced, moved and its directories synced before the next one is touched.
    /// A power cut during a call can repeat one message.
    Each,
    /// All messages of a call are synced, then moved, then each directory is synced once.
    /// A power cut during a call can repeat the messages of this call; none is lost.
    #[default]
    Batch,
    /// Nothing is synced. A power cut can lose, empty, truncate or repeat whatever the kernel had not written yet,
    /// commonly the last half minute.
    None,
}

/// In which order messages are claimed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// Oldest modification time first, then by name.
    #[default]
    Fifo,
    /// Newest modification time first.
    Lifo,
    /// As the directory is read: the cheapest start on a directory with a very long backlog.
    Any,
}
