//! Which files an operation is about.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::fs::{EntryKind, Meta, is_hidden};
use crate::name::MessageName;
use crate::queue::status::Failed;
use crate::queue::{Inner, SIDECAR};
use crate::{Error, Which};

use super::listing::Place;

/// A message that an operation has chosen.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) dir: PathBuf,
    pub(crate) name: MessageName,
    pub(crate) meta: Meta,
}

impl Inner {
    /// The directory of a place.
    pub(crate) fn place(&self, place: Place) -> PathBuf {
        self.dir.join(place.as_str())
    }

    /// The directories that messages of a place lie in.
    pub(crate) fn directories(&self, place: Place) -> Result<Vec<PathBuf>, Error> {
        match place {
            Place::Pending => self.claim_directories(),
            Place::Deferred => Ok(self.due_directories()?.into_iter().map(|due| due.dir).collect()),
            _ => Ok(vec![self.place(place)]),
        }
    }

    /// The messages meant, and the names that are not there.
    pub(crate) fn choose(&self, place: Place, which: &Which<'_>) -> Result<(Vec<Chosen>, Vec<MessageName>), Error> {
        match which {
            Which::Names(names) => self.named(place, names),
            Which::All => Ok((self.messages(place)?, Vec::new())),
            Which::Reason(text) if place == Place::Errors => {
                let mut names = self.failed()?;
                names.retain(|failed| failed.matches(text));
                let names: Vec<MessageName> = names.into_iter().map(|failed| failed.name).collect();
                self.named(place, &names)
            }
            Which::Reason(_) => Err(Error::misuse(
                "choose messages of",
                &self.place(place),
                "only rejected messages have a reason",
            )),
        }
    }

    fn named(&self, place: Place, names: &[MessageName]) -> Result<(Vec<Chosen>, Vec<MessageName>), Error> {
        let (mut chosen, mut missing) = (Vec::new(), Vec::new());
        let dirs = self.directories(place)?;
        let names: BTreeSet<&MessageName> = names.iter().collect();
        for name in names {
            // Asked for by name, a sidecar is none of the messages either.
            if place == Place::Errors && self.is_sidecar(name) {
                missing.push(name.clone());
                continue;
            }
            let before = chosen.len();
            for dir in &dirs {
                chosen.extend(self.message(dir, name)?);
            }
            if chosen.len() == before {
                missing.push(name.clone());
            }
        }
        Ok((chosen, missing))
    }

    /// Whether this name in `errors` is that of a sidecar: a message called so has a sidecar of its own.
    fn is_sidecar(&self, name: &MessageName) -> bool {
        name.as_ref().ends_with(SIDECAR) && self.is_absent(&self.errors.join(name.suffixed(SIDECAR).as_ref()))
    }

    fn message(&self, dir: &Path, name: &MessageName) -> Result<Option<Chosen>, Error> {
        let path = dir.join(name.as_ref());
        match self.fs.inspect(&path) {
            Ok(meta) if meta.kind == EntryKind::File => Ok(Some(Chosen {
                dir: dir.to_owned(),
                name: name.clone(),
                meta,
            })),
            Ok(_) => Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io("inspect", &path, e)),
        }
    }

    /// All messages of a place, in no order: regular files with a name that consumers take.
    pub(crate) fn messages(&self, place: Place) -> Result<Vec<Chosen>, Error> {
        let mut found = Vec::new();
        for dir in self.directories(place)? {
            let mut names = Vec::new();
            let mut see = |name: &OsStr| {
                names.extend(Some(name.to_owned()).filter(|_| !is_hidden(name)));
                ControlFlow::Continue(())
            };
            if place == Place::Errors {
                names = self.rejected()?;
            } else {
                self.list_present(&dir, &mut see)?;
            }
            for name in &names {
                let valid = name.to_str().and_then(|n| MessageName::parse(n).ok());
                if let Some(name) = valid {
                    found.extend(self.message(&dir, &name)?);
                }
            }
        }
        Ok(found)
    }
}

impl Failed {
    fn matches(&self, text: &str) -> bool {
        self.reason()
            .is_some_and(|(code, error)| format!("{code}: {error}").contains(text))
    }
}
