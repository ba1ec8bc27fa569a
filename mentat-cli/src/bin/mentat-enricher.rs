//! `mentat enricher` under its own name.

include!("shim/exec.rs");
