//! Tests of the crate from outside.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests may do what tests may"
)]

mod atoms;
mod conformance;
mod diagnostics;
mod limits;
mod print;
mod vectors;
