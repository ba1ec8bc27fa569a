//! Canonical JSON: keys sorted by code point, `", "` and `": "` as separators, everything beyond ASCII escaped.

use super::tree::{Node, Object};
use mentat_filter::{format_duration, format_timestamp};
use std::fmt::Write as _;

pub(crate) fn object(out: &mut String, object: &Object) {
    out.push('{');
    for (at, (key, node)) in object.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        string(out, key.as_str());
        out.push_str(": ");
        value(out, node);
    }
    out.push('}');
}

pub(crate) fn value(out: &mut String, node: &Node) {
    // Writing to a `String` cannot fail, so the results of `write!` carry nothing.
    let _ = match node {
        Node::Null => out.write_str("null"),
        Node::Bool(value) => write!(out, "{value}"),
        Node::Int(value) => write!(out, "{value}"),
        Node::Float(value) => out.write_str(&float(*value)),
        Node::Number(text) => out.write_str(text),
        Node::Str(text) => {
            string(out, text);
            Ok(())
        }
        Node::Time(time) => write!(out, "\"{}\"", format_timestamp(*time)),
        Node::Duration(duration) => write!(out, "\"{}\"", format_duration(*duration)),
        Node::Ip(span) => write!(out, "\"{span}\""),
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                value(out, item);
            }
            out.push(']');
            Ok(())
        }
        Node::Object(members) => {
            object(out, members);
            Ok(())
        }
    };
}

/// Shortest form that reads back the same, always recognisable as a fraction (`1.0`). What is not finite becomes a
/// text that is not JSON, never `null`: an expression with such a result cannot be set.
pub(crate) fn float(value: f64) -> String {
    serde_json::to_string(&value)
        .ok()
        .filter(|_| value.is_finite())
        .unwrap_or_else(|| value.to_string())
}

pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        let _ = match c {
            '"' => out.write_str("\\\""),
            '\\' => out.write_str("\\\\"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\u{8}' => out.write_str("\\b"),
            '\u{c}' => out.write_str("\\f"),
            ' '..='~' => out.write_char(c),
            _ => c
                .encode_utf16(&mut [0; 2])
                .iter()
                .try_for_each(|unit| write!(out, "\\u{unit:04x}")),
        };
    }
    out.push('"');
}
