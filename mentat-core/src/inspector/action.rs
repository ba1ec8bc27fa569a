//! Actions, checked and compiled.

use super::config::{ActionConfig, ActionKind};
use super::rule::{RuleError, compile};
use crate::component::{Context, Counter};
use crate::idea::{Change, Event, SetPolicy};
use crate::report;
use crate::work::{Cause, Outcome, QueueName, Reason, Work};
use mentat_filter::{Clock as FilterClock, IndexedPath, Program, Value};

/// Whether the inspection of a message goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continue,
    Stop,
}

#[derive(Debug)]
pub(super) enum Action {
    Tag {
        path: IndexedPath,
        value: Value,
        policy: SetPolicy,
    },
    Set {
        path: IndexedPath,
        expression: Program<Event>,
        policy: SetPolicy,
    },
    Drop,
    Dispatch(QueueName),
    Duplicate(QueueName),
    Log(String),
}

impl Action {
    /// The enabled actions; what does not load is added to `errors`.
    pub(super) fn load_all(rule: &str, configs: &[ActionConfig], errors: &mut Vec<RuleError>) -> Vec<Self> {
        let mut actions = Vec::new();
        for config in configs.iter().filter(|config| config.enabled) {
            match Self::load(config) {
                Ok(action) => actions.push(action),
                Err(text) => errors.push(RuleError::new(rule, text)),
            }
        }
        actions
    }

    fn load(config: &ActionConfig) -> Result<Self, String> {
        let args = &config.args;
        let missing = |argument: &str| format!("the action '{}' needs the argument '{argument}'", config.action.name());
        let policy = SetPolicy {
            overwrite: args.overwrite.unwrap_or(true),
            unique: args.unique,
        };
        let path = || {
            let text = args.path.as_deref().ok_or_else(|| missing("path"))?;
            IndexedPath::parse(text).map_err(|error| format!("bad path '{text}': {error}"))
        };
        let queue = || args.queue_tgt.clone().ok_or_else(|| missing("queue_tgt"));
        Ok(match config.action {
            ActionKind::Tag => {
                let value = args.value.clone().ok_or_else(|| missing("value"))?;
                Self::Tag {
                    path: path()?,
                    value,
                    policy,
                }
            }
            ActionKind::Set => {
                let text = args.expression.as_deref().ok_or_else(|| missing("expression"))?;
                Self::Set {
                    path: path()?,
                    expression: compile(text)?,
                    policy,
                }
            }
            ActionKind::Drop => Self::Drop,
            ActionKind::Dispatch => Self::Dispatch(queue()?),
            ActionKind::Duplicate => Self::Duplicate(queue()?),
            ActionKind::Log => Self::Log(
                args.label
                    .clone()
                    .unwrap_or_else(|| "Inspection rule matched".to_owned()),
            ),
        })
    }

    pub(super) fn apply(&self, rule: &str, work: &mut Work, clock: &FilterClock, cx: &mut Context) -> Flow {
        match self {
            Self::Tag { path, value, policy } => set(rule, work, path, value, *policy, Counter("tagged"), cx),
            Self::Set {
                path,
                expression,
                policy,
            } => match expression.evaluate(&work.event, clock) {
                Ok(value) => set(rule, work, path, &value, *policy, Counter("set"), cx),
                Err(error) => reject(rule, work, &format!("the expression for '{path}' failed: {error}"), cx),
            },
            Self::Drop => {
                cx.count(Counter("dropped"), 1);
                work.finish(Outcome::Drop(Cause::Rule(rule.to_owned())), rule);
                Flow::Stop
            }
            Self::Dispatch(queue) => {
                cx.count(Counter("dispatched"), 1);
                work.finish(Outcome::Send(queue.clone()), rule);
                Flow::Stop
            }
            Self::Duplicate(queue) => {
                cx.count(Counter("duplicated"), 1);
                work.copy(queue.clone(), rule);
                Flow::Continue
            }
            Self::Log(label) => {
                cx.count(Counter("logged"), 1);
                let id = work.event.id().unwrap_or("without ID");
                report::warn("inspector", format_args!("message {} ({id}): {label}", work.id));
                Flow::Continue
            }
        }
    }
}

fn set(
    rule: &str,
    work: &mut Work,
    path: &IndexedPath,
    value: &Value,
    policy: SetPolicy,
    counter: Counter,
    cx: &mut Context,
) -> Flow {
    match work.event.set(path, value, policy) {
        Ok(Change::Set) => cx.count(counter, 1),
        Ok(Change::Exists | Change::Duplicate) => {}
        Err(error) => return reject(rule, work, &error.to_string(), cx),
    }
    Flow::Continue
}

fn reject(rule: &str, work: &mut Work, text: &str, cx: &mut Context) -> Flow {
    cx.count(Counter("errors"), 1);
    work.finish(
        Outcome::Reject(Reason::new("action_failed", format!("rule '{rule}': {text}"))),
        rule,
    );
    Flow::Stop
}
