//! Named values that stand beside the record.

use std::collections::BTreeMap;

use crate::value::Value;

/// Named values that a filter may use as variables, for example the list `own_nets`.
///
/// A variable without leading dot is first looked up here by its whole dotted text, then in the record. The values are
/// built into the program when a filter is compiled; later changes do not reach it.
///
/// ```
/// use mentat_filter::{Context, Value};
/// let context = Context::new().with("limit", Value::Int(100));
/// assert!(context.get("limit").is_some());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    values: BTreeMap<String, Value>,
}

impl Context {
    /// A context without values.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            values: BTreeMap::new(),
        }
    }

    /// This context with one more value.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Names a value, replacing the one the name had.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.values.insert(name.into(), value.into());
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The names in use, ascending.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            values: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }
}
