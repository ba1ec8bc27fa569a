//! A directory queue: its directories, its shared state, and what all operations have in common.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use crate::fs::site::Site;
use crate::fs::{Disk, Fs};
use crate::name::MessageName;
use crate::notice::{Notice, NoticeKind, Notices};
use crate::options::{Durability, Options};
use crate::{Error, Operator, Watcher};

use counters::Counters;
use instance::Instance;
use room::Room;
use steps::make_directories;

mod attempts;
pub(crate) mod claim;
pub(crate) mod counters;
pub(crate) mod defer;
pub(crate) mod instance;
pub(crate) mod publish;
pub(crate) mod recover;
mod room;
pub(crate) mod settle;
mod sidecar;
pub(crate) mod status;
pub(crate) mod steps;
mod tidy;

#[cfg(test)]
mod crash_tests;

/// The directories that every queue has. `deferred` and `hold` are made when they are first needed.
pub(crate) const SUB_DIRECTORIES: [&str; 4] = ["incoming", "pending", "tmp", "errors"];

/// The suffix of the files in `errors` that tell why.
pub(crate) const SIDECAR: &str = ".meta";

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
        let mut changed = Vec::new();
        for sub in SUB_DIRECTORIES {
            make_directories(fs.as_ref(), &dir.join(sub), options.directory_mode, &mut changed)?;
        }
        let inner = Inner::new(fs, dir, options)?;
        inner.sync_parents(&changed)?;
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

    /// The operator's view of this queue.
    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator {
            inner: Arc::clone(&self.inner),
        }
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

/// What handles, claims and the recovery of one open queue share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) dir: PathBuf,
    pub(crate) incoming: PathBuf,
    pub(crate) pending: PathBuf,
    pub(crate) tmp: PathBuf,
    pub(crate) errors: PathBuf,
    pub(crate) deferred: PathBuf,
    pub(crate) hold: PathBuf,
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
    /// When `deferred` was last looked at.
    last_due: Option<Instant>,
    counters: Counters,
    notices: Notices,
    /// Directories whose sync failed: the next settlement syncs them too before it says Ok.
    unsynced: BTreeSet<PathBuf>,
    /// Claims that could not be put back when they were dropped.
    stranded: Vec<(Arc<Instance>, MessageName)>,
    room: Room,
}

impl Inner {
    /// The queue in `dir`, which has to have an `incoming`; nothing is made.
    pub(crate) fn new(fs: Arc<dyn Fs>, dir: PathBuf, options: Options) -> Result<Self, Error> {
        let incoming = dir.join("incoming");
        let found = fs
            .inspect(&incoming)
            .map_err(|e| Error::io("open queue", &incoming, e))?;
        Ok(Self {
            fs,
            incoming,
            pending: dir.join("pending"),
            tmp: dir.join("tmp"),
            errors: dir.join("errors"),
            deferred: dir.join("deferred"),
            hold: dir.join("hold"),
            attempts: dir.join("pending/.attempts"),
            dir,
            options,
            device: found.device,
            owner: instance::owner(),
            state: Mutex::default(),
        })
    }

    /// Makes durable that the queue's directory and those in it are there. Whoever made them may not have come as far
    /// as that; of what is around the queue only its parent can be anybody's to make.
    fn sync_parents(&self, changed: &[PathBuf]) -> Result<(), Error> {
        if !self.syncs() {
            return Ok(());
        }
        let around = self.dir.parent();
        let own = [Some(self.dir.as_path()), around];
        let others = changed
            .iter()
            .map(PathBuf::as_path)
            .filter(|dir| !own.contains(&Some(*dir)));
        for directory in others.chain(own.into_iter().flatten()) {
            match self.fs.sync_directory(directory, Site::QueueParent) {
                // Not ours to read, so not ours to make a queue in.
                Err(e) if e.kind() == io::ErrorKind::PermissionDenied && Some(directory) == around => {}
                result => result.map_err(|e| Error::io("sync directory", directory, e))?,
            }
        }
        Ok(())
    }

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
}
