//! What a value may be, as far as it is known before there is a record.

use std::fmt;
use std::sync::Arc;

use crate::net::{Family, IpSpan};
use crate::value::{Type, Value};

/// A set of values: every type that a value may have, with bounds for numbers and the insides of lists and ranges.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kinds {
    plain: u16,
    numbers: Option<Interval>,
    list: Option<Arc<Items>>,
    range: Option<Arc<(Self, Self)>>,
}

/// What a list may be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Items {
    pub(crate) kinds: Kinds,
    /// Whether it may have no item.
    pub(crate) empty: bool,
    /// Whether it may have some.
    pub(crate) filled: bool,
}

/// Numbers between two bounds, which belong to it; the least and greatest integer stand for no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) low: i128,
    pub(crate) high: i128,
}

/// One of the types that a value may have.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'k> {
    /// Nothing is known about it.
    Unknown,
    Null,
    Bool(bool),
    Text,
    Ip(Family),
    Time,
    Duration,
    Map,
    Number(Interval),
    List(&'k Items),
    Range(&'k (Kinds, Kinds)),
}

/// The types without insides, in the order of the bits of [`Kinds::plain`].
const PLAIN: [Kind<'static>; 10] = [
    Kind::Unknown,
    Kind::Null,
    Kind::Bool(false),
    Kind::Bool(true),
    Kind::Text,
    Kind::Ip(Family::V4),
    Kind::Ip(Family::V6),
    Kind::Time,
    Kind::Duration,
    Kind::Map,
];

impl Interval {
    pub(crate) const ALL: Self = Self {
        low: i128::MIN,
        high: i128::MAX,
    };

    pub(crate) const fn one(value: i128) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is too large saturates, which means no bound"
    )]
    fn around(value: f64) -> Self {
        if value.is_nan() {
            return Self::ALL;
        }
        Self {
            low: value.floor() as i128,
            high: value.ceil() as i128,
        }
    }

    pub(crate) fn join(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }
}

impl Kind<'_> {
    pub(crate) const fn kind(self) -> Type {
        match self {
            Self::Unknown | Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Text => Type::Text,
            Self::Ip(_) => Type::Ip,
            Self::Time => Type::Time,
            Self::Duration => Type::Duration,
            Self::Map => Type::Map,
            Self::Number(_) => Type::Number,
            Self::List(_) => Type::List,
            Self::Range(_) => Type::Range,
        }
    }

    /// Whether it may count as true, and whether as false.
    const fn truth(self) -> (bool, bool) {
        match self {
            Self::Unknown | Self::Text | Self::Map | Self::Duration => (true, true),
            Self::Null => (false, true),
            Self::Bool(value) => (value, !value),
            Self::Ip(_) | Self::Time | Self::Range(_) => (true, false),
            Self::Number(Interval { low, high }) => (low != 0 || high != 0, low <= 0 && high >= 0),
            Self::List(items) => (items.filled, items.empty),
        }
    }
}

impl Kinds {
    pub(crate) const UNKNOWN: Self = Self::plain(1);

    const fn plain(plain: u16) -> Self {
        Self {
            plain,
            numbers: None,
            list: None,
            range: None,
        }
    }

    /// Values of one type, with nothing known about numbers and about the insides of lists and ranges.
    pub(crate) fn of_type(kind: Type) -> Self {
        match kind {
            Type::Null => Self::from(Kind::Null),
            Type::Bool => Self::bool(true, true),
            Type::Number => Self::from(Kind::Number(Interval::ALL)),
            Type::Text => Self::from(Kind::Text),
            Type::Ip => Self::from(Kind::Ip(Family::V4)).or(Self::from(Kind::Ip(Family::V6))),
            Type::Time => Self::from(Kind::Time),
            Type::Duration => Self::from(Kind::Duration),
            Type::Range => Self::range(Self::UNKNOWN, Self::UNKNOWN),
            Type::List => Self::list(Self::UNKNOWN, true),
            Type::Map => Self::from(Kind::Map),
        }
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::from(Kind::Null),
            Value::Bool(value) => Self::from(Kind::Bool(*value)),
            Value::Int(value) => Self::from(Kind::Number(Interval::one(*value))),
            Value::Float(value) => Self::from(Kind::Number(Interval::around(*value))),
            Value::Str(_) => Self::from(Kind::Text),
            Value::Ip(span) => Self::ip(span),
            Value::Time(_) => Self::from(Kind::Time),
            Value::Duration(_) => Self::from(Kind::Duration),
            Value::Range(ends) => Self::range(Self::of(&ends.0), Self::of(&ends.1)),
            Value::List(items) => Self::items(items.iter().map(Self::of)),
            Value::Map(_) => Self::from(Kind::Map),
        }
    }

    fn ip(span: &IpSpan) -> Self {
        Self::from(Kind::Ip(span.family()))
    }

    pub(crate) fn bool(truth: bool, falsity: bool) -> Self {
        let no = if falsity {
            Self::from(Kind::Bool(false))
        } else {
            Self::default()
        };
        if truth { no.or(Self::from(Kind::Bool(true))) } else { no }
    }

    /// A list of such items; it has some, and perhaps none.
    pub(crate) fn list(kinds: Self, empty: bool) -> Self {
        let filled = !kinds.is_none();
        Self {
            list: Some(Arc::new(Items { kinds, empty, filled })),
            ..Self::default()
        }
    }

    /// A list of exactly these items.
    pub(crate) fn items(items: impl IntoIterator<Item = Self>) -> Self {
        let joined = items.into_iter().reduce(Self::or);
        let empty = joined.is_none();
        Self::list(joined.unwrap_or_default(), empty)
    }

    pub(crate) fn range(low: Self, high: Self) -> Self {
        Self {
            range: Some(Arc::new((low, high))),
            ..Self::default()
        }
    }

    /// The values of both.
    pub(crate) fn or(self, other: Self) -> Self {
        let numbers = match (self.numbers, other.numbers) {
            (Some(one), Some(other)) => Some(one.join(other)),
            (one, other) => one.or(other),
        };
        let list = match (self.list, other.list) {
            (Some(one), Some(other)) if *one == *other => Some(one),
            (Some(one), Some(other)) => Some(Arc::new(Items {
                kinds: one.kinds.clone().or(other.kinds.clone()),
                empty: one.empty || other.empty,
                filled: one.filled || other.filled,
            })),
            (one, other) => one.or(other),
        };
        let range = match (self.range, other.range) {
            (Some(one), Some(other)) if *one == *other => Some(one),
            (Some(one), Some(other)) => Some(Arc::new((
                one.0.clone().or(other.0.clone()),
                one.1.clone().or(other.1.clone()),
            ))),
            (one, other) => one.or(other),
        };
        Self {
            plain: self.plain | other.plain,
            numbers,
            list,
            range,
        }
    }

    /// Whether there is no such value.
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) const fn is_unknown(&self) -> bool {
        self.plain & 1 != 0
    }

    /// Whether every value is a list.
    pub(crate) fn is_list(&self) -> bool {
        self.plain == 0 && self.numbers.is_none() && self.range.is_none() && self.list.is_some()
    }

    /// Whether every value is a boolean.
    pub(crate) fn is_bool(&self) -> bool {
        self.each().all(|kind| matches!(kind, Kind::Bool(_)))
    }

    /// Every type that a value may have.
    pub(crate) fn each(&self) -> impl Iterator<Item = Kind<'_>> {
        let plain = PLAIN.into_iter().enumerate();
        let plain = plain
            .filter(|(bit, _)| self.plain & (1 << bit) != 0)
            .map(|(_, kind)| kind);
        plain
            .chain(self.numbers.map(Kind::Number))
            .chain(self.list.as_deref().map(Kind::List))
            .chain(self.range.as_deref().map(Kind::Range))
    }

    /// Whether it may count as true, and whether as false.
    pub(crate) fn truth(&self) -> (bool, bool) {
        self.each()
            .map(Kind::truth)
            .fold((false, false), |all, one| (all.0 | one.0, all.1 | one.1))
    }

    /// The values that count as true, or those that count as false.
    pub(crate) fn that_are(&self, truthy: bool) -> Self {
        let kept = self.each().filter(|kind| {
            let (truth, falsity) = kind.truth();
            if truthy { truth } else { falsity }
        });
        let narrow = kept.map(|kind| match kind {
            Kind::Number(_) if !truthy => Self::from(Kind::Number(Interval::one(0))),
            Kind::List(items) => Self {
                list: Some(Arc::new(Items {
                    kinds: if truthy { items.kinds.clone() } else { Self::default() },
                    empty: !truthy,
                    filled: truthy,
                })),
                ..Self::default()
            },
            other => Self::from(other),
        });
        narrow.reduce(Self::or).unwrap_or_default()
    }
}

impl From<Kind<'_>> for Kinds {
    fn from(kind: Kind<'_>) -> Self {
        match kind {
            Kind::Unknown => Self::plain(1),
            Kind::Null => Self::plain(1 << 1),
            Kind::Bool(false) => Self::plain(1 << 2),
            Kind::Bool(true) => Self::plain(1 << 3),
            Kind::Text => Self::plain(1 << 4),
            Kind::Ip(Family::V4) => Self::plain(1 << 5),
            Kind::Ip(Family::V6) => Self::plain(1 << 6),
            Kind::Time => Self::plain(1 << 7),
            Kind::Duration => Self::plain(1 << 8),
            Kind::Map => Self::plain(1 << 9),
            Kind::Number(interval) => Self {
                numbers: Some(interval),
                ..Self::default()
            },
            Kind::List(items) => Self {
                list: Some(Arc::new(items.clone())),
                ..Self::default()
            },
            Kind::Range((low, high)) => Self::range(low.clone(), high.clone()),
        }
    }
}

/// The types in words.
impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<String> = Vec::new();
        for kind in self.each() {
            let name = match kind {
                Kind::Unknown => "anything".to_owned(),
                Kind::Ip(Family::V4) => "IPv4 address".to_owned(),
                Kind::Ip(Family::V6) => "IPv6 address".to_owned(),
                Kind::Number(Interval { low, high }) if low == high => format!("number {low}"),
                Kind::Number(Interval { low, high }) if low > i128::MIN && high < i128::MAX => {
                    format!("number from {low} to {high}")
                }
                Kind::List(items) if !items.filled => "empty list".to_owned(),
                Kind::List(items) => format!("list of {}", items.kinds),
                other => other.kind().to_string(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        f.write_str(&names.join(" or "))
    }
}
