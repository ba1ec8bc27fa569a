//! `mentat filter`: trying expressions.

use crate::exit::{Code, Failure};
use crate::output;
use clap::{Parser, Subcommand};
use mentat_core::Event;
use mentat_core::filter::{Clock, Context, Filter};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;

/// Try filter expressions on events.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat filter eval \"Category in ['Recon.Scanning']\" events.jsonl
  mentat filter eval \"Source.IP4 in 192.0.2.0/24 and Target.Port?? [] = 22\" < events.jsonl
  mentat filter eval --json \"length(Source)\" events.jsonl")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Evaluate an expression on every event of a file, one JSON document a line
    Eval {
        /// The filter expression
        expression: String,
        /// File of events [default: stdin]
        file: Option<PathBuf>,
        /// One JSON object a line: line, id, matches, value or error
        #[arg(long)]
        json: bool,
    },
}

#[derive(serde::Serialize)]
struct Verdict {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    matches: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let Command::Eval { expression, file, json } = &args.command;
    let filter = Filter::parse(expression).map_err(|errors| Failure::new(Code::Data, errors))?;
    let program = filter
        .compile::<Event>(&Context::new())
        .map_err(|errors| Failure::new(Code::Data, errors))?;
    let input: Box<dyn BufRead> = match file {
        Some(path) => Box::new(BufReader::new(
            File::open(path).map_err(|error| Failure::io("open", path, &error))?,
        )),
        None => Box::new(io::stdin().lock()),
    };
    let clock = Clock::system();
    let (mut total, mut matched, mut broken) = (0, 0, 0);
    for (at, line) in input.split(b'\n').enumerate() {
        let line = line.map_err(|error| Failure::new(Code::Failure, format_args!("cannot read events: {error}")))?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        total += 1;
        let mut verdict = Verdict {
            line: at + 1,
            id: None,
            matches: false,
            value: None,
            error: None,
        };
        match Event::parse(&line) {
            Ok(event) => {
                verdict.id = event.id().map(str::to_owned);
                match program.evaluate(&event, &clock) {
                    Ok(value) => {
                        verdict.matches = value == true.into();
                        verdict.value = Some(value.to_string());
                    }
                    Err(error) => {
                        let span = error.span();
                        let place = expression
                            .get(span.start as usize..span.end as usize)
                            .unwrap_or_default();
                        verdict.error = Some(format!("{}: '{place}'", error.kind()));
                    }
                }
            }
            Err(invalid) => {
                broken += 1;
                verdict.error = Some(format!("no event: {invalid}"));
            }
        }
        matched += usize::from(verdict.matches);
        if *json {
            output::line(serde_json::to_string(&verdict).map_err(|error| Failure::new(Code::Failure, error))?)?;
        } else {
            let id = verdict.id.as_deref().unwrap_or("-");
            let error = verdict.error.map(|error| format!("error: {error}"));
            output::line(format_args!(
                "{:>5}  {id:<36}  {}",
                at + 1,
                verdict.value.or(error).unwrap_or_default()
            ))?;
        }
    }
    if !json {
        output::note(format_args!("{matched} of {total} events match"));
    }
    if broken > 0 {
        return Err(Failure::new(
            Code::Data,
            format_args!("{broken} of {total} lines are no events"),
        ));
    }
    Ok(())
}
