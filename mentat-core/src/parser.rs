//! The component that turns bytes into events.

use crate::component::{Component, Context, Counter, Fut};
use crate::idea::Event;
use crate::work::{Batch, Outcome, Reason};
use crate::{Error, report};

/// First in every chain: reads each message; what is no event is rejected with every problem named.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Parser;

impl Parser {
    /// A parser.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Component for Parser {
    fn name(&self) -> &'static str {
        "parser"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            for work in batch.iter_open() {
                match Event::parse(work.bytes()) {
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
