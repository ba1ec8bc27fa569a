//! `mentat queue status`.

use super::{age, left, name, open_all, options};
use crate::exit::Failure;
use crate::output;
use mentat_core::queue::Operator;
use std::path::{Path, PathBuf};

/// What waits where, since when, and who works on it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mentat queue status
  mentat queue status mentat-storage --json")]
pub(super) struct Args {
    /// Queue names or directories [default: all of the tree]
    queues: Vec<String>,
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(serde::Serialize)]
struct Status {
    queue: String,
    dir: PathBuf,
    incoming: usize,
    pending: usize,
    /// Of those pending: without a living owner of ours.
    pending_flat: usize,
    deferred: usize,
    hold: usize,
    errors: usize,
    tmp: usize,
    oldest_seconds: Option<u64>,
    /// Until the first deferred message comes back.
    next_due_seconds: Option<u64>,
    consumers: Vec<Consumer>,
}

#[derive(serde::Serialize)]
struct Consumer {
    host: String,
    pid: u32,
    alive: bool,
    claimed: usize,
}

pub(super) fn main(spool: &Path, args: &Args) -> Result<(), Failure> {
    let operators = open_all(spool, &args.queues, &options())?;
    let statuses = operators.iter().map(status).collect::<Result<Vec<_>, _>>()?;
    if args.json {
        return output::json(&serde_json::json!({ "queues": statuses }));
    }
    output::line(format_args!(
        "{:<28} {:>9} {:>8} {:>8} {:>6} {:>7} {:>5} {:>12}  consumers",
        "queue", "incoming", "pending", "deferred", "hold", "errors", "tmp", "oldest"
    ))?;
    for status in statuses {
        let consumers: Vec<String> = status
            .consumers
            .iter()
            .map(|consumer| format!("{}{}", consumer.pid, if consumer.alive { "" } else { " (dead)" }))
            .collect();
        output::line(format_args!(
            "{:<28} {:>9} {:>8} {:>8} {:>6} {:>7} {:>5} {:>12}  {}",
            status.queue,
            status.incoming,
            status.pending,
            status.deferred,
            status.hold,
            status.errors,
            status.tmp,
            status
                .oldest_seconds
                .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds} s")),
            consumers.join(", "),
        ))?;
    }
    Ok(())
}

fn status(operator: &Operator) -> Result<Status, Failure> {
    let status = operator.queue().status()?;
    Ok(Status {
        queue: name(operator),
        dir: operator.queue().dir().to_owned(),
        incoming: status.incoming,
        pending: status.pending,
        pending_flat: status.pending_flat,
        deferred: status.deferred,
        hold: status.hold,
        errors: status.errors,
        tmp: status.tmp,
        oldest_seconds: status.oldest.map(age),
        next_due_seconds: status.next_due.map(left),
        consumers: status
            .instances
            .into_iter()
            .map(|instance| Consumer {
                host: instance.host,
                pid: instance.pid,
                alive: instance.alive,
                claimed: instance.claimed,
            })
            .collect(),
    })
}
