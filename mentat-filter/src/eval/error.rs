//! Why an evaluation failed.

use std::fmt;

use thiserror::Error;

use crate::ast::Span;
use crate::report;
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
    #[error("{function}() does not take a value of type {found}")]
    Argument {
        /// The name of the function.
        function: &'static str,
        /// The type of the argument.
        found: Type,
    },
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
        }
    }

    /// The message with the line of the filter text concerned, which must be the text the program was compiled from.
    pub fn render<'a>(&'a self, source: &'a str) -> impl fmt::Display + 'a {
        let hint = match self.kind {
            EvalErrorKind::Missing => Some("write `name ?? []` or `name ?? 0` where the value may be absent"),
            EvalErrorKind::Undefined {
                operator: "<" | "<=" | ">" | ">=",
                left: Type::Text,
                ..
            } => Some("texts have no order; use `=`, `in` or `contains`"),
            EvalErrorKind::Undefined {
                operator: "-",
                left: Type::Ip,
                right: Type::Ip,
            } => Some("write a range of addresses without blanks: 10.0.0.1-10.0.0.9"),
            _ => None,
        };
        report::Message {
            code: self.code(),
            title: self.kind,
            span: self.span,
            expected: &[],
            hint,
            source,
        }
    }
}
