//! What is not as it should be: directories, owners, what was left behind.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::fs::{EntryKind, Meta};
use crate::name::MessageName;
use crate::queue::instance::own;
use crate::queue::{Inner, SUB_DIRECTORIES};
use crate::{Error, Fault, Finding, Repair};

use super::repair::Remedy;

/// Consumers look once a second for what is due; later than this there is none.
const OVERDUE: Duration = Duration::from_secs(60);

/// One look at a queue.
pub(super) struct Look<'a> {
    pub(super) inner: &'a Inner,
    /// The queue's own directory, whose owner the queue belongs to.
    pub(super) queue: Meta,
    found: Vec<(Finding, Option<Remedy>)>,
}

impl<'a> Look<'a> {
    /// Everything there is to find, each with what can be done about it.
    pub(super) fn at(inner: &'a Inner) -> Result<Vec<(Finding, Option<Remedy>)>, Error> {
        let queue = inner
            .fs
            .inspect(&inner.dir)
            .map_err(|e| Error::io("inspect", &inner.dir, e))?;
        let mut look = Self {
            inner,
            queue,
            found: Vec::new(),
        };
        look.directories();
        look.flat_claims()?;
        look.owners()?;
        look.tmp()?;
        look.attempts()?;
        look.deferred()?;
        look.entries()?;
        Ok(look.found)
    }

    pub(super) fn fault(&mut self, fault: Fault, path: &Path, text: impl Into<String>, remedy: Option<Remedy>) {
        let repair = remedy
            .as_ref()
            .map_or(Repair::ByHand, |remedy| Repair::Possible(remedy.describe()));
        self.add(fault, path, text, repair, remedy);
    }

    pub(super) fn harmless(&mut self, fault: Fault, path: &Path, text: impl Into<String>) {
        self.add(fault, path, text, Repair::NotNeeded, None);
    }

    fn add(&mut self, fault: Fault, path: &Path, text: impl Into<String>, repair: Repair, remedy: Option<Remedy>) {
        let finding = Finding {
            fault,
            path: path.to_owned(),
            text: text.into(),
            repair,
        };
        self.found.push((finding, remedy));
    }

    fn directories(&mut self) {
        let inner = self.inner;
        for sub in SUB_DIRECTORIES.into_iter().chain(["deferred", "hold"]) {
            let path = inner.dir.join(sub);
            let Ok(meta) = inner.fs.inspect(&path) else {
                if SUB_DIRECTORIES.contains(&sub) && inner.is_absent(&path) {
                    let text = "is missing; without it nothing can pass through the queue";
                    self.fault(
                        Fault::MissingDirectory,
                        &path,
                        text,
                        Some(Remedy::MakeDirectory(path.clone())),
                    );
                }
                continue;
            };
            if meta.kind != EntryKind::Directory {
                let text = format!("is {}", meta.kind.describe());
                self.fault(Fault::NotADirectory, &path, text, None);
                continue;
            }
            if meta.device != inner.device {
                let text = "is on another file system than incoming, so that moving a message there fails";
                self.fault(Fault::OtherFileSystem, &path, text, None);
            }
            if let Some(wrong) = super::access::wrong_mode(&meta) {
                let text = format!("has the mode {:o}: {wrong}", meta.mode);
                self.fault(Fault::DirectoryMode, &path, text, None);
            }
            if (meta.user, meta.group) != (self.queue.user, self.queue.group) {
                let (user, group) = (self.queue.user, self.queue.group);
                let text = format!(
                    "belongs to {}:{} and the queue to {user}:{group}, so that one of them may lack permissions",
                    meta.user, meta.group
                );
                self.fault(Fault::DirectoryOwner, &path, text, None);
            }
        }
    }

    fn flat_claims(&mut self) -> Result<(), Error> {
        let inner = self.inner;
        let (old, young) = inner.flat_claims(inner.options.orphan_age)?;
        for name in old {
            let path = inner.pending.join(&name);
            let text = "was claimed by a program without a lock, which has not touched it since and is probably dead";
            self.fault(Fault::FlatClaim, &path, text, Some(Remedy::TakeBack(name)));
        }
        for name in young {
            let path = inner.pending.join(&name);
            let text = "was claimed by a program without a lock a short time ago; recover it if that program is dead";
            self.harmless(Fault::FlatClaim, &path, text);
        }
        Ok(())
    }

    fn owners(&mut self) -> Result<(), Error> {
        for dir in self.inner.claim_directories()?.into_iter().skip(1) {
            // Not being allowed to look is no proof of death, and without a lock file there is no owner yet or none
            // any more.
            let dead = match own(self.inner.fs.as_ref(), &dir, None) {
                Ok(lock) => lock.is_some(),
                Err(e) => e.kind() == std::io::ErrorKind::NotFound && self.is_old(&dir),
            };
            if dead {
                let text = "belongs to a consumer that has ended without giving back what it had claimed";
                self.fault(Fault::DeadOwner, &dir, text, Some(Remedy::Recover(dir.clone())));
            }
        }
        Ok(())
    }

    fn is_old(&self, path: &Path) -> bool {
        let meta = self.inner.fs.inspect(path);
        meta.is_ok_and(|meta| self.inner.is_orphaned(&meta))
    }

    fn tmp(&mut self) -> Result<(), Error> {
        for (name, meta) in self.list(&self.inner.tmp)? {
            let path = self.inner.tmp.join(&name);
            if meta.kind == EntryKind::File && self.inner.is_orphaned(&meta) {
                let valid = name.to_str().is_some_and(|n| !n.starts_with('.'));
                let text = "is not written any more and was never moved to incoming";
                self.fault(Fault::StaleTmp, &path, text, valid.then_some(Remedy::Tidy(name)));
            } else if meta.kind != EntryKind::File {
                self.fault(Fault::NotRegular, &path, format!("is {}", meta.kind.describe()), None);
            }
        }
        Ok(())
    }

    fn attempts(&mut self) -> Result<(), Error> {
        for name in self.inner.leftover_attempts()? {
            let path = self.inner.attempts.join(name);
            let text = "counts the dead owners of a message that is not in the queue any more";
            self.fault(Fault::LeftoverAttempts, &path, text, Some(Remedy::Remove(path.clone())));
        }
        Ok(())
    }

    fn deferred(&mut self) -> Result<(), Error> {
        let inner = self.inner;
        let dues = inner.due_directories()?;
        for due in &dues {
            let since = due.time().and_then(|time| SystemTime::now().duration_since(time).ok());
            if let Some(since) = since.filter(|since| *since >= OVERDUE) {
                let text = format!(
                    "was due {} minutes ago, and no consumer has brought it back",
                    since.as_secs() / 60
                );
                self.fault(Fault::Overdue, &due.dir, text, Some(Remedy::BringBack(due.dir.clone())));
            }
        }
        for (name, meta) in self.list(&inner.deferred)? {
            let path = inner.deferred.join(&name);
            if dues.iter().any(|due| due.dir == path) {
                continue;
            }
            let message = name
                .to_str()
                .and_then(|n| MessageName::parse(n).ok())
                .filter(|n| !n.is_hidden());
            let remedy = message.filter(|_| meta.kind == EntryKind::File).map(Remedy::Requeue);
            let text = format!("is {} without a time at which it comes back", meta.kind.describe());
            self.fault(Fault::NoDueTime, &path, text, remedy);
        }
        Ok(())
    }

    /// The entries of a directory by name, as far as they are still there.
    pub(super) fn list(&self, dir: &Path) -> Result<Vec<(OsString, Meta)>, Error> {
        let mut names: Vec<OsString> = Vec::new();
        let mut see = |name: &OsStr| {
            names.push(name.to_owned());
            ControlFlow::Continue(())
        };
        self.inner.list_present(dir, &mut see)?;
        names.sort();
        let inspect = |name: OsString| {
            let meta = self.inner.fs.inspect(&dir.join(&name)).ok()?;
            Some((name, meta))
        };
        Ok(names.into_iter().filter_map(inspect).collect())
    }

    /// The directories in which messages lie.
    pub(super) fn places(&self) -> Result<Vec<PathBuf>, Error> {
        let inner = self.inner;
        let mut places = vec![inner.incoming.clone(), inner.hold.clone()];
        places.extend(inner.due_directories()?.into_iter().map(|due| due.dir));
        places.extend(inner.claim_directories()?);
        Ok(places)
    }
}
