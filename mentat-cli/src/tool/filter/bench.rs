//! `mentat filter bench`.

use super::context;
use super::texts::{Reading, Texts};
use crate::exit::{Code, Failure};
use crate::output;
use mentat_core::Event;
use mentat_core::filter::Clock;
use mentat_core::generate::{Generator, Options};
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Measure how long filters take to load and to evaluate
#[derive(Debug, clap::Args)]
#[command(after_help = "Without --events the built-in generator makes them.

Examples:
  mentat filter bench \"Source.IP4?? [] in [10.0.0.0/8, 192.0.2.0/24]\"
  mentat filter bench --lines --file rules.txt --events today.jsonl")]
pub(super) struct Args {
    #[command(flatten)]
    texts: Texts,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    context: context::Given,
    /// File of events, one a line; not more than the first thousand are used
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// One JSON object for each filter: name, load_ns, evaluate_ns, matches, errors, events
    #[arg(long)]
    json: bool,
}

/// How long each filter is evaluated.
const LONG_ENOUGH: Duration = Duration::from_millis(200);

pub(super) fn main(args: &Args) -> Result<(), Failure> {
    let events = events(args)?;
    let context = args.context.load()?;
    let clock = Clock::system();
    if !args.json {
        output::line("   load ns  evaluate ns  matches  errors  filter")?;
    }
    for text in args.texts.read()? {
        let start = Instant::now();
        let filter = args.reading.need(&text.text)?;
        let program = filter
            .compile::<Event>(&context)
            .map_err(|errors| super::texts::refused(&text.text, &errors.diagnostics()))?;
        let load = start.elapsed().as_nanos();
        let verdicts = events.iter().map(|event| program.matches(event, &clock));
        let (mut matches, mut errors) = (0_u64, 0_u64);
        for verdict in verdicts {
            matches += u64::from(verdict == Ok(true));
            errors += u64::from(verdict.is_err());
        }
        let (start, mut evaluations) = (Instant::now(), 0_u64);
        while start.elapsed() < LONG_ENOUGH {
            for event in &events {
                let _ = black_box(program.matches(black_box(event), &clock));
                evaluations += 1;
            }
        }
        let evaluate = start.elapsed().as_secs_f64() * 1e9 / evaluations as f64;
        if args.json {
            output::line(serde_json::json!({
                "name": text.to_string(), "load_ns": load, "evaluate_ns": evaluate,
                "matches": matches, "errors": errors, "events": events.len(),
            }))?;
        } else {
            output::line(format_args!(
                "{load:>10}  {evaluate:>11.1}  {matches:>7}  {errors:>6}  {}",
                text.text
            ))?;
        }
    }
    Ok(())
}

fn events(args: &Args) -> Result<Vec<Event>, Failure> {
    let lines: Vec<String> = match &args.events {
        Some(path) => super::texts::content(path)?.lines().map(str::to_owned).collect(),
        None => Generator::new(Options::default()).iter().take(500).collect(),
    };
    let lines = lines.iter().filter(|line| !line.trim().is_empty()).take(1_000);
    let events: Vec<Event> = lines
        .enumerate()
        .map(|(at, line)| {
            Event::parse(line.as_bytes())
                .map_err(|invalid| Failure::new(Code::Data, format_args!("event {}: {invalid}", at + 1)))
        })
        .collect::<Result<_, _>>()?;
    if events.is_empty() {
        return Err(Failure::new(Code::Data, "there are no events to evaluate on"));
    }
    Ok(events)
}
