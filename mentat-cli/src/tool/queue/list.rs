//! `mentat queue list`.

use super::{age, left, name, open};
use crate::exit::Failure;
use crate::output;
use mentat_core::queue::{Entry, Place};
use serde_json::json;
use std::path::Path;

/// The messages of a queue: where, since when, whose
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue list mentat-storage
  mentat queue list mentat-storage --in errors --in hold
  mentat queue list mentat-storage --in incoming --limit 10 --json   the ten oldest")]
pub(super) struct Args {
    /// Queue name or directory
    queue: String,
    /// Only there: incoming, pending, deferred, hold, errors or tmp [default: everywhere]
    #[arg(long = "in", value_name = "PLACE")]
    places: Vec<Place>,
    /// At most so many, the oldest of each place first; 0: all
    #[arg(long, value_name = "N", default_value_t = 0)]
    limit: usize,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operator = open(spool, &args.queue)?;
    let places = if args.places.is_empty() {
        &Place::ALL[..]
    } else {
        &args.places
    };
    let mut entries = operator.list(places)?;
    let total = entries.len();
    if args.limit > 0 {
        entries.truncate(args.limit);
    }
    if args.json {
        let messages: Vec<_> = entries.iter().map(as_json).collect();
        return output::json(&json!({ "queue": name(&operator), "total": total, "messages": messages }));
    }
    output::line(format_args!(
        "{:<9} {:>9} {:>11} {:>8}  {:<52} owner",
        "place", "bytes", "age", "attempts", "name"
    ))?;
    for entry in &entries {
        let last = match (&entry.owner, entry.due) {
            (Some(owner), _) => owner.clone(),
            (None, Some(due)) => format!("due in {} s", left(due)),
            (None, None) => String::new(),
        };
        output::line(
            format_args!(
                "{:<9} {:>9} {:>9} s {:>8}  {:<52} {last}",
                entry.place.as_str(),
                entry.size,
                age(entry.modified),
                entry.attempts,
                entry.name.to_string(),
            )
            .to_string()
            .trim_end(),
        )?;
    }
    if entries.len() < total {
        output::note(format_args!("{} of {total} messages are shown", entries.len()));
    }
    Ok(())
}

/// A message as programs read it.
pub(super) fn as_json(entry: &Entry) -> serde_json::Value {
    json!({
        "place": entry.place.as_str(),
        "name": entry.name.as_ref(),
        "path": entry.path,
        "bytes": entry.size,
        "age_seconds": age(entry.modified),
        "attempts": entry.attempts,
        "owner": entry.owner,
        "due_seconds": entry.due.map(left),
    })
}
