//! Recovery: claims of dead owners come back, abandoned files of `tmp` are tidied away.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::fs::site::Site;
use crate::fs::{EntryKind, Meta};
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Error, Reason};

use super::instance::{LOCK, own};
use super::{Inner, Queue};

/// How often claiming looks for dead owners.
const INTERVAL: Duration = Duration::from_secs(60);

/// Messages counted up together. Should the recovery itself die, this many at most are counted once too often.
const GROUP: usize = 32;

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
    /// Deferred messages whose time has come, back in `incoming`.
    pub due: usize,
}

impl Queue {
    /// Takes back the claims of dead owners and deferred messages that are due, and tidies `tmp`.
    /// [`claim`](Self::claim) does this by itself.
    ///
    /// An owner is dead when its lock can be taken. Its messages return to `incoming` with their time unchanged, and
    /// each counts one attempt more; after [`max_recoveries`](crate::Options::max_recoveries) of them a message goes
    /// to `errors` as `too-many-recoveries`. Files of `tmp` that were not touched for
    /// [`orphan_age`](crate::Options::orphan_age) are removed if they are half-written or this crate's own work, and
    /// otherwise go to `errors` as `orphaned-tmp`. Files directly in `pending` belong to other programs and stay, see
    /// [`Operator::recover_flat`](crate::Operator::recover_flat).
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
        done.due = inner.put_due_back()?;
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
        self.put_due_back_in_time();
        let stranded = std::mem::take(&mut self.state().stranded);
        for (home, name) in stranded {
            self.put_back(&home, &name);
        }
    }

    pub(crate) fn recover_instance(&self, dir: &Path, done: &mut Recovery) -> Result<(), Error> {
        let fail = |e: io::Error| Error::io("take over", dir, e);
        let lock = match own(self.fs.as_ref(), dir, Some(self.options.file_mode)) {
            Ok(Some(lock)) => lock,
            // Alive, or being recovered by somebody else, or gone meanwhile.
            Ok(None) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(fail(e)),
        };
        let mut names: Vec<OsString> = Vec::new();
        let mut see = |name: &OsStr| {
            if name != LOCK {
                names.push(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        self.fs.list(dir, &mut see).map_err(fail)?;
        let left = self.take_back(dir, &names, done)?;
        if left == 0 {
            self.fs.remove(&dir.join(LOCK)).map_err(fail)?;
            self.fs.remove_directory(dir).map_err(fail)?;
            done.instances += 1;
        }
        drop(lock);
        Ok(())
    }

    /// Takes these entries of a directory back; says how many are no messages and stay.
    pub(crate) fn take_back(&self, dir: &Path, names: &[OsString], done: &mut Recovery) -> Result<usize, Error> {
        let mut left = 0;
        for group in names.chunks(GROUP) {
            let mut back: Vec<(MessageName, u32)> = Vec::new();
            for name in group {
                let path = dir.join(name);
                let size = match self.fs.inspect(&path) {
                    Ok(Meta {
                        kind: EntryKind::File,
                        size,
                        ..
                    }) => Some(size),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                    _ => None,
                };
                let valid = name.to_str().and_then(|n| MessageName::parse(n).ok());
                let (Some(size), Some(name)) = (size, valid.filter(|n| !n.is_hidden())) else {
                    left += 1;
                    let text = "is no message; it keeps this directory from being removed";
                    self.notice(NoticeKind::Skipped, path, text);
                    continue;
                };
                let attempts = self.read_attempts(&name).saturating_add(1);
                if attempts > self.options.max_recoveries {
                    self.quarantine(dir, &name, attempts, size)?;
                    done.quarantined += 1;
                } else {
                    back.push((name, attempts));
                }
            }
            done.recovered += self.put_back_counted(dir, &back)?;
        }
        Ok(left)
    }

    fn quarantine(&self, dir: &Path, name: &MessageName, attempts: u32, size: u64) -> Result<(), Error> {
        let text = format!("its owners died {attempts} times");
        let reason = Reason::new("too-many-recoveries", text.clone());
        self.banish(dir, name, &reason, attempts, size)?;
        self.count(|c| c.quarantined += 1);
        let path = dir.join(name.as_ref());
        self.notice(NoticeKind::Quarantined, path, format!("went to errors: {text}"));
        Ok(())
    }

    fn put_back_counted(&self, dir: &Path, messages: &[(MessageName, u32)]) -> Result<usize, Error> {
        if messages.is_empty() {
            return Ok(0);
        }
        // Counted before the message is back: another consumer may claim it and die at once.
        let counts: Vec<(&MessageName, u32)> = messages.iter().map(|(name, attempts)| (name, *attempts)).collect();
        self.write_attempts(&counts)?;
        let mut recovered = 0;
        for (name, attempts) in counts {
            let Some(back) = self.move_within(dir, &self.incoming, name)? else {
                continue;
            };
            if back != *name {
                self.write_attempts(&[(&back, attempts)])?;
            }
            recovered += 1;
            self.count(|c| c.recovered += 1);
            let max = self.options.max_recoveries;
            let text = format!("was taken back from a dead owner, time {attempts} of {max}");
            self.notice(NoticeKind::Recovered, dir.join(name.as_ref()), text);
        }
        self.sync_directories(&[(Site::RecoverIncoming, &self.incoming), (Site::RecoverSource, dir)])?;
        Ok(recovered)
    }
}
