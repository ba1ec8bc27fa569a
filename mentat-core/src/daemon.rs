//! The event loop: one source, a chain of components, a ready queue and timers.

mod inbox;
#[cfg(feature = "daemon")]
mod run;
mod timers;

pub use inbox::Handle;

use crate::component::{Claimed, Clock, Component, Context, Counter, Occurrence, Source, SystemClock};
use crate::work::{Batch, Outcome, Reason, Work};
use crate::{Error, report};
use inbox::Inbox;
use jiff::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use timers::Timers;

/// Settings of the loop.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Messages that go through the chain together. Default 500.
    pub batch: usize,
    /// How long an empty source is waited for before the loop turns. Default 3 s.
    pub wait: Duration,
    /// Stop as soon as the source is empty. Default no.
    pub once: bool,
    /// First pause after a transient error; doubles up to [`retry_most`](Self::retry_most). Default 1 s.
    pub retry_first: Duration,
    /// Longest pause after a transient error. Default 60 s.
    pub retry_most: Duration,
    /// How long a stop may take before the rest goes back to its queue. Default 30 s.
    pub stop_timeout: Duration,
    /// Seed of the jitter that keeps daemons from retrying in step.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch: 500,
            wait: Duration::from_secs(3),
            once: false,
            retry_first: Duration::from_secs(1),
            retry_most: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(30),
            seed: 1,
        }
    }
}

/// What one turn of the loop did.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// Handled one occurrence.
    Handled,
    /// Took this many messages through the chain and settled them.
    Processed(usize),
    /// Nothing to do; the wait is already over.
    Idle,
    /// Something failed that can succeed later; nothing is lost. The next turn is worth taking at `until`, or as soon
    /// as something is posted to the [`Handle`].
    Backoff {
        /// When to go on.
        until: Instant,
        /// What failed.
        error: Error,
    },
    /// The daemon is done; no further turn does anything.
    Stopped,
}

/// A batch that could not be finished yet.
enum InFlight {
    /// To be processed from the component with this index on.
    Chain(Batch, usize),
    /// Processed; the source has not settled all of it.
    Settling(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    Running,
    Draining,
    Stopped,
}

/// A chain of components at work on a source.
///
/// [`step`](Self::step) is one turn; with the feature `daemon`, `run` turns until it is told to stop. Dropping a daemon
/// gives its claimed messages back.
pub struct Daemon {
    source: Box<dyn Source>,
    chain: Vec<Box<dyn Component>>,
    options: Options,
    cx: Context,
    timers: Timers,
    inbox: Arc<Inbox>,
    in_flight: Option<InFlight>,
    failures: u32,
    /// When to try again, and after what error.
    retry: Option<(Instant, String)>,
    jitter: u64,
    state: State,
}

impl Daemon {
    /// A daemon on `source` with the system's clock. The chain is empty: messages just move on.
    #[must_use]
    pub fn new(source: impl Source + 'static, options: Options) -> Self {
        Self::with_clock(source, options, Arc::new(SystemClock))
    }

    /// A daemon with a clock of the caller's.
    #[must_use]
    pub fn with_clock(source: impl Source + 'static, options: Options, clock: Arc<dyn Clock>) -> Self {
        Self {
            source: Box::new(source),
            chain: Vec::new(),
            cx: Context::new(clock),
            timers: Timers::default(),
            inbox: Arc::default(),
            in_flight: None,
            failures: 0,
            retry: None,
            jitter: options.seed | 1,
            state: State::Fresh,
            options,
        }
    }

    /// Adds a component at the end of the chain.
    #[must_use]
    pub fn with(mut self, component: impl Component + 'static) -> Self {
        self.chain.push(Box::new(component));
        self
    }

    /// A handle for posting occurrences from signal handlers and other threads.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.inbox))
    }

    /// The counters of all components.
    pub fn counters(&self) -> impl Iterator<Item = (&str, Counter, u64)> {
        self.cx.counters()
    }

    /// One turn of the loop: an occurrence if one is due, else a batch. Waits at most as long as the source is told
    /// to ([`Options::wait`]), or until the next timer or post.
    ///
    /// Drop the returned future only to end the daemon: a batch in work then goes back to its queue.
    ///
    /// # Errors
    /// Whatever must stop the program: a component that cannot start, a fatal error of the source or a component.
    pub async fn step(&mut self) -> Result<Step, Error> {
        if self.state == State::Stopped {
            return Ok(Step::Stopped);
        }
        if self.state == State::Fresh {
            self.state = State::Running;
            self.cx.ready.push_front(Occurrence::Start);
        }
        self.collect();
        if let Some(occurrence) = self.cx.ready.pop_front() {
            self.occur(&occurrence).await?;
            return Ok(Step::Handled);
        }
        if self.state != State::Running {
            // What is still in flight goes back to its queue: the database may be away for days.
            self.in_flight = None;
            self.state = State::Stopped;
            return Ok(Step::Stopped);
        }
        if let Some((at, text)) = self.retry.clone().filter(|(at, _)| *at > Instant::now()) {
            return Ok(Step::Backoff {
                until: self.before_next_occurrence(at),
                error: Error::transient(text),
            });
        }
        match self.turn().await {
            Ok(step) => {
                self.failures = 0;
                self.retry = None;
                Ok(step)
            }
            Err(error) if error.is_transient() => {
                let at = Instant::now() + self.next_pause();
                self.retry = Some((at, error.chain()));
                let until = self.before_next_occurrence(at);
                Ok(Step::Backoff { until, error })
            }
            Err(error) => Err(error),
        }
    }

    async fn turn(&mut self) -> Result<Step, Error> {
        let (batch, from) = match self.in_flight.take() {
            Some(InFlight::Chain(batch, from)) => (batch, from),
            Some(InFlight::Settling(count)) => {
                self.in_flight = Some(InFlight::Settling(count));
                self.source.settle(Vec::new()).await?;
                self.in_flight = None;
                return Ok(Step::Processed(count));
            }
            None => {
                let Some(batch) = self.claim().await? else {
                    // Something was posted: nothing is known about the source.
                    return Ok(Step::Idle);
                };
                if batch.is_empty() {
                    if self.options.once {
                        let deadline = Instant::now() + self.options.stop_timeout;
                        self.cx.ready.push_back(Occurrence::Stop { deadline });
                    }
                    return Ok(Step::Idle);
                }
                (batch, 0)
            }
        };
        let batch = self.process(batch, from).await?;
        let count = batch.len();
        self.in_flight = Some(InFlight::Settling(count));
        self.source
            .settle(batch.into_works().into_iter().map(Work::settle).collect())
            .await?;
        self.in_flight = None;
        Ok(Step::Processed(count))
    }

    /// Claims a batch, empty if a timer comes first or the wait is over; `None` if something is posted meanwhile.
    async fn claim(&mut self) -> Result<Option<Batch>, Error> {
        let wait = if self.options.once {
            Duration::ZERO
        } else {
            self.options.wait.min(self.until_next_timer())
        };
        let mut claim = pin!(self.source.claim(self.options.batch, wait));
        let claimed = std::future::poll_fn(|task| {
            // Asked first, so that a stop is seen even when messages never end.
            if self.inbox.poll_posted(task).is_ready() {
                return Poll::Ready(None);
            }
            claim.as_mut().poll(task).map(Some)
        })
        .await;
        let works = |claimed: Vec<Claimed>| {
            claimed
                .into_iter()
                .map(|claimed| Work::new(claimed.id, claimed.bytes))
                .collect()
        };
        Ok(claimed.transpose()?.map(works).map(Batch::new))
    }

    /// Takes a batch through the chain. On a transient error it is kept, together with how far it came.
    async fn process(&mut self, mut batch: Batch, from: usize) -> Result<Batch, Error> {
        for at in from..self.chain.len() {
            let Some(component) = self.chain.get_mut(at) else { break };
            self.cx.enter(component.name());
            let Err(error) = component.process(&mut batch, &mut self.cx).await else {
                continue;
            };
            let settled = if error.is_poison() {
                blame(component.as_mut(), &mut batch, &error, &mut self.cx).await
            } else {
                Err(error)
            };
            if let Err(error) = settled {
                self.in_flight = Some(InFlight::Chain(batch, at));
                return Err(error);
            }
        }
        Ok(batch)
    }

    async fn occur(&mut self, occurrence: &Occurrence) -> Result<(), Error> {
        for component in &mut self.chain {
            self.cx.enter(component.name());
            let Err(error) = component.handle(occurrence, &mut self.cx).await else {
                continue;
            };
            match occurrence {
                // The database may come up later than the daemon: the first batch waits for it.
                Occurrence::Start if !error.is_transient() => return Err(error),
                Occurrence::Reload(_) => {
                    let text = error.chain();
                    report::error(
                        component.name(),
                        format_args!("reload failed, the old state stays: {text}"),
                    );
                }
                _ => report::error(component.name(), format_args!("{}", error.chain())),
            }
        }
        match occurrence {
            Occurrence::Stop { .. } => self.state = State::Draining,
            Occurrence::Statistics => self.report_counters(),
            _ => {}
        }
        Ok(())
    }

    fn report_counters(&self) {
        for (component, Counter(name), total) in self.cx.counters() {
            report::info(component, format_args!("{name} {total}"));
        }
    }

    /// Moves what is due or was posted into the ready queue.
    fn collect(&mut self) {
        self.arm();
        while let Some(occurrence) = self.timers.due(self.cx.now()) {
            self.cx.ready.push_back(occurrence);
        }
        self.cx.ready.extend(self.inbox.take());
    }

    fn arm(&mut self) {
        for (at, occurrence) in self.cx.timed.drain(..) {
            self.timers.add(at, occurrence);
        }
    }

    fn until_next_timer(&self) -> Duration {
        let now: Timestamp = self.cx.now();
        let left = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        self.timers.next().map_or(Duration::MAX, left)
    }

    /// A pause until then, shorter if something else is to be done before.
    fn before_next_occurrence(&mut self, at: Instant) -> Instant {
        self.arm();
        let wait = if self.cx.ready.is_empty() {
            self.until_next_timer()
        } else {
            Duration::ZERO
        };
        Instant::now().checked_add(wait).map_or(at, |next| next.min(at))
    }

    /// Exponential, with up to a quarter of jitter.
    fn next_pause(&mut self) -> Duration {
        let doubled = self.options.retry_first.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        let pause = doubled.min(self.options.retry_most);
        // A plain xorshift: nothing depends on its quality.
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let share = u32::try_from(self.jitter % 1000).unwrap_or_default();
        pause - pause / 4 * share / 1000
    }
}

/// A component says that one message of the batch can never succeed, but not which: asks for each alone.
async fn blame(component: &mut dyn Component, batch: &mut Batch, error: &Error, cx: &mut Context) -> Result<(), Error> {
    let name = component.name().to_owned();
    let alone = batch.iter_open().count() == 1;
    for work in batch.iter_open() {
        let placeholder = Work::new(work.id.clone(), Vec::new());
        let mut single = Batch::new(vec![std::mem::replace(work, placeholder)]);
        // With one suspect there is no need to ask again.
        let verdict = if alone {
            Err(None)
        } else {
            component.process(&mut single, cx).await.map_err(Some)
        };
        if let Some(only) = single.into_works().pop() {
            *work = only;
        }
        match verdict {
            Ok(()) => {}
            Err(Some(other)) if !other.is_poison() => return Err(other),
            Err(own) => {
                let text = own.as_ref().unwrap_or(error).chain();
                work.finish(Outcome::Reject(Reason::new("poison", text)), &name);
            }
        }
    }
    Ok(())
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let chain: Vec<&str> = self.chain.iter().map(|component| component.name()).collect();
        f.debug_struct("Daemon")
            .field("chain", &chain)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
