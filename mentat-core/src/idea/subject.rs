//! Events as filters see them.

use super::event::Event;
use super::key::Key;
use super::tree::{Node, Object};
use mentat_filter::{Mapping, Path, Presence, Sequence, Subject, Value, ValueRef};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A path with its names resolved to keys: looking at an event compares small numbers.
#[derive(Clone, Debug)]
pub struct EventField(Arc<[Key]>);

impl Subject for Event {
    type Field = EventField;

    fn bind(path: &Path) -> EventField {
        EventField(path.segments().iter().map(|name| Key::new(name)).collect())
    }

    fn visit(&self, field: &EventField, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
        visit(self.root(), &field.0, see)
    }

    fn whole(&self) -> Option<ValueRef<'_>> {
        Some(ValueRef::Map(self.root()))
    }
}

fn visit(object: &Object, keys: &[Key], see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> Presence {
    let Some((key, rest)) = keys.split_first() else {
        return Presence::Missing;
    };
    match (object.get(key), rest.is_empty()) {
        (None, _) => Presence::Missing,
        (Some(Node::List(items)), true) => {
            let _ = items.iter().try_for_each(|item| show(item, see));
            Presence::Many
        }
        (Some(node), true) => {
            let _ = show(node, see);
            Presence::One
        }
        (Some(Node::Object(inner)), false) => visit(inner, rest, see),
        (Some(Node::List(items)), false) => {
            let mut found = false;
            let _ = gather(items, rest, &mut found, see);
            if found { Presence::Many } else { Presence::Missing }
        }
        (Some(_), false) => Presence::Missing,
    }
}

/// Follows the rest of a path into every item of a list; nulls and gaps are left out, lists spliced in.
fn gather(
    items: &[Node],
    keys: &[Key],
    found: &mut bool,
    see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let Some((key, rest)) = keys.split_first() else {
        return ControlFlow::Continue(());
    };
    items.iter().try_for_each(|item| match item {
        Node::List(inner) => gather(inner, keys, found, see),
        Node::Object(object) => match (object.get(key), rest.is_empty()) {
            (None | Some(Node::Null), _) => ControlFlow::Continue(()),
            (Some(Node::List(inner)), true) => {
                *found |= !inner.is_empty();
                inner.iter().try_for_each(|item| show(item, see))
            }
            (Some(node), true) => {
                *found = true;
                show(node, see)
            }
            (Some(Node::List(inner)), false) => gather(inner, rest, found, see),
            (Some(node), false) => gather(std::slice::from_ref(node), rest, found, see),
        },
        _ => ControlFlow::Continue(()),
    })
}

/// Shows a value; the usual ones without a copy of the whole reference in between.
#[inline]
fn show(node: &Node, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    match node {
        Node::Str(text) => see(ValueRef::Str(text)),
        Node::Int(value) => see(ValueRef::Int((*value).into())),
        Node::Ip(span) => see(ValueRef::Ip(**span)),
        other => see(view(other)),
    }
}

pub(super) fn view(node: &Node) -> ValueRef<'_> {
    match node {
        Node::Null => ValueRef::Null,
        Node::Bool(value) => ValueRef::Bool(*value),
        Node::Int(value) => ValueRef::Int((*value).into()),
        Node::Float(value) => ValueRef::Float(*value),
        // A number beyond both native types: compared as precisely as a filter can.
        Node::Number(text) => text
            .parse()
            .map(ValueRef::Int)
            .or_else(|_| text.parse().map(ValueRef::Float))
            .unwrap_or(ValueRef::Str(text)),
        Node::Str(text) => ValueRef::Str(text),
        Node::Time(time) => ValueRef::Time(*time),
        Node::Duration(duration) => ValueRef::Duration(*duration),
        Node::Ip(span) => ValueRef::Ip(**span),
        Node::List(_) => ValueRef::List(node),
        Node::Object(object) => ValueRef::Map(object),
    }
}

impl Sequence for Node {
    fn each(&self, see: &mut dyn FnMut(ValueRef<'_>) -> ControlFlow<()>) {
        let _ = self.as_list().iter().try_for_each(|item| see(view(item)));
    }

    fn len(&self) -> usize {
        self.as_list().len()
    }
}

impl Mapping for Object {
    fn entries(&self, see: &mut dyn FnMut(&str, ValueRef<'_>) -> ControlFlow<()>) {
        let _ = self.iter().try_for_each(|(key, node)| see(key.as_str(), view(node)));
    }

    fn len(&self) -> usize {
        Self::len(self)
    }
}

/// The other way round: the value of an expression, to be set in an event.
impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => {
                i64::try_from(*value).map_or_else(|_| Self::Number(value.to_string().into()), Self::Int)
            }
            Value::Float(value) => Self::Float(*value),
            Value::Str(text) => Self::Str(text.as_str().into()),
            Value::Ip(span) => Self::ip(*span),
            Value::Time(time) => Self::Time(*time),
            Value::Duration(duration) => Self::Duration(*duration),
            Value::Range(ends) => Self::List(vec![Self::from(&ends.0), Self::from(&ends.1)]),
            Value::List(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Map(members) => {
                let mut object = Object::default();
                for (name, member) in members {
                    object.insert(Key::new(name), Self::from(member));
                }
                Self::Object(object)
            }
        }
    }
}
