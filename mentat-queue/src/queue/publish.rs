//! Producing: write beside, sync, rename into `incoming`, sync the directory.

use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Error;
use crate::fs::site::Site;
use crate::fs::{EntryKind, Fs, Meta, NewFile, is_hidden};
use crate::name::MessageName;

use super::{Inner, Queue, instance};

/// Files written before the first of them is synced: enough to share journal commits, few enough descriptors.
const OPEN_FILES: usize = 32;

/// How often a name is tried that should be unique already.
const TRIES: u32 = 100;

/// What [`Queue::publish`] did with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is in the queue now.
    New,
    /// A message of this name was waiting, claimed, deferred, on hold or rejected already, and was left alone.
    AlreadyThere,
}

/// How many of these are new.
pub(crate) fn new(results: &[Published]) -> usize {
    results.iter().filter(|result| **result == Published::New).count()
}

/// A message to write: contents, and the time it is filed under unless that is now.
pub(crate) type Draft<'a> = (&'a [u8], Option<SystemTime>);

/// A file of `tmp` that is still to be synced.
type OpenFile = (PathBuf, Box<dyn NewFile>);

impl Queue {
    /// Puts a message into the queue under a fresh name, which is the promise that it is there to stay.
    ///
    /// # Errors
    ///
    /// Poison, if the message is empty or larger than the queue's limit; otherwise as the file system's error is
    /// classified. After an error the message is in the queue only if the very last step, the sync of the directory,
    /// is what failed.
    pub fn enqueue(&self, bytes: &[u8]) -> Result<MessageName, Error> {
        self.enqueue_all(&[bytes]).map(|mut names| names.swap_remove(0))
    }

    /// Puts several messages into the queue, in this order, at the cost of one directory sync.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue). Messages of the wrong size are found before anything is written. After another
    /// error some of the messages may be in the queue; repeating the call delivers those twice. Where that matters,
    /// use [`publish`](Self::publish).
    pub fn enqueue_all(&self, messages: &[&[u8]]) -> Result<Vec<MessageName>, Error> {
        let inner = &self.inner;
        for bytes in messages {
            inner.check_size(bytes)?;
        }
        let mut names = Vec::with_capacity(messages.len());
        for group in messages.chunks(inner.group(messages.len())) {
            let drafts: Vec<Draft<'_>> = group.iter().map(|bytes| (*bytes, None)).collect();
            for staged in inner.stage(&drafts, Site::EnqueuedFile)? {
                names.push(inner.publish_unique(staged)?);
            }
            inner.sync_directories(&[(Site::EnqueueIncoming, &inner.incoming)])?;
        }
        inner.state().room.added(names.len());
        inner.count(|c| c.enqueued += names.len() as u64);
        Ok(names)
    }

    /// Puts messages into the queue under names the caller has chosen, leaving alone what is there already.
    ///
    /// A name counts as there if it is in `incoming`, claimed by anybody, deferred, on hold, or in
    /// `errors`. So a caller that repeats
    /// itself after a crash or an error finds its copies, as long as they have not been consumed.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue); after an error the call can be repeated without making duplicates.
    pub fn publish(&self, messages: &[(&MessageName, &[u8])]) -> Result<Vec<Published>, Error> {
        let drafts: Vec<_> = messages.iter().map(|(name, bytes)| (*name, (*bytes, None))).collect();
        let results = self.inner.publish_drafts(&drafts)?;
        self.inner.count(|c| c.enqueued += new(&results) as u64);
        Ok(results)
    }
}

impl Inner {
    pub(crate) fn check_size(&self, bytes: &[u8]) -> Result<(), Error> {
        let limit = self.options.max_message_bytes;
        if bytes.is_empty() {
            Err(Error::refused("enqueue into", &self.dir, "a message cannot be empty"))
        } else if bytes.len() as u64 > limit {
            let cause = format!("a message of {} bytes is larger than the limit of {limit}", bytes.len());
            Err(Error::refused("enqueue into", &self.dir, cause))
        } else {
            Ok(())
        }
    }

    pub(crate) fn publish_drafts(&self, messages: &[(&MessageName, Draft<'_>)]) -> Result<Vec<Published>, Error> {
        for (_, (bytes, _)) in messages {
            self.check_size(bytes)?;
        }
        let mut results = Vec::with_capacity(messages.len());
        for group in messages.chunks(self.group(messages.len())) {
            let mut places = self.claim_directories()?;
            places.extend(self.due_directories()?.into_iter().map(|due| due.dir));
            places.push(self.hold.clone());
            let mut fresh = Vec::new();
            for (name, draft) in group {
                if !self.is_known(name, &places)? {
                    fresh.push((name, draft));
                }
            }
            let drafts: Vec<Draft<'_>> = fresh.iter().map(|(_, draft)| **draft).collect();
            let mut staged = fresh
                .iter()
                .map(|(name, _)| name)
                .zip(self.stage(&drafts, Site::PublishedFile)?)
                .peekable();
            for (name, _) in group {
                // A name that stands twice in one call: the second one meets the first in `incoming`.
                let published = match staged.next_if(|(fresh, _)| **fresh == name) {
                    Some((_, file)) => file.publish(&self.incoming.join(name.as_ref())),
                    None => Ok(false),
                };
                results.push(match published {
                    Ok(true) => Published::New,
                    Ok(false) => Published::AlreadyThere,
                    Err(e) => return Err(Error::rename(&self.tmp, &self.incoming.join(name.as_ref()), e)),
                });
            }
            // Also for what was there already: whoever put it there may not have come as far as this sync.
            self.sync_directories(&[(Site::PublishIncoming, &self.incoming)])?;
        }
        self.state().room.added(new(&results));
        Ok(results)
    }

    /// `pending` itself, where other programs claim, and every instance's directory.
    pub(crate) fn claim_directories(&self) -> Result<Vec<PathBuf>, Error> {
        let mut names: Vec<OsString> = Vec::new();
        let mut see = |name: &std::ffi::OsStr| {
            if !is_hidden(name) && name.to_str().is_some_and(|n| instance::parse(n).is_some()) {
                names.push(name.to_owned());
            }
            ControlFlow::Continue(())
        };
        self.list_present(&self.pending, &mut see)?;
        let instances = names.into_iter().map(|name| self.pending.join(name));
        let is_directory = |path: &PathBuf| self.fs.inspect(path).is_ok_and(|m| m.kind == EntryKind::Directory);
        Ok(std::iter::once(self.pending.clone())
            .chain(instances.filter(is_directory))
            .collect())
    }

    /// Whether a message of this name is anywhere in the queue. Asked in the direction messages move, so that
    /// one on its way from `incoming` to a claim is not missed between two looks.
    fn is_known(&self, name: &MessageName, places: &[PathBuf]) -> Result<bool, Error> {
        let all = std::iter::once(&self.incoming)
            .chain(places)
            .chain(std::iter::once(&self.errors));
        for directory in all {
            let path = directory.join(name.as_ref());
            match self.fs.inspect(&path) {
                Ok(_) => return Ok(true),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("look for", &path, e)),
            }
        }
        Ok(false)
    }

    /// Writes files into `tmp` and syncs them; they are removed again unless they are moved away.
    pub(crate) fn stage(&self, drafts: &[Draft<'_>], site: Site) -> Result<Vec<Staged>, Error> {
        let mut staged = Vec::with_capacity(drafts.len());
        for group in drafts.chunks(OPEN_FILES) {
            let mut open = Vec::with_capacity(group.len());
            for draft in group {
                let (file, handle) = self.write(draft)?;
                staged.push(file);
                open.push(handle);
            }
            if self.syncs() {
                for (path, mut file) in open {
                    // The kernel may have dropped the pages: this file is removed and never synced again.
                    file.sync(site).map_err(|e| Error::io("sync", &path, e))?;
                }
            }
        }
        Ok(staged)
    }

    /// Writes one file into `tmp` and syncs it.
    pub(crate) fn stage_one(&self, draft: &Draft<'_>, site: Site) -> Result<Staged, Error> {
        let (staged, (path, mut file)) = self.write(draft)?;
        if self.syncs() {
            file.sync(site).map_err(|e| Error::io("sync", &path, e))?;
        }
        Ok(staged)
    }

    fn write(&self, (bytes, modified): &Draft<'_>) -> Result<(Staged, OpenFile), Error> {
        let (path, mut file) = self.create_tmp()?;
        let fail = |e| Error::io("write", &path, e);
        let mut staged = Staged {
            fs: Arc::clone(&self.fs),
            path: path.clone(),
            meta: None,
        };
        let mut rest = *bytes;
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err(fail(io::ErrorKind::WriteZero.into())),
                Ok(n) => rest = rest.get(n..).unwrap_or_default(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(fail(e)),
            }
        }
        if let Some(time) = modified {
            file.set_modified(*time).map_err(fail)?;
        }
        staged.meta = Some(file.meta().map_err(fail)?);
        Ok((staged, (path, file)))
    }

    fn create_tmp(&self) -> Result<OpenFile, Error> {
        let mut tries = 0;
        loop {
            let path = self.tmp.join(self.tmp_name());
            match self.fs.create(&path, self.options.file_mode) {
                Ok(file) => return Ok((path, file)),
                // Left by an earlier process that had the same number.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => tries += 1,
                Err(e) => return Err(Error::io("create", &path, e)),
            }
        }
    }

    fn publish_unique(&self, mut staged: Staged) -> Result<MessageName, Error> {
        let mut tries = 0;
        loop {
            let name = unique_name(staged.meta.as_ref());
            let target = self.incoming.join(name.as_ref());
            match staged.try_publish(&target) {
                Ok(true) => return Ok(name),
                Ok(false) if tries < TRIES => tries += 1,
                Ok(false) => {
                    return Err(Error::rename(
                        &staged.path,
                        &target,
                        io::ErrorKind::AlreadyExists.into(),
                    ));
                }
                Err(e) => return Err(Error::rename(&staged.path, &target, e)),
            }
        }
    }
}

/// A complete file in `tmp`; dropping it removes it unless it has been moved away.
pub(crate) struct Staged {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    /// `None` as soon as the file is not ours to remove.
    meta: Option<Meta>,
}

impl Staged {
    /// Moves the file to `target`; false if that name is taken.
    pub(crate) fn publish(mut self, target: &Path) -> io::Result<bool> {
        self.try_publish(target)
    }

    pub(crate) fn try_publish(&mut self, target: &Path) -> io::Result<bool> {
        match self.fs.rename_new(&self.path, target) {
            Ok(()) => {
                self.path = PathBuf::new();
                Ok(true)
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Moves the file over `target`.
    pub(crate) fn replace(mut self, target: &Path) -> io::Result<()> {
        self.fs.rename_over(&self.path, target)?;
        self.path = PathBuf::new();
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Best effort: recovery removes what is left here.
            let _ = self.fs.remove(&self.path);
        }
    }
}

/// `<host>.<pid>.<seconds>.<microseconds>.<device>.<inode>.msg`. The time never repeats within a process, so names of
/// one process are unique and sort in the order they were made; device and inode tell processes apart that see the
/// same host name and process number, as in containers.
fn unique_name(meta: Option<&Meta>) -> MessageName {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_micros());
    let now = u64::try_from(now).unwrap_or(u64::MAX / 2);
    let next = |last: u64| now.max(last.saturating_add(1));
    let micros = match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))) {
        Ok(last) | Err(last) => next(last),
    };
    let (device, inode) = meta.map_or((0, 0), |m| (m.device, m.inode));
    let (host, pid) = (instance::host(), std::process::id());
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    MessageName::from_trusted(format!("{host}.{pid}.{seconds}.{fraction:06}.{device}.{inode}.msg"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        let names: Vec<MessageName> = (0..1000).map(|_| unique_name(None)).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
        let parts: Vec<&str> = names[0].as_ref().rsplit('.').collect();
        assert_eq!((parts[0], parts[1], parts[2], parts[3].len()), ("msg", "0", "0", 6));
    }
}
