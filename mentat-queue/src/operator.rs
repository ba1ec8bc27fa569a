//! What a person does to a queue: look, keep back, let go, try again, throw away, repair.
//!
//! Every step is one rename or one unlink of one message, so it works while daemons use the queue, and one that was
//! interrupted is simply begun again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::fs::site::Site;
use crate::fs::{Disk, EntryKind, Fs};
use crate::name::MessageName;
use crate::queue::{Inner, SIDECAR};
use crate::{Error, Options, Queue};

use listing::Place;

pub(crate) mod fsck;
pub(crate) mod listing;
pub(crate) mod recover;
mod select;
pub(crate) mod shape;

/// Messages moved between two syncs.
const GROUP: usize = 500;

/// The operator's view of a queue.
///
/// In contrast to [`Queue::open`], opening one makes nothing, so that a mistyped name does not become a queue and a
/// damaged queue can be looked at as it is.
///
/// ```
/// use mentat_queue::{Operator, Options, Queue, Which};
///
/// # let scratch = tempfile::tempdir()?;
/// # let dir = scratch.path().join("arrivals");
/// let queue = Queue::open(&dir, Options::default())?;
/// let name = queue.enqueue(b"{}")?;
///
/// let operator = Operator::open(&dir, Options::default())?;
/// operator.hold(&Which::Names(&[name]))?;
/// assert_eq!(queue.claim(10)?.len(), 0);
/// operator.release(&Which::All)?;
/// assert_eq!(queue.claim(10)?.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    pub(crate) inner: Arc<Inner>,
}

/// Which messages of a place an operation is about.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Which<'a> {
    /// All that are there when the operation begins.
    All,
    /// Those of these names.
    Names(&'a [MessageName]),
    /// Those of `errors` whose reason, written `code: text`, contains this.
    Reason(&'a str),
}

/// A message that was moved or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Its name before.
    pub name: MessageName,
    /// Its name now, which is another one if a message of its name was there already. `None` if it was removed.
    pub now: Option<MessageName>,
    /// Its size in bytes.
    pub size: u64,
}

/// What an operation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The messages that were moved or removed.
    pub done: Vec<Moved>,
    /// Messages that were asked for by name and are not there, or that somebody else took away meanwhile.
    pub missing: Vec<MessageName>,
}

impl Operator {
    /// Opens the queue in `dir` without making or changing anything.
    ///
    /// # Errors
    ///
    /// Fatal, if there is no directory `incoming` in `dir` that can be looked at.
    pub fn open(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        let dir = std::path::absolute(&dir).map_err(|e| Error::io("open queue", &dir, e))?;
        Self::open_on(Arc::new(Disk), dir, options)
    }

    pub(crate) fn open_on(fs: Arc<dyn Fs>, dir: PathBuf, options: Options) -> Result<Self, Error> {
        let incoming = dir.join("incoming");
        let found = fs.inspect(&incoming);
        if found.is_ok_and(|meta| meta.kind != EntryKind::Directory) {
            return Err(Error::misuse("open queue", &incoming, "it is not a directory"));
        }
        let inner = Inner::new(fs, dir, options)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The queue, for [`status`](Queue::status), [`errors`](Queue::errors), [`recover`](Queue::recover) and notices.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue {
            inner: Arc::clone(&self.inner),
        }
    }

    /// Keeps waiting messages back: from `incoming` to `hold`, where consumers leave them alone.
    ///
    /// # Errors
    ///
    /// As the file system fails. What was moved stays moved; the call can be repeated.
    pub fn hold(&self, which: &Which<'_>) -> Result<Report, Error> {
        self.inner.ensure_directory(&self.inner.hold)?;
        self.relocate(Place::Incoming, &self.inner.hold, which)
    }

    /// Lets go what was kept back: from `hold` to `incoming`, in its old place in the order.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    pub fn release(&self, which: &Which<'_>) -> Result<Report, Error> {
        self.relocate(Place::Hold, &self.inner.incoming, which)
    }

    /// Brings deferred messages back to `incoming` before they are due.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    pub fn flush(&self, which: &Which<'_>) -> Result<Report, Error> {
        self.relocate(Place::Deferred, &self.inner.incoming, which)
    }

    /// Gives rejected messages another try: from `errors` to `incoming`, with no attempts counted. The sidecar is
    /// removed when the message is durably back.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    pub fn retry(&self, which: &Which<'_>) -> Result<Report, Error> {
        self.relocate(Place::Errors, &self.inner.incoming, which)
    }

    /// Removes messages for good from `incoming`, `deferred`, `hold` or `errors`, there with their sidecars.
    ///
    /// # Errors
    ///
    /// Fatal for the other places, whose files are somebody's work; otherwise as [`hold`](Self::hold).
    pub fn discard(&self, from: Place, which: &Which<'_>) -> Result<Report, Error> {
        if matches!(from, Place::Pending | Place::Tmp) {
            let cause = "files there are somebody's work; see recover and fsck";
            return Err(Error::misuse("remove messages of", &self.inner.place(from), cause));
        }
        self.each_group(from, None, which)
    }

    fn relocate(&self, from: Place, to: &Path, which: &Which<'_>) -> Result<Report, Error> {
        self.each_group(from, Some(to), which)
    }

    /// Moves the chosen messages to a directory, or removes them.
    fn each_group(&self, from: Place, to: Option<&Path>, which: &Which<'_>) -> Result<Report, Error> {
        let inner = &self.inner;
        let (chosen, missing) = inner.choose(from, which)?;
        let mut report = Report {
            done: Vec::new(),
            missing,
        };
        for group in chosen.chunks(inner.group(GROUP)) {
            if from == Place::Errors && to.is_some() {
                inner.forget_attempts(group.iter().map(|chosen| &chosen.name))?;
            }
            let first = report.done.len();
            let mut sources: Vec<(Site, &Path)> = Vec::new();
            for chosen in group {
                let now = match to {
                    Some(to) => inner.move_within(&chosen.dir, to, &chosen.name)?.map(Some),
                    None => inner
                        .remove_present(&chosen.dir.join(chosen.name.as_ref()))?
                        .then_some(None),
                };
                let (name, size) = (chosen.name.clone(), chosen.meta.size);
                match now {
                    Some(now) => report.done.push(Moved { name, now, size }),
                    None => report.missing.push(name),
                }
                let source = (Site::RelocateSource, chosen.dir.as_path());
                if !sources.contains(&source) {
                    sources.push(source);
                }
            }
            let target: Vec<_> = to.into_iter().map(|to| (Site::RelocateTarget, to)).collect();
            inner.sync_directories(&target)?;
            inner.sync_present(&sources)?;
            if from == Place::Errors {
                // Last: a sidecar without its message is harmless, a message without its reason is not.
                for moved in report.done.iter().skip(first) {
                    inner.remove_present(&inner.errors.join(moved.name.suffixed(SIDECAR).as_ref()))?;
                }
                inner.sync_directories(&[(Site::SidecarsRemoved, &inner.errors)])?;
            }
        }
        // For the sake of a repeated call: a sync that failed is made up for even if nothing is left to move.
        inner.sync_directories(&[])?;
        Ok(report)
    }
}

impl Inner {
    /// Removes a file; false if it was gone.
    pub(crate) fn remove_present(&self, path: &Path) -> Result<bool, Error> {
        match self.fs.remove(path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("remove", path, e)),
        }
    }

    fn forget_attempts<'a>(&self, names: impl Iterator<Item = &'a MessageName>) -> Result<(), Error> {
        for name in names {
            self.remove_present(&self.attempts.join(name.as_ref()))?;
        }
        match self.fs.inspect(&self.attempts) {
            // Also for those removed before, when nobody had to wait for it.
            Ok(_) => self.sync_directories(&[(Site::AttemptsRemoved, &self.attempts)]),
            // There is no such directory as long as nobody has died.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(Error::io("inspect", &self.attempts, e)),
        }
    }
}
