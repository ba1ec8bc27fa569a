//! The traits of a daemon: components, and where their messages come from.

use crate::work::{Batch, MessageId, Settlement};
use crate::{Error, config::Config};
use jiff::Timestamp;
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A boxed future: the traits need no particular executor.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One stage of a chain: parser, inspector, enricher, storage, yours.
///
/// The daemon hands every batch to its components in order. Between batches it hands them [`Occurrence`]s.
pub trait Component: Send {
    /// Short name for logs, counters and error sidecars.
    fn name(&self) -> &str;

    /// Works on the open messages of a batch. `Ok` means that everything this component promises is durable.
    ///
    /// # Errors
    /// Transient: the batch stays claimed and this component gets it again later, so it must stand a repetition.
    /// Fatal: the daemon stops and the messages go back. What is wrong with *one* message is no error but
    /// [`Outcome::Reject`](crate::Outcome::Reject).
    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>>;

    /// Reacts to something other than messages. Does nothing unless implemented.
    ///
    /// # Errors
    /// A failed [`Occurrence::Start`] ends the daemon; a failed [`Occurrence::Reload`] leaves the old state in place
    /// and is reported; others are reported.
    fn handle<'a>(&'a mut self, on: &'a Occurrence, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        let _ = (on, cx);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Component for Box<dyn Component> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        (**self).process(batch, cx)
    }

    fn handle<'a>(&'a mut self, on: &'a Occurrence, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        (**self).handle(on, cx)
    }
}

/// Something that happens to a daemon besides messages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Occurrence {
    /// Before the first message.
    Start,
    /// A time asked for with [`Context::schedule_at`] has come.
    Timer(TimerId),
    /// New configuration.
    Reload(Arc<Config>),
    /// Report counters.
    Statistics,
    /// No further messages will come; be done by the deadline.
    Stop {
        /// When the process ends at the latest.
        deadline: Instant,
    },
    /// Anything between third-party components.
    Other(Arc<dyn Any + Send + Sync>),
}

/// Tells a component's timers apart: `TimerId("inspector.refresh")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub &'static str);

/// The name of a counter, unique within its component: `Counter("tagged")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counter(pub &'static str);

/// Tells the time; tests bring their own.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// What a component sees of its daemon.
pub struct Context {
    clock: Arc<dyn Clock>,
    component: String,
    counters: BTreeMap<(String, Counter), u64>,
    pub(crate) ready: VecDeque<Occurrence>,
    pub(crate) timed: Vec<(Timestamp, Occurrence)>,
}

impl Context {
    /// A context of its own, for calling a component outside a daemon.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            component: String::new(),
            counters: BTreeMap::new(),
            ready: VecDeque::new(),
            timed: Vec::new(),
        }
    }

    /// The present moment by the daemon's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Has `occurrence` handled by the whole chain after the present batch.
    pub fn schedule(&mut self, occurrence: Occurrence) {
        self.ready.push_back(occurrence);
    }

    /// Has `occurrence` handled by the whole chain at the given time, or soon after.
    pub fn schedule_at(&mut self, at: Timestamp, occurrence: Occurrence) {
        self.timed.push((at, occurrence));
    }

    /// Adds to one of the component's counters.
    pub fn count(&mut self, counter: Counter, n: u64) {
        if n == 0 {
            return;
        }
        if let Some(total) = self.counters.get_mut(&(self.component.clone(), counter)) {
            *total += n;
        } else {
            self.counters.insert((self.component.clone(), counter), n);
        }
    }

    /// All counters by component, in order of name.
    pub fn counters(&self) -> impl Iterator<Item = (&str, Counter, u64)> {
        self.counters
            .iter()
            .map(|((component, counter), total)| (component.as_str(), *counter, *total))
    }

    pub(crate) fn enter(&mut self, component: &str) {
        component.clone_into(&mut self.component);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

/// A message taken out of a source and not yet settled.
#[derive(Debug)]
pub struct Claimed {
    /// Its name.
    pub id: MessageId,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Where messages come from and decisions go: a directory queue, a broker, memory.
pub trait Source: Send {
    /// Takes up to `max` messages, oldest first. If there are none, waits up to `wait` for some; an empty answer is
    /// no error. Dropping the future early must lose nothing.
    ///
    /// # Errors
    /// Transient: asked again later. Anything else ends the daemon.
    fn claim(&mut self, max: usize, wait: Duration) -> Fut<'_, Result<Vec<Claimed>, Error>>;

    /// Carries out decisions. `Ok` means all of them are durable.
    ///
    /// # Errors
    /// After a transient error the source keeps what is not done and goes on with it at the next call, which may
    /// bring an empty list. Anything else ends the daemon.
    fn settle(&mut self, done: Vec<Settlement>) -> Fut<'_, Result<(), Error>>;
}
