//! Why an evaluation failed.

mod advice;

use std::fmt;

use thiserror::Error;

use crate::ast::Span;
use crate::function::FunctionError;
use crate::report::{Diagnostic, Style, floor_boundary};
use crate::value::Type;

/// What kind of failure an [`EvalError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalClass {
    /// A variable is not in the record, and no default was given.
    Missing,
    /// The operator is not defined for the types of its operands.
    Operator,
    /// The operator or function is defined, but not for these very values: division by zero, for example.
    Evaluation,
}

/// The exact reason of an [`EvalError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvalErrorKind {
    /// A variable is not in the record, and no default was given.
    #[error("variable not found")]
    Missing,
    /// The operator is not defined for operands of these types.
    #[error("`{operator}` is not defined between {left} and {right}")]
    Undefined {
        /// The operator as written.
        operator: &'static str,
        /// The type on the left.
        left: Type,
        /// The type on the right.
        right: Type,
    },
    /// Minus before something that is neither number nor duration.
    #[error("minus is not defined for {operand}")]
    Negation {
        /// The type of the operand.
        operand: Type,
    },
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// An integer left its 128 bits, a duration its 999,999,999 days, or a time the years 1 to 9999.
    #[error("result out of range")]
    OutOfRange,
    /// The two ends of a range cannot be ordered with each other.
    #[error("the ends of the range cannot be compared with each other")]
    RangeEnds,
    /// `contains` over a list with an item that cannot contain a text.
    #[error("`contains` cannot look into an item of type {found}")]
    NotText {
        /// The type of the item.
        found: Type,
    },
    /// A function was given a value of a type that it does not take.
    #[error("the function does not take a value of type {found}")]
    Argument {
        /// The type of the argument.
        found: Type,
    },
    /// A function gave no result.
    #[error("the function failed: {reason}")]
    Function {
        /// Why, in its own words.
        reason: &'static str,
    },
    /// A text of the record is used as a regular expression by the legacy dialect, but is none.
    #[error("not a regular expression")]
    Pattern,
    /// The evaluation would take more steps than [`Limits::steps`](crate::Limits).
    #[error("the evaluation takes too many steps")]
    TooManySteps,
}

impl From<FunctionError> for EvalErrorKind {
    fn from(error: FunctionError) -> Self {
        match error {
            FunctionError::Argument(found) => Self::Argument { found },
            FunctionError::Failed(reason) => Self::Function { reason },
        }
    }
}

/// A failed evaluation: the reason and the part of the filter text it concerns.
///
/// The error is small and carries no text, because a missing variable may concern every record of a stream;
/// [`EvalError::render`] makes a message with the source line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at byte {})", span.start)]
pub struct EvalError {
    kind: EvalErrorKind,
    span: Span,
}

impl EvalError {
    pub(crate) const fn new(kind: EvalErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// The exact reason.
    #[must_use]
    pub const fn kind(&self) -> EvalErrorKind {
        self.kind
    }

    /// The part of the filter text: a variable, or both operands of an operator.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The coarse kind.
    #[must_use]
    pub const fn class(&self) -> EvalClass {
        match self.kind {
            EvalErrorKind::Missing => EvalClass::Missing,
            EvalErrorKind::Undefined { .. } | EvalErrorKind::Negation { .. } => EvalClass::Operator,
            _ => EvalClass::Evaluation,
        }
    }

    /// A stable code: `F0301` and up.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            EvalErrorKind::Missing => "F0301",
            EvalErrorKind::Undefined { .. } => "F0302",
            EvalErrorKind::Negation { .. } => "F0303",
            EvalErrorKind::DivisionByZero => "F0304",
            EvalErrorKind::OutOfRange => "F0305",
            EvalErrorKind::RangeEnds => "F0306",
            EvalErrorKind::NotText { .. } => "F0307",
            EvalErrorKind::Argument { .. } => "F0308",
            EvalErrorKind::Function { .. } => "F0309",
            EvalErrorKind::TooManySteps => "F0310",
            EvalErrorKind::Pattern => "F0311",
        }
    }

    /// The failure as a message with advice. The source must be the text that the program was compiled from.
    #[must_use]
    pub fn diagnostic(&self, source: &str) -> Diagnostic {
        let part = source.get(floor_boundary(source, self.span.start)..floor_boundary(source, self.span.end));
        let part = part.unwrap_or_default();
        let message = match self.kind {
            EvalErrorKind::Missing if !part.is_empty() && part.len() <= 100 => format!("variable `{part}` not found"),
            kind => kind.to_string(),
        };
        Diagnostic::error(self.code(), message, self.span).with_hint(advice::hint(self.kind, part))
    }

    /// The message with the line of the filter text concerned, which must be the text the program was compiled from.
    pub fn render<'a>(&self, source: &'a str) -> impl fmt::Display + use<'a> {
        Rendered(self.diagnostic(source), source)
    }
}

struct Rendered<'a>(Diagnostic, &'a str);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.render(self.1, Style::Plain).fmt(f)
    }
}
