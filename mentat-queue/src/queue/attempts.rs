//! How many owners of a message have died: one small file each in `pending/.attempts`.
//!
//! A counter is written, synced and known to be there before its message is anybody's to claim, so that neither the end
//! of a process nor a power cut makes a message that kills its consumers look harmless again.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::path::PathBuf;

use crate::Error;
use crate::fs::Contents;
use crate::fs::site::Site;
use crate::name::MessageName;

use super::Inner;
use super::publish::Draft;

/// The size of a counter file that can be one of ours.
const COUNTER_BYTES: u64 = 20;

impl Inner {
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

    /// Sets counters, durably.
    pub(crate) fn write_attempts(&self, counts: &[(&MessageName, u32)]) -> Result<(), Error> {
        if counts.is_empty() {
            return Ok(());
        }
        self.ensure_directory(&self.attempts)?;
        let texts: Vec<String> = counts.iter().map(|(_, count)| count.to_string()).collect();
        let drafts: Vec<Draft<'_>> = texts.iter().map(|text| (text.as_bytes(), None)).collect();
        for ((name, _), staged) in counts.iter().zip(self.stage(&drafts, Site::AttemptsFile)?) {
            let path = self.attempts.join(name.as_ref());
            staged.replace(&path).map_err(|e| Error::rename(&self.tmp, &path, e))?;
        }
        self.sync_directories(&[(Site::AttemptsDirectory, &self.attempts)])
    }

    pub(crate) fn clear_attempts(&self, name: &MessageName, attempts: u32) {
        if attempts > 0 {
            // Best effort: a counter that stays is swept later.
            let _ = self.fs.remove(&self.attempts.join(name.as_ref()));
        }
    }

    /// Counters of messages that are nowhere any more, untouched for long enough that none of them is on its way.
    pub(crate) fn leftover_attempts(&self) -> Result<Vec<OsString>, Error> {
        let mut old: Vec<OsString> = Vec::new();
        let mut see = |name: &OsStr| {
            let meta = self.fs.inspect(&self.attempts.join(name));
            if meta.is_ok_and(|meta| self.is_orphaned(&meta)) {
                old.push(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        // There is no such directory as long as nobody has died.
        if self.fs.list(&self.attempts, &mut see).is_err() || old.is_empty() {
            return Ok(Vec::new());
        }
        let mut places = vec![self.incoming.clone(), self.hold.clone()];
        places.extend(self.due_directories()?.into_iter().map(|due| due.dir));
        places.extend(self.claim_directories()?);
        let unused = |name: &OsString| places.iter().all(|dir: &PathBuf| self.is_absent(&dir.join(name)));
        old.retain(unused);
        Ok(old)
    }

    /// Removes counters of messages that are gone.
    pub(crate) fn sweep_attempts(&self) {
        for name in self.leftover_attempts().unwrap_or_default() {
            let _ = self.fs.remove(&self.attempts.join(&name));
        }
    }
}
