//! Rules as configuration writes them.

use crate::work::QueueName;
use mentat_filter::Value;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// Configuration of the [`Inspector`](crate::Inspector).
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct InspectorConfig {
    /// Evaluated in order.
    pub inspection_rules: Vec<RuleConfig>,
    /// For events that no rule matches.
    pub fallback_actions: Vec<ActionConfig>,
    /// Also use the event classes of the database. Off by default.
    pub add_event_class_rules: bool,
}

/// One rule.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RuleConfig {
    /// The filter.
    pub rule: String,
    /// Name for logs and counters; the filter's text if absent.
    #[serde(default)]
    pub name: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// No further rules after this one matched. Off by default.
    #[serde(default, rename = "final")]
    pub last: bool,
    /// On by default.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What to do when the filter cannot be evaluated on an event, as when a path is missing.
    #[serde(default)]
    pub on_error: OnError,
    /// What to do with matching events, in order.
    #[serde(default)]
    pub actions: Vec<ActionConfig>,
}

/// What an evaluation error means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnError {
    /// The rule does not match (default); counted.
    #[default]
    Skip,
    /// The rule matches.
    Match,
    /// The message is rejected.
    Banish,
}

/// One action of a rule.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActionConfig {
    /// What to do.
    pub action: ActionKind,
    /// For logs; the action's name if absent.
    #[serde(default)]
    pub name: Option<String>,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// On by default.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Which arguments there must be depends on the action.
    #[serde(default)]
    pub args: ActionArgs,
}

/// The kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActionKind {
    /// Sets a constant (`path`, `value`, `overwrite`, `unique`).
    Tag,
    /// Sets the value of an expression (`path`, `expression`, `overwrite`, `unique`).
    Set,
    /// Drops the message (`label`).
    Drop,
    /// Moves the message to another queue (`queue_tgt`).
    Dispatch,
    /// Copies the message to another queue (`queue_tgt`).
    Duplicate,
    /// Writes a log line (`label`).
    Log,
}

impl ActionKind {
    /// As configuration writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Set => "set",
            Self::Drop => "drop",
            Self::Dispatch => "dispatch",
            Self::Duplicate => "duplicate",
            Self::Log => "log",
        }
    }
}

/// Arguments of an action.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ActionArgs {
    /// Where to set, as an indexed path.
    pub path: Option<String>,
    /// The constant to set.
    #[serde(deserialize_with = "constant")]
    pub value: Option<Value>,
    /// The expression whose value is set.
    pub expression: Option<String>,
    /// Replace what is there. Default yes.
    pub overwrite: Option<bool>,
    /// When appending: not if the list has the value already. Default no.
    pub unique: bool,
    /// Text for the log.
    pub label: Option<String>,
    /// Queue name or directory.
    pub queue_tgt: Option<QueueName>,
}

fn yes() -> bool {
    true
}

/// A JSON (or TOML) value as a filter value.
fn constant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    struct Constant(Value);
    struct Read;
    impl<'de> Deserialize<'de> for Constant {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Read)
        }
    }
    impl<'de> Visitor<'de> for Read {
        type Value = Constant;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value")
        }
        fn visit_unit<E>(self) -> Result<Constant, E> {
            Ok(Constant(Value::Null))
        }
        fn visit_bool<E>(self, value: bool) -> Result<Constant, E> {
            Ok(Constant(Value::Bool(value)))
        }
        fn visit_i64<E>(self, value: i64) -> Result<Constant, E> {
            Ok(Constant(Value::Int(value.into())))
        }
        fn visit_u64<E>(self, value: u64) -> Result<Constant, E> {
            Ok(Constant(Value::Int(value.into())))
        }
        fn visit_f64<E>(self, value: f64) -> Result<Constant, E> {
            Ok(Constant(Value::Float(value)))
        }
        fn visit_str<E>(self, value: &str) -> Result<Constant, E> {
            Ok(Constant(Value::Str(value.into())))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Constant, A::Error> {
            let mut items = Vec::new();
            while let Some(Constant(item)) = seq.next_element()? {
                items.push(item);
            }
            Ok(Constant(Value::List(items)))
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Constant, A::Error> {
            let mut members = BTreeMap::new();
            while let Some((key, Constant(member))) = map.next_entry::<String, Constant>()? {
                if members.insert(key.clone(), member).is_some() {
                    return Err(A::Error::custom(format!("the key '{key}' stands twice")));
                }
            }
            Ok(Constant(Value::Map(members)))
        }
    }
    Constant::deserialize(deserializer).map(|Constant(value)| Some(value))
}
