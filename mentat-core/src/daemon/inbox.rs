//! How the outside world reaches a running daemon.

use crate::component::Occurrence;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

#[derive(Default)]
struct Posts {
    waiting: VecDeque<Occurrence>,
    waker: Option<Waker>,
}

/// Occurrences posted from other threads.
#[derive(Default)]
pub(super) struct Inbox(Mutex<Posts>);

impl Inbox {
    fn lock(&self) -> std::sync::MutexGuard<'_, Posts> {
        // The lock guards plain data that no panic leaves half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> VecDeque<Occurrence> {
        std::mem::take(&mut self.lock().waiting)
    }

    /// Ready when something was posted; otherwise the task is woken by the next post.
    pub(super) fn poll_posted(&self, task: &Context<'_>) -> Poll<()> {
        let mut posts = self.lock();
        if !posts.waiting.is_empty() {
            return Poll::Ready(());
        }
        posts.waker = Some(task.waker().clone());
        Poll::Pending
    }

    #[cfg(feature = "daemon")]
    pub(super) async fn posted(&self) {
        std::future::poll_fn(|task| self.poll_posted(task)).await;
    }
}

/// Posts occurrences to a daemon, from anywhere.
#[derive(Clone)]
pub struct Handle(Arc<Inbox>);

impl Handle {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self(inbox)
    }

    /// Has the daemon handle `occurrence` before its next batch, ending a wait for messages.
    pub fn post(&self, occurrence: Occurrence) {
        let waker = {
            let mut posts = self.0.lock();
            posts.waiting.push_back(occurrence);
            posts.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}
