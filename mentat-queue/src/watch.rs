//! Waiting for arrivals: inotify where there is some, else sleeping; always to be ended by another thread.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use crate::Error;

/// Waits until something arrives in a queue's `incoming`. Made by [`Queue::watch`](crate::Queue::watch).
///
/// Arrivals between two waits are not missed. A notification is a hint and no count: after every wait, also one that
/// ran out, the queue is to be asked with [`claim`](crate::Queue::claim).
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    inotify: Option<OwnedFd>,
    /// Whether `inotify` still watches a directory.
    notified: AtomicBool,
    event: Arc<OwnedFd>,
}

/// Ends a [`Watcher::wait`] from another thread, at once or, if none is under way, as soon as it begins.
#[derive(Debug, Clone)]
pub struct Waker {
    event: Arc<OwnedFd>,
}

impl Watcher {
    pub(crate) fn new(incoming: &Path) -> Result<Self, Error> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|e| Error::io("watch", incoming, e.into()))?;
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
        let notified = AtomicBool::new(inotify.as_ref().is_some_and(|fd| add(fd, incoming)));
        Ok(Self {
            path: incoming.into(),
            inotify,
            notified,
            event: Arc::new(event),
        })
    }

    /// Whether arrivals end the wait. If not, inotify is not to be had, and each wait lasts as long as it may.
    #[must_use]
    pub fn is_notified(&self) -> bool {
        self.notified.load(Ordering::Relaxed)
    }

    /// A handle that ends waits of this watcher.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker {
            event: Arc::clone(&self.event),
        }
    }

    /// Waits for an arrival or the [`Waker`], at most for `timeout`: true if there was one, false if time ran out.
    ///
    /// # Errors
    ///
    /// Transient, if the system is short of memory.
    pub fn wait(&self, timeout: Duration) -> Result<bool, Error> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            let ready = {
                let mut fds = vec![PollFd::new(&*self.event, PollFlags::IN)];
                fds.extend(self.inotify.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
                let left = left.and_then(|d| Timespec::try_from(d).ok());
                match poll(&mut fds, left.as_ref()) {
                    Ok(ready) => ready,
                    Err(Errno::INTR) => 0,
                    Err(errno) => return Err(Error::io("wait for", &self.path, errno.into())),
                }
            };
            if ready > 0 {
                self.drain();
                return Ok(true);
            }
            if left.is_some_and(|d| d.is_zero()) {
                return Ok(false);
            }
        }
    }

    fn drain(&self) {
        // An eventfd is emptied by one read; one that is empty already is what we want.
        let _ = rustix::io::read(&*self.event, &mut [0_u8; 8]);
        let Some(fd) = &self.inotify else { return };
        let mut gone = false;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(fd, &mut buffer);
        while let Ok(event) = events.next() {
            gone |= event.events().contains(ReadFlags::IGNORED);
        }
        if gone {
            // The directory was replaced: watch the new one, or fall back to sleeping.
            self.notified.store(add(fd, &self.path), Ordering::Relaxed);
        }
    }
}

impl Waker {
    /// Ends the present wait, or the next one if none is under way.
    pub fn wake(&self) {
        // The only way to fail is a full counter, which wakes as well.
        let _ = rustix::io::write(&*self.event, &1_u64.to_ne_bytes());
    }
}

fn add(fd: &OwnedFd, incoming: &Path) -> bool {
    let arrivals = WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE | WatchFlags::CREATE | WatchFlags::ONLYDIR;
    inotify::add_watch(fd, incoming, arrivals).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_inotify_it_sleeps_and_can_be_woken() {
        let watcher = Watcher::new(Path::new("/nonexistent/queue/incoming")).unwrap();
        assert!(!watcher.is_notified());
        assert!(!watcher.wait(Duration::from_millis(1)).unwrap());
        watcher.waker().wake();
        assert!(watcher.wait(Duration::from_secs(600)).unwrap());
        assert!(!watcher.wait(Duration::ZERO).unwrap());
    }
}
