//! Compiled evaluation.

mod arith;
mod atom;
mod compare;
mod compile;
mod error;
mod filter_set;
mod legacy;
mod meter;
mod node;
mod quantifier;
mod sets;
mod test;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub(crate) use arith::{compute, negate, range};
pub(crate) use compare::{compare, equal};
pub use compile::{CompileError, CompileErrorKind, CompileErrors};
pub(crate) use compile::{Options, constant};
pub use error::{EvalClass, EvalError, EvalErrorKind};
pub use filter_set::{FilterSet, Matches};
#[cfg(feature = "parse")]
pub(crate) use legacy::compute as legacy_compute;
pub(crate) use meter::Meter;
pub(crate) use quantifier::Element;
pub(crate) use sets::Members;

use crate::ast::Expr;
use crate::clock::Clock;
use crate::context::Context;
use crate::subject::Subject;
use crate::value::Value;
use node::{Node, Scene, Verdict};

/// A filter compiled for one kind of record; cheap to clone and to share between threads.
pub struct Program<S: Subject> {
    root: Arc<Node<S::Field>>,
    /// How many steps an evaluation may take.
    steps: u64,
}

impl<S: Subject> Program<S> {
    /// Compiles a tree: binds its paths, builds in the values of the context, folds constants.
    ///
    /// # Errors
    ///
    /// [`CompileErrors`] when the tree calls a function that does not exist, or with a wrong number of arguments, or
    /// when a pattern is not one.
    pub fn compile(expr: &Expr, context: &Context) -> Result<Self, CompileErrors> {
        Self::compile_with(expr, context, Options::default())
    }

    pub(crate) fn compile_with(expr: &Expr, context: &Context, options: Options) -> Result<Self, CompileErrors> {
        Self::compile_part(expr, context, options, true)
    }

    /// Compiles a part of a filter, as a condition or as an operand.
    pub(crate) fn compile_part(
        expr: &Expr,
        context: &Context,
        options: Options,
        is_condition: bool,
    ) -> Result<Self, CompileErrors> {
        let root = compile::compile::<S>(expr, context, options, is_condition)?;
        Ok(Self {
            root: Arc::new(root),
            steps: options.limits.steps,
        })
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
        self.evaluate_within(subject, clock, &Meter::new(self.steps))
    }

    /// The result, with the steps that another meter has left.
    pub(crate) fn evaluate_within(&self, subject: &S, clock: &Clock, meter: &Meter) -> Result<Value, EvalError> {
        let scene = Scene { subject, clock, meter };
        scene.value(&self.root).map(Cow::into_owned)
    }

    fn verdict(&self, subject: &S, clock: &Clock) -> Result<Verdict, EvalError> {
        let meter = Meter::new(self.steps);
        let scene = Scene {
            subject,
            clock,
            meter: &meter,
        };
        scene.verdict(&self.root)
    }
}

impl<S: Subject> Clone for Program<S> {
    fn clone(&self) -> Self {
        Self {
            root: Arc::clone(&self.root),
            steps: self.steps,
        }
    }
}

impl<S: Subject> fmt::Debug for Program<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}
