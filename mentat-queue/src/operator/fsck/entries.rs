//! What is not as it should be: single messages and their sidecars.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::fs::{EntryKind, Meta, is_hidden};
use crate::name::MessageName;
use crate::queue::SIDECAR;
use crate::queue::instance::{LOCK, parse};
use crate::reason::read::members;
use crate::{Error, Fault};

use super::access::may_read;
use super::look::Look;
use super::repair::Remedy;

impl Look<'_> {
    pub(super) fn entries(&mut self) -> Result<(), Error> {
        let mut seen: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for dir in self.places()? {
            let mut similar: BTreeMap<String, OsString> = BTreeMap::new();
            for (name, meta) in self.list(&dir)? {
                if !self.is_message(&dir, &name, &meta) {
                    continue;
                }
                let path = dir.join(&name);
                if meta.size == 0 && (dir == self.inner.incoming || dir == self.inner.hold) {
                    self.empty(&dir, &name);
                }
                if let Some(other) = seen.get(&name) {
                    let text = format!(
                        "is also the name of {}; one of them waits for the other",
                        other.display()
                    );
                    self.harmless(Fault::SameName, &path, text);
                }
                let folded = name.to_string_lossy().to_lowercase();
                if let Some(other) = similar.get(&folded) {
                    let other = other.to_string_lossy();
                    let text = format!(
                        "differs from {other} in nothing but capital letters, which not all systems tell apart"
                    );
                    self.harmless(Fault::SimilarName, &path, text);
                }
                similar.insert(folded, name.clone());
                seen.insert(name, path);
            }
        }
        self.errors()
    }

    /// Whether an entry is a message; if not, what it is was found.
    fn is_message(&mut self, dir: &Path, name: &OsStr, meta: &Meta) -> bool {
        let path = dir.join(name);
        let in_pending = dir == self.inner.pending;
        let expected = match name.to_str() {
            Some(".attempts") => in_pending,
            Some(LOCK) => !in_pending && dir.starts_with(&self.inner.pending),
            Some(name) => in_pending && meta.kind == EntryKind::Directory && parse(name).is_some(),
            None => false,
        };
        if expected {
            return false;
        }
        if meta.kind != EntryKind::File {
            let text = format!("is {}, which consumers leave alone", meta.kind.describe());
            self.fault(Fault::NotRegular, &path, text, None);
        } else if is_hidden(name) {
            let text = "has a name that starts with a dot, which consumers leave alone";
            self.fault(Fault::Hidden, &path, text, None);
        } else if name.to_str().is_none() {
            let text = "has a name that is no valid UTF-8, which consumers leave alone";
            self.fault(Fault::BadName, &path, text, None);
        } else {
            if !may_read(meta, &self.queue) {
                let text = format!(
                    "belongs to {}:{} with mode {:o}, so that the owner of the queue may not read it",
                    meta.user, meta.group, meta.mode
                );
                self.fault(Fault::Unreadable, &path, text, None);
            }
            return true;
        }
        false
    }

    fn empty(&mut self, dir: &Path, name: &OsStr) {
        let name = name.to_str().and_then(|n| MessageName::parse(n).ok());
        let path = dir.join(name.as_ref().map_or("", |n| n.as_ref()));
        let remedy = name.map(|name| Remedy::Reject {
            dir: dir.to_owned(),
            name,
        });
        let text = "is empty, as a producer that does not sync leaves it after a power cut";
        self.fault(Fault::Empty, &path, text, remedy);
    }

    fn errors(&mut self) -> Result<(), Error> {
        let dir = self.inner.errors.clone();
        let rejected: BTreeSet<OsString> = self.inner.rejected()?.into_iter().collect();
        let entries = self.list(&dir)?;
        let names: BTreeSet<&OsString> = entries.iter().map(|(name, _)| name).collect();
        for (name, meta) in &entries {
            let path = dir.join(name);
            if is_hidden(name) || rejected.contains(name) {
                if self.is_message(&dir, name, meta)
                    && !names.contains(&with_suffix(name))
                    && let Some(valid) = name.to_str().and_then(|n| MessageName::parse(n).ok())
                {
                    // A name so long that its sidecar's would have to be a shorter one gets none.
                    let fits = valid.with_room_for(SIDECAR) == valid;
                    let remedy = fits.then_some(Remedy::WriteSidecar(valid, meta.size));
                    let text = "was rejected without a word, as programs do that write no sidecars";
                    self.fault(Fault::NoSidecar, &path, text, remedy);
                }
            } else if message_of(name).is_some_and(|message| names.contains(&message)) {
                // The sidecar of a message that is there.
            } else if meta.kind != EntryKind::File {
                self.fault(Fault::NotRegular, &path, format!("is {}", meta.kind.describe()), None);
            } else if !self.inner.is_orphaned(meta) {
                let text = "is a sidecar whose message is not there, perhaps not there yet";
                self.harmless(Fault::OrphanSidecar, &path, text);
            } else if self.is_sidecar(name) {
                let text = "is a sidecar whose message is not there any more";
                self.fault(Fault::OrphanSidecar, &path, text, Some(Remedy::Remove(path.clone())));
            } else {
                let text = "is called like a sidecar but does not read like one: perhaps a message";
                self.fault(Fault::OrphanSidecar, &path, text, None);
            }
        }
        Ok(())
    }

    fn is_sidecar(&self, name: &OsStr) -> bool {
        let message = message_of(name).and_then(|n| MessageName::parse(n.to_str()?).ok());
        let text = message.and_then(|message| self.inner.sidecar(&message));
        text.is_some_and(|text| members(&text).is_some())
    }
}

fn message_of(sidecar: &OsStr) -> Option<OsString> {
    let message = sidecar.as_bytes().strip_suffix(SIDECAR.as_bytes())?;
    Some(OsStr::from_bytes(message).to_owned())
}

fn with_suffix(name: &OsStr) -> OsString {
    OsStr::from_bytes(&[name.as_bytes(), SIDECAR.as_bytes()].concat()).to_owned()
}
