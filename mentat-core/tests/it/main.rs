//! Tests of the public interface, in one program.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests may do what tests may"
)]

mod bridge;
mod chain;
mod conformance;
mod filter_schema;
mod filters;
mod idea;
mod inspect;
mod modes;
mod store;
mod support;
