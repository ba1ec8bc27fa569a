//! Back-pressure: is there room for more in `incoming`?

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::Error;
use crate::fs::is_hidden;

use super::{Inner, Queue};

/// A count older than this is not trusted: other producers and the consumers go on meanwhile.
const MAX_AGE: Duration = Duration::from_secs(1);

/// What is known about the length of `incoming`.
#[derive(Debug, Default)]
pub(crate) struct Room {
    count: usize,
    /// Messages added through this handle since the directory was listed.
    added: usize,
    listed: Option<Instant>,
    full: bool,
}

impl Room {
    pub(crate) fn added(&mut self, messages: usize) {
        self.count = self.count.saturating_add(messages);
        self.added = self.added.saturating_add(messages);
    }

    fn must_list(&self, limit: usize) -> bool {
        // At the limit only a fresh count may stop a producer, and a stopped one has to see when it may go on.
        let unsure = self.full || self.count >= limit;
        let trusted = (limit / 10).clamp(1, 500);
        unsure || self.added >= trusted || self.listed.is_none_or(|at| at.elapsed() >= MAX_AGE)
    }

    fn listed(&mut self, count: usize, limit: usize) {
        (self.count, self.added, self.listed) = (count, 0, Some(Instant::now()));
        // 80 %, rounded down and without overflow.
        let resume = limit / 5 * 4 + limit % 5 * 4 / 5;
        self.full = if self.full { count > resume } else { count >= limit };
    }
}

impl Queue {
    /// How many messages `incoming` may take: asked by a forwarder about the queue it forwards to, before it claims.
    ///
    /// Says 0 from [`Options::limit`](crate::Options::limit) messages on until they are down to 80 % of it. What this
    /// handle adds is counted at once; what others add or take is seen within a second. Without a limit there is
    /// room for any number.
    ///
    /// # Errors
    ///
    /// As listing the directory fails.
    pub fn room(&self) -> Result<usize, Error> {
        let (inner, limit) = (&self.inner, self.inner.options.limit);
        if limit == 0 {
            return Ok(usize::MAX);
        }
        if inner.state().room.must_list(limit) {
            let count = inner.count_incoming()?;
            inner.state().room.listed(count, limit);
        }
        let state = inner.state();
        Ok(if state.room.full {
            0
        } else {
            limit.saturating_sub(state.room.count)
        })
    }

    /// Whether there is [`room`](Self::room) for a message.
    ///
    /// # Errors
    ///
    /// As [`room`](Self::room).
    pub fn has_room(&self) -> Result<bool, Error> {
        Ok(self.room()? > 0)
    }
}

impl Inner {
    fn count_incoming(&self) -> Result<usize, Error> {
        let mut count = 0;
        let mut see = |name: &std::ffi::OsStr| {
            count += usize::from(!is_hidden(name));
            ControlFlow::Continue(())
        };
        self.fs
            .list(&self.incoming, &mut see)
            .map_err(|e| Error::io("list", &self.incoming, e))?;
        Ok(count)
    }
}
