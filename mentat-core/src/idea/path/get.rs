//! Reading: every value that an indexed path leads to.

use super::place;
use crate::idea::key::Key;
use crate::idea::tree::{Node, Object};
use mentat_filter::{Chunk, Index, IndexedPath};

/// The values at the end of `path`, in the order of the message. An index counts in every list on its own.
pub(crate) fn get<'a>(root: &'a Object, path: &IndexedPath) -> Vec<&'a Node> {
    let mut found = Vec::new();
    gather(root, path.chunks(), &mut found);
    found
}

fn gather<'a>(object: &'a Object, chunks: &[Chunk], found: &mut Vec<&'a Node>) {
    let Some((chunk, rest)) = chunks.split_first() else {
        return;
    };
    let Some(node) = object.get(&Key::new(&chunk.name)) else {
        return;
    };
    // Only the list itself is taken apart: a list inside it is a value.
    let nodes = match (node, chunk.index) {
        (Node::List(items), None | Some(Index::All)) => items.as_slice(),
        (Node::List(items), Some(index)) => place(index, items.len())
            .and_then(|at| items.get(at))
            .map(std::slice::from_ref)
            .unwrap_or_default(),
        (_, None) => std::slice::from_ref(node),
        (_, Some(_)) => &[],
    };
    if rest.is_empty() {
        found.extend(nodes);
    } else {
        for inner in nodes.iter().filter_map(Node::as_object) {
            gather(inner, rest, found);
        }
    }
}
