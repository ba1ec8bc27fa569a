//! What can be wrong with a filter text.

mod advice;

use std::fmt;

use thiserror::Error;

use crate::ast::Span;
use crate::net::IpError;
use crate::report::{self, Diagnostic};
use crate::time::TimeError;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text goes on with something that cannot stand there.
    #[error("this cannot stand here")]
    Unexpected,
    /// The text ends too early.
    #[error("the filter ends too early")]
    Unfinished,
    /// A comparison of a comparison, as in `1 < 2 < 3`.
    #[error("comparisons do not chain")]
    ChainedComparison,
    /// Nothing but blanks and comments.
    #[error("the filter is empty")]
    Empty,
    /// A bracket that is open at the end of the text.
    #[error("this bracket is never closed")]
    Unclosed,
    /// A quote without a second one.
    #[error("this quote is never closed")]
    UnclosedQuote,
    /// A closing bracket where none, or one of the other kind, is open.
    #[error("this bracket closes nothing")]
    Unopened,
    /// An operator of another language.
    #[error("there is no such operator")]
    NoOperator,
    /// A character that has a place in quotes and comments only.
    #[error("unexpected character")]
    Character,
    /// `..` beside another `..` or beside `.`.
    #[error("`..` cannot stand beside another `..` or `.`")]
    MixedJoin,
    /// A call of something that is no function name.
    #[error("this is not the name of a function")]
    FunctionName,
    /// Parentheses, lists and minuses nested deeper than [`Limits::depth`](crate::Limits).
    #[error("nested too deeply")]
    TooDeep,
    /// The text is longer than [`Limits::source_bytes`](crate::Limits).
    #[error("the filter text is too long")]
    TooLong,
    /// A list has more items than [`Limits::list_items`](crate::Limits).
    #[error("the list has too many items")]
    TooManyItems,
    /// More constants, variables, operators and brackets than [`Limits::nodes`](crate::Limits).
    #[error("the filter has too many parts")]
    TooManyNodes,
    /// Not an address, network or range of addresses.
    #[error("bad address: {0}")]
    Ip(IpError),
    /// Not a date and time.
    #[error("bad time: {0}")]
    Time(TimeError),
    /// Not a duration.
    #[error("bad duration: {0}")]
    Duration(TimeError),
    /// An integer of more than 127 bits.
    #[error("number out of range")]
    Number,
}

impl ParseErrorKind {
    /// Whether the filter may be right, but is too large.
    pub(super) const fn is_limit(self) -> bool {
        matches!(
            self,
            Self::TooDeep | Self::TooLong | Self::TooManyItems | Self::TooManyNodes
        )
    }
}

/// One mistake in a filter text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub(super) kind: ParseErrorKind,
    pub(super) span: Span,
    pub(super) expected: Vec<&'static str>,
    pub(super) hint: Option<&'static str>,
    pub(super) label: Option<(Span, &'static str)>,
}

impl ParseError {
    pub(crate) const fn new(kind: ParseErrorKind, span: Span) -> Self {
        Self {
            kind,
            span,
            expected: Vec::new(),
            hint: None,
            label: None,
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// The part of the text, in bytes.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// What could have stood there instead; empty when that is not the question.
    #[must_use]
    pub fn expected(&self) -> &[&'static str] {
        &self.expected
    }

    /// Whether the form is right, but a constant (address, time, number) does not exist.
    #[must_use]
    pub const fn is_bad_literal(&self) -> bool {
        use ParseErrorKind::{Duration, Ip, Number, Time};
        matches!(self.kind, Ip(_) | Time(_) | Duration(_) | Number)
    }

    /// A stable code: `F01..` for the form of the text, `F02..` for its constants.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            ParseErrorKind::Unexpected => "F0101",
            ParseErrorKind::Unfinished => "F0102",
            ParseErrorKind::ChainedComparison => "F0103",
            ParseErrorKind::MixedJoin => "F0104",
            ParseErrorKind::FunctionName => "F0105",
            ParseErrorKind::Empty => "F0106",
            ParseErrorKind::Unclosed => "F0107",
            ParseErrorKind::UnclosedQuote => "F0108",
            ParseErrorKind::Unopened => "F0109",
            ParseErrorKind::NoOperator => "F0110",
            ParseErrorKind::TooDeep => "F0111",
            ParseErrorKind::TooLong => "F0112",
            ParseErrorKind::TooManyItems => "F0113",
            ParseErrorKind::TooManyNodes => "F0114",
            ParseErrorKind::Character => "F0115",
            ParseErrorKind::Ip(_) => "F0201",
            ParseErrorKind::Time(_) => "F0202",
            ParseErrorKind::Duration(_) => "F0203",
            ParseErrorKind::Number => "F0204",
        }
    }
}

/// Everything found wrong with a filter text, in the order of the text; never empty.
///
/// After a mistake of form, reading goes on at the next `and`, `or`, comma or closing bracket that certainly belongs to
/// the expression around the mistake, so that the mistakes reported do not follow from each other; twenty at most.
/// `Display` shows each with its source line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors {
    source: Box<str>,
    errors: Vec<ParseError>,
}

impl ParseErrors {
    pub(crate) fn new(source: &str, mut errors: Vec<ParseError>) -> Self {
        errors.sort_by_key(|error| error.span.start);
        errors.truncate(report::MOST);
        Self {
            source: source.into(),
            errors,
        }
    }

    /// The mistakes.
    #[must_use]
    pub fn errors(&self) -> &[ParseError] {
        &self.errors
    }

    /// The mistakes as messages with advice.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.errors
            .iter()
            .map(|error| advice::diagnostic(error, &self.source))
            .collect()
    }

    /// The text as given.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The line and column of a mistake, both counted from 1 and in characters.
    #[must_use]
    pub fn position(&self, error: &ParseError) -> (usize, usize) {
        report::position(&self.source, error.span.start)
    }
}

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::write_all(f, &self.diagnostics(), &self.source)
    }
}

impl std::error::Error for ParseErrors {}
