//! Constants from their text. The grammar knows their form, this knows whether they exist.

use super::error::ParseErrorKind;
use crate::ast::Literal;
use crate::net::IpSpan;
use crate::time::{TimeError, parse_datetime_literal, parse_duration};

/// Converts a token of the rule `num`.
pub(super) fn numeric(text: &str) -> Result<Literal, ParseErrorKind> {
    let bytes = text.as_bytes();
    let year = bytes.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit));
    if year && bytes.get(4) == Some(&b'-') {
        return parse_datetime_literal(text)
            .map(Literal::Time)
            .map_err(ParseErrorKind::Time);
    }
    if bytes.contains(&b':') {
        return match parse_duration(text) {
            Ok(duration) => Ok(Literal::Duration(duration)),
            // Whatever has another form than a duration was read as IPv6.
            Err(TimeError::Duration) => ip(text),
            Err(error) => Err(ParseErrorKind::Duration(error)),
        };
    }
    if bytes.iter().filter(|byte| **byte == b'.').count() >= 3 {
        return ip(text);
    }
    if bytes.iter().all(u8::is_ascii_digit) {
        return text.parse().map(Literal::Int).map_err(|_| ParseErrorKind::Number);
    }
    text.parse().map(Literal::Float).map_err(|_| ParseErrorKind::Number)
}

fn ip(text: &str) -> Result<Literal, ParseErrorKind> {
    IpSpan::parse(text).map(Literal::Ip).map_err(ParseErrorKind::Ip)
}

/// The content of a token of the rule `string`.
pub(super) fn text(token: &str) -> Literal {
    let inner = token.len().checked_sub(1).and_then(|end| token.get(1..end));
    Literal::Str(inner.unwrap_or_default().into())
}
