//! What an event says, key by key, in the type that the definition gives the key.
//!
//! What has no accessor here is no key of the definition, and is read by path.

mod attachment;
mod mentat;
mod node;
mod party;
mod root;
#[cfg(test)]
mod tests;

pub use attachment::AttachmentRef;
pub use node::NodeRef;
pub use party::PartyRef;

use super::tree::{Node, Object};
use jiff::{SignedDuration, Timestamp};
use mentat_filter::IpSpan;

/// Members by name and type. One that is missing, or of another type, is not there.
impl Object {
    fn text(&self, name: &str) -> Option<&str> {
        self.named(name)?.as_str()
    }

    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.list(name).iter().filter_map(Node::as_str)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        match self.named(name)? {
            Node::Time(time) => Some(*time),
            _ => None,
        }
    }

    fn spans(&self, name: &str) -> impl Iterator<Item = IpSpan> {
        self.list(name).iter().filter_map(|node| match node {
            Node::Ip(span) => Some(**span),
            _ => None,
        })
    }

    fn list(&self, name: &str) -> &[Node] {
        self.named(name).map(Node::as_list).unwrap_or_default()
    }

    fn duration(&self, name: &str) -> Option<SignedDuration> {
        match self.named(name)? {
            Node::Duration(duration) => Some(*duration),
            _ => None,
        }
    }

    fn integer(&self, name: &str) -> Option<i64> {
        self.named(name).and_then(integer)
    }

    fn integers(&self, name: &str) -> impl Iterator<Item = i64> {
        self.list(name).iter().filter_map(integer)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.named(name)? {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

fn integer(node: &Node) -> Option<i64> {
    match node {
        Node::Int(number) => Some(*number),
        _ => None,
    }
}
