//! The IDEA event model: one [`Event`] is one IDEA document.
//!
//! Known keys are read into native types (times, IP spans, integers), unknown keys are kept at every level: a list or
//! an object as its JSON text, which is read when somebody first looks at it. Nothing that does not fit the definition
//! is guessed at: [`Event::parse`] either returns an event or says, for every place that is wrong, where it is, what
//! was found and which rule it breaks. [`Event::parse_with`] can be told to mend more or to accept less ([`Mode`]), and
//! how much to read at most ([`Limits`]). Producers put events together with [`Event::builder`].

mod access;
mod atom;
mod builder;
mod coerce;
mod event;
mod fast;
mod filter_schema;
mod json;
mod key;
mod lazy;
mod options;
mod path;
mod problem;
mod raw;
mod repair;
mod schema;
mod serial;
mod subject;
mod text;
mod tlp;
pub(crate) mod tree;

pub use access::{AttachmentRef, NodeRef, PartyRef};
pub use builder::{Builder, Party};
pub use event::{Event, MissingKeys};
pub use filter_schema::filter_schema;
pub use options::{Limits, Mode, ReadOptions};
pub use path::{Change, SetError, SetPolicy};
pub use problem::{Invalid, Problem, Warning};
pub use subject::EventField;
pub use tlp::Tlp;
