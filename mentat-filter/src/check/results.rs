//! What operations give for operands of which only the types are known: the tables of `eval::arith`.

use super::kinds::{Interval, Items, Kind, Kinds};
use crate::ast::Arithmetic;
use crate::value::Type;

/// What an operation gives, and whether it is not defined for some of the types.
pub(super) fn compute(op: Arithmetic, left: &Kinds, right: &Kinds) -> (Kinds, bool) {
    let mut all = Kinds::default();
    let mut fails = false;
    for left in left.each() {
        for right in right.each() {
            let (kinds, failing) = compute_one(op, left, right);
            all = all.or(kinds);
            fails |= failing;
        }
    }
    (all, fails)
}

fn compute_one(op: Arithmetic, left: Kind<'_>, right: Kind<'_>) -> (Kinds, bool) {
    use Kind::{List, Range, Unknown};
    match (left, right) {
        (Unknown, _) | (_, Unknown) => (Kinds::UNKNOWN, false),
        (List(items), _) if over_lists(op, right.kind()) => map(items, compute(op, &items.kinds, &Kinds::from(right))),
        (_, List(items)) if over_lists(op, left.kind()) => map(items, compute(op, &Kinds::from(left), &items.kinds)),
        (Range(ends), _) if over_ranges(op, right.kind()) => {
            let by = Kinds::from(right);
            both(compute(op, &ends.0, &by), compute(op, &ends.1, &by))
        }
        (_, Range(ends)) if over_ranges(op, left.kind()) => {
            let by = Kinds::from(left);
            both(compute(op, &by, &ends.0), compute(op, &by, &ends.1))
        }
        _ => match scalars(op, left, right) {
            Some(kinds) => (kinds, false),
            None => (Kinds::default(), true),
        },
    }
}

/// A list of results; only an empty one is left where there is no result.
fn map(items: &Items, (kinds, fails): (Kinds, bool)) -> (Kinds, bool) {
    let result = match (kinds.is_none(), items.empty) {
        (true, true) => Kinds::items([]),
        (true, false) => Kinds::default(),
        (false, empty) => Kinds::list(kinds, empty),
    };
    (result, fails && items.filled)
}

fn both(low: (Kinds, bool), high: (Kinds, bool)) -> (Kinds, bool) {
    let fails = low.1 || high.1;
    if low.0.is_none() || high.0.is_none() {
        (Kinds::default(), fails)
    } else {
        (Kinds::range(low.0, high.0), fails)
    }
}

fn over_lists(op: Arithmetic, scalar: Type) -> bool {
    match op {
        Arithmetic::Add | Arithmetic::Subtract => matches!(scalar, Type::Number | Type::Duration | Type::Time),
        Arithmetic::Multiply | Arithmetic::Divide | Arithmetic::Remainder => {
            matches!(scalar, Type::Number | Type::Duration)
        }
        Arithmetic::Concat => false,
    }
}

fn over_ranges(op: Arithmetic, scalar: Type) -> bool {
    match op {
        Arithmetic::Add => matches!(scalar, Type::Number | Type::Duration),
        Arithmetic::Subtract => matches!(scalar, Type::Number | Type::Duration | Type::Time),
        _ => false,
    }
}

fn scalars(op: Arithmetic, left: Kind<'_>, right: Kind<'_>) -> Option<Kinds> {
    use Arithmetic::{Add, Concat, Divide, Multiply, Remainder, Subtract};
    use Kind::{Duration, List, Number, Text, Time};
    Some(match (left, right) {
        (Number(_), Number(_)) if op != Concat => Kinds::of_type(Type::Number),
        (Duration, Duration) => match op {
            Add | Subtract | Remainder => Duration.into(),
            Divide => Kinds::of_type(Type::Number),
            Multiply | Concat => return None,
        },
        (Time, Duration) if matches!(op, Add | Subtract) => Time.into(),
        (Duration, Time) if op == Add => Time.into(),
        (Time, Time) if op == Subtract => Duration.into(),
        (Duration, Number(_)) | (Number(_), Duration) if op == Multiply => Duration.into(),
        (Text, Text) if op == Concat => Text.into(),
        (List(left), List(right)) if op == Concat => {
            let empty = left.empty && right.empty;
            match (left.filled, right.filled) {
                (false, false) => Kinds::items([]),
                _ => Kinds::list(left.kinds.clone().or(right.kinds.clone()), empty),
            }
        }
        _ => return None,
    })
}

/// `-operand`
pub(super) fn negate(operand: &Kinds) -> (Kinds, bool) {
    let mut all = Kinds::default();
    let mut fails = false;
    for kind in operand.each() {
        match kind {
            Kind::Unknown | Kind::Duration => all = all.or(kind.into()),
            Kind::Number(Interval { low, high }) => {
                let turned = Interval {
                    low: high.checked_neg().filter(|_| high != i128::MAX).unwrap_or(i128::MIN),
                    high: low.checked_neg().unwrap_or(i128::MAX),
                };
                all = all.or(Kind::Number(turned).into());
            }
            _ => fails = true,
        }
    }
    (all, fails)
}

/// `low .. high`: a span for addresses of one family, else a pair.
pub(super) fn range(low: &Kinds, high: &Kinds) -> Kinds {
    let mut all = Kinds::default();
    for low in low.each() {
        for high in high.each() {
            all = all.or(match (low, high) {
                (Kind::Ip(one), Kind::Ip(other)) if one == other => low.into(),
                (Kind::Unknown, _) | (_, Kind::Unknown) => Kinds::UNKNOWN,
                _ => Kinds::range(low.into(), high.into()),
            });
        }
    }
    all
}

/// `length`: whether it is not defined for some of the types, and whether for all.
pub(super) fn length(operand: &Kinds) -> (bool, bool) {
    let defined = |kind| matches!(kind, Kind::Unknown | Kind::Text | Kind::List(_) | Kind::Ip(_));
    (operand.each().any(|kind| !defined(kind)), !operand.each().any(defined))
}

/// `lower` and `upper`.
pub(super) fn change_case(operand: &Kinds) -> (Kinds, bool) {
    let mut all = Kinds::default();
    let mut fails = false;
    for kind in operand.each() {
        let (kinds, failing) = match kind {
            Kind::Unknown => (Kinds::UNKNOWN, false),
            Kind::Text => (Kind::Text.into(), false),
            Kind::List(items) => {
                let texts = items
                    .kinds
                    .each()
                    .any(|item| matches!(item, Kind::Text | Kind::Unknown));
                let others = items
                    .kinds
                    .each()
                    .any(|item| !matches!(item, Kind::Text | Kind::Unknown));
                map(
                    items,
                    (if texts { Kind::Text.into() } else { Kinds::default() }, others),
                )
            }
            _ => (Kinds::default(), true),
        };
        all = all.or(kinds);
        fails |= failing;
    }
    (all, fails)
}
