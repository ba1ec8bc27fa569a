//! The values of an event, as a tree.

use super::key::Key;
use super::lazy::Held;
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
    /// Boxed because it is several times as large as anything else here, and reading mostly moves nodes about.
    Ip(Box<IpSpan>),
    List(Vec<Self>),
    Object(Object),
}

impl Node {
    pub(crate) fn ip(span: IpSpan) -> Self {
        Self::Ip(Box::new(span))
    }

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
pub(crate) struct Object(Vec<(Key, Held)>);

impl Object {
    /// Of several members of one name the last one counts; `None` stands for one that was left out. The number is that
    /// of different names.
    pub(crate) fn from_members(mut members: Vec<(Key, Option<Held>)>) -> (Self, usize) {
        // Sorted once: inserting one by one would take hours for a hostile message of half a million keys.
        members.reverse();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        members.dedup_by(|later, kept| later.0 == kept.0);
        let distinct = members.len();
        let kept = members.into_iter().filter_map(|(key, held)| Some((key, held?)));
        (Self(kept.collect()), distinct)
    }

    /// `None` if two members have one name.
    pub(crate) fn from_distinct(mut members: Vec<(Key, Held)>) -> Option<Self> {
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let distinct = members.is_sorted_by(|(one, _), (other, _)| one < other);
        distinct.then_some(Self(members))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.0.iter().map(|(key, held)| (key, held.node()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Node> {
        // Objects are small: comparing a few integers beats a search by name. Their order is that of the names.
        let Key::Known(wanted) = key else {
            return self.0.iter().find(|(name, _)| name == key).map(|(_, held)| held.node());
        };
        let reached = |(name, _): &&(Key, Held)| matches!(name, Key::Known(at) if at >= wanted);
        let (name, held) = self.0.iter().find(reached)?;
        (name == key).then(|| held.node())
    }

    #[cfg(test)]
    pub(crate) fn held(&self, name: &str) -> Option<&Held> {
        let key = Key::new(name);
        self.0.iter().find(|(name, _)| *name == key).map(|(_, held)| held)
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Node> {
        self.get(&Key::new(name))
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut Node> {
        let (_, held) = self.0.iter_mut().find(|(name, _)| name == key)?;
        Some(held.node_mut())
    }

    /// Takes the member out; says whether there was one.
    pub(crate) fn remove(&mut self, key: &Key) -> bool {
        let before = self.0.len();
        self.0.retain(|(name, _)| name != key);
        self.0.len() < before
    }

    /// Sets the member, replacing an earlier one of that name, and returns where it now is.
    pub(crate) fn insert(&mut self, key: Key, node: Node) {
        match self.0.binary_search_by(|(name, _)| name.cmp(&key)) {
            Ok(at) => {
                if let Some(slot) = self.0.get_mut(at) {
                    slot.1 = Held::Read(node);
                }
            }
            Err(at) => self.0.insert(at, (key, Held::Read(node))),
        }
    }
}
