//! Claims that other programs have left behind: plain files in `pending`.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use crate::Error;
use crate::fs::{EntryKind, Meta, is_hidden};
use crate::queue::Inner;
use crate::queue::recover::Recovery;

use super::Operator;

/// What became of plain files in `pending`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlatRecovery {
    /// Messages back in `incoming`.
    pub recovered: usize,
    /// Messages moved to `errors` because they were taken back too often.
    pub quarantined: usize,
    /// Files that were touched too recently to be sure that their owner is dead; they stay.
    pub left: Vec<OsString>,
}

impl Operator {
    /// Takes back plain files of `pending`, which programs without instance directories leave there when they die.
    ///
    /// Those programs hold no lock, so nothing shows whether they live; a claim that one of them is at work on would be
    /// worked on twice. Hence this never happens by itself, and only to files that nobody has moved or written for
    /// `untouched`. Zero forces it, for a caller who knows that no such program runs. Each message counts one
    /// attempt more, as with [`Queue::recover`](crate::Queue::recover).
    ///
    /// # Errors
    ///
    /// As the file system fails; the call can be repeated.
    pub fn recover_flat(&self, untouched: Duration) -> Result<FlatRecovery, Error> {
        let inner = &self.inner;
        let (old, left) = inner.flat_claims(untouched)?;
        let mut done = Recovery::default();
        inner.take_back(&inner.pending, &old, &mut done)?;
        // For the sake of a repeated call.
        inner.sync_directories(&[])?;
        Ok(FlatRecovery {
            recovered: done.recovered,
            quarantined: done.quarantined,
            left,
        })
    }
}

impl Inner {
    /// The plain files of `pending`: those untouched for so long, and the others.
    pub(crate) fn flat_claims(&self, untouched: Duration) -> Result<(Vec<OsString>, Vec<OsString>), Error> {
        let now = SystemTime::now();
        // Being moved into `pending` changes the inode's time and no other.
        let is_old = |meta: &Meta| now.duration_since(meta.changed).is_ok_and(|age| age >= untouched);
        let (mut old, mut young) = (Vec::new(), Vec::new());
        let mut see = |name: &OsStr| {
            match self.fs.inspect(&self.pending.join(name)) {
                Ok(meta) if meta.kind == EntryKind::File && !is_hidden(name) && name.to_str().is_some() => {
                    let files = if untouched.is_zero() || is_old(&meta) {
                        &mut old
                    } else {
                        &mut young
                    };
                    files.push(name.to_owned());
                }
                _ => {}
            }
            ControlFlow::Continue(())
        };
        self.list_present(&self.pending, &mut see)?;
        old.sort();
        young.sort();
        Ok((old, young))
    }
}
