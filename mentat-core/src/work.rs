//! What goes through a chain of components: messages, batches of them, and what becomes of each.

use crate::idea::Event;
use std::fmt;
use std::path::Path;

/// The name of a message: its file name, unchanged through all queues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Takes the name as it is.
    #[must_use]
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A queue as configuration names it: a bare name below the spool directory, or a path.
///
/// A path may end in `incoming`, the directory that receives the files; the queue is then the directory above.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct QueueName(String);

impl QueueName {
    /// Takes the name or path as it is.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The queue's directory.
    #[must_use]
    pub fn resolve(&self, spool: &Path) -> std::path::PathBuf {
        let name = Path::new(&self.0);
        if !self.0.contains('/') {
            return spool.join(name);
        }
        match (name.file_name(), name.parent()) {
            (Some(last), Some(queue)) if last == "incoming" => queue.to_owned(),
            _ => name.to_owned(),
        }
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a message was dropped on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A rule said so; its name.
    Rule(String),
    /// An event with the same ID is stored already.
    Duplicate,
    /// The chain ends here and nothing stored the message.
    NoOutput,
}

/// Why a message was rejected: it goes into `errors/` with this beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// Stable name to group errors by, such as `bad_json`.
    pub code: String,
    /// For people: what is wrong and where.
    pub text: String,
}

impl Reason {
    /// A reason of the given kind.
    #[must_use]
    pub fn new(code: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            text: text.into(),
        }
    }
}

/// What becomes of a message. The first one set wins; without any the message is forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// On to the next queue.
    Forward,
    /// Moved to another queue.
    Send(QueueName),
    /// Dropped on purpose and counted.
    Drop(Cause),
    /// Into `errors/`.
    Reject(Reason),
    /// Durably taken care of (stored): the file can go.
    Done,
}

/// A copy for another queue, as the event was when the copy was asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Copy {
    /// Where it goes.
    pub to: QueueName,
    /// Who asked for it; becomes part of the copy's name, so that a repeated run finds its copy.
    pub rule: String,
    /// What it holds; `None` for the message's own bytes.
    pub bytes: Option<Vec<u8>>,
}

/// One message on its way through a chain.
#[derive(Debug)]
pub struct Work {
    /// The message's name.
    pub id: MessageId,
    /// The event, empty until the [`Parser`](crate::Parser) has read it.
    pub event: Event,
    bytes: Vec<u8>,
    copies: Vec<Copy>,
    outcome: Option<(Outcome, String)>,
}

impl Work {
    /// A message as it came out of its queue.
    #[must_use]
    pub fn new(id: MessageId, bytes: Vec<u8>) -> Self {
        Self {
            id,
            event: Event::default(),
            bytes,
            copies: Vec::new(),
            outcome: None,
        }
    }

    /// The message's bytes as they came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was decided, if anything was.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref().map(|(outcome, _)| outcome)
    }

    /// Whether nothing was decided yet: later components look at the message.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// Decides what becomes of the message. `by` names who does: a component or a rule. Answers `false`, and changes
    /// nothing, if it was decided before.
    pub fn finish(&mut self, outcome: Outcome, by: &str) -> bool {
        if self.outcome.is_some() {
            return false;
        }
        self.outcome = Some((outcome, by.to_owned()));
        true
    }

    /// Asks for a copy of the event as it is now.
    pub fn copy(&mut self, to: QueueName, rule: &str) {
        let bytes = self.event.is_modified().then(|| self.event.to_json().into_bytes());
        self.copies.push(Copy {
            to,
            rule: rule.to_owned(),
            bytes,
        });
    }

    /// The copies asked for.
    #[must_use]
    pub fn copies(&self) -> &[Copy] {
        &self.copies
    }

    /// What a source needs to carry the decision out.
    pub(crate) fn settle(self) -> Settlement {
        let moves_on = matches!(self.outcome(), None | Some(Outcome::Forward | Outcome::Send(_)));
        let changed = (moves_on && self.event.is_modified()).then(|| self.event.to_json().into_bytes());
        let event_id = self.event.id().map(str::to_owned);
        let (outcome, by) = self.outcome.unwrap_or((Outcome::Forward, String::new()));
        Settlement {
            id: self.id,
            event_id,
            copies: self.copies,
            changed,
            outcome,
            by,
        }
    }
}

/// The last word on one claimed message.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settlement {
    /// Which message.
    pub id: MessageId,
    /// The event's ID, for logs.
    pub event_id: Option<String>,
    /// Copies to publish first.
    pub copies: Vec<Copy>,
    /// New content, if the event was changed and the message goes to another queue.
    pub changed: Option<Vec<u8>>,
    /// What becomes of the message.
    pub outcome: Outcome,
    /// The component or rule that decided; empty if nobody did.
    pub by: String,
}

/// Messages that go through the chain together.
#[derive(Debug, Default)]
pub struct Batch(Vec<Work>);

impl Batch {
    /// A batch of the given messages, in order.
    #[must_use]
    pub fn new(works: Vec<Work>) -> Self {
        Self(works)
    }

    /// All messages.
    pub fn iter(&self) -> impl Iterator<Item = &Work> {
        self.0.iter()
    }

    /// The messages about which nothing was decided yet.
    pub fn iter_open(&mut self) -> impl Iterator<Item = &mut Work> {
        self.0.iter_mut().filter(|work| work.is_open())
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_works(self) -> Vec<Work> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_outcome_wins() {
        let mut work = Work::new(MessageId::new("m"), Vec::new());
        assert!(work.finish(Outcome::Done, "first"));
        assert!(!work.finish(Outcome::Forward, "second"));
        assert_eq!(work.outcome(), Some(&Outcome::Done));
    }

    #[test]
    fn queue_names_resolve_below_the_spool_or_as_paths() {
        let check = |name: &str, expected: &str| {
            assert_eq!(
                QueueName::new(name).resolve(Path::new("/spool")),
                Path::new(expected),
                "{name}"
            );
        };
        check("mentat-storage.py", "/spool/mentat-storage.py");
        check("/var/q/branch", "/var/q/branch");
        check("/var/q/branch/incoming", "/var/q/branch");
        check("/var/q/branch/incoming/", "/var/q/branch");
    }
}
