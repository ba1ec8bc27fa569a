//! Canonical JSON: keys sorted by code point, `", "` and `": "` as separators, everything beyond ASCII escaped.

use super::key::Key;
use super::tree::{Node, Object};
use jiff::Timestamp;
use jiff::tz::Offset;
use mentat_filter::{IpSpan, Shape, format_duration};
use std::fmt::Write as _;
use std::net::IpAddr;

pub(crate) fn object(out: &mut String, object: &Object) {
    out.push('{');
    for (at, (key, node)) in object.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        match key {
            // Nothing in the definition's own names needs an escape.
            Key::Known(_) => {
                out.push('"');
                out.push_str(key.as_str());
                out.push('"');
            }
            Key::Other(name) => string(out, name),
        }
        out.push_str(": ");
        value(out, node);
    }
    out.push('}');
}

pub(crate) fn value(out: &mut String, node: &Node) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bool(true) => out.push_str("true"),
        Node::Bool(false) => out.push_str("false"),
        Node::Int(value) => integer(out, *value),
        Node::Float(value) => out.push_str(&float(*value)),
        Node::Number(text) => out.push_str(text),
        Node::Str(text) => string(out, text),
        Node::Time(instant) => {
            out.push('"');
            time(out, *instant);
            out.push('"');
        }
        // Writing to a `String` cannot fail, so the results of `write!` carry nothing.
        Node::Duration(duration) => {
            let _ = write!(out, "\"{}\"", format_duration(*duration));
        }
        Node::Ip(span) => {
            out.push('"');
            address(out, span);
            out.push('"');
        }
        Node::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                value(out, item);
            }
            out.push(']');
        }
        Node::Object(members) => object(out, members),
    }
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
    let mut rest = text;
    // Almost all texts are plain, so they are written in one go up to the first character that is not.
    while let Some((plain, special)) = rest
        .bytes()
        .position(|byte| !matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~'))
        .and_then(|at| rest.split_at_checked(at))
    {
        out.push_str(plain);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            escape(out, c);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    let _ = match c {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        '\u{8}' => out.write_str("\\b"),
        '\u{c}' => out.write_str("\\f"),
        _ => c
            .encode_utf16(&mut [0; 2])
            .iter()
            .try_for_each(|unit| write!(out, "\\u{unit:04x}")),
    };
}

/// A number in at least `width` digits, without the detour through `fmt`: an event has dozens of them.
fn digits(out: &mut String, value: u64, width: usize) {
    let mut buffer = [b'0'; 20];
    let (mut rest, mut used) = (value, 0);
    for byte in buffer.iter_mut().rev() {
        if rest == 0 && used >= width {
            break;
        }
        // Below ten.
        *byte = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        used += 1;
    }
    let text = buffer.get(buffer.len() - used..).unwrap_or_default();
    out.push_str(std::str::from_utf8(text).unwrap_or_default());
}

/// A single IPv4 address is by far the most frequent and written here, everything else as it prints itself.
fn address(out: &mut String, span: &IpSpan) {
    let (Shape::Single, IpAddr::V4(address)) = (span.shape(), span.first()) else {
        let _ = write!(out, "{span}");
        return;
    };
    let [first, rest @ ..] = address.octets();
    digits(out, first.into(), 1);
    for octet in rest {
        out.push('.');
        digits(out, octet.into(), 1);
    }
}

fn integer(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    digits(out, value.unsigned_abs(), 1);
}

/// As `format_timestamp` writes it.
fn time(out: &mut String, time: Timestamp) {
    let local = Offset::UTC.to_datetime(time);
    let mut part = |value: i32, width: usize, after: char| {
        digits(out, u64::from(value.unsigned_abs()), width);
        out.push(after);
    };
    part(local.year().into(), 4, '-');
    part(local.month().into(), 2, '-');
    part(local.day().into(), 2, 'T');
    part(local.hour().into(), 2, ':');
    part(local.minute().into(), 2, ':');
    let micros = local.subsec_nanosecond() / 1000;
    if micros == 0 {
        part(local.second().into(), 2, 'Z');
    } else {
        part(local.second().into(), 2, '.');
        part(micros, 6, 'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mentat_filter::format_timestamp;
    use proptest::prelude::*;

    #[test]
    fn integers() {
        for value in [0, 1, -1, 9, 10, 65_535, i64::MAX, i64::MIN] {
            let mut text = String::new();
            integer(&mut text, value);
            assert_eq!(text, value.to_string());
        }
    }

    #[test]
    fn addresses() {
        for text in [
            "192.0.2.1",
            "0.0.0.0",
            "255.255.255.255",
            "10.0.0.7/32",
            "10.0.0.7/8",
            "10.0.0.7-10.0.0.7",
            "::1",
            "::ffff:1.2.3.4",
        ] {
            let mut written = String::new();
            address(&mut written, &text.parse().unwrap());
            assert_eq!(written, text);
        }
    }

    proptest! {
        #[test]
        fn times_are_written_as_everywhere(
            micros in prop_oneof![-62_135_596_800_000_000..253_402_207_200_000_000_i64, (-62_135_596_800..253_402_207_200_i64).prop_map(|s| s * 1_000_000)],
        ) {
            let instant = Timestamp::from_microsecond(micros).unwrap();
            let mut text = String::new();
            time(&mut text, instant);
            prop_assert_eq!(text, format_timestamp(instant).to_string());
        }

        #[test]
        fn texts_are_json(text in ".*") {
            let mut json = String::new();
            string(&mut json, &text);
            prop_assert!(json.is_ascii());
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
