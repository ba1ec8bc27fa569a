//! Putting messages into the first queue, each exactly once, also when runs are killed.

use super::layout::Layout;
use super::state::{Input, State};
use crate::exit::{Code, Failure};
use mentat_core::generate::{Generator, Options as Events};
use mentat_core::queue::{MessageName, Options, Queue};
use mentat_core::store::{Store, name_hash};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};

/// Messages between two notes of how far we are.
const BATCH: u64 = 500;

/// Messages in the first queue above which feeding pauses.
const LIMIT: usize = 5000;

/// Where the bytes of the next messages come from.
enum Messages {
    Generator(Box<Generator>),
    Lines(BufReader<File>),
}

/// A run of the demo being fed.
pub(super) struct Feed<'a> {
    state: &'a mut State,
    queue: Queue,
    messages: Messages,
    number: u64,
    total: u64,
    fed: u64,
    /// Names that a killed run may have fed without noting it.
    known: HashSet<String>,
}

impl<'a> Feed<'a> {
    pub(super) async fn open(
        layout: &Layout,
        state: &'a mut State,
        store: &Store,
        resumed: bool,
    ) -> Result<Self, Failure> {
        let Some(run) = state.run().cloned() else {
            return Err(Failure::new(Code::Failure, "no run was begun"));
        };
        let (messages, total) = match &run.input {
            Input::Generated { events, seed } => {
                let mut options = Events::default();
                options.seed = *seed;
                (Messages::Generator(Box::new(Generator::new(options))), *events)
            }
            Input::File { path, .. } => {
                let open = || File::open(path).map(BufReader::new);
                let failed = |error: io::Error| Failure::io("read", path, &error);
                let total = open().and_then(count_lines).map_err(failed)?;
                let mut lines = open().map_err(failed)?;
                for _ in 0..run.fed {
                    next_line(&mut lines).map_err(failed)?;
                }
                (Messages::Lines(lines), total)
            }
        };
        let mut options = Options::default();
        options.limit = LIMIT;
        // The daemons refuse what is too large, with a reason; we are here to feed it to them.
        options.max_message_bytes = u64::MAX;
        let queue = Queue::open(layout.first_queue(), options)?;
        let mut feed = Self {
            state,
            queue,
            messages,
            number: run.number,
            total,
            fed: run.fed,
            known: HashSet::new(),
        };
        if resumed {
            feed.known = layout.places().names()?;
            let stored: HashSet<i64> = store.stored_names().await?.into_iter().collect();
            let doubtful = (feed.fed..total.min(feed.fed + BATCH)).map(|index| feed.name(index));
            let stored: Vec<String> = doubtful.filter(|name| stored.contains(&name_hash(name))).collect();
            feed.known.extend(stored);
        }
        feed.state.update(|_| {})?;
        Ok(feed)
    }

    fn name(&self, index: u64) -> String {
        format!("demo{}-{index:08}.msg", self.number)
    }

    /// The names of all messages fed.
    pub(super) fn names(&self) -> Vec<String> {
        (0..self.fed).map(|index| self.name(index)).collect()
    }

    pub(super) fn fed(&self) -> u64 {
        self.fed
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether the first queue is full.
    pub(super) fn is_held_up(&self) -> Result<bool, Failure> {
        Ok(!self.queue.has_room()?)
    }

    /// Feeds a batch if there is room; `true` when everything is fed.
    pub(super) fn some(&mut self) -> Result<bool, Failure> {
        if self.fed == self.total {
            return Ok(true);
        }
        if self.is_held_up()? {
            return Ok(false);
        }
        let mut batch = Vec::new();
        let end = self.total.min(self.fed + BATCH);
        for index in self.fed..end {
            let bytes = match &mut self.messages {
                Messages::Generator(generator) => generator.message(index).into_bytes(),
                Messages::Lines(lines) => next_line(lines)
                    .map_err(|error| Failure::new(Code::Failure, format_args!("cannot read on: {error}")))?
                    .unwrap_or_default(),
            };
            let name = self.name(index);
            if !self.known.contains(&name) {
                batch.push((MessageName::parse(name)?, bytes));
            }
        }
        self.known.clear();
        let (empty, full): (Vec<_>, Vec<_>) = batch.iter().partition(|(_, bytes)| bytes.is_empty());
        let messages: Vec<(&MessageName, &[u8])> = full.iter().map(|(name, bytes)| (name, bytes.as_slice())).collect();
        self.queue.publish(&messages)?;
        for (name, _) in empty {
            self.drop_in_empty(name)?;
        }
        self.fed = end;
        self.state.update(|run| run.fed = end)?;
        Ok(self.fed == self.total)
    }

    /// An empty file, such as a careless producer leaves: our own queue would not take one.
    fn drop_in_empty(&self, name: &MessageName) -> Result<(), Failure> {
        let path = self.queue.dir().join("incoming").join(name.as_ref());
        match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Failure::io("write", &path, &error)),
            _ => Ok(()),
        }
    }

    /// Notes that the run is done.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.state.update(|run| run.finished = true)
    }
}

/// The next line without its line feed; nothing else is taken off.
fn next_line(lines: &mut BufReader<File>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if lines.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(line))
}

fn count_lines(mut lines: BufReader<File>) -> io::Result<u64> {
    let mut count = 0;
    while next_line(&mut lines)?.is_some() {
        count += 1;
    }
    Ok(count)
}
