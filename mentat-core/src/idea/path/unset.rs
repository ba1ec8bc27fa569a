//! Taking out what an indexed path leads to.

use super::{SetError, place};
use crate::idea::key::Key;
use crate::idea::tree::{Node, Object};
use mentat_filter::{Chunk, Index, IndexedPath};

/// Takes out a key, a list item or, with `[*]`, a whole list; says whether anything was there.
///
/// The path is walked once without touching anything, so that an error far down a fan-out leaves the event as it was.
pub(crate) fn unset(root: &mut Object, path: &IndexedPath) -> Result<bool, SetError> {
    let leads_somewhere = check(root, path.chunks())?;
    if leads_somewhere {
        remove(root, path.chunks());
    }
    Ok(leads_somewhere)
}

/// Whether there is something to take out, and nothing in the way.
fn check(object: &Object, chunks: &[Chunk]) -> Result<bool, SetError> {
    let Some((chunk, rest)) = chunks.split_first() else {
        return Ok(false);
    };
    let Some(node) = object.get(&Key::new(&chunk.name)) else {
        return Ok(false);
    };
    let items = match (node, chunk.index) {
        (_, None) if rest.is_empty() => return Ok(true),
        (Node::List(_), Some(Index::All)) if rest.is_empty() => return Ok(true),
        (Node::List(items), None | Some(Index::All)) => items.as_slice(),
        (Node::List(items), Some(index)) => place(index, items.len())
            .and_then(|at| items.get(at))
            .map(std::slice::from_ref)
            .unwrap_or_default(),
        (_, Some(_)) => return Err(SetError::ExpectedList(chunk.name.to_string())),
        (_, None) => std::slice::from_ref(node),
    };
    if rest.is_empty() {
        return Ok(!items.is_empty());
    }
    let mut found = false;
    for item in items {
        let Some(inner) = item.as_object() else {
            return Err(SetError::ExpectedObject(chunk.name.to_string()));
        };
        found |= check(inner, rest)?;
    }
    Ok(found)
}

/// Does what [`check`] found possible.
fn remove(object: &mut Object, chunks: &[Chunk]) {
    let Some((chunk, rest)) = chunks.split_first() else {
        return;
    };
    let key = Key::new(&chunk.name);
    if rest.is_empty() && matches!(chunk.index, None | Some(Index::All)) {
        object.remove(&key);
        return;
    }
    match (object.get_mut(&key), chunk.index) {
        (Some(Node::Object(inner)), None) => remove(inner, rest),
        (Some(Node::List(items)), None | Some(Index::All)) => {
            items.iter_mut().for_each(|item| remove_below(item, rest));
        }
        (Some(Node::List(items)), Some(index)) => match place(index, items.len()) {
            Some(at) if rest.is_empty() => {
                items.remove(at);
            }
            at => {
                if let Some(item) = at.and_then(|at| items.get_mut(at)) {
                    remove_below(item, rest);
                }
            }
        },
        _ => {}
    }
}

fn remove_below(item: &mut Node, chunks: &[Chunk]) {
    if let Node::Object(inner) = item {
        remove(inner, chunks);
    }
}
