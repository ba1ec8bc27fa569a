//! The canonical text of a tree of the legacy dialect.

use std::fmt::{self, Display};

use super::{Legacy, LegacyLevel};
use crate::ast::{Expr, ExprKind, Literal};
use crate::net::{Family, IpSpan};
use crate::time::{format_duration, format_timestamp};

/// Prints source text of the legacy dialect with the fewest parentheses.
///
/// Reading it gives the same tree as long as the tree has no typed constants. Those are printed so that the rules that
/// gave them their types do it again.
pub(crate) struct LegacyText<'e>(pub(crate) &'e Expr);

impl Display for LegacyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ExprKind::Legacy(legacy) => print(legacy, f),
            ExprKind::Literal(literal) => print_literal(literal, f),
            _ => self.0.fmt(f),
        }
    }
}

fn level(expr: &Expr) -> LegacyLevel {
    match &expr.kind {
        ExprKind::Legacy(Legacy::Not(_)) => LegacyLevel::Not,
        ExprKind::Legacy(Legacy::Exists(_)) => LegacyLevel::Exists,
        ExprKind::Legacy(Legacy::Chain(_, links)) => links.first().map_or(LegacyLevel::Atom, |link| link.op.level()),
        _ => LegacyLevel::Atom,
    }
}

/// Whether the node needs no parentheses inside an operation of this level.
pub(crate) fn is_tighter(expr: &Expr, around: LegacyLevel) -> bool {
    level(expr) > around
}

/// Prints an operand, in parentheses unless it binds more tightly than what is around it.
fn operand(expr: &Expr, around: LegacyLevel, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_tighter(expr, around) {
        LegacyText(expr).fmt(f)
    } else {
        write!(f, "({})", LegacyText(expr))
    }
}

pub(crate) fn print(legacy: &Legacy, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match legacy {
        Legacy::Variable(path) => path.fmt(f),
        Legacy::Bare(bare) => f.write_str(&bare.text),
        Legacy::Not(inner) => {
            f.write_str("not ")?;
            operand(inner, LegacyLevel::Not, f)
        }
        Legacy::Exists(inner) => {
            f.write_str("exists ")?;
            operand(inner, LegacyLevel::Exists, f)
        }
        Legacy::Chain(first, links) => {
            let around = links.first().map_or(LegacyLevel::Compute, |link| link.op.level());
            operand(first, around, f)?;
            for link in links {
                write!(f, " {} ", link.op.symbol())?;
                operand(&link.operand, around, f)?;
            }
            Ok(())
        }
        Legacy::List(items) => {
            f.write_str("[")?;
            join(items, f)?;
            f.write_str("]")
        }
        Legacy::Call(call) => {
            write!(f, "{}(", call.name)?;
            join(&call.arguments, f)?;
            f.write_str(")")
        }
    }
}

fn join(items: &[Expr], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        LegacyText(item).fmt(f)?;
    }
    Ok(())
}

fn print_literal(literal: &Literal, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match literal {
        Literal::Int(value) => value.fmt(f),
        // Fractions have no exponent in this dialect; infinity can only be written as a number too large.
        Literal::Float(value) if value.is_infinite() => write!(f, "1{:0400}.0", 0),
        Literal::Float(value) if value.fract() == 0.0 => write!(f, "{value}.0"),
        Literal::Float(value) => value.fmt(f),
        // A text with both kinds of quotes cannot be written in this dialect.
        Literal::Str(text) if text.contains('"') => write!(f, "'{text}'"),
        Literal::Str(text) => write!(f, "\"{text}\""),
        Literal::Ip(span) => print_span(span, f),
        Literal::Time(time) => format_timestamp(*time).fmt(f),
        // A duration written without quotes has no fraction.
        Literal::Duration(duration) if duration.subsec_nanos() != 0 => {
            write!(f, "\"{}\"", format_duration(*duration))
        }
        Literal::Duration(duration) => format_duration(*duration).fmt(f),
    }
}

/// Prints a span without the dotted form of mapped addresses, which this dialect does not have.
fn print_span(span: &IpSpan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let text = span.to_string();
    if span.family() == Family::V4 || !text.contains('.') {
        return f.write_str(&text);
    }
    let groups = |bits: u128| {
        let group = |at: u32| format!("{:x}", bits.rotate_left(16 * (at + 1)) & 0xffff);
        (0..8).map(group).collect::<Vec<_>>().join(":")
    };
    match text.split_once('/') {
        Some((_, prefix)) => write!(f, "{}/{prefix}", groups(span.low())),
        None if span.is_single() => f.write_str(&groups(span.low())),
        None => write!(f, "{}-{}", groups(span.low()), groups(span.high())),
    }
}
