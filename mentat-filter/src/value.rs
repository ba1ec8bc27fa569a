//! Values of the filter language: borrowed ones a record shows, and owned ones.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::ops::ControlFlow;

use jiff::{SignedDuration, Timestamp};

use crate::net::IpSpan;
use crate::time::{format_duration, format_timestamp};

/// A list that a record shows item by item, without building one.
pub trait Sequence {
    /// Shows each item in order until `see` breaks.
    fn each(&self, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>);

    /// The number of items.
    fn len(&self) -> usize;

    /// Whether there is no item.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A map that a record shows entry by entry.
pub trait Mapping {
    /// Shows each entry, in any order, until `see` breaks.
    fn entries(&self, see: &mut dyn FnMut(&str, ValueRef<'_>) -> ControlFlow<()>);

    /// The number of entries.
    fn len(&self) -> usize;

    /// Whether there is no entry.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows the value of a key, if there is one, and says whether there was.
    ///
    /// The provided method searches the entries one by one.
    fn get(&self, key: &str, see: &mut dyn FnMut(ValueRef<'_>)) -> bool {
        let mut found = false;
        self.entries(&mut |name, value| {
            if name != key {
                return ControlFlow::Continue(());
            }
            found = true;
            see(value);
            ControlFlow::Break(())
        });
        found
    }
}

/// A value seen in place.
#[derive(Clone, Copy)]
pub enum ValueRef<'a> {
    /// Present, but without a value.
    Null,
    /// True or false; not a number.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A binary fraction.
    Float(f64),
    /// A text.
    Str(&'a str),
    /// An address, network or address range.
    Ip(IpSpan),
    /// An instant.
    Time(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// Two values written with `..`, in the order written.
    Range(&'a (Value, Value)),
    /// A list.
    List(&'a dyn Sequence),
    /// A map.
    Map(&'a dyn Mapping),
}

/// The type of a value, as it appears in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Null.
    Null,
    /// True or false.
    Bool,
    /// Integer or fraction.
    Number,
    /// Text.
    Text,
    /// Address, network or address range.
    Ip,
    /// Instant.
    Time,
    /// Length of time.
    Duration,
    /// Two values written with `..`.
    Range,
    /// List.
    List,
    /// Map.
    Map,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::Text => "text",
            Self::Ip => "IP address",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Range => "range",
            Self::List => "list",
            Self::Map => "map",
        })
    }
}

impl ValueRef<'_> {
    /// The type.
    #[must_use]
    pub const fn kind(&self) -> Type {
        match self {
            Self::Null => Type::Null,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) | Self::Float(_) => Type::Number,
            Self::Str(_) => Type::Text,
            Self::Ip(_) => Type::Ip,
            Self::Time(_) => Type::Time,
            Self::Duration(_) => Type::Duration,
            Self::Range(_) => Type::Range,
            Self::List(_) => Type::List,
            Self::Map(_) => Type::Map,
        }
    }

    /// A copy that stands alone.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match *self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Str(value) => Value::Str(value.to_owned()),
            Self::Ip(value) => Value::Ip(value),
            Self::Time(value) => Value::Time(value),
            Self::Duration(value) => Value::Duration(value),
            Self::Range(ends) => Value::Range(Box::new(ends.clone())),
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                items.each(&mut |item| {
                    list.push(item.to_value());
                    ControlFlow::Continue(())
                });
                Value::List(list)
            }
            Self::Map(entries) => {
                let mut map = BTreeMap::new();
                entries.entries(&mut |key, value| {
                    map.insert(key.to_owned(), value.to_value());
                    ControlFlow::Continue(())
                });
                Value::Map(map)
            }
        }
    }

    /// Whether the value counts as true in `and`, `or` and `not`: null, false, zero, and empty text, lists, maps and
    /// durations do not.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(value) => !value.is_empty(),
            Self::Duration(value) => !value.is_zero(),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
            Self::Ip(_) | Self::Time(_) | Self::Range(_) => true,
        }
    }
}

impl fmt::Debug for ValueRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// A value that stands alone: the result of an expression, or an entry of a [`Context`](crate::Context).
///
/// `PartialEq` compares variants and contents as they are; the `==` of the filter language (where 1 equals 1.0) is
/// [`Value::equals`].
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// Present, but without a value.
    #[default]
    Null,
    /// True or false; not a number.
    Bool(bool),
    /// An integer.
    Int(i128),
    /// A binary fraction.
    Float(f64),
    /// A text.
    Str(String),
    /// An address, network or address range.
    Ip(IpSpan),
    /// An instant.
    Time(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// Two values written with `..`, in the order written.
    Range(Box<(Self, Self)>),
    /// A list.
    List(Vec<Self>),
    /// A map.
    Map(BTreeMap<String, Self>),
}

impl Value {
    /// The value seen in place.
    #[must_use]
    pub fn view(&self) -> ValueRef<'_> {
        match self {
            Self::Null => ValueRef::Null,
            Self::Bool(value) => ValueRef::Bool(*value),
            Self::Int(value) => ValueRef::Int(*value),
            Self::Float(value) => ValueRef::Float(*value),
            Self::Str(value) => ValueRef::Str(value),
            Self::Ip(value) => ValueRef::Ip(*value),
            Self::Time(value) => ValueRef::Time(*value),
            Self::Duration(value) => ValueRef::Duration(*value),
            Self::Range(ends) => ValueRef::Range(ends),
            Self::List(items) => ValueRef::List(items),
            Self::Map(entries) => ValueRef::Map(entries),
        }
    }

    /// The type.
    #[must_use]
    pub fn kind(&self) -> Type {
        self.view().kind()
    }

    /// Whether the value counts as true, see [`ValueRef::is_truthy`].
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        self.view().is_truthy()
    }

    /// Equality as `==` of the filter language has it: by content, numbers by size whatever their form (a boolean is
    /// 0 or 1 here), spans by their addresses.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        crate::eval::equal(self.view(), other.view())
    }
}

/// Prints the value the way it is written in a filter; null, booleans and maps, which cannot be, as in JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Str(value) => fmt::Debug::fmt(value, f),
            Self::Ip(value) => value.fmt(f),
            Self::Time(value) => format_timestamp(*value).fmt(f),
            Self::Duration(value) => format_duration(*value).fmt(f),
            Self::Range(ends) => write!(f, "({} .. {})", ends.0, ends.1),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key:?}: {value}", if at > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl Sequence for Vec<Value> {
    fn each(&self, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) {
        for item in self {
            if see(item.view()).is_break() {
                break;
            }
        }
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

impl Mapping for BTreeMap<String, Value> {
    fn entries(&self, see: &mut dyn FnMut(&str, ValueRef<'_>) -> ControlFlow<()>) {
        for (key, value) in self {
            if see(key, value.view()).is_break() {
                break;
            }
        }
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn get(&self, key: &str, see: &mut dyn FnMut(ValueRef<'_>)) -> bool {
        let value = Self::get(self, key);
        if let Some(value) = value {
            see(value.view());
        }
        value.is_some()
    }
}

macro_rules! from {
    ($($from:ty => $variant:ident,)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )*};
}

from! {
    bool => Bool,
    i32 => Int,
    i64 => Int,
    u32 => Int,
    u64 => Int,
    i128 => Int,
    f64 => Float,
    &str => Str,
    String => Str,
    IpSpan => Ip,
    IpAddr => Ip,
    Timestamp => Time,
    SignedDuration => Duration,
    BTreeMap<String, Self> => Map,
}

impl<V: Into<Self>> From<Vec<V>> for Value {
    fn from(items: Vec<V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}
