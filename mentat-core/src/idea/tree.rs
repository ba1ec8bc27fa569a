//! The values of an event, as a tree.

use super::key::Key;
use jiff::{SignedDuration, Timestamp};
use mentat_filter::IpSpan;

/// One value inside an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A number of an undeclared key that neither `i64` nor `f64` gives back unchanged: its JSON text.
    Number(Box<str>),
    Str(Box<str>),
    Time(Timestamp),
    Duration(SignedDuration),
    Ip(IpSpan),
    List(Vec<Self>),
    Object(Object),
}

impl Node {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Empty in the sense of the indexed path's `overwrite=false`: such a list item may be replaced.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null | Self::Bool(false) | Self::Int(0) => true,
            Self::Float(number) => *number == 0.0,
            Self::Str(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(object) => object.iter().next().is_none(),
            _ => false,
        }
    }
}

/// The members of an object, sorted by name (the order of canonical output).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object(Vec<(Key, Node)>);

impl Object {
    /// Of several members of one name the last one counts; `None` stands for one that was left out.
    pub(crate) fn from_members(mut members: Vec<(Key, Option<Node>)>) -> Self {
        // Sorted once: inserting one by one would take hours for a hostile message of half a million keys.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|later, kept| later.0 == kept.0);
        Self(
            members
                .into_iter()
                .filter_map(|(key, node)| Some((key, node?)))
                .collect(),
        )
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.0.iter().map(|(key, node)| (key, node))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Node> {
        // Objects are small: comparing a few integers beats a search by name.
        self.0.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Node> {
        self.get(&Key::new(name))
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut Node> {
        self.0.iter_mut().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Sets the member, replacing an earlier one of that name, and returns where it now is.
    pub(crate) fn insert(&mut self, key: Key, node: Node) {
        match self.0.binary_search_by(|(name, _)| name.cmp(&key)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = node;
                }
            }
            Err(at) => self.0.insert(at, (key, node)),
        }
    }
}
