#![doc = include_str!("../README.md")]

mod error;
mod fs;
mod name;
mod notice;
mod operator;
mod options;
mod queue;
mod reason;
mod watch;

pub use error::Error;
pub use name::MessageName;
pub use notice::{Notice, NoticeKind};
pub use operator::fsck::{Fault, Finding, Repair};
pub use operator::listing::{Entry, Place, ReasonCount};
pub use operator::recover::FlatRecovery;
pub use operator::shape::Shape;
pub use operator::{Moved, Operator, Report, Which};
pub use options::{Durability, Options, Order};
pub use queue::Queue;
pub use queue::claim::Claim;
pub use queue::counters::Counters;
pub use queue::publish::Published;
pub use queue::recover::Recovery;
pub use queue::settle::CopyTo;
pub use queue::status::{Failed, InstanceStatus, Status};
pub use reason::Reason;
pub use watch::{Waker, Watcher};
