#![doc = include_str!("../README.md")]

#[cfg(any(feature = "intelmq", feature = "xarf", feature = "cef", feature = "ecs"))]
pub mod bridge;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod component;
mod config;
pub mod daemon;
#[cfg(feature = "queue")]
mod directory;
#[cfg(feature = "queue")]
mod dispositions;
#[cfg(feature = "enrich")]
pub mod enrich;
mod error;
#[cfg(feature = "generate")]
pub mod generate;
pub mod idea;
#[cfg(feature = "filter")]
pub mod inspector;
mod parser;
mod report;
#[cfg(feature = "store")]
pub mod store;
mod work;

pub use mentat_filter as filter;
#[cfg(feature = "queue")]
pub use mentat_queue as queue;

pub use component::{Clock, Component, Context, Counter, Fut, Occurrence, Source, SystemClock, TimerId};
pub use config::Config;
pub use daemon::Daemon;
#[cfg(feature = "queue")]
pub use directory::DirectorySource;
#[cfg(feature = "queue")]
pub use dispositions::{Disposition, DispositionLog, Verdict, read_dispositions};
pub use error::Error;
pub use idea::Event;
#[cfg(feature = "filter")]
pub use inspector::Inspector;
pub use parser::Parser;
pub use work::{Batch, Cause, Copy, MessageId, Outcome, QueueName, Reason, Settlement, Work};
