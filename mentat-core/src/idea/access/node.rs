//! The keys of one node: a detector, or another place that the event came through.

use crate::idea::tree::Object;
use jiff::SignedDuration;

/// One node of an [`Event`](crate::Event); see [`nodes`](crate::Event::nodes).
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a>(pub(super) &'a Object);

impl<'a> NodeRef<'a> {
    /// The name, such as `org.example.sensor` (`Name`).
    #[must_use]
    pub fn name(self) -> Option<&'a str> {
        self.0.text("Name")
    }

    /// Type tags, such as `Honeypot` (`Type`).
    pub fn types(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("Type")
    }

    /// The software (`SW`).
    pub fn software(self) -> impl Iterator<Item = &'a str> {
        self.0.texts("SW")
    }

    /// How long events are aggregated before one is sent (`AggrWin`).
    #[must_use]
    pub fn aggr_win(self) -> Option<SignedDuration> {
        self.0.duration("AggrWin")
    }

    /// The note in free text (`Note`).
    #[must_use]
    pub fn note(self) -> Option<&'a str> {
        self.0.text("Note")
    }
}
