//! What a filter looks at.

use std::ops::ControlFlow;

use crate::path::Path;
use crate::value::{Value, ValueRef};

/// What a path led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Nothing is there; nothing was shown.
    Missing,
    /// One value (a scalar, a map or null), shown once.
    One,
    /// A list, whose items were shown one by one; possibly none.
    Many,
}

/// A record that filters look at.
///
/// A path is bound once, when a filter is compiled, to whatever finds its values fastest in this kind of record; no
/// name is compared during evaluation unless the record itself is a tree of names. A record that *is* such a tree
/// implements `visit` by [`walk`].
///
/// # Lookup
///
/// The value of the last segment is shown as it is: a list as [`Presence::Many`], item by item, even when it is empty;
/// anything else as [`Presence::One`]. When a list lies on the way, the rest of the path is followed into each of its
/// items that is a map or a list; nulls and missing values are left out, lists spliced in one level deep, and the
/// result is `Many`, or `Missing` when there is nothing in it.
///
/// ```
/// use std::ops::ControlFlow;
/// use mentat_filter::{Path, Presence, Subject, ValueRef};
///
/// struct Login { user: String, ports: Vec<u16> }
///
/// #[derive(Clone)]
/// enum Field { User, Ports, Unknown }
///
/// impl Subject for Login {
///     type Field = Field;
///     fn bind(path: &Path) -> Field {
///         match path.segments() {
///             [name] if &**name == "user" => Field::User,
///             [name] if &**name == "ports" => Field::Ports,
///             _ => Field::Unknown,
///         }
///     }
///     fn visit(&self, field: &Field, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
///         match field {
///             Field::User => {
///                 let _ = see(ValueRef::Str(&self.user));
///                 Presence::One
///             }
///             Field::Ports => {
///                 let _ = self.ports.iter().try_for_each(|&port| see(ValueRef::Int(port.into())));
///                 Presence::Many
///             }
///             Field::Unknown => Presence::Missing,
///         }
///     }
/// }
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Clock, Context, Filter};
/// let program = Filter::parse("user = 'root' and 22 in ports").unwrap().compile::<Login>(&Context::new()).unwrap();
/// let login = Login { user: "root".into(), ports: vec![22, 443] };
/// assert!(program.matches(&login, &Clock::system()).unwrap());
/// # }
/// ```
pub trait Subject {
    /// A path, resolved for this kind of record.
    type Field: Clone + Send + Sync;

    /// Resolves a path. A path that can never lead anywhere becomes a field that is always missing.
    fn bind(path: &Path) -> Self::Field;

    /// Shows the values of a field until `see` breaks, and says what was there.
    ///
    /// After a break the answer still tells the kind of value that was there.
    fn visit(&self, field: &Self::Field, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence;

    /// The whole record as a map, for the indexed paths of the legacy dialect.
    ///
    /// A record that is no tree of maps and lists has none, which is what the provided method says: every variable of
    /// the legacy dialect is then without a value.
    fn whole(&self) -> Option<ValueRef<'_>> {
        None
    }
}

/// Follows a dotted path through a tree of values, by the rules of [`Subject`].
///
/// ```
/// use mentat_filter::{Presence, Value, walk};
/// let record = Value::Map([("ports".to_owned(), Value::from(vec![22, 443]))].into());
/// let mut seen = Vec::new();
/// let presence = walk(record.view(), &["ports".into()], &mut |value| {
///     seen.push(value.to_value());
///     std::ops::ControlFlow::Continue(())
/// });
/// assert_eq!((presence, seen.len()), (Presence::Many, 2));
/// ```
pub fn walk(
    root: ValueRef<'_>,
    segments: &[Box<str>],
    see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>,
) -> Presence {
    let Some((key, rest)) = segments.split_first() else {
        if let ValueRef::List(items) = root {
            items.each(see);
            return Presence::Many;
        }
        let _ = see(root);
        return Presence::One;
    };
    match root {
        ValueRef::Map(entries) => {
            let mut presence = Presence::Missing;
            entries.get(key, &mut |value| presence = walk(value, rest, see));
            presence
        }
        ValueRef::List(_) => {
            let mut found = false;
            let _ = gather(root, segments, &mut |value| {
                found = true;
                see(value)
            });
            if found { Presence::Many } else { Presence::Missing }
        }
        _ => Presence::Missing,
    }
}

/// The part of the walk beyond a list: shows everything found, nulls and gaps left out.
fn gather(
    node: ValueRef<'_>,
    segments: &[Box<str>],
    see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut flow = ControlFlow::Continue(());
    let Some((key, rest)) = segments.split_first() else {
        match node {
            ValueRef::Null => {}
            ValueRef::List(items) => items.each(&mut |item| {
                flow = see(item);
                flow
            }),
            _ => flow = see(node),
        }
        return flow;
    };
    match node {
        ValueRef::Map(entries) => {
            entries.get(key, &mut |value| flow = gather(value, rest, see));
        }
        ValueRef::List(items) => items.each(&mut |item| {
            flow = gather(item, segments, see);
            flow
        }),
        _ => {}
    }
    flow
}

impl Subject for Value {
    type Field = Path;

    fn bind(path: &Path) -> Path {
        path.clone()
    }

    fn visit(&self, field: &Path, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
        walk(self.view(), field.segments(), see)
    }

    fn whole(&self) -> Option<ValueRef<'_>> {
        Some(self.view())
    }
}
