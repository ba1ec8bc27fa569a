//! Compiled evaluation.

mod arith;
mod atom;
mod compare;
mod compile;
mod error;
mod node;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub(crate) use compare::equal;
pub use compile::{CompileError, CompileErrorKind, CompileErrors};
pub use error::{EvalClass, EvalError, EvalErrorKind};

use crate::ast::Expr;
use crate::clock::Clock;
use crate::context::Context;
use crate::subject::Subject;
use crate::value::Value;
use node::{Node, Scene, Verdict};

/// A filter compiled for one kind of record; cheap to clone and to share between threads.
pub struct Program<S: Subject> {
    root: Arc<Node<S::Field>>,
}

impl<S: Subject> Program<S> {
    /// Compiles a tree: binds its paths, builds in the values of the context, folds constants.
    ///
    /// # Errors
    ///
    /// [`CompileErrors`] when the tree calls a function that does not exist, or with a wrong number of arguments.
    pub fn compile(expr: &Expr, context: &Context) -> Result<Self, CompileErrors> {
        compile::compile::<S>(expr, context).map(|root| Self { root: Arc::new(root) })
    }

    /// Whether the result is the boolean true; any other value, however truthy, does not match.
    ///
    /// # Errors
    ///
    /// [`EvalError`] when a variable is missing or an operator is not defined for its operands. What `and` and `or`
    /// do not look at cannot fail.
    pub fn matches(&self, subject: &S, clock: &Clock) -> Result<bool, EvalError> {
        self.verdict(subject, clock).map(|verdict| verdict == Verdict::True)
    }

    /// Whether the result counts as true, as [`Value::is_truthy`] has it.
    ///
    /// # Errors
    ///
    /// As for [`Program::matches`].
    pub fn truthy(&self, subject: &S, clock: &Clock) -> Result<bool, EvalError> {
        self.verdict(subject, clock).map(|verdict| verdict != Verdict::False)
    }

    /// The result.
    ///
    /// # Errors
    ///
    /// As for [`Program::matches`].
    pub fn evaluate(&self, subject: &S, clock: &Clock) -> Result<Value, EvalError> {
        Scene { subject, clock }.value(&self.root).map(Cow::into_owned)
    }

    fn verdict(&self, subject: &S, clock: &Clock) -> Result<Verdict, EvalError> {
        Scene { subject, clock }.verdict(&self.root)
    }
}

impl<S: Subject> Clone for Program<S> {
    fn clone(&self) -> Self {
        Self {
            root: Arc::clone(&self.root),
        }
    }
}

impl<S: Subject> fmt::Debug for Program<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}
