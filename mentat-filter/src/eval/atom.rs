//! The common case made fast: a field of the record compared with a constant.
//!
//! An atom only answers where the general evaluator would give the very same answer. Whenever it meets a value that it
//! was not made for, it says so, and the general evaluator takes over. So there is one meaning of every operator, in
//! `compare`, and atoms need no error handling.

use std::collections::HashSet;
use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use super::compare::{compare, holds, order};
use super::node::Node;
use crate::ast::{Comparison, Span};
use crate::net::{Family, IpSpan};
use crate::subject::{Presence, Subject};
use crate::value::{Value, ValueRef};

/// A comparison of a field with a constant.
#[derive(Debug)]
pub(super) struct Atom<F> {
    field: F,
    test: Test,
    /// The answer when the field is missing; `None` when that is an error.
    when_missing: Option<bool>,
    /// Whether every item must be looked at, because the general evaluator would reach a misfit before the hit.
    exhaustive: bool,
    /// Whether a field that is no list is left to the general evaluator.
    lists_only: bool,
    /// The same comparison for everything that the atom does not know.
    pub(super) general: Node<F>,
}

/// What is asked of each value; `None` from [`Test::passes`] means that the atom is not made for it.
#[derive(Debug)]
enum Test {
    Text(TextSet),
    Part(Box<str>),
    Integer(Box<[i128]>),
    Order(Comparison, Scalar),
    Between(Scalar, Scalar),
    Within(SpanSet),
    /// Contained in the span, or containing it.
    Either(Box<[IpSpan]>),
    /// Containing one of the spans.
    Around(Box<[IpSpan]>),
}

/// A constant with an order.
#[derive(Clone, Copy, Debug)]
enum Scalar {
    Int(i128),
    Float(f64),
    Time(Timestamp),
    Duration(SignedDuration),
}

impl Scalar {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Time(value) => Self::Time(*value),
            Value::Duration(value) => Self::Duration(*value),
            _ => return None,
        })
    }

    fn view(self) -> ValueRef<'static> {
        match self {
            Self::Int(value) => ValueRef::Int(value),
            Self::Float(value) => ValueRef::Float(value),
            Self::Time(value) => ValueRef::Time(value),
            Self::Duration(value) => ValueRef::Duration(value),
        }
    }

    /// The order of a value and this one; `None` for another type.
    fn order(self, value: ValueRef<'_>) -> Option<Option<std::cmp::Ordering>> {
        let own = self.view();
        (value.kind() == own.kind()).then(|| order(value, own))
    }
}

impl Test {
    #[inline]
    fn passes(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Text(set), ValueRef::Str(text)) => Some(set.contains(text)),
            (Self::Part(part), ValueRef::Str(text)) => Some(text.contains(&**part)),
            (Self::Integer(set), ValueRef::Int(value)) => Some(set.binary_search(&value).is_ok()),
            (Self::Within(set), ValueRef::Ip(span)) => Some(set.contain(&span)),
            (Self::Either(spans), ValueRef::Ip(span)) => Some(spans.iter().any(|other| other.either_contains(&span))),
            (Self::Around(spans), ValueRef::Ip(span)) => Some(spans.iter().any(|inner| span.contains(inner))),
            (Self::Order(op, constant), _) => constant
                .order(value)
                .map(|order| order.is_some_and(|order| holds(*op, order))),
            (Self::Between(low, high), _) => {
                let (above, below) = (low.order(value)?, high.order(value)?);
                Some(above.is_some_and(|order| order.is_ge()) && below.is_some_and(|order| order.is_le()))
            }
            _ => None,
        }
    }
}

impl<F> Atom<F> {
    /// The answer, or `None` when the general evaluator must give it.
    #[inline]
    pub(super) fn decide<S: Subject<Field = F>>(&self, subject: &S) -> Option<bool> {
        let (mut hit, mut misfit) = (false, false);
        let presence = subject.visit(&self.field, &mut |value| match self.test.passes(value) {
            Some(false) => ControlFlow::Continue(()),
            Some(true) => {
                hit = true;
                if self.exhaustive {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            }
            None => {
                misfit = true;
                ControlFlow::Break(())
            }
        });
        match presence {
            Presence::Missing => self.when_missing,
            _ if misfit => None,
            Presence::One if self.lists_only => None,
            _ => Some(hit),
        }
    }
}

impl<F: Clone> Atom<F> {
    /// Makes a node of a comparison: an atom if it is one that can be fused.
    pub(super) fn fuse(op: Comparison, operands: Box<(Node<F>, Node<F>)>, span: Span) -> Node<F> {
        let parts = Self::parts(op, &operands);
        let general = Node::Compare(op, operands, span);
        match parts {
            Some((field, test, when_missing, exhaustive, lists_only)) => Node::Atom(Box::new(Self {
                field,
                test,
                when_missing,
                exhaustive,
                lists_only,
                general,
            })),
            None => general,
        }
    }

    fn parts(op: Comparison, operands: &(Node<F>, Node<F>)) -> Option<(F, Test, Option<bool>, bool, bool)> {
        let (node, constant, mirrored) = match operands {
            (field, Node::Const(constant)) => (field, constant, false),
            (Node::Const(constant), field) => (field, constant, true),
            _ => return None,
        };
        let (field, default) = match node {
            Node::Field(field, _) => (field.clone(), None),
            Node::Default(field, default) => match &**default {
                Node::Const(default) => (field.clone(), Some(default)),
                _ => return None,
            },
            _ => return None,
        };
        let test = if mirrored {
            mirrored_test(op, constant)?
        } else {
            direct_test(op, constant)?
        };
        let when_missing = default.and_then(|default| {
            let (left, right) = if mirrored {
                (constant, default)
            } else {
                (default, constant)
            };
            compare(op, left.view(), right.view()).ok()
        });
        let exhaustive = mirrored && matches!(constant, Value::List(items) if items.len() > 1);
        let lists_only = mirrored && op == Comparison::In && !matches!(test, Test::Around(_));
        Some((field, test, when_missing, exhaustive, lists_only))
    }
}

/// The test of `field op constant`.
fn direct_test(op: Comparison, constant: &Value) -> Option<Test> {
    match op {
        Comparison::Equals => None,
        Comparison::Contains => match constant {
            Value::Str(part) => Some(Test::Part(part.as_str().into())),
            _ => None,
        },
        Comparison::Matches => matching(constant),
        Comparison::In => match constant {
            Value::Ip(span) => Some(Test::Within(SpanSet::new(&[*span]))),
            Value::Range(_) => between(constant),
            Value::List(items) => texts(items)
                .or_else(|| integers(items))
                .or_else(|| spans(items).map(|spans| Test::Within(SpanSet::new(&spans)))),
            _ => None,
        },
        _ => Scalar::of(constant).map(|constant| Test::Order(op, constant)),
    }
}

/// The test of `constant op field`, in terms of the field.
fn mirrored_test(op: Comparison, constant: &Value) -> Option<Test> {
    let op = match op {
        Comparison::Equals | Comparison::Contains => return None,
        Comparison::Matches => return matching(constant),
        Comparison::In => {
            let items = match constant {
                Value::List(items) => items.as_slice(),
                other => std::slice::from_ref(other),
            };
            return texts(items)
                .or_else(|| integers(items))
                .or_else(|| spans(items).map(Test::Around));
        }
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
    };
    Scalar::of(constant).map(|constant| Test::Order(op, constant))
}

/// `=` is symmetric for constants of one type.
fn matching(constant: &Value) -> Option<Test> {
    match constant {
        Value::Float(_) | Value::Time(_) | Value::Duration(_) => {
            Scalar::of(constant).map(|constant| Test::Order(Comparison::Matches, constant))
        }
        Value::Range(_) => between(constant),
        Value::List(items) => texts(items)
            .or_else(|| integers(items))
            .or_else(|| spans(items).map(Test::Either)),
        scalar => {
            let one = std::slice::from_ref(scalar);
            texts(one)
                .or_else(|| integers(one))
                .or_else(|| spans(one).map(Test::Either))
        }
    }
}

fn between(range: &Value) -> Option<Test> {
    let Value::Range(ends) = range else { return None };
    let (one, other) = (Scalar::of(&ends.0)?, Scalar::of(&ends.1)?);
    match one.order(other.view())?? {
        std::cmp::Ordering::Less => Some(Test::Between(other, one)),
        _ => Some(Test::Between(one, other)),
    }
}

/// Converts every item, or answers `None` when one is of another kind or there is none.
fn all<T>(items: &[Value], convert: impl Fn(&Value) -> Option<T>) -> Option<Box<[T]>> {
    if items.is_empty() {
        None
    } else {
        items.iter().map(convert).collect()
    }
}

fn texts(items: &[Value]) -> Option<Test> {
    let texts = all(items, |item| match item {
        Value::Str(text) => Some(Box::<str>::from(text.as_str())),
        _ => None,
    })?;
    Some(Test::Text(TextSet::new(texts)))
}

fn integers(items: &[Value]) -> Option<Test> {
    let mut integers = all(items, |item| match item {
        Value::Int(value) => Some(*value),
        _ => None,
    })?;
    integers.sort_unstable();
    Some(Test::Integer(integers))
}

fn spans(items: &[Value]) -> Option<Box<[IpSpan]>> {
    all(items, |item| match item {
        Value::Ip(span) => Some(*span),
        _ => None,
    })
}

/// A set of texts. Up to eight, looking at each (length first) is faster than hashing.
#[derive(Debug)]
enum TextSet {
    Few(Box<[Box<str>]>),
    Many(HashSet<Box<str>>),
}

impl TextSet {
    fn new(texts: Box<[Box<str>]>) -> Self {
        if texts.len() <= 8 {
            Self::Few(texts)
        } else {
            Self::Many(texts.into_iter().collect())
        }
    }

    #[inline]
    fn contains(&self, text: &str) -> bool {
        match self {
            Self::Few(texts) => texts.iter().any(|one| **one == *text),
            Self::Many(texts) => texts.contains(text),
        }
    }
}

/// A set of spans that answers whether one of them contains another span.
///
/// Spans are not merged: a net that straddles two of them is in neither. Those inside another one are dropped, after
/// which both ends ascend, and the last span that begins at or below the one asked for is the only candidate.
#[derive(Debug)]
struct SpanSet {
    v4: Box<[(u128, u128)]>,
    v6: Box<[(u128, u128)]>,
}

impl SpanSet {
    fn new(spans: &[IpSpan]) -> Self {
        let of = |family| -> Box<[(u128, u128)]> {
            let mut ends: Vec<(u128, u128)> = spans
                .iter()
                .filter(|span| span.family() == family)
                .map(|span| (span.low(), span.high()))
                .collect();
            ends.sort_unstable_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
            let mut highest = None;
            ends.retain(|(_, high)| {
                let outside = highest.is_none_or(|highest| *high > highest);
                if outside {
                    highest = Some(*high);
                }
                outside
            });
            ends.into()
        };
        Self {
            v4: of(Family::V4),
            v6: of(Family::V6),
        }
    }

    #[inline]
    fn contain(&self, span: &IpSpan) -> bool {
        let spans = match span.family() {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        let after = spans.partition_point(|(low, _)| *low <= span.low());
        let candidate = after.checked_sub(1).and_then(|at| spans.get(at));
        candidate.is_some_and(|(_, high)| span.high() <= *high)
    }
}
