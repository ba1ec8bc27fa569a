//! What a repair does: nothing that could lose a message.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::fs::site::Site;
use crate::name::MessageName;
use crate::queue::recover::Recovery;
use crate::queue::{Inner, SIDECAR};
use crate::reason::Facts;
use crate::{Error, Reason};

/// How a fault is repaired.
#[derive(Debug)]
pub(super) enum Remedy {
    MakeDirectory(PathBuf),
    /// Takes back the claims of a dead consumer.
    Recover(PathBuf),
    /// Takes back a plain file of `pending`.
    TakeBack(OsString),
    /// Tidies a file of `tmp` away.
    Tidy(OsString),
    Remove(PathBuf),
    /// Brings back what is due in a directory of `deferred`.
    BringBack(PathBuf),
    /// Moves a file of `deferred` itself to `incoming`.
    Requeue(MessageName),
    /// Moves an empty message to `errors`.
    Reject {
        dir: PathBuf,
        name: MessageName,
    },
    WriteSidecar(MessageName, u64),
}

impl Remedy {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::MakeDirectory(_) => "make it",
            Self::Recover(_) => "take its claims back",
            Self::TakeBack(_) => "move it back to incoming",
            Self::Tidy(_) => "remove it if it is half-written, else move it to errors",
            Self::Remove(_) => "remove it",
            Self::BringBack(_) | Self::Requeue(_) => "move it to incoming",
            Self::Reject { .. } => "move it to errors",
            Self::WriteSidecar(..) => "write a sidecar that says so",
        }
        .to_owned()
    }
}

impl Inner {
    /// Applies a remedy and says what was done.
    pub(super) fn apply(&self, remedy: &Remedy) -> Result<String, Error> {
        match remedy {
            Remedy::MakeDirectory(path) => {
                self.ensure_directory(path)?;
                Ok(format!("made with mode {:o}", self.options.directory_mode))
            }
            Remedy::Recover(dir) => {
                let mut done = Recovery::default();
                self.recover_instance(dir, &mut done)?;
                self.is_gone(dir)?;
                Ok(taken_back(&done))
            }
            Remedy::TakeBack(name) => {
                let mut done = Recovery::default();
                self.take_back(&self.pending, std::slice::from_ref(name), &mut done)?;
                Ok(taken_back(&done))
            }
            Remedy::Tidy(name) => {
                self.tidy(name)?;
                let moved = !self.is_absent(&self.errors.join(name));
                Ok(if moved { "moved to errors" } else { "removed" }.to_owned())
            }
            Remedy::Remove(path) => {
                self.remove_present(path)?;
                let parent: Vec<_> = path
                    .parent()
                    .into_iter()
                    .map(|dir| (Site::RepairRemoved, dir))
                    .collect();
                self.sync_directories(&parent)?;
                Ok("removed".to_owned())
            }
            Remedy::BringBack(dir) => {
                let back = self.empty_due(dir)?;
                self.is_gone(dir)?;
                Ok(format!("{back} moved to incoming"))
            }
            Remedy::Requeue(name) => {
                let now = self.move_within(&self.deferred, &self.incoming, name)?;
                self.sync_directories(&[
                    (Site::RequeueIncoming, &self.incoming),
                    (Site::RequeueSource, &self.deferred),
                ])?;
                Ok(now.map_or("gone meanwhile".to_owned(), |now| format!("moved to incoming as {now}")))
            }
            Remedy::Reject { dir, name } => {
                let reason = Reason::new("empty", "the file is empty");
                self.banish(dir, name, &reason, self.read_attempts(name), 0)?;
                Ok("moved to errors".to_owned())
            }
            Remedy::WriteSidecar(name, size) => self.write_missing_sidecar(name, *size),
        }
    }

    fn is_gone(&self, dir: &Path) -> Result<(), Error> {
        if self.is_absent(dir) {
            return Ok(());
        }
        Err(Error::misuse("remove", dir, "something in it is no message"))
    }

    fn write_missing_sidecar(&self, name: &MessageName, size: u64) -> Result<String, Error> {
        let reason = Reason::new("unknown", "was found in errors without a reason");
        let facts = Facts {
            time: SystemTime::now(),
            queue: &self.dir.to_string_lossy(),
            name: name.as_ref(),
            attempts: self.read_attempts(name),
            size,
        };
        let path = self.errors.join(name.suffixed(SIDECAR).as_ref());
        let staged = self.stage_one(&(&reason.sidecar(&facts), None), Site::SidecarFile)?;
        let written = staged.publish(&path).map_err(|e| Error::rename(&self.tmp, &path, e))?;
        self.sync_directories(&[(Site::RepairSidecar, &self.errors)])?;
        Ok(if written {
            "sidecar written"
        } else {
            "has one meanwhile"
        }
        .to_owned())
    }
}

fn taken_back(done: &Recovery) -> String {
    match (done.recovered, done.quarantined) {
        (0, 0) => "nothing was claimed; removed".to_owned(),
        (back, 0) => format!("{back} moved back to incoming"),
        (back, bad) => format!("{back} moved back to incoming, {bad} to errors"),
    }
}
