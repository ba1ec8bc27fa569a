//! `mentat filter eval` and `mentat filter explain`.

use super::context;
use super::texts::Reading;
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::Event;
use mentat_core::filter::{Clock, Context, Filter, Program};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Evaluate a filter on every event of files, one JSON document a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat filter eval \"Source.IP4 in 192.0.2.0/24 and Target.Port?? [] = 22\" < events.jsonl
  mentat filter eval --only --lenient \"Target.Port = 22\" events.jsonl > ssh.jsonl
  mentat filter eval --json \"length(Source)\" events.jsonl")]
pub(super) struct Args {
    /// The filter
    filter: String,
    /// Files of events [default: stdin]
    #[arg(value_name = "PATH")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    context: context::Given,
    /// Print the events that match, unchanged, and nothing else
    #[arg(long, conflicts_with = "json")]
    only: bool,
    /// One JSON object a line: file, line, id, matches, value or error
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Verdict<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    matches: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Totals of a run.
#[derive(Default)]
struct Counts {
    total: u64,
    matched: u64,
    failed: u64,
    broken: u64,
}

struct Run<'a> {
    args: &'a Args,
    program: Program<Event>,
    clock: Clock,
    counts: Counts,
}

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let filter = args.reading.need(&args.filter)?;
    let mut run = Run {
        args,
        program: compile(&filter, &args.context.load()?)?,
        clock: Clock::system(),
        counts: Counts::default(),
    };
    if args.files.is_empty() {
        run.lines(None, &mut io::stdin().lock())?;
    }
    for path in &args.files {
        let file = File::open(path).map_err(|error| Failure::io("open", path, &error))?;
        run.lines(Some(&path.display().to_string()), &mut BufReader::new(file))?;
    }
    let Counts {
        total,
        matched,
        failed,
        broken,
    } = run.counts;
    if !args.json {
        let errors = if failed > 0 {
            format!(", on {failed} the filter failed")
        } else {
            String::new()
        };
        output::note(format_args!("{matched} of {total} events match{errors}"));
    }
    if broken > 0 {
        let text = format_args!("{broken} of {total} lines are no events");
        return Err(Failure::new(Code::Data, text));
    }
    Ok(())
}

fn compile(filter: &Filter, context: &Context) -> Result<Program<Event>, Failure> {
    filter
        .compile(context)
        .map_err(|errors| super::texts::refused(filter.source(), &errors.diagnostics()))
}

impl Run<'_> {
    /// Reads line by line, so that a stream is answered while it flows.
    fn lines(&mut self, file: Option<&str>, input: &mut dyn BufRead) -> Result<(), Failure> {
        for (at, line) in input.split(b'\n').enumerate() {
            let line =
                line.map_err(|error| Failure::new(Code::Failure, format_args!("cannot read events: {error}")))?;
            if !line.trim_ascii().is_empty() {
                self.line(file, at + 1, &line)?;
            }
        }
        Ok(())
    }

    fn line(&mut self, file: Option<&str>, at: usize, line: &[u8]) -> Result<(), Failure> {
        let mut verdict = Verdict {
            file,
            line: at,
            id: None,
            matches: false,
            value: None,
            error: None,
        };
        self.counts.total += 1;
        match Event::parse(line) {
            Ok(event) if self.args.only => match self.program.matches(&event, &self.clock) {
                Ok(matches) => verdict.matches = matches,
                Err(error) => verdict.error = Some(error.to_string()),
            },
            Ok(event) => {
                verdict.id = event.id().map(str::to_owned);
                match self.program.evaluate(&event, &self.clock) {
                    Ok(value) => {
                        verdict.matches = value == true.into();
                        verdict.value = Some(value.to_string());
                    }
                    Err(error) => {
                        let span = error.span();
                        let place = self.args.filter.get(span.start as usize..span.end as usize);
                        verdict.error = Some(format!("{}: '{}'", error.kind(), place.unwrap_or_default()));
                    }
                }
            }
            Err(invalid) => {
                self.counts.broken += 1;
                verdict.error = Some(format!("no event: {invalid}"));
            }
        }
        self.counts.matched += u64::from(verdict.matches);
        self.counts.failed += u64::from(verdict.error.is_some());
        self.print(&verdict, line)
    }

    fn print(&self, verdict: &Verdict<'_>, line: &[u8]) -> Result<(), Failure> {
        if self.args.only {
            return match verdict.matches {
                true => output::bytes(line),
                false => Ok(()),
            };
        }
        if self.args.json {
            let json = serde_json::to_string(verdict).map_err(|error| Failure::new(Code::Failure, error))?;
            return output::line(json);
        }
        let error = verdict.error.as_ref().map(|error| format!("error: {error}"));
        let answer = verdict.value.clone().or(error).unwrap_or_default();
        let id = verdict.id.as_deref().unwrap_or("-");
        output::line(format_args!("{:>5}  {id:<36}  {answer}", verdict.line))
    }
}

/// Show what every part of a filter amounts to on one event
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat filter explain \"any(Source, IP4 in 10.0.0.0/8 and Port = 22)\" event.json
  mentat filter explain --json \"Target.Port = 22\" < event.json")]
pub(super) struct ExplainArgs {
    /// The filter
    filter: String,
    /// File with one event [default: stdin]
    #[arg(value_name = "PATH")]
    event: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    context: context::Given,
    /// A tree of JSON objects
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let filter = args.reading.need(&args.filter)?;
    let path = args.event.as_deref().unwrap_or(Path::new("-"));
    let text = super::texts::content(path)?;
    let event = Event::parse(text.as_bytes())
        .map_err(|invalid| Failure::new(Code::Data, format_args!("{}: no event: {invalid}", path.display())))?;
    let explanation = filter
        .explain(&args.context.load()?, &event, &Clock::system())
        .map_err(|errors| super::texts::refused(filter.source(), &errors.diagnostics()))?;
    if args.json {
        output::line(explanation.to_json())
    } else {
        output::line(explanation)
    }
}
