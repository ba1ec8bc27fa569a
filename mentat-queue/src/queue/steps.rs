//! The steps that all operations are made of: making, listing, moving, syncing.

use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::fs::Fs;
use crate::fs::site::Site;
use crate::name::MessageName;

use super::Inner;

/// How many `.N` names are tried before a collision counts as an error.
pub(crate) const MAX_NUMBER: u32 = 10_000;

/// Why a message could not be moved.
#[derive(Debug)]
pub(crate) enum MoveError {
    /// The source is gone; the destination is not the problem.
    Vanished,
    OtherDevice,
    Other(Error),
}

/// Makes `path` and its missing parents; notes the directories that got a new entry.
pub(crate) fn make_directories(fs: &dyn Fs, path: &Path, mode: u32, changed: &mut Vec<PathBuf>) -> Result<(), Error> {
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

impl Inner {
    /// Makes the names in these directories durable, and in those whose last sync failed.
    pub(crate) fn sync_directories(&self, directories: &[(Site, &Path)]) -> Result<(), Error> {
        if !self.syncs() {
            return Ok(());
        }
        let failed = std::mem::take(&mut self.state().unsynced);
        // Callers pass destinations before sources; the order is kept, since a move must be known to have arrived
        // before its source is known to be gone.
        let asked = directories
            .iter()
            .map(|(site, directory)| (*site, directory.to_path_buf()));
        let mut due: Vec<(Site, PathBuf)> = asked.collect();
        for directory in failed {
            if due.iter().all(|(_, asked)| *asked != directory) {
                due.push((Site::Repeated, directory));
            }
        }
        for (done, (site, directory)) in due.iter().enumerate() {
            match self.fs.sync_directory(directory, *site) {
                Ok(()) => {}
                // Removed since its sync failed, by somebody who saw to what was in it.
                Err(e) if e.kind() == io::ErrorKind::NotFound && *site == Site::Repeated => {}
                Err(e) => {
                    self.state()
                        .unsynced
                        .extend(due.iter().skip(done).map(|(_, left)| left.clone()));
                    return Err(Error::io("sync directory", directory, e));
                }
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
                Err(e) if e.kind() == io::ErrorKind::NotFound && self.had_vanished(&source, to) => {
                    return Err(MoveError::Vanished);
                }
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices => return Err(MoveError::OtherDevice),
                Err(e) => return Err(MoveError::Other(Error::rename(&source, &target, e))),
            }
        }
        let taken = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(MoveError::Other(Error::rename(&source, &to.join(name.as_ref()), taken)))
    }

    /// [`move_new`](Self::move_new) between directories of this queue; `None` if the message has vanished.
    pub(crate) fn move_within(&self, from: &Path, to: &Path, name: &MessageName) -> Result<Option<MessageName>, Error> {
        match self.move_new(from, to, name) {
            Ok(new) => Ok(Some(new)),
            Err(MoveError::Vanished) => Ok(None),
            Err(MoveError::Other(error)) => Err(error),
            Err(MoveError::OtherDevice) => {
                let cause = io::ErrorKind::CrossesDevices.into();
                Err(Error::rename(&from.join(name.as_ref()), to, cause))
            }
        }
    }

    /// Makes a directory of this queue with its parents, durably.
    pub(crate) fn ensure_directory(&self, path: &Path) -> Result<(), Error> {
        make_directories(self.fs.as_ref(), path, self.options.directory_mode, &mut Vec::new())?;
        // Even if they were there: whoever made them may not have come as far as this.
        let parents = path.ancestors().skip(1).take_while(|dir| dir.starts_with(&self.dir));
        let mut parents: Vec<_> = parents.map(|dir| (Site::NewParent, dir)).collect();
        parents.reverse();
        self.sync_directories(&parents)
    }

    /// Shows the names in a directory; one that is not there is as good as empty.
    pub(crate) fn list_present(&self, dir: &Path, see: &mut dyn FnMut(&OsStr) -> ControlFlow<()>) -> Result<(), Error> {
        match self.fs.list(dir, see) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("list", dir, e)),
            _ => Ok(()),
        }
    }

    /// Whether a move that found nothing lacked its source, and not the directory it goes to. That the source is there
    /// now proves nothing: a message that was claimed at that moment may have been given back since.
    pub(crate) fn had_vanished(&self, source: &Path, to: &Path) -> bool {
        self.is_absent(source) || !self.is_absent(to)
    }

    pub(crate) fn is_absent(&self, path: &Path) -> bool {
        self.fs
            .inspect(path)
            .is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    }
}
