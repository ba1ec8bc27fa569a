//! The IDEA event model: one [`Event`] is one IDEA document.
//!
//! Known keys are read into native types (times, IP spans, integers), unknown keys are kept at every level. Nothing
//! that does not fit the definition is guessed at: [`Event::parse`] either returns an event or says, for every place
//! that is wrong, where it is, what was found and which rule it breaks.

mod coerce;
mod event;
mod json;
mod key;
mod path;
mod problem;
mod schema;
mod subject;
pub(crate) mod tree;

pub use event::{Event, MissingKeys};
pub use path::{Change, SetError, SetPolicy};
pub use problem::{Invalid, Problem, Warning};
pub use subject::EventField;
