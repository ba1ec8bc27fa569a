//! What is wrong in the words of the text, and how to mend it.

use std::borrow::Cow;

use super::{ParseError, ParseErrorKind};
use crate::net::IpError;
use crate::report::{Diagnostic, floor_boundary, is_invisible};
use crate::time::TimeError;

/// The most characters of the text that a message repeats.
const QUOTED: usize = 40;

pub(super) fn diagnostic(error: &ParseError, source: &str) -> Diagnostic {
    let part = source.get(floor_boundary(source, error.span.start)..floor_boundary(source, error.span.end));
    let part = part.unwrap_or_default();
    let mut diagnostic = Diagnostic::error(error.code(), message(error, part), error.span);
    diagnostic.expected.clone_from(&error.expected);
    diagnostic.hint = error
        .hint
        .map(Cow::Borrowed)
        .or_else(|| hint(error.kind, part))
        .map(Cow::into_owned);
    if let Some((span, text)) = error.label {
        return diagnostic.with_label(span, text);
    }
    diagnostic
}

fn message(error: &ParseError, part: &str) -> String {
    match error.kind {
        ParseErrorKind::Unexpected if !part.is_empty() => format!("unexpected {}", quoted(part)),
        ParseErrorKind::Character if part.chars().nth(1).is_some() => format!("unexpected characters {}", quoted(part)),
        ParseErrorKind::Character if !part.is_empty() => format!("unexpected character {}", quoted(part)),
        ParseErrorKind::NoOperator if !part.is_empty() => format!("there is no operator {}", quoted(part)),
        ParseErrorKind::Unclosed if !part.is_empty() => format!("{} is never closed", quoted(part)),
        ParseErrorKind::Unopened if error.label.is_some() => {
            format!("{} closes a bracket of another kind", quoted(part))
        }
        ParseErrorKind::Unopened if !part.is_empty() => format!("{} closes nothing", quoted(part)),
        kind => kind.to_string(),
    }
}

/// A part of the text within a message: what cannot be seen by its number, what is long by its beginning.
fn quoted(part: &str) -> String {
    let mut characters = part.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) if only.is_control() || is_invisible(only) => format!("U+{:04X}", u32::from(only)),
        _ if part.chars().nth(QUOTED).is_some() => format!("`{}...`", part.chars().take(QUOTED).collect::<String>()),
        _ if part.contains('`') => format!("'{part}'"),
        _ => format!("`{part}`"),
    }
}

/// Advice that follows from the kind of the mistake and the text concerned.
fn hint(kind: ParseErrorKind, part: &str) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match kind {
        ParseErrorKind::Unfinished => "complete the expression, or remove the operator at its end",
        ParseErrorKind::Empty => "write a condition; `1 = 1` is always true",
        ParseErrorKind::Unclosed => return Some(format!("add a `{}`", if part == "[" { "]" } else { ")" }).into()),
        ParseErrorKind::UnclosedQuote => "end the text with the quote that it begins with; there are no escapes",
        ParseErrorKind::Unopened => "remove it, or open a bracket of its kind before",
        ParseErrorKind::ChainedComparison => "join two comparisons by `and`, or put one in parentheses",
        ParseErrorKind::MixedJoin => "put one of them in parentheses",
        ParseErrorKind::FunctionName => "the name of a function has letters, digits and underscores only",
        ParseErrorKind::TooDeep => "remove parentheses that are not needed, or move a part into a filter of its own",
        ParseErrorKind::TooLong => "move long lists into a named set, or split the filter",
        ParseErrorKind::TooManyItems => "move the list into a named set",
        ParseErrorKind::TooManyNodes => "move lists into named sets, or split the filter",
        ParseErrorKind::Ip(error) => return Some(address(error, part)),
        ParseErrorKind::Time(TimeError::Offset) => "offsets go from -23:59 to +23:59",
        ParseErrorKind::Time(TimeError::Calendar) => {
            "months go from 01 to 12 and have 28 to 31 days, hours go to 23, minutes and seconds to 59"
        }
        ParseErrorKind::Time(_) => "write a time as 2024-05-01T10:00:00Z, between the years 1 and 9999",
        ParseErrorKind::Duration(_) => "write a duration as 01:30:00 or 7D00:00:00, at most 999999999 days",
        ParseErrorKind::Number => "integers have at most 127 bits; write a fraction, as in `1e40`, or a text in quotes",
        ParseErrorKind::Unexpected | ParseErrorKind::NoOperator | ParseErrorKind::Character => return None,
    }))
}

fn address(error: IpError, part: &str) -> Cow<'static, str> {
    let v6 = part.contains(':');
    match error {
        IpError::Prefix { max } => format!("write `/{max}` or less").into(),
        IpError::Family => "write both ends as IPv4, or both as IPv6".into(),
        IpError::Malformed if !v6 && part.len() <= 50 => match without_leading_zeros(part) {
            Some(short) => format!("write `{short}`, without leading zeros").into(),
            None => "each of the four numbers goes from 0 to 255; texts need quotes".into(),
        },
        IpError::Malformed if part.bytes().all(|b| b.is_ascii_digit() || b == b':') && !part.contains("::") => {
            "a duration is written 01:30:00, a time 2024-05-01T10:00:00Z, an IPv6 address with eight groups or `::`"
                .into()
        }
        IpError::Malformed => {
            "an IPv6 address has eight groups of up to four digits, or `::`; texts need quotes".into()
        }
    }
}

/// The IPv4 addresses of a text without leading zeros, if there were any.
fn without_leading_zeros(part: &str) -> Option<String> {
    let short: Vec<String> = part
        .split('-')
        .map(|address| {
            let octets = address.split('.').map(|octet| match octet.trim_start_matches('0') {
                "" if !octet.is_empty() => "0",
                rest if rest.starts_with('/') => octet,
                rest => rest,
            });
            octets.collect::<Vec<_>>().join(".")
        })
        .collect();
    let short = short.join("-");
    (short != part && crate::net::IpSpan::parse(&short).is_ok()).then_some(short)
}
