//! `mentat queue recover`.

use super::{name, open};
use crate::exit::{Code, Failure};
use crate::output;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Take back what dead consumers have claimed
///
/// Daemons of this release do so by themselves. What the daemons of Mentat 2 leave in pending has no owner whose
/// death could be seen: --flat takes back what was not touched for some time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue recover mentat-storage
  mentat queue recover mentat-enricher.py --flat
  mentat queue recover mentat-enricher.py --flat --force   the daemons of Mentat 2 are stopped")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// Also plain files in pending
    #[arg(long)]
    flat: bool,
    /// Only plain files untouched for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, requires = "flat")]
    untouched_for: u64,
    /// All plain files: no program that claims this way is running
    #[arg(long, requires = "flat", conflicts_with = "untouched_for")]
    force: bool,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let queue = operator.queue();
    let mut done = queue.recover()?;
    let mut left = Vec::new();
    if args.flat {
        let seconds = if args.force { 0 } else { args.untouched_for };
        let flat = operator.recover_flat(Duration::from_secs(seconds))?;
        done.recovered += flat.recovered;
        done.quarantined += flat.quarantined;
        left = flat.left;
    }
    let left: Vec<String> = left.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if args.json {
        output::json(&json!({
            "queue": name(&operator),
            "recovered": done.recovered,
            "quarantined": done.quarantined,
            "due": done.due,
            "tidied": done.tidied,
            "owners": done.instances,
            "left": left,
        }))?;
    } else {
        output::line(format_args!(
            "{} messages moved back to incoming, {} to errors, {} were due, {} files of tmp tidied away",
            done.recovered, done.quarantined, done.due, done.tidied
        ))?;
    }
    for notice in queue.take_notices() {
        output::note(notice);
    }
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Temporary,
        format_args!(
            "{} claims were touched a short time ago and may be in work; if no program that made them is running, use \
             --force: {}",
            left.len(),
            left.join(", ")
        ),
    ))
}
