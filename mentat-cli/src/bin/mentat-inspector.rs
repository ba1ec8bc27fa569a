//! `mentat inspector` under its own name.

include!("shim/exec.rs");
