//! The janitor of `tmp`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::ControlFlow;
use std::time::SystemTime;

use crate::fs::{Contents, EntryKind, Meta, is_hidden};
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Error, Reason};

use super::Inner;
use super::instance::parse;
use super::recover::Recovery;

impl Inner {
    pub(crate) fn tidy_tmp(&self, done: &mut Recovery) -> Result<(), Error> {
        let mut old: Vec<OsString> = Vec::new();
        let mut see = |name: &OsStr| {
            match self.fs.inspect(&self.tmp.join(name)) {
                Ok(meta) if meta.kind == EntryKind::File && self.is_orphaned(&meta) => old.push(name.to_owned()),
                _ => {}
            }
            ControlFlow::Continue(())
        };
        self.fs
            .list(&self.tmp, &mut see)
            .map_err(|e| Error::io("list", &self.tmp, e))?;
        for name in &old {
            match self.tidy(name) {
                Ok(tidied) => done.tidied += usize::from(tidied),
                Err(error) => {
                    let path = self.tmp.join(name);
                    self.notice(NoticeKind::Failed, path, format!("cannot be tidied away now: {error}"));
                }
            }
        }
        Ok(())
    }

    pub(crate) fn tidy(&self, name: &OsStr) -> Result<bool, Error> {
        let path = self.tmp.join(name);
        let valid = name.to_str().and_then(|n| MessageName::parse(n).ok());
        let Some(valid) = valid.filter(|_| !is_hidden(name)) else {
            self.notice(
                NoticeKind::Skipped,
                path,
                "is abandoned, but has no name a message can have; it was left",
            );
            return Ok(false);
        };
        let (whole, size) = match self.fs.read(&path, self.options.max_message_bytes) {
            Ok(Contents::Bytes(bytes, meta)) => ((self.options.is_whole)(&bytes), meta.size),
            Ok(Contents::TooLarge(meta)) => (true, meta.size),
            Ok(Contents::NotRegular(_)) => return Ok(false),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(_) => (true, 0),
        };
        // What this crate leaves here was never promised to anybody, or its original is still claimed.
        if is_own_tmp(valid.as_ref()) || !whole {
            self.fs.remove(&path).map_err(|e| Error::io("remove", &path, e))?;
            self.notice(
                NoticeKind::Tidied,
                path,
                "was abandoned half-written and has been removed",
            );
        } else {
            let reason = Reason::new("orphaned-tmp", "its producer never moved it to incoming");
            self.banish(&self.tmp, &valid, &reason, 0, size)?;
            self.notice(NoticeKind::Tidied, path, "was abandoned and went to errors");
        }
        Ok(true)
    }

    /// Neither written nor moved for longer than the limit. Both times count: a file's time can be set to anything.
    pub(crate) fn is_orphaned(&self, meta: &Meta) -> bool {
        let now = SystemTime::now();
        let old = |time| now.duration_since(time).is_ok_and(|age| age >= self.options.orphan_age);
        old(meta.modified) && old(meta.changed)
    }
}

/// `<host>.<pid>.<starttime>.<counter>.tmp`, see `Inner::tmp_name`.
fn is_own_tmp(name: &str) -> bool {
    let owner = name.strip_suffix(".tmp").and_then(|n| n.rsplit_once('.'));
    owner.is_some_and(|(owner, counter)| counter.parse::<u64>().is_ok() && parse(owner).is_some())
}
