//! Tests of the crate from outside.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may do what tests may"
)]

mod atoms;
mod check;
mod conformance;
mod diagnostics;
mod explain;
mod language;
mod limits;
mod plain;
mod pretty;
mod print;
mod pynspect;
mod rule_sets;
mod vectors;
