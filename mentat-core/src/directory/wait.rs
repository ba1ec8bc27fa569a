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
            if !asked {
                asked = true;
                state.request = Some((deadline, until));
                state.done = false;
                self.shared.changed.notify_one();
                // The thread may still be in a wait that nobody is interested in any more.
                drop(state);
                self.interrupt.wake();
                state = self.shared.lock();
            }
            if state.done {
                return Poll::Ready(());
            }
            state.waker = Some(task.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn watch(shared: &Shared, watcher: &Watcher) {
    loop {
        let mut state = shared.lock();
        let (deadline, until) = loop {
            if state.closed {
                return;
            }
            if let Some(request) = state.request.take() {
                break request;
            }
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        let left = || deadline.saturating_duration_since(Instant::now());
        match until {
            Until::Arrival => {
                drop(state);
                // The request itself rang the bell once: the rest of the wait follows until something else happens.
                loop {
                    let arrived = watcher.wait(left()).unwrap_or(false);
                    let state = shared.lock();
                    if arrived || state.closed || state.request.is_some() || left().is_zero() {
                        break;
                    }
                }
            }
            Until::Deadline => {
                while !left().is_zero() && !state.closed && state.request.is_none() {
                    state = shared
                        .changed
                        .wait_timeout(state, left())
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
                drop(state);
            }
        }
        let mut state = shared.lock();
        if state.request.is_none() {
            state.done = true;
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
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
