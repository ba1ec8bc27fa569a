//! Looking at a queue without touching it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::Error;
use crate::fs::{Contents, EntryKind, is_hidden};
use crate::name::MessageName;
use crate::reason::read::members;

use super::instance::{own, parse};
use super::{Inner, Queue, SIDECAR};

/// Sidecars are small; a file larger than this is not one of ours.
const MAX_SIDECAR: u64 = 1024 * 1024;

/// How full a queue is, and who works on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Messages waiting.
    pub incoming: usize,
    /// Messages claimed, by anybody.
    pub pending: usize,
    /// Those of `pending` that lie there without an instance: claimed or left behind by other programs.
    pub pending_flat: usize,
    /// Files being written, or abandoned.
    pub tmp: usize,
    /// Messages rejected, not counting sidecars.
    pub errors: usize,
    /// Messages put off to a later time.
    pub deferred: usize,
    /// Messages an operator keeps back.
    pub hold: usize,
    /// When the first of those put off is due.
    pub next_due: Option<SystemTime>,
    /// The time of the oldest message waiting.
    pub oldest: Option<SystemTime>,
    /// Consumers that have claimed, ordered by name.
    pub instances: Vec<InstanceStatus>,
}

/// A consumer of a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct InstanceStatus {
    /// The name of its directory below `pending`.
    pub name: String,
    /// The host it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// Whether it holds its lock. A dead one is recovered by the next consumer.
    pub alive: bool,
    /// Messages it has claimed.
    pub claimed: usize,
}

/// A rejected message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failed {
    /// Its name in `errors`.
    pub name: MessageName,
    /// Where it is.
    pub path: PathBuf,
    /// The sidecar's JSON text, if there is one.
    pub meta: Option<String>,
}

impl Failed {
    /// The reason's stable code and its text, as far as the sidecar tells.
    #[must_use]
    pub fn reason(&self) -> Option<(String, String)> {
        let mut members = members(self.meta.as_deref()?)?;
        Some((members.remove("code")?, members.remove("error").unwrap_or_default()))
    }
}

impl Queue {
    /// Counts what is where. Works on a live queue, so the numbers need not add up to those of one moment.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed.
    pub fn status(&self) -> Result<Status, Error> {
        self.inner.status()
    }

    /// The rejected messages with their sidecars, ordered by name.
    ///
    /// # Errors
    ///
    /// If `errors` cannot be listed. A sidecar that cannot be read counts as none.
    pub fn errors(&self) -> Result<Vec<Failed>, Error> {
        self.inner.failed()
    }
}

impl Inner {
    pub(crate) fn status(&self) -> Result<Status, Error> {
        let mut status = Status::default();
        self.each_message(&self.incoming, |modified| {
            status.incoming += 1;
            status.oldest = Some(status.oldest.map_or(modified, |oldest| oldest.min(modified)));
        })?;
        self.each_message(&self.tmp, |_| status.tmp += 1)?;
        self.each_message(&self.pending, |_| status.pending_flat += 1)?;
        self.each_message(&self.hold, |_| status.hold += 1)?;
        for due in self.due_directories()? {
            let before = status.deferred;
            self.each_message(&due.dir, |_| status.deferred += 1)?;
            if status.deferred > before {
                status.next_due = status.next_due.or(due.time());
            }
        }
        status.errors = self.rejected()?.len();
        status.pending = status.pending_flat;
        for dir in self.claim_directories()?.iter().skip(1) {
            let mut claimed = 0;
            match self.each_message(dir, |_| claimed += 1) {
                Err(_) if self.is_absent(dir) => continue,
                result => result?,
            }
            status.pending += claimed;
            let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some((host, pid)) = parse(&name) {
                // Not being allowed to look is no proof of death.
                let alive = match own(self.fs.as_ref(), dir, None) {
                    Ok(lock) => lock.is_none(),
                    Err(e) => e.kind() != io::ErrorKind::NotFound,
                };
                status.instances.push(InstanceStatus {
                    name,
                    host,
                    pid,
                    alive,
                    claimed,
                });
            }
        }
        status.instances.sort();
        Ok(status)
    }

    pub(crate) fn failed(&self) -> Result<Vec<Failed>, Error> {
        let mut failed = Vec::new();
        for name in self.rejected()? {
            let path = self.errors.join(&name);
            let Some(name) = name.to_str().and_then(|n| MessageName::parse(n).ok()) else {
                continue;
            };
            let meta = self.sidecar(&name);
            failed.push(Failed { name, path, meta });
        }
        Ok(failed)
    }

    /// The text of a rejected message's sidecar, if there is one that can be read.
    pub(crate) fn sidecar(&self, name: &MessageName) -> Option<String> {
        match self
            .fs
            .read(&self.errors.join(name.suffixed(SIDECAR).as_ref()), MAX_SIDECAR)
        {
            Ok(Contents::Bytes(bytes, _)) => String::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    fn each_message(&self, dir: &Path, mut count: impl FnMut(SystemTime)) -> Result<(), Error> {
        let mut see = |name: &OsStr| {
            if !is_hidden(name)
                && let Ok(meta) = self.fs.inspect(&dir.join(name))
                && meta.kind == EntryKind::File
            {
                count(meta.modified);
            }
            ControlFlow::Continue(())
        };
        self.list_present(dir, &mut see)
    }

    /// The entries of `errors` that are messages. A message may itself be called `x.meta`: it has a sidecar then.
    pub(crate) fn rejected(&self) -> Result<Vec<OsString>, Error> {
        let mut names = BTreeSet::new();
        let mut see = |name: &OsStr| {
            if !is_hidden(name) {
                names.insert(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        self.list_present(&self.errors, &mut see)?;
        let has_sidecar = |name: &OsStr| {
            let sidecar = [name.as_bytes(), SIDECAR.as_bytes()].concat();
            names.contains(&OsString::from_vec(sidecar))
        };
        let is_message = |name: &&OsString| !name.as_bytes().ends_with(SIDECAR.as_bytes()) || has_sidecar(name);
        Ok(names.iter().filter(is_message).cloned().collect())
    }
}
