//! Behaviour of queues on a real file system.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test fails, also in its helpers"
)]

mod checking;
mod claiming;
mod deferring;
mod killing;
mod model;
mod operating;
mod poison;
mod producing;
mod recovery;
mod settling;
mod shortage;
mod support;
mod watching;
