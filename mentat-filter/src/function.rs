//! Functions that a program adds to the language.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use thiserror::Error;

use crate::value::{Type, Value};

/// Why a function gives no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// An argument has a type that the function does not take.
    #[error("does not take a value of type {0}")]
    Argument(Type),
    /// Anything else, told in a few words.
    #[error("{0}")]
    Failed(&'static str),
}

type Body = dyn Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync;

/// A function that filters may call once its name is in a [`Context`](crate::Context).
///
/// It must always give the same answer for the same arguments: a call with constants is worked out when a filter is
/// compiled.
///
/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Clock, Context, Filter, Function, FunctionError, Value};
/// let double = Function::new(1..=1, |arguments| match arguments {
///     [Value::Int(number)] => Ok(Value::Int(number * 2)),
///     [other, ..] => Err(FunctionError::Argument(other.kind())),
///     [] => Err(FunctionError::Failed("nothing to double")),
/// });
/// let context = Context::new().with_function("double", double);
/// let program = Filter::parse("double(count) > 4").unwrap().compile::<Value>(&context).unwrap();
/// let record = Value::Map([("count".to_owned(), Value::Int(3))].into());
/// assert!(program.matches(&record, &Clock::system()).unwrap());
/// # }
/// ```
#[derive(Clone)]
pub struct Function {
    least: usize,
    most: usize,
    body: Arc<Body>,
}

impl Function {
    /// A function that takes so many arguments.
    pub fn new(
        arguments: impl RangeBounds<usize>,
        body: impl Fn(&[Value]) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> Self {
        let least = match arguments.start_bound() {
            Bound::Included(least) => *least,
            Bound::Excluded(below) => below.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let most = match arguments.end_bound() {
            Bound::Included(most) => *most,
            Bound::Excluded(above) => above.saturating_sub(1),
            Bound::Unbounded => usize::MAX,
        };
        Self {
            least,
            most,
            body: Arc::new(body),
        }
    }

    pub(crate) fn takes(&self, arguments: usize) -> bool {
        (self.least..=self.most).contains(&arguments)
    }

    /// What it takes, in words.
    pub(crate) fn arity(&self) -> Box<str> {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        match (self.least, self.most) {
            (0, 0) => "no arguments".into(),
            (least, usize::MAX) => format!("{least} or more arguments").into(),
            (least, most) if least == most => format!("{most} argument{}", plural(most)).into(),
            (least, most) => format!("{least} to {most} arguments").into(),
        }
    }

    pub(crate) fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        (self.body)(arguments)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.arity())
    }
}

/// `lower` and `upper`: a text, or every text of a list.
pub(crate) fn change_case(value: &Value, change: fn(&str) -> String) -> Result<Value, FunctionError> {
    match value {
        Value::Str(text) => Ok(Value::Str(change(text))),
        Value::List(items) => {
            let changed = items.iter().map(|item| match item {
                Value::Str(text) => Ok(Value::Str(change(text))),
                other => Err(FunctionError::Argument(other.kind())),
            });
            changed.collect::<Result<_, _>>().map(Value::List)
        }
        other => Err(FunctionError::Argument(other.kind())),
    }
}
