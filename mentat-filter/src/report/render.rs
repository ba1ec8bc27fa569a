//! The drawing of a diagnostic.

use std::fmt;

use super::width::{cell, is_invisible};
use super::{Diagnostic, Severity, Style, floor_boundary, position};
use crate::ast::Span;

/// The most characters of a source line that are shown before, and from, the start of the place.
const MARGIN: usize = 60;

pub(super) struct Rendered<'a> {
    pub(super) diagnostic: &'a Diagnostic,
    pub(super) source: &'a str,
    pub(super) style: Style,
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic {
            severity,
            code,
            message,
            span,
            expected,
            hint,
            labels,
        } = self.diagnostic;
        let colour = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
        };
        let title = format!("{severity}[{code}]");
        write!(
            f,
            "{}: {}",
            self.paint(colour, &title),
            self.paint("1", &clean(message))
        )?;
        if *span != Span::default() {
            let (line, column) = position(self.source, span.start);
            let gutter = labels
                .iter()
                .map(|label| position(self.source, label.span.start).0)
                .fold(line, usize::max)
                .to_string()
                .len();
            let arrow = format!("{:gutter$}-->", "");
            write!(f, "\n{} line {line}, column {column}", self.paint("34", &arrow))?;
            let note = if expected.is_empty() {
                String::new()
            } else {
                format!("expected {}", choice(expected))
            };
            let mut above = self.marked(f, gutter, *span, (colour, '^', &note), "")?;
            for label in labels {
                above = self.marked(f, gutter, label.span, ("34", '-', label.text), &above)?;
            }
        }
        if let Some(hint) = hint {
            write!(f, "\n\n{}: {}", self.paint("36", "hint"), clean(hint))?;
        }
        Ok(())
    }
}

impl Rendered<'_> {
    fn paint(&self, colour: &str, text: &str) -> String {
        match self.style {
            Style::Plain => text.to_owned(),
            Style::Coloured => format!("\x1b[{colour}m{text}\x1b[0m"),
        }
    }

    /// A line of the source if it is not the one above, and below it the marks and a note.
    fn marked(
        &self,
        f: &mut fmt::Formatter<'_>,
        gutter: usize,
        span: Span,
        (colour, mark, note): (&str, char, &str),
        above: &str,
    ) -> Result<String, fmt::Error> {
        let (line, _) = position(self.source, span.start);
        let Excerpt { text, indent, width } = Excerpt::new(self.source, span);
        let numbered = self.paint("34", &format!("{line:>gutter$} |")) + " " + &text;
        let numbered = numbered.trim_end();
        if numbered != above {
            write!(f, "\n{numbered}")?;
        }
        let bar = self.paint("34", &format!("{:gutter$} |", ""));
        let marks: String = std::iter::repeat_n(mark, width).collect();
        let marks = if note.is_empty() {
            marks
        } else {
            format!("{marks} {note}")
        };
        write!(f, "\n{bar} {:indent$}{}", "", self.paint(colour, &marks))?;
        Ok(numbered.to_owned())
    }
}

/// The part of a source line around a place, as it is shown.
struct Excerpt {
    text: String,
    /// Columns before the place.
    indent: usize,
    /// Columns of the place, at least one.
    width: usize,
}

impl Excerpt {
    fn new(source: &str, span: Span) -> Self {
        let start = floor_boundary(source, span.start);
        let end = floor_boundary(source, span.end).max(start);
        let (before, rest) = source.split_at(start);
        let before = before.rsplit('\n').next().unwrap_or_default();
        let rest = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let mut text = String::from(if before.chars().nth_back(MARGIN).is_some() {
            "..."
        } else {
            ""
        });
        let mut indent = text.len();
        let lead: Vec<char> = before.chars().rev().take(MARGIN).collect();
        for character in lead.into_iter().rev() {
            let (shown, columns) = cell(character);
            text.push(shown);
            indent += columns;
        }
        let mut width = 0;
        for (at, character) in rest.char_indices().take(MARGIN) {
            let (shown, columns) = cell(character);
            text.push(shown);
            if start + at < end {
                width += columns;
            }
        }
        if rest.chars().nth(MARGIN).is_some() {
            text.push_str("...");
        }
        Self {
            text,
            indent,
            width: width.max(1),
        }
    }
}

/// One line without anything that a terminal would obey.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || is_invisible(c) {
                '\u{FFFD}'
            } else {
                c
            }
        })
        .collect()
}

fn choice(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}
