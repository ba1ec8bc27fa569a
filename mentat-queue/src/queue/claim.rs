//! Consuming: scan, rename into the own instance directory, read.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::fs::{Contents, EntryKind, Meta, is_hidden};
use crate::name::MessageName;
use crate::notice::NoticeKind;
use crate::{Error, Reason};

use super::instance::Instance;
use super::steps::MoveError;
use super::{Inner, Queue};

use candidates::Candidates;

mod candidates;

/// Scans in one call, when other consumers take everything away in between.
const SCANS: u32 = 3;

/// Messages that outlived this many owners are claimed alone, so that the one among them that kills its owners does
/// not take innocent ones into quarantine with it.
const SUSPECT: u32 = 2;

/// A message taken out of `incoming` by this process, with its contents.
///
/// It is settled by one of [`Queue::forward`], [`Queue::acknowledge`], [`Queue::reject`], [`Queue::defer`] and
/// [`Queue::release`] or by the methods here, which do the same for a single one. Dropping an open claim releases it, as far as that is
/// possible without reporting errors. If the process dies, another consumer takes the message back.
#[must_use = "dropping a claim releases the message"]
pub struct Claim {
    pub(crate) inner: Arc<Inner>,
    pub(crate) home: Arc<Instance>,
    pub(crate) name: MessageName,
    pub(crate) bytes: Vec<u8>,
    pub(crate) modified: SystemTime,
    pub(crate) attempts: u32,
    pub(crate) open: bool,
    /// The claimed file holds changed bytes since a `forward` that did not come to its end.
    pub(crate) rewritten: bool,
    /// The name in `errors` that a `reject` which did not come to its end has chosen.
    pub(crate) errors_name: Option<MessageName>,
}

impl Claim {
    /// The message's name.
    #[must_use]
    pub fn name(&self) -> &MessageName {
        &self.name
    }

    /// The message's contents, never empty.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// When the message was written, which is what messages are ordered by.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        self.modified
    }

    /// How many owners of this message have died so far.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Whether the claim still has to be settled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// [`Queue::forward`] of this message as it is.
    ///
    /// # Errors
    ///
    /// As there; the message is released then.
    pub fn forward(mut self, to: &Queue) -> Result<(), Error> {
        self.queue().forward(to, &mut [(&mut self, None)])
    }

    /// [`Queue::forward`] of this message with other contents.
    ///
    /// # Errors
    ///
    /// As there; the message is released then.
    pub fn forward_changed(mut self, to: &Queue, bytes: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.queue().forward(to, &mut [(&mut self, Some(bytes.into()))])
    }

    /// [`Queue::acknowledge`] of this message.
    ///
    /// # Errors
    ///
    /// As there; the message is released then.
    pub fn acknowledge(mut self) -> Result<(), Error> {
        self.queue().acknowledge(&mut [&mut self])
    }

    /// [`Queue::reject`] of this message.
    ///
    /// # Errors
    ///
    /// As there; the message is released then.
    pub fn reject(mut self, reason: Reason) -> Result<(), Error> {
        self.queue().reject(&mut [(&mut self, reason)])
    }

    /// [`Queue::defer`] of this message.
    ///
    /// # Errors
    ///
    /// As there; the message is released then.
    pub fn defer(mut self, delay: Duration) -> Result<(), Error> {
        self.queue().defer(&mut [(&mut self, delay)])
    }

    /// [`Queue::release`] of this message.
    ///
    /// # Errors
    ///
    /// As there; releasing is tried once more then, when the queue claims again.
    pub fn release(mut self) -> Result<(), Error> {
        self.queue().release(&mut [&mut self])
    }

    /// Where the claimed file is.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.dir.join(self.name.as_ref())
    }

    fn queue(&self) -> Queue {
        Queue {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Contents are other people's incident data and do not belong into logs.
        f.debug_struct("Claim")
            .field("name", &self.name)
            .field("size", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.open {
            self.inner.put_back(&self.home, &self.name);
        }
    }
}

/// What became of one candidate.
enum Taken {
    Claim(Box<Claim>),
    /// Taken by another consumer, or left alone or rejected with a notice.
    Passed,
}

impl Queue {
    /// Takes up to `max` messages, the oldest first unless the queue's [`Order`](crate::Order) says otherwise.
    ///
    /// Returns fewer, possibly none, when there are no more; it does not wait (see [`Queue::watch`]). What cannot be a
    /// message is passed over with a notice: hidden files, directories, links and other special files stay where they
    /// are, while empty, oversized and unreadable messages go to `errors`.
    ///
    /// The first call, and then one every minute, also does the work of [`recover`](Self::recover); deferred messages
    /// that are due return with a call every second. A message that
    /// has lost two owners already is returned alone, whatever `max` is.
    ///
    /// # Errors
    ///
    /// Transient or fatal, if `incoming` cannot be read or nothing can be claimed at all; never because of a single
    /// entry. When something was claimed already, that is returned instead, and the error at the next call.
    pub fn claim(&self, max: usize) -> Result<Vec<Claim>, Error> {
        let inner = &self.inner;
        let mut claims = Vec::new();
        if max == 0 {
            return Ok(claims);
        }
        inner.housekeeping();
        // One look for all instead of one for each message, as long as nobody has died here.
        let counted = !inner.is_absent(&inner.attempts);
        let mut scans = 0;
        while claims.len() < max {
            let Some((time, name)) = inner.next_candidate() else {
                // What arrived meanwhile is for the next call, unless this one would return with nothing.
                if !claims.is_empty() || scans == SCANS || inner.scan()? == 0 {
                    break;
                }
                scans += 1;
                continue;
            };
            let attempts = if counted { inner.read_attempts(&name) } else { 0 };
            if attempts >= SUSPECT && !claims.is_empty() {
                inner.state().backlog.push_front((time, name));
                break;
            }
            match inner.take(&name, attempts) {
                Ok(Taken::Claim(claim)) => claims.push(*claim),
                Ok(Taken::Passed) => {}
                Err(error) => {
                    inner.state().backlog.push_front((time, name));
                    return if claims.is_empty() { Err(error) } else { Ok(claims) };
                }
            }
            if attempts >= SUSPECT && !claims.is_empty() {
                break;
            }
        }
        Ok(claims)
    }
}

impl Inner {
    fn next_candidate(&self) -> Option<(SystemTime, MessageName)> {
        self.state().backlog.pop_front()
    }

    /// Reads `incoming` and keeps the best candidates; says how many there are now.
    fn scan(&self) -> Result<usize, Error> {
        let mut found = Candidates::new(self.options.order);
        let mut see = |name: &std::ffi::OsStr| {
            let path = self.incoming.join(name);
            if is_hidden(name) {
                self.notice(NoticeKind::Skipped, path, "is hidden and was left alone");
                return ControlFlow::Continue(());
            }
            let Some(valid) = name.to_str().and_then(|n| MessageName::parse(n).ok()) else {
                self.notice(
                    NoticeKind::Skipped,
                    path,
                    "has a name that is no valid UTF-8 and was left alone",
                );
                return ControlFlow::Continue(());
            };
            match self.fs.inspect(&path) {
                Ok(Meta {
                    kind: EntryKind::File,
                    modified,
                    ..
                }) => return found.add(modified, valid),
                Ok(meta) => {
                    let text = format!("is {} and was left alone", meta.kind.describe());
                    self.notice(NoticeKind::Skipped, path, text);
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => self.notice(NoticeKind::Skipped, path, format!("cannot be inspected: {e}")),
            }
            ControlFlow::Continue(())
        };
        self.fs
            .list(&self.incoming, &mut see)
            .map_err(|e| Error::io("list", &self.incoming, e))?;
        let found = found.into_queue();
        let mut state = self.state();
        // Another thread may have scanned at the same time; either result is as good.
        if state.backlog.is_empty() {
            state.backlog = found;
        }
        Ok(state.backlog.len())
    }

    /// Claims one message and reads it.
    fn take(self: &Arc<Self>, name: &MessageName, attempts: u32) -> Result<Taken, Error> {
        let Some(home) = self.rename_home(name)? else {
            return Ok(Taken::Passed);
        };
        let path = home.dir.join(name.as_ref());
        let (size, code, text) = match self.fs.read(&path, self.options.max_message_bytes) {
            Ok(Contents::Bytes(bytes, meta)) if !bytes.is_empty() => {
                return Ok(Taken::Claim(Box::new(Claim {
                    inner: Arc::clone(self),
                    home,
                    name: name.clone(),
                    bytes,
                    modified: meta.modified,
                    attempts,
                    open: true,
                    rewritten: false,
                    errors_name: None,
                })));
            }
            Ok(Contents::Bytes(..)) => (0, "empty", "the file is empty".to_owned()),
            Ok(Contents::TooLarge(meta)) => {
                let (size, limit) = (meta.size, self.options.max_message_bytes);
                (
                    size,
                    "too-large",
                    format!("{size} bytes are more than the limit of {limit}"),
                )
            }
            // Replaced between scan and claim.
            Ok(Contents::NotRegular(kind)) => (0, "not-a-file", format!("it is {}", kind.describe())),
            Err(e) => {
                let error = Error::io("read", &path, e);
                // A bad sector stays bad; other shortages concern the process and not this file.
                if error.is_transient() && !error.is_input_output() {
                    self.put_back(&home, name);
                    return Err(error);
                }
                (
                    self.fs.inspect(&path).map_or(0, |m| m.size),
                    "unreadable",
                    error.to_string(),
                )
            }
        };
        let moved = self.banish(&home.dir, name, &Reason::new(code, text.clone()), attempts, size);
        if let Err(error) = moved {
            self.put_back(&home, name);
            return Err(error);
        }
        self.count(|c| c.rejected += 1);
        self.notice(
            NoticeKind::Rejected,
            self.incoming.join(name.as_ref()),
            format!("went to errors: {text}"),
        );
        Ok(Taken::Passed)
    }

    /// The rename that makes a message ours; `None` if it is not to be had.
    fn rename_home(&self, name: &MessageName) -> Result<Option<Arc<Instance>>, Error> {
        let source = self.incoming.join(name.as_ref());
        let mut again = true;
        loop {
            let home = self.instance()?;
            let target = home.dir.join(name.as_ref());
            match self.fs.rename_new(&source, &target) {
                Ok(()) => {
                    self.count(|c| c.claimed += 1);
                    return Ok(Some(home));
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    if self.had_vanished(&source, &home.dir) {
                        return Ok(None);
                    }
                    if !again {
                        return Err(Error::rename(&source, &target, e));
                    }
                    // The message is there, so it is our own directory that somebody has removed.
                    self.forget_instance(&home);
                    again = false;
                }
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    self.notice(
                        NoticeKind::Skipped,
                        source,
                        "waits: a message of the same name is claimed",
                    );
                    return Ok(None);
                }
                // A sticky directory or an immutable file: this entry's problem. Missing permissions on the
                // directories show as EACCES.
                Err(e) if rustix::io::Errno::from_io_error(&e) == Some(rustix::io::Errno::PERM) => {
                    self.notice(NoticeKind::Skipped, source, format!("cannot be claimed: {e}"));
                    return Ok(None);
                }
                Err(e) => return Err(Error::rename(&source, &target, e)),
            }
        }
    }

    /// Back to `incoming` without a word; if that fails, again at the next claim.
    pub(crate) fn put_back(&self, home: &Arc<Instance>, name: &MessageName) {
        match self.move_new(&home.dir, &self.incoming, name) {
            Ok(_) => self.count(|c| c.released += 1),
            Err(MoveError::Vanished) => self.count(|c| c.vanished += 1),
            Err(_) => self.state().stranded.push((Arc::clone(home), name.clone())),
        }
    }
}
