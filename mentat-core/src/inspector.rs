//! The component that looks at events through rules and acts on those that match.

mod action;
mod config;
mod rule;

pub use config::{ActionArgs, ActionConfig, ActionKind, InspectorConfig, OnError, RuleConfig};
pub use rule::RuleError;

use crate::component::{Component, Context, Counter, Fut, Occurrence};
use crate::work::{Batch, Outcome, Reason, Work};
use crate::{Error, report};
use action::Flow;
use mentat_filter::Clock as FilterClock;
use rule::{Rule, Rules};

/// Evaluates every rule on every event, in order; the actions of a matching rule take effect at once, so that later
/// rules see them. A rule matches if its filter is exactly true. A rule with `final`, or an action that decides what
/// becomes of the message, ends the inspection.
#[derive(Debug)]
pub struct Inspector {
    rules: Rules,
}

impl Inspector {
    /// An inspector with the given rules.
    ///
    /// # Errors
    /// [`RuleError`] for every rule that does not load, with the place in its text.
    pub fn new(config: &InspectorConfig) -> Result<Self, Vec<RuleError>> {
        Ok(Self {
            rules: Rules::new(config)?,
        })
    }

    fn inspect(&self, work: &mut Work, cx: &mut Context) {
        let clock = FilterClock::at(cx.now());
        let mut matched = false;
        for rule in &self.rules.rules {
            if !self.matches(rule, work, &clock, cx) {
                if work.is_open() {
                    continue;
                }
                return;
            }
            matched = true;
            cx.count(Counter("matched"), 1);
            for action in &rule.actions {
                if action.apply(&rule.name, work, &clock, cx) == Flow::Stop {
                    return;
                }
            }
            if rule.last {
                return;
            }
        }
        if !matched {
            cx.count(Counter("fallbacks"), 1);
            for action in &self.rules.fallback {
                if action.apply("fallback", work, &clock, cx) == Flow::Stop {
                    return;
                }
            }
        }
    }

    fn matches(&self, rule: &Rule, work: &mut Work, clock: &FilterClock, cx: &mut Context) -> bool {
        let error = match rule.filter.matches(&work.event, clock) {
            Ok(matches) => return matches,
            Err(error) => error,
        };
        cx.count(Counter("rule errors"), 1);
        match rule.on_error {
            OnError::Skip => false,
            OnError::Match => true,
            OnError::Banish => {
                let text = format!("rule '{}' failed: {error}", rule.name);
                work.finish(Outcome::Reject(Reason::new("rule_error", text)), &rule.name);
                false
            }
        }
    }
}

impl Component for Inspector {
    fn name(&self) -> &'static str {
        "inspector"
    }

    fn process<'a>(&'a mut self, batch: &'a mut Batch, cx: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            for work in batch.iter_open() {
                self.inspect(work, cx);
            }
            Ok(())
        })
    }

    fn handle<'a>(&'a mut self, on: &'a Occurrence, _: &'a mut Context) -> Fut<'a, Result<(), Error>> {
        Box::pin(async move {
            if let Occurrence::Reload(config) = on
                && let Some(config) = config.get::<InspectorConfig>()
            {
                self.rules = Rules::new(config).map_err(|errors| Error::fatal(RuleError::list(&errors)))?;
                report::info("inspector", format_args!("{} rules loaded", self.rules.rules.len()));
            }
            Ok(())
        })
    }
}
