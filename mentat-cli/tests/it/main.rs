//! Behaviour of the programs, and the rules that hold for the whole workspace.

mod commands;
mod demo;
mod program;
mod tidy;
