//! Arithmetic over two lists of values, neither of them empty.

use jiff::SignedDuration;

use super::compare::number;
use crate::ast::{Arithmetic, LegacyOperator};
use crate::eval::arith;
use crate::value::{Value, ValueRef};

/// Computes pair by pair; a list of one goes with every value of the other side. The answer is null when the lengths
/// do not fit or any pair fails, and no list when it is of one.
pub(crate) fn compute(op: LegacyOperator, left: &[Value], right: &[Value]) -> Value {
    let length = left.len().max(right.len());
    let fits = |side: &[Value]| side.len() == 1 || side.len() == length;
    if !fits(left) || !fits(right) {
        return Value::Null;
    }
    let pairs = left.iter().cycle().zip(right.iter().cycle()).take(length);
    let results: Option<Vec<Value>> = pairs.map(|(one, other)| single(op, one, other)).collect();
    match results.map(<[Value; 1]>::try_from) {
        Some(Ok([only])) => only,
        Some(Err(several)) => Value::List(several),
        None => Value::Null,
    }
}

fn single(op: LegacyOperator, one: &Value, other: &Value) -> Option<Value> {
    let (one, other) = (operand(one)?, operand(other)?);
    let op = match op {
        LegacyOperator::Add => Arithmetic::Add,
        LegacyOperator::Subtract => Arithmetic::Subtract,
        LegacyOperator::Multiply => Arithmetic::Multiply,
        LegacyOperator::Divide => Arithmetic::Divide,
        _ => Arithmetic::Remainder,
    };
    match (op, &one, &other) {
        (Arithmetic::Divide, Value::Duration(_), Value::Int(_) | Value::Float(_)) => shorten(&one, &other),
        _ => arith::compute(op, &one, &other).ok(),
    }
}

/// A value as arithmetic takes it: texts as numbers, no lists.
fn operand(value: &Value) -> Option<Value> {
    match number(value) {
        ValueRef::Str(text) => text.trim().parse().ok().map(Value::Float),
        ValueRef::List(_) | ValueRef::Range(_) | ValueRef::Map(_) => None,
        other => Some(other.to_value()),
    }
}

/// A duration divided by a number, in whole microseconds.
fn shorten(duration: &Value, by: &Value) -> Option<Value> {
    let unit = Value::Duration(SignedDuration::from_micros(1));
    let units = arith::compute(Arithmetic::Divide, duration, &unit).ok()?;
    let quotient = arith::compute(Arithmetic::Divide, &units, by).ok()?;
    arith::compute(Arithmetic::Multiply, &unit, &quotient).ok()
}
