//! What records look like, for checking filters before there is a record.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::check::{Interval, Kind, Kinds};
use crate::net::Family;
use crate::value::Type;

/// What the records of a program look like: which paths they have, and of which type. [`Filter::check`] compares
/// filters with it.
///
/// [`Filter::check`]: crate::Filter::check
///
/// ```
/// use mentat_filter::{FieldType, Schema, Type};
/// let host = Schema::new()
///     .with("name", FieldType::of(Type::Text).always())
///     .with("port", FieldType::number(0..=65_535).list());
/// let login = Schema::new()
///     .with("user", FieldType::of(Type::Text).always())
///     .with("when", FieldType::of(Type::Time).always())
///     .with("host", FieldType::record(host).list())
///     .with("extra", FieldType::record(Schema::new().open()));
/// assert!(login.paths().any(|path| path == "host.port"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Schema {
    fields: BTreeMap<Box<str>, FieldType>,
    open: bool,
}

/// What one key of a record holds.
#[derive(Clone, Debug)]
pub struct FieldType {
    /// What a single value may be.
    kinds: Kinds,
    record: Option<Schema>,
    list: bool,
    always: bool,
}

impl FieldType {
    fn new(kinds: Kinds) -> Self {
        Self {
            kinds,
            record: None,
            list: false,
            always: false,
        }
    }

    /// A value of this type, which records may lack. Nothing is known about what is in it, if it is a list or map.
    #[must_use]
    pub fn of(kind: Type) -> Self {
        match kind {
            Type::Map => Self::record(Schema::new().open()),
            Type::List => Self::anything().list(),
            kind => Self::new(Kinds::of_type(kind)),
        }
    }

    /// A number in these bounds.
    #[must_use]
    pub fn number(bounds: RangeInclusive<i64>) -> Self {
        Self::new(Kinds::from(Kind::Number(Interval {
            low: i128::from(*bounds.start()),
            high: i128::from(*bounds.end()),
        })))
    }

    /// An address, network or range of addresses of this family.
    #[must_use]
    pub fn ip(family: Family) -> Self {
        Self::new(Kinds::from(Kind::Ip(family)))
    }

    /// A record in the record.
    #[must_use]
    pub fn record(schema: Schema) -> Self {
        Self {
            record: Some(schema),
            ..Self::new(Kinds::from(Kind::Map))
        }
    }

    /// A value of any type, perhaps a list: nothing is said about what a filter does with it.
    #[must_use]
    pub fn anything() -> Self {
        Self::new(Kinds::UNKNOWN)
    }

    /// Either this or a value of another type. It is a list, or always there, when this is.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.kinds = self.kinds.or(other.kinds);
        self.record = self.record.or(other.record);
        self
    }

    /// A list of such values, perhaps empty.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The key is in every record, so a filter needs no default for it.
    #[must_use]
    pub const fn always(mut self) -> Self {
        self.always = true;
        self
    }
}

/// What is known about a path.
pub(crate) enum Known<'s> {
    Field {
        kinds: Kinds,
        always: bool,
        /// What a record in it looks like.
        record: Option<&'s Schema>,
    },
    /// It leads to where any key may be.
    Open,
    Unknown,
}

impl Schema {
    /// A record without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            fields: BTreeMap::new(),
            open: false,
        }
    }

    /// The schema with one more key.
    #[must_use]
    pub fn with(mut self, key: &str, field: FieldType) -> Self {
        self.fields.insert(key.into(), field);
        self
    }

    /// The schema of a record that may have other keys as well.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Every path, dotted, those of records in the record included.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        let mut paths = Vec::new();
        let mut waiting: Vec<(String, &Self)> = vec![(String::new(), self)];
        while let Some((before, schema)) = waiting.pop() {
            for (key, field) in &schema.fields {
                let path = format!("{before}{key}");
                if let Some(record) = &field.record {
                    waiting.push((format!("{path}."), record));
                }
                paths.push(path);
            }
        }
        paths.into_iter()
    }

    /// What a path leads to, by the rules of [`Subject`](crate::Subject).
    pub(crate) fn find<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Known<'_> {
        let mut names = names.into_iter().peekable();
        let (mut schema, mut always, mut through_list) = (self, true, false);
        while let Some(name) = names.next() {
            let Some(field) = schema.fields.get(name) else {
                return if schema.open { Known::Open } else { Known::Unknown };
            };
            always &= field.always;
            if names.peek().is_none() {
                return Known::Field {
                    kinds: field.values(through_list),
                    // A list on the way may be empty.
                    always: always && !through_list,
                    record: field.record.as_ref(),
                };
            }
            through_list |= field.list;
            match &field.record {
                Some(record) => schema = record,
                None if field.kinds.is_unknown() => return Known::Open,
                None => return Known::Unknown,
            }
        }
        Known::Unknown
    }
}

impl FieldType {
    /// The value of the field, or what is gathered from the items of a list on the way, which is not empty.
    fn values(&self, gathered: bool) -> Kinds {
        match (gathered, self.list) {
            (true, _) => Kinds::list(self.kinds.clone(), false),
            (false, true) => Kinds::list(self.kinds.clone(), true),
            (false, false) => self.kinds.clone(),
        }
    }
}
