//! `mentat queue`: looking at queues.

use crate::exit::{Code, Failure};
use crate::output;
use crate::paths::Tree;
use clap::{Parser, Subcommand};
use mentat_core::QueueName;
use mentat_core::queue::{Options, Queue};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Look at queues.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat queue status
  mentat queue status mentat-storage --json
  mentat --root target/mentat-demo queue status")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits where, since when, and who works on it
    Status {
        /// Queue names or directories [default: all of the tree]
        queues: Vec<String>,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(serde::Serialize)]
struct Status {
    queue: String,
    dir: PathBuf,
    incoming: usize,
    pending: usize,
    /// Of those pending: without a living owner of ours.
    pending_flat: usize,
    errors: usize,
    tmp: usize,
    oldest_seconds: Option<u64>,
    consumers: Vec<Consumer>,
}

#[derive(serde::Serialize)]
struct Consumer {
    host: String,
    pid: u32,
    alive: bool,
    claimed: usize,
}

pub(super) fn main(tree: &Tree, args: &Args) -> Result<(), Failure> {
    let Command::Status { queues, json } = &args.command;
    let spool = tree.spool();
    let dirs = if queues.is_empty() {
        self::queues(&spool)?
    } else {
        queues
            .iter()
            .map(|name| QueueName::new(name.as_str()).resolve(&spool))
            .collect()
    };
    let statuses = dirs.iter().map(|dir| status(dir)).collect::<Result<Vec<_>, _>>()?;
    if *json {
        return output::json(&serde_json::json!({ "queues": statuses }));
    }
    output::line(format_args!(
        "{:<28} {:>9} {:>8} {:>7} {:>5} {:>12}  consumers",
        "queue", "incoming", "pending", "errors", "tmp", "oldest"
    ))?;
    for status in statuses {
        let consumers: Vec<String> = status
            .consumers
            .iter()
            .map(|consumer| format!("{}{}", consumer.pid, if consumer.alive { "" } else { " (dead)" }))
            .collect();
        output::line(format_args!(
            "{:<28} {:>9} {:>8} {:>7} {:>5} {:>12}  {}",
            status.queue,
            status.incoming,
            status.pending,
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

/// Every queue of the spool, in order of name.
pub(crate) fn queues(spool: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(spool).map_err(|error| Failure::io("read", spool, &error))?;
    let mut dirs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|dir| is_queue(dir))
        .collect();
    dirs.sort_unstable();
    Ok(dirs)
}

fn is_queue(dir: &Path) -> bool {
    ["incoming", "pending", "errors", "tmp"]
        .iter()
        .all(|part| dir.join(part).is_dir())
}

fn status(dir: &Path) -> Result<Status, Failure> {
    // Opening would make the directories: a mistyped name must not become a queue.
    if !is_queue(dir) {
        return Err(Failure::new(
            Code::Failure,
            format_args!("{} is no queue", dir.display()),
        ));
    }
    let status = Queue::open(dir, Options::default())?.status()?;
    let age = |time: SystemTime| SystemTime::now().duration_since(time).unwrap_or_default().as_secs();
    Ok(Status {
        queue: dir
            .file_name()
            .unwrap_or(dir.as_os_str())
            .to_string_lossy()
            .into_owned(),
        dir: dir.to_owned(),
        incoming: status.incoming,
        pending: status.pending,
        pending_flat: status.pending_flat,
        errors: status.errors,
        tmp: status.tmp,
        oldest_seconds: status.oldest.map(age),
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
