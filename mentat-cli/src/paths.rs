//! Where things are.

use std::path::{Path, PathBuf};

/// The tree of one installation: everything is below its root.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// `/etc/mentat`.
    pub(crate) fn config(&self) -> PathBuf {
        self.root.join("etc/mentat")
    }

    /// `/etc/mentat/core`: files that all programs read.
    pub(crate) fn core_config(&self) -> PathBuf {
        self.config().join("core")
    }

    /// `/var/mentat`.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("var/mentat")
    }

    /// `/var/mentat/spool`: the queues.
    pub(crate) fn spool(&self) -> PathBuf {
        self.state().join("spool")
    }

    /// `/var/mentat/log`.
    pub(crate) fn log(&self) -> PathBuf {
        self.state().join("log")
    }

    /// `/var/mentat/postgresql`: the private database.
    pub(crate) fn database(&self) -> PathBuf {
        self.state().join("postgresql")
    }
}
