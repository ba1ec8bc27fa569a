//! What has no equal in another dialect.

use std::fmt;

use thiserror::Error;

use crate::ast::Span;
use crate::report::{self, Diagnostic};

/// What has no equal in the other dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConvertErrorKind {
    /// `is` compares whole lists, even those of one value.
    #[error("`is` compares whole lists, which no operator of the other dialect does for a single value")]
    Is,
    /// An index, for example `Source[1]`.
    #[error("paths have no indexes in the other dialect")]
    Index,
    /// A variable among the items of a list.
    #[error("the values of a variable cannot become items of a list in the other dialect")]
    VariableInList,
    /// `strlen` and `time`, and everything that is no function at all.
    #[error("the other dialect has no such function")]
    Function,
    /// A comparison or condition as an operand of a comparison or computation.
    #[error("the answer of a condition cannot be compared or computed with")]
    Answer,
    /// A computation, call or text that is used as a condition.
    #[error("a computation has no equal as a condition; compare it with something")]
    Computation,
    /// A computation with something that is neither number, time nor duration.
    #[error("texts and addresses cannot be computed with in the other dialect")]
    Operand,
    /// A comparison in which no record is looked at.
    #[error("the answer is the same for every record, which is hardly what is meant")]
    Constant,
    /// An order of texts or addresses.
    #[error("texts and addresses have no such order in the other dialect")]
    Order,
    /// `==` and `!=` of two variables, or `!=` with several constants or with a network.
    #[error("the other dialect cannot ask whether some pair of values differs or is equal")]
    Pair,
    /// A `like` without a constant text as its pattern.
    #[error("a regular expression must be a constant text")]
    Pattern,
    /// Operators nested too deeply.
    #[error("nested too deeply to be converted")]
    TooDeep,
    /// Conditions had to be repeated so often that the result would be too large.
    #[error("the result would be too large")]
    TooLarge,
    /// From the default dialect to the legacy one.
    #[error("the legacy dialect cannot express filters of the default one")]
    Direction,
}

/// A part of a filter that has no equal in another dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvertError {
    kind: ConvertErrorKind,
    span: Span,
}

impl ConvertError {
    pub(super) const fn new(kind: ConvertErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// What has no equal.
    #[must_use]
    pub const fn kind(&self) -> ConvertErrorKind {
        self.kind
    }

    /// The part of the filter text, in bytes.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// A stable code: `F0601` and up.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            ConvertErrorKind::Is => "F0601",
            ConvertErrorKind::Index => "F0602",
            ConvertErrorKind::VariableInList => "F0603",
            ConvertErrorKind::Function => "F0604",
            ConvertErrorKind::Answer => "F0605",
            ConvertErrorKind::Computation => "F0606",
            ConvertErrorKind::Operand => "F0607",
            ConvertErrorKind::Constant => "F0608",
            ConvertErrorKind::Order => "F0609",
            ConvertErrorKind::Pair => "F0610",
            ConvertErrorKind::Pattern => "F0611",
            ConvertErrorKind::TooDeep => "F0612",
            ConvertErrorKind::TooLarge => "F0613",
            ConvertErrorKind::Direction => "F0614",
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        Diagnostic::error(self.code(), self.kind.to_string(), self.span)
    }
}

/// The parts of a filter that have no equal in another dialect; never empty, twenty at most.
///
/// `Display` shows each with its source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertErrors {
    source: Box<str>,
    errors: Vec<ConvertError>,
}

impl ConvertErrors {
    pub(super) fn new(source: &str, mut errors: Vec<ConvertError>) -> Self {
        errors.sort_by_key(|error| error.span.start);
        Self {
            source: source.into(),
            errors,
        }
    }

    /// The parts, in the order of the text.
    #[must_use]
    pub fn errors(&self) -> &[ConvertError] {
        &self.errors
    }

    /// The parts as messages.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.errors.iter().map(ConvertError::diagnostic).collect()
    }
}

impl fmt::Display for ConvertErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::write_all(f, &self.diagnostics(), &self.source)
    }
}

impl std::error::Error for ConvertErrors {}
