//! Comparisons of two lists of values, neither of them empty.

use std::cmp::Ordering;

use super::undefined;
use crate::ast::LegacyOperator;
use crate::eval::compare::order;
use crate::eval::error::EvalErrorKind;
use crate::pattern::Pattern;
use crate::value::{Value, ValueRef};

/// Answers any comparison but `like`. Pairs are tried in order, and the first hit or failure ends the search.
pub(super) fn compare(op: LegacyOperator, left: &[Value], right: &[Value]) -> Result<bool, EvalErrorKind> {
    match op {
        LegacyOperator::Is => {
            Ok(left.len() == right.len() && left.iter().zip(right).all(|(one, other)| one.equals(other)))
        }
        LegacyOperator::In => Ok(left.iter().any(|one| right.iter().any(|other| within(one, other)))),
        LegacyOperator::Equal => some_pair(left, right, |one, other| Ok(one.equals(other))),
        LegacyOperator::NotEqual => some_pair(left, right, |one, other| Ok(!one.equals(other))),
        _ => some_pair(left, right, |one, other| ordered(op, one, other)),
    }
}

/// Whether a value is contained in an address span, or equal to anything else.
fn within(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Ip(one), Value::Ip(other)) => other.contains(one),
        _ => one.equals(other),
    }
}

fn some_pair(
    left: &[Value],
    right: &[Value],
    mut holds: impl FnMut(&Value, &Value) -> Result<bool, EvalErrorKind>,
) -> Result<bool, EvalErrorKind> {
    for one in left.iter().filter(|value| **value != Value::Null) {
        for other in right.iter().filter(|value| **value != Value::Null) {
            if holds(one, other)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn ordered(op: LegacyOperator, one: &Value, other: &Value) -> Result<bool, EvalErrorKind> {
    use ValueRef::{Duration, Float, Int, Str, Time};
    let order = match (number(one), number(other)) {
        (Str(one), Str(other)) => Some(one.cmp(other)),
        (one @ (Int(_) | Float(_)), other @ (Int(_) | Float(_)))
        | (one @ Time(_), other @ Time(_))
        | (one @ Duration(_), other @ Duration(_)) => order(one, other),
        _ => return Err(undefined(op, one, other)),
    };
    // Only what is no number at all has no order.
    Ok(order.is_some_and(|order| match op {
        LegacyOperator::Greater => order == Ordering::Greater,
        LegacyOperator::GreaterOrEqual => order != Ordering::Less,
        LegacyOperator::Less => order == Ordering::Less,
        _ => order != Ordering::Greater,
    }))
}

/// The value, booleans as the numbers 0 and 1.
pub(super) fn number(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Bool(flag) => ValueRef::Int(i128::from(*flag)),
        other => other.view(),
    }
}

/// `like` with constants on the right.
pub(super) fn like(left: &[Value], patterns: &[Pattern]) -> Result<bool, EvalErrorKind> {
    for one in left {
        match one {
            Value::Null => {}
            Value::Str(text) if patterns.iter().any(|pattern| pattern.fits(text)) => return Ok(true),
            Value::Str(_) => {}
            other => return Err(undefined(LegacyOperator::Like, other, &Value::Str(String::new()))),
        }
    }
    Ok(false)
}

/// `like` with a right operand from the record.
pub(super) fn like_values(left: &[Value], right: &[Value], bytes: usize) -> Result<bool, EvalErrorKind> {
    some_pair(left, right, |one, other| match (one, other) {
        (Value::Str(text), Value::Str(pattern)) => {
            let pattern = Pattern::regex(pattern, bytes).map_err(|_| EvalErrorKind::Pattern)?;
            Ok(pattern.fits(text))
        }
        _ => Err(undefined(LegacyOperator::Like, one, other)),
    })
}
