//! The component that turns bytes into events.

use crate::component::{Component, Context, Counter, Fut};
use crate::idea::{Event, Mode, ReadOptions};
use crate::work::{Batch, Outcome, Reason};
use crate::{Error, report};

/// First in every chain: reads each message; what is no event is rejected with every problem named.
#[derive(Clone, Debug)]
pub struct Parser {
    options: ReadOptions,
}

impl Parser {
    /// A parser that takes a single value where a list is due for a list of one item ([`Mode::RepairLists`]): real
    /// detectors send that, and each such place is counted as a warning.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(ReadOptions::new(Mode::RepairLists))
    }

    /// A parser that reads as told.
    #[must_use]
    pub fn with_options(options: ReadOptions) -> Self {
        Self { options }
    }
}

impl Default for Parser {
    fn default() -> Self {
        Self::new()
    }
}

impl Component for Parser {
    fn name(&self) -> &'static str {
        "parser"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            for work in batch.iter_open() {
                match Event::parse_with(work.bytes(), &self.options) {
                    Ok(event) => {
                        cx.count(Counter("parsed"), 1);
                        cx.count(Counter("warnings"), event.warnings().len() as u64);
                        work.event = event;
                    }
                    Err(invalid) => {
                        cx.count(Counter("errors"), 1);
                        report::warn("parser", format_args!("message {}: {invalid}", work.id));
                        work.finish(
                            Outcome::Reject(Reason::new(invalid.rule(), invalid.to_string())),
                            "parser",
                        );
                    }
                }
            }
            Ok(())
        })
    }
}
