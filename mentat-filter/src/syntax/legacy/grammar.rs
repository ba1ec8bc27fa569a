//! The grammar's generated parser.
#![allow(missing_docs, reason = "the rules are documented in the grammar")]

#[derive(pest_derive::Parser)]
#[grammar = "syntax/legacy/grammar.pest"]
pub(super) struct Grammar;
