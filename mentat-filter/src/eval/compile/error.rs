//! What keeps a filter from being compiled.

use std::fmt;

use thiserror::Error;

use super::call::FUNCTIONS;
use crate::ast::Span;
use crate::report::{self, Diagnostic};

/// What keeps a filter from being compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileErrorKind {
    /// There is no such function.
    #[error("there is no function `{name}`")]
    UnknownFunction {
        /// The name as written.
        name: Box<str>,
    },
    /// The function takes another number of arguments.
    #[error("{function}() takes {takes}, not {found}")]
    Arguments {
        /// The name of the function.
        function: Box<str>,
        /// What it takes.
        takes: Box<str>,
        /// The number of arguments given.
        found: usize,
    },
    /// A pattern, a prefix or a suffix is not known before the record is.
    #[error("{what} must be a text, or a list of texts, that does not depend on the record")]
    NotConstant {
        /// What must be known.
        what: &'static str,
    },
    /// Not a regular expression, or one that is too large.
    #[error("bad regular expression: {reason}")]
    Pattern {
        /// Why.
        reason: Box<str>,
    },
    /// `any()` goes through the elements of something that is no variable of the record.
    #[error("the first argument of any() is a variable of the record")]
    NotVariable,
    /// There is no such function in the legacy dialect.
    #[error("the legacy dialect has no function `{name}`")]
    LegacyFunction {
        /// The name as written.
        name: Box<str>,
    },
    /// An index counted from the end, which the legacy dialect can write but not look up.
    #[error("an index is a number from 1, or `#` for the last item")]
    Index,
}

/// One mistake that keeps a filter from being compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    pub(in crate::eval) kind: CompileErrorKind,
    pub(in crate::eval) span: Span,
    /// A name of a function close to an unknown one.
    pub(in crate::eval) close: Option<Box<str>>,
}

impl CompileError {
    pub(in crate::eval) const fn new(kind: CompileErrorKind, span: Span) -> Self {
        Self {
            kind,
            span,
            close: None,
        }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &CompileErrorKind {
        &self.kind
    }

    /// The part of the filter text, in bytes.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// A stable code: `F0401` and up.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            CompileErrorKind::UnknownFunction { .. } => "F0401",
            CompileErrorKind::Arguments { .. } => "F0402",
            CompileErrorKind::NotConstant { .. } => "F0403",
            CompileErrorKind::Pattern { .. } => "F0404",
            CompileErrorKind::NotVariable => "F0405",
            CompileErrorKind::Index => "F0406",
            CompileErrorKind::LegacyFunction { .. } => "F0407",
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        let mut diagnostic = Diagnostic::error(self.code(), self.kind.to_string(), self.span);
        diagnostic.hint = Some(match &self.kind {
            CompileErrorKind::UnknownFunction { name } => match (&self.close, foreign(name)) {
                (_, Some(hint)) => hint.to_owned(),
                (Some(close), None) => format!("did you mean `{close}`?"),
                (None, None) => format!("the functions are {}", FUNCTIONS.join(", ")),
            },
            CompileErrorKind::Arguments { function, .. } => usage(function),
            CompileErrorKind::NotConstant { .. } => "write the text in quotes, or take it from the context".to_owned(),
            CompileErrorKind::Pattern { .. } => {
                "`.`, `*`, `+`, `?`, `(`, `[` and `{` have a meaning in a pattern; write `\\.` for a dot".to_owned()
            }
            CompileErrorKind::NotVariable => "for example `any(Source, Port = 22)`".to_owned(),
            CompileErrorKind::LegacyFunction { .. } => "the functions are size, strlen, time, utcnow".to_owned(),
            CompileErrorKind::Index => "count from the start: `Source[1]` is the first item".to_owned(),
        });
        diagnostic
    }
}

/// The functions of other languages that are operators here, or that have another name.
fn foreign(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "size" => "use `length`",
        "and" | "or" | "in" | "contains" | "matches" | "not" => "put a blank before the bracket",
        "exists" | "has" | "isset" | "defined" => "write `name??` to ask whether a variable exists",
        "regex" | "regexp" | "match" | "re" => "write `name matches 'pattern'`",
        "tolower" | "lowercase" => "use `lower`",
        "toupper" | "uppercase" => "use `upper`",
        "all" => "write `all_in(list, set)`, or `not any(list, not condition)`",
        "none" => "use `none_of`",
        "exists_one" | "sum" => "use `count`",
        "ip" | "cidr" | "net" | "network" => "write addresses and networks as they are: `10.0.0.0/8`",
        "date" | "time" | "datetime" | "timestamp" => "write times as they are: `2024-05-01T10:00:00Z`",
        "duration" | "timedelta" | "interval" => "write durations as they are: `7D00:00:00`",
        "int" | "float" | "str" | "string" => "types do not convert into each other",
        _ => return None,
    })
}

/// How a function is called.
fn usage(function: &str) -> String {
    match function {
        "now" => "write `now()`".to_owned(),
        "startswith" | "endswith" => format!("write `{function}(Node.Name, 'cz.')`"),
        "glob" => "write `glob(Node.Name, 'cz.*')`".to_owned(),
        "any" => "write `any(Source, Port = 22)`".to_owned(),
        "all_in" => "write `all_in(Source.IP4, 192.0.2.0/24)`".to_owned(),
        "none_of" | "count" => format!("write `{function}(Port, [22, 23])` or `{function}(Port > 1024)`"),
        name => format!("write `{name}(...)` with that many arguments, parted by commas"),
    }
}

/// What keeps a filter from being compiled; never empty, and twenty mistakes at most.
///
/// `Display` shows each with its source line when the filter was parsed from text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileErrors {
    pub(crate) source: Box<str>,
    errors: Vec<CompileError>,
}

impl CompileErrors {
    pub(in crate::eval) fn new(mut errors: Vec<CompileError>) -> Self {
        errors.sort_by_key(|error| error.span.start);
        errors.truncate(report::MOST);
        Self {
            source: Box::default(),
            errors,
        }
    }

    /// The mistakes, in the order of the text.
    #[must_use]
    pub fn errors(&self) -> &[CompileError] {
        &self.errors
    }
    /// The mistakes as messages with advice.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.errors.iter().map(CompileError::diagnostic).collect()
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        report::write_all(f, &self.diagnostics(), &self.source)
    }
}

impl std::error::Error for CompileErrors {}
