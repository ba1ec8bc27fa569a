//! `mentat queue`: looking at queues and working on them.

mod errors;
mod fsck;
mod list;
mod moves;
mod put;
mod recover;
mod shape;
mod show;
mod status;

use crate::exit::{Code, Failure};
use crate::paths::Tree;
use clap::{Parser, Subcommand};
use mentat_core::QueueName;
use mentat_core::queue::{Operator, Options};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Look at queues and work on them, also while daemons use them.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  mentat queue status                                what waits where
  mentat queue errors mentat-storage                 why messages were rejected
  mentat queue retry mentat-storage --reason bad-json
  mentat queue hold mentat-inspector message.idea    keep it back; `release` lets it go
  mentat queue fsck --repair                         find and mend what is not as it should be
  mentat --root target/mentat-demo queue status

A queue is a name below the spool, as in configuration files, or a path.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(status::Args),
    List(list::Args),
    Show(show::Args),
    Put(put::Args),
    Shape(shape::Args),
    Errors(errors::Args),
    Retry(moves::Retry),
    Hold(moves::Hold),
    Release(moves::Release),
    Drop(moves::Drop),
    Fsck(fsck::Args),
    Recover(recover::Args),
}

pub(super) fn main(tree: &Tree, args: &Args) -> Result<(), Failure> {
    let spool = tree.spool();
    match &args.command {
        Command::Status(args) => status::main(&spool, args),
        Command::List(args) => list::main(&spool, args),
        Command::Show(args) => show::main(&spool, args),
        Command::Put(args) => put::main(&spool, args),
        Command::Shape(args) => shape::main(&spool, args),
        Command::Errors(args) => errors::main(&spool, args),
        Command::Retry(args) => moves::retry(&spool, args),
        Command::Hold(args) => moves::hold(&spool, args),
        Command::Release(args) => moves::release(&spool, args),
        Command::Drop(args) => moves::drop(&spool, args),
        Command::Fsck(args) => fsck::main(&spool, args),
        Command::Recover(args) => recover::main(&spool, args),
    }
}

/// Every queue of the spool, in order of name.
pub(crate) fn queues(spool: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(spool).map_err(|error| Failure::io("read", spool, &error))?;
    let mut dirs: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|dir| dir.join("incoming").is_dir())
        .collect();
    dirs.sort_unstable();
    Ok(dirs)
}

/// The queues of these names, or all of the spool.
fn open_all(spool: &Path, names: &[String], options: &Options) -> Result<Vec<Operator>, Failure> {
    if names.is_empty() {
        let open = |dir: PathBuf| Operator::open(dir, options.clone()).map_err(Failure::from);
        return queues(spool)?.into_iter().map(open).collect();
    }
    names.iter().map(|name| open_with(spool, name, options)).collect()
}

fn open(spool: &Path, name: &str) -> Result<Operator, Failure> {
    open_with(spool, name, &options())
}

fn open_with(spool: &Path, name: &str, options: &Options) -> Result<Operator, Failure> {
    let dir = QueueName::new(name).resolve(spool);
    if !dir.join("incoming").is_dir() {
        let near = nearest(spool, name).map_or_else(String::new, |near| format!(" (did you mean '{near}'?)"));
        return Err(Failure::new(
            Code::Failure,
            format_args!("{} is no queue{near}", dir.display()),
        ));
    }
    Ok(Operator::open(dir, options.clone())?)
}

fn nearest(spool: &Path, name: &str) -> Option<String> {
    let dirs = queues(spool).ok()?;
    let names = dirs.iter().filter_map(|dir| dir.file_name()?.to_str());
    let near = names
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()?;
    // `storage` is meant to be `mentat-storage.py`, too.
    (near.0 <= 3 || near.1.contains(name)).then(|| near.1.to_owned())
}

/// What abandoned files are judged by: a whole message is one JSON value.
fn options() -> Options {
    let mut options = Options::default();
    options.is_whole = |bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    options
}

/// The queue's name, for people.
fn name(operator: &Operator) -> String {
    let queue = operator.queue();
    let name = queue.dir().file_name().unwrap_or(queue.dir().as_os_str());
    name.to_string_lossy().into_owned()
}

/// Seconds since then; a time in the future is now.
fn age(time: SystemTime) -> u64 {
    SystemTime::now().duration_since(time).unwrap_or_default().as_secs()
}

/// Seconds until then; the past is now.
fn left(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::now())
        .unwrap_or(Duration::ZERO)
        .as_secs()
}
