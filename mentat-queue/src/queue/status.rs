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

impl Queue {
    /// Counts what is where. Works on a live queue, so the numbers need not add up to those of one moment.
    ///
    /// # Errors
    ///
    /// If a directory cannot be listed.
    pub fn status(&self) -> Result<Status, Error> {
        let inner = &self.inner;
        let mut status = Status::default();
        inner.each_message(&inner.incoming, |modified| {
            status.incoming += 1;
            status.oldest = Some(status.oldest.map_or(modified, |oldest| oldest.min(modified)));
        })?;
        inner.each_message(&inner.tmp, |_| status.tmp += 1)?;
        inner.each_message(&inner.pending, |_| status.pending_flat += 1)?;
        status.errors = inner.rejected()?.len();
        status.pending = status.pending_flat;
        for dir in inner.claim_directories()?.iter().skip(1) {
            let mut claimed = 0;
            match inner.each_message(dir, |_| claimed += 1) {
                Err(_) if inner.is_absent(dir) => continue,
                result => result?,
            }
            status.pending += claimed;
            let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some((host, pid)) = parse(&name) {
                // Not being allowed to look is no proof of death.
                let alive = match own(inner.fs.as_ref(), dir, None) {
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

    /// The rejected messages with their sidecars, ordered by name.
    ///
    /// # Errors
    ///
    /// If `errors` cannot be listed. A sidecar that cannot be read counts as none.
    pub fn errors(&self) -> Result<Vec<Failed>, Error> {
        let inner = &self.inner;
        let mut failed = Vec::new();
        for name in inner.rejected()? {
            let path = inner.errors.join(&name);
            let Some(name) = name.to_str().and_then(|n| MessageName::parse(n).ok()) else {
                continue;
            };
            let meta = match inner
                .fs
                .read(&inner.errors.join(name.suffixed(SIDECAR).as_ref()), MAX_SIDECAR)
            {
                Ok(Contents::Bytes(bytes, _)) => String::from_utf8(bytes).ok(),
                _ => None,
            };
            failed.push(Failed { name, path, meta });
        }
        Ok(failed)
    }
}

impl Inner {
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
        self.fs.list(dir, &mut see).map_err(|e| Error::io("list", dir, e))
    }

    /// The entries of `errors` that are messages. A message may itself be called `x.meta`: it has a sidecar then.
    fn rejected(&self) -> Result<Vec<OsString>, Error> {
        let mut names = BTreeSet::new();
        let mut see = |name: &OsStr| {
            if !is_hidden(name) {
                names.insert(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        self.fs
            .list(&self.errors, &mut see)
            .map_err(|e| Error::io("list", &self.errors, e))?;
        let has_sidecar = |name: &OsStr| {
            let sidecar = [name.as_bytes(), SIDECAR.as_bytes()].concat();
            names.contains(&OsString::from_vec(sidecar))
        };
        let is_message = |name: &&OsString| !name.as_bytes().ends_with(SIDECAR.as_bytes()) || has_sidecar(name);
        Ok(names.iter().filter(is_message).cloned().collect())
    }
}
