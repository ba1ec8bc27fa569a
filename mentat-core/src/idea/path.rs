//! Reading and changing an event through an indexed path. A failed change changes nothing.

mod get;
mod unset;

pub(crate) use get::get;
pub(crate) use unset::unset;

use super::coerce;
use super::key::Key;
use super::problem::Invalid;
use super::schema::{Level, Type, declared};
use super::text;
use super::tree::{Node, Object};
use mentat_filter::{Chunk, Index, IndexedPath};

/// What [`set`](super::Event::set) does where something already is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetPolicy {
    /// Replace an existing value (default). Otherwise it stays and the answer is [`Change::Exists`].
    pub overwrite: bool,
    /// When appending to a list: leave out a value that is already in it ([`Change::Duplicate`]). Off by default.
    pub unique: bool,
}

impl Default for SetPolicy {
    fn default() -> Self {
        Self {
            overwrite: true,
            unique: false,
        }
    }
}

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The value was set or appended.
    Set,
    /// Something was there and was to be kept.
    Exists,
    /// The list already has that value.
    Duplicate,
}

/// Why a value could not be set or taken out. The event is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// A part of the path that must be an object is something else.
    #[error("'{0}' is not an object")]
    ExpectedObject(String),
    /// A part of the path that carries an index is not a list.
    #[error("'{0}' is not a list")]
    ExpectedList(String),
    /// The value does not fit the type of the key.
    #[error("the value does not fit '{path}': {invalid}")]
    BadValue {
        /// The path, as written.
        path: String,
        /// What is wrong with the value.
        invalid: Invalid,
    },
}

/// Where in a list of `length` items an index points, if to one of them.
fn place(index: Index, length: usize) -> Option<usize> {
    match index {
        Index::Nth(number) => Some(number.get() - 1).filter(|at| *at < length),
        Index::Last => length.checked_sub(1),
        Index::All => None,
    }
}

/// The type and level behind a key, for coercion.
fn step(level: Option<Level>, key: &Key) -> (Option<Type>, Option<Level>) {
    let kind = level.and_then(|level| declared(level, key));
    let below = match kind {
        Some(Type::Object(level) | Type::Objects(level)) => Some(level),
        _ => None,
    };
    (kind, below)
}

/// Sets `json` at `path`. Everything is checked on the way down before the first change, except containers that are
/// built detached and only then hung in.
pub(crate) fn set(root: &mut Object, path: &IndexedPath, json: &str, policy: SetPolicy) -> Result<Change, SetError> {
    // Reading back counts the root, one level for every key that holds something, one for every list.
    let above = path
        .chunks()
        .iter()
        .map(|chunk| 1 + usize::from(chunk.index.is_some()))
        .sum();
    text::fits_below(above, json).map_err(|invalid| SetError::BadValue {
        path: path.to_string(),
        invalid,
    })?;
    set_below(root, Some(Level::Root), path, path.chunks(), json, policy)
}

fn set_below(
    object: &mut Object,
    level: Option<Level>,
    path: &IndexedPath,
    chunks: &[Chunk],
    json: &str,
    policy: SetPolicy,
) -> Result<Change, SetError> {
    let Some((chunk, rest)) = chunks.split_first() else {
        return Ok(Change::Exists);
    };
    let key = Key::new(&chunk.name);
    let (kind, below) = step(level, &key);
    let bad_value = |invalid| SetError::BadValue {
        path: path.to_string(),
        invalid,
    };
    let not_object = || SetError::ExpectedObject(chunk.name.to_string());
    let not_list = || SetError::ExpectedList(chunk.name.to_string());

    let Some(index) = &chunk.index else {
        if rest.is_empty() {
            if !policy.overwrite && object.get(&key).is_some() {
                return Ok(Change::Exists);
            }
            object.insert(key, coerce::value(json, kind).map_err(bad_value)?);
            return Ok(Change::Set);
        }
        return match object.get_mut(&key) {
            Some(Node::Object(inner)) => set_below(inner, below, path, rest, json, policy),
            Some(_) => Err(not_object()),
            None if matches!(kind, Some(Type::One(_) | Type::List(_) | Type::Objects(_))) => Err(not_object()),
            None => {
                let mut inner = Object::default();
                let change = set_below(&mut inner, below, path, rest, json, policy)?;
                object.insert(key, Node::Object(inner));
                Ok(change)
            }
        };
    };

    if matches!(kind, Some(Type::One(_) | Type::Object(_))) {
        return Err(not_list());
    }
    let mut fresh = Vec::new();
    let is_new = object.get(&key).is_none();
    let items = match object.get_mut(&key) {
        Some(Node::List(items)) => items,
        Some(_) => return Err(not_list()),
        None => &mut fresh,
    };
    let existing = place(*index, items.len());
    let change = match (rest.is_empty(), existing.and_then(|at| items.get_mut(at))) {
        (true, Some(item)) => {
            if !policy.overwrite && !item.is_empty() {
                return Ok(Change::Exists);
            }
            *item = coerce::item(json, kind).map_err(bad_value)?;
            Change::Set
        }
        (true, None) => {
            let item = coerce::item(json, kind).map_err(bad_value)?;
            if policy.unique && items.contains(&item) {
                return Ok(Change::Duplicate);
            }
            items.push(item);
            Change::Set
        }
        (false, Some(Node::Object(inner))) => set_below(inner, below, path, rest, json, policy)?,
        (false, Some(_)) => return Err(not_object()),
        (false, None) => {
            if matches!(kind, Some(Type::List(_))) {
                return Err(not_object());
            }
            let mut inner = Object::default();
            let change = set_below(&mut inner, below, path, rest, json, policy)?;
            items.push(Node::Object(inner));
            change
        }
    };
    if is_new {
        object.insert(key, Node::List(fresh));
    }
    Ok(change)
}

#[cfg(test)]
mod tests;
