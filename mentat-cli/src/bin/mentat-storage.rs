//! `mentat storage` under its own name.

include!("shim/exec.rs");
