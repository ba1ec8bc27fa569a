//! What several tests need: an executor, a clock, a source in memory, a component that does as it is told.

use mentat_core::component::{Claimed, Clock, Component, Context, Fut, Occurrence, Source};
use mentat_core::daemon::{Daemon, Step};
use mentat_core::{Batch, Error, MessageId, Settlement, Work};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// The smallest executor there is: any will do for [`Daemon::step`].
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Turns the loop until it is done; pauses are waited for.
pub(crate) fn turn_until_stopped(daemon: &mut Daemon) {
    loop {
        match block_on(daemon.step()).unwrap() {
            Step::Stopped => return,
            Step::Backoff { until, .. } => std::thread::sleep(until.saturating_duration_since(Instant::now())),
            _ => {}
        }
    }
}

/// A clock that moves when it is told to.
pub(crate) struct Hands(pub(crate) Mutex<jiff::Timestamp>);

impl Hands {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(jiff::Timestamp::constant(1_800_000_000, 0))))
    }

    pub(crate) fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += jiff::SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hands {
    fn now(&self) -> jiff::Timestamp {
        *self.0.lock().unwrap()
    }
}

#[derive(Default)]
pub(crate) struct Inside {
    pub(crate) waiting: VecDeque<(String, Vec<u8>)>,
    /// What the next calls of `settle` answer; `Ok` when used up.
    pub(crate) settle_errors: VecDeque<Error>,
    pub(crate) settled: Vec<Settlement>,
    pub(crate) settle_calls: Vec<usize>,
    /// Called whenever a claim begins to wait.
    pub(crate) on_wait: Option<Box<dyn FnMut() + Send>>,
}

/// Messages in memory. A claim that finds none waits for ever.
#[derive(Clone, Default)]
pub(crate) struct Memory(pub(crate) Arc<Mutex<Inside>>);

impl Memory {
    pub(crate) fn with(messages: &[(&str, &str)]) -> Self {
        let memory = Self::default();
        for (name, text) in messages {
            memory.add(name, text);
        }
        memory
    }

    pub(crate) fn add(&self, name: &str, text: &str) {
        self.0.lock().unwrap().waiting.push_back((name.to_owned(), text.into()));
    }

    /// `name outcome` of everything settled.
    pub(crate) fn settled(&self) -> Vec<String> {
        let inside = self.0.lock().unwrap();
        inside
            .settled
            .iter()
            .map(|done| format!("{} {:?}", done.id, done.outcome))
            .collect()
    }
}

impl Source for Memory {
    fn claim(&mut self, max: usize, wait: Duration) -> Fut<'_, Result<Vec<Claimed>, Error>> {
        let mut told = false;
        Box::pin(std::future::poll_fn(move |_| {
            let mut inside = self.0.lock().unwrap();
            let count = max.min(inside.waiting.len());
            if count == 0 && !wait.is_zero() {
                if !std::mem::replace(&mut told, true)
                    && let Some(on_wait) = &mut inside.on_wait
                {
                    on_wait();
                }
                return Poll::Pending;
            }
            let claimed = inside.waiting.drain(..count).map(|(name, bytes)| Claimed {
                id: MessageId::new(name),
                bytes,
            });
            Poll::Ready(Ok(claimed.collect()))
        }))
    }

    fn settle(&mut self, done: Vec<Settlement>) -> Fut<'_, Result<(), Error>> {
        let mut inside = self.0.lock().unwrap();
        inside.settle_calls.push(done.len());
        inside.settled.extend(done);
        let result = inside.settle_errors.pop_front().map_or(Ok(()), Err);
        Box::pin(std::future::ready(result))
    }
}

type OnBatch = Box<dyn FnMut(&mut Batch, &mut Context) -> Result<(), Error> + Send>;
type OnOccurrence = Box<dyn FnMut(&Occurrence, &mut Context) -> Result<(), Error> + Send>;

/// A component made of closures.
pub(crate) struct Probe {
    name: &'static str,
    on_batch: OnBatch,
    on_occurrence: OnOccurrence,
}

impl Probe {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            on_batch: Box::new(|_, _| Ok(())),
            on_occurrence: Box::new(|_, _| Ok(())),
        }
    }

    pub(crate) fn batch(
        mut self,
        on_batch: impl FnMut(&mut Batch, &mut Context) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        self.on_batch = Box::new(on_batch);
        self
    }

    pub(crate) fn on(
        mut self,
        on_occurrence: impl FnMut(&Occurrence, &mut Context) -> Result<(), Error> + Send + 'static,
    ) -> Self {
        self.on_occurrence = Box::new(on_occurrence);
        self
    }
}

impl Component for Probe {
    fn name(&self) -> &str {
        self.name
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(std::future::ready((self.on_batch)(batch, cx)))
    }

    fn handle<'a>(&'a mut self, on: &'a Occurrence, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(std::future::ready((self.on_occurrence)(on, cx)))
    }
}

/// A log that closures can share.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The names of the open messages.
pub(crate) fn open_names(batch: &mut Batch) -> String {
    let names: Vec<String> = batch.iter_open().map(|work: &mut Work| work.id.to_string()).collect();
    names.join(",")
}
