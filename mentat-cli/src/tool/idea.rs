//! `mentat idea`: events as files.

mod convert;
mod generate;
mod input;

use crate::exit::{Code, Failure};
use crate::output;
use crate::settings::ParseMode;
use clap::{Parser, Subcommand};
use input::{Message, Messages};
use mentat_core::Event;
use mentat_core::idea::{Problem, ReadOptions};
use serde_json::json;
use std::path::PathBuf;

pub(crate) use generate::Args as GenerateArgs;

/// Check, rewrite, translate and make events.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat idea validate events.jsonl                 every problem with its place; exit code 65 if there is one
  mentat idea validate --mode strict --json spool/  one verdict a line, for programs
  mentat idea normalise < event.json                canonical JSON
  mentat idea convert --from intelmq --to idea feed.jsonl
  mentat idea gen --count 1000 --seed 7 > load.jsonl

A file holds one event, or one a line; of a directory every file is read; without files, or for -, stdin.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with events, and where
    Validate {
        #[command(flatten)]
        reading: Reading,
        /// One JSON object for each event: file, line, id, valid, problems, warnings
        #[arg(long)]
        json: bool,
    },
    /// Print events as canonical JSON, one a line
    Normalise {
        #[command(flatten)]
        reading: Reading,
        /// Over several lines each
        #[arg(long)]
        pretty: bool,
    },
    Convert(convert::Args),
    Gen(GenerateArgs),
}

#[derive(Debug, clap::Args)]
struct Reading {
    /// Files and directories, - for stdin [default: stdin]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How strictly to read IDEA; daemons repair lists unless configured otherwise
    #[arg(long, value_enum, default_value_t = ParseMode::Lenient)]
    mode: ParseMode,
}

impl Reading {
    fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        options.mode = self.mode.into();
        options
    }
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    match &args.command {
        Command::Validate { reading, json } => validate(reading, *json),
        Command::Normalise { reading, pretty } => normalise(reading, *pretty),
        Command::Convert(args) => convert::main(args),
        Command::Gen(args) => generate::main(args),
    }
}

fn validate(reading: &Reading, as_json: bool) -> Result<(), Failure> {
    let options = reading.options();
    let (mut total, mut invalid) = (0_u64, 0_u64);
    Messages::new(&reading.paths).each(&mut |message: Message<'_>| {
        total += 1;
        let parsed = Event::parse_with(message.bytes, &options);
        invalid += u64::from(parsed.is_err());
        let (id, warnings) = match &parsed {
            Ok(event) => (event.id(), event.warnings()),
            Err(_) => (None, &[][..]),
        };
        let problems = parsed.as_ref().err().map_or(&[][..], |invalid| invalid.problems());
        if as_json {
            let verdict = json!({
                "file": message.file, "line": message.line, "id": id, "valid": parsed.is_ok(),
                "problems": listed(problems), "warnings": listed(warnings),
            });
            return output::line(verdict);
        }
        for problem in problems {
            output::line(format_args!("{message}: {problem} [{}]", problem.rule))?;
        }
        for warning in warnings {
            output::line(format_args!("{message}: warning: {warning} [{}]", warning.rule))?;
        }
        Ok(())
    })?;
    if !as_json {
        output::note(format_args!("{} of {total} events are valid", total - invalid));
    }
    verdict(invalid, total, "are not valid")
}

fn normalise(reading: &Reading, pretty: bool) -> Result<(), Failure> {
    let options = reading.options();
    let (mut total, mut invalid) = (0_u64, 0_u64);
    Messages::new(&reading.paths).each(&mut |message: Message<'_>| {
        total += 1;
        match Event::parse_with(message.bytes, &options) {
            Ok(event) if pretty => output::line(event.to_json_pretty()),
            Ok(event) => output::line(event.to_json()),
            Err(error) => {
                invalid += 1;
                output::note(format_args!("{message}: {error}"));
                Ok(())
            }
        }
    })?;
    verdict(invalid, total, "are not valid")
}

fn verdict(bad: u64, total: u64, what: &str) -> Result<(), Failure> {
    if bad == 0 {
        return Ok(());
    }
    Err(Failure::new(Code::Data, format_args!("{bad} of {total} events {what}")))
}

fn listed(problems: &[Problem]) -> Vec<serde_json::Value> {
    let listed = problems
        .iter()
        .map(|problem| json!({ "pointer": problem.pointer, "rule": problem.rule, "text": problem.text }));
    listed.collect()
}
