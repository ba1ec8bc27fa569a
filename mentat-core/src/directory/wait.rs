//! Waiting for messages without blocking the executor: one thread watches, a future is woken.

use crate::Error;
use mentat_queue::{Queue, Waker as Interrupt, Watcher};
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread::JoinHandle;
use std::time::Instant;

/// What ends a wait early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// A message arriving.
    Arrival,
    /// Nothing.
    Deadline,
}

#[derive(Default)]
struct State {
    /// Set by the future, taken by the thread.
    request: Option<(Instant, Until)>,
    /// The thread waits for arrivals and is to be interrupted if something else is wanted.
    watching: bool,
    /// Set by the thread, taken by the future. A wait that was given up leaves it set: what it saw arriving must not
    /// get lost, so the next wait ends at once.
    done: bool,
    waker: Option<Waker>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain data: no panic leaves it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Owns the watching thread; ends it when dropped.
pub(super) struct Waiter {
    shared: Arc<Shared>,
    interrupt: Interrupt,
    thread: Option<JoinHandle<()>>,
}

impl Waiter {
    pub(super) fn new(queue: &Queue) -> Result<Self, Error> {
        let watcher = queue.watch()?;
        let interrupt = watcher.waker();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("queue-watch".to_owned())
            .spawn(move || watch(&theirs, &watcher))
            .map_err(|error| Error::transient("cannot start the thread that watches the queue").because(error))?;
        Ok(Self {
            shared,
            interrupt,
            thread: Some(thread),
        })
    }

    /// Waits until the deadline, or for what `until` says. May return early for no reason.
    pub(super) async fn wait(&self, deadline: Instant, until: Until) {
        let mut asked = false;
        poll_fn(|task| {
            let mut state = self.shared.lock();
            if std::mem::take(&mut state.done) {
                return Poll::Ready(());
            }
            state.waker = Some(task.waker().clone());
            if !asked {
                asked = true;
                state.request = Some((deadline, until));
                if state.watching {
                    self.interrupt.wake();
                }
                self.shared.changed.notify_one();
            }
            Poll::Pending
        })
        .await;
    }
}

fn watch(shared: &Shared, watcher: &Watcher) {
    let mut state = shared.lock();
    loop {
        if state.closed {
            return;
        }
        let Some((deadline, until)) = state.request.take() else {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = || deadline.saturating_duration_since(Instant::now());
        let mut seen = false;
        if until == Until::Arrival {
            state.watching = true;
            drop(state);
            // A failed wait has seen nothing: the rest of the time is slept.
            seen = watcher.wait(left()).unwrap_or(false);
            state = shared.lock();
            state.watching = false;
        }
        while !seen && !left().is_zero() && !state.closed && state.request.is_none() {
            state = shared
                .changed
                .wait_timeout(state, left())
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        // A request that came meanwhile ends as well: what was seen may be meant for it.
        state.request = None;
        state.done = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        self.interrupt.wake();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has nothing left to tell.
            let _ = thread.join();
        }
    }
}
