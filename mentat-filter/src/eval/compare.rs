//! Comparison, membership and equality of values, without copying them.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::error::EvalErrorKind;
use super::meter::Meter;
use crate::ast::Comparison;
use crate::net::{IpSpan, Shape};
use crate::value::{Mapping, Sequence, Value, ValueRef};

/// Answers a comparison of two values.
pub(crate) fn compare(
    op: Comparison,
    left: ValueRef<'_>,
    right: ValueRef<'_>,
    meter: &Meter,
) -> Result<bool, EvalErrorKind> {
    match op {
        Comparison::Equals => Ok(equal(left, right)),
        Comparison::NoneEqual => match relate(Comparison::AnyEqual, left, right, meter) {
            Ok(answer) => Ok(!answer),
            Err(EvalErrorKind::Undefined { left, right, .. }) => Err(EvalErrorKind::Undefined {
                operator: op.symbol(),
                left,
                right,
            }),
            Err(error) => Err(error),
        },
        Comparison::In => member(left, right, meter),
        Comparison::Contains => contains(left, right, meter),
        // Patterns are constants and were made into tests.
        Comparison::Matches => Err(undefined(op, left, right)),
        _ => relate(op, left, right, meter),
    }
}

fn undefined(op: Comparison, left: ValueRef<'_>, right: ValueRef<'_>) -> EvalErrorKind {
    EvalErrorKind::Undefined {
        operator: op.symbol(),
        left: left.kind(),
        right: right.kind(),
    }
}

/// `=` and the orderings: typed, true for a list when true for some item.
fn relate(op: Comparison, left: ValueRef<'_>, right: ValueRef<'_>, meter: &Meter) -> Result<bool, EvalErrorKind> {
    use ValueRef::{Duration, Float, Int, Ip, List, Range, Str, Time};
    match (left, right) {
        (Int(_) | Float(_), Int(_) | Float(_)) | (Time(_), Time(_)) | (Duration(_), Duration(_)) => {
            Ok(order(left, right).is_some_and(|order| holds(op, order)))
        }
        (Ip(left), Ip(right)) => Ok(relate_ip(op, &left, &right)),
        (Str(left), Str(right)) if op == Comparison::AnyEqual => Ok(left == right),
        (Int(_) | Float(_) | Time(_) | Duration(_), Range(ends)) => {
            if op == Comparison::AnyEqual {
                return between(op, left, ends);
            }
            Ok(relate(op, left, ends.0.view(), meter)? || relate(op, left, ends.1.view(), meter)?)
        }
        (Range(ends), Int(_) | Float(_) | Time(_) | Duration(_)) => {
            if op == Comparison::AnyEqual {
                return between(op, right, ends);
            }
            Ok(relate(op, ends.0.view(), right, meter)? || relate(op, ends.1.view(), right, meter)?)
        }
        (List(items), Str(_) | Ip(_) | Int(_) | Float(_) | Time(_) | Duration(_) | Range(_) | List(_)) => {
            any(items, meter, |item| relate(op, item, right, meter))
        }
        (Str(_) | Ip(_) | Int(_) | Float(_) | Time(_) | Duration(_) | Range(_), List(items)) => {
            any(items, meter, |item| relate(op, left, item, meter))
        }
        _ => Err(undefined(op, left, right)),
    }
}

/// Whether an order of two operands satisfies the operator.
pub(super) fn holds(op: Comparison, order: Ordering) -> bool {
    match op {
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        _ => order.is_eq(),
    }
}

/// Spans are ordered by their nearest ends, so a net may be both less and greater than an address in it.
fn relate_ip(op: Comparison, left: &IpSpan, right: &IpSpan) -> bool {
    left.family() == right.family()
        && match op {
            Comparison::Greater => left.high() > right.low(),
            Comparison::GreaterOrEqual => left.high() >= right.low(),
            Comparison::Less => left.low() < right.high(),
            Comparison::LessOrEqual => left.low() <= right.high(),
            _ => left.either_contains(right),
        }
}

/// `in`: containment in a span, a range or some item of a list.
pub(super) fn member(left: ValueRef<'_>, right: ValueRef<'_>, meter: &Meter) -> Result<bool, EvalErrorKind> {
    use ValueRef::{Duration, Float, Int, Ip, List, Range, Str, Time};
    match (left, right) {
        (Ip(left), Ip(right)) => Ok(right.contains(&left)),
        (Str(_) | Int(_) | Float(_) | Time(_) | Duration(_) | Ip(_), List(items)) => among(left, items, meter),
        (Ip(_) | Int(_) | Float(_) | Time(_) | Duration(_), Range(ends)) => between(Comparison::In, left, ends),
        (List(items), Range(_) | Ip(_)) => any(items, meter, |item| member(item, right, meter)),
        // Here an item may be anything, since equality always has an answer.
        (List(items), List(others)) => any(items, meter, |item| among(item, others, meter)),
        _ => Err(undefined(Comparison::In, left, right)),
    }
}

/// Whether a value is in some range, list or network among the items, or equal to one of the others.
fn among(value: ValueRef<'_>, items: &dyn Sequence, meter: &Meter) -> Result<bool, EvalErrorKind> {
    any(items, meter, |item| match item {
        ValueRef::Range(_) | ValueRef::List(_) => member(value, item, meter),
        ValueRef::Ip(span) if span.shape() != Shape::Single => member(value, item, meter),
        _ => Ok(equal(value, item)),
    })
}

/// `contains`: part of a text, or of some item of a list.
fn contains(left: ValueRef<'_>, right: ValueRef<'_>, meter: &Meter) -> Result<bool, EvalErrorKind> {
    match (left, right) {
        (ValueRef::Str(text), ValueRef::Str(part)) => Ok(text.contains(part)),
        (ValueRef::List(items), ValueRef::Str(part)) => any(items, meter, |item| match item {
            ValueRef::Str(_) => contains(item, right, meter),
            // A list or map among the items contains what it has as an item or key.
            ValueRef::List(inner) => any(inner, meter, |item| Ok(equal(item, right))),
            ValueRef::Map(inner) => Ok(inner.get(part, &mut |_| {})),
            ValueRef::Range(ends) => Ok(equal(ends.0.view(), right) || equal(ends.1.view(), right)),
            _ => Err(EvalErrorKind::NotText { found: item.kind() }),
        }),
        _ => Err(undefined(Comparison::Contains, left, right)),
    }
}

/// Whether a value lies between the ends of a range, whichever of them is the lower.
fn between(op: Comparison, value: ValueRef<'_>, ends: &(Value, Value)) -> Result<bool, EvalErrorKind> {
    let (one, other) = (ends.0.view(), ends.1.view());
    // Ends that cannot be ordered make the question meaningless, not false.
    if one.kind() != other.kind() || matches!(one, ValueRef::Ip(_) | ValueRef::Null | ValueRef::Map(_)) {
        return Err(EvalErrorKind::RangeEnds);
    }
    if value.kind() != one.kind() {
        return Err(undefined(op, value, one));
    }
    let (low, high) = if order(one, other).is_some_and(Ordering::is_gt) {
        (other, one)
    } else {
        (one, other)
    };
    Ok(order(low, value).is_some_and(Ordering::is_le) && order(value, high).is_some_and(Ordering::is_le))
}

/// The order of two scalars of one type; `None` for other types and for NaN.
pub(super) fn order(left: ValueRef<'_>, right: ValueRef<'_>) -> Option<Ordering> {
    use ValueRef::{Duration, Float, Int, Time};
    match (left, right) {
        (Int(left), Int(right)) => Some(left.cmp(&right)),
        (Float(left), Float(right)) => left.partial_cmp(&right),
        (Int(left), Float(right)) => order_mixed(left, right),
        (Float(left), Int(right)) => order_mixed(right, left).map(Ordering::reverse),
        (Time(left), Time(right)) => Some(left.cmp(&right)),
        (Duration(left), Duration(right)) => Some(left.cmp(&right)),
        _ => None,
    }
}

/// Orders an integer and a fraction by their exact values; rounding the integer would make 2^53 equal to 2^53 + 1.
fn order_mixed(int: i128, float: f64) -> Option<Ordering> {
    const BOUND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0; // 2^127
    if float.is_nan() {
        None
    } else if float >= BOUND {
        Some(Ordering::Less)
    } else if float < -BOUND {
        Some(Ordering::Greater)
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the bounds were checked, only the fraction is cut off"
        )]
        let whole = float.trunc() as i128;
        Some(int.cmp(&whole).then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0))))
    }
}

/// `==`: total, by content.
pub(crate) fn equal(left: ValueRef<'_>, right: ValueRef<'_>) -> bool {
    use ValueRef::{Bool, Float, Int, Ip, List, Map, Null, Range, Str};
    match (left, right) {
        (Null, Null) => true,
        (Bool(left), Bool(right)) => left == right,
        (Bool(flag), number @ (Int(_) | Float(_))) | (number @ (Int(_) | Float(_)), Bool(flag)) => {
            equal(Int(flag.into()), number)
        }
        (Str(left), Str(right)) => left == right,
        (Ip(left), Ip(right)) => left == right,
        (Range(left), Range(right)) => left.0.equals(&right.0) && left.1.equals(&right.1),
        (List(left), List(right)) => equal_lists(left, right),
        (Map(left), Map(right)) => equal_maps(left, right),
        _ => order(left, right).is_some_and(Ordering::is_eq),
    }
}

fn equal_lists(left: &dyn Sequence, right: &dyn Sequence) -> bool {
    if left.len() != right.len() {
        return false;
    }
    // Only one side at a time can be walked in place, so the other one is copied.
    let mut copies = Vec::with_capacity(right.len());
    right.each(&mut |item| {
        copies.push(item.to_value());
        ControlFlow::Continue(())
    });
    let mut rest = copies.iter();
    let mut same = true;
    left.each(&mut |item| {
        same = rest.next().is_some_and(|other| equal(item, other.view()));
        if same {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    same
}

fn equal_maps(left: &dyn Mapping, right: &dyn Mapping) -> bool {
    let mut same = left.len() == right.len();
    if same {
        left.entries(&mut |key, value| {
            let mut twin = false;
            right.get(key, &mut |other| twin = equal(value, other));
            same = twin;
            if same {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    }
    same
}

/// Whether some item passes, tried in order; the first failure ends the search as well.
pub(super) fn any(
    items: &dyn Sequence,
    meter: &Meter,
    mut test: impl FnMut(ValueRef<'_>) -> Result<bool, EvalErrorKind>,
) -> Result<bool, EvalErrorKind> {
    let mut answer = Ok(false);
    items.each(&mut |item| {
        answer = meter.spend(1).and_then(|()| test(item));
        if matches!(answer, Ok(false)) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    answer
}
