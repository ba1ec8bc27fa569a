//! Operators that compute.

use jiff::{SignedDuration, Timestamp};

use super::error::EvalErrorKind;
use crate::ast::Arithmetic;
use crate::time::{LONGEST, SHORTEST, in_years};
use crate::value::{Type, Value};

/// Applies an operator to two values.
pub(crate) fn compute(op: Arithmetic, left: &Value, right: &Value) -> Result<Value, EvalErrorKind> {
    use Value::{List, Range};
    let (of_left, of_right) = (left.view().kind(), right.view().kind());
    let undefined = EvalErrorKind::Undefined {
        operator: op.symbol(),
        left: of_left,
        right: of_right,
    };
    match (left, right) {
        (List(items), _) if maps_over_lists(op, of_right) => items
            .iter()
            .map(|item| compute(op, item, right))
            .collect::<Result<_, _>>()
            .map(List),
        (_, List(items)) if maps_over_lists(op, of_left) => items
            .iter()
            .map(|item| compute(op, left, item))
            .collect::<Result<_, _>>()
            .map(List),
        (Range(ends), _) if maps_over_ranges(op, of_right) => Ok(Range(Box::new((
            compute(op, &ends.0, right)?,
            compute(op, &ends.1, right)?,
        )))),
        (_, Range(ends)) if maps_over_ranges(op, of_left) => Ok(Range(Box::new((
            compute(op, left, &ends.0)?,
            compute(op, left, &ends.1)?,
        )))),
        _ => scalars(op, left, right).unwrap_or(Err(undefined)),
    }
}

/// Whether the operator, with a scalar of this type on one side, applies to each item of a list on the other.
fn maps_over_lists(op: Arithmetic, scalar: Type) -> bool {
    match op {
        Arithmetic::Add | Arithmetic::Subtract => matches!(scalar, Type::Number | Type::Duration | Type::Time),
        Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => {
            matches!(scalar, Type::Number | Type::Duration)
        }
        Arithmetic::Concat => false,
    }
}

/// Whether the operator, with a scalar of this type on one side, applies to both ends of a range on the other.
fn maps_over_ranges(op: Arithmetic, scalar: Type) -> bool {
    match op {
        Arithmetic::Add => matches!(scalar, Type::Number | Type::Duration),
        Arithmetic::Subtract => matches!(scalar, Type::Number | Type::Duration | Type::Time),
        _ => false,
    }
}

/// The operator on two values that are neither mapped lists nor ranges; `None` when it is not defined for them.
fn scalars(op: Arithmetic, left: &Value, right: &Value) -> Option<Result<Value, EvalErrorKind>> {
    use Value::{Duration, Float, Int, List, Str, Time};
    Some(match (left, right) {
        (Int(left), Int(right)) => integers(op, *left, *right)?,
        (Int(left), Float(right)) => floats(op, to_float(*left), *right)?,
        (Float(left), Int(right)) => floats(op, *left, to_float(*right))?,
        (Float(left), Float(right)) => floats(op, *left, *right)?,
        (Duration(left), Duration(right)) => durations(op, *left, *right)?,
        (Time(time), Duration(by)) => match op {
            Arithmetic::Add => shift(*time, Some(*by)),
            Arithmetic::Subtract => shift(*time, by.checked_neg()),
            _ => return None,
        },
        (Duration(by), Time(time)) if op == Arithmetic::Add => shift(*time, Some(*by)),
        (Time(left), Time(right)) if op == Arithmetic::Subtract => Ok(Duration(left.duration_since(*right))),
        (Duration(span), Int(factor)) | (Int(factor), Duration(span)) if op == Arithmetic::Multiply => span
            .as_micros()
            .checked_mul(*factor)
            .map_or(Err(EvalErrorKind::OutOfRange), from_micros),
        (Duration(span), Float(factor)) | (Float(factor), Duration(span)) if op == Arithmetic::Multiply => {
            let micros = (to_float(span.as_micros()) * factor).round_ties_even();
            #[expect(
                clippy::cast_possible_truncation,
                reason = "values out of range saturate and are refused"
            )]
            if micros.is_finite() {
                from_micros(micros as i128)
            } else {
                Err(EvalErrorKind::OutOfRange)
            }
        }
        (Str(left), Str(right)) if op == Arithmetic::Concat => Ok(Str([left.as_str(), right].concat())),
        (List(left), List(right)) if op == Arithmetic::Concat => Ok(List([left.as_slice(), right].concat())),
        _ => return None,
    })
}

fn integers(op: Arithmetic, left: i128, right: i128) -> Option<Result<Value, EvalErrorKind>> {
    let result = match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => return floats(op, to_float(left), to_float(right)),
        Arithmetic::Remainder if right == 0 => return Some(Err(EvalErrorKind::DivisionByZero)),
        Arithmetic::Remainder => Some(floor_remainder(left, right)),
        Arithmetic::Concat => return None,
    };
    Some(result.map(Value::Int).ok_or(EvalErrorKind::OutOfRange))
}

/// The remainder with the sign of the divisor, which is not zero.
fn floor_remainder(left: i128, right: i128) -> i128 {
    // Only the smallest integer and -1 have no remainder, which then is 0.
    let rest = left.checked_rem(right).unwrap_or(0);
    if rest != 0 && (rest < 0) != (right < 0) {
        rest + right
    } else {
        rest
    }
}

fn floats(op: Arithmetic, left: f64, right: f64) -> Option<Result<Value, EvalErrorKind>> {
    let result = match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide | Arithmetic::Remainder if right == 0.0 => {
            return Some(Err(EvalErrorKind::DivisionByZero));
        }
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => {
            let rest = left % right;
            if rest != 0.0 && (rest < 0.0) != (right < 0.0) {
                rest + right
            } else {
                rest
            }
        }
        Arithmetic::Concat => return None,
    };
    Some(Ok(Value::Float(result)))
}

fn durations(op: Arithmetic, left: SignedDuration, right: SignedDuration) -> Option<Result<Value, EvalErrorKind>> {
    match op {
        Arithmetic::Add => Some(bounded(left.checked_add(right))),
        Arithmetic::Subtract => Some(bounded(left.checked_sub(right))),
        Arithmetic::Divide => floats(op, to_float(left.as_micros()), to_float(right.as_micros())),
        Arithmetic::Remainder if right.as_micros() == 0 => Some(Err(EvalErrorKind::DivisionByZero)),
        Arithmetic::Remainder => Some(from_micros(floor_remainder(left.as_micros(), right.as_micros()))),
        Arithmetic::Multiply | Arithmetic::Concat => None,
    }
}

fn bounded(duration: Option<SignedDuration>) -> Result<Value, EvalErrorKind> {
    match duration {
        Some(duration) if (SHORTEST..=LONGEST).contains(&duration) => Ok(Value::Duration(duration)),
        _ => Err(EvalErrorKind::OutOfRange),
    }
}

fn from_micros(micros: i128) -> Result<Value, EvalErrorKind> {
    let seconds = i64::try_from(micros / 1_000_000).ok();
    // The remainder of a million times a thousand fits, and has the sign of the seconds.
    let nanos = i32::try_from(micros % 1_000_000 * 1000).ok();
    bounded(
        seconds
            .zip(nanos)
            .map(|(seconds, nanos)| SignedDuration::new(seconds, nanos)),
    )
}

fn shift(time: Timestamp, by: Option<SignedDuration>) -> Result<Value, EvalErrorKind> {
    by.and_then(|by| time.checked_add(by).ok())
        .and_then(|time| in_years(time).ok())
        .map(Value::Time)
        .ok_or(EvalErrorKind::OutOfRange)
}

/// Minus before a value.
pub(crate) fn negate(value: &Value) -> Result<Value, EvalErrorKind> {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(EvalErrorKind::OutOfRange),
        Value::Float(value) => Ok(Value::Float(-value)),
        Value::Duration(value) => bounded(value.checked_neg()),
        other => Err(EvalErrorKind::Negation {
            operand: other.view().kind(),
        }),
    }
}

/// `low .. high`: a span for addresses of one family, else the two values as they are.
pub(crate) fn range(low: Value, high: Value) -> Value {
    if let (Value::Ip(one), Value::Ip(other)) = (&low, &high)
        && let Some(hull) = one.hull(other)
    {
        return Value::Ip(hull);
    }
    Value::Range(Box::new((low, high)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "division and mixed arithmetic are in binary fractions"
)]
const fn to_float(value: i128) -> f64 {
    value as f64
}
