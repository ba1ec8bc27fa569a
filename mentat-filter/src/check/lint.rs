//! What is allowed but reads as something else.

use crate::ast::{Arithmetic, Expr, ExprKind, Link, Literal, Span};
use crate::report::Diagnostic;

/// Words that are operators where an operator may stand.
const WORDS: [&str; 6] = ["and", "or", "in", "contains", "matches", "not"];

pub(super) fn lint(expr: &Expr, source: &str) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    expr.walk(&mut |node| match &node.kind {
        ExprKind::Default(_, default) => found.extend(call_after_default(default)),
        ExprKind::Compare(_, left, right) => found.extend(glued(left.span, right.span, source)),
        ExprKind::And(operands) | ExprKind::Or(operands) => {
            let pairs = operands.iter().zip(operands.iter().skip(1));
            found.extend(pairs.filter_map(|(left, right)| glued(left.span, right.span, source)));
        }
        ExprKind::Chain(first, links) => found.extend(date(first, links, source)),
        _ => {}
    });
    found
}

/// `x ?? in(y)` calls a function named `in`.
fn call_after_default(default: &Expr) -> Option<Diagnostic> {
    let ExprKind::Call(call) = &default.kind else {
        return None;
    };
    let name = &*call.name;
    WORDS.iter().find(|word| name.eq_ignore_ascii_case(word))?;
    let message = format!("after `??` this is a call of a function `{name}`, not the operator");
    let hint = format!("write `?? [] {name} (...)`, or put a blank after `{name}`");
    Some(Diagnostic::warning("F0512", message, call.name_span).with_hint(hint))
}

/// `1orb`: a word that touches its operands.
fn glued(left: Span, right: Span, source: &str) -> Option<Diagnostic> {
    let at = |offset: u32| usize::try_from(offset).ok();
    let (start, end) = (at(left.end)?, at(right.start)?);
    let between = source.get(start..end)?;
    let before = source.get(..start)?.chars().next_back()?;
    let after = source.get(end..)?.chars().next()?;
    let in_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let touches_left = in_name(before) && between.starts_with(|character: char| character.is_ascii_alphabetic());
    let touches_right = in_name(after) && between.ends_with(|character: char| character.is_ascii_alphabetic());
    if !touches_left && !touches_right {
        return None;
    }
    let message = "there is no blank between the operator and its operand";
    let span = Span::new(left.end, right.start);
    Some(Diagnostic::warning("F0513", message, span).with_hint("was this meant to be one name?"))
}

/// `2024-1-1` is 2022.
fn date(first: &Expr, links: &[Link], source: &str) -> Option<Diagnostic> {
    let int = |expr: &Expr| match expr.kind {
        ExprKind::Literal(Literal::Int(value)) => Some(value),
        _ => None,
    };
    let [month, day, ..] = links else { return None };
    if month.op != Arithmetic::Subtract || day.op != Arithmetic::Subtract {
        return None;
    }
    let (year, month, last) = (int(first)?, int(&month.operand)?, int(&day.operand)?);
    let span = first.span.to(day.operand.span);
    let written = source.get(usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?)?;
    let is_date = (1000..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&last);
    if !is_date || written.is_empty() || written.contains(char::is_whitespace) {
        return None;
    }
    let message = format!("this is the number {}, not a date", year - month - last);
    Some(Diagnostic::warning("F0514", message, span).with_hint(format!("write {year:04}-{month:02}-{last:02}")))
}
