//! What stands beside the record: named values, sets and functions.

use std::collections::BTreeMap;

use crate::function::Function;
use crate::set::NamedSet;
use crate::value::Value;

/// Named values that a filter may use as variables, for example the list `own_nets`, and functions that it may call.
///
/// A variable without leading dot is first looked up here by its whole dotted text, then in the record. The values are
/// built into the program when a filter is compiled; later changes do not reach it. What changes while filters run is
/// a [`NamedSet`].
///
/// ```
/// use mentat_filter::{Context, Value};
/// let context = Context::new().with("limit", Value::Int(100));
/// assert!(context.get("limit").is_some());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Context {
    values: BTreeMap<String, Value>,
    sets: BTreeMap<String, NamedSet>,
    functions: BTreeMap<String, Function>,
}

impl Context {
    /// A context without values.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            values: BTreeMap::new(),
            sets: BTreeMap::new(),
            functions: BTreeMap::new(),
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

    /// This context with one more set; a value of the same name hides it.
    #[must_use]
    pub fn with_set(mut self, name: impl Into<String>, set: &NamedSet) -> Self {
        self.sets.insert(name.into(), set.clone());
        self
    }

    /// This context with one more function; the functions of the language itself cannot be replaced.
    #[must_use]
    pub fn with_function(mut self, name: impl Into<String>, function: Function) -> Self {
        self.functions.insert(name.into(), function);
        self
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The set of a name.
    #[must_use]
    pub fn set_named(&self, name: &str) -> Option<&NamedSet> {
        self.sets.get(name)
    }

    /// The function of a name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    /// The names of values and sets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().chain(self.sets.keys()).map(String::as_str)
    }

    /// The names of functions, ascending.
    pub fn function_names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }
}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self {
            values: pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            ..Self::new()
        }
    }
}
