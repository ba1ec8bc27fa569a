//! Values that nobody may ever look at: JSON text until the first look.
//!
//! Only lists and objects of undeclared keys are kept so. [`Object`](super::tree::Object) hides it: whoever asks for a
//! member gets a [`Node`].

use super::coerce::quiet;
use super::options::{Limits, Mode};
use super::text::pair_surrogates;
use super::tree::Node;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::OnceLock;

/// The value of one member of an object.
#[derive(Clone, Debug)]
pub(crate) enum Held {
    Read(Node),
    Unread(Box<Unread>),
}

/// The text of a value, and what it says once somebody has asked.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    text: Box<str>,
    node: OnceLock<Node>,
}

impl Held {
    /// A list or an object, its nesting checked before, as text; `None` if reading it might refuse or tell anything.
    /// That no limit is passed is told from length and commas; where these do not tell, the value is read at once.
    pub(crate) fn unread(raw: &RawValue, mode: Mode, limits: &Limits) -> Option<Self> {
        let text = raw.get();
        let flawless = text.starts_with(['[', '{'])
            // Two members of one name are a problem there, and show only when they are read.
            && mode != Mode::Strict
            // No string is longer than the whole text, and between two items of a list stands a comma.
            && text.len() <= limits.string_bytes
            && text.bytes().filter(|byte| *byte == b',').count() < limits.list_items
            && matches!(pair_surrogates(text), Cow::Borrowed(_));
        flawless.then(|| {
            Self::Unread(Box::new(Unread {
                text: text.into(),
                node: OnceLock::new(),
            }))
        })
    }

    pub(crate) fn node(&self) -> &Node {
        match self {
            Self::Read(node) => node,
            Self::Unread(unread) => unread.node.get_or_init(|| read(&unread.text)),
        }
    }

    /// The value, to be changed: its text no longer counts.
    pub(crate) fn node_mut(&mut self) -> &mut Node {
        match self {
            Self::Read(node) => node,
            Self::Unread(unread) => {
                let node = unread.node.take().unwrap_or_else(|| read(&unread.text));
                *self = Self::Read(node);
                self.node_mut()
            }
        }
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unread(one), Self::Unread(other)) if one.text == other.text => true,
            _ => self.node() == other.node(),
        }
    }
}

/// Reads what [`Held::unread`] found flawless, so there is always a value.
fn read(text: &str) -> Node {
    let limits = Limits {
        list_items: usize::MAX,
        string_bytes: usize::MAX,
        ..Limits::default()
    };
    serde_json::from_str(text)
        .ok()
        .and_then(|raw| quiet(raw, Mode::Lenient, &limits))
        .unwrap_or(Node::Null)
}

#[cfg(test)]
mod tests;
