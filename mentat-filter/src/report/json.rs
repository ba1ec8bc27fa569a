//! A diagnostic as JSON, for editors and web pages. So small that it needs no library.

use std::fmt::Write as _;

use super::{Diagnostic, position};
use crate::ast::Span;

pub(super) fn object(diagnostic: &Diagnostic, source: &str) -> String {
    let mut out = String::with_capacity(256);
    let _ = write!(out, "{{\"severity\":\"{}\",\"code\":", diagnostic.severity);
    text(&mut out, diagnostic.code);
    out.push_str(",\"message\":");
    text(&mut out, &diagnostic.message);
    place(&mut out, source, diagnostic.span);
    out.push_str(",\"expected\":");
    list(&mut out, &diagnostic.expected, |out, word| text(out, word));
    out.push_str(",\"hint\":");
    match &diagnostic.hint {
        Some(hint) => text(&mut out, hint),
        None => out.push_str("null"),
    }
    out.push_str(",\"labels\":");
    list(&mut out, &diagnostic.labels, |out, label| {
        out.push_str("{\"text\":");
        text(out, label.text);
        place(out, source, label.span);
        out.push('}');
    });
    out.push('}');
    out
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

fn place(out: &mut String, source: &str, span: Span) {
    let (line, column) = position(source, span.start);
    let (end_line, end_column) = position(source, span.end);
    let _ = write!(
        out,
        ",\"start\":{},\"end\":{},\"line\":{line},\"column\":{column},\"end_line\":{end_line},\"end_column\":{end_column}",
        span.start, span.end
    );
}

/// A text in quotes.
pub(crate) fn text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            // Line separators would end a line of a script that the object is embedded in.
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
