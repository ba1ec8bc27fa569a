//! The canonical text of a tree.

use std::fmt::{self, Display};

use super::{Comparison, Expr, ExprKind, LegacyText, Level, Literal};
use crate::time::{format_duration, format_timestamp};

impl Expr {
    fn level(&self) -> Level {
        match &self.kind {
            ExprKind::Or(_) => Level::Or,
            ExprKind::And(_) => Level::And,
            ExprKind::Not(_) => Level::Not,
            ExprKind::Compare(..) => Level::Compare,
            ExprKind::Chain(_, links) => links.first().map_or(Level::Atom, |link| link.op.level()),
            ExprKind::Range(..) => Level::Join,
            ExprKind::Exists(_) | ExprKind::Default(..) => Level::Exists,
            // A text with both kinds of quotes is printed as two texts joined.
            ExprKind::Literal(Literal::Str(text)) if text.contains('"') && text.contains('\'') => Level::Join,
            _ => Level::Atom,
        }
    }

    /// Whether the node needs parentheses where an operand binds at least so tightly.
    pub(super) fn is_looser(&self, least: Level) -> bool {
        self.level() < least
    }

    /// How tightly this operand left of a comparison has to bind. After `path??` the word `matches` is read as the
    /// default, unless there are parentheses.
    pub(super) fn level_before(&self, op: Comparison) -> Level {
        if op == Comparison::Matches && self.ends_open() {
            Level::Atom
        } else {
            Level::Sum
        }
    }

    fn ends_open(&self) -> bool {
        match &self.kind {
            ExprKind::Exists(_) => true,
            ExprKind::Chain(_, links) => links.last().is_some_and(|link| link.operand.ends_open()),
            ExprKind::Range(_, high) => high.ends_open(),
            _ => false,
        }
    }
}

/// What follows an operand, as far as it decides on parentheses.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    /// A binary minus, which after `path??` would be read as the sign of a default.
    Minus,
    Other,
}

/// Prints source text with the fewest parentheses. Reading it gives the same tree.
impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(self, Next::Other, f)
    }
}

/// Prints an operand, in parentheses when it binds looser than its place demands.
fn operand(expr: &Expr, least: Level, next: Next, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let ambiguous = next == Next::Minus && matches!(expr.kind, ExprKind::Exists(_));
    if expr.is_looser(least) || ambiguous {
        f.write_str("(")?;
        print(expr, Next::Other, f)?;
        f.write_str(")")
    } else {
        print(expr, next, f)
    }
}

fn print(expr: &Expr, next: Next, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match &expr.kind {
        ExprKind::Literal(literal) => print_literal(literal, f),
        ExprKind::Variable(path) => path.fmt(f),
        ExprKind::Exists(path) => write!(f, "{path}??"),
        ExprKind::Default(variable, default) => {
            write!(f, "{} ?? ", variable.path)?;
            // After `??` a bare word that is an operator is read as one.
            match &default.kind {
                ExprKind::Variable(path) if is_operator(&path.to_string()) => write!(f, "({path})"),
                _ => operand(default, Level::Atom, Next::Other, f),
            }
        }
        ExprKind::Negate(inner) => {
            f.write_str("-")?;
            operand(inner, Level::Atom, Next::Other, f)
        }
        ExprKind::Not(inner) => {
            f.write_str("not ")?;
            operand(inner, Level::Compare, Next::Other, f)
        }
        ExprKind::And(operands) => join(operands, " and ", Level::Not, f),
        ExprKind::Or(operands) => join(operands, " or ", Level::And, f),
        ExprKind::Compare(op, left, right) => {
            operand(left, left.level_before(*op), Next::Other, f)?;
            write!(f, " {} ", op.symbol())?;
            operand(right, Level::Sum, Next::Other, f)
        }
        ExprKind::Chain(first, links) => {
            let least = match expr.level() {
                Level::Sum => Level::Product,
                Level::Product => Level::Join,
                _ => Level::Exists,
            };
            let mut current = &**first;
            for link in links {
                let follow = if link.op.symbol() == "-" {
                    Next::Minus
                } else {
                    Next::Other
                };
                operand(current, least, follow, f)?;
                write!(f, " {} ", link.op.symbol())?;
                current = &link.operand;
            }
            operand(current, least, next, f)
        }
        ExprKind::Range(low, high) => {
            operand(low, Level::Exists, Next::Other, f)?;
            f.write_str(" .. ")?;
            operand(high, Level::Exists, next, f)
        }
        ExprKind::Call(call) => {
            write!(f, "{}(", call.name)?;
            join(&call.arguments, ", ", Level::Or, f)?;
            f.write_str(")")
        }
        ExprKind::List(items) => {
            f.write_str("[")?;
            join(items, ", ", Level::Atom, f)?;
            f.write_str("]")
        }
        ExprKind::Legacy(_) => LegacyText(expr).fmt(f),
    }
}

fn join(operands: &[Expr], between: &str, least: Level, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, item) in operands.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        operand(item, least, Next::Other, f)?;
    }
    Ok(())
}

fn is_operator(word: &str) -> bool {
    ["and", "or", "in", "contains"]
        .iter()
        .any(|operator| word.eq_ignore_ascii_case(operator))
}

fn print_literal(literal: &Literal, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match literal {
        Literal::Int(value) => value.fmt(f),
        // Infinity can only be written as a number too large.
        Literal::Float(value) if value.is_infinite() => f.write_str("1e400"),
        Literal::Float(value) => write!(f, "{value:?}"),
        Literal::Ip(span) => span.fmt(f),
        Literal::Time(time) => format_timestamp(*time).fmt(f),
        Literal::Duration(duration) => format_duration(*duration).fmt(f),
        Literal::Str(text) if !text.contains('"') => write!(f, "\"{text}\""),
        Literal::Str(text) if !text.contains('\'') => write!(f, "'{text}'"),
        Literal::Str(text) => {
            for (at, part) in text.split('"').enumerate() {
                if at > 0 {
                    f.write_str(" . '\"' . ")?;
                }
                write!(f, "\"{part}\"")?;
            }
            Ok(())
        }
    }
}
