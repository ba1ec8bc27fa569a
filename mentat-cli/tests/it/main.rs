//! Behaviour of the programs, and the rules that hold for the whole workspace.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets what it does not expect has failed"
)]

mod commands;
mod convert;
mod demo;
mod filter;
mod idea;
mod program;
mod queue;
mod tidy;
