//! What is wrong with a filter: one type for all stages, as text and as JSON.

mod closest;
mod json;
mod place;
mod render;
mod width;

use std::fmt;

use crate::ast::Span;

pub(crate) use closest::closest;
pub(crate) use json::text as json_text;
pub(crate) use place::{floor_boundary, position};
#[cfg(feature = "parse")]
pub(crate) use width::is_invisible;

/// The most mistakes of one text that are reported. Each costs a look for its line, and nobody reads more.
pub(crate) const MOST: usize = 20;

/// How serious a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The filter cannot be used, or its evaluation failed.
    Error,
    /// The filter can be used, but probably does not say what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How [`Diagnostic::render`] draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Style {
    /// Characters only; nothing is lost.
    #[default]
    Plain,
    /// With ANSI colours, for a terminal.
    Coloured,
}

/// Another place that a [`Diagnostic`] speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Label {
    /// The part of the filter text, in bytes.
    pub span: Span,
    /// What is there.
    pub text: &'static str,
}

#[doc = include_str!("docs/errors.md")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How serious it is.
    pub severity: Severity,
    /// The stable code, as in the tables above.
    pub code: &'static str,
    /// What is wrong, without the place.
    pub message: String,
    /// The part of the filter text, in bytes; `0..0` when it is the text as a whole.
    pub span: Span,
    /// What could have stood there instead; empty when that is not the question.
    pub expected: Vec<&'static str>,
    /// How to mend it.
    pub hint: Option<String>,
    /// Other places concerned: the bracket that is open, for example.
    pub labels: Vec<Label>,
}

impl Diagnostic {
    /// A mistake that keeps the filter from being used.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            span,
            expected: Vec::new(),
            hint: None,
            labels: Vec::new(),
        }
    }

    /// Something that is allowed, but probably not meant.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, span)
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what could have stood there instead.
    #[must_use]
    pub fn with_expected(mut self, expected: impl Into<Vec<&'static str>>) -> Self {
        self.expected = expected.into();
        self
    }

    /// The same with another place that is concerned.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: &'static str) -> Self {
        self.labels.push(Label { span, text });
        self
    }

    /// The message with the line of the filter text, the place marked below it; several lines without a line end.
    ///
    /// Of a long line only the surroundings of the place are shown; what a terminal would obey or hide is replaced.
    pub fn render<'a>(&'a self, source: &'a str, style: Style) -> impl fmt::Display + 'a {
        render::Rendered {
            diagnostic: self,
            source,
            style,
        }
    }

    /// One JSON object: `severity`, `code`, `message`, `start` and `end` in bytes, `line`, `column`, `end_line` and
    /// `end_column` in characters from 1, `expected`, `hint` (or null), and `labels` with the same places and a `text`.
    #[must_use]
    pub fn to_json(&self, source: &str) -> String {
        json::object(self, source)
    }
}

/// Several messages, parted by an empty line.
pub(crate) fn write_all(f: &mut fmt::Formatter<'_>, diagnostics: &[Diagnostic], source: &str) -> fmt::Result {
    for (at, diagnostic) in diagnostics.iter().enumerate() {
        if at > 0 {
            f.write_str("\n\n")?;
        }
        write!(f, "{}", diagnostic.render(source, Style::Plain))?;
    }
    Ok(())
}
