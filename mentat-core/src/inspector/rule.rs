//! Rules, compiled.

use super::action::Action;
use super::config::{InspectorConfig, OnError, RuleConfig};
use crate::idea::Event;
use mentat_filter::{Context, Filter, Program};
use std::fmt;

/// A rule or action that does not load.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleError {
    /// The rule's name, or `fallback_actions`.
    pub rule: String,
    /// What is wrong, over several lines where a place in the text is shown.
    pub text: String,
}

impl RuleError {
    pub(super) fn new(rule: &str, text: impl fmt::Display) -> Self {
        Self {
            rule: rule.to_owned(),
            text: text.to_string(),
        }
    }

    /// All errors in one text.
    #[must_use]
    pub fn list(errors: &[Self]) -> String {
        errors.iter().map(Self::to_string).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule '{}': {}", self.rule, self.text)
    }
}

impl std::error::Error for RuleError {}

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) filter: Program<Event>,
    pub(super) last: bool,
    pub(super) on_error: OnError,
    pub(super) actions: Vec<Action>,
}

#[derive(Debug)]
pub(super) struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) fallback: Vec<Action>,
}

impl Rules {
    pub(super) fn new(config: &InspectorConfig) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        if config.add_event_class_rules {
            errors.push(RuleError::new(
                "add_event_class_rules",
                "event classes of the database cannot be used yet",
            ));
        }
        let mut rules = Vec::new();
        for rule in config.inspection_rules.iter().filter(|rule| rule.enabled) {
            rules.extend(load(rule, &mut errors));
        }
        let fallback = Action::load_all("fallback_actions", &config.fallback_actions, &mut errors);
        if errors.is_empty() {
            Ok(Self { rules, fallback })
        } else {
            Err(errors)
        }
    }
}

fn load(config: &RuleConfig, errors: &mut Vec<RuleError>) -> Option<Rule> {
    let name = config.name.clone().unwrap_or_else(|| config.rule.clone());
    let actions = Action::load_all(&name, &config.actions, errors);
    let filter = compile(&config.rule)
        .map_err(|text| errors.push(RuleError::new(&name, text)))
        .ok()?;
    Some(Rule {
        name,
        filter,
        last: config.last,
        on_error: config.on_error,
        actions,
    })
}

pub(super) fn compile(text: &str) -> Result<Program<Event>, String> {
    let filter = Filter::parse(text).map_err(|errors| errors.to_string())?;
    filter.compile(&Context::default()).map_err(|errors| errors.to_string())
}
