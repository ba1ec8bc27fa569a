//! `mentat filter`: checking, trying and rewriting filter expressions.

mod bench;
mod check;
mod context;
mod eval;
mod rewrite;
mod test;
mod texts;

use crate::exit::Failure;
use crate::output;
use clap::{Parser, Subcommand};

/// Check, try, rewrite and measure filter expressions.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat filter check \"Soruce.IP4 in 10.0.0.0/8\"        what is wrong, where, and what was probably meant
  mentat filter check --lines --file rules.txt --json   verdicts for programs
  mentat filter eval \"Category in ['Recon.Scanning']\" events.jsonl
  mentat filter explain \"Target.Port = 22\" event.json   the value of every part, and which element decided
  mentat filter fmt --pretty --file long.filter
  mentat filter convert \"Source.IP4 in [10.0.0.0/8]\"    from the legacy dialect pynspect
  mentat filter test rules.test.toml
  mentat filter reference                               the whole language on one page")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Eval(eval::Args),
    Explain(eval::ExplainArgs),
    Fmt(rewrite::FmtArgs),
    Convert(rewrite::ConvertArgs),
    Test(test::Args),
    Bench(bench::Args),
    /// Print the reference of the language, as Markdown
    Reference,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Check(args) => check::main(args),
        Command::Eval(args) => eval::main(args),
        Command::Explain(args) => eval::explain(args),
        Command::Fmt(args) => rewrite::fmt(args),
        Command::Convert(args) => rewrite::convert(args),
        Command::Test(args) => test::main(args),
        Command::Bench(args) => bench::main(args),
        Command::Reference => output::line(mentat_core::filter::reference::LANGUAGE.trim_end()),
    }
}
