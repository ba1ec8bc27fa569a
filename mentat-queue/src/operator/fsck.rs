//! Finding, explaining and repairing what is not as it should be in a queue.

use std::fmt;
use std::path::PathBuf;

use crate::Error;

use super::Operator;
use look::Look;

mod access;
mod entries;
mod look;
mod repair;

/// A repair can bring to light what it has to repair next: a file taken back from a dead owner may be empty.
const ROUNDS: usize = 5;

/// Something in a queue that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of fault it is.
    pub fault: Fault,
    /// The file or directory.
    pub path: PathBuf,
    /// What it is, how it may have come about and what follows from it.
    pub text: String,
    /// What can be done, or was done.
    pub repair: Repair,
}

impl Finding {
    /// Whether something is still wrong: neither repaired nor merely worth knowing.
    #[must_use]
    pub fn remains(&self) -> bool {
        !matches!(self.repair, Repair::NotNeeded | Repair::Done(_))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {} ({})",
            self.path.display(),
            self.fault,
            self.text,
            self.repair
        )
    }
}

/// What can be done about a [`Finding`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repair {
    /// Nothing has to be: it is harmless, or it passes by itself.
    NotNeeded,
    /// A person has to decide.
    ByHand,
    /// A repair would do this.
    Possible(String),
    /// This was done.
    Done(String),
    /// The repair did not succeed.
    Failed(String),
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNeeded => f.write_str("nothing has to be done"),
            Self::ByHand => f.write_str("to be decided by a person"),
            Self::Possible(what) => write!(f, "repair: {what}"),
            Self::Done(what) => write!(f, "repaired: {what}"),
            Self::Failed(why) => write!(f, "not repaired: {why}"),
        }
    }
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A directory that every queue has is not there.
    MissingDirectory,
    /// Something else is where a directory should be.
    NotADirectory,
    /// A directory is on another file system, so that moves into it are no renames.
    OtherFileSystem,
    /// A directory's permissions keep its owner out or let everybody in.
    DirectoryMode,
    /// A directory has another owner or group than the queue.
    DirectoryOwner,
    /// A message that the owner of the queue may not read.
    Unreadable,
    /// A claim of another program, probably left behind by one that died.
    FlatClaim,
    /// A consumer has died and nobody has taken its claims back yet.
    DeadOwner,
    /// A file in `tmp` that nobody writes any more.
    StaleTmp,
    /// A name that starts with a dot, which consumers pass over.
    Hidden,
    /// A directory, link, fifo, socket or device where a message should be.
    NotRegular,
    /// A name that is no valid UTF-8.
    BadName,
    /// A file without contents.
    Empty,
    /// A sidecar without its message.
    OrphanSidecar,
    /// A rejected message without its sidecar.
    NoSidecar,
    /// A count of attempts of a message that is gone.
    LeftoverAttempts,
    /// A deferred message whose time has passed and that nobody has brought back.
    Overdue,
    /// A file in `deferred` that has no time to come back.
    NoDueTime,
    /// A message of the same name is in another place of the queue.
    SameName,
    /// Names that differ only in capital and small letters.
    SimilarName,
}

impl Fault {
    /// A short name that never changes between releases.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingDirectory => "missing-directory",
            Self::NotADirectory => "not-a-directory",
            Self::OtherFileSystem => "other-file-system",
            Self::DirectoryMode => "directory-mode",
            Self::DirectoryOwner => "directory-owner",
            Self::Unreadable => "unreadable",
            Self::FlatClaim => "flat-claim",
            Self::DeadOwner => "dead-owner",
            Self::StaleTmp => "stale-tmp",
            Self::Hidden => "hidden",
            Self::NotRegular => "not-regular",
            Self::BadName => "bad-name",
            Self::Empty => "empty",
            Self::OrphanSidecar => "orphan-sidecar",
            Self::NoSidecar => "no-sidecar",
            Self::LeftoverAttempts => "leftover-attempts",
            Self::Overdue => "overdue",
            Self::NoDueTime => "no-due-time",
            Self::SameName => "same-name",
            Self::SimilarName => "similar-name",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Operator {
    /// Finds what is not as it should be and, if `repair` is set, repairs what can be repaired without losing anything.
    ///
    /// Works on a live queue. What may be somebody's work in progress counts as left behind when it was untouched for
    /// [`orphan_age`](crate::Options::orphan_age); until then it is listed as harmless or not at all. After a repair,
    /// a second one finds only what a person has to decide. The findings are ordered by kind and path.
    ///
    /// # Errors
    ///
    /// If a directory cannot be read. A repair that fails becomes part of its finding.
    pub fn fsck(&self, repair: bool) -> Result<Vec<Finding>, Error> {
        let (mut done, mut failed): (Vec<Finding>, Vec<Finding>) = (Vec::new(), Vec::new());
        for round in 0.. {
            let (mut rest, mut todo) = (Vec::new(), Vec::new());
            for (finding, remedy) in Look::at(&self.inner)? {
                let again = |f: &Finding| f.fault == finding.fault && f.path == finding.path;
                match remedy.filter(|_| repair && round < ROUNDS) {
                    _ if failed.iter().any(again) => {}
                    Some(remedy) => todo.push((finding, remedy)),
                    None => rest.push(finding),
                }
            }
            if todo.is_empty() {
                done.append(&mut rest);
                break;
            }
            for (mut finding, remedy) in todo {
                let result = self.inner.apply(&remedy);
                let list = if result.is_ok() { &mut done } else { &mut failed };
                finding.repair = result.map_or_else(|error| Repair::Failed(error.to_string()), Repair::Done);
                list.push(finding);
            }
        }
        if repair {
            // For the sake of a repeated call: a sync that failed is made up for.
            self.inner.sync_directories(&[])?;
        }
        done.append(&mut failed);
        done.sort_by(|a, b| (a.fault, &a.path).cmp(&(b.fault, &b.path)));
        Ok(done)
    }
}
