//! `mentat queue put`.

use super::{name, open, options};
use crate::exit::{Code, Failure};
use crate::output;
use indicatif::ProgressBar;
use mentat_core::queue::Queue;
use serde_json::{Map, Value, json};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Messages that enter the queue together.
const BATCH: usize = 500;

/// Put messages into a queue
///
/// Their names in the queue are printed, one a line, when they are there to stay. What is no JSON object is left out
/// and ends in exit code 65.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue put mentat-inspector event.json
  mentat queue put mentat-inspector *.idea
  mentat idea gen --count 100 | mentat queue put mentat-inspector --lines -")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// Files of one message each, - for stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Every line of a file that is not blank is a message
    #[arg(long)]
    lines: bool,
    /// Whatever is in the files, also what is no JSON object
    #[arg(long)]
    raw: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of it so far.
#[derive(Default)]
struct Entered {
    names: Vec<String>,
    refused: Vec<Value>,
    waiting: Vec<Vec<u8>>,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    // Makes directories that are missing; without `incoming` it would not have come this far.
    let queue = Queue::open(operator.queue().dir(), options())?;
    let mut entered = Entered::default();
    // Drawn on stderr, and only on a terminal.
    let progress = ProgressBar::new(args.files.len() as u64);
    for file in &args.files {
        let bytes = read(file)?;
        if args.lines {
            for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
                if !line.trim_ascii().is_empty() {
                    entered.add(&queue, args, &format!("{}:{}", file.display(), at + 1), line.to_vec())?;
                }
            }
        } else {
            entered.add(&queue, args, &file.display().to_string(), bytes)?;
        }
        progress.inc(1);
    }
    entered.flush(&queue, args)?;
    progress.finish_and_clear();
    let refused = entered.refused.len();
    if args.json {
        output::json(&json!({
            "queue": name(&operator), "names": entered.names, "refused": entered.refused,
        }))?;
    }
    if refused == 0 {
        return Ok(());
    }
    let total = refused + entered.names.len();
    Err(Failure::new(
        Code::Data,
        format_args!("{refused} of {total} messages were not put into the queue"),
    ))
}

impl Entered {
    fn add(&mut self, queue: &Queue, args: &Args, place: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        if let Err(cause) = check(&bytes, queue.options().max_message_bytes, args.raw) {
            if !args.json {
                output::note(format_args!("{place}: {cause}"));
            }
            self.refused.push(json!({ "place": place, "error": cause }));
            return Ok(());
        }
        self.waiting.push(bytes);
        if self.waiting.len() < BATCH {
            return Ok(());
        }
        self.flush(queue, args)
    }

    fn flush(&mut self, queue: &Queue, args: &Args) -> Result<(), Failure> {
        let messages: Vec<&[u8]> = self.waiting.iter().map(Vec::as_slice).collect();
        for name in queue.enqueue_all(&messages)? {
            if !args.json {
                output::line(&name)?;
            }
            self.names.push(name.to_string());
        }
        self.waiting.clear();
        Ok(())
    }
}

fn check(bytes: &[u8], limit: u64, raw: bool) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if bytes.len() as u64 > limit {
        return Err(format!("{} bytes are more than the limit of {limit}", bytes.len()));
    }
    if raw {
        return Ok(());
    }
    let object = serde_json::from_slice::<Map<String, Value>>(bytes);
    object
        .map(drop)
        .map_err(|error| format!("it is no JSON object: {error}"))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes).map(drop)
    } else {
        std::fs::read(file).map(|read| bytes = read)
    };
    result.map_err(|error| Failure::io("read", file, &error))?;
    Ok(bytes)
}
