//! The way into `errors`: first the sidecar that says why, whole and durable, then the message.

use std::path::Path;
use std::time::SystemTime;

use crate::fs::site::Site;
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::reason::Facts;
use crate::{Error, Reason};

use super::steps::MAX_NUMBER;
use super::{Inner, SIDECAR};

/// A message on its way into `errors`.
pub(crate) struct Banished<'a> {
    pub(crate) from: &'a Path,
    pub(crate) name: &'a MessageName,
    pub(crate) reason: &'a Reason,
    pub(crate) attempts: u32,
    pub(crate) size: u64,
}

impl Inner {
    /// Moves one message of `from` into `errors` and makes that durable.
    pub(crate) fn banish(
        &self,
        from: &Path,
        name: &MessageName,
        reason: &Reason,
        attempts: u32,
        size: u64,
    ) -> Result<(), Error> {
        let banished = Banished {
            from,
            name,
            reason,
            attempts,
            size,
        };
        let target = self.place_sidecar(&banished)?;
        self.sync_directories(&[(Site::BanishSidecar, &self.errors)])?;
        self.move_beside(&banished, target)?;
        self.sync_directories(&[(Site::BanishErrors, &self.errors), (Site::BanishSource, from)])
    }

    /// Writes a sidecar under a name that is free for both, and says what the message has to be called.
    pub(crate) fn place_sidecar(&self, banished: &Banished<'_>) -> Result<MessageName, Error> {
        let queue = self.dir.to_string_lossy();
        for number in 0..MAX_NUMBER {
            let target = match number {
                0 => banished.name.with_room_for(SIDECAR),
                n => banished.name.with_room_for(&format!(".{n}{SIDECAR}")).numbered(n),
            };
            if !self.is_absent(&self.errors.join(target.as_ref())) {
                continue;
            }
            let facts = Facts {
                time: SystemTime::now(),
                queue: &queue,
                name: target.as_ref(),
                attempts: banished.attempts,
                size: banished.size,
            };
            let text = banished.reason.sidecar(&facts);
            let path = self.errors.join(target.suffixed(SIDECAR).as_ref());
            // A taken name may be a message called so: it is not ours to replace.
            if self
                .stage_one(&(&text, None), Site::SidecarFile)?
                .publish(&path)
                .map_err(|e| Error::rename(&self.tmp, &path, e))?
            {
                return Ok(target);
            }
        }
        let taken = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        Err(Error::rename(
            &banished.from.join(banished.name.as_ref()),
            &self.errors,
            taken,
        ))
    }

    /// Moves the message beside its sidecar; false if it has vanished.
    pub(crate) fn move_beside(&self, banished: &Banished<'_>, mut target: MessageName) -> Result<bool, Error> {
        let source = banished.from.join(banished.name.as_ref());
        loop {
            let path = self.errors.join(target.as_ref());
            match self.fs.rename_new(&source, &path) {
                Ok(()) => break,
                // Somebody else's message of this name came in between and will be read with our sidecar beside it:
                // better a doubtful reason than a lost message.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => target = self.place_sidecar(banished)?,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && self.had_vanished(&source, &self.errors) => {
                    let _ = self.fs.remove(&self.errors.join(target.suffixed(SIDECAR).as_ref()));
                    self.notice(NoticeKind::Vanished, source, "was gone when it was to be rejected");
                    return Ok(false);
                }
                Err(e) => return Err(Error::rename(&source, &path, e)),
            }
        }
        self.clear_attempts(banished.name, banished.attempts);
        Ok(true)
    }
}
