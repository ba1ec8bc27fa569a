//! The tree of a demo.

use super::state::Input;
use crate::daemons::{Kind, disposition_log};
use crate::exit::{Code, Failure};
use crate::figures::Places;
use crate::paths::Tree;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Files that every demo begins with; once there, they are the user's.
const FILES: &[(&str, &str)] = &[
    ("etc/mentat/mentat-inspector.conf", include_str!("files/inspector.conf")),
    (
        "etc/mentat/inspector-own-input.conf",
        include_str!("files/inspector-own-input.conf"),
    ),
    ("etc/mentat/mentat-enricher.conf", include_str!("files/enricher.conf")),
    ("etc/mentat/mentat-storage.conf", include_str!("files/storage.conf")),
    ("etc/mentat/networks.json", include_str!("files/networks.json")),
];

/// A tree with everything a demo needs, ours alone while this lives.
pub(super) struct Layout {
    pub(super) tree: Tree,
    own_input: bool,
    _lock: File,
}

impl Layout {
    pub(super) fn make(dir: &Path, input: &Input) -> Result<Self, Failure> {
        let failed = |doing, path: &Path, error: &io::Error| Failure::io(doing, path, error);
        fs::create_dir_all(dir).map_err(|error| failed("make", dir, &error))?;
        let dir = fs::canonicalize(dir).map_err(|error| failed("use", dir, &error))?;
        let path = dir.join("demo.lock");
        let lock = File::create(&path).map_err(|error| failed("write", &path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("another demo is at work in {}; choose another --dir", dir.display());
                return Err(Failure::new(Code::Temporary, text));
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path, &error)),
        }
        for (name, text) in FILES {
            let path = dir.join(name);
            let parent = path.parent().unwrap_or(&dir);
            fs::create_dir_all(parent).map_err(|error| failed("make", parent, &error))?;
            match File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(failed("write", &path, &error));
                }
                _ => {}
            }
        }
        let tree = Tree::new(dir);
        for dir in [tree.log(), tree.spool()] {
            fs::create_dir_all(&dir).map_err(|error| failed("make", &dir, &error))?;
        }
        Ok(Self {
            tree,
            own_input: matches!(input, Input::File { .. }),
            _lock: lock,
        })
    }

    pub(super) fn state_file(&self) -> PathBuf {
        self.tree.root().join("demo.json")
    }

    pub(super) fn first_queue(&self) -> PathBuf {
        self.tree.spool().join(Kind::Inspector.program())
    }

    /// The configuration file of a daemon.
    pub(super) fn config(&self, kind: Kind) -> PathBuf {
        let name = match kind {
            Kind::Inspector if self.own_input => "inspector-own-input.conf".to_owned(),
            _ => format!("{}.conf", kind.program()),
        };
        self.tree.config().join(name)
    }

    /// Where messages of this demo can be.
    pub(super) fn places(&self) -> Places {
        let programs = Kind::ALL.map(Kind::program);
        Places {
            spool: self.tree.spool(),
            chain: programs.iter().map(|name| self.tree.spool().join(name)).collect(),
            logs: programs.iter().map(|name| disposition_log(&self.tree, name)).collect(),
        }
    }
}
