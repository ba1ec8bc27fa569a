//! The definition in terms of the filter language.

use super::coerce::REQUIRED;
use super::key;
use super::schema::{Atom, Level, Type, declared};
use mentat_filter::{Family, FieldType, Schema, Type as FilterType};
use std::sync::LazyLock;

/// What events look like to a filter: every path of the IDEA definition and of the `_Mentat` block with its type, for
/// [`Filter::check`](mentat_filter::Filter::check).
///
/// Events may have keys beyond it; a filter that uses one gets a warning, and evaluates as always.
///
/// ```
/// # #[cfg(feature = "filter")] {
/// use mentat_core::filter::{Context, Filter};
/// use mentat_core::idea::filter_schema;
///
/// let filter = Filter::parse("Soruce.IP4 in 10.0.0.0/8").unwrap();
/// let found = filter.check(filter_schema(), &Context::new());
/// assert_eq!(found[0].hint.as_deref(), Some("did you mean `Source.IP4`?"));
/// # }
/// ```
#[must_use]
pub fn filter_schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| level(Level::Root));
    &SCHEMA
}

fn level(at: Level) -> Schema {
    let mut schema = Schema::new();
    for key in key::all() {
        let name = key.as_str();
        let field = match declared(at, &key) {
            Some(Type::One(atom)) => value(atom),
            Some(Type::List(atom)) => value(atom).list(),
            Some(Type::Object(inner)) => FieldType::record(level(inner)),
            Some(Type::Objects(inner)) => FieldType::record(level(inner)).list(),
            // Not in the definition, but events have it.
            None if at == Level::Root && name == "TLP" => FieldType::of(FilterType::Text),
            None => continue,
        };
        let always = at == Level::Root && REQUIRED.contains(&name);
        schema = schema.with(name, if always { field.always() } else { field });
    }
    schema
}

fn value(atom: Atom) -> FieldType {
    match atom {
        Atom::Timestamp => FieldType::of(FilterType::Time),
        Atom::Duration => FieldType::of(FilterType::Duration),
        Atom::Net4 => FieldType::ip(Family::V4),
        Atom::Net6 => FieldType::ip(Family::V6),
        Atom::Port => FieldType::number(0..=65_535),
        Atom::Integer | Atom::Float => FieldType::of(FilterType::Number),
        Atom::Boolean => FieldType::of(FilterType::Bool),
        Atom::Any => FieldType::anything(),
        Atom::Version
        | Atom::Id
        | Atom::Handle
        | Atom::Nsid
        | Atom::EventTag
        | Atom::Tag
        | Atom::Mac
        | Atom::Uri
        | Atom::Netname
        | Atom::Hash
        | Atom::MediaType
        | Atom::Charset
        | Atom::Encoding
        | Atom::String => FieldType::of(FilterType::Text),
    }
}
