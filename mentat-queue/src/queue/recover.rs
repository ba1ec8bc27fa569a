//! Recovery: claims of dead owners come back, abandoned files of `tmp` are tidied away.

use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::fs::{Contents, EntryKind, Meta, is_hidden};
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Error, Reason};

use super::instance::{LOCK, own, parse};
use super::{Inner, MoveError, Queue};

/// How often claiming looks for dead owners.
const INTERVAL: Duration = Duration::from_secs(60);

/// The size of a counter file that can be one of ours.
const COUNTER_BYTES: u64 = 20;

/// What a recovery has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// Dead owners whose directories are gone now.
    pub instances: usize,
    /// Messages back in `incoming`.
    pub recovered: usize,
    /// Messages moved to `errors` because they were taken back too often.
    pub quarantined: usize,
    /// Abandoned files of `tmp` that were removed or moved to `errors`.
    pub tidied: usize,
}

impl Queue {
    /// Takes back the claims of dead owners and tidies `tmp`. [`claim`](Self::claim) does this by itself.
    ///
    /// An owner is dead when its lock can be taken. Its messages return to `incoming` with their time unchanged, and
    /// each counts one attempt more; after [`max_recoveries`](crate::Options::max_recoveries) of them a message goes
    /// to `errors` as `too-many-recoveries`. Files of `tmp` that were not touched for
    /// [`orphan_age`](crate::Options::orphan_age) are removed if they are half-written or this crate's own work, and
    /// otherwise go to `errors` as `orphaned-tmp`. Files directly in `pending` belong to other programs and stay.
    ///
    /// # Errors
    ///
    /// If `pending` or `tmp` cannot be listed. What goes wrong with one entry becomes a notice.
    pub fn recover(&self) -> Result<Recovery, Error> {
        let inner = &self.inner;
        inner.state().last_recovery = Some(Instant::now());
        let mut done = Recovery::default();
        for dir in inner.claim_directories()?.iter().skip(1) {
            if let Err(error) = inner.recover_instance(dir, &mut done) {
                inner.notice(NoticeKind::Failed, dir, format!("cannot be recovered now: {error}"));
            }
        }
        inner.tidy_tmp(&mut done)?;
        inner.sweep_attempts();
        Ok(done)
    }
}

impl Inner {
    /// What claiming does besides: never a reason not to claim.
    pub(crate) fn housekeeping(self: &Arc<Self>) {
        let due = self.state().last_recovery.is_none_or(|at| at.elapsed() >= INTERVAL);
        if due
            && let Err(error) = (Queue {
                inner: Arc::clone(self),
            })
            .recover()
        {
            self.notice(
                NoticeKind::Failed,
                &self.dir,
                format!("cannot be recovered now: {error}"),
            );
        }
        let stranded = std::mem::take(&mut self.state().stranded);
        for (home, name) in stranded {
            self.put_back(&home, &name);
        }
    }

    fn recover_instance(&self, dir: &Path, done: &mut Recovery) -> Result<(), Error> {
        let fail = |e: io::Error| Error::io("take over", dir, e);
        let lock = match own(self.fs.as_ref(), dir, Some(self.options.file_mode)) {
            Ok(Some(lock)) => lock,
            // Alive, or being recovered by somebody else, or gone meanwhile.
            Ok(None) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(fail(e)),
        };
        let mut names: Vec<OsString> = Vec::new();
        let mut see = |name: &std::ffi::OsStr| {
            if name != LOCK {
                names.push(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        self.fs.list(dir, &mut see).map_err(fail)?;
        let mut left = false;
        for name in &names {
            left |= !self.take_back(dir, name, done)?;
        }
        if !names.is_empty() {
            self.sync_directories(&[&self.incoming, &self.errors, dir])?;
        }
        if !left {
            self.fs.remove(&dir.join(LOCK)).map_err(fail)?;
            self.fs.remove_directory(dir).map_err(fail)?;
            done.instances += 1;
        }
        drop(lock);
        Ok(())
    }

    /// Takes one message back; false if the entry is not a message and stays.
    fn take_back(&self, dir: &Path, name: &std::ffi::OsStr, done: &mut Recovery) -> Result<bool, Error> {
        let path = dir.join(name);
        let size = match self.fs.inspect(&path) {
            Ok(Meta {
                kind: EntryKind::File,
                size,
                ..
            }) => size,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            _ => {
                self.notice(
                    NoticeKind::Skipped,
                    path,
                    "is no message; it keeps this directory from being removed",
                );
                return Ok(false);
            }
        };
        let Some(name) = name
            .to_str()
            .and_then(|n| MessageName::parse(n).ok())
            .filter(|n| !n.is_hidden())
        else {
            self.notice(
                NoticeKind::Skipped,
                path,
                "is no message; it keeps this directory from being removed",
            );
            return Ok(false);
        };
        let (earlier, max) = (self.read_attempts(&name), self.options.max_recoveries);
        if earlier >= max {
            let text = format!("its owners died {} times", u64::from(earlier) + 1);
            let reason = Reason::new("too-many-recoveries", text.clone());
            self.banish(dir, &name, &reason, earlier.saturating_add(1), size)?;
            done.quarantined += 1;
            self.notice(NoticeKind::Quarantined, path, format!("went to errors: {text}"));
            return Ok(true);
        }
        // Counted before the message is back: another consumer may claim it and die at once.
        self.write_attempts(&name, earlier + 1)?;
        match self.move_new(dir, &self.incoming, &name) {
            Ok(back) if back != name => self.write_attempts(&back, earlier + 1)?,
            Ok(_) => {}
            Err(MoveError::Vanished) => return Ok(true),
            Err(MoveError::Other(error)) => return Err(error),
            Err(MoveError::OtherDevice) => {
                return Err(Error::rename(
                    &path,
                    &self.incoming,
                    io::ErrorKind::CrossesDevices.into(),
                ));
            }
        }
        done.recovered += 1;
        let text = format!("was taken back from a dead owner, time {} of {max}", earlier + 1);
        self.notice(NoticeKind::Recovered, path, text);
        Ok(true)
    }

    /// How many owners of this message have died. A counter that is gone or unreadable counts as none: it exists to
    /// find messages that kill their owners, and is no reason to keep one from being tried.
    pub(crate) fn read_attempts(&self, name: &MessageName) -> u32 {
        match self.fs.read(&self.attempts.join(name.as_ref()), COUNTER_BYTES) {
            Ok(Contents::Bytes(bytes, _)) => std::str::from_utf8(&bytes)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0),
            _ => 0,
        }
    }

    /// Not synced: the counter is about processes that die, which it survives. A power cut is not the message's doing.
    fn write_attempts(&self, name: &MessageName, attempts: u32) -> Result<(), Error> {
        let mode = self.options.directory_mode;
        match self.fs.make_directory(&self.attempts, mode) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Error::io("make directory", &self.attempts, e));
            }
            _ => {}
        }
        let text = attempts.to_string();
        let path = self.attempts.join(name.as_ref());
        let staged = self.stage_unsynced(&(text.as_bytes(), None))?;
        staged.replace(&path).map_err(|e| Error::rename(&self.tmp, &path, e))
    }

    pub(crate) fn clear_attempts(&self, name: &MessageName, attempts: u32) {
        if attempts > 0 {
            // Best effort: a counter that stays is swept later.
            let _ = self.fs.remove(&self.attempts.join(name.as_ref()));
        }
    }

    /// Removes counters of messages that other programs have taken away.
    fn sweep_attempts(&self) {
        let mut old: Vec<OsString> = Vec::new();
        let mut see = |name: &std::ffi::OsStr| {
            if self
                .fs
                .inspect(&self.attempts.join(name))
                .is_ok_and(|meta| self.is_orphaned(&meta))
            {
                old.push(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        // There is no such directory as long as nobody has died.
        if self.fs.list(&self.attempts, &mut see).is_err() || old.is_empty() {
            return;
        }
        let Ok(places) = self.claim_directories() else { return };
        for name in old {
            let unused = |dir: &std::path::PathBuf| self.is_absent(&dir.join(&name));
            if unused(&self.incoming) && places.iter().all(unused) {
                let _ = self.fs.remove(&self.attempts.join(&name));
            }
        }
    }

    fn tidy_tmp(&self, done: &mut Recovery) -> Result<(), Error> {
        let mut old: Vec<OsString> = Vec::new();
        let mut see = |name: &std::ffi::OsStr| {
            match self.fs.inspect(&self.tmp.join(name)) {
                Ok(meta) if meta.kind == EntryKind::File && self.is_orphaned(&meta) => old.push(name.to_owned()),
                _ => {}
            }
            ControlFlow::Continue(())
        };
        self.fs
            .list(&self.tmp, &mut see)
            .map_err(|e| Error::io("list", &self.tmp, e))?;
        for name in &old {
            match self.tidy(name) {
                Ok(tidied) => done.tidied += usize::from(tidied),
                Err(error) => {
                    let path = self.tmp.join(name);
                    self.notice(NoticeKind::Failed, path, format!("cannot be tidied away now: {error}"));
                }
            }
        }
        Ok(())
    }

    fn tidy(&self, name: &std::ffi::OsStr) -> Result<bool, Error> {
        let path = self.tmp.join(name);
        let valid = name.to_str().and_then(|n| MessageName::parse(n).ok());
        let Some(valid) = valid.filter(|_| !is_hidden(name)) else {
            self.notice(
                NoticeKind::Skipped,
                path,
                "is abandoned, but has no name a message can have; it was left",
            );
            return Ok(false);
        };
        let (whole, size) = match self.fs.read(&path, self.options.max_message_bytes) {
            Ok(Contents::Bytes(bytes, meta)) => ((self.options.is_whole)(&bytes), meta.size),
            Ok(Contents::TooLarge(meta)) => (true, meta.size),
            Ok(Contents::NotRegular(_)) => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(_) => (true, 0),
        };
        // What this crate leaves here was never promised to anybody, or its original is still claimed.
        if is_own_tmp(valid.as_ref()) || !whole {
            self.fs.remove(&path).map_err(|e| Error::io("remove", &path, e))?;
            self.notice(
                NoticeKind::Tidied,
                path,
                "was abandoned half-written and has been removed",
            );
        } else {
            let reason = Reason::new("orphaned-tmp", "its producer never moved it to incoming");
            self.banish(&self.tmp, &valid, &reason, 0, size)?;
            self.notice(NoticeKind::Tidied, path, "was abandoned and went to errors");
        }
        Ok(true)
    }

    /// Neither written nor moved for longer than the limit. Both times count: a file's time can be set to anything.
    fn is_orphaned(&self, meta: &Meta) -> bool {
        let now = SystemTime::now();
        let old = |time| now.duration_since(time).is_ok_and(|age| age >= self.options.orphan_age);
        old(meta.modified) && old(meta.changed)
    }
}

/// `<host>.<pid>.<starttime>.<counter>.tmp`, see `Inner::tmp_name`.
fn is_own_tmp(name: &str) -> bool {
    let owner = name.strip_suffix(".tmp").and_then(|n| n.rsplit_once('.'));
    owner.is_some_and(|(owner, counter)| counter.parse::<u64>().is_ok() && parse(owner).is_some())
}
