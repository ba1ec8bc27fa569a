//! Messages that wait for a later time, in `deferred/<second>/`.
//!
//! The time is in the directory's name and not in the file: setting a file's time needs to own the file, which a
//! consumer need not, and would lose the message's place in the order. So a message is put off and comes back by one
//! rename each, and nothing about the file changes.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::fs::site::Site;
use crate::fs::{EntryKind, is_hidden};
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Claim, Error};

use super::{Inner, Queue};

/// How often claiming looks for messages whose time has come.
const INTERVAL: Duration = Duration::from_secs(1);

/// How often a directory is made that somebody removes because its time has come already.
const TRIES: u32 = 10;

/// A directory of `deferred`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    /// Seconds since 1970.
    pub(crate) second: u64,
    pub(crate) dir: PathBuf,
}

impl Due {
    pub(crate) fn time(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.second))
    }

    pub(crate) fn has_come(&self) -> bool {
        self.time().is_some_and(|time| time <= SystemTime::now())
    }
}

/// The second in which a delay that begins now is over.
fn after(delay: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let due = now.saturating_add(delay);
    due.as_secs().saturating_add(u64::from(due.subsec_nanos() > 0))
}

impl Queue {
    /// Puts messages off: each waits in `deferred` for its delay, rounded up to whole seconds, and returns to
    /// `incoming` with the first claim of any consumer after that.
    ///
    /// A message keeps its time, and with it its place in the order; its attempts are not counted up.
    ///
    /// # Errors
    ///
    /// After any error the claims already put off are no longer [open](Claim::is_open); the call can be repeated.
    pub fn defer(&self, items: &mut [(&mut Claim, Duration)]) -> Result<(), Error> {
        let inner = &self.inner;
        for (claim, _) in items.iter() {
            self.check_own(claim)?;
        }
        let group = inner.group(items.len());
        for group in items.chunks_mut(group) {
            let mut targets: Vec<PathBuf> = Vec::new();
            for (claim, delay) in group.iter_mut().filter(|(claim, _)| claim.open) {
                let target = inner.deferred.join(after(*delay).to_string());
                match inner.move_to_due(&claim.home.dir, &target, &claim.name)? {
                    Some(_) => {
                        claim.open = false;
                        inner.count(|c| c.deferred += 1);
                    }
                    None => inner.vanished(claim, "deferred"),
                }
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
            let targets: Vec<_> = targets.iter().map(|dir| (Site::DeferTarget, dir.as_path())).collect();
            inner.sync_present(&targets)?;
            inner.sync_with_sources(&[], Site::DeferSource, group.iter().map(|(claim, _)| &**claim))?;
        }
        inner.sync_directories(&[])
    }
}

impl Inner {
    fn move_to_due(&self, from: &Path, target: &Path, name: &MessageName) -> Result<Option<MessageName>, Error> {
        for _ in 1..TRIES {
            self.ensure_directory(target)?;
            match self.move_within(from, target, name) {
                Err(_) if self.is_absent(target) => {}
                result => return result,
            }
        }
        self.move_within(from, target, name)
    }

    /// The sync of directories that any consumer may remove when their time has come. What was in one of those is in
    /// `incoming` by then.
    pub(crate) fn sync_present(&self, directories: &[(Site, &Path)]) -> Result<(), Error> {
        match self.sync_directories(directories) {
            Err(_) if directories.iter().any(|(_, dir)| self.is_absent(dir)) => {
                self.sync_directories(&[(Site::DueIncoming, &self.incoming)])
            }
            result => result,
        }
    }

    /// The directories of `deferred`, the earliest first.
    pub(crate) fn due_directories(&self) -> Result<Vec<Due>, Error> {
        let mut found = Vec::new();
        let mut see = |name: &OsStr| {
            if let Some(second) = name.to_str().and_then(|n| n.parse().ok()) {
                let dir = self.deferred.join(name);
                found.push(Due { second, dir });
            }
            ControlFlow::Continue(())
        };
        self.list_present(&self.deferred, &mut see)?;
        let is_directory = |due: &Due| self.fs.inspect(&due.dir).is_ok_and(|m| m.kind == EntryKind::Directory);
        found.retain(is_directory);
        found.sort();
        Ok(found)
    }

    /// What claiming does once a second.
    pub(crate) fn put_due_back_in_time(&self) {
        if self.state().last_due.is_some_and(|at| at.elapsed() < INTERVAL) {
            return;
        }
        if let Err(error) = self.put_due_back() {
            let text = format!("cannot be put back now: {error}");
            self.notice(NoticeKind::Failed, &self.deferred, text);
        }
    }

    /// Puts the messages back into `incoming` whose time has come; says how many.
    pub(crate) fn put_due_back(&self) -> Result<usize, Error> {
        self.state().last_due = Some(Instant::now());
        let mut back = 0;
        for due in self.due_directories()?.iter().take_while(|due| due.has_come()) {
            back += self.empty_due(&due.dir)?;
        }
        Ok(back)
    }

    /// Puts all messages of one directory back into `incoming` and removes it.
    pub(crate) fn empty_due(&self, dir: &Path) -> Result<usize, Error> {
        let mut names: Vec<OsString> = Vec::new();
        let mut see = |name: &OsStr| {
            names.push(name.to_owned());
            ControlFlow::Continue(())
        };
        self.list_present(dir, &mut see)?;
        let mut back = 0;
        for name in &names {
            let path = dir.join(name);
            let is_file = self.fs.inspect(&path).is_ok_and(|meta| meta.kind == EntryKind::File);
            let valid = name.to_str().and_then(|n| MessageName::parse(n).ok());
            match valid.filter(|_| is_file && !is_hidden(name)) {
                Some(name) => back += usize::from(self.move_within(dir, &self.incoming, &name)?.is_some()),
                None if self.is_absent(&path) => {}
                None => self.notice(NoticeKind::Skipped, path, "is no message and was left where it is"),
            }
        }
        if back > 0 {
            self.sync_directories(&[(Site::DueIncoming, &self.incoming)])?;
            self.sync_present(&[(Site::DueSource, dir)])?;
        }
        // Best effort: not empty because of something that is no message, or removed by another consumer.
        let _ = self.fs.remove_directory(dir);
        Ok(back)
    }
}
