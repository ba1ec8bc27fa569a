//! The component that stores events.

use super::{Store, Stored};
use crate::component::{Component, Context, Counter, Fut, Occurrence};
use crate::idea::Event;
use crate::work::{Batch, Cause, Outcome, Reason};
use crate::{Error, report};

/// Last in a chain: stores each batch in one transaction. A message is done only after its commit.
#[derive(Clone, Debug)]
pub struct Storage {
    store: Store,
    ready: bool,
}

impl Storage {
    /// A component that writes into the store.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, ready: false }
    }

    /// Sets the schema up once; the database may come up later than the daemon.
    async fn prepare(&mut self) -> Result<(), Error> {
        if !self.ready {
            for step in self.store.migrate().await? {
                report::info(
                    "storage",
                    format_args!("database step {} ({}) taken", step.number, step.name),
                );
            }
            self.ready = true;
        }
        Ok(())
    }
}

impl Component for Storage {
    fn name(&self) -> &'static str {
        "storage"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            self.prepare().await?;
            let mut events: Vec<(&str, &mut Event)> = Vec::with_capacity(batch.len());
            for work in batch.iter_open() {
                events.push((work.id.as_str(), &mut work.event));
            }
            if events.is_empty() {
                return Ok(());
            }
            let answers = self.store.write(events).await?;
            for (work, answer) in batch.iter_open().zip(answers) {
                let (counter, outcome) = match answer {
                    Stored::New => ("stored", Outcome::Done),
                    Stored::Replayed => ("replayed", Outcome::Done),
                    Stored::Duplicate => ("duplicates", Outcome::Drop(Cause::Duplicate)),
                    Stored::Incomplete(missing) => (
                        "errors",
                        Outcome::Reject(Reason::new("missing_keys", missing.to_string())),
                    ),
                    Stored::Refused(error) => ("errors", Outcome::Reject(Reason::new("refused", error.chain()))),
                };
                if let Outcome::Reject(reason) = &outcome {
                    report::warn("storage", format_args!("message {}: {}", work.id, reason.text));
                }
                cx.count(Counter(counter), 1);
                work.finish(outcome, "storage");
            }
            Ok(())
        })
    }

    fn handle<'a>(&'a mut self, on: &'a Occurrence, _: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            match on {
                Occurrence::Start => self.prepare().await,
                _ => Ok(()),
            }
        })
    }
}
