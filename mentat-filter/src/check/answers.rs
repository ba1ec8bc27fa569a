//! What comparisons can answer for operands of which only the types are known: the tables of `eval::compare`.

use super::kinds::{Interval, Items, Kind, Kinds};
use crate::ast::Comparison;

/// How a comparison or test can end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) truth: bool,
    pub(super) falsity: bool,
    /// False because a list is empty.
    pub(super) hollow: bool,
    /// It is not defined for some of the types.
    pub(super) fails: bool,
}

impl Answer {
    const FAILS: Self = Self::new(false, false, true);
    const FALSE: Self = Self::new(false, true, false);
    const EITHER: Self = Self::new(true, true, false);
    const HOLLOW: Self = Self {
        hollow: true,
        ..Self::new(false, false, false)
    };

    const fn new(truth: bool, falsity: bool, fails: bool) -> Self {
        Self {
            truth,
            falsity,
            hollow: false,
            fails,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            truth: self.truth || other.truth,
            falsity: self.falsity || other.falsity,
            hollow: self.hollow || other.hollow,
            fails: self.fails || other.fails,
        }
    }

    /// The answers to the opposite question.
    pub(super) const fn inverse(self) -> Self {
        Self::new(self.falsity || self.hollow, self.truth, self.fails)
    }

    /// Where the second question is only asked when the answer to the first is no.
    fn or_else(self, other: Self) -> Self {
        let no = self.falsity || self.hollow;
        Self {
            truth: self.truth || (no && other.truth),
            falsity: self.falsity && (other.falsity || other.hollow),
            hollow: self.hollow && (other.falsity || other.hollow),
            fails: self.fails || (no && other.fails),
        }
    }
}

/// The answers to a comparison; `!=` is asked as `=`.
pub(super) fn compare(op: Comparison, left: &Kinds, right: &Kinds) -> Answer {
    let one = |left: Kind<'_>, right: Kind<'_>| match op {
        Comparison::In => member(left, right),
        Comparison::Contains => contains(left, right),
        Comparison::Equals => equal(left, right),
        Comparison::Matches => texts(left),
        _ => relate(op, left, right),
    };
    pairs(left, right, one)
}

fn pairs(left: &Kinds, right: &Kinds, one: impl Fn(Kind<'_>, Kind<'_>) -> Answer) -> Answer {
    let all = left
        .each()
        .flat_map(|left| right.each().map(move |right| (left, right)));
    all.map(|(left, right)| one(left, right))
        .fold(Answer::default(), Answer::or)
}

/// Whether it holds for some item.
fn any(items: &Items, one: impl Fn(Kind<'_>) -> Answer) -> Answer {
    let empty = if items.empty { Answer::HOLLOW } else { Answer::default() };
    if items.filled {
        items.kinds.each().map(one).fold(empty, Answer::or)
    } else {
        empty
    }
}

fn relate(op: Comparison, left: Kind<'_>, right: Kind<'_>) -> Answer {
    use Kind::{Duration, Ip, List, Number, Range, Text, Time, Unknown};
    match (left, right) {
        (Unknown, _) | (_, Unknown) | (Time, Time) | (Duration, Duration) => Answer::EITHER,
        (Number(left), Number(right)) => order(op, left, right),
        (Ip(left), Ip(right)) if left == right => Answer::EITHER,
        (Ip(_), Ip(_)) => Answer::FALSE,
        (Text, Text) if matches!(op, Comparison::AnyEqual | Comparison::NoneEqual) => Answer::EITHER,
        (value @ (Number(_) | Time | Duration), Range(ends)) => match op {
            Comparison::AnyEqual | Comparison::NoneEqual => between(value, ends),
            _ => with(&ends.0, |end| relate(op, value, end)).or_else(with(&ends.1, |end| relate(op, value, end))),
        },
        (Range(ends), value @ (Number(_) | Time | Duration)) => match op {
            Comparison::AnyEqual | Comparison::NoneEqual => between(value, ends),
            _ => with(&ends.0, |end| relate(op, end, value)).or_else(with(&ends.1, |end| relate(op, end, value))),
        },
        (List(items), Text | Ip(_) | Number(_) | Time | Duration | Range(_) | List(_)) => {
            any(items, |item| relate(op, item, right))
        }
        (Text | Ip(_) | Number(_) | Time | Duration | Range(_), List(items)) => {
            any(items, |item| relate(op, left, item))
        }
        _ => Answer::FAILS,
    }
}

fn with(kinds: &Kinds, one: impl Fn(Kind<'_>) -> Answer) -> Answer {
    kinds.each().map(one).fold(Answer::default(), Answer::or)
}

fn order(op: Comparison, left: Interval, right: Interval) -> Answer {
    let (truth, falsity) = match op {
        Comparison::Greater => (left.high > right.low, left.low <= right.high),
        Comparison::GreaterOrEqual => (left.high >= right.low, left.low < right.high),
        Comparison::Less => (left.low < right.high, left.high >= right.low),
        Comparison::LessOrEqual => (left.low <= right.high, left.high > right.low),
        _ => {
            let same = left.low == left.high && left == right;
            (left.low <= right.high && right.low <= left.high, !same)
        }
    };
    // Beyond the greatest integer lie fractions and the infinite.
    let unbounded = |interval: Interval| interval.low == i128::MIN || interval.high == i128::MAX;
    if unbounded(left) && unbounded(right) {
        Answer::EITHER
    } else {
        Answer::new(truth, falsity, false)
    }
}

fn between(value: Kind<'_>, ends: &(Kinds, Kinds)) -> Answer {
    pairs(&ends.0, &ends.1, |one, other| match (value, one, other) {
        (Kind::Unknown, ..) | (_, Kind::Unknown, _) | (_, _, Kind::Unknown) => Answer::EITHER,
        (Kind::Number(value), Kind::Number(one), Kind::Number(other)) => {
            let truth = order(Comparison::AnyEqual, value, one.join(other)).truth;
            Answer::new(truth, true, false)
        }
        (Kind::Time, Kind::Time, Kind::Time) | (Kind::Duration, Kind::Duration, Kind::Duration) => Answer::EITHER,
        _ => Answer::FAILS,
    })
}

fn member(left: Kind<'_>, right: Kind<'_>) -> Answer {
    use Kind::{Duration, Ip, List, Number, Range, Text, Time, Unknown};
    match (left, right) {
        (Unknown, _) | (_, Unknown) => Answer::EITHER,
        (Ip(left), Ip(right)) => Answer::new(left == right, true, false),
        (Text | Number(_) | Time | Duration | Ip(_), List(items)) => any(items, |item| among(left, item)),
        (Ip(_) | Number(_) | Time | Duration, Range(ends)) => between(left, ends),
        (List(items), Range(_) | Ip(_)) => any(items, |item| member(item, right)),
        (List(items), List(others)) => any(items, |item| any(others, |other| among(item, other))),
        _ => Answer::FAILS,
    }
}

fn among(value: Kind<'_>, item: Kind<'_>) -> Answer {
    match (value, item) {
        (_, Kind::Range(_) | Kind::List(_)) | (Kind::Ip(_), Kind::Ip(_)) => member(value, item),
        // A network among the items has no answer for another type; a single address is just not equal to it.
        (Kind::List(_), Kind::Ip(_)) => member(value, item).or(Answer::FALSE),
        (Kind::Unknown, _) => Answer::EITHER,
        (_, Kind::Ip(_)) => Answer::new(false, true, true),
        _ => equal(value, item),
    }
}

fn contains(left: Kind<'_>, right: Kind<'_>) -> Answer {
    match (left, right) {
        (Kind::Unknown, _) | (_, Kind::Unknown) | (Kind::Text, Kind::Text) => Answer::EITHER,
        (Kind::List(items), Kind::Text) => any(items, |item| match item {
            Kind::Unknown | Kind::Text | Kind::List(_) | Kind::Map => Answer::EITHER,
            Kind::Range(ends) => with(&ends.0, |end| equal(end, right)).or_else(with(&ends.1, |end| equal(end, right))),
            _ => Answer::FAILS,
        }),
        _ => Answer::FAILS,
    }
}

/// `matches`, and the functions that test texts.
pub(super) fn texts(operand: Kind<'_>) -> Answer {
    match operand {
        Kind::Unknown | Kind::Text => Answer::EITHER,
        Kind::List(items) => any(items, texts),
        _ => Answer::FAILS,
    }
}

fn equal(left: Kind<'_>, right: Kind<'_>) -> Answer {
    use Kind::{Bool, Ip, List, Number, Range, Unknown};
    match (left, right) {
        (Unknown, _) | (_, Unknown) => Answer::EITHER,
        (Bool(left), Bool(right)) => Answer::new(left == right, left != right, false),
        (Bool(flag), Number(number)) | (Number(number), Bool(flag)) => {
            order(Comparison::AnyEqual, Interval::one(i128::from(flag)), number)
        }
        (Number(left), Number(right)) => order(Comparison::AnyEqual, left, right),
        (Ip(left), Ip(right)) => Answer::new(left == right, true, false),
        (List(left), List(right)) => Answer::new(
            (left.empty && right.empty) || (left.filled && right.filled),
            true,
            false,
        ),
        (Range(_), Range(_)) => Answer::EITHER,
        (Kind::Null, Kind::Null) => Answer::new(true, false, false),
        (left, right) if left.kind() == right.kind() => Answer::EITHER,
        _ => Answer::FALSE,
    }
}

/// Whether a comparison holds for some item of a list; a single value is a list of one.
pub(super) fn items(op: Comparison, list: &Kinds, other: &Kinds) -> Answer {
    let one = |item: Kind<'_>| {
        let answer = compare(op, &item.into(), other);
        if op == Comparison::NoneEqual {
            answer.inverse()
        } else {
            answer
        }
    };
    let each = list.each().map(|kind| match kind {
        Kind::List(items) => any(items, one),
        single => one(single),
    });
    each.fold(Answer::default(), Answer::or)
}
