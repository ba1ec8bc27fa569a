//! Messages with the source line and a caret.

use std::fmt;

use crate::ast::Span;

/// One message: title, source line with caret, what was expected, hint.
pub(crate) struct Message<'a, T> {
    pub(crate) code: &'static str,
    pub(crate) title: T,
    pub(crate) span: Span,
    pub(crate) expected: &'a [&'static str],
    pub(crate) hint: Option<&'a str>,
    pub(crate) source: &'a str,
}

/// The most characters of a source line that are shown left and right of the caret.
const MARGIN: usize = 60;

impl<T: fmt::Display> fmt::Display for Message<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = position(self.source, self.span.start);
        write!(
            f,
            "error[{}]: {}\n --> line {line}, column {column}\n",
            self.code, self.title
        )?;
        let text = self
            .source
            .split('\n')
            .nth(line - 1)
            .unwrap_or("")
            .trim_end_matches('\r');
        // Long lines are cut around the place; control characters would move the caret.
        let start = (column - 1).saturating_sub(MARGIN);
        let shown: String = text.chars().skip(start).take(2 * MARGIN).map(printable).collect();
        let lead = if start > 0 { "..." } else { "" };
        let spaces = lead.len() + column - 1 - start;
        writeln!(f, "  | {lead}{shown}")?;
        write!(f, "  | {:spaces$}{}", "", "^".repeat(self.width(column - start)))?;
        if !self.expected.is_empty() {
            write!(f, " expected {}", list(self.expected))?;
        }
        if let Some(hint) = self.hint {
            write!(f, "\n\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl<T> Message<'_, T> {
    /// How many characters to underline: the span as far as it lies on the line shown, at least one.
    fn width(&self, column: usize) -> usize {
        let start = floor_boundary(self.source, self.span.start);
        let end = floor_boundary(self.source, self.span.end).max(start);
        let marked = self.source.get(start..end).unwrap_or("");
        let marked = marked.split('\n').next().unwrap_or("").chars().count();
        marked.min((2 * MARGIN).saturating_sub(column)).max(1)
    }
}

fn printable(character: char) -> char {
    if character.is_control() { ' ' } else { character }
}

fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

fn floor_boundary(text: &str, offset: u32) -> usize {
    let mut at = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The line and column, both from 1 and counted in characters, of a byte offset.
pub(crate) fn position(source: &str, offset: u32) -> (usize, usize) {
    let before = source.get(..floor_boundary(source, offset)).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}
