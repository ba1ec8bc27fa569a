//! What a constant asks of a value.

use jiff::{SignedDuration, Timestamp};

use super::compare::{any, holds, order};
use super::error::EvalErrorKind;
use super::meter::Meter;
use super::sets::{Covered, Covering, IntegerSet, TextSet};
use crate::ast::Comparison;
use crate::net::IpSpan;
use crate::pattern::Pattern;
use crate::value::{Value, ValueRef};

/// What is asked of each value; `None` from [`Test::passes`] means that the atom is not made for it.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Text(TextSet),
    Fits(TextTest),
    Integer(IntegerSet),
    Order(Comparison, Scalar),
    Between(Scalar, Scalar),
    Within(Covering),
    /// Contained in one of the spans, or containing one.
    Either(Covering, Covered),
    /// Containing one of the spans.
    Around(Covered),
}

/// What a constant asks of a text.
#[derive(Clone, Debug)]
pub(super) enum TextTest {
    Part(Box<str>),
    Prefixes(Box<[Box<str>]>),
    Suffixes(Box<[Box<str>]>),
    Patterns(Box<[Pattern]>),
}

impl TextTest {
    #[inline]
    pub(super) fn passes(&self, text: &str) -> bool {
        match self {
            Self::Part(part) => text.contains(&**part),
            Self::Prefixes(parts) => parts.iter().any(|part| text.starts_with(&**part)),
            Self::Suffixes(parts) => parts.iter().any(|part| text.ends_with(&**part)),
            Self::Patterns(patterns) => patterns.iter().any(|pattern| pattern.fits(text)),
        }
    }

    /// Whether a text, or some text of a list, passes. `odd` makes the error for anything else.
    pub(super) fn any(
        &self,
        value: ValueRef<'_>,
        meter: &Meter,
        odd: &dyn Fn(ValueRef<'_>) -> EvalErrorKind,
    ) -> Result<bool, EvalErrorKind> {
        match value {
            ValueRef::Str(text) => Ok(self.passes(text)),
            ValueRef::List(items) => any(items, meter, |item| self.any(item, meter, odd)),
            other => Err(odd(other)),
        }
    }
}

/// A constant with an order.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar {
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

    pub(super) fn view(self) -> ValueRef<'static> {
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
    pub(super) fn passes(&self, value: ValueRef<'_>) -> Option<bool> {
        match (self, value) {
            (Self::Text(set), ValueRef::Str(text)) => Some(set.contains(text)),
            (Self::Fits(test), ValueRef::Str(text)) => Some(test.passes(text)),
            (Self::Integer(set), ValueRef::Int(value)) => Some(set.contains(value)),
            (Self::Within(set), ValueRef::Ip(span)) => Some(set.contain(&span)),
            (Self::Either(around, inside), ValueRef::Ip(span)) => Some(around.contain(&span) || inside.any_in(&span)),
            (Self::Around(inside), ValueRef::Ip(span)) => Some(inside.any_in(&span)),
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

    /// The test of `field op constant`.
    pub(super) fn direct(op: Comparison, constant: &Value) -> Option<Self> {
        match op {
            Comparison::Equals | Comparison::NoneEqual | Comparison::Matches => None,
            Comparison::Contains => match constant {
                Value::Str(part) => Some(Self::Fits(TextTest::Part(part.as_str().into()))),
                _ => None,
            },
            Comparison::AnyEqual => Self::equal(constant),
            Comparison::In => match constant {
                Value::Ip(span) => Some(Self::Within(Covering::new(&[*span]))),
                Value::Range(_) => between(constant),
                Value::List(items) => Self::among(items),
                _ => None,
            },
            _ => Scalar::of(constant).map(|constant| Self::Order(op, constant)),
        }
    }

    /// The test of `field in list`.
    pub(super) fn among(items: &[Value]) -> Option<Self> {
        texts(items)
            .or_else(|| integers(items))
            .or_else(|| spans(items).map(|spans| Self::Within(Covering::new(&spans))))
    }

    /// The test of `constant op field`, in terms of the field.
    pub(super) fn mirrored(op: Comparison, constant: &Value) -> Option<Self> {
        let op = match op {
            Comparison::Equals | Comparison::NoneEqual | Comparison::Contains | Comparison::Matches => return None,
            Comparison::AnyEqual => return Self::equal(constant),
            Comparison::In => {
                let items = match constant {
                    Value::List(items) => items.as_slice(),
                    other => std::slice::from_ref(other),
                };
                return texts(items)
                    .or_else(|| integers(items))
                    .or_else(|| spans(items).map(|spans| Self::Around(Covered::new(&spans))));
            }
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        };
        Scalar::of(constant).map(|constant| Self::Order(op, constant))
    }

    /// `=` is symmetric for constants of one type.
    fn equal(constant: &Value) -> Option<Self> {
        match constant {
            Value::Float(_) | Value::Time(_) | Value::Duration(_) => {
                Scalar::of(constant).map(|constant| Self::Order(Comparison::AnyEqual, constant))
            }
            Value::Range(_) => between(constant),
            Value::List(items) => same(items),
            scalar => same(std::slice::from_ref(scalar)),
        }
    }
}

/// The test of being equal to one of the items.
fn same(items: &[Value]) -> Option<Test> {
    texts(items).or_else(|| integers(items)).or_else(|| {
        let spans = spans(items)?;
        Some(Test::Either(Covering::new(&spans), Covered::new(&spans)))
    })
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
    let integers = all(items, |item| match item {
        Value::Int(value) => Some(*value),
        _ => None,
    })?;
    Some(Test::Integer(IntegerSet::new(integers)))
}

fn spans(items: &[Value]) -> Option<Box<[IpSpan]>> {
    all(items, |item| match item {
        Value::Ip(span) => Some(*span),
        _ => None,
    })
}
