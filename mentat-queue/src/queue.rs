//! A directory queue: its directories, its shared state, and what all operations have in common.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use crate::fs::{Disk, Fs};
use crate::name::MessageName;
use crate::notice::{Notice, NoticeKind, Notices};
use crate::options::{Durability, Options};
use crate::{Error, Watcher};

use instance::Instance;
use room::Room;

pub(crate) mod claim;
pub(crate) mod instance;
pub(crate) mod publish;
pub(crate) mod recover;
mod room;
pub(crate) mod settle;
mod sidecar;
pub(crate) mod status;

#[cfg(test)]
mod crash_tests;

/// The suffix of the files in `errors` that tell why.
pub(crate) const SIDECAR: &str = ".meta";

/// How many `.N` names are tried before a collision counts as an error.
const MAX_NUMBER: u32 = 10_000;

/// A queue in a directory.
///
/// All methods take `&self`; threads share one queue, processes open their own. Cloning is cheap and shares the state
/// of the handle. See the [crate documentation](crate) for layout and guarantees.
#[derive(Clone)]
pub struct Queue {
    pub(crate) inner: Arc<Inner>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("dir", &self.inner.dir)
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Opens the queue in `dir`, making the directory and its sub-directories where they are missing.
    ///
    /// Nothing is claimed and nothing recovered before the first [`claim`](Self::claim), so that a pure producer
    /// leaves no trace in `pending`. A relative path is resolved now: a later change of the working directory does not
    /// matter.
    ///
    /// # Errors
    ///
    /// Fatal, if the directories cannot be made or read; transient, if the disk is full.
    pub fn open(dir: impl Into<PathBuf>, options: Options) -> Result<Self, Error> {
        let dir = dir.into();
        let dir = std::path::absolute(&dir).map_err(|e| Error::io("open queue", &dir, e))?;
        Self::open_on(Arc::new(Disk), dir, options)
    }

    pub(crate) fn open_on(fs: Arc<dyn Fs>, dir: PathBuf, options: Options) -> Result<Self, Error> {
        let sub = |name: &str| dir.join(name);
        let (incoming, pending, tmp, errors) = (sub("incoming"), sub("pending"), sub("tmp"), sub("errors"));
        let attempts = pending.join(".attempts");
        let mut changed = Vec::new();
        for directory in [&incoming, &pending, &tmp, &errors] {
            make_directories(fs.as_ref(), directory, options.directory_mode, &mut changed)?;
        }
        if options.durability != Durability::None {
            for directory in changed {
                fs.sync_directory(&directory)
                    .map_err(|e| Error::io("sync directory", &directory, e))?;
            }
        }
        let device = fs
            .inspect(&incoming)
            .map_err(|e| Error::io("open queue", &incoming, e))?
            .device;
        let owner = instance::owner();
        let state = Mutex::default();
        let inner = Inner {
            fs,
            dir,
            incoming,
            pending,
            tmp,
            errors,
            attempts,
            options,
            device,
            owner,
            state,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The queue's directory, absolute.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }

    /// The settings it was opened with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.inner.options
    }

    /// What happened since the last call that a person should learn: skipped, rejected, recovered entries.
    #[must_use = "notices are told only once"]
    pub fn take_notices(&self) -> Vec<Notice> {
        self.inner.state().notices.take()
    }

    /// Watches `incoming` for arrivals. Start watching before the first `claim`, or arrivals in between go unseen.
    ///
    /// # Errors
    ///
    /// Transient, if the process is out of descriptors. A system without (free) inotify instances is no error: the
    /// watcher then merely sleeps, see [`Watcher::is_notified`].
    pub fn watch(&self) -> Result<Watcher, Error> {
        Watcher::new(&self.inner.incoming)
    }
}

/// Makes `path` and its missing parents; notes the directories that got a new entry.
fn make_directories(fs: &dyn Fs, path: &Path, mode: u32, changed: &mut Vec<PathBuf>) -> Result<(), Error> {
    let fail = |e: io::Error| Error::io("make directory", path, e);
    match fs.make_directory(path, mode) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            make_directories(fs, path.parent().ok_or_else(|| fail(e))?, mode, changed)?;
            match fs.make_directory(path, mode) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(fail(e)),
                _ => {}
            }
        }
        Err(e) => return Err(fail(e)),
    }
    if let Some(parent) = path.parent().filter(|p| !changed.iter().any(|c| c == p)) {
        changed.push(parent.into());
    }
    Ok(())
}

/// What handles, claims and the recovery of one open queue share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) dir: PathBuf,
    pub(crate) incoming: PathBuf,
    pub(crate) pending: PathBuf,
    pub(crate) tmp: PathBuf,
    pub(crate) errors: PathBuf,
    pub(crate) attempts: PathBuf,
    pub(crate) options: Options,
    pub(crate) device: u64,
    /// `host.pid.starttime` of this process.
    owner: String,
    state: Mutex<State>,
}

/// Guarded by a lock that is never held during a system call.
#[derive(Debug, Default)]
pub(crate) struct State {
    instance: Option<Arc<Instance>>,
    /// Candidates of the last scan, best first.
    backlog: VecDeque<(SystemTime, MessageName)>,
    last_recovery: Option<Instant>,
    notices: Notices,
    /// Directories whose sync failed: the next settlement syncs them too before it says Ok.
    unsynced: BTreeSet<PathBuf>,
    /// Claims that could not be put back when they were dropped.
    stranded: Vec<(Arc<Instance>, MessageName)>,
    room: Room,
}

impl Inner {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every update of the state is complete in itself, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notice(&self, kind: NoticeKind, path: impl Into<PathBuf>, text: impl Into<String>) {
        self.state().notices.add(kind, path.into(), text.into());
    }

    pub(crate) fn syncs(&self) -> bool {
        self.options.durability != Durability::None
    }

    /// How many messages are settled between two syncs of the directories.
    pub(crate) fn group(&self, total: usize) -> usize {
        match self.options.durability {
            Durability::Each => 1,
            Durability::Batch | Durability::None => total.max(1),
        }
    }

    /// A name in `tmp` that no other file of this or another process has.
    pub(crate) fn tmp_name(&self) -> String {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        format!("{}.{}.tmp", self.owner, COUNTER.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    /// Makes the names in these directories durable, and in those whose last sync failed.
    pub(crate) fn sync_directories(&self, directories: &[&Path]) -> Result<(), Error> {
        if !self.syncs() {
            return Ok(());
        }
        let failed = std::mem::take(&mut self.state().unsynced);
        let mut due: Vec<PathBuf> = Vec::new();
        // Callers pass destinations before sources; the order is kept, since a move must be known to have arrived
        // before its source is known to be gone.
        for directory in directories.iter().map(|d| d.to_path_buf()).chain(failed) {
            if !due.contains(&directory) {
                due.push(directory);
            }
        }
        for (done, directory) in due.iter().enumerate() {
            if let Err(e) = self.fs.sync_directory(directory) {
                self.state().unsynced.extend(due.iter().skip(done).cloned());
                return Err(Error::io("sync directory", directory, e));
            }
        }
        Ok(())
    }

    /// Moves `from/name` into `to` without ever replacing: a taken name gets `.1`, `.2` … behind it.
    pub(crate) fn move_new(&self, from: &Path, to: &Path, name: &MessageName) -> Result<MessageName, MoveError> {
        let source = from.join(name.as_ref());
        for number in 0..MAX_NUMBER {
            let free = name.numbered(number);
            let target = to.join(free.as_ref());
            match self.fs.rename_new(&source, &target) {
                Ok(()) => return Ok(free),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound && self.is_absent(&source) => {
                    return Err(MoveError::Vanished);
                }
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices => return Err(MoveError::OtherDevice),
                Err(e) => return Err(MoveError::Other(Error::rename(&source, &target, e))),
            }
        }
        let taken = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(MoveError::Other(Error::rename(&source, &to.join(name.as_ref()), taken)))
    }

    pub(crate) fn is_absent(&self, path: &Path) -> bool {
        self.fs
            .inspect(path)
            .is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    }
}

/// Why a message could not be moved.
#[derive(Debug)]
pub(crate) enum MoveError {
    /// The source is gone; the destination is not the problem.
    Vanished,
    OtherDevice,
    Other(Error),
}
